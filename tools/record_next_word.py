"""Record what SmolLM2 predicts after a few texts, and what taking something away does to it.

The figure NextWord starts from these files, so that its pages are light; with the model itself it
needs none of them. Run `.venv/bin/python tools/record_next_word.py` to write
`attnlib/learned/next_word/` again, or name the texts that are to be written; it takes minutes.
"""

import base64
import json
import sys
from pathlib import Path

import numpy as np

import attnlib as al
from attnlib.figures.next_word import LAST, RANGES, START, edges

FOLDER = Path(__file__).resolve().parents[1] / "attnlib" / "learned" / "next_word"
MOST = 10  # predictions of a run that are kept
CHAIN = 6  # tokens that may be appended, one after the other, by pressing the likeliest
TEXTS = {
    "names": "When Mary and John went to the garden, Mary gave the book to",
    "capital": "The capital of France is",
    "keys": "The keys that Anna left on the table",
    "skin": "The doctor looked at her skin and found a mole. A mole is a kind of",
    "chemistry": (
        "We read about chemistry and molecules. Then we read about the mole. A mole is a kind of"
    ),
    "letter": (
        "The cook lay dead on the kitchen floor. A letter said that the murderer was Simon and "
        "that the witness was Hugo. At last the inspector said that the murderer was"
    ),
}
TITLES = {
    "names": "Mary and John",
    "capital": "the capital of France",
    "keys": "the keys that Anna left",
    "skin": "a mole on the skin",
    "chemistry": "a mole in chemistry",
    "letter": "a letter names the murderer",
}


def probabilities(model, ids, **taken):
    """Those of every token to come after `ids`, `(n_vocab,)`, in double precision."""
    logits = np.asarray(model(np.asarray(ids), **taken), dtype=float)[-1]
    return np.exp(logits - logits.max()) / np.exp(logits - logits.max()).sum()


def likeliest(p):
    """The ids of the `MOST` largest of `p`, the largest first."""
    return np.argsort(-p, kind="stable")[:MOST]


def interventions(n):
    """What is taken away in each recorded run of `n` tokens, in the order of the runs."""
    yield {}
    for last in LAST:
        yield {"last": last}
    for token in range(n - 1):
        for layers in RANGES:
            yield {"cut": edges([token], layers, n)}


def packed(numbers, dtype):
    """`numbers` in base64, little-endian."""
    return base64.b64encode(np.asarray(numbers, dtype=dtype).tobytes()).decode()


def chains(model, ids, first):
    """Runs of longer texts: one of `first` is appended, then whatever is likeliest.

    By what was appended, ids joined by spaces: the run's likeliest ids and their probabilities.
    """
    found = {}
    for start in first:
        appended = [int(start)]
        for _ in range(CHAIN):
            p = probabilities(model, [*ids, *appended])
            found[" ".join(map(str, appended))] = p
            appended.append(int(likeliest(p)[0]))
    return found


def record(model, text):
    """Everything that the figure needs of `text`, ready for JSON."""
    ids = model.tokenizer.encode(START + text).ids
    runs = [probabilities(model, ids, **taken) for taken in interventions(len(ids))]
    top = likeliest(runs[0])
    grown = chains(model, ids, top[:5])
    all_runs = runs + list(grown.values())
    order = np.array([likeliest(p) for p in all_runs])
    kept = np.array([[*p[row], *p[top]] for p, row in zip(all_runs, order, strict=True)])
    pieces = {int(i): model.tokenizer.decode([int(i)]) for i in np.unique(order)}
    return {
        "text": text,
        "ids": ids,
        "pieces": [model.tokenizer.decode([i]) for i in ids],
        "vocabulary": pieces,
        "grown": list(grown),
        "order": packed(order, "<u2"),
        "probabilities": packed(kept, "<f4"),
    }


def main(names):
    model = al.load_smollm2()
    FOLDER.mkdir(exist_ok=True)
    for name in names or TEXTS:
        told = {"title": TITLES[name], **record(model, TEXTS[name])}
        content = json.dumps(told, ensure_ascii=False, separators=(",", ":"))
        (FOLDER / f"{name}.json").write_text(content + "\n", encoding="utf-8")
        print(f"{name}: {len(told['ids'])} tokens, {len(content.encode()) / 1000:.1f} kB")


if __name__ == "__main__":
    main(sys.argv[1:])
