"""The API reference: every public name is there, and its text is what the docstring says."""

import ast
import copy
import doctest
import importlib
import inspect
import re
from pathlib import Path

import pytest
from bs4 import BeautifulSoup

import attnlib
from attnlib import bugs, classroom, configs, exercises, figures, learned, parrot, training, world
from attnlib.sphinx_ext.reference import markdown, signature

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "attnlib"
PUBLIC = {
    attnlib: [name for name in attnlib.__all__ if not inspect.ismodule(getattr(attnlib, name))],
    figures: figures.__all__,
    exercises: exercises.__all__,
    world: [name for name in vars(world) if name.isupper() and not name.startswith("_")],
    configs: ["published_configs", "ConfigReading"],
    learned: ["RELATIONS", "load_rows"],
    parrot: [
        *("WORDS", "Draws", "Text", "text", "Batch", "batch", "ids"),
        *("next_words", "Guesses", "judge", "bound", "pair_probabilities"),
    ],
    training: [
        *("Recipe", "initial_model", "loss", "train", "Run", "examine", "Exam"),
        *("record", "Recording", "weight_shapes", "flat_weights", "named_weights", "model_of"),
        "visibility",
    ],
    bugs: ["BUGS", "SPLIT_BUGS", "trace", "symptoms", "check", "BrokenTrace", "Symptoms"],
}
NAMES = [(module, name) for module, names in PUBLIC.items() for name in names]
MEMBERS = {
    "attnlib.Head": ("__call__", "trace", "qk", "ov"),
    "attnlib.MultiHead": (
        "__call__",
        "trace",
        "heads",
        "concatenated",
        "from_torch",
        "from_transformers",
    ),
    "attnlib.Decoder": ("__call__", "trace", "write"),
    "attnlib.GatedFeedForward": ("__call__",),
    "attnlib.decoder.DecoderTrace": ("weights", "deltas"),
    "attnlib.DistanceBias": ("__call__",),
    "attnlib.AttentionOnly": ("__call__", "trace"),
    "attnlib.parrot.Draws": ("__call__", "below", "take"),
    "attnlib.training.Run": ("step", "step_number"),
    "attnlib.training.Recording": ("state", "keeping"),
    "attnlib.TransformerShape": ("cache_numbers", "cache_bytes", "state_numbers"),
    "attnlib.counting.Tally": ("total", "parts", "attention_share", "active", "bytes"),
    "attnlib.world.World": ("tokenize", "embed", "head"),
    "attnlib.figures.Ledger": ("from_config",),
    "attnlib.figures.Prediction": ("ask",),
    "attnlib.figures.Quiz": ("of",),
}
EXAMPLE = re.compile(r"^ *>>> ", re.MULTILINE)
DOCUMENTED = ast.ClassDef | ast.FunctionDef


@pytest.fixture(scope="module")
def page(built_book):
    html = (built_book / "back" / "reference.html").read_text(encoding="utf-8")
    return BeautifulSoup(html, "html.parser").find("article")


def words(element):
    return " ".join(element.get_text().split())


def described(page, name):
    """The signature of a name on the page, and what stands below it."""
    term = page.find("dt", id=name)
    assert term, f"{name} is not on the page"
    return words(term), term.find_next("dd")


class TestThePage:
    @pytest.mark.parametrize("module", PUBLIC, ids=lambda module: module.__name__)
    def test_has_an_anchor_for_every_public_name(self, page, module):
        for name in PUBLIC[module]:
            full = f"{module.__name__}.{name}"
            heading, body = described(page, full)
            assert full in heading
            docstring = getattr(getattr(module, name), "__doc__", None)
            if inspect.isclass(getattr(module, name)) or inspect.isfunction(getattr(module, name)):
                assert first_word(words(body)) == first_word(docstring)

    @pytest.mark.parametrize("cls", MEMBERS)
    def test_has_an_anchor_for_every_public_member(self, page, cls):
        for name in MEMBERS[cls]:
            heading, body = described(page, f"{cls}.{name}")
            assert name in heading and words(body)

    @pytest.mark.parametrize("module", [world, classroom], ids=lambda module: module.__name__)
    def test_has_the_modules_that_are_named_themselves(self, page, module):
        heading = page.find(id=module.__name__.replace(".", "-"))
        first = module.__doc__.partition("\n")[0].partition(":")[0]
        assert heading and first in words(heading.find_parent("section") or heading)

    def test_says_what_the_docstring_says(self, page):
        heading, body = described(page, "attnlib.softmax")
        assert heading.startswith("attnlib.softmax(x, axis=-1, temperature=1.0)")
        assert words(body).startswith("Turn the scores along axis into weights that are positive")
        (example,) = body.find_all("pre")
        assert example.get_text().rstrip().endswith("[0.125, 0.25, 0.625]")
        items = [words(item) for item in body.find_all("li")]
        assert items[1] == "A row that holds +inf or NaN is all NaN."

    def test_names_no_file_and_no_address(self, page):
        heading, _ = described(page, "attnlib.causal_mask")
        assert "xp=array_api_compat.numpy" in heading
        assert not re.search(r"<module|<class|<factory|0x[0-9a-f]{6}|site-packages", words(page))

    def test_leaves_no_markup_in_the_prose(self, page):
        prose = copy.copy(page)
        for code in prose.find_all(["pre", "code", "dt"]):
            code.extract()
        assert re.findall(r".{0,40}(?:`|>>>|-----|\*\*|\{py:).{0,40}", prose.get_text()) == []

    def test_has_parameters_as_a_list_and_values_as_code(self, page):
        _, body = described(page, "attnlib.figures.MaskLab")
        listed = body.find("dl", class_="simple")
        terms = [words(term) for term in listed.find_all("dt")]
        assert terms[:3] == ["example", "mask", "orientation, selected"]
        codes = [words(code) for code in listed.find_all("code")]
        assert '"only itself"' in codes and "QueryKey" in codes

    def test_shows_values_and_the_comments_above_them(self, page):
        _, body = described(page, "attnlib.GPT3")
        assert words(body).startswith("Brown et al. (2020), table 2.1")
        assert "n_layers=96" in words(body)
        _, body = described(page, "attnlib.world.DIRECTIONS")
        assert "axes: 'person', 'royal', 'gender'" in words(body)


def first_word(text):
    return re.search(r"\w+", text)[0]


class TestMarkdown:
    def test_an_example_is_code(self):
        text = 'One.\n\n    >>> f(1)\n    2\n\n    Two, "Titles stay" and `"code"`.'
        fenced = "```pycon\n>>> f(1)\n2\n```"
        assert markdown(text) == f'One.\n\n{fenced}\n\nTwo, "Titles stay" and `"code"`.'

    def test_parameters_are_a_list(self):
        text = 'Parameters\n----------\na, b : one,\n    or "two".\nc : three.'
        assert markdown(text) == '`a`, `b`\n: one,\n  or `"two"`.\n\n`c`\n: three.'

    def test_a_colon_in_prose_makes_no_list(self):
        assert (
            markdown("Given: this, or that : not a name.") == "Given: this, or that : not a name."
        )

    def test_signatures_have_no_annotations_and_no_paths(self):
        def f(self, x: int, *, xp=re, y=None) -> str: ...

        assert signature(f) == "(self, x, *, xp=re, y=None)"
        assert signature(f, bound=True) == "(x, *, xp=re, y=None)"


def docstrings(path):
    """The docstrings of a file of the package by their dotted names, as its text has them."""
    module = ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
    waiting = [(module, ast.parse(path.read_text(encoding="utf-8")))]
    for name, node in waiting:
        yield name, ast.get_docstring(node) or ""
        inner = (each for each in node.body if isinstance(each, DOCUMENTED))
        waiting += [(f"{name}.{each.name}", each) for each in inner]


class TestExamples:
    def test_all_are_run(self):
        """What `--doctest-modules` collects is what the files have, and none of it is skipped."""
        for path in PACKAGE.rglob("*.py"):
            written = {name for name, text in docstrings(path) if EXAMPLE.search(text)}
            module = next(docstrings(path))[0]
            if not written:
                continue
            found = doctest.DocTestFinder().find(importlib.import_module(module), module)
            examples = {test.name: test.examples for test in found if test.examples}
            assert set(examples) == written
            assert not any(doctest.SKIP in e.options for each in examples.values() for e in each)

    @pytest.mark.parametrize(
        ("module", "name"), NAMES, ids=lambda part: getattr(part, "__name__", part)
    )
    def test_every_public_function_has_one(self, module, name):
        thing = getattr(module, name)
        if inspect.isfunction(thing):
            assert ">>>" in thing.__doc__
