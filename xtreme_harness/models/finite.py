"""Where a network answers with what is no number: is it the weights, or the arithmetic?"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import torch

__all__ = ["broken_file", "broken_tensor"]


def broken_tensor(named: Iterable[tuple[str, torch.Tensor]]) -> str:
    """The first tensor that holds NaN or infinity, in words; "" where all are finite.

    >>> broken_tensor([("a", torch.zeros(2)), ("b", torch.tensor([1.0, float("nan")]))])
    'b: 1 of its 2 values are not numbers (NaN or infinite)'
    """
    for name, value in named:
        if not value.is_floating_point():
            continue
        bad = int((~torch.isfinite(value.detach())).sum())
        if bad:
            return f"{name}: {bad:,} of its {value.numel():,} values are not numbers (NaN or infinite)"
    return ""


def broken_file(folders: Iterable[Path]) -> str:
    """The first tensor in the safetensors files of folders that holds NaN or infinity, in one line; "" for none."""
    from safetensors import safe_open

    for file in (file for folder in folders for file in sorted(folder.glob("*.safetensors"))):
        with safe_open(file, framework="pt") as weights:
            found = broken_tensor((name, weights.get_tensor(name)) for name in weights.keys())  # noqa: SIM118
        if found:
            return f"{file}: {found}; no dtype mends that: save the checkpoint again"
    return ""
