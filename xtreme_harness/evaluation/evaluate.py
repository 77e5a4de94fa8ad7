"""`eval`: a prepared evaluation carried out."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from xtreme_harness.evaluation.collected import write_result
from xtreme_harness.evaluation.driver import Run, carry_out
from xtreme_harness.evaluation.seeds import averaged
from xtreme_harness.files.folder import locked, open_output
from xtreme_harness.jobs import SILENT, Failure, Watch
from xtreme_harness.plan.arguments import WATCH, require
from xtreme_harness.plan.evaluate import PreparedEvaluation, prepare_evaluation
from xtreme_harness.plan.request import EvalRequest
from xtreme_harness.results.result import Result

__all__ = ["evaluate", "run_evaluation", "runs_of"]


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
        Submitted: with `wait=False`; the same call collects.
    """
    require({"watch": watch}, WATCH)
    return run_evaluation(prepare_evaluation(EvalRequest.of(model, tasks, **options)), watch)


def runs_of(prepared: PreparedEvaluation) -> list[Run]:
    """The evaluation as it is carried out: one run, or one a seed."""
    seeds = prepared.request.seeds
    return [Run(f"seed-{seed}", prepared.of_seed(seed)) for seed in seeds] or [Run("", prepared)]


def run_evaluation(prepared: PreparedEvaluation, watch: Watch = SILENT) -> Result:
    """Carry out an evaluation that was prepared; with seeds a run each, as one graph, and their means."""
    started = time.monotonic()
    out, seeds, engine = prepared.output, prepared.request.seeds, prepared.request.engine
    found: dict[str, Result] = {}
    failed: dict[str, Failure] = {}

    def ended(run: Run, result: Result | Failure) -> None:
        if isinstance(result, Failure):
            failed[run.name] = result
        else:
            found[run.name] = result

    runs = runs_of(prepared)
    if not seeds:
        carry_out(runs, engine, out, watch, ended)
        if failed:
            raise failed[""].error
        return found[""]
    open_output(out, files=prepared.means)
    with locked(out):
        carry_out(runs, engine, out, watch, ended)
        for failure in failed.values():
            raise failure.error
        by_seed = {seed: found[run.name] for seed, run in zip(seeds, runs, strict=True)}
        result = averaged(by_seed, prepared.plan, prepared.cards)
        write_result(result, out, time.monotonic() - started)
    return result
