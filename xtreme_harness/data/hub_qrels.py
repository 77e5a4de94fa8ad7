"""Queries, a corpus and judgements that lie in three configs of a Hub dataset, as MTEB's mirrors have them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Protocol

from xtreme_harness.data.formats.judgements import CORPUS, QRELS, QUERIES, Names, Records, Sources, judged_table, named
from xtreme_harness.errors import CardError, did_you_mean
from xtreme_harness.files.shown import some
from xtreme_harness.records import Json, Row, Table

__all__ = ["ROLES", "Part", "config_and_split", "qrels_table"]

ROLES: dict[str, Names] = {"queries": QUERIES, "corpus": CORPUS, "qrels": QRELS}
_ROWS = 1000  # read at a time


class Part(Protocol):
    """One config."""

    @property
    def data(self) -> Any:
        """A `datasets.Dataset`: a slice of it is a mapping of columns to values."""
        ...

    @property
    def found(self) -> Sequence[str]:
        """Names of the columns."""
        ...

    @property
    def place(self) -> str:
        """For messages."""
        ...


def config_and_split(value: str, split: str) -> tuple[str, str]:
    """A config as a card names it, and the split of it that is read: its own, or else the card's.

    >>> config_and_split("sw-corpus", "dev"), config_and_split("corpus/corpus", "test")
    (('sw-corpus', 'dev'), ('corpus', 'corpus'))
    """
    config, _, own = value.partition("/")
    return config, own or split


def qrels_table(parts: Mapping[str, Part], options: Mapping[str, Json], place: str) -> Table:
    """Read the configs `queries`, `corpus` and `qrels` as `formats.qrels` reads files; the corpus is lazy.

    Options: as of `formats.qrels`.

    Raises:
        DataError: with all faults of queries and judgements; those of the corpus when the pool is read.
        CardError: a config is not named, or lacks a column.
    """
    if missing := [role for role in ROLES if role not in parts]:
        raise CardError(f"{place}: hub.configs: found none for {', '.join(missing)}; the shape qrels reads three")
    records = {role: _records(part, _columns(role, part, options)) for role, part in parts.items()}
    corpus, titles = parts["corpus"].place, bool(options.get("titles", True))
    return judged_table(Sources(records["queries"], records["corpus"], records["qrels"], corpus, titles))


def _columns(role: str, part: Part, options: Mapping[str, Json]) -> dict[str, str]:
    """Field -> the column that the config has."""
    names = named(ROLES[role], options.get(role))
    found = {field: column for field, columns in names.items() for column in columns[::-1] if column in part.found}
    faults = [
        f"{part.place}: no column '{columns[0]}'{did_you_mean(columns[0], part.found)}; found {some(part.found)}; "
        f"expected {field}, name it under hub.options.{role}"
        for field, columns in names.items()
        if field not in found and field != "title"
    ]
    if faults:
        raise CardError(*faults)
    return found


def _records(part: Part, columns: Mapping[str, str]) -> Records:
    def read(faults: list[str]) -> Iterator[Row]:
        for start in range(0, len(part.data), _ROWS):
            rows = part.data[start : start + _ROWS]
            fields = zip(*(rows[column] for column in columns.values()), strict=True)
            for i, values in enumerate(fields, start):
                yield Row(dict(zip(columns, values, strict=True)), f"{part.place}[{i}]")

    return read
