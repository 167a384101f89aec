"""A class on a hub: the bench, what the teachers' page says to order, and values for a cluster."""

import json
import re
import sys
from datetime import date
from pathlib import Path

import nbformat
import pytest
import yaml

from bench.hub import ordering, running
from bench.hub.__main__ import CHAPTER, class_of, report
from tests.test_repository import pins_of

ROOT = Path(__file__).resolve().parents[1]
PAGE = (ROOT / "back" / "teaching.md").read_text(encoding="utf-8")
RUNS = ordering.measured()
NEEDS = ordering.needs(RUNS)
EIGHT = "08_many_heads"
VALUES = yaml.safe_load((ROOT / "hub" / "values.yaml").read_text(encoding="utf-8"))
# What the chart's schema (values.schema.yaml) allows, of what is used here.
NUMBER, TEXT = (int, float), (str,)
KEYS = {
    "singleuser.image.name": TEXT,
    "singleuser.image.tag": TEXT,
    "singleuser.memory.guarantee": NUMBER + TEXT,
    "singleuser.memory.limit": NUMBER + TEXT,
    "singleuser.cpu.guarantee": NUMBER,
    "singleuser.cpu.limit": NUMBER,
    "singleuser.storage.capacity": TEXT,
    "singleuser.storage.homeMountPath": TEXT,
    "singleuser.lifecycleHooks.postStart.exec.command": (list,),
    "hub.config.KubeSpawner.notebook_dir": TEXT,
    "cull.enabled": (bool,),
    "cull.timeout": (int,),
}


class TestTheBenchsOwnPackages:
    def test_none_of_them_is_the_books(self):
        """They are installed beside the book's packages, and must not stand before them."""
        assert not pins_of("bench/hub/requirements.txt").keys() & pins_of("constraints.txt").keys()

    def test_the_proxy_is_pinned(self):
        wanted, lock = (
            json.loads((ROOT / "bench" / "hub" / name).read_text(encoding="utf-8"))
            for name in ("package.json", "package-lock.json")
        )
        (version,) = wanted["dependencies"].values()
        assert lock["packages"]["node_modules/configurable-http-proxy"]["version"] == version


needs_hub = pytest.mark.skipif(
    sys.platform != "linux" or not running.PROXY_PROGRAM.exists(),
    reason="JupyterHub is not installed: make bench-hub",
)


@needs_hub
def test_a_class_is_measured_and_nothing_of_it_is_left(tmp_path, monkeypatch):
    folders = folders_noted(monkeypatch)
    cells = ["import os; assert os.path.exists('small.ipynb'); kept = bytearray(200_000_000)"]
    cells += ["1 / 0", "kept[0] = 1; sum(range(20_000_000))"]
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(each) for each in cells])
    nbformat.write(notebook, tmp_path / "small.ipynb")
    measured, errors = class_of(2, tmp_path / "small.ipynb")
    assert [error.partition(": ")[0] for error in errors] == ["student-001", "student-002"]
    assert all(error.endswith("ZeroDivisionError: division by zero") for error in errors)
    student = measured["student"]
    assert student["kernel, PSS (MB)"]["median"] > 200 > student["server, PSS (MB)"]["worst"] > 50
    assert student["processor, run (s)"]["median"] > 0.2
    assert len(folders) == 1 and not folders[0].exists()
    assert running.processes_of(folders[0]) == []


def folders_noted(monkeypatch):
    """The folders of the hubs that start from now on."""
    write, folders = running.Hub._write_settings, []
    monkeypatch.setattr(
        running.Hub, "_write_settings", lambda hub: folders.append(hub.folder) or write(hub)
    )
    return folders


@needs_hub
def test_a_kernel_that_ends_ends_the_class(tmp_path, monkeypatch):
    folders = folders_noted(monkeypatch)
    cells = [nbformat.v4.new_code_cell("import os; os._exit(1)", id="last")]
    nbformat.write(nbformat.v4.new_notebook(cells=cells), tmp_path / "short.ipynb")
    with pytest.raises(running.HubError, match="student-001: the kernel ended in the cell last"):
        class_of(1, tmp_path / "short.ipynb")
    assert not folders[0].exists() and running.processes_of(folders[0]) == []


@needs_hub
def test_a_hub_that_cannot_start_says_why_and_leaves_nothing(monkeypatch):
    folders = folders_noted(monkeypatch)
    monkeypatch.setattr(running, "PROXY_PROGRAM", Path("no-such-proxy"))
    with pytest.raises(running.HubError, match="no-such-proxy"), running.Hub():
        pass
    assert not folders[0].exists() and running.processes_of(folders[0]) == []


class TestWhatToOrder:
    def test_memory_is_for_a_server_two_kernels_the_hub_and_the_system(self):
        needs = ordering.Needs(100, 200, 3, {"1": 6}, hub=500, hub_each=1)
        assert needs.memory(30) == 18  # 30 x 500 + 500 + 2000 = 17,500 MB
        assert needs.cores(30, "1") == 1 and needs.cores(31, "1") == 2  # 10 s each, in 300 s

    def test_the_largest_class_was_asked_for_chapter_three_and_went_well(self):
        run = RUNS[CHAPTER.stem]
        assert run["circumstances"]["students"] == 20
        assert all(run["errors"] == 0 for run in RUNS.values())
        assert "errors: 0" in report(run)

    def test_the_page_tells_the_run(self):
        run = RUNS[CHAPTER.stem]
        when = date.fromisoformat(run["circumstances"]["date"])
        assert f"On {when.day} {when:%B} {when.year}, on two cores" in PAGE
        assert run["circumstances"]["cores"] == 2 and run["circumstances"]["processor"] in PAGE
        started, done = (run["student"][name]["worst"] for name in ("start (s)", "run (s)"))
        assert f"after {started:.0f} seconds, every chapter was done {done:.0f} seconds" in PAGE

    def test_the_page_tells_what_a_student_takes(self):
        rows = [f"| a server | {NEEDS.server:.0f} MB | {NEEDS.start:.1f} s to start |"]
        for chapter, run in sorted(RUNS.items()):
            kernel = run["student"]["kernel, PSS (MB)"]["worst"]
            name, seconds = int(chapter[:2]), NEEDS.run[chapter]
            rows.append(
                f"| a kernel, chapter {name} | {kernel:.0f} MB | {seconds:.1f} s to run all of it |"
            )
        assert "\n".join(rows) in PAGE
        assert f"takes {NEEDS.hub:.0f} MB, and {NEEDS.hub_each:.1f} s of a processor" in PAGE

    def test_the_page_shows_how_it_is_reckoned(self):
        memory = f"30 × ({NEEDS.server:.0f} + 2 × {NEEDS.kernel:.0f}) MB + {NEEDS.hub:.0f} MB"
        cores = f"30 × ({NEEDS.start:.1f} + {NEEDS.run[EIGHT]:.1f} + {NEEDS.hub_each:.1f}) s"
        assert f"{memory}, and 2 GB for the system: {NEEDS.memory(30)} GB." in PAGE
        assert f"{cores} in 300 s: {NEEDS.cores(30, EIGHT)} cores." in PAGE
        assert max(NEEDS.run, key=NEEDS.run.get) == EIGHT

    def test_the_page_orders_for_30_100_and_500(self):
        for n in (30, 100, 500):
            cores = [NEEDS.cores(n, chapter) for chapter in (CHAPTER.stem, EIGHT)]
            assert f"| {n} | {NEEDS.memory(n)} GB | {cores[0]} | {cores[1]} |" in PAGE


def leaves(values, path=""):
    """`{dotted name: value}` of all that is no mapping."""
    if not isinstance(values, dict):
        return {path: values}
    parts = [leaves(value, f"{path}.{name}".lstrip(".")) for name, value in values.items()]
    return {name: value for part in parts for name, value in part.items()}


def gigabytes(text):
    """As KubeSpawner reads it: `1G` is 1024³ bytes."""
    return float(text.removesuffix("G")) * 1024**3 / 1e9


class TestTheValues:
    @pytest.mark.parametrize(("name", "value"), leaves(VALUES).items())
    def test_each_is_one_that_the_chart_knows(self, name, value):
        assert type(value) in KEYS[name]

    def test_memory_and_cores_are_enough(self):
        memory, cpu = VALUES["singleuser"]["memory"], VALUES["singleuser"]["cpu"]
        needed = (NEEDS.server + ordering.OPEN * NEEDS.kernel) / 1000
        assert needed <= gigabytes(memory["guarantee"]) < 1.5 * needed
        shared = max(ordering.at_worst(run)["server and kernel, RSS (MB)"] for run in RUNS.values())
        assert gigabytes(memory["limit"]) > (shared + NEEDS.kernel) / 1000
        for n in (30, 100, 500):
            assert cpu["guarantee"] * n >= NEEDS.cores(n, EIGHT)

    def test_a_students_storage_hides_no_part_of_the_book(self):
        """Where storage is mounted, nothing of the image is seen; the copy stands there too."""
        single = VALUES["singleuser"]
        home, command = single["storage"]["homeMountPath"], single["lifecycleHooks"]["postStart"]
        copied = re.fullmatch(r"cp -rn (.+) (\S+) \|\| true", command["exec"]["command"][-1])
        assert copied[2] == home == VALUES["hub"]["config"]["KubeSpawner"]["notebook_dir"]
        book = re.search(r"--target-repo-dir (\S+)", PAGE)[1]
        assert not f"{book}/".startswith(f"{home}/")
        for source in copied[1].split():
            folder, name = source.rsplit("/", 1)
            assert folder == book and list((ROOT / name).glob("*.ipynb"))

    def test_the_page_builds_the_image_that_it_names(self):
        image = VALUES["singleuser"]["image"]
        assert f"--image-name {image['name']}:{image['tag']}" in PAGE
