"""What `eval` prints while it runs and when it ends."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

from xtreme_harness.cli.echo import echo, echo_above
from xtreme_harness.cli.training_progress import TrainingProgress
from xtreme_harness.evaluation.cell import Done
from xtreme_harness.jobs import MOST, Watch
from xtreme_harness.plan.cells import Cell, Plan
from xtreme_harness.plan.describe import missing_lines
from xtreme_harness.plan.options import Options
from xtreme_harness.results.result import Result
from xtreme_harness.results.tables import by_language_table, group_table, task_table, training_lines
from xtreme_harness.signature import VERSION

__all__ = ["Progress", "print_result"]


class Progress:
    """Counts cells: a bar on a terminal, plain lines elsewhere, nothing when quiet."""

    def __init__(self, quiet: bool = False) -> None:
        """Print nothing but errors, tables and paths when `quiet`."""
        self.quiet = quiet
        self.out = ""
        self.said: set[str] = set()
        self.kept = 0
        self.total = 0
        self.ended = 0
        self.counts: dict[Path, list[int]] = {}  # of every run: cells that ended, all its cells
        self.scopes: tuple[str, ...] = ()
        self.running = 0
        self.bar: Any = None

    def watch(self, training: TrainingProgress) -> Watch:
        """What is told of cells, and of the training before them."""
        return replace(
            training.watch, run=self.run, plan=self.plan, cell=self.cell, sequences=self.sequences, lost=self.lost
        )

    def run(self, name: str, number: int, total: int) -> None:
        """Say which of several runs begins."""
        self.close()
        if not self.quiet:
            echo_above(f"run {number} of {total}: {name}")

    def lost(self, name: str, why: str, tries: int) -> None:
        """Say that a worker has ended in the middle of a job, which is tried again."""
        if not self.quiet:
            echo_above(f"{name}: its worker ended ({why}); tried again, {tries + 1} of {MOST} times")

    def plan(self, plan: Plan, options: Options) -> None:
        """Say what is about to happen, before weights are loaded."""
        self.out, own = str(options.output), len(plan.cells)
        self.expect(options.output, own)
        self.scopes = tuple(dict.fromkeys(scope for cell in plan.cells for scope in cell.scopes))
        if self.quiet:
            return
        tasks = len({cell.key for cell in plan.cells})
        limited = f" (LIMITED to {options.limit} examples each)" if options.limit else ""
        echo_above(f"{options.model}: {own} cells of {tasks} tasks{limited} -> {options.output}")
        for line in missing_lines(plan.missing):
            echo_above(line)
            self.said.add(line)
        if sys.stderr.isatty():
            from tqdm import tqdm

            self.close()
            self.bar = tqdm(total=self.total, initial=self.ended, unit="cell", dynamic_ncols=True, leave=False)

    def expect(self, home: Path, cells: int) -> None:
        """So many cells of a run are to come, beside those of other runs."""
        self.counts[home] = [0, cells]
        self.total += cells

    def sequences(self, cell: Cell, done: int) -> None:
        """Show how far a cell is."""
        if self.bar is not None:
            self.running += done
            self.bar.set_postfix_str(f"{cell.name}: {self.running} sequences")

    def cell(self, done: Done) -> None:
        """Show how a cell ended."""
        counts = self.counts.setdefault(done.home, [0, 0])
        counts[0] += 1
        self.ended += 1
        self.running = 0
        self.kept += done.status == "kept"
        if self.bar is not None:
            self.bar.update()
        if done.status == "kept" or self.quiet:
            return
        ended, total = counts
        where = f"{done.home}: " if len(self.counts) > 1 else ""
        echo_above(f"[{ended}/{total}] {where}{done.cell.name}: {_outcome(done)}")

    def close(self) -> None:
        """Remove the bar."""
        if self.bar is not None:
            self.bar.close()
            self.bar = None


def print_result(result: Result, progress: Progress, by_language: bool = False) -> None:
    """Print the tables, then what is missing or failed, then the paths."""
    for line in missing_lines(result.missing) if not progress.quiet else ():
        if line not in progress.said:
            echo(line, err=True)
    if result.limited:
        echo(f"LIMITED to {result.limit} examples a cell: not comparable with anything\n")
    if result.tasks:
        echo(task_table(result, VERSION))
    groups = group_table(result)
    if groups:
        echo(f"\n{groups}")
    if by_language and result.tasks:
        echo(f"\n{by_language_table(result)}")
    echo("")
    for line in training_lines(result.lineage):
        echo(line)
    if progress.kept:
        all_of_them = "all " if progress.kept == progress.total else ""
        echo(f"kept {all_of_them}{progress.kept} of {progress.total} cells from the last run")
    for name, message in result.failed.items():
        for line in message.splitlines():
            echo(f"failed: {name}: {line}", err=True)
    if result.failed:
        echo(
            f"{len(result.failed)} of {progress.total} cells failed; the others are saved; the same command continues",
            err=True,
        )
    echo(f"results:     {progress.out}/results.json")
    for suite in result.official:
        echo(f"leaderboard: {progress.out}/leaderboard-{suite}.json")
    for scope in progress.scopes:
        echo(f"predictions: {progress.out}/predictions/{scope}/")


def _outcome(done: Done) -> str:
    if done.status == "failed":
        return "failed; why stands at the end, and in log.txt"
    if done.status == "unscored":
        return done.message
    assert done.record is not None  # it is scored
    return f"{done.record.headline:.2f} ({done.record.n} examples, {done.record.seconds:.1f} s)"
