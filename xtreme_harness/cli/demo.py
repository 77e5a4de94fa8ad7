"""`xharness demo`."""

from __future__ import annotations

from pathlib import Path

import click

from xtreme_harness.cli.echo import echo
from xtreme_harness.cli.options import PLACE

__all__ = ["command"]


@click.command("demo")
@click.argument("folder", type=PLACE)
@click.pass_context
def command(ctx: click.Context, folder: Path) -> None:
    """Take a tiny encoder through all three phases in FOLDER, on the samples, without network.

    It is trained on an intermediate task, then on every target's English data, then evaluated on both suites. Two
    layers and a hundred sentences teach little: scores are near chance, files and tables are those of a real run.
    """
    from xtreme_harness.cli.show import Progress
    from xtreme_harness.cli.training_progress import TrainingProgress
    from xtreme_harness.demonstration.demo import demo

    progress, training = Progress(quiet=ctx.obj["quiet"]), TrainingProgress(quiet=ctx.obj["quiet"])
    try:
        base, result = demo(folder, progress.watch(training))
    finally:
        training.close()
        progress.close()
    echo(f"{result.table}\n")
    for name, message in result.failed.items():
        echo(f"failed: {name}: {message}", err=True)
    echo(f"checkpoint:  {base}/")
    echo(f"runs:        {folder}/runs/")
    echo(f"gains:       {folder}/gains.csv")
    ctx.exit(3 if result.failed else 0)
