"""`xharness report`."""

from __future__ import annotations

from pathlib import Path

import click

from xtreme_harness.cli.echo import echo
from xtreme_harness.cli.options import INCLUDE_PATH, PLACE

__all__ = ["command"]

FIGURES = ("languages", "intervals", "transfer", "training", "series", "fertility")


@click.command("report")
@click.argument("runs", nargs=-1, required=True, type=PLACE, metavar="RUN...")
@click.option("--output", "-o", type=PLACE, metavar="FILE",
              help="What is written.  [default: report.html, or FIGURE.FORMAT]")  # fmt: skip
@click.option("--format", "form", type=click.Choice(["html", "png", "svg", "csv"]), default="html", show_default=True,
              help="The page, or a single figure as a picture or as rows.")  # fmt: skip
@click.option("--figure", type=click.Choice(FIGURES), default="languages", show_default=True,
              help="Which figure, for png, svg and csv.")  # fmt: skip
@click.option("--tokenizer", metavar="CKPT", help="Show how this checkpoint's tokenizer cuts the logged examples.")
@click.option("--examples", type=click.IntRange(min=0), default=20, show_default=True, metavar="N",
              help="Logged examples of a cell on the page at most.")  # fmt: skip
@click.option("--title", help="Of the page.")
@INCLUDE_PATH
def command(
    runs: tuple[Path, ...],
    output: Path | None,
    form: str,
    figure: str,
    tokenizer: str | None,
    examples: int,
    title: str | None,
    include_path: tuple[Path, ...],
) -> None:
    """Write one page about finished runs, to be opened from disk: figures, languages, transfer, examples, provenance.

    RUN is the output folder of `eval`, its results.json, a folder of seeds, or a folder with series.json. Of several,
    the first is the baseline. With --format png, svg or csv, a single figure is written instead
    (the map of languages is the first run's).
    """
    from xtreme_harness.files.text import write_given
    from xtreme_harness.report.inputs import compared, read_all, tokenizer_cuts
    from xtreme_harness.report.page import Content, build_page
    from xtreme_harness.report.single_figures import write_figure

    models, series = read_all(runs)
    cuts = tokenizer_cuts(tokenizer, models, include_path) if tokenizer is not None else {}
    if form == "html":
        path = output or Path("report.html")
        page = build_page(Content(models, *compared(models, include_path), series, cuts, examples, title))
        write_given(path, page)
        echo(f"report: {path} ({len(page.encode()) / 1e6:.1f} MB)")
    else:
        path = output or Path(f"{figure}.{form}")
        write_figure(figure, form, Content(models, series=series, cuts=cuts), path)
        echo(f"figure: {path}")
