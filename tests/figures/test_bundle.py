"""The committed scripts are those their sources make, and no page asks for a large one."""

import gzip
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from attnlib import figures
from attnlib.sphinx_ext.figures import scripts_for

ROOT = Path(__file__).resolve().parents[2]
STATIC = ROOT / "attnlib" / "static"
SCRIPTS = sorted(path.name for path in STATIC.glob("*.js"))
LARGEST = 100_000  # bytes gzipped, all figures of a page together (the design's goal)
HOST = '<div class="al-host" data-host-of="{}">'


@pytest.fixture(scope="module")
def sources(tmp_path_factory):
    """A copy of js/ with its packages; skipped without Node.js, and a failure on CI."""
    missing = pytest.fail if os.environ.get("CI") else pytest.skip
    if not (shutil.which("node") and shutil.which("npm")):
        missing("Node.js and npm are needed to build the figures' script again")
    js = tmp_path_factory.mktemp("bundle") / "js"
    shutil.copytree(ROOT / "js", js, ignore=shutil.ignore_patterns("node_modules"))
    installed = ROOT / "js" / "node_modules"
    if installed.exists():
        (js / "node_modules").symlink_to(installed)
        return js
    done = subprocess.run(
        ["npm", "ci", "--no-audit", "--no-fund"], cwd=js, capture_output=True, text=True
    )
    if done.returncode:
        missing(f"npm ci did not work here:\n{done.stderr}")
    return js


@pytest.mark.slow
def test_the_scripts_are_fresh(sources):
    """That of the model in the page holds its kernel: so it is the one that its source makes."""
    built = sources / "built"
    subprocess.run(["node", "build.mjs", str(built)], cwd=sources, check=True)
    assert sorted(path.name for path in built.iterdir()) == SCRIPTS
    stale = [name for name in SCRIPTS if not same(built / name, STATIC / name)]
    assert not stale, "stale: run `make js` and commit the scripts"


def same(one, other):
    return one.read_bytes() == other.read_bytes()


def weight(scripts):
    """Bytes, gzipped."""
    return sum(len(gzip.compress((STATIC / name).read_bytes())) for name in scripts)


def test_every_script_is_small():
    assert all(weight([name]) <= LARGEST for name in SCRIPTS if name.startswith("attnlib"))


class TestWhatAPageAsksFor:
    def test_one_script_of_the_figures_it_has(self):
        assert scripts_for(HOST.format("QueryKey")) == [("attnlib.js", "")]
        assert scripts_for(HOST.format("Training")) == [("attnlib-training.js", "")]
        assert scripts_for(HOST.format("CacheLab")) == [("attnlib-long.js", "")]

    def test_questions_ask_for_no_other(self):
        html = HOST.format("Training") + HOST.format("Quiz") + HOST.format("Prediction")
        assert scripts_for(html) == [("attnlib-training.js", "")]

    def test_a_page_without_figures_has_its_links_and_its_place(self):
        assert scripts_for("<p>QueryKey, Training</p>") == [("attnlib.js", "")]

    def test_figures_of_two_scripts_get_both(self):
        html = HOST.format("Training") + HOST.format("QueryKey")
        assert scripts_for(html) == [("attnlib.js", "first"), ("attnlib-training.js", "")]

    def test_every_class_names_a_script_that_is_there(self):
        named = {getattr(figures, name).script for name in figures.__all__}
        assert named <= set(SCRIPTS)
        for name in figures.__all__:
            figure = getattr(figures, name)
            assert figure._esm == (STATIC / figure.script).read_text() + (
                "\nexport default attnlib.widget;"
            )


@pytest.mark.slow
def test_the_javascript_tests_pass(sources):
    done = subprocess.run(
        ["node", "--test", "test/"], cwd=sources, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
