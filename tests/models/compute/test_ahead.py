"""Items made ahead of time: their order, their errors, and a thread that ends."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from xtreme_harness.models.compute.ahead import ahead


def test_order_and_end() -> None:
    assert list(ahead(iter("abcdefg"))) == list("abcdefg") and list(ahead([])) == []


def test_an_error_comes_where_its_item_would() -> None:
    def broken() -> Iterator[int]:
        yield from (1, 2)
        raise ValueError("no third")

    found = []
    with pytest.raises(ValueError, match="no third"):
        for item in ahead(broken()):
            found.append(item)
    assert found == [1, 2]


def test_no_more_than_wanted_is_made_ahead_and_the_thread_ends() -> None:
    made: list[int] = []

    def items() -> Iterator[int]:
        for i in range(1000):
            made.append(i)
            yield i

    before = threading.active_count()
    stream = ahead(items(), 2)
    assert [next(stream), next(stream)] == [0, 1]
    stream.close()  # type: ignore[attr-defined]
    assert len(made) <= 6 and threading.active_count() == before
