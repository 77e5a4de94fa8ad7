"""What `eval` and `demo` print while they run and when they end."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any

import click

from xtreme_harness.leaderboard import by_language_table, group_table, task_table
from xtreme_harness.metrics import METRICS
from xtreme_harness.plan import Cell, Missing, Plan
from xtreme_harness.results import Result
from xtreme_harness.run import Done, Options
from xtreme_harness.score import headline
from xtreme_harness.signature import VERSION

__all__ = ["Progress", "print_plan", "print_result"]


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
        self.running = 0
        self.bar: Any = None

    def plan(self, plan: Plan, options: Options) -> None:
        """Say what is about to happen, before weights are loaded."""
        self.out, self.total = str(options.output), len(plan.cells)
        if self.quiet:
            return
        tasks = len({cell.key for cell in plan.cells})
        limited = f" (LIMITED to {options.limit} examples each)" if options.limit else ""
        click.echo(f"{options.model}: {self.total} cells of {tasks} tasks{limited} -> {options.output}", err=True)
        for line in missing_lines(plan.missing):
            click.echo(line, err=True)
            self.said.add(line)
        if sys.stderr.isatty():
            from tqdm import tqdm

            self.bar = tqdm(total=self.total, unit="cell", dynamic_ncols=True, leave=False)

    def sequences(self, cell: Cell, done: int) -> None:
        """Show how far a cell is."""
        if self.bar is not None:
            self.running += done
            self.bar.set_postfix_str(f"{cell.name}: {self.running} sequences")

    def cell(self, done: Done) -> None:
        """Show how a cell ended."""
        self.ended += 1
        self.running = 0
        self.kept += done.status == "kept"
        if self.bar is not None:
            self.bar.update()
        if done.status == "kept" or (self.quiet and done.status != "failed"):
            return
        line = f"[{self.ended}/{self.total}] {done.cell.name}: {_outcome(done)}"
        if self.bar is not None:
            self.bar.write(line, file=sys.stderr)
        else:
            click.echo(line, err=True)

    def close(self) -> None:
        """Remove the bar."""
        if self.bar is not None:
            self.bar.close()


def print_result(result: Result, progress: Progress, by_language: bool = False) -> None:
    """Print the tables, then what is missing or failed, then the paths."""
    for line in missing_lines(result.missing) if not progress.quiet else ():
        if line not in progress.said:
            click.echo(line, err=True)
    if result.limited:
        click.echo(f"LIMITED to {result.limit} examples a cell: not comparable with anything\n")
    if result.tasks:
        click.echo(task_table(result, VERSION))
    groups = group_table(result)
    if groups:
        click.echo(f"\n{groups}")
    if by_language and result.tasks:
        click.echo(f"\n{by_language_table(result)}")
    click.echo("")
    if progress.kept:
        all_of_them = "all " if progress.kept == progress.total else ""
        click.echo(f"kept {all_of_them}{progress.kept} of {progress.total} cells from the last run")
    for name, message in result.failed.items():
        click.echo(f"failed: {name}: {' '.join(message.split())}", err=True)
    if result.failed:
        click.echo(
            f"{len(result.failed)} of {progress.total} cells failed; the others are saved; the same command continues",
            err=True,
        )
    click.echo(f"results:     {progress.out}/results.json")
    for suite in result.official:
        click.echo(f"leaderboard: {progress.out}/leaderboard-{suite}.json")
    for scope in dict.fromkeys(task.scope for task in result.tasks):
        click.echo(f"predictions: {progress.out}/predictions/{scope}/")


def missing_lines(missing: tuple[Missing, ...]) -> list[str]:
    """One line a task and reason, languages listed."""
    grouped: dict[tuple[str, str], list[str]] = {}
    for one in missing:
        grouped.setdefault((one.key, one.reason), []).append(one.language)
    return [f"missing: {key} {' '.join(codes)}: {reason}" for (key, reason), codes in grouped.items()]


def print_plan(given: Mapping[str, Any]) -> None:
    """Print what an evaluation would do."""
    from pathlib import Path

    from tabulate import tabulate

    from xtreme_harness.api import plan_evaluation, read_layer
    from xtreme_harness.run import prepare

    _, plan = plan_evaluation(
        given["tasks"], given["data"], given["languages"], given["split"], given["include_path"]
    )
    options = Options(
        model=given["model"],
        output=Path(given["output_path"] or "xharness-out"),
        revision=given["revision"],
        layer=read_layer(given["layer"]),
        pooling=given["pooling"],
        preset=given["retrieval_preset"],
        keep_head=given["keep_head"],
    )
    setups = prepare(plan, options)
    rows = []
    for key in dict.fromkeys(cell.key for cell in plan.cells):
        cells = [cell for cell in plan.cells if cell.key == key]
        setup = setups[cells[0].name]
        counts = [cell.card.count(cell.split, cell.language) for cell in cells]
        examples = sum(c for c in counts if c) if all(counts) else ""
        checkpoint = setup.checkpoint.name if setup.checkpoint else options.model
        how = setup.head or (f"layer {setup.pooling.layer}, {setup.pooling.mode}" if setup.pooling else "self-test")
        rows.append(
            [key, len(cells), " ".join(c.language for c in cells), examples, checkpoint, how, cells[0].located.origin]
        )
    headers = ["task", "cells", "languages", "examples (official)", "checkpoint", "read by", "data"]
    click.echo(tabulate(rows, headers=headers, tablefmt="pipe"))
    click.echo(f"\n{len(plan.cells)} cells; nothing will be trained")
    for line in missing_lines(plan.missing):
        click.echo(line)


def _outcome(done: Done) -> str:
    if done.status == "failed":
        return f"failed: {' '.join(done.message.split())}"
    if done.status == "unscored":
        return done.message
    metric = METRICS[done.cell.card.metric]
    value = headline(metric, done.record["metrics"])
    return f"{value:.2f} ({done.record['n']} examples, {done.record['seconds']:.1f} s)"
