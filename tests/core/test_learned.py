"""The rows of a learned table: each word has its own, and they answer as the model's table does."""

import numpy as np

from attnlib.learned import RELATIONS, load_rows
from tools.learned_rows import SHOWN, answers, words


def test_every_word_has_a_row_of_its_own():
    rows = load_rows()
    assert set(words()) <= set(rows)
    table = np.array(list(rows.values()))
    assert table.shape == (len(rows), 384) and table.dtype == np.float64
    assert len(np.unique(table, axis=0)) == len(rows)
    assert np.all(np.linalg.norm(table, axis=1) > 0.5)


def test_rows_may_be_changed_and_are_as_before_when_loaded_again():
    rows = load_rows()
    before = rows["king"].copy()
    rows["king"] += 1
    np.testing.assert_array_equal(load_rows()["king"], before)


def test_relations_are_pairs_of_different_words():
    for pairs in RELATIONS.values():
        assert len(pairs) == 8
        assert all(len({*pair}) == 2 for pair in pairs)
        assert len({a for a, _ in pairs}) == len({b for _, b in pairs}) == 8


def test_answers_are_those_of_the_whole_table():
    """As `tools/learned_rows.py` found them in all 30,522 rows of the model."""
    rows = load_rows()
    found = answers(list(rows), np.array(list(rows.values())))
    assert found["king"] == ("king", "kings", "queen", "monarch")
    assert found["france"] == ("france", "french", "frenchman", "paris")
    assert found["woman", "man", "king"] == ("king", "queen", "kings")
    assert found["paris", "france", "italy"] == ("paris", "italian", "italian")
    assert len(found) == len(SHOWN) + len(RELATIONS) * 8 * 7
