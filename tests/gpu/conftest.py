"""What all tests on a GPU need: one."""

from __future__ import annotations

import pytest
import torch


@pytest.fixture(autouse=True)
def _a_gpu() -> None:
    if not torch.cuda.is_available():
        pytest.skip("needs a CUDA device")
