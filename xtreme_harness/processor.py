"""What the processor offers, and how float32 is multiplied."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

__all__ = ["bfloat16_is_native", "cores", "has_amx", "true_float32"]


def cores() -> int:
    """How many of its cores this process may use."""
    affinity = getattr(os, "sched_getaffinity", None)
    return len(affinity(0)) if affinity else os.cpu_count() or 1


def bfloat16_is_native() -> bool:
    """Does this processor multiply bfloat16 by instructions of its own (AMX, AVX512-BF16)?"""
    return has_amx() or _offers("_is_avx512_bf16_supported")


def has_amx() -> bool:
    """Does it do so by AMX, in tiles?"""
    return _offers("_is_amx_tile_supported")


def _offers(probe: str) -> bool:
    """What torch finds of the processor; no where this torch does not ask."""
    import torch

    return bool(getattr(torch.cpu, probe, lambda: False)())


@contextmanager
def true_float32(device: str) -> Iterator[None]:
    """Let a GPU multiply float32 as float32 while the context lasts, whatever is set.

    TensorFloat-32 keeps 10 bits of 23. torch takes it for convolutions by default, and for all products where a program
    or a container's TORCH_ALLOW_TF32_CUBLAS_OVERRIDE asks for it: answers would differ by far more than 1e-4.

    Args:
        device: "cpu", where nothing is changed, or a CUDA device.
    """
    switches = _switches() if device.startswith("cuda") else []
    before = [getattr(place, name) for place, name, _ in switches]
    try:
        for place, name, exact in switches:
            setattr(place, name, exact)
        yield
    finally:
        for (place, name, _), value in zip(switches, before, strict=True):
            setattr(place, name, value)


def _switches() -> list[tuple[Any, str, Any]]:
    """What decides over TensorFloat-32: where, its name, and the value that means none of it."""
    from torch.backends import cuda, cudnn

    parts = [cuda.matmul, getattr(cudnn, "conv", None), getattr(cudnn, "rnn", None)]
    if all(hasattr(part, "fp32_precision") for part in parts):
        return [(part, "fp32_precision", "ieee") for part in parts]
    return [(place, "allow_tf32", False) for place in (cuda.matmul, cudnn)]  # torch before 2.9
