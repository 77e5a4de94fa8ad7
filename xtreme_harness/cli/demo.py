"""`xharness demo`."""

from __future__ import annotations

from pathlib import Path

import click

__all__ = ["command"]


@click.command("demo")
@click.argument("folder", type=click.Path(path_type=Path))
@click.pass_context
def command(ctx: click.Context, folder: Path) -> None:
    """Build a tiny checkpoint in FOLDER and evaluate both suites on the samples, without network.

    The checkpoint has random weights: its scores are chance, its files and tables are those of a real run.
    """
    from xtreme_harness.api import demo
    from xtreme_harness.cli.show import Progress, print_result

    progress = Progress(quiet=ctx.obj["quiet"])
    try:
        checkpoint, result = demo(folder, on_plan=progress.plan, on_cell=progress.cell, on_sequences=progress.sequences)
    finally:
        progress.close()
    print_result(result, progress)
    click.echo(f"checkpoint:  {checkpoint}/")
    ctx.exit(3 if result.failed else 0)
