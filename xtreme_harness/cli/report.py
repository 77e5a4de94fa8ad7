"""`xharness report`."""

from __future__ import annotations

from pathlib import Path

import click

__all__ = ["command"]


@click.command("report")
@click.argument("runs", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="RUN...")
@click.option("--output", "-o", type=click.Path(path_type=Path), default="report.html", show_default=True,
              metavar="FILE", help="The page.")  # fmt: skip
@click.option("--tokenizer", metavar="CKPT", help="Show how this checkpoint's tokenizer cuts the logged examples.")
@click.option("--examples", type=click.IntRange(min=0), default=20, show_default=True, metavar="N",
              help="Logged examples of a cell on the page at most.")  # fmt: skip
@click.option("--title", help="Of the page.")
def command(runs: tuple[Path, ...], output: Path, tokenizer: str | None, examples: int, title: str | None) -> None:
    """Write one page about finished runs, to be opened from disk: figures, languages, transfer, examples, provenance.

    RUN is the output folder of `eval`, its results.json, a folder of seeds, or a folder with series.json.
    """
    from xtreme_harness.report.page import Content, build_page
    from xtreme_harness.report.read import compared, read_all, tokenizer_cuts
    from xtreme_harness.submission import write_atomic

    models, series = read_all(runs)
    cuts = tokenizer_cuts(tokenizer, [run for model in models for run in model]) if tokenizer else {}
    page = build_page(Content(models, *compared(models), series, cuts, examples, title))
    write_atomic(output, page)
    click.echo(f"report: {output} ({len(page.encode()) / 1e6:.1f} MB)")
