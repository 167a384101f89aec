"""`make check` leaves out what needs a browser, a built book or a real model, and what is slow."""

import os
import re
import subprocess
import sys

from tests.conftest import NEEDS, ROOT

CONFTEST = f"""
import sys
sys.path.insert(0, {str(ROOT)!r})
from tests.conftest import *
from tests.conftest import pytest_collection_modifyitems, pytest_fixture_setup
"""
TESTS = """
import pytest

@pytest.fixture
def through_another(playwright):
    pass

@pytest.fixture
def smollm2():
    pass

def test_free(): pass
@pytest.mark.slow
def test_slow(): pass
def test_of_a_browser(through_another): pass
def test_of_the_book(built_book): pass
def test_of_the_real_model(smollm2): pass
def test_that_asks_late(request): request.getfixturevalue("built_book")
"""
NONE_OF_THEM = " and ".join(f"not {mark}" for mark in (*sorted(set(NEEDS.values())), "slow"))

SLOW = {  # a file, and how often it marks something as slow: `make check` should leave out no more
    "tests/classroom/test_sandbox.py": 9,
    "tests/core/test_distance.py": 1,
    "tests/core/test_processors.py": 1,
    "tests/core/test_scaling.py": 1,
    "tests/core/test_transformations.py": 1,
    "tests/figures/test_bundle.py": 2,
    "tests/test_check.py": 1,
    "tests/training/test_parrot_runs.py": 2,
    "tests/training/test_training.py": 1,
}
MARK = re.compile(r"mark\.slow\b|add_marker\(\W*slow\b")


def test_the_mark_slow_spreads_to_no_other_test():
    texts = {path: path.read_text(encoding="utf-8") for path in (ROOT / "tests").rglob("*.py")}
    found = {str(path.relative_to(ROOT)): len(MARK.findall(text)) for path, text in texts.items()}
    assert {name: count for name, count in found.items() if count} == SLOW


def test_what_takes_more_than_python_is_left_out_and_what_asks_late_fails(tmp_path):
    (tmp_path / "conftest.py").write_text(CONFTEST, encoding="utf-8")
    (tmp_path / "test_some.py").write_text(TESTS, encoding="utf-8")
    (tmp_path / "pytest.ini").write_text(
        "[pytest]\nmarkers =\n    book\n    browser\n    real_model\n    slow\n"
    )
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-m", NONE_OF_THEM, "-rA"]
    done = subprocess.run(
        command,
        cwd=tmp_path,
        env=os.environ | {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert "PASSED test_some.py::test_free" in done.stdout, done.stdout
    assert "FAILED test_some.py::test_that_asks_late" in done.stdout
    assert "take built_book as an argument, so that `make check` leaves this out" in done.stdout
    assert "1 failed, 1 passed, 4 deselected" in done.stdout


def test_the_makefile_asks_for_what_is_marked():
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    assert f'-m "{NONE_OF_THEM}"' in makefile
    assert makefile.count('-m "') == 1  # `make test` leaves out nothing
