"""The kept runs: all that `tools.parrot_runs` makes are there, and a sample is made again."""

from dataclasses import replace

import pytest
import torch

from attnlib import parrot, training
from attnlib.learned import parrot_runs
from tools.parrot_runs import CHANGES, COPIES, MORE_SEEDS, SEEDS, run_of

ROUNDING = 0.02  # of other processors, grown over 500 steps


@pytest.fixture(autouse=True)
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def test_every_change_has_its_five_seeds_and_the_control_five_more():
    seeds = {change: [run["seed"] for run in runs] for change, runs in parrot_runs().items()}
    expected = {change: list(SEEDS) for change in CHANGES}
    assert seeds == expected | {"nothing": [*SEEDS, *MORE_SEEDS]} and list(SEEDS) == [1, 2, 3, 4, 5]


def test_a_run_says_when_it_copies_and_what_each_head_is_worth():
    for change, runs in parrot_runs().items():
        for run in runs:
            assert (run["copies_from"] is None) == (run["copying"] < COPIES), (change, run["seed"])
            assert ("mask_put_back" in run) == (change == "no mask")
            control = change == "nothing" and run["copies_from"] is not None
            assert ("without" in run) == control
            if control:
                assert list(run["without"]) == [f"{la}.{h}" for la in range(2) for h in range(4)]


@pytest.mark.slow
def test_a_run_of_one_layer_comes_out_as_it_is_kept():
    """The cheapest of the 55 rows: one layer, 500 steps."""
    kept = parrot_runs()["one layer"][0]
    made = run_of("one layer", kept["seed"])
    for name in ("loss", "settled_loss", "copying", "sense"):
        assert made[name] == pytest.approx(kept[name], abs=ROUNDING), name
    assert made["copies_from"] is kept["copies_from"] is None


@pytest.mark.slow
def test_without_a_mask_the_loss_falls_below_the_bound_while_copying_rises():
    """Of the run that took longest, the beginning: it copies from step 75 or sooner on."""
    kept = parrot_runs()["no mask"][3]
    assert kept["copies_from"] == 50
    recipe = replace(training.Recipe(seed=kept["seed"], **CHANGES["no mask"]), n_steps=100)
    exam = training.record(recipe, keep=(), exam_every=100).exams[100]
    best = parrot.bound(parrot.batch(parrot.Draws(99), 96, 32))
    assert exam.copying > COPIES and exam.loss < best.loss / 2
