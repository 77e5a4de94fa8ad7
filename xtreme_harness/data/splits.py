"""Located data to a Split of examples."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any

from xtreme_harness.cards import TaskCard
from xtreme_harness.data.formats.checks import PartlyRead, in_order
from xtreme_harness.data.sources import Located
from xtreme_harness.errors import CardError, DataError, listed
from xtreme_harness.files.shown import shown
from xtreme_harness.records import Passage, Row, Split, Table

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
    faults: list[str] = []
    table = _read(card, located, faults)
    rows = list(islice(table.rows, limit)) if limit is not None and not faults else list(table.rows)
    examples: list[Any] = []
    places: list[str] = []
    wrong: list[tuple[str, str]] = []
    for position, row in enumerate(rows):
        own = row.values.get("id") is not None and name != "train"
        try:
            examples.append(parse(row if own else replace(row, values={**row.values, "id": str(position)}), card))
            places.append(row.place)
        except DataError as error:
            place = f"{row.place}: "
            wrong += [(place, f.removeprefix(place)) if f.startswith(place) else ("", f) for f in error.faults]
    faults.extend(_folded(wrong, len(rows)))
    faults.extend(_repeated(examples, places))
    if not rows and not faults:
        faults.append(f"{located.origin}: {card.name} {language} {name} has no examples")
    if faults:
        raise DataError(*listed(in_order(faults)))
    pool = _Pool(table.pool, card, passage) if passage else ()
    key = f"{card.name}|{located.pool_key()}" if passage else ""
    return Split(card.name, language, name, tuple(examples), pool, key, located.hashes(), located.origin)


def _read(card: TaskCard, located: Located, faults: list[str]) -> Table:
    """The rows; of a file with faults those that are sound, so that the faults of all rows are told together."""
    try:
        return located.read()
    except CardError as error:
        raise CardError(*(f"{card.name}: {fault}" for fault in error.faults)) from None
    except PartlyRead as error:
        faults.extend(error.all_faults)
        return Table(error.rows)


def _folded(wrong: Sequence[tuple[str, str]], rows: int) -> list[str]:
    """The faults of rows with their places; what is wrong with every row is the card's fault or the file's: once."""
    counts = Counter(fault for _, fault in wrong)
    common = [fault for fault, times in counts.items() if times == rows > 1]
    apart = [place + fault for place, fault in wrong if fault not in common]
    return [f"{wrong[0][0]}{fault} (so in all {rows} rows)" for fault in common] + apart


def _repeated(examples: list[Any], places: list[str]) -> list[str]:
    """Ids that stand more than once, with the place of the second."""
    seen: set[str] = set()
    faults = []
    for example, place in zip(examples, places, strict=True):
        if example.id in seen:
            faults.append(f"{place}: id {shown(example.id)} stands twice; ids of evaluation data must differ")
        seen.add(example.id)
    return faults
