"""Candidates hold the nearest neighbours, and what ties with the last of them, in spaces of every shape."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from xtreme_harness.search import shortlist
from xtreme_harness.search.nearest import normalised
from xtreme_harness.search.shortlist import _down, candidates


def space(shape: str, n: int, d: int, rng: np.random.Generator) -> np.ndarray:
    """Vectors in all directions, in nearly one, in clusters, of all lengths, or of few values."""
    drawn = rng.standard_normal((n, d))
    if shape == "narrow":
        drawn = drawn + 8 * np.random.default_rng(1).standard_normal(d)
    elif shape == "clusters":
        drawn = np.random.default_rng(1).standard_normal((9, d))[rng.integers(0, 9, n)] + 0.02 * drawn
    elif shape == "grid":
        return np.round(drawn).astype(np.float32)
    elif shape == "lengths":
        return (drawn * rng.exponential(3, (n, 1))).astype(np.float32)
    return normalised(drawn.astype(np.float32))


@pytest.mark.parametrize("block", [64, 4096])
@pytest.mark.parametrize("d", [3, 48])
@pytest.mark.parametrize("shape", ["all", "narrow", "clusters", "grid", "lengths"])
def test_no_neighbour_is_missed(shape: str, d: int, block: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shortlist, "_BLOCK", block)
    monkeypatch.setattr(shortlist, "_TILE", 16)
    rng, k = np.random.default_rng(2), 7
    queries, pool = space(shape, 41, d, rng), space(shape, 900, d, rng)
    found = candidates(queries, pool, k)
    assert (np.diff(found.query) >= 0).all() and not len(found.open)
    scores = queries.astype(np.float64) @ pool.astype(np.float64).T
    for query, row in enumerate(scores):
        near = set(np.flatnonzero(row >= np.sort(row)[-k]).tolist())
        own = found.item[found.query == query].tolist()
        assert near <= set(own) and len(set(own)) == len(own)
    if shape == "all" and d == 48:
        assert len(found.query) < 41 * 3 * k  # and they are few


def test_a_query_with_too_many_candidates_is_left_open(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shortlist, "_MOST", 20)
    pool = normalised(np.random.default_rng(0).standard_normal((300, 16)).astype(np.float32))
    pool[50:100] = pool[50]
    found = candidates(np.stack([pool[50], pool[200]]), pool, 3)
    assert found.open.tolist() == [0] and set(found.query.tolist()) == {1}


@given(st.floats(-1e4, 1e4, width=32))
def test_down_is_the_next_number_that_is_not_above(value: float) -> None:
    found = _down(torch.tensor([value]))[0]
    assert found.dtype == torch.bfloat16 and float(found) <= value
    assert float(torch.nextafter(found, torch.tensor(torch.inf, dtype=torch.bfloat16))) > value
