"""The committed script is the one its sources make, and it is small."""

import gzip
import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
BUNDLE = ROOT / "attnlib" / "static" / "attnlib.js"
LARGEST = 100_000  # bytes gzipped, all figures together (the design's goal)


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


def test_the_bundle_is_fresh(sources):
    built = sources / "built.js"
    subprocess.run(["node", "build.mjs", str(built)], cwd=sources, check=True)
    assert built.read_bytes() == BUNDLE.read_bytes(), "stale: run `make js` and commit the bundle"


def test_all_figures_together_are_small():
    assert len(gzip.compress(BUNDLE.read_bytes())) <= LARGEST


def test_the_javascript_tests_pass(sources):
    done = subprocess.run(
        ["node", "--test", "test/"], cwd=sources, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
