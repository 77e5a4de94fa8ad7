"""How a batch is cut into parts."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest

from xtreme_harness.models.compute.microbatch import split_batch

CALL = 192  # the price of one more call, as the module has it


def padded(parts: list[list[int]], lengths: list[int], rows: list[int]) -> int:
    """Padded tokens of some parts, with the price of every call."""
    return sum(max(lengths[i] for i in part) * sum(rows[i] for i in part) + CALL for part in parts)


@pytest.mark.parametrize("seed", range(4))
def test_every_lesson_stands_in_one_part_within_the_budget(seed: int) -> None:
    rng = np.random.default_rng(seed)
    lengths, rows = rng.integers(1, 400, 40).tolist(), rng.integers(1, 5, 40).tolist()
    parts = [part.tolist() for part in split_batch(lengths, 2048, rows)]
    assert sorted(i for part in parts for i in part) == list(range(40))
    assert all(padded([part], lengths, rows) - CALL <= 2048 for part in parts)


@pytest.mark.parametrize("seed", range(4))
def test_no_other_cut_of_neighbours_is_cheaper(seed: int) -> None:
    rng = np.random.default_rng(seed)
    lengths, rows = rng.integers(1, 300, 7).tolist(), rng.integers(1, 4, 7).tolist()
    order = sorted(range(7), key=lambda i: -lengths[i])
    cuts = (c for n in range(7) for c in combinations(range(1, 7), n))
    ways = ([order[a:b] for a, b in zip((0, *c), (*c, 7), strict=True)] for c in cuts)
    least = min(padded(way, lengths, rows) for way in ways)
    assert padded([part.tolist() for part in split_batch(lengths, 1 << 20, rows)], lengths, rows) == least


def test_a_lesson_beyond_the_budget_is_a_part_of_its_own() -> None:
    assert [part.tolist() for part in split_batch([9, 900, 9], budget=64)] == [[1], [0, 2]]
