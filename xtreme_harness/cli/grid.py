"""`xharness train --grid`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from xtreme_harness.cli.echo import echo
from xtreme_harness.cli.graph_flags import do_jobs, show
from xtreme_harness.cli.options import engine_flags, read_seeds

if TYPE_CHECKING:
    from xtreme_harness.cli.show import Progress
    from xtreme_harness.cli.training_progress import TrainingProgress
    from xtreme_harness.grid.schema import Grid
    from xtreme_harness.jobs import Watch
    from xtreme_harness.plan.cells import Plan
    from xtreme_harness.plan.options import Options
    from xtreme_harness.plan.stage import Stage
    from xtreme_harness.plan.standing import Trained

__all__ = ["run_grid"]

_OVER = ("data", "recipe", "dtype", "device", "set", "seeds", "seed", "include_path")  # these go over the file's values
_BESIDE = (
    "grid", "output_path", "tracker", "trust_remote_code", "dry_run", "format", "job", "force",
    "executor", "workers", "slurm", "no_wait",
)  # fmt: skip
_KEYS = {  # where a flag that is refused stands in the file
    "model": "bases",
    "tasks": "intermediates",
    "limit_train": "intermediate_limit, target_limit",
    "revision": "bases: [{model, revision}]",
    "keep_head": "every arm starts new heads",
    "train_on": "train_on, of the targets",
    "select_on": "select_on, of the targets",
}


def run_grid(ctx: click.Context, given: Mapping[str, Any]) -> None:
    """Carry out the grid file that `train` was given, print its tables, end with 0 or 3."""
    from xtreme_harness.cli.show import Progress
    from xtreme_harness.cli.training_progress import TrainingProgress
    from xtreme_harness.evaluation.costs import weigh_runs
    from xtreme_harness.evaluation.driver import graph_of
    from xtreme_harness.grid.describe import describe_grid
    from xtreme_harness.grid.grid import default_folder, run_prepared, runs_of
    from xtreme_harness.grid.prepare import GridRequest, prepare_grid
    from xtreme_harness.plan.estimate import Found

    output = given["output_path"] or default_folder(given["grid"])
    own = {name: given[name] for name in ("force", "tracker", "trust_remote_code")} | engine_flags(given)
    prepared = prepare_grid(GridRequest(_read(ctx, given), output, **own), alone=bool(given["job"]))
    if given["job"]:
        do_jobs(ctx, graph_of(runs_of(prepared)), given["job"])
    if given["dry_run"]:
        found, engine = Found(), prepared.request.engine
        weigh = partial(weigh_runs, runs_of(prepared), output, found)
        show(ctx, describe_grid(prepared, found), engine, weigh, as_json=given["format"] == "json")
        return
    progress, training = Progress(ctx.obj["quiet"]), TrainingProgress(ctx.obj["quiet"])
    try:
        result = run_prepared(prepared, _watch(progress, training))
    finally:
        training.close()
        progress.close()
    if result.rows:
        echo(f"{result.table}\n")
    for name, message in result.failed.items():
        echo(f"failed: {name}: {message}", err=True)
    if result.failed:
        echo(f"{len(result.failed)} failed; the others are saved; the same command continues", err=True)
    echo(f"gains: {output}/gains.csv, {output}/gains.json")
    echo(f"runs:  {output}/runs/")
    ctx.exit(3 if result.failed else 0)


def _watch(progress: Progress, training: TrainingProgress) -> Watch:
    """What is told of a grid: less than of a run alone."""

    def ended(stage: Stage, made: Trained) -> None:
        if not made.kept:
            training.ended(stage, made)

    def plan(found: Plan, options: Options) -> None:
        first = not progress.said  # what the data lack is the same for all runs
        progress.plan(found if first else replace(found, missing=()), options)

    return replace(progress.watch(training), plan=plan, ended=ended)


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
