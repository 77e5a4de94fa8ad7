"""Tables in markdown."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

__all__ = ["pipe_table"]


def pipe_table(rows: Iterable[Sequence[Any]], headers: Sequence[str], **alignment: Any) -> str:
    """A table with bars between the columns; what looks like a number stays as it is written.

    >>> print(pipe_table([["xnli", "79.20"]], ["task", "score"]))
    | task   | score   |
    |:-------|:--------|
    | xnli   | 79.20   |

    Args:
        rows: of cells.
        headers: one a column.
        alignment: more for `tabulate`, as `colalign`.
    """
    from tabulate import tabulate

    return str(tabulate(list(rows), headers=headers, tablefmt="pipe", disable_numparse=True, **alignment))
