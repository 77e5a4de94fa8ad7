"""Answers on their way to the host: numbers, kept positions, and pools too large for memory."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from xtreme_harness.errors import ModelError
from xtreme_harness.models.compute import answers
from xtreme_harness.models.compute.answers import Pending, gathered, kept, numbers
from xtreme_harness.records import Encoded


def test_what_is_no_number_is_an_error() -> None:
    assert numbers(torch.tensor([1, float("inf")], dtype=torch.bfloat16)).tolist() == [1, np.inf]
    with pytest.raises(ModelError, match=r"not numbers \(NaN\); use --dtype float32 or bfloat16"):
        numbers(torch.tensor([1, float("nan")]))


def test_rows_go_to_their_sequences() -> None:
    table = torch.arange(10.0).reshape(5, 2)
    assert [a.tolist() for a in Pending(table[:2]).fetched()] == [[0, 1], [2, 3]]
    found = Pending(table, [2, 0, 3]).fetched()
    assert [len(a) for a in found] == [2, 0, 3] and found[2][0].tolist() == [4, 5]
    values = torch.arange(12.0).reshape(2, 3, 2)
    rows = [Encoded([1, 2, 3], keep=(2,)), Encoded([4, 5])]
    assert [a.tolist() for a in kept(values, rows).fetched()] == [[[4, 5]], [[6, 7], [8, 9]]]


@pytest.mark.parametrize("limit", [0, 40, 1 << 30])
def test_parts_make_one_array_in_memory_or_not(limit: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(answers, "_IN_MEMORY", limit)
    parts = [np.full((n, 3), n, np.float32) for n in (1, 2, 3, 1)]
    whole = gathered(iter(parts))
    assert np.array_equal(whole, np.concatenate(parts)) and whole.dtype == np.float32
    assert isinstance(whole, np.memmap) == (limit < 84)
    assert gathered([]).shape == (0, 1)
