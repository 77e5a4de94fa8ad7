"""`eval`: a prepared evaluation carried out, its cells averaged, its files written."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from xtreme_harness.errors import DataError, OutputError
from xtreme_harness.evaluation.cell import Done, failed_cell
from xtreme_harness.evaluation.job import EvaluateCells, evaluation_jobs
from xtreme_harness.evaluation.seeds import averaged
from xtreme_harness.files.folder import locked, logged, open_output
from xtreme_harness.files.text import write_json
from xtreme_harness.jobs import EXECUTORS, SILENT, Failure, Job, Outcome, Watch, attempt
from xtreme_harness.plan.arguments import WATCH, require
from xtreme_harness.plan.cells import Missing
from xtreme_harness.plan.evaluate import PreparedEvaluation, prepare_evaluation
from xtreme_harness.plan.paths import record_path
from xtreme_harness.plan.request import EvalRequest
from xtreme_harness.plan.setups import Setup
from xtreme_harness.results.build import build
from xtreme_harness.results.json_file import to_json
from xtreme_harness.results.read import read_result
from xtreme_harness.results.result import Result

__all__ = ["evaluate", "run_evaluation"]

log = logging.getLogger("xtreme_harness")


def evaluate(
    model: str | Path, tasks: str | Sequence[str] = "xtreme", *, watch: Watch = SILENT, **options: Any
) -> Result:
    """Train the heads that are missing, predict and score; write everything that `xharness eval` writes.

    Args:
        model: checkpoint folder, Hub id, adapter folder, folder of checkpoints by unit, or oracle, majority, random.
        tasks: suites, groups, tasks, globs, `task@suite`, card files or folders.
        watch: who is told how it goes.
        options: the other fields of `EvalRequest`: data, output, languages, split, labels, seeds ...

    Returns:
        the figures; with seeds their means.

    Raises:
        XHarnessError: for what is wrong before a cell is computed; a fault in one cell stands in `Result.failed`.
        KeyboardInterrupt: after the finished cells were written; the same call continues.
    """
    require({"watch": watch}, WATCH)
    return run_evaluation(prepare_evaluation(EvalRequest.of(model, tasks, **options)), watch)


def run_evaluation(prepared: PreparedEvaluation, watch: Watch = SILENT) -> Result:
    """Carry out an evaluation that was prepared."""
    started = time.monotonic()
    out, seeds = prepared.output, prepared.request.seeds
    if not seeds:
        return _run(prepared, watch)
    open_output(out, files=prepared.means)
    results = {seed: _run(prepared.of_seed(seed), watch) for seed in seeds}
    result = averaged(results, prepared.plan, prepared.cards)
    with locked(out):
        _write(result, out, time.monotonic() - started)
    return result


@dataclass(slots=True)
class _Found:
    """What is known of a run so far."""

    done: dict[str, Done] = field(default_factory=dict)  # by the name of the cell
    setups: dict[str, Setup] = field(default_factory=dict)

    def add(self, done: Iterable[Done], setups: Mapping[str, Setup]) -> None:
        """Take what a job left."""
        self.done |= {one.cell.name: one for one in done}
        self.setups |= setups


def _run(prepared: PreparedEvaluation, watch: Watch) -> Result:
    started, out = time.monotonic(), prepared.output
    open_output(out, *prepared.written())
    watch.plan(prepared.plan, prepared.options)
    _warn_of_leftovers(prepared)
    found = _Found(setups=dict(prepared.setups))
    with locked(out), logged(out):
        asked = prepared.request
        log.info("%s: %d cells, data %s", asked.model, len(prepared.plan.cells), ", ".join(asked.data))
        try:
            _carry_out(prepared, found, watch)
        finally:
            result = _result(prepared, found)
            if found.done:
                _write(result, out, time.monotonic() - started)
    if all(one.status == "failed" for one in found.done.values()):
        raise DataError(*dict.fromkeys(line for one in found.done.values() for line in one.message.splitlines()))
    return result


def _carry_out(prepared: PreparedEvaluation, found: _Found, watch: Watch) -> None:
    """Hand the jobs to the executor; what an interrupt leaves is found on disk."""

    def told(done: Done) -> None:
        found.done[done.cell.name] = done
        watch.cell(done)

    for cell in prepared.plan.cells:
        if cell.name in prepared.refused:
            told(failed_cell(cell, prepared.refused[cell.name]))
    jobs, needs = evaluation_jobs(prepared)
    left = {job.name: job for job in jobs}
    try:
        for outcome in EXECUTORS[prepared.request.executor](jobs, needs, replace(watch, cell=told)):
            del left[outcome.job.name]
            _take(outcome, found, told)
    except KeyboardInterrupt:
        for job in left.values():
            _take_left(job, found)
        raise


def _take(outcome: Outcome, found: _Found, tell: Any) -> None:
    """Keep what a job of cells left; its cells fail with it."""
    if not isinstance(outcome.job, EvaluateCells):
        return
    if outcome.failure is None:
        found.setups |= outcome.left.setups
        for one in outcome.left.done:
            if one.cell.name not in found.done:  # an executor may tell nothing while it works
                tell(one)
        return
    why = f"training failed: {outcome.failure.line}" if outcome.need else outcome.failure.message
    for cell in outcome.job.cells:
        if cell.name not in found.done:
            tell(failed_cell(cell, why))


def _take_left(job: Job, found: _Found) -> None:
    """The cells of a job that was interrupted whose files are written, though nobody was told."""
    if not isinstance(job, EvaluateCells) or not job.model_is_there:
        return
    there = attempt(job.name, job.left_on_disk)
    if not isinstance(there, Failure):
        found.add((one for one in there.done if one.cell.name not in found.done), there.setups)


def _result(prepared: PreparedEvaluation, found: _Found) -> Result:
    """The figures of what ended, in the order of the plan; what did not end, or has no gold, is missing."""
    plan, options = prepared.plan, prepared.options
    ended = [found.done[cell.name] for cell in plan.cells if cell.name in found.done]
    failed = {one.cell.name: one.message for one in ended if one.status == "failed"}
    unscored = [
        Missing(one.cell.key, one.cell.language, one.cell.scopes, one.message or "predicted, not scored: no gold")
        for one in ended
        if one.status == "unscored" or (one.record is not None and not one.record.done)
    ]
    interrupted = [
        Missing(cell.key, cell.language, cell.scopes, "not reached: the run was interrupted")
        for cell in plan.cells
        if cell.name not in found.done
    ]
    records = [one.record for one in ended if one.record is not None]
    lineage, command = _lineage(found.setups), _command(prepared.request)
    return build(
        plan, prepared.cards, records, options.model, prepared.request.split, failed, [*unscored, *interrupted],
        options.limit, lineage, command,
    )  # fmt: skip


def _warn_of_leftovers(prepared: PreparedEvaluation) -> None:
    """Say so when the folder holds another model's cells, which stay where this run writes nothing new."""
    out, model = prepared.output, prepared.request.model
    try:
        before = read_result(out, rows=False).model
    except OutputError:
        return
    left = {*(out / "cells").glob("*/*.json")} - {record_path(out, cell) for cell in prepared.plan.cells}
    if left and before != model:
        log.warning("%s: %d cells of %s stay there, which this run does not ask for", out, len(left), before)


def _write(result: Result, out: Path, seconds: float) -> None:
    for suite, layout in result.official.items():
        write_json(out / f"leaderboard-{suite}.json", layout)
    write_json(out / "results.json", to_json(result, seconds))


def _command(request: EvalRequest) -> dict[str, Any]:
    """The options that a reader of results.json wants to see, in lm-eval's place for them."""
    return {
        "tasks": list(request.tasks),
        "data": list(request.data),
        "languages": list(request.languages),
        "device": request.device,
        "dtype": request.dtype,
        "batch_size": request.batch_size or "auto",
        "random_seed": request.seed,
        **({"translated": str(request.translated)} if request.translated is not None else {}),
        **({"train_on": list(request.train_on)} if request.train_on else {}),
        **({"select_on": request.select_on} if request.select_on else {}),
    }


def _lineage(setups: Mapping[str, Setup]) -> list[dict[str, Any]]:
    """Stages of every checkpoint that was read, each once."""
    found: dict[str, dict[str, Any]] = {}
    for setup in setups.values():
        if setup.checkpoint is None:
            continue
        own = {"stage": setup.checkpoint.stage, "data": None, "recipe": None}
        stages = [dict(stage) for stage in setup.checkpoint.lineage] or [own]
        stages[-1] |= {"checkpoint_hash": setup.hash, "checkpoint": setup.checkpoint.name}
        for stage in stages:
            found.setdefault(str(sorted(stage.items(), key=str)), stage)
    return list(found.values())
