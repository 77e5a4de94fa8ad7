"""Models without weights that run the same path: `oracle`, `majority`, `random`."""

from __future__ import annotations

from collections.abc import Mapping
from random import Random
from typing import Any

from xtreme_harness.cards import TaskCard
from xtreme_harness.errors import DataError
from xtreme_harness.models.checkpoint import SELF_TESTS
from xtreme_harness.records import Split

__all__ = ["SELF_TESTS", "answer"]


def answer(name: str, kind: Any, split: Split[Any], card: TaskCard, seed: int) -> Mapping[str, Any]:
    """Answer a split with the gold, with one answer for all, or by chance (seeded by example).

    Raises:
        DataError: `oracle` where the data has no gold.
    """
    if name == "oracle":
        if any(kind.gold(e) is None for e in split.examples):
            raise DataError(
                f"{card.name} {split.language}: the data has no gold for oracle to answer with; give --labels DIR"
            )
        return {e.id: kind.perfect(e) for e in split.examples}
    if name == "majority":
        found: Mapping[str, Any] = kind.constant(split, card)
        return found
    guesses: Mapping[str, Any] = kind.guess(
        split, card, lambda key: Random(f"{seed}|{split.task}|{split.language}|{split.name}|{key}")
    )
    return guesses
