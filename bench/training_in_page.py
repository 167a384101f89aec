"""Training in the page: what a step costs in Chromium's worker, and the page's frames meanwhile.

The page holds the figure QueryKey, from disk, and its own script starts the worker. A step: the
worker's mean for each report; other work on the machine makes one longer, never shorter, so the
quietest tells most. Frames: the time from one to the next, without training and meanwhile.
"""

from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from playwright.sync_api import sync_playwright

from attnlib.figures import QueryKey, Training
from bench.figures import late
from tests.figures.driving import document
from tools import chromium

STEPS = 500
GOALS = {"step": 30, "run": 15_000, "frame": 20}  # ms (design)
IDLE = 5_000  # ms of frames without training

FRAMES = """async (until) => {
    const frames = [];
    let isOver = false;
    const stop = () => (isOver = true);
    until.then(stop, stop);
    for (let last = await new Promise(requestAnimationFrame); !isOver; ) {
        const now = await new Promise(requestAnimationFrame);
        frames.push(now - last);
        last = now;
    }
    return frames;
}"""
IDLING = f"""(milliseconds) =>
    ({FRAMES})(new Promise((done) => setTimeout(done, milliseconds)))"""
TRAINING = f"""async (nSteps) => {{
    const each = [];
    const began = performance.now();
    const done = new Promise((done, fail) => {{
        const trainer = attnlib.training.createTrainer({{
            onReport: ({{ msPerStep }}) => msPerStep && each.push(msPerStep),
            onRest: ({{ why, message }}) => (why === "done" ? done() : fail(Error(message ?? why))),
        }});
        trainer.start({{ nSteps }});
        trainer.go();
    }});
    const frames = await ({FRAMES})(done);
    await done;
    return {{ each, frames, whole: performance.now() - began }};
}}"""


def measure(browser, folder):
    """Frames without training, and what TRAINING gives."""
    path = Path(folder) / "page.html"
    path.write_text(document(QueryKey(), scripts=[Training.script]), encoding="utf-8")
    page = browser.new_page(viewport={"width": 1280, "height": 1000})
    page.goto(path.as_uri())
    page.wait_for_selector('[data-ready="true"]')
    idle = page.evaluate(IDLING, IDLE)
    return idle, page.evaluate(TRAINING, STEPS)


def main():
    print(__doc__.partition("\n\n")[2])
    with sync_playwright() as playwright, TemporaryDirectory() as folder:
        browser = chromium.launch(playwright)
        idle, training = measure(browser, folder)
        browser.close()
    each = training["each"]
    print(f"a step, ms (goal {GOALS['step']})     quietest  median   worst")
    print(f"{min(each):32.1f}{np.median(each):8.1f}{max(each):8.1f}")
    print(f"{STEPS} steps with their exams, s (goal {GOALS['run'] / 1000:g})", end="")
    print(f"{training['whole'] / 1000:8.1f}")
    print(f"a frame, ms (goal {GOALS['frame']} at p95)   median     p95   worst")
    for name, frames in {"without training": idle, "meanwhile": training["frames"]}.items():
        print(f"  {name:<24}{np.median(frames):10.1f}{late(frames):8.1f}{max(frames):8.1f}")


if __name__ == "__main__":
    main()
