"""Evaluations carried out: one, or many at once, as one graph of jobs; what each found is written as pieces end.

The driver alone holds the locks of the output folders and writes what stands over their cells: `results.json`, the
leaderboards. Jobs write their own cells and checkpoints.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

from xtreme_harness.errors import DataError, OutputError
from xtreme_harness.evaluation.cell import Done, failed_cell
from xtreme_harness.evaluation.collected import Collected, result_of, write_result
from xtreme_harness.evaluation.graph import evaluation_graph
from xtreme_harness.evaluation.job import EvaluateCells
from xtreme_harness.files.folder import locked, logged, open_output
from xtreme_harness.files.handles import allow_open
from xtreme_harness.jobs import Engine, Failure, Graph, Job, Outcome, Submitted, Watch, attempt, execute, joined
from xtreme_harness.plan.evaluate import PreparedEvaluation
from xtreme_harness.plan.paths import record_path
from xtreme_harness.results.read import read_result
from xtreme_harness.results.result import Result

__all__ = ["Run", "carry_out", "graph_of"]

log = logging.getLogger("xtreme_harness")
_SELDOM = 5.0  # seconds at least between two files of what is known so far
_SHARE = 20  # and as often as costs a twentieth of the time


@dataclass(frozen=True, slots=True)
class Run:
    """One evaluation of several."""

    name: str  # "" where it is the only one
    prepared: PreparedEvaluation
    before: Graph = field(default_factory=Graph)  # what trains the encoder that it starts from

    def graph(self) -> Graph:
        """Its own jobs."""
        return evaluation_graph(self.prepared, self.name, [job.name for job in self.before.jobs[-1:]])


def graph_of(runs: Sequence[Run]) -> Graph:
    """All that some evaluations are, as one graph."""
    return joined(part for run in runs for part in (run.before, run.graph()))


def carry_out(
    runs: Sequence[Run], engine: Engine, output: Path, watch: Watch, ended: Callable[[Run, Result | Failure], None]
) -> None:
    """Evaluate, all runs as one graph; each is written as its pieces end, and told of when the last of them has.

    Of several runs, one that fails stops no other.

    Args:
        runs: each with an output folder of its own.
        engine: who does the work.
        output: folder of the whole; where it is not that of a run, the caller holds its lock.
        watch: who is told.
        ended: called with every run as it ends.

    Raises:
        OutputError: nothing more can be written; what ended is.
        Submitted: the jobs go on without this process.
        KeyboardInterrupt: after what ended was written; the same call continues.
    """
    with ExitStack() as locks:
        under_way = _under_way(runs, locks, watch, ended)
        owner = {job.name: one for one in under_way for job in one.graph.jobs}
        by_home = {one.run.prepared.output: one for one in under_way}

        def told(done: Done) -> None:
            by_home[done.home].tell(done)

        def started(stage: object, folder: Path) -> None:
            for one in by_home.values():
                if folder.is_relative_to(one.run.prepared.output):
                    one.announce()
            watch.started(stage, folder)

        graph = joined(part for one in under_way for part in (one.run.before, one.graph))
        try:
            for one in under_way:
                one.end_if_done()
            for outcome in execute(graph, engine, output, replace(watch, cell=told, started=started)):
                if outcome.job.name in owner:
                    owner[outcome.job.name].take(outcome)
        except BaseException as why:
            for one in under_way:
                if isinstance(why, KeyboardInterrupt | Submitted):
                    one.look_on_disk()
                one.leave()
            raise


def _under_way(
    runs: Sequence[Run], locks: ExitStack, watch: Watch, ended: Callable[[Run, Result | Failure], None]
) -> list[_Running]:
    """The runs, each with its folder open and locked; one of several that cannot be is told of as failed."""
    found = []
    allow_open(len(runs))
    for number, run in enumerate(runs, 1):
        begin = partial(_Running, run, (number, len(runs)), locks, watch, ended)
        one = attempt(run.name, begin, ends=()) if run.name else begin()
        if isinstance(one, Failure):
            ended(run, one)
        else:
            found.append(one)
    return found


class _Running:
    """A run that is under way."""

    def __init__(
        self,
        run: Run,
        place: tuple[int, int],
        locks: ExitStack,
        watch: Watch,
        ended: Callable[[Run, Result | Failure], None],
    ) -> None:
        self.run, self.place, self.watch, self.ended = run, place, watch, ended
        self.started, self.next = time.monotonic(), time.monotonic() + _SELDOM
        self.found, self.announced, self.over = Collected(), False, False
        prepared = run.prepared
        open_output(prepared.output, *prepared.written())
        if not run.name:
            self.announce()
        _warn_of_leftovers(prepared)
        locks.enter_context(locked(prepared.output))
        with logged(prepared.output):
            asked = prepared.request
            log.info("%s: %d cells, data %s", asked.model, len(prepared.plan.cells), ", ".join(asked.data))
        self.graph = run.graph()
        self.left: dict[str, Job] = {job.name: job for job in self.graph.jobs}
        for cell in prepared.plan.cells:
            if cell.name in prepared.refused:
                self.tell(failed_cell(cell, prepared.refused[cell.name]))

    def announce(self) -> None:
        """Say that it begins, once."""
        if self.announced:
            return
        self.announced = True
        if self.run.name:
            self.watch.run(self.run.name, *self.place)
        self.watch.plan(self.run.prepared.plan, self.run.prepared.options)

    def tell(self, done: Done) -> None:
        """Take a cell that ended; one that is kept by a job's second try is known from the first."""
        if done.status == "kept" and done.cell.name in self.found.done:
            return
        self.announce()
        self.found.done[done.cell.name] = done
        self.watch.cell(replace(done, home=self.run.prepared.output))

    def take(self, outcome: Outcome) -> None:
        """Take how a job ended; its cells fail with it."""
        del self.left[outcome.job.name]
        job = outcome.job
        if isinstance(job, EvaluateCells):
            if outcome.failure is None:
                self.found.stages |= outcome.left.stages
                for one in outcome.left.done:
                    if one.cell.name not in self.found.done:  # an executor may tell nothing while it works
                        self.tell(one)
            else:
                failure = outcome.failure
                why = f"training failed: {failure.line}" if outcome.need else failure.message
                for cell in job.cells:
                    if cell.name not in self.found.done:
                        self.tell(failed_cell(cell, why))
        self.end_if_done()
        if not self.over and isinstance(job, EvaluateCells) and time.monotonic() >= self.next:
            self._write("not reached yet: the run goes on")

    def end_if_done(self) -> None:
        """Write it whole and tell of it, when its last job has ended."""
        if self.left or self.over:
            return
        self.announce()
        result = self._write("")
        self.over = True
        done = self.found.done.values()
        if all(one.status == "failed" for one in done):
            error = DataError(*dict.fromkeys(line for one in done for line in one.message.splitlines()))
            self.ended(self.run, Failure(str(error), error))
        else:
            self.ended(self.run, result)

    def look_on_disk(self) -> None:
        """Take the cells whose files are written, though nobody was told of them; never hides what ends all."""
        for job in self.left.values():
            if not isinstance(job, EvaluateCells) or not job.model_is_there:
                continue
            if not any(record_path(job.home, cell).is_file() for cell in job.cells):
                continue
            there = attempt(job.name, job.left_on_disk, ends=())
            if not isinstance(there, Failure):
                self.found.done |= {one.cell.name: one for one in there.done if one.cell.name not in self.found.done}
                self.found.stages |= there.stages

    def leave(self) -> None:
        """Write what is known of a run that did not end; never hides what ends all."""
        if not self.over and self.found.done:
            work = partial(self._write, "not reached: the run was interrupted")
            if isinstance(failure := attempt(self.run.name, work, ends=()), Failure):
                log.warning("%s", failure.line)

    def _write(self, unreached: str) -> Result:
        began = time.monotonic()
        result = result_of(self.run.prepared, self.found, unreached)
        if self.found.done:
            write_result(result, self.run.prepared.output, began - self.started)
        now = time.monotonic()
        self.next = now + max(_SELDOM, _SHARE * (now - began))
        return result


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
