"""`--dry-run` and its `--format`, and `--job`, of `eval` and `train`: the graph shown, and one job of it done."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from xtreme_harness.cli.echo import echo
from xtreme_harness.jobs import Engine, worker_count

if TYPE_CHECKING:
    from xtreme_harness.evaluation.costs import Weighed
    from xtreme_harness.jobs import Graph

__all__ = ["do_jobs", "graph_options", "require_graph_flags", "show"]

_WORKERS = (2, 8)  # for so many it says how long all would take
_APART = ("dry_run", "format", "job")  # flags that are of this call alone
_ONCE = ("force", "no_wait")  # a second process that says these would do all again, or would not wait
_OPTIONS = (
    click.option(
        "--format",
        type=click.Choice(["text", "json"]),
        default="text",
        show_default=True,
        help="With --dry-run: json prints the graph of jobs for other programs, and nothing else.",
    ),
    click.option(
        "--job",
        multiple=True,
        metavar="NAME",
        help="Do this job of the graph alone, writing its own files only; repeatable. The other flags as in --dry-run.",
    ),
)


def graph_options(command: Any) -> Any:
    """Give a command the options that show its graph and do one job of it."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def require_graph_flags(ctx: click.Context, given: Mapping[str, Any]) -> None:
    """Refuse what makes no sense together.

    Raises:
        UsageError: `--format` without `--dry-run`, `--job` with it.
    """
    if _given(ctx, "format") and not given["dry_run"]:
        raise click.UsageError("--format is of what --dry-run prints; add --dry-run", ctx)
    if given["job"] and given["dry_run"]:
        raise click.UsageError("--job does a job, --dry-run does none; leave one of them out", ctx)


def show(
    ctx: click.Context, described: str, engine: Engine, weigh: Callable[[int | None], Weighed], *, as_json: bool
) -> None:
    """Print what would be done: the description and the graph in a few lines, or the graph as JSON alone.

    Args:
        ctx: the command.
        described: what is said of it without the graph.
        engine: who would do the work.
        weigh: the graph; of another number of workers, where one is given.
        as_json: for programs?
    """
    from xtreme_harness.evaluation.graph_shown import graph_json, graph_lines

    own = weigh(None)
    if not as_json:
        others = {n: weigh(n) for n in _WORKERS if len(own.costs) > 1}
        echo("\n".join([described, "", *graph_lines(own, others)]))
        return
    command = _command_line(ctx, engine, but=())
    alone = {job.name: [*command, "--job", job.name] for job in own.graph.jobs}
    whole = graph_json(own, _command_line(ctx, engine, but=_ONCE), alone)
    echo(json.dumps(whole, indent=1, ensure_ascii=True))


def do_jobs(ctx: click.Context, graph: Graph, names: Sequence[str]) -> None:
    """Do some jobs of a graph alone, and end with 0, or with 3 where some of their cells failed."""
    from xtreme_harness.cli.show import Progress
    from xtreme_harness.cli.training_progress import TrainingProgress
    from xtreme_harness.evaluation.alone import do_alone
    from xtreme_harness.evaluation.job import EvaluateCells, Evaluated

    quiet, failed = ctx.obj["quiet"], False
    progress, training = Progress(quiet), TrainingProgress(quiet)
    for job in graph.jobs:
        if job.name in names and isinstance(job, EvaluateCells):
            progress.expect(job.home, len(job.cells))
    try:
        for outcome in do_alone(graph, names, progress.watch(training)):
            faults = []
            if isinstance(outcome.left, Evaluated):
                faults = [one for one in outcome.left.done if one.status == "failed"]
            for one in faults:
                for line in one.message.splitlines():
                    echo(f"failed: {one.cell.name}: {line}", err=True)
            failed |= bool(faults)
            said = f"{len(faults)} of {len(outcome.left.done)} cells failed" if faults else "done"
            echo(f"{outcome.job.name}: {said}")
    finally:
        training.close()
        progress.close()
    ctx.exit(3 if failed else 0)


def _given(ctx: click.Context, name: str) -> bool:
    """Was a flag given, by the command line or by the environment?"""
    return ctx.get_parameter_source(name) not in (None, ParameterSource.DEFAULT)


def _command_line(ctx: click.Context, engine: Engine, but: Sequence[str]) -> list[str]:
    """The command as it was given, for a process of its own in this folder: the same graph on any machine.

    Args:
        ctx: the command.
        engine: who would do the work.
        but: flags that are left out.
    """
    whole = [sys.executable, "-m", "xtreme_harness.cli.main"]
    whole += [f"--{name}" for name in ("verbose", "quiet") if ctx.obj[name]]
    whole.append(str(ctx.info_name))
    for param in ctx.command.params:
        if param.name is None or param.name in (*_APART, *but) or not _given(ctx, param.name):
            continue
        flag = max(param.opts, key=len)
        value = ctx.params[param.name]
        values = value if param.multiple else [value] if value is not False else []
        whole += [part for one in values for part in _said(flag, one)]
    count = worker_count(engine)  # it decides the pieces, and differs between machines where it is not said
    return whole if count is None or engine.workers is not None else [*whole, "--workers", str(count)]


def _said(flag: str, value: Any) -> list[str]:
    if value is True:
        return [flag]
    return [f"{flag}={value}"] if str(value).startswith("-") else [flag, str(value)]
