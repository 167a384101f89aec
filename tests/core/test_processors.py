"""What the library computes holds on every processor: the same tests at several instruction sets.

PyTorch, MKL, oneDNN, OpenBLAS and NumPy choose their code by the processor, and so the order in
which sums are added and whether a product is rounded before it is added. Environment variables make
them choose as an older processor would. Not all are heard everywhere: MKL keeps AVX-512 for
Intel's processors. So one more run adds in another order by itself, on every machine.
"""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

pytestmark = pytest.mark.slow  # three more runs of pytest
ROOT = Path(__file__).resolve().parents[2]
BASELINE = {
    "ATEN_CPU_CAPABILITY": "default",
    "MKL_ENABLE_INSTRUCTIONS": "SSE4_2",
    "ONEDNN_MAX_CPU_ISA": "SSE41",
    "OPENBLAS_CORETYPE": "Nehalem",
}
AVX2 = {
    "ATEN_CPU_CAPABILITY": "avx2",
    "MKL_ENABLE_INSTRUCTIONS": "AVX2",
    "ONEDNN_MAX_CPU_ISA": "AVX2",
    "OPENBLAS_CORETYPE": "Haswell",
}
# By what PyTorch finds on this machine: no processor can be asked for what it has not, and what it
# has is what the tests themselves run on.
SETTINGS = {"DEFAULT": [], "AVX2": [BASELINE], "AVX512": [BASELINE, AVX2]}
# Those that compare two ways to the same numbers, or say where NaN and infinity go.
CHOSEN = (
    "test_multi_head.py::test_long_traces_agree_with_those_of_the_heads",
    "test_multi_head.py::test_scores_beyond_every_number_are_those_of_the_heads",
    "test_multi_head.py::test_weights_and_batches_are_those_of_pytorch",
    "test_parity.py::test_long_texts_agree_with_pytorch_from_every_backend",
    "test_parity.py::test_half_precision_is_rounded_once",
    "test_softmax.py::test_large_scores_do_not_overflow",
    "test_wild_numbers.py::test_a_lone_nan_reaches_the_output",
    "test_wild_numbers.py::test_scores_that_overflow_give_nan_and_not_0",
    "test_positions.py::test_integers_and_floats_are_the_same_positions",
)


# Sums from the other end, where several products or many columns are asked for at once: matrix
# libraries choose their code by shape, so a block and its heads may get sums in different orders.
OTHER_ORDER = """
import torch
plain, added = torch.Tensor.__matmul__, torch.baddbmm
def product(one, other):
    if min(one.ndim, other.ndim) < 2:
        return plain(one, other)
    at_once = max(one.ndim, other.ndim) > 2 or other.shape[-1] >= other.shape[-2]
    return plain(one.flip(-1), other.flip(-2)) if at_once else plain(one, other)
torch.Tensor.__matmul__ = product
torch.baddbmm = lambda to, one, other, **scales: added(to, one.flip(-1), other.flip(-2), **scales)
"""
# What shows that the settings do something: sums, by MKL, and exponentials, by PyTorch. After it,
# whether a product asked for with others is the one asked for alone.
FINGERPRINT = """
import sys, pytest, torch
numbers = torch.randn(64, 300, generator=torch.Generator().manual_seed(0))
alone, at_once = numbers @ numbers.T, (numbers.expand(2, -1, -1) @ numbers.T)[0]
print(alone.sum(0).tolist(), torch.softmax(numbers, -1).sum(0).tolist())
print(torch.equal(alone, at_once))
sys.exit(pytest.main(sys.argv[1:]))
"""
OTHER = "other order"


def settings_here():
    """The settings that this machine can be given, by name."""
    found = SETTINGS.get(torch.backends.cpu.get_cpu_capability(), [])
    return dict(zip(("baseline", "AVX2"), found, strict=False))


@pytest.fixture(scope="module")
def runs():
    """A finished run of the chosen tests for each setting."""
    options = ["-q", "-p", "no:cacheprovider", "-p", "no:nbval.plugin"]
    tests = [str(ROOT / "tests" / "core" / test) for test in CHOSEN]
    return {
        name: subprocess.run(
            [sys.executable, "-c", OTHER_ORDER * (name == OTHER) + FINGERPRINT, *options, *tests],
            cwd=ROOT,
            env=os.environ | settings | {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
            capture_output=True,
            text=True,
        )
        for name, settings in {**settings_here(), OTHER: {}}.items()
    }


@pytest.mark.parametrize("name", [*settings_here(), OTHER])
def test_chosen_tests_hold_at_every_instruction_set(runs, name):
    assert runs[name].returncode == 0, runs[name].stdout + runs[name].stderr


def test_the_settings_change_how_sums_are_added(runs):
    """Else the same code would have been tried again: in another order, one product is the same."""
    fingerprints = {run.stdout.splitlines()[0] for run in runs.values()}
    assert len(fingerprints) > 1 or not settings_here()


def test_the_other_order_is_another(runs):
    assert runs[OTHER].stdout.splitlines()[1] == "False"
