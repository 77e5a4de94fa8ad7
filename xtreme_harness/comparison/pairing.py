"""What of several runs can be compared: the same examples, scored the same way."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from xtreme_harness.data.trained_on import ENGLISH
from xtreme_harness.results.record import CellRecord
from xtreme_harness.results.result import Result

__all__ = ["Paired", "Unpaired", "pair"]

SAME = (  # fields of the fingerprint that must agree
    "split", "card", "metric", "data", "labels", "limit", "train_on", "train_languages", "select_on", "translated",
)  # fmt: skip
_UNSAID = {"train_on": ENGLISH, "select_on": ENGLISH}  # what a field means that is not there
_TOLD = {"train_languages": "train_on", "data": "translated"}  # fields of which another says enough


@dataclass(frozen=True, slots=True)
class Unpaired:
    """A cell that is not compared."""

    task: str
    language: str
    reason: str


@dataclass(frozen=True, slots=True)
class Paired:
    """The cells that all runs have, and what stands against comparing them."""

    old: Mapping[tuple[str, str], tuple[CellRecord, ...]]  # cell -> one a seed
    new: Mapping[tuple[str, str], tuple[CellRecord, ...]]
    unpaired: tuple[Unpaired, ...]
    mismatches: tuple[str, ...]  # one line a task and field


def pair(old: Sequence[Result], new: Sequence[Result]) -> Paired:
    """Find the cells that can be compared.

    Args:
        old: runs of one model that differ in their seed.
        new: runs of the other.
    """
    runs = [*old, *new]
    keys = dict.fromkeys(key for run in runs for key in run.scored)
    unpaired: list[Unpaired] = []
    differing: dict[tuple[str, str], list[tuple[str, str]]] = {}  # task, field -> (language, what differs)
    common = []
    for key in keys:
        absent = [run for run in runs if key not in run.scored]
        if absent:
            unpaired.append(Unpaired(*key, f"not in {', '.join(dict.fromkeys(run.place for run in absent))}"))
            continue
        cells = [run.scored[key] for run in runs]
        reason = _obstacle(cells)
        for field, words in _differences(cells).items():
            differing.setdefault((key[0], field), []).append((key[1], words))
        if reason:
            unpaired.append(Unpaired(*key, reason))
        else:
            common.append(key)
    mismatches = tuple(_mismatch(task, field, found) for (task, field), found in differing.items())
    return Paired(
        {key: tuple(run.scored[key] for run in old) for key in common},
        {key: tuple(run.scored[key] for run in new) for key in common},
        tuple(unpaired), mismatches,
    )  # fmt: skip


def _obstacle(cells: Sequence[CellRecord]) -> str:
    """Why cells cannot be paired, whatever the user forces."""
    if any(cell.rows is None for cell in cells):
        return "no statistics per example (cells/ is not beside results.json)"
    sizes = list(dict.fromkeys(cell.n for cell in cells))
    if len(sizes) > 1:
        return f"{' and '.join(map(str, sizes))} examples, which cannot be paired"
    columns = list(dict.fromkeys(cell.columns for cell in cells))
    if len(columns) > 1:
        return f"statistics {', '.join(columns[0])} and {', '.join(columns[1])}, which cannot be paired"
    return "no examples" if sizes == [0] else ""


def _differences(cells: Sequence[CellRecord]) -> dict[str, str]:
    """Field -> its two values, for people."""
    first = cells[0]
    found: dict[str, str] = {}
    for other in cells[1:]:
        if not first.fields or not other.fields:
            continue
        for field in SAME:
            one, two = (cell.fields.get(field, _UNSAID.get(field)) for cell in (first, other))
            if one != two:
                found.setdefault(field, _shown(one, two))
        for field, told in _TOLD.items():
            if told in found:
                found.pop(field, None)
        if first.ids != other.ids and "data" not in found and "limit" not in found:
            found.setdefault("ids", "the examples have other ids")
    return found


def _shown(old: Any, new: Any) -> str:
    if isinstance(old, dict) and isinstance(new, dict):
        names = [name for name in dict.fromkeys([*old, *new]) if old.get(name) != new.get(name)]
        return "; ".join(f"{name} {_short(old.get(name))} and {_short(new.get(name))}" for name in names[:2])
    return f"{_short(old)} and {_short(new)}"


def _short(value: Any) -> str:
    text = str(value)
    return "none" if value is None else text[:8] if len(text) in (40, 64) else text


def _mismatch(task: str, field: str, found: Sequence[tuple[str, str]]) -> str:
    code, words = found[0]
    others = f", and so in {len(found) - 1} more" if len(found) > 1 else ""
    return f"{task}: {field} differs: {words} in {code}{others}"
