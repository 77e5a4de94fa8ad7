"""Single figures for papers and slides, with matplotlib: rows in, Figure out; nothing is drawn on a screen.

Colours stay apart for the colour-blind: Okabe and Ito's palette for runs, one hue from light to dark for cells.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from importlib import import_module
from io import BytesIO
from pathlib import Path
from typing import Any

from xtreme_harness.errors import MissingDependency
from xtreme_harness.files.text import write_given
from xtreme_harness.languages import language
from xtreme_harness.report.fertility import Fertility
from xtreme_harness.report.gaps import Gap
from xtreme_harness.results.curves import Curve
from xtreme_harness.results.frame import FrameRow, MeanRow

__all__ = ["curves", "fertility_bars", "gap_bars", "heat_map", "interval_dots", "save"]

COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9", "#a87900", "#5b4db2", "#555b63")
_SHADES = ("#f4f7fb", "#7fb2e0")  # under black figures
Figure = Any  # matplotlib.figure.Figure
_CHART = (6.4, 3.4)  # inches


def heat_map(scores: Mapping[str, Mapping[str, FrameRow]], title: str) -> Figure:
    """Languages by tasks; each task coloured from its lowest to its highest language.

    Args:
        scores: task -> language -> headline figure.
        title: above it.
    """
    import numpy as np

    tasks = list(scores)
    codes = sorted({code for cells in scores.values() for code in cells}, key=lambda code: language(code).name)
    values = np.array([[_value(scores[task].get(code)) for task in tasks] for code in codes])
    low, high = np.nanmin(values, axis=0), np.nanmax(values, axis=0)
    shares = (values - low) / np.maximum(high - low, 10.0)  # as on the page: over at least ten points
    figure, (axes,) = _figure(1, (2.2 + 0.62 * len(tasks), 1.2 + 0.22 * len(codes)))
    shades = import_module("matplotlib.colors").LinearSegmentedColormap.from_list("shades", _SHADES)
    axes.imshow(np.ma.masked_invalid(shares), cmap=shades, vmin=0, vmax=1, aspect="auto")
    for (i, j), value in np.ndenumerate(values):
        if not math.isnan(value):
            axes.text(j, i, f"{value:.1f}", ha="center", va="center", fontsize=7)
    axes.set_xticks(range(len(tasks)), tasks, rotation=45, ha="left", rotation_mode="anchor", fontsize=8)
    axes.set_yticks(range(len(codes)), [f"{language(code).name} ({code})" for code in codes], fontsize=7)
    axes.tick_params(length=0, top=False, labeltop=True, bottom=False, labelbottom=False)
    axes.spines[:].set_visible(False)
    figure.suptitle(title, fontsize=10)
    return figure


def gap_bars(gaps: Mapping[str, Sequence[Gap]]) -> Figure:
    """Transfer gap of every task, a bar a run.

    Args:
        gaps: run -> gaps.
    """
    tasks = list(dict.fromkeys(gap.task for mine in gaps.values() for gap in mine))
    figure, (axes,) = _figure(1, (_CHART[0], 1.2 + 0.24 * len(tasks) * (1 + len(gaps))))
    height = 0.8 / len(gaps)
    for i, (run, mine) in enumerate(gaps.items()):
        places = [tasks.index(gap.task) + (i - (len(gaps) - 1) / 2) * height for gap in mine]
        bars = axes.barh(places, [gap.gap for gap in mine], height, color=COLOURS[i % len(COLOURS)], label=run)
        axes.bar_label(bars, fmt="%.1f", fontsize=7, padding=2)
    axes.set_yticks(range(len(tasks)), tasks)
    axes.invert_yaxis()
    axes.axvline(0, color="#555b63", linewidth=0.8)
    axes.margins(x=0.1)
    axes.set_xlabel("English minus the mean of the others, percent points")
    _keyed(axes, len(gaps))
    return figure


def interval_dots(rows: Sequence[MeanRow]) -> Figure:
    """Means of tasks and groups with their 95 % intervals, a panel a suite.

    Args:
        rows: of all runs.
    """
    scopes = list(dict.fromkeys(row.scope for row in rows))
    runs = list(dict.fromkeys(row.run for row in rows))
    most = max(len({row.name for row in rows if row.scope == scope}) for scope in scopes)
    size = (_CHART[0], (0.9 + 0.16 * most * (1 + len(runs))) * len(scopes))
    figure, panels = _figure(len(scopes), size)
    for axes, scope in zip(panels, scopes, strict=True):
        mine = [row for row in rows if row.scope == scope]
        names = list(dict.fromkeys(row.name for row in mine))
        for i, run in enumerate(runs):
            own = [row for row in mine if row.run == run]
            places = [names.index(row.name) + (i - (len(runs) - 1) / 2) * 0.6 / len(runs) for row in own]
            ends = [[row.value - row.low for row in own], [row.high - row.value for row in own]]
            axes.errorbar([row.value for row in own], places, xerr=ends, fmt="o", markersize=4, linewidth=1.5,
                          color=COLOURS[i % len(COLOURS)], label=run)  # fmt: skip
        axes.set_yticks(range(len(names)), names)
        axes.invert_yaxis()
        axes.grid(axis="x", color="#d9dde3", linewidth=0.6)
        axes.set_axisbelow(True)
        axes.set_title(scope, fontsize=10, loc="left")
        axes.set_xlabel("mean over languages with its 95 % interval, percent")
        _keyed(axes, len(runs))
    return figure


def fertility_bars(cuts: Mapping[str, Fertility]) -> Figure:
    """Tokens a word, and a character where the script writes no words apart; the highest first.

    Args:
        cuts: language -> what was counted.
    """
    units = {unit: [c for c in cuts.values() if c.unit == unit and c.units] for unit in ("word", "character")}
    shown = {unit: sorted(mine, key=lambda c: -c.per_unit) for unit, mine in units.items() if mine}
    heights = [0.8 + 0.2 * len(mine) for mine in shown.values()]
    figure, panels = _figure(len(shown), (_CHART[0], sum(heights)), heights)
    for axes, (unit, mine) in zip(panels, shown.items(), strict=True):
        bars = axes.barh(range(len(mine)), [c.per_unit for c in mine], color=COLOURS[0])
        notes = [f"{c.per_unit:.2f}" + (f", {c.unknown_rate:.1f} % unknown" if c.unknown else "") for c in mine]
        axes.bar_label(bars, notes, fontsize=7, padding=2)
        axes.set_yticks(range(len(mine)), [f"{language(c.language).name} ({c.language})" for c in mine], fontsize=7)
        axes.invert_yaxis()
        axes.margins(x=0.15)
        axes.set_xlabel(f"tokens a {unit}")
    return figure


def curves(panels: Mapping[str, Sequence[Curve]], unit: str) -> Figure:
    """Lines over steps with their bands, a panel below the other.

    Args:
        panels: title -> its curves.
        unit: of the values; of several panels with different units "".
    """
    figure, every = _figure(len(panels), (_CHART[0], _CHART[1] * len(panels)))
    for axes, (title, lines) in zip(every, panels.items(), strict=True):
        for i, curve in enumerate(lines):
            colour = COLOURS[i % len(COLOURS)]
            style = "-" if i < len(COLOURS) else "--"
            axes.plot(curve.steps, curve.values, style, color=colour, linewidth=1.5, label=curve.name,
                      marker="o" if len(curve.steps) <= 40 else None, markersize=3)  # fmt: skip
            if curve.low:
                axes.fill_between(curve.steps, curve.low, curve.high, color=colour, alpha=0.16, linewidth=0)
        axes.grid(color="#d9dde3", linewidth=0.6)
        axes.set_title(title, fontsize=10, loc="left")
        axes.set_xlabel("step")
        axes.set_ylabel(unit)
        axes.legend(fontsize=7, frameon=False, loc="center left", bbox_to_anchor=(1, 0.5))
    return figure


def save(figure: Figure, path: Path, form: str) -> None:
    """Write a figure, whole or not at all; the same figure gives the same bytes.

    Args:
        figure: what was drawn.
        path: of the file.
        form: "png" (200 dots an inch) or "svg" (its texts are texts).

    Raises:
        OutputError: when it cannot be written.
    """
    import matplotlib

    drawn = BytesIO()
    with matplotlib.rc_context({"svg.fonttype": "none", "svg.hashsalt": "xharness"}):
        figure.savefig(drawn, format=form, dpi=200, metadata={"Date": None} if form == "svg" else {})
    write_given(path, drawn.getvalue())


def _figure(panels: int, size: tuple[float, float], heights: Sequence[float] | None = None) -> tuple[Figure, list[Any]]:
    """An empty figure and its panels, one below the other."""
    try:
        drawn = import_module("matplotlib.figure")
    except ImportError:
        raise MissingDependency("matplotlib is needed for png and svg: pip install 'xtreme-harness[plots]'") from None
    figure = drawn.Figure(figsize=size, layout="constrained")
    axes = figure.subplots(panels, 1, squeeze=False, height_ratios=heights)[:, 0]
    for one in axes:
        one.spines[["top", "right"]].set_visible(False)
    return figure, list(axes)


def _keyed(axes: Any, runs: int) -> None:
    """Name the runs, where there are several."""
    if runs > 1:
        axes.legend(fontsize=8, frameon=False, loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=min(runs, 3))


def _value(row: FrameRow | None) -> float:
    return row.value if row is not None else math.nan
