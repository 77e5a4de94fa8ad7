"""The checkpoints of one training run, evaluated one after the other: a run each, and `series.json` beside them.

    OUT/series.json
    OUT/step-1000/           what `xharness eval` leaves

`report` and `gate --series` read it.
"""

from __future__ import annotations

import glob
import logging
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path, PurePath

from xtreme_harness.errors import ModelError, OutputError, XHarnessError, listed
from xtreme_harness.files.folder import locked, open_output
from xtreme_harness.results.read import read_result
from xtreme_harness.results.result import Mean, Result
from xtreme_harness.results.series import FILE, Entry, read_entries, step_of, write_entries
from xtreme_harness.results.values import Lost, means_of

__all__ = ["Member", "Outcome", "evaluate_series", "find_members", "is_series", "series_output", "series_table"]

log = logging.getLogger("xtreme_harness")


@dataclass(frozen=True, slots=True)
class Member:
    """One checkpoint of a series."""

    name: str  # its path below the part of the pattern that does not vary: "step-1000"
    path: Path
    step: int


@dataclass(frozen=True, slots=True)
class Outcome:
    """How the checkpoints ended, in the order of their steps."""

    results: Mapping[str, Result]  # name -> what was found; single cells may have failed
    failed: Mapping[str, XHarnessError]  # name -> why there is no result


def is_series(model: str) -> bool:
    """Is this a pattern for many checkpoints, and no checkpoint itself?

    >>> is_series("run/step-*"), is_series("org/name")
    (True, False)
    """
    return glob.has_magic(model) and not Path(model).exists()


def find_members(pattern: str) -> tuple[Member, ...]:
    """The folders that a pattern fits, in the order of their steps: step-2 before step-10.

    Raises:
        ModelError: when there are none; when names say no step, or the same; every fault.
    """
    root = _fixed(pattern)
    inside = (path for path in root.glob(Path(pattern).relative_to(root).as_posix()) if path.is_dir())
    folders = sorted(path for path in inside if not path.name.startswith("."))
    if not folders:
        raise ModelError(
            f"--model {pattern}: fits no folder; expected checkpoints such as run/step-1000, run/step-2000"
        )
    names = {path: path.relative_to(root).as_posix() for path in folders}
    steps = {path: _step(name) for path, name in names.items()}
    faults = [
        f"{path}: its name says no step; narrow --model {pattern}" for path, step in steps.items() if step is None
    ]
    members = [Member(names[path], path, step) for path, step in steps.items() if step is not None]
    members.sort(key=lambda member: member.step)
    faults += [
        f"{one.path}, {other.path}: both are step {one.step}; a series is one training run: narrow --model {pattern}"
        for one, other in pairwise(members)
        if one.step == other.step
    ]
    if faults:
        raise ModelError(*listed(faults))
    return tuple(members)


def series_output(pattern: str) -> Path:
    """The folder of the results where none is named.

    >>> series_output("runs/large/step-*").as_posix()
    'xharness-out/large'
    """
    return Path("xharness-out") / (_fixed(pattern).resolve().name or "series")


def evaluate_series(pattern: str, evaluate: Callable[[str, Path], Result], output: Path) -> Outcome:
    """Run `evaluate(checkpoint, folder)` for every checkpoint; one that fails does not stop the others.

    `series.json` is written anew whenever a run ends. What an earlier call evaluated stays in it, also where the
    checkpoint is gone since.

    >>> from xtreme_harness import evaluate
    >>> one = lambda checkpoint, folder: evaluate(checkpoint, ["xnli"], output=folder)
    >>> evaluate_series("run/step-*", one, Path("series"))  # doctest: +SKIP

    Args:
        pattern: of the checkpoints' folders.
        evaluate: keeps the finished cells of the folder it gets.
        output: the folder of the series.

    Raises:
        ModelError: when the pattern does not name a series.
        OutputError: when the folder cannot be used, or another process uses it.
        XHarnessError: of the first failure's kind, with the faults of all, when every checkpoint failed.
    """
    members = find_members(pattern)
    open_output(output, files=[FILE])
    results: dict[str, Result] = {}
    failed: dict[str, XHarnessError] = {}
    with locked(output):
        entries = _earlier(output, pattern)
        for member in members:
            try:
                results[member.name] = evaluate(str(member.path), output / member.name)
                entries[member.name] = Entry(member.name, member.name, member.step)
            except XHarnessError as error:
                failed[member.name] = error
                entries.pop(member.name, None)
                log.warning("%s: failed; why stands at the end", member.name)
            if entries:
                write_entries(output, entries.values())
    if not results:
        first, *_ = failed.values()
        raise type(first)(*listed(list(dict.fromkeys(fault for error in failed.values() for fault in error.faults))))
    return Outcome(results, failed)


def series_table(output: Path, failed: Sequence[str] = ()) -> str:
    """Means of suites and tasks, one line a step, with their standard errors; percent. A failed step has "-"."""
    from tabulate import tabulate

    runs = {entry: read_result(output / entry.path, rows=False) for entry in read_entries(output)}
    means = {entry: {mean.key: mean for mean in means_of(run) if mean.level != "group"} for entry, run in runs.items()}
    keys = list(dict.fromkeys(key for found in means.values() for key in found))
    fewest = {key: min(len(found[key].lacking) for found in means.values() if key in found) for key in keys}
    lines = [(entry.step, [_cell(means[entry].get(key), fewest[key]) for key in keys]) for entry in means]
    lines += [(_step(name) or 0, ["-"] * len(keys)) for name in failed]
    limits = {run.limit for run in runs.values() if run.limit}
    first = f"step (LIMITED to {', '.join(map(str, sorted(limits)))})" if limits else "step"
    rows = [[str(step), *cells] for step, cells in sorted(lines)]
    table = tabulate(rows, headers=[first, *keys], tablefmt="pipe", disable_numparse=True)
    starred = any("*" in cell for row in rows for cell in row)
    return str(table) + ("\n\n* over fewer languages or tasks than at other steps" if starred else "")


def _cell(mean: Mean | Lost | None, fewest: int) -> str:
    if mean is None or mean.spread is None:
        return "-"
    mark = "*" if len(mean.lacking) > fewest else ""
    return f"{mean.spread.value:.2f} ± {mean.spread.error:.2f}{mark}"


def _fixed(pattern: str) -> Path:
    """The folder in front of what varies: "run" of "run/step-*/encoder"."""
    parts = Path(pattern).parts
    varying = next(i for i, part in enumerate(parts) if glob.has_magic(part))
    return Path(*parts[:varying])


def _step(name: str) -> int | None:
    """The step that a name says; of a name that does not call it so, the last number."""
    numbers = re.findall(r"\d+", name)
    found = step_of(name)
    return found if found is not None or not numbers else int(numbers[-1])


def _earlier(output: Path, pattern: str) -> dict[str, Entry]:
    """What an earlier call evaluated of the same training run."""
    if not (output / FILE).exists():
        return {}
    try:
        entries = read_entries(output)
    except OutputError as error:
        log.warning("%s; it is written anew", "; ".join(error.faults))
        return {}
    return {entry.name: entry for entry in entries if _of_pattern(output / entry.path, pattern)}


def _of_pattern(folder: Path, pattern: str) -> bool:
    """Is there a result, of a checkpoint that the pattern fits or fitted?"""
    try:
        return PurePath(read_result(folder, rows=False).model).match(pattern)
    except OutputError:
        return False
