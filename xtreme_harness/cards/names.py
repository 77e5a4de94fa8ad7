"""Names: as people give them on a command line, and of official files."""

from __future__ import annotations

from collections.abc import Sequence

from xtreme_harness.cards.schema import TaskCard

__all__ = ["file_name", "split_names"]


def split_names(values: str | Sequence[str]) -> list[str]:
    """Names that were given repeatedly, comma-separated, or both, each once.

    >>> split_names(["xnli,panx", "xquad", "xnli"])
    ['xnli', 'panx', 'xquad']
    """
    listed = [values] if isinstance(values, str) else list(values)
    return list(dict.fromkeys(name.strip() for value in listed for name in value.split(",") if name.strip()))


def file_name(card: TaskCard, split: str, language: str) -> str:
    """Path of a prediction or label file below a submission folder: "xnli/test-de.tsv"."""
    return f"{card.name}/{split}-{language}.{card.extension}"
