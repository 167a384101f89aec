"""The real model in a page opened from disk: how soon it is ready, what a text costs.

Of each kind of run the quietest is told, because other work on the machine makes one longer, never
shorter; beside the clock's seconds stand the processor's, of the page and its worker. Equality: the
50 likeliest tokens after the beginnings of 50 paragraphs of this book, against `al.load_smollm2`.
"""

import re
from pathlib import Path
from tempfile import TemporaryDirectory

import nbformat
import numpy as np
import psutil
from playwright.sync_api import sync_playwright

import attnlib as al
from attnlib.sphinx_ext.smollm2 import FOLDER
from tools import chromium

ROOT = Path(__file__).resolve().parents[1]
BUILT = ROOT / "_build" / "html"
N_TEXTS, N_TOKENS, TIMES = 50, 16, 5
GOALS = {"ready": 6.0, "text": 0.6, "token": 0.15}  # seconds (design)

LOAD = """async (folder) => {
    globalThis.model = new attnlibSmolLM2.LiveModel(folder);
    const began = performance.now();
    await model.load();
    return (performance.now() - began) / 1000;
}"""
RUN = "(asked) => model.run(asked)"


def paragraphs(tokenizer):
    """The ids of the beginnings of paragraphs, 4 to 64 tokens, a newline before each."""
    found = []
    for path in sorted((ROOT / "chapters").glob("*.ipynb")):
        notebook = nbformat.read(path, as_version=4)
        cells = (cell.source for cell in notebook.cells if cell.cell_type == "markdown")
        texts = [text for cell in cells for text in re.split(r"\n\n+", cell) if text[:1].isalpha()]
        found += texts[:: max(1, len(texts) // 6)]
    encoded = [tokenizer.encode(f"\n{text}").ids[: 4 + n % 61] for n, text in enumerate(found)]
    return encoded[:N_TEXTS]


def renderers():
    """The processes of pages that this one has started."""
    children = psutil.Process().children(recursive=True)
    return [one for one in children if "--type=renderer" in one.cmdline()]


def processor_seconds():
    return sum(sum(one.cpu_times()[:2]) for one in renderers())


def measured(page, asked):
    """Seconds of the clock and of the processor that `asked` takes."""
    before = processor_seconds()
    seconds = page.evaluate(RUN, asked)["seconds"]
    return seconds, processor_seconds() - before


def runs(page, ids):
    """The quietest of some runs of `ids`, all anew, and of one token more."""
    texts, tokens = [], []
    for time in range(TIMES):
        last = 100 + time  # more than the text has: nothing is hidden, and nothing is used again
        texts.append(measured(page, {"ids": ids, "last": last}))
        tokens.append(measured(page, {"ids": [*ids, 500], "last": last}))
    return min(texts), min(tokens)


def differences(page, model):
    """The largest difference of logits, and how often the first five are others."""
    largest, others = 0, 0
    for ids in paragraphs(model.tokenizer):
        top = page.evaluate(RUN, {"ids": ids})["top"]
        logits = np.asarray(model(ids))[-1]
        found = [one["id"] for one in top]
        largest = max(largest, np.abs(logits[found] - [one["logit"] for one in top]).max())
        others += found[:5] != np.argsort(-logits)[:5].tolist()
    return largest, others


def report(page):
    ready = page.evaluate(LOAD, (BUILT / FOLDER).as_uri())
    memory = max(one.memory_info().rss for one in renderers())
    model = al.load_smollm2()
    ids = paragraphs(model.tokenizer)[40][:N_TOKENS]
    (text, text_processor), (token, token_processor) = runs(page, ids)
    print(f"  ready after                {ready:8.2f} s        goal {GOALS['ready']}")
    print(f"  {len(ids)} tokens                  {text:8.2f} s        goal {GOALS['text']}")
    print(f"    of the processor         {text_processor:8.2f} s")
    print(f"  one token more             {token:8.3f} s        goal {GOALS['token']}")
    print(f"    of the processor         {token_processor:8.3f} s")
    print(f"  memory of the page         {memory / 1e6:8.0f} MB after loading")
    largest, others = differences(page, model)
    print(f"  logits of {N_TEXTS} texts         {largest:8.1e} at most from NumPy's")
    print(f"  other first five in        {others:8} of them")


def main():
    if not (BUILT / FOLDER / "about.js").exists():
        print("  not measured: the book was built without the weights")
        return
    with sync_playwright() as playwright, TemporaryDirectory() as folder:
        browser = chromium.launch(playwright)
        page = browser.new_page()
        page.set_default_timeout(0)
        path = Path(folder) / "page.html"
        engine = (BUILT / "_static" / "smollm2.js").as_uri()
        path.write_text(f'<!doctype html><script src="{engine}"></script>', encoding="utf-8")
        page.goto(path.as_uri())
        report(page)
        browser.close()


if __name__ == "__main__":
    main()
