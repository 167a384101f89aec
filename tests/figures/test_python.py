"""Figures as Python objects: what they accept, what they say, what they put into a page."""

import json
import re
from html import escape

import matplotlib.pyplot as plt
import numpy as np
import pytest
import traitlets

from attnlib import figures, world
from attnlib.figures import (
    Alignment,
    BreakIt,
    Heads,
    Ledger,
    MaskLab,
    NextWord,
    OrderLab,
    Plot,
    Prediction,
    QueryKey,
    Quiz,
    Training,
    ValueMixer,
)
from attnlib.figures.page import page_state
from attnlib.figures.plot import tokens
from attnlib.sphinx_ext.figures import host, revive

GOOD = np.random.default_rng(0).normal(size=(6, 2))
LEAST_CONTRAST = 4.5  # WCAG 2.2, AA, text
TEXT = ("ink", "muted", "query", "key", "weight", "good", "wrong")
GROUNDS = ("paper", "surface", "cell")


def spoilt(value):
    matrix = GOOD.copy()
    matrix[2, 1] = value
    return matrix


WRONG = {
    "five rows": ("w_q", GOOD[:5], "5 rows but embeddings have 6 .d_model"),
    "three columns": ("w_q", np.ones((6, 3)), r"columns but w_. has . .d_head"),
    "a vector": ("w_k", np.ones(6), r"w_k has shape .6,.; expected 2 axes"),
    "no columns": ("w_k", np.ones((6, 0)), r"shape .6, 0.; expected"),
    "words": ("w_q", [["a", "b"]] * 6, "w_q must hold numbers, not"),
    "ragged": ("w_q", [[1, 2], [3]], "w_q must hold numbers, not"),
    "NaN": ("w_q", spoilt(np.nan), "w_q must hold numbers between -1000 and 1000"),
    "infinity": ("w_k", spoilt(np.inf), "w_k must hold numbers between -1000 and 1000"),
    "a billion": ("w_k", spoilt(-1e9), "w_k must hold numbers between -1000 and 1000"),
    "an unknown word": ("sentence", "fluffi fox", "'fluffi' is not .* did you mean 'fluffy'"),
    "no word": ("sentence", " ", "no words in ' ': write at least one"),
    "17 words": ("sentence", "fox " * 17, "17 words; the figure draws at most 16"),
    "a cell outside": ("selected", [0, 8], r"selected is \[0, 8\]; expected \[query, key\]"),
    "a negative cell": ("selected", [-1, 0], "selected is .* both below 8"),
    "one index": ("selected", [1], "selected is .* both below 8"),
    "half an index": ("selected", [0.5, 1], "selected is .* both below 8"),
}


class TestQueryKey:
    @pytest.mark.parametrize("name", WRONG)
    def test_wrong_values_are_refused_and_change_nothing(self, name):
        trait, value, message = WRONG[name]
        figure = QueryKey(w_q=GOOD, w_k=-GOOD, selected=[3, 1])
        before = figure.get_state(figure.page_traits())
        with pytest.raises(ValueError, match=message):
            setattr(figure, trait, value)
        assert figure.get_state(figure.page_traits()) == before

    @pytest.mark.parametrize("name", WRONG)
    def test_wrong_values_are_refused_when_it_is_made(self, name):
        trait, value, message = WRONG[name]
        rest = {"w_q": GOOD, "w_k": GOOD} | {trait: value}
        with pytest.raises(ValueError, match=message):
            QueryKey(**rest)

    def test_an_unknown_preset_is_refused_with_the_known_ones(self):
        with pytest.raises(ValueError, match="no preset is called 'adam'; there are: all zero"):
            QueryKey(preset="adam")

    @pytest.mark.parametrize("trait", ["orientation", "show"])
    def test_unknown_choices_are_refused(self, trait):
        with pytest.raises(traitlets.TraitError):
            QueryKey(**{trait: "sideways"})

    def test_arrays_are_read_only_copies(self):
        mine = GOOD.copy()
        figure = QueryKey(w_q=mine, w_k=mine)
        mine[:] = 7
        np.testing.assert_array_equal(figure.w_q, GOOD)
        with pytest.raises(ValueError, match="read-only"):
            figure.w_q[0, 0] = 1

    def test_a_shorter_sentence_lets_go_of_a_cell_that_is_gone(self):
        figure = QueryKey(selected=[3, 1])
        figure.sentence = "the fox"
        assert figure.selected is None

    def test_a_sentence_that_still_has_the_cell_keeps_it(self):
        figure = QueryKey(selected=[1, 0])
        figure.sentence = "the fox"
        assert figure.selected == [1, 0]

    def test_text_is_stable_and_tells_the_weights(self):
        one, other = QueryKey(w_q=GOOD, w_k=GOOD), QueryKey(w_q=GOOD, w_k=GOOD)
        assert repr(one) == repr(other) == one.describe()
        assert not re.search(r"0x[0-9a-f]{6}|at 0x|model_id", repr(one))
        rows = [re.findall(r"\d\.\d\d", line) for line in repr(one).splitlines()[2:]]
        assert rows == [[f"{weight:.2f}" for weight in row] for row in one.trace.weights]

    def test_a_notebook_stores_the_text_beside_the_widget(self):
        figure = QueryKey(preset="identity")
        bundle = figure._repr_mimebundle_()
        data = bundle[0] if isinstance(bundle, tuple) else bundle
        assert data["text/plain"] == figure.describe()
        assert "application/vnd.jupyter.widget-view+json" in data


def as_numpy(value):
    """`value` with NumPy's numbers, within lists and dictionaries too."""
    kinds = {bool: np.bool_, int: np.int64, float: np.float64, str: np.str_}
    if isinstance(value, dict):
        return {key: as_numpy(item) for key, item in value.items()}
    if isinstance(value, list):
        return [as_numpy(item) for item in value]
    return kinds[type(value)](value) if type(value) in kinds else value


def as_arrays(value):
    """`value` with arrays for its lists."""
    if isinstance(value, dict):
        return {key: as_arrays(item) for key, item in value.items()}
    return np.array(value) if isinstance(value, list) else as_numpy(value)


SMALL = {"n_layers": 2, "n_heads": 4, "d_model": 16, "n_vocab": 100}
STATES = {
    "Alignment": {"padding": 2, "hidden": False, "query": 2, "selected": [1, 0]},
    "BreakIt": {"seed": 7, "selected": [3, 1], "bugs": ["half"], "named": {"A": ["axis"]}},
    "CacheLab": {"step": 6, "sharing": "grouped", "window": 3, "selected": [3, 5], "cache": False},
    "ContextNudge": {"removed": [0, 3], "strength": 0.5},
    "EmbeddingSpace": {"vectors": dict(world.DIRECTIONS.vocabulary), "word": "queen"},
    "Heads": {"strengths": [1.0, -2.0, 0.0, 3.0], "query": 1, "selected": [3, 0], "step": 4},
    "Ledger": {"shape": SMALL, "n_tokens": 100, "precision": "int8"},
    "MaskLab": {"mask": np.tri(8, dtype=bool).tolist(), "tokens_long": 500, "bytes": 4},
    "NextWord": {"cut": [2], "layers": [20, 24], "silent": [[3, 4]], "last": 8},
    "OrderLab": {"order": [*range(7, -1, -1)], "query": 2, "at_key": 7, "alike": False},
    "Patterns": {"chosen": [0, 2], "selected": [3, 1], "show": "both", "corner": [2, 0]},
    "Prediction": {"kind": "bars", "labels": ["a", "b"], "answer": [0.5, 0.5], "tolerance": 0.1},
    "QueryKey": {"w_q": GOOD.tolist(), "w_k": GOOD.tolist(), "selected": [3, 1], "causal": True},
    "Quiz": {"answers": {"0": 1, "1": 0}},
    "SoftmaxLab": {"scores": [1.0, 0.0, 2.5], "temperature": 0.5, "d_head": 16, "seed": 3},
    "Tiles": {
        "scores": [4.0, 1.5, 3.0],
        "tile": 1,
        "order": [2, 0],
        "window": 2,
        "selected": [1, 3],
    },
    "Training": {"step": 25, "chosen": [1, 2], "silent": [[0, 1]], "mask": False, "rate": 0.03},
    "ValueMixer": {"shares": [0.125] * 8, "rank": 2, "query": 1, "residual": False},
}

FIRST = {"Prediction": {"kind": "bars", "labels": ["a", "b"], "answer": [0.0, 1.0]}}


@pytest.mark.parametrize("kind", [as_numpy, as_arrays])
@pytest.mark.parametrize("name", STATES)
class TestNumpysNumbers:
    def test_they_are_taken_when_a_figure_is_made(self, name, kind):
        make, state = getattr(figures, name), STATES[name]
        assert page_state(make(**kind(state))) == page_state(make(**state))

    def test_they_are_taken_when_they_are_assigned(self, name, kind):
        make, state = getattr(figures, name), STATES[name]
        figure = make(**FIRST.get(name, {}))
        with figure.hold_trait_notifications():
            for trait, value in kind(state).items():
                setattr(figure, trait, value)
        assert page_state(figure) == page_state(make(**state))


@pytest.mark.parametrize("name", STATES)
def test_none_is_drawn_or_refused_with_a_sentence(name):
    for trait in getattr(figures, name)(**FIRST.get(name, {})).page_traits():
        figure = getattr(figures, name)(**FIRST.get(name, {}))
        try:
            setattr(figure, trait, None)
        except (ValueError, traitlets.TraitError) as error:
            told = re.sub(r"\s+", " ", str(error))
            assert re.search(rf"\b{trait}\b.*None", told) and "expected" in told, told
        else:
            assert getattr(figure, trait) is None and figure.describe() and figure.still()


def test_numbers_of_half_the_width_and_tensors_are_taken():
    assert figures.SoftmaxLab(temperature=np.float32(0.5)).temperature == 0.5
    tensor = pytest.importorskip("torch").ones(6, 2)
    np.testing.assert_array_equal(QueryKey(w_q=tensor, w_k=tensor).w_q, np.ones((6, 2)))


def test_numpys_numbers_are_refused_where_pythons_are():
    for wrong in (np.int64(99), np.float64(0.5), np.array([1, 2])):
        with pytest.raises((ValueError, traitlets.TraitError)):
            figures.Heads(query=wrong)
    with pytest.raises(ValueError, match=r"selected is \[3, 8\]; expected \[query, key\]"):
        QueryKey(selected=np.array([3, 8]))


FIGURES = {
    "QueryKey": lambda: QueryKey(preset="identity", challenges="queries-and-keys"),
    "Prediction": lambda: Prediction.ask("queries-and-keys", "likeness", 2),
    "Quiz": lambda: Quiz.of("queries-and-keys"),
    "ValueMixer": lambda: ValueMixer(challenges="values", shares=[0.5, 0.5] + [0] * 6),
    "MaskLab": lambda: MaskLab("one mole of carbon dioxide", mask="window", selected=[1, 4]),
    "BreakIt": lambda: BreakIt(
        mask="padding", bugs=["half"], selected=[0, 1], named={"A": ["axis"]}
    ),
    "CacheLab": lambda: figures.CacheLab(7, sharing="latent", bug="offset", selected=[1, 6]),
    "Heads": lambda: Heads("the fox", query=1, strengths=[1, -2, 0, 3], selected=[3, 0], step=4),
    "OrderLab": lambda: OrderLab("the old fox", order=[2, 0, 1], positions="rotary", query=2),
    "Alignment": lambda: Alignment("le renard", "the fox", padding=2, query=1, selected=[1, 3]),
    "Ledger": lambda: Ledger("GPT-2 small", opened="attention: b_q", precision="int8"),
    "Patterns": lambda: figures.Patterns(selected=[3, 1], show="both", order="own"),
    "Tiles": lambda: figures.Tiles(
        "a designed resting place", order=[2, 0, 5], window=2, kept=1, selected=[1, 3]
    ),
    "NextWord": lambda: NextWord(sentences=["capital"], cut=[2], layers=[5, 9]),
    "Training": lambda: Training(
        challenges="training", sentence="bell ring", query=1, silent=[[1, 0]], n_layers=1, seed=7
    ),
}


@pytest.mark.parametrize("name", FIGURES)
class TestPages:
    def test_state_holds_neither_script_nor_style(self, name):
        figure = FIGURES[name]()
        state = json.loads(page_state(figure))
        assert not {"_esm", "_css", "_anywidget_id", "layout"} & state.keys()
        tables = state.pop("config_tables", "")  # by which Ledger reads the files of all makes
        assert len(json.dumps(state)) < 20_000 and len(tables) < 40_000

    def test_state_makes_the_same_figure_again(self, name):
        figure = FIGURES[name]()
        again = revive(json.loads(page_state(figure)))
        assert type(again).__name__ == type(figure).__name__  # anywidget makes a class each
        assert page_state(again) == page_state(figure)
        assert again.still() == figure.still()

    def test_host_is_balanced_html(self, name):
        html = host(FIGURES[name]())
        for tag in ("div", "script", "svg", "details", "p", "ul", "li"):
            assert len(re.findall(rf"<{tag}[ >]", html)) == html.count(f"</{tag}>"), tag


DOT = re.compile(r'<circle cx="([\d.]+)" cy="([\d.]+)" r="([\d.]+)"')
FILLED = re.compile(r"var\(--al-(negative|positive)\) ([\d.]+)%[^>]*>\s*<text[^>]*>([^<]+)<")


class TestStills:
    """What a page says where there is no JavaScript, and on paper."""

    @pytest.mark.parametrize("name", ["QueryKey", "Alignment"])
    def test_dots_are_the_weights_a_row_for_each_query(self, name):
        figure = FIGURES[name]()
        dots = DOT.findall(figure.still())
        weights = figure.trace.weights if name == "QueryKey" else figure.weights
        places = [(float(y), float(x)) for x, y, _ in dots]
        areas = np.array([float(r) ** 2 for _, _, r in dots])[
            np.lexsort(np.transpose(places)[::-1])
        ]
        wanted = np.array(weights).ravel()
        np.testing.assert_allclose(areas / areas.max(), wanted / wanted.max(), atol=2e-3)

    def test_a_signed_number_has_the_colour_of_its_sign_and_size(self):
        figure = ValueMixer(view="rank", map="random")
        cells = FILLED.findall(figure.still())
        assert {hue for hue, _, _ in cells} == {"negative", "positive"}
        for hue, strength, text in cells:
            value = float(text.replace("−", "-"))
            assert hue == ("negative" if value < 0 else "positive")
            assert float(strength) == pytest.approx(45 * min(1, abs(value) / 3), abs=0.8)

    @pytest.mark.parametrize("chapter", ["embeddings", "masking", "long-texts"])
    def test_the_answers_to_a_quiz_are_the_right_choices(self, chapter):
        quiz = Quiz.of(chapter)
        answers = re.findall(r"<summary>The answer</summary><p>(.*?)</p>", quiz.still())
        rights = [[one for one in each["choices"] if one["right"]] for each in quiz.questions]
        assert answers == [escape(f"{right['text']}. {right['why']}") for [right] in rights]

    @pytest.mark.parametrize(
        "name, answer, told",
        [
            ("likeness", 2, "creature itself."),
            ("shares", [0.5, 0.25, 0.125, 0.125], "fluffy 0.50, blue 0.25, verdant 0.12, "),
        ],
    )
    def test_a_prediction_tells_its_answer(self, name, answer, told):
        figure = Prediction.ask("queries-and-keys", name, answer)
        assert f"<summary>The answer</summary><p>{told}" in figure.still()


def test_a_string_cannot_end_the_script_element():
    html = host(QueryKey(title="</script><script>alert(1)</script><!--"))
    content = html.partition('<script type="application/json">')[2].partition("</script>")[0]
    assert json.loads(content)["title"] == "</script><script>alert(1)</script><!--"
    assert html.count("<script") == 1


def test_strangers_are_not_revived():
    assert revive({}) is None
    assert revive({"_figure": "Figure2"}) is None
    assert revive({"_figure": "__all__"}) is None


class TestPrediction:
    @pytest.mark.parametrize("answer", [[0.5, 0.4], [0.5, 0.4, 0.3, 0.3]])
    def test_bars_must_fit(self, answer):
        with pytest.raises(ValueError, match="one share per label, summing to 1"):
            Prediction.ask("queries-and-keys", "shares", answer)

    def test_a_choice_must_exist(self):
        with pytest.raises(ValueError, match="answer 4 is not the index of one of"):
            Prediction.ask("queries-and-keys", "likeness", 4)

    def test_unknown_names_are_refused_with_the_known_ones(self):
        with pytest.raises(ValueError, match=r"no questions for 'nothing'; there are: .*queries"):
            Prediction.ask("nothing", "x", 1)
        with pytest.raises(ValueError, match="asks no 'x'; it asks: likeness"):
            Prediction.ask("queries-and-keys", "x", 1)


class TestPlot:
    def drawing(self):
        figure, axes = plt.subplots()
        axes.plot([0, 1], [0, 1])
        return figure

    def test_its_words_are_text_in_the_font_of_the_page(self):
        figure = self.drawing()
        figure.axes[0].set(xlabel="a label of its own")
        svg = Plot(figure, alt="A line.").svg
        assert "a label of its own</text>" in svg
        assert "font-family: var(--al-sans)" in svg and "DejaVu" not in svg

    def test_needs_words(self):
        for alt in ({}, {"alt": " "}):
            with pytest.raises(ValueError, match="a plot needs alt"):
                Plot(self.drawing(), **alt)
        plt.close("all")

    def test_carries_its_words_and_no_date(self):
        plot = Plot(self.drawing(), alt='A line "rises" & rises')
        assert 'aria-label="A line &quot;rises&quot; &amp; rises"' in plot.still()
        assert repr(plot) == 'Plot: A line "rises" & rises'
        assert not re.search(r"dc:date|20\d\d-\d\d-\d\d", plot.svg)

    def test_is_closed_after_drawing(self):
        Plot(self.drawing(), alt="A line.")
        assert plt.get_fignums() == []


def luminance(colour):
    """Relative luminance of "#rrggbb" (WCAG 2.2)."""
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return np.dot(linear, [0.2126, 0.7152, 0.0722])


@pytest.mark.parametrize("theme", ["light", "dark"])
class TestColours:
    def test_both_themes_name_the_same_tokens(self, theme):
        assert tokens(theme).keys() == tokens("light").keys()
        assert {f"--al-{name}" for name in (*TEXT, *GROUNDS)} <= tokens(theme).keys()

    @pytest.mark.parametrize("ground", GROUNDS)
    @pytest.mark.parametrize("name", TEXT)
    def test_text_has_contrast(self, theme, name, ground):
        colours = tokens(theme)
        pair = sorted(luminance(colours[f"--al-{n}"]) for n in (name, ground))
        assert (pair[1] + 0.05) / (pair[0] + 0.05) >= LEAST_CONTRAST


def test_every_preset_fits_the_world():
    for preset in QueryKey().presets.values():
        assert np.shape(preset["w_q"]) == np.shape(preset["w_k"]) == (len(world.PHRASES.axes), 2)
