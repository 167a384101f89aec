"""The parrot's world: its stream, its rules, and what a reader who knows them can guess."""

import hashlib
import re
from collections import Counter
from math import log

import numpy as np
import pytest

from attnlib import parrot
from attnlib.parrot import ID, WORDS, Draws, batch, bound, judge, next_words, text

SENTENCE = (
    r"(?:{adjective} )?(?P<person>\w+) (?:{verb}) (?:{adjective} )?(?P<word>mole|bank) that "
    r"(?P<deed>\w+) \. "
).format(adjective="(?:old|tall|shy|wise)", verb="saw|drew|met|hid")
LIST = r"list: (?P<things>(?:\w+ ){6,9})\. "


class TestDraws:
    def test_are_those_of_mulberry32(self):
        """The whole numbers behind the draws, as the generator's reference gives them."""
        assert [round(Draws(seed)() * 2**32) for seed in (0, 1, 2**32 - 1)] == [
            1144304738,
            2693262067,
            3850105811,
        ]
        draws = Draws(1)
        assert [draws() for _ in range(3)] == [
            0.6270739405881613,
            0.002735721180215478,
            0.5274470399599522,
        ]

    def test_below_and_take_use_one_number_each(self):
        draws, same, pool = Draws(7), Draws(7), list("abcde")
        for n in (3, 10, 1):
            assert draws.below(n) == int(same() * n)
        taken = draws.take(pool)
        assert taken == "abcde"[int(same() * 5)] and taken not in pool and len(pool) == 4

    @pytest.mark.parametrize("seed", [-1, 2**32])
    def test_seeds_out_of_range_are_refused(self, seed):
        with pytest.raises(ValueError, match=f"seed is {seed}, but"):
            Draws(seed)

    @pytest.mark.parametrize("seed", [1.0, True, "1", None])
    def test_seeds_are_whole_numbers(self, seed):
        with pytest.raises(TypeError, match=r"seed is a .*, but a whole number is expected"):
            Draws(seed)


class TestTexts:
    def test_are_the_same_everywhere(self):
        """Word for word those that the figures were chosen with: 500 texts, and what follows."""
        draws, digest = Draws(1001), hashlib.sha256()
        for _ in range(500):
            digest.update((" ".join(text(draws, 33).words) + "\n").encode())
        assert digest.hexdigest() == (
            "640e0d9f2aa6edc0f6aeb1033ee2c06fb2a39abdf227a6b8bb64d9563b14559a"
        )
        assert round(draws() * 2**32) == 777823213

    def test_follow_the_rules(self):
        draws, whens = Draws(3), Counter()
        for _ in range(300):
            words = text(draws, 70).words
            line = " ".join(words[: len(words) - words[::-1].index(".")]) + " "
            found = re.match(rf"(?P<first>{SENTENCE})?{LIST}", line)
            things = found["things"].split()
            assert len(set(things)) == len(things) and set(things) <= set(parrot.THINGS)
            rest, when = line[found.end() :], "first"
            if not found["first"]:
                found, when = re.match(SENTENCE, rest), "before"
                rest = rest[found.end() :] if found else rest
            while copy := re.match(r"parrot: ((?:\w+ )+)\. ", rest):
                assert copy[1].split() == things[-len(copy[1].split()) :]
                assert len(copy[1].split()) >= 4
                rest = rest[copy.end() :]
                if found is None:
                    found, when = re.match(SENTENCE, rest), "after"
                    rest = rest[found.end() :]
            assert (found["word"], found["deed"]) == parrot.SENSES[found["person"]]
            assert not rest
            whens[when] += 1
        assert min(whens.values()) > 70  # a third of 300 each

    def test_say_of_each_word_what_it_is_and_where_its_clue_stands(self):
        draws = Draws(4)
        for _ in range(200):
            made = text(draws, 60)
            for i, (word, kind, clue) in enumerate(
                zip(made.words, made.kinds, made.clues, strict=True)
            ):
                assert made.settled[i] == (clue >= 0)
                if kind == "copied":
                    assert made.words[clue] == word and made.words[i - 1] == made.words[clue - 1]
                elif kind == "sense":
                    assert parrot.SENSES[made.words[clue]][1] == word
                elif kind == "start":
                    assert made.words[i - 1] == "parrot:" and clue == -1
                else:
                    assert clue == -1 or (word == made.words[clue] == ".")

    def test_are_cut_and_the_stream_goes_on_alike(self):
        short, long = Draws(5), Draws(5)
        assert text(short, 3).words == text(long, 20).words[:3]

    @pytest.mark.parametrize(
        ("n_words", "error"), [(0, ValueError), (-1, ValueError), (2.0, TypeError)]
    )
    def test_have_at_least_one_word(self, n_words, error):
        with pytest.raises(error, match="n_words is"):
            text(Draws(1), n_words)


class TestBatches:
    def test_hold_the_texts_of_the_stream(self):
        made, draws = batch(Draws(8), 5, 20), Draws(8)
        for i in range(5):
            expected = text(draws, 21)
            assert [WORDS[each] for each in made.ids[i]] == list(expected.words[:-1])
            assert [WORDS[each] for each in made.answers[i]] == list(expected.words[1:])
            assert tuple(made.settled[i]) == expected.settled[1:]
            assert tuple(made.kinds[i]) == expected.kinds[1:]
        assert made.ids.dtype.kind == "i" and made.settled.dtype == bool

    def test_have_at_least_one_text(self):
        with pytest.raises(ValueError, match="n_texts is 0"):
            batch(Draws(1), 0, 20)

    def test_words_have_numbers(self):
        assert parrot.ids("moon list: .").tolist() == [ID["moon"], 1, 0]
        assert parrot.ids(["moon"]).tolist() == [5]
        with pytest.raises(ValueError, match=r"'sun' is not a word of the parrot's world: .*moon"):
            parrot.ids("moon sun")


class TestNextWords:
    def test_start_with_a_list_or_a_person(self):
        likely = next_words("")
        assert likely[ID["list:"]] == pytest.approx(2 / 3)
        assert likely[ID["wise"]] == pytest.approx(1 / 3 / 2 / 4)
        assert likely[ID["sailor"]] == pytest.approx(1 / 3 / 2 / 5)

    @pytest.mark.parametrize(
        ("n_things", "end"), [(5, 0), (6, 1 / 4), (7, 1 / 3), (8, 1 / 2), (9, 1)]
    )
    def test_know_how_long_a_list_may_be(self, n_things, end):
        likely = next_words(["list:", *parrot.THINGS[:n_things]])
        assert likely[ID["."]] == pytest.approx(end)
        assert likely[ID[parrot.THINGS[-1]]] == pytest.approx((1 - end) / (20 - n_things))
        assert likely[ID[parrot.THINGS[0]]] == 0

    @pytest.mark.parametrize(
        ("words", "expected"),
        [
            (
                "list: fox moon owl king frog tree .",
                {"parrot:": 1 / 2, "old": 1 / 16, "doctor": 1 / 20},
            ),
            (
                "list: fox moon owl king frog tree . parrot:",
                {"fox": 1 / 3, "moon": 1 / 3, "owl": 1 / 3},
            ),
            ("list: fox moon owl king frog tree . parrot: owl", {"king": 1}),
            ("list: fox moon owl king frog tree . parrot: owl king frog tree .", {"old": 1 / 8}),
            ("old doctor met", {"shy": 1 / 6, "mole": 1 / 2, "old": 0, "bank": 0}),
            ("old doctor met shy mole that", {"itched": 1}),
            ("doctor met mole that itched . list: fox moon owl king frog tree .", {"parrot:": 1}),
        ],
    )
    def test_are_those_of_the_rules(self, words, expected):
        likely = next_words(words)
        assert likely.sum() == pytest.approx(1)
        for word, probability in expected.items():
            assert likely[ID[word]] == pytest.approx(probability), word

    def test_come_as_often_as_they_say(self):
        """Over 2,000 texts, each word after each word: counts against summed probabilities."""
        texts, n_words = batch(Draws(6), 2000, 40), len(WORDS)
        counts, likely, spread = (np.zeros((n_words, n_words)) for _ in range(3))
        np.add.at(counts, (texts.ids, texts.answers), 1)
        for ids, answers in zip(texts.ids, texts.answers, strict=True):
            words = [WORDS[i] for i in (*ids, answers[-1])]
            probabilities = parrot._next_at_each_place(words)[1:-1]
            np.add.at(likely, ids, probabilities)
            np.add.at(spread, ids, probabilities * (1 - probabilities))
        assert (counts[likely == 0] == 0).all()
        assert counts.sum() == pytest.approx(likely.sum())
        unsure = spread > 5
        assert unsure.sum() > 400
        assert np.abs((counts - likely)[unsure] / np.sqrt(spread[unsure])).max() < 5
        sure = spread < 1e-9
        assert np.allclose(counts[sure], likely[sure], atol=1e-6)

    def test_settled_words_are_certain(self):
        draws = Draws(9)
        for _ in range(50):
            made = text(draws, 50)
            likely = parrot._next_at_each_place(made.words)
            for i, settled in enumerate(made.settled):
                assert not settled or likely[i, ID[made.words[i]]] == pytest.approx(1)
                if made.kinds[i] == "start":
                    assert likely[i, ID[made.words[i]]] < 0.34

    @pytest.mark.parametrize(
        ("words", "message"),
        [
            ("fox moon", "begins like this: after '' no 'fox' can follow"),
            ("list: fox fox", "after 'list: fox' no 'fox' can follow"),
            ("list: fox sun", "'sun' is not a word"),
        ],
    )
    def test_words_that_begin_no_text_are_refused(self, words, message):
        with pytest.raises(ValueError, match=message):
            next_words(words)


class TestGuesses:
    def test_the_bound_is_the_mean_surprise_of_who_knows_the_rules(self):
        exam = batch(Draws(99), 96, 32)
        best = bound(exam)
        assert best.loss == pytest.approx(0.98314858, abs=1e-8)
        assert best.settled_loss == pytest.approx(0, abs=1e-12)
        assert best.copying == best.sense == 1

    def test_a_bound_worked_out_by_hand(self):
        """The things of a list, one by one: 1/20, 1/19, ... and then how long it is."""
        made = batch(Draws(1), 1, 7)
        answers = " ".join(WORDS[i] for i in made.answers[0])
        assert answers == "bell ring leaf frog star lamp ."
        guesses = bound(made)
        assert guesses.loss == pytest.approx((sum(log(n) for n in range(15, 21)) + log(4)) / 7)
        assert np.isnan([guesses.settled_loss, guesses.copying, guesses.sense]).all()

    def test_no_other_guess_is_better(self):
        seen, exam = batch(Draws(1001), 500, 32), batch(Draws(99), 96, 32)
        pairs = judge(parrot.pair_probabilities(seen)[exam.ids], exam)
        best = bound(exam)
        assert best.loss < 1 < 2.3 < pairs.loss < 2.7
        assert pairs.settled_loss > 2.5
        assert pairs.copying < 0.05 and pairs.sense < 0.4

    def test_pairs_are_counted_once_more_than_they_occurred(self):
        seen = batch(Draws(1), 20, 32)
        counts = Counter(zip(seen.ids.ravel().tolist(), seen.answers.ravel().tolist(), strict=True))
        probabilities = parrot.pair_probabilities(seen)
        before, after = ID["parrot:"], ID["moon"]
        total = sum(n for (first, _), n in counts.items() if first == before)
        assert probabilities[before, after] == pytest.approx(
            (counts[before, after] + 1) / (total + 44)
        )
        assert np.allclose(probabilities.sum(axis=1), 1)

    def test_shares_are_of_the_likeliest_word(self):
        exam = batch(Draws(99), 10, 32)
        likely = np.full((*exam.ids.shape, 44), 0.5 / 43)
        right = exam.answers.copy()
        right[exam.kinds == "sense"] = 0
        np.put_along_axis(likely, right[..., None], 0.5, axis=-1)
        guesses = judge(likely, exam)
        assert (guesses.copying, guesses.sense) == (1, 0)
        n_sense = (exam.kinds == "sense").sum()
        n_right = exam.ids.size - n_sense
        expected = (n_right * log(2) + n_sense * log(86)) / exam.ids.size
        assert guesses.loss == pytest.approx(expected)

    def test_an_impossible_word_is_an_infinite_surprise(self):
        exam = batch(Draws(99), 1, 32)
        assert judge(np.zeros((1, 32, 44)), exam).loss == np.inf
