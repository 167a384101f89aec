"""Notebooks run again when what they import changes, not otherwise, and failures stay failures.

Each test builds a small book of its own with Jupyter Book and a small package, `tinylib`.
"""

import json
import os
import re
from pathlib import Path

import nbformat
import pytest
import yaml

from tests.book import building

ROOT = Path(__file__).resolve().parents[2]

TEXT = "# Tiny\n\n$$a^2$$ (eq-square)\n\nSee {eq}`eq-square` and $b$."
# Tells what there is in the folder of a reader's pieces, and leaves something in it.
CODE = """\
import os
from pathlib import Path

import tinylib
from attnlib.figures import Ledger

words = Path(tinylib.__file__).with_name("words.toml").read_text()
pieces = Path(os.environ["ATTNLIB_PIECES"])
print(words, "value", tinylib.VALUE, "beside", len(list(pieces.iterdir())), "pieces")
(pieces / "left.txt").touch()
with Path("runs.txt").open("a") as log:
    log.write("run\\n")
Ledger(presets={"second": {}, "first": {}})
"""
CONFIG = {
    "title": "Tiny",
    "only_build_toc_files": True,
    # Both are what attnlib.sphinx_ext.execution must overrule.
    "execute": {"execute_notebooks": "off", "cache": "elsewhere"},
    "latex": {"use_jupyterbook_latex": False},
    "sphinx": {
        "config": {
            "extensions": [
                "myst_nb",
                "jupyter_book",
                "sphinx_external_toc",
                "attnlib.sphinx_ext.execution",
                "attnlib.sphinx_ext.figures",
                "attnlib.sphinx_ext.mathml",
                "attnlib.sphinx_ext.offline",
            ],
            "html_theme": "basic",
            "html_theme_options": {},
            "nb_execution_raise_on_error": True,
        }
    },
}


class TinyBook:
    """A book of one notebook, in `folder`, which imports the package `tinylib` beside it.

    Its reader has kept a piece of a head, beside the notebook and in a folder of their own.
    """

    def __init__(self, folder):
        self.folder = folder
        self.package = folder / "tinylib"
        (self.package / "static").mkdir(parents=True)
        (self.package / "sphinx_ext").mkdir()
        (self.package / "static" / "style.css").write_text("a {}")
        (self.package / "sphinx_ext" / "part.py").write_text("")
        (folder / "requirements.txt").write_text("numpy==1\n")
        (folder / "_toc.yml").write_text("format: jb-book\nroot: index\n")
        self.configure()
        (folder / "kept").mkdir()
        for kept in (folder, folder / "kept"):
            (kept / "my_head.py").write_text("")
        (self.package / "words.toml").write_text("first")
        self.set_value(1)
        self.write(TEXT, CODE)

    def configure(self, **values):
        config = CONFIG["sphinx"]["config"] | {"attnlib_package": str(self.package)} | values
        written = yaml.safe_dump({**CONFIG, "sphinx": {"config": config}})
        (self.folder / "_config.yml").write_text(written)

    def set_value(self, value):
        (self.package / "__init__.py").write_text(f"VALUE = {value}\n")

    def write(self, text, code):
        cells = [nbformat.v4.new_markdown_cell(text), nbformat.v4.new_code_cell(code)]
        nbformat.write(nbformat.v4.new_notebook(cells=cells), self.folder / "index.ipynb")

    def build(self):
        """The finished process of a strict build."""
        own = {
            "PYTHONPATH": os.pathsep.join([str(self.folder), str(ROOT)]),
            "ATTNLIB_PIECES": str(self.folder / "kept"),
        }
        return building.build(self.folder, own)

    def build_well(self):
        """Build, insist that it worked, and give the page's HTML."""
        finished = self.build()
        assert finished.returncode == 0, finished.stderr
        return (self.folder / "_build" / "html" / "index.html").read_text()

    @property
    def runs(self):
        return len((self.folder / "runs.txt").read_text().splitlines())

    @property
    def caches(self):
        return list((self.folder / "_build" / ".jupyter_cache").iterdir())


@pytest.fixture(scope="module")
def tiny_book(tmp_path_factory):
    """`tiny_book()` gives a new `TinyBook`."""
    return lambda: TinyBook(tmp_path_factory.mktemp("tiny"))


@pytest.fixture(scope="module")
def built(tiny_book):
    """A book that has been built once, and its page then."""
    book = tiny_book()
    return book, book.build_well()


def test_formulas_become_mathml_with_their_numbers(built):
    _, page = built
    assert page.count("<math") == 2
    assert "<msup><mi>a</mi><mn>2</mn></msup>" in page
    assert '<span class="eqno">(1)' in page
    assert 'href="#equation-eq-square"' in page and 'id="equation-eq-square"' in page
    assert "MathJax" not in page and "tex-mml" not in page


def presets_on(page):
    """The titles in the menu of the page's figure, as its state has them."""
    return list(json.loads(re.search(r'"presets":(\{.*?\}\})', page)[1]))


def test_runs_again_when_and_only_when_its_imports_or_the_pins_change(built):
    book, page = built
    assert "value 1 beside 0 pieces" in page, "the pieces that a reader has kept show"
    assert book.runs == 1

    (book.package / "static" / "style.css").write_text("b {}")
    (book.package / "sphinx_ext" / "part.py").write_text("PART = 1\n")
    again = book.build_well()
    assert "value 1" in again
    assert book.runs == 1, "only what pages use changed, and it ran again"

    assert presets_on(page) == presets_on(again) == ["second", "first"], "a cache sorted them"

    book.set_value(2)
    page = book.build_well()
    assert "value 2 beside 0 pieces" in page, "what the first run left shows"
    assert "value 1" not in page
    assert book.runs == 2
    assert len(book.caches) == 1, "the cache of the old sources is still there"

    (book.folder / "requirements.txt").write_text("numpy==2\n")
    book.build_well()
    assert book.runs == 3

    (book.package / "words.toml").write_text("second")
    assert "second value 2" in book.build_well(), "what it reads changed, and it did not run"


def assert_one_sentence(finished, sentence):
    """The build failed, and says so in one sentence."""
    assert finished.returncode != 0
    lines = [line for line in finished.stderr.splitlines() if line.strip()]
    assert [sentence in line for line in lines] == [True], finished.stderr


def test_a_notebook_that_raises_fails_every_build(tiny_book):
    book = tiny_book()
    book.write("# Tiny", "# To be\nraise RuntimeError('no such luck')")
    for _ in range(2):
        said = "index.ipynb: ERROR: the cell '# To be' raised RuntimeError: no such luck"
        assert_one_sentence(book.build(), said)


@pytest.mark.parametrize(
    ("code", "said"),
    [
        (
            "while True:\n    pass",
            "the cell 'while True:' took more than 3 s, which execute",
        ),
        ("import os\nos._exit(1)", "its kernel died, last seen in "),
    ],
)
def test_a_notebook_that_does_not_end_is_told_in_a_sentence(tiny_book, code, said):
    book = tiny_book()
    book.configure(nb_execution_timeout=3)
    book.write("# Tiny", code)
    assert_one_sentence(book.build(), f"index.ipynb: ERROR: {said}")


def test_the_books_own_cells_may_take_long():
    """At ten times the work that its cores can do, a machine needed over 120 s for chapter 10's."""
    settings = yaml.safe_load((ROOT / "_config.yml").read_text(encoding="utf-8"))
    assert settings["execute"]["timeout"] >= 10 * 120


def test_a_bad_formula_fails_every_build_and_names_the_page(tiny_book):
    book = tiny_book()
    book.write(r"# Tiny, $\softmaks(x)$", CODE)
    for _ in range(2):
        finished = book.build()
        assert finished.returncode != 0
        assert r"unknown command \softmaks" in finished.stderr
        assert "index.ipynb" in finished.stderr
