"""Gold from a label folder in the official form."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from xtreme_harness.cards import TaskCard
from xtreme_harness.cards.names import file_name
from xtreme_harness.errors import DataError, listed
from xtreme_harness.files.text import read_text
from xtreme_harness.kinds.base import Kind
from xtreme_harness.records import Split

__all__ = ["relabelled"]


def relabelled(labels: Path, kind: Kind[Any, Any, Any], card: TaskCard, split: Split[Any]) -> Split[Any]:
    """The split with the gold of an official label folder; as it is where the folder has no such file.

    Raises:
        DataError: when the label file does not fit the data.
    """
    from dataclasses import replace

    path = labels / file_name(card, split.name, split.language)
    if not path.exists():
        return split
    golds = kind.golds(read_text(path), str(path), card)
    unnamed = kind.unnamed(card)
    if unnamed is not None:
        golds = {**{e.id: unnamed for e in split.examples}, **golds}
    ids = {e.id for e in split.examples}
    if len(golds) == len(ids) and ids.isdisjoint(golds) and [*golds] == [str(i) for i in range(len(ids))]:
        # a line an example, and the ids stand in the data alone
        golds = {e.id: golds[str(i)] for i, e in enumerate(split.examples)}
    faults = [f"{path}: no label for '{e.id}'" for e in split.examples if e.id not in golds]
    if len(golds) > len(ids) or set(golds) - ids:
        unknown = [key for key in golds if key not in ids]
        faults.append(f"{path}: {len(golds)} labels, expected {len(ids)}; '{unknown[0]}' is not in the data")
    if faults:
        raise DataError(*listed(faults, 5))
    return replace(split, examples=tuple(kind.relabel(e, golds[e.id]) for e in split.examples))
