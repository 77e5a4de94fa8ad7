"""Rows made of numbers."""

from __future__ import annotations

from collections.abc import Mapping

from xtreme_harness.gains.rows import GainRow, paired

Scores = Mapping[tuple[str, str, int], Mapping[str, float]]  # (intermediate, target, seed) -> language -> percent


def made_rows(scores: Scores, suite: str = "tasks", base: str = "b", split: str = "test") -> list[GainRow]:
    """Rows with their gains, one a score."""
    return paired(
        GainRow(base, intermediate, suite, target, language, seed, split, "accuracy", True, score)
        for (intermediate, target, seed), languages in scores.items()
        for language, score in languages.items()
    )
