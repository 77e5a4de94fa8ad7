"""What `eval` and `demo` print while they run and when they end."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any

import click

from xtreme_harness.evaluation.cell import Done
from xtreme_harness.plan.cells import Cell, Missing, Plan
from xtreme_harness.plan.options import Options
from xtreme_harness.results.result import Result
from xtreme_harness.results.tables import by_language_table, group_table, task_table
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
        self.scopes: tuple[str, ...] = ()
        self.running = 0
        self.bar: Any = None

    def plan(self, plan: Plan, options: Options) -> None:
        """Say what is about to happen, before weights are loaded."""
        self.out, self.total, self.ended, self.kept = str(options.output), len(plan.cells), 0, 0
        self.scopes = tuple(dict.fromkeys(scope for cell in plan.cells for scope in cell.scopes))
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
        if done.status == "kept" or self.quiet:
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
        for line in message.splitlines():
            click.echo(f"failed: {name}: {line}", err=True)
    if result.failed:
        click.echo(
            f"{len(result.failed)} of {progress.total} cells failed; the others are saved; the same command continues",
            err=True,
        )
    click.echo(f"results:     {progress.out}/results.json")
    for suite in result.official:
        click.echo(f"leaderboard: {progress.out}/leaderboard-{suite}.json")
    for scope in progress.scopes:
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

    from xtreme_harness.cli.training_progress import print_stages
    from xtreme_harness.evaluation.evaluate import default_output, plan_evaluation, read_label_orders, read_layer
    from xtreme_harness.kinds import KINDS
    from xtreme_harness.plan.estimate import estimate, spoken
    from xtreme_harness.plan.setups import Setup, prepare
    from xtreme_harness.training.train import missing_units

    cards, plan = plan_evaluation(
        given["tasks"], given["data"], given["languages"], given["split"], given["include_path"]
    )
    options = Options(
        model=given["model"],
        output=Path(given["output_path"] or default_output(given["model"])),
        revision=given["revision"],
        layer=read_layer(given["layer"]),
        pooling=given["pooling"],
        preset=given["retrieval_preset"],
        label_orders=read_label_orders(given["label_order"], cards),
        keep_head=given["keep_head"],
        limit=given["limit"],
        train=given["train"],
        recipe=given["recipe"],
        settings=tuple(given["set"]),
        limit_train=given["limit_train"],
        device=given["device"],
        seed=given["seed"],
    )
    stages = missing_units(plan, cards, options)
    setups = prepare(plan, options, without=stages)
    if stages:
        print_stages(stages)
    rows, seconds = [], []
    for key in dict.fromkeys(cell.key for cell in plan.cells):
        cells = [cell for cell in plan.cells if cell.key == key]
        unit = cells[0].unit
        stage = stages.get(unit) if unit else None
        setup = setups.get(cells[0].name) or Setup(stage.checkpoint if stage else None)
        config = setup.checkpoint.config if setup.checkpoint else None
        work = estimate(cells, config, options.limit, given["device"])
        seconds.append(work.seconds)
        checkpoint = setup.checkpoint.name if setup.checkpoint else options.model
        how = setup.head or (f"layer {setup.pooling.layer}, {setup.pooling.mode}" if setup.pooling else "self-test")
        if stage is not None:
            checkpoint, how = f"{options.output}/models/{unit}", KINDS[cells[0].card.kind].head or "sentence vectors"
        languages = " ".join(cell.language for cell in cells)
        counts = [f"{n:,}" if n is not None else "" for n in (work.examples, work.tokens)]
        rows.append([key, len(cells), languages, *counts, checkpoint, how, cells[0].located.origin])
    headers = ["task", "cells", "languages", "examples", "tokens (roughly)", "checkpoint", "read by", "data"]
    click.echo(tabulate(rows, headers=headers, tablefmt="pipe", disable_numparse=True))
    known = [s for s in seconds if s is not None]
    time = f"; {spoken(sum(known))} of compute" if known and len(known) == len(seconds) else ""
    limited = f", LIMITED to {options.limit} examples each" if options.limit else ""
    training = f"; trains {', '.join(stages)} first" if stages else "; nothing will be trained"
    click.echo(f"\n{len(plan.cells)} cells{limited} -> {options.output}{training}{time}")
    for line in missing_lines(plan.missing):
        click.echo(line)


def _outcome(done: Done) -> str:
    if done.status == "failed":
        return "failed; why stands at the end, and in log.txt"
    if done.status == "unscored":
        return done.message
    assert done.record is not None  # it is scored
    return f"{done.record.headline:.2f} ({done.record.n} examples, {done.record.seconds:.1f} s)"
