"""Train the parrot's model many times, each time with one thing changed, and keep what came of it.

    python -m tools.parrot_runs

Writes attnlib/learned/parrot_runs.json, which chapter 12 reads: every claim about training has
runs of five seeds and the same seeds untouched. Takes some minutes on one core;
tests/training/test_parrot_runs.py makes a sample of it again.
"""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

from attnlib import training

ROOT = Path(__file__).resolve().parents[1]
FILE = ROOT / "attnlib" / "learned" / "parrot_runs.json"
SEEDS = range(1, 6)
CHANGES = {  # a name, and the fields of the recipe that differ
    "nothing": {},
    "one layer": {"n_layers": 1},
    "one layer, eight heads": {"n_layers": 1, "n_heads": 8, "d_model": 48},
    "no positions": {"positions": False},
    "the word before hidden": {"previous": False},
    "no mask": {"mask": False},
    "no root": {"root": False},
    "steps three times as large": {"rate": 0.03},
    "steps ten times as large": {"rate": 0.1},
    "all words weighted alike": {"unsettled": 1.0},
}
MORE_SEEDS = range(6, 11)  # of the untouched recipe
COPIES = 0.9  # the share from which a model copies
WAITS = 0.25  # and up to which it does not begin to


def told(exam):
    """The numbers of an exam that the table keeps."""
    names = ("loss", "settled_loss", "copying", "sense")
    return {name: round(getattr(exam, name), 3) for name in names}


def run_of(change, seed):
    """One row of the table: a run to its end."""
    recipe = training.Recipe(seed=seed, **CHANGES[change])
    recording = training.record(recipe, keep=())
    copies = [step for step, exam in recording.exams.items() if exam.copying > COPIES]
    model = training.model_of(recipe, recording.weights[recipe.n_steps])
    row = {"change": change, "seed": seed, **told(recording.exams[recipe.n_steps])}
    row["copies_from"] = min(copies, default=None)
    if change == "no mask":
        row["mask_put_back"] = told(training.examine(model, recipe=replace(recipe, mask=True)))
    if change == "nothing" and row["copies_from"] is not None:
        waits = [step for step, exam in recording.exams.items() if exam.copying <= WAITS]
        row["waits_until"] = max(waits)
        row["without"] = copying_without_each_head(model, recipe)
        row["previous_word"] = by_head(recording.exams[recipe.n_steps].previous_word)
    return row


def by_head(scores):
    """Scores, `(n_layers, n_heads)`, by the heads' names: layer, full stop, head."""
    return {f"{at[0]}.{at[1]}": round(float(score), 3) for at, score in np.ndenumerate(scores)}


def copying_without_each_head(model, recipe):
    """The share copied rightly, by the head that is silenced."""
    shares = np.empty((recipe.n_layers, recipe.n_heads))
    for at in np.ndindex(shares.shape):
        shares[at] = training.examine(model, recipe=recipe, silent=[at]).copying
    return by_head(shares)


def main():
    torch.set_num_threads(1)  # so small that more threads only get in each other's way
    wanted = [(change, seed) for change in CHANGES for seed in SEEDS]
    wanted += [("nothing", seed) for seed in MORE_SEEDS]
    rows = []
    for change, seed in wanted:
        rows.append(run_of(change, seed))
        print(json.dumps(rows[-1]), flush=True)
        lines = ",\n".join(json.dumps(row) for row in rows)
        FILE.write_text(f"[\n{lines}\n]\n", encoding="utf-8")


if __name__ == "__main__":
    main()
