"""Names as people give them on a command line."""

from __future__ import annotations

from collections.abc import Sequence

__all__ = ["split_names"]


def split_names(values: str | Sequence[str]) -> list[str]:
    """Names that were given repeatedly, comma-separated, or both, each once.

    >>> split_names(["xnli,panx", "xquad", "xnli"])
    ['xnli', 'panx', 'xquad']
    """
    listed = [values] if isinstance(values, str) else list(values)
    return list(dict.fromkeys(name.strip() for value in listed for name in value.split(",") if name.strip()))
