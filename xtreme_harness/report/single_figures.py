"""Single figures of a report, as a picture or as the rows behind it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from xtreme_harness.errors import OutputError
from xtreme_harness.files.text import write_given
from xtreme_harness.languages import language
from xtreme_harness.report import plots
from xtreme_harness.report.gaps import Gap, gap_of
from xtreme_harness.report.page import Content
from xtreme_harness.results.curves import Curve, read_training, series_curves
from xtreme_harness.results.frame import FrameRow, MeanRow, frame, means, run_names, scores, to_csv

__all__ = ["FIGURES", "Drawn", "write_figure"]


@dataclass(frozen=True, slots=True)
class Drawn:
    """A figure: how it is drawn, and its rows."""

    draw: Callable[[], plots.Figure]
    kind: type[Any]  # of the rows, a dataclass
    rows: Sequence[Any]


@dataclass(frozen=True, slots=True)
class GapRow:
    """A transfer gap, of all other languages or of a group of them."""

    run: str
    task: str
    grouping: str  # "all" | "family" | "script" | "resource class"
    group: str
    gap: float  # English minus the mean of the others, percent points
    languages: int


@dataclass(frozen=True, slots=True)
class PointRow:
    """A point of a curve."""

    panel: str
    curve: str
    step: float
    value: float
    low: float | None
    high: float | None


@dataclass(frozen=True, slots=True)
class CutRow:
    """How a tokenizer cuts one language."""

    language: str
    name: str
    unit: str  # "word" | "character"
    tokens_per_unit: float
    unknown_rate: float  # percent of the tokens
    units: int
    tokens: int


def write_figure(name: str, form: str, content: Content, path: Path) -> None:
    """Write one figure.

    Args:
        name: a key of `FIGURES`.
        form: "png", "svg" or "csv".
        content: what it shows.
        path: of the file.

    Raises:
        MissingDependency: for pictures without matplotlib.
        OutputError: when the runs have nothing for it, or the file cannot be written.
    """
    drawn = FIGURES[name](content)
    if not drawn.rows:
        raise OutputError(f"--figure {name}: {_NOTHING[name]}")
    if form == "csv":
        write_given(path, to_csv(drawn.kind, drawn.rows))
    else:
        plots.save(drawn.draw(), path, form)


def _languages(content: Content) -> Drawn:
    """The first run's map; the rows of all."""
    names = run_names(content.runs)
    rows = frame(content.runs, names)
    return Drawn(lambda: plots.heat_map(scores(rows, names[0]), names[0]), FrameRow, rows)


def _intervals(content: Content) -> Drawn:
    rows = means(content.runs)
    return Drawn(lambda: plots.interval_dots(rows), MeanRow, rows)


def _transfer(content: Content) -> Drawn:
    names = run_names(content.runs)
    rows = frame(content.runs, names)
    gaps = {
        name: [gap for task, cells in scores(rows, name).items() if (gap := gap_of(task, cells)) is not None]
        for name in names
    }
    lines = [line for name, mine in gaps.items() for gap in mine for line in _gap_rows(name, gap)]
    return Drawn(lambda: plots.gap_bars({name: mine for name, mine in gaps.items() if mine}), GapRow, lines)


def _gap_rows(run: str, gap: Gap) -> Iterator[GapRow]:
    yield GapRow(run, gap.task, "all", "", gap.gap, gap.languages)
    for grouping, groups in gap.groups.items():
        for group, (points, languages) in groups.items():
            yield GapRow(run, gap.task, grouping, group, points, languages)


def _training(content: Content) -> Drawn:
    panels: dict[str, Sequence[Curve]] = {}
    runs = content.named_runs()
    for name, run in runs:
        for one in read_training(run):
            title = f"{name}: {one.unit}" if len(runs) > 1 else one.unit
            panels |= {f"{title}, loss": one.loss} if one.loss else {}
            panels |= {f"{title}, dev score": one.dev} if one.dev else {}
    return Drawn(lambda: plots.curves(panels, ""), PointRow, _points(panels))


def _series(content: Content) -> Drawn:
    found = series_curves(content.series) if content.series is not None else {}
    panels = {f"{scope}, {level}": lines for scope, levels in found.items() for level, lines in levels.items()}
    return Drawn(lambda: plots.curves(panels, "score, percent"), PointRow, _points(panels))


def _fertility(content: Content) -> Drawn:
    counted = [cut for cut in content.cuts.values() if cut.units]
    rows = [
        CutRow(c.language, language(c.language).name, c.unit, c.per_unit, c.unknown_rate, c.units, c.tokens)
        for c in counted
    ]
    return Drawn(lambda: plots.fertility_bars(content.cuts), CutRow, rows)


def _points(panels: Mapping[str, Sequence[Curve]]) -> list[PointRow]:
    return [
        PointRow(panel, c.name, c.steps[i], c.values[i], c.low[i] if c.low else None, c.high[i] if c.high else None)
        for panel, lines in panels.items()
        for c in lines
        for i in range(len(c.steps))
    ]


FIGURES: dict[str, Callable[[Content], Drawn]] = {
    "languages": _languages,
    "intervals": _intervals,
    "transfer": _transfer,
    "training": _training,
    "series": _series,
    "fertility": _fertility,
}
_NOTHING = {
    "languages": "the runs have no finished cells",
    "intervals": "the runs have no means",
    "transfer": "no run has a task with English and another language",
    "training": "no run has models/<unit>/train.jsonl",
    "series": "none of these is a folder with series.json",
    "fertility": "name the tokenizer's checkpoint by --tokenizer",
}
