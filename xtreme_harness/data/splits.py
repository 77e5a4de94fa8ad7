"""Located data to a Split of examples."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any

from xtreme_harness.cards import TaskCard
from xtreme_harness.data.sources import Located
from xtreme_harness.errors import DataError, listed
from xtreme_harness.records import Passage, Row, Split

__all__ = ["load_split"]


@dataclass(frozen=True, slots=True)
class _Pool:
    """A pool that is parsed anew each time it is iterated, so that a million passages need no memory."""

    rows: Iterable[Row]
    card: TaskCard
    parse: Callable[[Row, TaskCard], Passage]

    def __iter__(self) -> Iterator[Passage]:
        return (self.parse(row, self.card) for row in self.rows)


def load_split(
    card: TaskCard,
    language: str,
    name: str,
    located: Located,
    parse: Callable[[Row, TaskCard], Any],
    passage: Callable[[Row, TaskCard], Passage] | None = None,
    limit: int | None = None,
) -> Split[Any]:
    """Read, parse and check one split.

    Args:
        card: the task.
        language: the benchmark's code.
        name: "train", "dev" or "test".
        located: where the data lies.
        parse: the kind's, one row to one example; a row without an id gets its position.
        passage: the kind's, for the rows of the pool.
        limit: keep the first so many examples; the pool stays whole.

    Raises:
        DataError: every fault of the split, with file and line.
    """
    table = located.read()
    rows = list(islice(table.rows, limit)) if limit is not None else list(table.rows)
    examples: list[Any] = []
    faults: list[str] = []
    for position, row in enumerate(rows):
        own = row if "id" in row.values and name != "train" else Row({**row.values, "id": str(position)}, row.place)
        try:
            examples.append(parse(own, card))
        except DataError as error:
            faults.extend(error.faults)
    faults.extend(_repeated(examples, rows))
    if not rows:
        faults.append(f"{located.origin}: {card.name} {language} {name} has no examples")
    if faults:
        raise DataError(*listed(faults))
    pool = _Pool(table.pool, card, passage) if passage else ()
    key = f"{card.name}|{located.pool_key()}" if passage else ""
    return Split(card.name, language, name, tuple(examples), pool, key, located.hashes(), located.origin)


def _repeated(examples: list[Any], rows: list[Row]) -> list[str]:
    """Ids that stand more than once, with the place of the second."""
    seen: set[str] = set()
    faults = []
    for example, row in zip(examples, rows, strict=False):
        if example.id in seen:
            faults.append(f"{row.place}: id '{example.id}' stands twice; ids of evaluation data must differ")
        seen.add(example.id)
    return faults
