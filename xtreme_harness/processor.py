"""What the processor offers."""

from __future__ import annotations

import os

__all__ = ["bfloat16_is_native", "cores", "has_amx"]


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
