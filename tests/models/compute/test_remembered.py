"""What is kept of a pool that was searched block by block."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from xtreme_harness.models.compute.remembered import Block, remembered

SIZE = 40  # bytes of a block


def made(asked: list[int]) -> Iterator[Block]:
    for i in range(3):
        asked.append(i)
        yield [f"{i}"], np.full((1, 10), i, np.float32)


def names(blocks: Iterator[Block]) -> list[str]:
    return [name for block, _ in blocks for name in block]


def test_a_small_pool_is_made_once_and_one_is_held() -> None:
    store, asked = dict[str, list[Block]](), list[int]()
    assert [names(remembered(made(asked), store, "p", 3 * SIZE)) for _ in range(2)] == [["0", "1", "2"]] * 2
    assert asked == [0, 1, 2] and list(store) == ["p"]
    names(remembered(made(asked), store, "q", 3 * SIZE))
    assert len(asked) == 6 and list(store) == ["q"]


def test_of_a_large_pool_and_of_one_without_key_nothing_is_held() -> None:
    store, asked = dict[str, list[Block]](), list[int]()
    for key, most in (("p", 3 * SIZE - 1), ("", 3 * SIZE), ("p", SIZE)):
        assert names(remembered(made(asked), store, key, most)) == ["0", "1", "2"] and store == {}
    assert len(asked) == 9


def test_a_pool_that_was_left_halfway_is_no_pool() -> None:
    store = dict[str, list[Block]]()
    next(remembered(made([]), store, "p", 3 * SIZE))
    assert store == {}
