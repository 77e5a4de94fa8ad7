"""`xharness train --grid`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from xtreme_harness.cli.options import read_seeds

if TYPE_CHECKING:
    from xtreme_harness.cli.show import Progress
    from xtreme_harness.grid.graph import Run
    from xtreme_harness.grid.schema import Grid
    from xtreme_harness.plan.cells import Plan
    from xtreme_harness.plan.options import Options
    from xtreme_harness.training.stage import Stage, Trained

__all__ = ["run_grid"]

_OVER = ("data", "recipe", "dtype", "device", "set", "seeds", "seed", "include_path")  # these go over the file's values
_BESIDE = ("grid", "output_path", "tracker", "trust_remote_code", "dry_run", "force")
_KEYS = {  # where a flag that is refused stands in the file
    "model": "bases",
    "tasks": "intermediates",
    "limit_train": "intermediate_limit, target_limit",
    "revision": "bases: [{model, revision}]",
    "keep_head": "every arm starts new heads",
}


def run_grid(ctx: click.Context, given: Mapping[str, Any]) -> None:
    """Carry out the grid file that `train` was given, print its tables, end with 0 or 3."""
    from xtreme_harness.cli.show import Progress
    from xtreme_harness.cli.training_progress import TrainingProgress
    from xtreme_harness.grid.execute import default_folder
    from xtreme_harness.grid.execute import run_grid as execute

    grid = _read(ctx, given)
    output = given["output_path"] or default_folder(given["grid"])
    if given["dry_run"]:
        _print_graph(grid, output, given)
        return
    quiet = ctx.obj["quiet"]
    progress, training = Progress(quiet), TrainingProgress(quiet)

    def announce(run: Run, number: int, total: int) -> None:
        _say_kept(progress)
        if not quiet:
            click.echo(f"run {number} of {total}: {run.name}", err=True)

    def ended(stage: Stage, made: Trained) -> None:
        if not made.kept:
            training.ended(stage, made)

    def plan(found: Plan, options: Options) -> None:
        first = not progress.said  # what the data lack is the same for all runs
        progress.plan(found if first else replace(found, missing=()), options)

    try:
        result = execute(
            grid,
            output,
            force=given["force"],
            tracker=given["tracker"],
            trust_remote_code=given["trust_remote_code"],
            watch=replace(training.watch, ended=ended),
            on_run=announce,
            on_plan=plan,
            on_cell=progress.cell,
            on_sequences=progress.sequences,
        )
    finally:
        training.close()
        _say_kept(progress)
    if result.rows:
        click.echo(f"{result.table}\n")
    for name, message in result.failed.items():
        click.echo(f"failed: {name}: {message}", err=True)
    if result.failed:
        click.echo(f"{len(result.failed)} failed; the others are saved; the same command continues", err=True)
    click.echo(f"gains: {output}/gains.csv, {output}/gains.json")
    click.echo(f"runs:  {output}/runs/")
    ctx.exit(3 if result.failed else 0)


def _say_kept(progress: Progress) -> None:
    """End the lines of a run with what was there before it."""
    progress.close()
    if progress.kept and not progress.quiet:
        click.echo(f"kept {progress.kept} of {progress.total} cells from the last run", err=True)
    progress.kept = 0


def _read(ctx: click.Context, given: Mapping[str, Any]) -> Grid:
    """The grid file, with the flags that were given laid over it.

    Raises:
        UsageError: for a flag whose value stands in the file.
    """
    from xtreme_harness.grid.schema import read_grid

    said = [name for name in given if ctx.get_parameter_source(name) not in (None, ParameterSource.DEFAULT)]
    refused = [name for name in said if name not in (*_OVER, *_BESIDE)]
    if refused:
        flags = [f"--{name.replace('_', '-')} ({_KEYS.get(name) or 'of one intermediate'})" for name in refused]
        raise click.UsageError(f"with --grid, the file says it: {', '.join(flags)}", ctx)
    grid = read_grid(given["grid"], given["include_path"])
    over: dict[str, Any] = {name: given[name] for name in ("data", "recipe", "dtype", "device") if name in said}
    over |= {"set": (*grid.set, *given["set"])} if given["set"] else {}
    over |= {"seeds": (given["seed"],)} if "seed" in said else {}
    over |= {"seeds": tuple(dict.fromkeys(read_seeds(given["seeds"])))} if "seeds" in said else {}
    over |= {"include": (*grid.include, *map(str, given["include_path"]))} if given["include_path"] else {}
    return grid.model_copy(update=over)


def _print_graph(grid: Grid, output: Path, given: Mapping[str, Any]) -> None:
    """Print the encoders, the runs, and what is there of them."""
    from tabulate import tabulate

    from xtreme_harness.grid.graph import grid_runs, require_grid

    runs = grid_runs(grid, output)
    states = require_grid(grid, runs, given["force"], given["trust_remote_code"])
    rows = _encoders(grid, states, given["trust_remote_code"])
    headers = ["encoder", "examples", "steps", "time", "state"]
    if rows:
        click.echo(f"{tabulate(rows, headers=headers, tablefmt='pipe', disable_numparse=True)}\n")
    targets = ", ".join(grid.targets)
    found = [[run.name, run.model, targets, "there" if (run.output / "results.json").is_file() else ""] for run in runs]
    headers = ["run", "from", "targets", "state"]
    click.echo(tabulate(found, headers=headers, tablefmt="pipe", disable_numparse=True))
    left = sum(state != "there" for state in states.values())
    click.echo(
        f"\n{len(states)} encoders, {left} of them to be trained; {len(runs)} runs on the {grid.split} split, "
        f"new heads in each -> {output}; nothing was computed"
    )


def _encoders(grid: Grid, states: Mapping[Any, str], trust: bool) -> list[list[str]]:
    """One line an encoder: how much it is trained on, roughly how long, what is there."""
    from xtreme_harness.grid.graph import encoder_stage
    from xtreme_harness.plan.estimate import spoken

    works: dict[tuple[str, str], tuple[int | None, int | None, float | None]] = {}  # seeds differ in none of it
    rows = []
    for encoder, state in states.items():
        where = (encoder.base.label, encoder.intermediate.label)
        if where not in works:
            works[where] = _work(encoder_stage(grid, encoder, trust))
        examples, steps, seconds = works[where]
        time = spoken(seconds) if seconds is not None and state != "there" else ""
        rows.append([encoder.name, *(f"{n:,}" if n is not None else "" for n in (examples, steps)), time, state])
    return rows


def _work(stage: Stage) -> tuple[int | None, int | None, float | None]:
    """Examples, steps and seconds of a whole training; None where they cannot be told."""
    from xtreme_harness.training.estimate import training_work
    from xtreme_harness.training.stage import hyper_of
    from xtreme_harness.training.units import stages_of

    parts = [(part, training_work(part, task)) for part in stages_of(stage) for task in part.tasks]
    works = [work for _, work in parts]
    if any(work.examples is None or work.steps is None for work in works):
        return None, None, None
    examples, steps = sum(work.examples or 0 for work in works), sum(work.steps or 0 for work in works)
    most = hyper_of(stage).max_steps if len(stage.tasks) > 1 else None  # of all tasks together
    share = min(1.0, most / steps) if most else 1.0
    return examples, round(steps * share), share * sum(work.seconds or 0 for work in works)
