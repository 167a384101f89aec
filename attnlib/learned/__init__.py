"""What was learned elsewhere: rows of a real model's table, and runs too long for a page.

The model of the rows is all-MiniLM-L6-v2 (sentence-transformers; Apache License 2.0, see
LICENSE.txt), a transformer of six layers that was trained on a billion pairs of sentences to give
one vector for each. Its table has 30,522 rows of 384 numbers. Here are the rows of the words in
`RELATIONS`, and of every token that is the nearest in the whole table to one of their sums: to
leave the others out changes no answer. `tools/learned_rows.py` takes them from the model and makes
sure of it.

Reimers and Gurevych (2019), arXiv:1908.10084; Wang et al. (2020), arXiv:2002.10957.
"""

import json
from pathlib import Path

import numpy as np


def _pairs(text):
    return tuple(tuple(pair.split()) for pair in text.split(", "))


# Pairs that differ in the same way, as the model spells them: `("paris", "france")`.
RELATIONS = {
    "plural": _pairs(
        "kings king, dogs dog, creatures creature, towers tower, "
        "forests forest, birds bird, trees tree, women woman"
    ),
    "nationality": _pairs(
        "french france, italian italy, japanese japan, german germany, "
        "spanish spain, english england, russian russia, greek greece"
    ),
    "woman": _pairs(
        "queen king, woman man, actress actor, aunt uncle, "
        "daughter son, sister brother, mother father, wife husband"
    ),
    "capital": _pairs(
        "paris france, rome italy, tokyo japan, berlin germany, "
        "madrid spain, london england, moscow russia, athens greece"
    ),
    "past": _pairs(
        "walked walk, swam swim, ran run, saw see, wrote write, sang sing, flew fly, gave give"
    ),
    "opposite": _pairs(
        "small big, cold hot, young old, night day, death life, hate love, short long, dark light"
    ),
}


def load_rows():
    """The rows by token, `{token: (384,)}`: float64, from half precision.

    >>> rows = load_rows()
    >>> len(rows), rows["king"].shape
    (131, (384,))
    """
    with np.load(Path(__file__).with_name("rows.npz")) as held:
        return dict(zip(held["tokens"].tolist(), held["rows"].astype(float), strict=True))


def parrot_runs():
    """What came of training the parrot's model, by what was changed: `{change: [run, ...]}`.

    A run is a dictionary: its `seed`, the exam after the last step (`loss`, `settled_loss`,
    `copying`, `sense`), `copies_from`, the first exam with more than 0.9 of the copied words right,
    or None; of untouched runs that copy, the last exam with at most 0.25 of them (`waits_until`),
    the copying `without` each head, and each head's `previous_word` score; of runs without a mask,
    the exam with the `mask_put_back`. Made by `tools/parrot_runs.py`.

    >>> [run["copying"] > 0.9 for run in parrot_runs()["one layer"]]
    [False, False, False, False, False]
    """
    text = Path(__file__).with_name("parrot_runs.json").read_text(encoding="utf-8")
    runs = {}
    for run in json.loads(text):
        runs.setdefault(run.pop("change"), []).append(run)
    return runs
