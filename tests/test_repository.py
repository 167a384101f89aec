"""What the repository promises about itself: pins, names, and no path of anybody's machine."""

import re
import subprocess
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PIN = re.compile(r"^([A-Za-z0-9._-]+)(?:\[[a-z,]+\])?==([^\s;+]+)$")
TEXT = {".py", ".md", ".ipynb", ".yml", ".toml", ".txt", ".css", ".js", ".jsx", ".mjs", ".html", ""}
OTHER_MACHINES = re.compile(r"file:///(?!\.)\w|/home/\w+/|/root/|/Users/\w+/|C:\\\\Users")


def lines_of(name):
    text = (ROOT / name).read_text(encoding="utf-8")
    return [line for line in text.splitlines() if line and not line.startswith(("#", "-c "))]


def normal(name):
    """A package's name as the index compares it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def pins_of(name):
    return {normal(m[1]): m[2] for m in map(PIN.match, lines_of(name))}


@pytest.mark.parametrize(
    "name", ["requirements.txt", "constraints.txt", "bench/hub/requirements.txt"]
)
def test_every_line_is_an_exact_pin_of_a_public_release(name):
    assert [line for line in lines_of(name) if not PIN.match(line)] == []


def test_constraints_hold_what_is_asked_for_at_the_same_version():
    asked, held = pins_of("requirements.txt"), pins_of("constraints.txt")
    assert {name: held.get(name) for name in asked} == asked


def test_requirements_are_constrained():
    first = (ROOT / "requirements.txt").read_text(encoding="utf-8").splitlines()[0]
    assert first == "-c constraints.txt"


def test_what_attnlib_imports_is_a_range_that_holds_the_pinned_version():
    from packaging.requirements import Requirement

    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = project["optional-dependencies"].values()
    ranges = [*project["dependencies"], *(line for extra in extras for line in extra)]
    pinned = pins_of("constraints.txt")
    for requirement in map(Requirement, ranges):
        operators = {specifier.operator for specifier in requirement.specifier}
        assert operators and "==" not in operators, f"{requirement}: a range, please"
        assert requirement.specifier.contains(pinned[normal(requirement.name)]), str(requirement)


def tracked_files():
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=False)
    if listed.returncode:
        pytest.skip("not a git checkout")
    return [ROOT / name for name in listed.stdout.decode().split("\0") if name]


def test_no_file_names_a_path_of_anybodys_machine():
    # This file and the notebooks' test hold such paths as examples.
    examples = {ROOT / "tests" / "test_repository.py", ROOT / "tests" / "test_notebooks.py"}
    for path in tracked_files():
        if path.suffix in TEXT and path.is_file() and path not in examples:
            found = OTHER_MACHINES.search(path.read_text(encoding="utf-8"))
            assert not found, f"{path.relative_to(ROOT)}: {found.group()}"


def test_nothing_built_is_tracked():
    folders = {"_build", ".venv", "node_modules", "__pycache__", ".ipynb_checkpoints"}
    tracked = [path.relative_to(ROOT) for path in tracked_files()]
    assert [path for path in tracked if folders & set(path.parts)] == []


def test_an_installed_attnlib_has_every_file_it_reads():
    """Setuptools leaves out what is no module and is not named in pyproject.toml."""
    folder = ROOT / "attnlib"
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    patterns = settings["tool"]["setuptools"]["package-data"]["attnlib"]
    named = {path for pattern in patterns for path in folder.glob(pattern)}
    tracked = subprocess.run(
        ["git", "ls-files", "attnlib"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.split()
    files = {ROOT / name for name in tracked if not name.endswith(".py")}
    assert files and files <= named
