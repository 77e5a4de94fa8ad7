"""Attention within sequences, against the formula in double precision."""

from __future__ import annotations

import pytest
import torch

from xtreme_harness.models.compute import attention
from xtreme_harness.models.compute.attention import attend


def plain(projected: torch.Tensor, length: int, heads: int) -> torch.Tensor:
    found = []
    for rows in projected.double().split(length):
        query, key, value = rows.chunk(3, dim=1)
        parts = zip(query.chunk(heads, 1), key.chunk(heads, 1), value.chunk(heads, 1), strict=True)
        found.append(torch.cat([((q @ k.T) / q.shape[1] ** 0.5).softmax(-1) @ v for q, k, v in parts], dim=1))
    return torch.cat(found)


@pytest.mark.parametrize("tiles", [False, True], ids=["", "AMX"])
@pytest.mark.parametrize("scores", [1, 5000, 4 << 20])
@pytest.mark.parametrize(("count", "length", "heads", "size"), [(1, 1, 1, 8), (3, 7, 2, 16), (5, 40, 3, 12)])
@pytest.mark.parametrize(("dtype", "near"), [(torch.float32, 1e-5), (torch.bfloat16, 0.03)])
def test_attention(
    dtype: torch.dtype, near: float, count: int, length: int, heads: int, size: int, scores: int,
    tiles: bool, monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    torch.manual_seed(0)
    projected = torch.randn(count * length, 3 * heads * size).to(dtype)
    monkeypatch.setattr(attention, "_SCORES", scores)
    monkeypatch.setattr(attention, "has_amx", lambda: tiles)
    found = attend(projected, length, heads)
    assert found.dtype == dtype and found.shape == (count * length, heads * size)
    assert (found.double() - plain(projected, length, heads)).abs().max() < near
