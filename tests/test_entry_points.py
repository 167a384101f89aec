"""Whoever enters, by whichever door: the same least Python, and the small PyTorch on Binder."""

import logging
import re
import shutil
import tomllib
from importlib.metadata import metadata
from pathlib import Path

import nbformat
import pytest
import yaml
from packaging.specifiers import SpecifierSet
from repo2docker.buildpacks import PythonBuildPack

from tools.format_notebooks import notebooks

ROOT = Path(__file__).resolve().parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
WORKFLOW = yaml.safe_load((ROOT / ".github/workflows/book.yml").read_text(encoding="utf-8"))
LEAST = PROJECT["requires-python"].removeprefix(">=")


def text_of(name):
    return (ROOT / name).read_text(encoding="utf-8")


def test_what_pip_is_told_is_the_least_python():
    """Pip refuses an older one, on Colab too, whose cell installs attnlib."""
    assert re.fullmatch(r"3\.\d+", LEAST)
    assert metadata("attnlib")["Requires-Python"] == PROJECT["requires-python"]


def test_the_makefile_and_the_readme_name_it():
    major, minor = LEAST.split(".")
    makefile, readme = text_of("Makefile"), text_of("README.md")
    assert f"sys.version_info < ({major}, {minor})" in makefile
    assert set(re.findall(r"Python (\d\.\d+) or newer", makefile + readme)) == {LEAST}
    assert set(re.findall(r"\bpy -(\d\.\d+)", readme)) == {LEAST}


def test_the_linter_knows_it():
    settings = tomllib.loads(text_of("pyproject.toml"))["tool"]["ruff"]
    assert settings["target-version"] == f"py{LEAST.replace('.', '')}"


class TestTheWorkflow:
    def pythons(self, job):
        """Every Python that a job of the hosted workflow sets up."""
        job = WORKFLOW["jobs"][job]
        matrix = job.get("strategy", {}).get("matrix", {})
        steps = [
            step["with"]["python-version"] for step in job["steps"] if "setup-python" in str(step)
        ]
        named = [version for version in steps if "matrix" not in version]
        return [*named, *matrix.get("python", [])]

    def test_the_book_is_built_with_the_least(self):
        assert self.pythons("test") == [LEAST]

    def test_the_library_is_tested_with_the_oldest_and_the_newest_on_three_systems(self):
        matrix = WORKFLOW["jobs"]["library"]["strategy"]["matrix"]
        assert {name.partition("-")[0] for name in matrix["system"]} == {
            "ubuntu",
            "macos",
            "windows",
        }
        oldest, *_, newest = self.pythons("library")
        assert oldest == LEAST
        readme = " ".join(text_of("README.md").split())
        assert f"Python {oldest} and {newest} on Linux, macOS and Windows" in readme


class TestBinder:
    """Binder's own rules, as repo2docker reads them."""

    @pytest.fixture
    def pack(self, tmp_path, monkeypatch):
        """The build pack of a copy of what Binder looks at."""
        shutil.copytree(ROOT / ".binder", tmp_path / ".binder")
        for name in ("pyproject.toml", "requirements.txt", "constraints.txt"):
            shutil.copy(ROOT / name, tmp_path)
        monkeypatch.chdir(tmp_path)
        logging.getLogger("repo2docker").setLevel(logging.ERROR)
        return PythonBuildPack(base_image="ubuntu")

    def test_it_takes_a_python_that_attnlib_allows_and_pip_knows(self, pack):
        assert pack.detect()
        assert pack.python_version in SpecifierSet(PROJECT["requires-python"])

    def test_without_the_named_python_it_would_take_too_old_a_one(self, pack, tmp_path):
        """What is in `.binder` hides pyproject.toml: if this changes, runtime.txt can go."""
        (tmp_path / ".binder" / "runtime.txt").unlink()
        taken = PythonBuildPack(base_image="ubuntu").python_version
        assert taken not in SpecifierSet(PROJECT["requires-python"])

    def test_it_installs_what_is_pinned_with_the_small_pytorch_and_attnlib_itself(self, pack):
        steps = [script for _, script in pack.get_assemble_scripts()]
        assert any('pip install --no-cache-dir -r ".binder/requirements.txt"' in s for s in steps)
        asked = text_of(".binder/requirements.txt").splitlines()
        assert asked == [
            "--extra-index-url https://download.pytorch.org/whl/cpu",
            "-r ../requirements.txt",
        ]
        assert pack.get_post_build_scripts() == [".binder/postBuild"]
        assert "pip install --no-deps --no-build-isolation -e ." in text_of(".binder/postBuild")


class TestColab:
    """Colab has a Python and a PyTorch of its own, with its GPU: the first cell keeps to them."""

    @pytest.mark.parametrize("path", notebooks(), ids=lambda path: path.name)
    def test_the_first_cell_asks_for_ranges_and_never_for_a_torch_of_its_own(self, path):
        first = next(c for c in nbformat.read(path, as_version=4).cells if c.cell_type == "code")
        assert 'find_spec("attnlib") is None' in first.source
        assert '"attnlib[chapters] @ git+' in first.source
        assert "index-url" not in first.source and "torch" not in first.source

    def test_the_ranges_leave_room_for_another_torch(self):
        (torch,) = (r for r in PROJECT["optional-dependencies"]["chapters"] if "torch" in r)
        assert re.fullmatch(r"torch>=\d+\.\d+", torch)
