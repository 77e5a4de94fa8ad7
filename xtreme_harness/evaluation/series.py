"""The checkpoints of one training run, evaluated one after the other: a run each, and `series.json` beside them.

    OUT/series.json
    OUT/step-1000/           what `xharness eval` leaves

`report` and `gate --series` read it.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path, PurePath

from xtreme_harness.errors import OutputError
from xtreme_harness.evaluation.driver import Run, carry_out
from xtreme_harness.files.folder import locked, open_output
from xtreme_harness.jobs import SILENT, Failure, Watch, all_failed, attempt
from xtreme_harness.plan.arguments import PLACE, Wanted, require
from xtreme_harness.plan.evaluate import PreparedEvaluation
from xtreme_harness.plan.series import SERIES_FILE, Member, PreparedSeries, find_members, step_in
from xtreme_harness.results.read import read_result
from xtreme_harness.results.result import Mean, Result
from xtreme_harness.results.series import Entry, read_entries, write_entries
from xtreme_harness.results.values import Lost, means_of
from xtreme_harness.tables.markdown import pipe_table

__all__ = ["SeriesOutcome", "evaluate_series", "run_series", "runs_of", "series_table"]

log = logging.getLogger("xtreme_harness")


@dataclass(frozen=True, slots=True)
class SeriesOutcome:
    """How the checkpoints ended, in the order of their steps."""

    results: Mapping[str, Result]  # name -> what was found; single cells may have failed
    failed: Mapping[str, Failure]  # name -> why there is no result


def evaluate_series(pattern: str | Path, evaluate: Callable[[str, Path], Result], output: str | Path) -> SeriesOutcome:
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
        DataError: for arguments that make no sense.
        ModelError: when the pattern does not name a series.
        OutputError: when the folder cannot be used, or another process uses it.
        XHarnessError: of the first failure's kind, with the faults of all, when every checkpoint failed.
    """
    places = {"pattern": ("pattern", PLACE), "output": ("output", PLACE)}
    given = {"pattern": pattern, "output": output, "evaluate": evaluate}
    require(given, {**places, "evaluate": ("evaluate", Wanted("a function", callable))})
    members, out = find_members(str(pattern)), Path(output)
    open_output(out, files=[SERIES_FILE])
    with locked(out):
        ended = _Ended(out, str(pattern), members)
        for member in members:
            work = partial(evaluate, str(member.path), out / member.name)
            ended.take(member.name, attempt(member.name, work, ends=()))  # each has a folder of its own
    return ended.outcome()


def run_series(prepared: PreparedSeries, watch: Watch = SILENT) -> SeriesOutcome:
    """Carry out a series that was prepared, as one graph; see `evaluate_series`."""
    open_output(prepared.output, files=[SERIES_FILE])
    with locked(prepared.output):
        kept = _Ended(prepared.output, prepared.request.model, prepared.members)
        members = prepared.evaluations()
        for name, one in members.items():
            if isinstance(one, Failure):
                kept.take(name, one)
        engine = prepared.request.engine
        carry_out(runs_of(members), engine, prepared.output, watch, lambda run, found: kept.take(run.name, found))
    return kept.outcome()


def runs_of(members: Mapping[str, PreparedEvaluation | Failure]) -> list[Run]:
    """The evaluations of the checkpoints that can be evaluated."""
    return [Run(name, one) for name, one in members.items() if not isinstance(one, Failure)]


class _Ended:
    """The checkpoints that have ended, and `series.json`, which is written anew with each."""

    def __init__(self, output: Path, pattern: str, members: Sequence[Member]) -> None:
        self.output, self.members = output, {member.name: member for member in members}
        self.entries = _earlier(output, pattern)
        self.found: dict[str, Result | Failure] = {}

    def take(self, name: str, found: Result | Failure) -> None:
        """Take how one ended."""
        self.found[name] = found
        if isinstance(found, Failure):
            self.entries.pop(name, None)
            log.warning("%s: failed; why stands at the end", name)
        else:
            self.entries[name] = Entry(name, name, self.members[name].step)
        if self.entries:
            write_entries(self.output, self.entries.values())

    def outcome(self) -> SeriesOutcome:
        """All of them, in the order of their steps."""
        found = {name: self.found[name] for name in self.members if name in self.found}
        failed = {name: one for name, one in found.items() if isinstance(one, Failure)}
        if len(failed) == len(found):
            raise all_failed(failed.values())
        return SeriesOutcome({name: one for name, one in found.items() if not isinstance(one, Failure)}, failed)


def series_table(output: Path, failed: Sequence[str] = ()) -> str:
    """Means of suites and tasks, one line a step, with their standard errors; percent. A failed step has "-"."""
    runs = {entry: read_result(output / entry.path, rows=False) for entry in read_entries(output)}
    means = {entry: {mean.key: mean for mean in means_of(run) if mean.level != "group"} for entry, run in runs.items()}
    keys = list(dict.fromkeys(key for found in means.values() for key in found))
    fewest = {key: min(len(found[key].lacking) for found in means.values() if key in found) for key in keys}
    lines = [(entry.step, [_cell(means[entry].get(key), fewest[key]) for key in keys]) for entry in means]
    lines += [(step_in(name) or 0, ["-"] * len(keys)) for name in failed]
    limits = {run.limit for run in runs.values() if run.limit}
    first = f"step (LIMITED to {', '.join(map(str, sorted(limits)))})" if limits else "step"
    rows = [[str(step), *cells] for step, cells in sorted(lines)]
    table = pipe_table(rows, [first, *keys])
    starred = any("*" in cell for row in rows for cell in row)
    return str(table) + ("\n\n* over fewer languages or tasks than at other steps" if starred else "")


def _cell(mean: Mean | Lost | None, fewest: int) -> str:
    if mean is None or mean.spread is None:
        return "-"
    mark = "*" if len(mean.lacking) > fewest else ""
    return f"{mean.spread.value:.2f} ± {mean.spread.error:.2f}{mark}"


def _earlier(output: Path, pattern: str) -> dict[str, Entry]:
    """What an earlier call evaluated of the same training run."""
    if not (output / SERIES_FILE).exists():
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
