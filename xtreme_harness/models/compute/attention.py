"""Attention within sequences of equal length that lie side by side."""

from __future__ import annotations

import torch
from torch.nn.functional import scaled_dot_product_attention

from xtreme_harness.processor import has_amx

__all__ = ["attend"]

_SCORES = 4 << 20  # bytes of attention scores at once, where they are stored: they should stay in a cache
_SHORT = 24  # tokens; below, many small products take longer than one fused pass


def attend(projected: torch.Tensor, length: int, heads: int) -> torch.Tensor:
    """Every token attends to all of its own sequence.

    torch's fused attention never stores the scores. In bfloat16 on a processor without AMX it multiplies in small
    tiles, which reach half the speed of oneDNN's batched products there (sequences of 35 to 384 tokens, AVX512-BF16);
    so the scores are stored, for some sequences at a time. With AMX it is the faster one, by a third to a half from 100
    tokens on.

    Args:
        projected: (n * length, 3 * d) queries, keys and values of n sequences.
        length: tokens of each.
        heads: that d is split into.

    Returns:
        (n * length, d)
    """
    storing = projected.dtype == torch.bfloat16 and projected.device.type == "cpu" and not has_amx()
    if not storing or length < _SHORT:
        return _fused(projected, length, heads)
    sequences = max(1, _SCORES // (heads * length * length * projected.element_size()))
    parts = torch.split(projected, sequences * length)
    return torch.cat([_stored(part, length, heads) for part in parts])


def _fused(projected: torch.Tensor, length: int, heads: int) -> torch.Tensor:
    query, key, value = _split(projected, length, heads)
    return _joined(scaled_dot_product_attention(query, key, value))


def _stored(projected: torch.Tensor, length: int, heads: int) -> torch.Tensor:
    parts = _split(projected, length, heads)
    count, size = parts.shape[1], parts.shape[-1]
    query, key, value = parts.reshape(3, count * heads, length, size)
    none = projected.new_empty(1)  # beta=0: it is not read
    scores = torch.baddbmm(none, query, key.transpose(1, 2), beta=0, alpha=size**-0.5)
    return _joined(torch.bmm(scores.softmax(-1), value).view(count, heads, length, size))


def _split(projected: torch.Tensor, length: int, heads: int) -> torch.Tensor:
    """(n * length, 3 * d) to (3, n, heads, length, d / heads), without a copy."""
    return projected.view(-1, length, 3, heads, projected.shape[1] // (3 * heads)).permute(2, 0, 3, 1, 4)


def _joined(attended: torch.Tensor) -> torch.Tensor:
    """(n, heads, length, d / heads) to (n * length, d)."""
    count, heads, length, size = attended.shape
    return attended.transpose(1, 2).reshape(count * length, heads * size)
