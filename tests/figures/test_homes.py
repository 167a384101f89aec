"""The two homes of a figure: a built page, and JupyterLab with a running kernel."""

import json
import os
import re
import secrets
import shutil
import signal
import subprocess
import sys
import time
import urllib.request
from contextlib import contextmanager
from pathlib import Path

import nbformat
import numpy as np
import pytest
from playwright.sync_api import expect

from attnlib.figures import QueryKey
from attnlib.smollm2 import has_weights
from tests.conftest import PATIENCE, free_port, new_page
from tests.figures.driving import Hands, centre, mouse_drag, names_of

ROOT = Path(__file__).resolve().parents[2]
CHAPTER = "chapters/03_queries_and_keys"
DESIGNED = QueryKey(preset="nouns look for adjectives")  # what the chapter's figure starts from
FIGURES_OF = {
    "01_embeddings": ["EmbeddingSpace"],
    "02_context": ["ContextNudge"],
    "03_queries_and_keys": ["QueryKey"],
    "04_softmax": ["SoftmaxLab"],
    "05_scaling": ["SoftmaxLab"],
    "06_values": ["ValueMixer", "ValueMixer"],
    "07_masking": ["MaskLab", "BreakIt"],
    "08_many_heads": ["Heads", "BreakIt"],
    "09_order": ["OrderLab", "OrderLab"],
    "10_cross_attention": ["Alignment", "Alignment"],
    "11_counting": ["Ledger"],
    "12_training": ["Training", "Training", "Training"],
    "13_real_model": ["NextWord", "NextWord"],
    "14_reading_heads": ["Patterns", "Patterns"],
    "15_cache_and_groups": ["CacheLab", "Ledger"],
    "16_long_texts": ["Tiles", "Ledger"],
}
START_UP = 600  # seconds, at most, on a machine that is busy with others


class TestBuiltPage:
    @pytest.fixture
    def hands(self, page_factory, book_url):
        page = page_factory()
        page.goto(f"{book_url}{CHAPTER}.html")
        return Hands(page)

    def test_a_dragged_query_weight_moves_the_weights(self, hands):
        before = np.array(hands.values()["weights"])
        mouse_drag(hands.page, centre(hands.cell("w_q", "animal")), (-40, 0))
        assert hands.number("w_q", "animal") == 1.5
        w_q, w_k = DESIGNED.w_q.copy(), DESIGNED.w_k.copy()
        w_q[0, 0] = 1.5
        after = hands.values()["weights"]
        np.testing.assert_allclose(after, QueryKey(w_q=w_q, w_k=w_k).trace.weights, atol=1e-6)
        assert np.abs(after - before).max() > 0.1
        assert hands.page.record.errors == []

    def test_a_copied_link_leads_back_to_the_same_page(self, hands):
        hands.page.evaluate(
            """Object.defineProperty(navigator, "clipboard",
                { value: { writeText: async (text) => { window.kept = text; } } })"""
        )
        hands.cell("w_q", "action").focus()
        hands.press("PageUp", "PageUp")
        hands.button("Copy link").click()
        page = hands.page.context.new_page()
        page.goto(hands.page.evaluate("window.kept"))
        again = Hands(page)
        again.settle()
        assert again.number("w_q", "action") == 2
        assert again.values() == hands.values()

    def test_the_page_names_the_script_once(self, built_book):
        html = (built_book / f"{CHAPTER}.html").read_text(encoding="utf-8")
        assert len(re.findall(r"attnlib\.js", html)) == 1
        assert "html-manager" not in html and "require.min.js" not in html


@contextmanager
def jupyter_lab(folder):
    """JupyterLab on `folder`, its settings and runtime files inside it; gives address and token."""
    port, token = free_port(), secrets.token_hex(16)
    own = {f"JUPYTER_{name}_DIR": str(folder / f".{name}") for name in ("CONFIG", "RUNTIME")}
    own["JUPYTERLAB_SETTINGS_DIR"] = str(folder / ".settings")
    settings = folder / ".settings" / "@jupyterlab" / "notebook-extension"
    settings.mkdir(parents=True)
    # Otherwise cells that are scrolled away are not in the page.
    (settings / "tracker.jupyterlab-settings").write_text('{"windowingMode": "none"}')
    command = [sys.executable, "-m", "jupyterlab", "--no-browser", f"--ServerApp.port={port}"]
    options = ["--ServerApp.ip=127.0.0.1", "--ServerApp.port_retries=0", "--allow-root"]
    options += [f"--IdentityProvider.token={token}", f"--ServerApp.root_dir={folder}"]
    options += ["--expose-app-in-browser"]  # as window.jupyterapp, to change the theme
    options += ["--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate"]
    environment = os.environ | own | {"PYTHONPATH": str(ROOT), "IPYTHONDIR": str(folder / ".ipy")}
    with (folder / "log.txt").open("w") as log:
        server = subprocess.Popen(
            command + options, cwd=folder, env=environment, stdout=log, stderr=log
        )
    try:
        wait_for(f"http://127.0.0.1:{port}/api?token={token}", server, folder / "log.txt")
        yield f"http://127.0.0.1:{port}/lab?token={token}&reset"
    finally:
        stop(server)


def stop(process):
    """End `process`, gently if it can be, and wait until it is gone: what is left of it would be
    found by the interpreter at some later time, and count against another test."""
    process.terminate()
    try:
        process.wait(timeout=START_UP)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


DEAF = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); print(flush=True); input()"


@pytest.mark.skipif(os.name == "nt", reason="Windows asks no process to end")
def test_a_server_that_does_not_end_is_ended(monkeypatch):
    monkeypatch.setattr("tests.figures.test_homes.START_UP", 0.1)
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    process = subprocess.Popen([sys.executable, "-c", DEAF], **pipes)
    with process.stdin, process.stdout:
        process.stdout.readline()  # from now on it is deaf
        stop(process)
    assert process.returncode == -signal.SIGKILL


def wait_for(address, server, log):
    """Wait until `address` answers; fail with the log if the server ends or takes too long."""
    end = time.monotonic() + START_UP
    while time.monotonic() < end and server.poll() is None:
        try:
            urllib.request.urlopen(address, timeout=START_UP).close()
            return
        except OSError:
            time.sleep(0.2)
    pytest.fail(f"JupyterLab does not answer:\n{log.read_text()}", pytrace=False)


STATE = re.compile(r'<div class="al-host[^>]*><script type="application/json">(.*?)</script>', re.S)


def states_of_the_book(built_book):
    """The states of each chapter's figures, as a build left them."""
    pages = (built_book / "chapters" / f"{chapter}.html" for chapter in FIGURES_OF)
    return [
        [json.loads(state) for state in STATE.findall(page.read_text("utf-8"))] for page in pages
    ]


# The states are in a file: as the source of cells, a megabyte would be coloured and laid out.
EVERY_FIGURE = [
    "import json\n"
    "from pathlib import Path\n"
    "from IPython.display import display\n"
    "from attnlib import figures\n"
    "chapters = json.loads(Path('states.json').read_text('utf-8'))",
    *(
        f"for state in chapters[{n}]:\n"
        "    display(getattr(figures, state['_figure']).from_state(state))"
        for n in range(len(FIGURES_OF))
    ),
]

CELLS = [
    "from attnlib.figures import QueryKey\n"
    'fig = QueryKey(preset="nouns look for adjectives", selected=[3, 1])\n'
    "fig",
    "print('state:', fig.w_q[0, 0], fig.causal, fig.sentence, fig.selected)",
    "fig.w_q = fig.w_q * -2\nfig.w_k = fig.w_k + 1",
    "fig.sentence = 'the sleepy fox'\nfig.causal = False\nfig.selected = [2, 1]",
]

WITH_KEYS = [
    "from IPython.display import display\n"
    "from attnlib.figures import BreakIt, QueryKey, Quiz, SoftmaxLab\n"
    "quiz = Quiz.of('masking')\n"
    "display(QueryKey(selected=[3, 1]), BreakIt(case='A'), SoftmaxLab(), quiz, quiz)",
    "'x'",
    "'d d'",
]

TRAINING = [
    "from IPython.display import display\n"
    "from attnlib.figures import Training\n"
    "figure = Training()\n"
    "display(figure, figure)",
    "print('state:', figure.step, f'{figure.exam.loss:.6f}')",
]


NEXT_WORD = [
    "from attnlib.figures import NextWord\nfigure = NextWord(sentences=['names'])\nfigure",
    "print('state:', figure.text, figure.now[0].piece)",
]

OWN_TEXT = [
    "from attnlib.figures import Patterns, real_model\n"
    "figure = Patterns.of_text(real_model.smollm2(), 'the old fox', chosen=[17, 5])\nfigure",
    "print('state:', figure.text, [int(255 * w + 0.5) for w in figure.weights[17, 5, -1]])",
]


@pytest.fixture(scope="module")
def lab(tmp_path_factory, browser, built_book):
    """JupyterLab in a page, on a folder with small notebooks, one chapter, and all figures."""
    pytest.importorskip("jupyterlab")
    folder = tmp_path_factory.mktemp("lab")
    sources = {
        "tiny": CELLS,
        "keys": WITH_KEYS,
        "training": TRAINING,
        "next-word": NEXT_WORD,
        "own-text": OWN_TEXT,
        "figures": EVERY_FIGURE,
    }
    states = json.dumps(states_of_the_book(built_book))
    (folder / "states.json").write_text(states, encoding="utf-8")
    for name, cells in sources.items():
        notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(c) for c in cells])
        notebook.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3"}
        nbformat.write(notebook, folder / f"{name}.ipynb")
    shutil.copy(ROOT / f"{CHAPTER}.ipynb", folder)
    with jupyter_lab(folder) as address:
        page = new_page(browser, viewport={"width": 1500, "height": 1000})
        page.goto(address)
        page.wait_for_function("window.jupyterapp?.restored.then(() => true)")
        yield page
        page.context.close()


@pytest.fixture
def notebook(lab):
    """`notebook(name)` opens one in JupyterLab, with its kernel; both are closed after the test."""

    def open_(name):
        assert lab.locator(".jp-Notebook").count() == 0
        command(lab, "docmanager:open", path=name)
        lab.locator(".jp-Notebook .jp-CodeCell").first.wait_for()
        lab.locator('.jp-Notebook-ExecutionIndicator[data-status="idle"]').wait_for()
        return lab

    yield open_
    lab.evaluate(
        """async () => {
            const open = jupyterapp.shell.currentWidget;
            await open.sessionContext.shutdown();
            open.context.model.dirty = false;  // or it asks whether to save
            open.close();
        }"""
    )
    lab.locator(".jp-Notebook").wait_for(state="detached")


def command(page, name, **arguments):
    """Let JupyterLab carry out one of its commands, once the notebook has its kernel.

    A kernel whose first message is lost never is ready, and `evaluate` has no limit of its own.
    """
    page.evaluate(
        """([name, arguments_, limit]) => {
            const done = async () => {
                await jupyterapp.shell.currentWidget?.sessionContext?.ready;
                await jupyterapp.commands.execute(name, arguments_);
            };
            const late = (resolve, reject) =>
                setTimeout(() => reject(new Error(`${name} was not done in time`)), limit);
            return Promise.race([done(), new Promise(late)]);
        }""",
        [name, arguments, 1000 * START_UP],
    )


def run(page, n):
    """Run the cell `n` of the notebook alone, and wait until the kernel is done with it."""
    page.evaluate(
        """(n) => {
            jupyterapp.shell.currentWidget.content.deselectAll();
            jupyterapp.shell.currentWidget.content.activeCellIndex = n;
        }""",
        n,
    )
    command(page, "notebook:run-cell")
    cell = page.locator(".jp-CodeCell").nth(n)
    expect(cell.locator(".jp-InputArea-prompt")).to_have_text(re.compile(r"\[\d+\]"))
    return cell


def told(page, state):
    """Wait until the cell that prints the state in Python says `state`.

    The browser sends its changes once a frame, and the next ones when the kernel has taken those:
    the cell is run until they have arrived.
    """
    end = time.monotonic() + PATIENCE / 1000
    while (said := saying(page)) != f"state: {state}" and time.monotonic() < end:
        pass
    assert said == f"state: {state}"


def saying(page):
    return run(page, 1).locator(".jp-OutputArea-output").last.inner_text().strip()


class TestJupyterLab:
    def test_state_goes_both_ways_and_the_theme_is_followed(self, notebook):
        page = notebook("tiny.ipynb")
        run(page, 0)
        hands = Hands(page)
        from_browser_to_python(page, hands)
        from_python_to_browser(page, hands)
        follows_the_dark_theme(page, hands)

    def test_a_chapter_runs_with_its_figures(self, notebook):
        page = notebook(f"{Path(CHAPTER).name}.ipynb")
        command(page, "notebook:run-all-cells")
        assert_live(page, [*FIGURES_OF[Path(CHAPTER).name], "Quiz"])

    def test_the_figures_of_every_chapter_live(self, notebook, built_book):
        """Each in the state that its chapter gave it; the chapters' other cells are nbval's."""
        page = notebook("figures.ipynb")
        run(page, 0)
        for n, chapter in enumerate(FIGURES_OF, start=1):
            run(page, n)
            assert_live(page, [*FIGURES_OF[chapter], "Quiz"])
            shares = page.locator(".al-config-lines :is(dt, dd)").evaluate_all(SHARE)
            assert min(shares, default=1) > 0.3
            # For every output that comes, JupyterLab lays out all that there is.
            command(page, "notebook:clear-cell-output")

    def test_every_chapter_is_looked_at(self):
        assert {path.stem for path in (ROOT / "chapters").glob("*.ipynb")} == set(FIGURES_OF)


# JupyterLab has a width of its own for definitions: a fifth, which cuts names in pieces.
SHARE = "all => all.map((one) => one.clientWidth / one.parentElement.clientWidth)"
COUNT_VALUES = "all => all.map((root) => Object.keys(root.attnlibValues() ?? {}).length)"


def assert_live(page, figures):
    """These figures, by name, and no others, stand in the notebook and compute; no cell failed."""
    for figure in set(figures):
        live = page.locator(f'[data-attnlib-figure="{figure}"][data-ready="true"]')
        expect(live).to_have_count(figures.count(figure))
        if figure != "Quiz":
            assert all(live.evaluate_all(COUNT_VALUES)), figure
    errors = page.locator('[data-mime-type="application/vnd.jupyter.error"]')
    assert errors.all_inner_texts() == []


def from_browser_to_python(page, hands):
    told(page, "2.5 False a fluffy blue creature roamed the verdant forest [3, 1]")
    mouse_drag(page, centre(hands.cell("w_q", "animal")), (40, 0))
    hands.root.get_by_role("checkbox", name="causal mask").check()
    hands.pattern_cell("forest", "verdant").click()
    told(page, "3.5 True a fluffy blue creature roamed the verdant forest [7, 6]")
    hands.cell("w_q", "animal").focus()
    hands.press("7", "Enter")
    hands.menu("Phrase").select_option(label="Two animals")
    told(page, "7.0 True a small old owl watched a hungry fox None")


def from_python_to_browser(page, hands):
    run(page, 2)
    page.wait_for_function(
        """() => document.querySelector('[aria-label^="w_q animal, 1:"]')
            .getAttribute("aria-label").endsWith("−14.00")"""
    )
    assert hands.number("w_k", "animal") == 1
    run(page, 3)
    hands.pattern_cell("fox", "sleepy").wait_for()
    w_k = DESIGNED.w_k + 1
    w_q = DESIGNED.w_q.copy()
    w_q[0, 0] = 7
    wanted = QueryKey("the sleepy fox", w_q=w_q * -2, w_k=w_k).trace
    page.wait_for_function(
        """() => !document.querySelector('[data-attnlib-figure="QueryKey"]')
            .attnlibValues().scores.flat().includes(-Infinity)"""
    )
    np.testing.assert_allclose(hands.values()["weights"], wanted.weights, atol=1e-6)
    chosen = names_of(hands.pattern.locator('[aria-selected="true"]'))
    assert chosen[0].startswith("query fox, key sleepy:")


def follows_the_dark_theme(page, hands):
    ground = "root => getComputedStyle(root).backgroundColor"
    light = hands.root.evaluate(ground)
    command(page, "apputils:change-theme", theme="JupyterLab Dark")
    page.wait_for_function("document.body.dataset.jpThemeLight === 'false'")
    dark = hands.root.evaluate(ground)
    brightness = [sum(map(int, re.findall(r"\d+", colour)[:3])) for colour in (light, dark)]
    assert brightness[0] > 600 > 200 > brightness[1]


SOURCES = """() => JSON.stringify([
    jupyterapp.shell.currentWidget.content.widgets.map((cell) => cell.model.sharedModel.source),
    jupyterapp.shell.currentWidget.content.activeCellIndex,
    jupyterapp.shell.currentWidget.content.mode,
])"""
KEYS = [
    *("ArrowDown", "ArrowUp", "ArrowLeft", "ArrowRight", "Home", "End", "PageUp", "PageDown"),
    *("Shift+ArrowDown", "Shift+M", "Shift+V", *"xddabcvzymrjkhii001-+", "Delete", "Backspace"),
    *("Control+z", "Control+x", "Control+a", "Space", "Enter", "Enter"),
]


@pytest.fixture
def figures_in_lab(notebook):
    """Figures in a notebook, `{kind: Hands}`, and the page they are on."""
    page = notebook("keys.ipynb")
    run(page, 0)
    hands = {kind: Hands(page, kind) for kind in ("QueryKey", "BreakIt", "SoftmaxLab")}
    for one in hands.values():
        one.unfold()
    return page, hands


class TestKeysInJupyterLab:
    def test_they_change_the_figure_and_not_the_notebook(self, figures_in_lab):
        page, hands = figures_in_lab
        cells, pattern = hands["QueryKey"], hands["BreakIt"]
        controls = {
            "a menu": cells.menu("Show"),
            "a checkbox": cells.root.get_by_role("checkbox").first,
            "a radio": pattern.root.get_by_role("radio").first,
            "a matrix": cells.cell("w_q", "animal"),
            "a pattern": pattern.pattern_cells.first,
            "the plane": cells.plane,
            "a range": cells.root.locator("input[type=range]").first,
            "a track": hands["SoftmaxLab"].slider("score of blue"),
            "a text": cells.own_phrase,
            "a button": cells.button("identity"),
        }
        for name, control in controls.items():
            control.focus()
            before = page.evaluate(SOURCES)
            for key in KEYS:
                page.keyboard.press(key)
                assert page.evaluate(SOURCES) == before, (name, key)
                assert page.evaluate(INSIDE), (name, key)
            page.keyboard.press("Escape")
        assert page.locator(".jp-Dialog").count() == 0

    def test_each_control_does_what_its_keys_say(self, figures_in_lab):
        page, hands = figures_in_lab
        menu = hands["QueryKey"].menu("Show")
        menu.focus()
        page.keyboard.press("ArrowDown")
        assert menu.input_value() == "weights"
        radios = hands["BreakIt"].root.get_by_role("radio")
        radios.first.focus()
        page.keyboard.press("Space")
        page.keyboard.press("ArrowDown")
        assert radios.nth(1).is_checked()
        track = hands["SoftmaxLab"].slider("score of blue")
        track.focus()
        page.keyboard.press("ArrowRight")
        assert float(track.get_attribute("aria-valuenow")) == pytest.approx(1.1)
        phrase = hands["QueryKey"].own_phrase
        phrase.fill("the fox")
        page.keyboard.press("Enter")
        hands["QueryKey"].pattern_cell("fox", "the").wait_for()

    def test_what_commands_the_notebook_goes_on_to_it(self, figures_in_lab):
        page, hands = figures_in_lab
        hands["QueryKey"].cell("w_q", "animal").focus()
        page.keyboard.press("+")
        page.keyboard.press("Control+s")
        page.wait_for_function("!jupyterapp.shell.currentWidget.context.model.dirty")
        assert page.evaluate(INSIDE)
        assert hands["QueryKey"].focused.startswith("w_q animal, 1")
        page.keyboard.press("Shift+Enter")
        page.wait_for_function("jupyterapp.shell.currentWidget.content.activeCellIndex === 1")

    def test_two_views_of_one_quiz_hold_the_same_answer(self, figures_in_lab):
        page, _ = figures_in_lab
        quizzes = page.locator('[data-attnlib-figure="Quiz"][data-ready="true"]')
        one, other = (quizzes.nth(n).get_by_role("radio") for n in (0, 1))
        one.nth(1).check()
        expect(other.nth(1)).to_be_checked()
        other.nth(0).check()
        expect(one.nth(0)).to_be_checked()
        expect(other.nth(0)).to_be_checked()


# What two views show of their run, once both of them meet the condition. In the same moment the
# main button of one is pressed: a run of four seconds does not wait for a hand that is slow.
BOTH = """([condition, one, other, pressed]) => {
    const told = [one, other].map((root) => {
        const { step, losses, exam } = root.attnlibValues();
        const going = root.querySelector(".al-strong-button").textContent === "Pause";
        return { step, losses: losses.length, loss: exam?.loss, going };
    });
    if (!told.every(new Function("view", `return ${condition}`))) return false;
    [one, other][pressed]?.querySelector(".al-strong-button").click();
    return told;
}"""


class TestTrainingInJupyterLab:
    @pytest.fixture
    def views(self, notebook):
        """The page, two views of one figure, and `until(condition)`, which gives what they show.

        With `press` it presses the main button of a view, 0 or 1, as soon as it is so.
        """
        page = notebook("training.ipynb")
        run(page, 0)
        roots = page.locator('[data-attnlib-figure="Training"][data-ready="true"]')
        roots.nth(1).wait_for()
        handles = [roots.nth(n).element_handle() for n in range(2)]

        def until(condition, press=None):
            return page.wait_for_function(BOTH, arg=[condition, *handles, press]).json_value()

        return page, [roots.nth(0), roots.nth(1)], until

    def press(self, view, name):
        view.get_by_role("button", name=name, exact=True).click()

    def test_two_views_show_one_run_and_no_echo_halts_it(self, views):
        page, (one, other), until = views
        self.press(one, "Train")
        until("view.going && view.step > 10", press=1)  # Pause, in the other
        first, second = until("!view.going")
        assert first == second
        assert first["losses"] == first["step"] > 10
        self.press(other, "Go on")
        until(f"view.step >= {first['step'] + 60}", press=0)
        first, second = until("!view.going")
        assert first == second
        told(page, f"{first['step']} {first['loss']:.6f}")


class TestRoomInJupyterLab:
    def test_a_figure_takes_the_width_of_its_cell(self, figures_in_lab):
        _, hands = figures_in_lab
        for one in hands.values():
            width, room = one.root.evaluate(
                """root => [root, root.closest(".jp-OutputArea-output")].map(
                    (node) => node.getBoundingClientRect().width)"""
            )
            assert width == room > 1024
            assert one.root.evaluate("root => 'full' in root.dataset")

    def test_full_screen_fills_it_and_escape_leads_back(self, figures_in_lab):
        page, hands = figures_in_lab
        for one in hands.values():
            one.button("Full screen").click()
            page.wait_for_function("document.fullscreenElement?.dataset.stage !== undefined")
            one.button("Leave full screen").wait_for()
            box = one.root.bounding_box()
            screen = page.evaluate("[0, 0, innerWidth, innerHeight]")
            assert [box[side] for side in ("x", "y", "width", "height")] == screen
            before = page.evaluate(SOURCES)
            for key in ("ArrowDown", "x", "d", "d", "Home"):
                page.keyboard.press(key)
            assert page.evaluate(SOURCES) == before
            page.keyboard.press("Escape")
            page.wait_for_function("document.fullscreenElement === null")
            back = one.button("Full screen")
            assert back.evaluate("button => button === document.activeElement")


INSIDE = "document.activeElement.closest('[data-attnlib-figure]') !== null"


@pytest.mark.skipif(not has_weights(), reason="the weights of SmolLM2 are not installed")
class TestARealModelInJupyterLab:
    def test_any_text_is_answered_by_the_kernels_model(self, notebook):
        page = notebook("next-word.ipynb")
        figure = run(page, 0).locator('[data-attnlib-figure="NextWord"]')
        figure.get_by_text("Write your own").click()
        figure.get_by_label("Your text").fill("The opposite of hot is")
        figure.get_by_label("Your text").press("Enter")
        figure.get_by_role("button", name="model").click()
        likeliest = figure.get_by_role("table").get_by_role("row").nth(1)
        expect(likeliest).to_contain_text("cold")
        told(page, "The opposite of hot is  cold")

    def test_the_kernel_reads_a_text_for_patterns_and_the_first_comes_back(self, notebook):
        page = notebook("own-text.ipynb")
        run(page, 0)
        hands = Hands(page, "Patterns")

        def last_row():
            return [round(255 * w) for w in hands.values()["rows"][-1]["weights"]]

        first = last_row()
        hands.root.get_by_text("Your own text").click()
        hands.root.get_by_label("Your text").fill("the cat saw the cat")
        hands.root.get_by_label("Your text").press("Enter")
        hands.root.get_by_role("button", name="Ask the model").click()
        hands.hears("6 tokens, new line included")
        assert len(last_row()) == 6 and hands.values()["head"] == 158
        told(page, f"the cat saw the cat {last_row()}")
        hands.button("Show the first text again").click()
        told(page, f"the old fox {first}")
        assert last_row() == first
