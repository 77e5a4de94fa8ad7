"""Logits for decoding alone: made up, the same for both sides."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np


def made_up(lengths: Sequence[int]) -> list[np.ndarray]:
    """Start and end logits (tokens, 2) of each sequence."""
    rng = np.random.default_rng(0)
    return [rng.standard_normal((n, 2), dtype=np.float32) for n in lengths]
