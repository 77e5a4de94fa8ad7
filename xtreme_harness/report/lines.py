"""Curves over steps as inline SVG: training within a run, scores over a series of checkpoints."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from xtreme_harness.report.markup import Html, el
from xtreme_harness.report.parts import SERIES_COLOURS, figure, note, number, section, table
from xtreme_harness.results.curves import Curve, Training, series_curves
from xtreme_harness.results.series import Series

__all__ = ["chart", "series", "training"]

_WIDTH, _HEIGHT = 640, 280
_POINTS = 400  # of a line at most
_TICKS = 5  # of an axis, about
_LINES = 5  # of a chart at most
_LEFT, _RIGHT, _TOP, _BOTTOM = 52, 12, 28, 34


def training(found: Mapping[str, Sequence[Training]]) -> Html | None:
    """Loss and dev scores of every unit that a run trained; None where nothing was."""
    panels = [
        el(
            "div",
            el("h3", f"{name}: {one.unit}" if len(found) > 1 else one.unit),
            _drawn(one.loss, "loss", f"Loss of {one.unit}"),
            _drawn(one.dev, "dev", f"Dev score of {one.unit}"),
            class_="panel",
        )
        for name, units in found.items()
        for one in units
    ]
    if not panels:
        return None
    text = note("Loss of the steps that were logged, and scores on development data.")
    return section("training", "Training", text, el("div", panels, class_="panels"))


def series(found: Series) -> Html:
    """Scores of a series of checkpoints over their steps, with 95 % bands."""
    panels = []
    for scope, curves in series_curves(found).items():
        parts = [part for level in curves.values() for part in _parted(level)]
        charts = [el("div", _drawn(part, "score, %", f"{scope} over steps"), class_="panel") for part in parts]
        panels.append(el("div", charts, class_="panels"))
        panels.append(_series_table(scope, [curve for level in curves.values() for curve in level]))
    text = note("Means of each checkpoint with their 95 % intervals over examples.")
    return section("series", "Checkpoints over steps", text, panels)


def chart(curves: Sequence[Curve], unit: str, title: str) -> Html:
    """Lines with their bands, axes and a legend.

    Args:
        curves: none of them empty.
        unit: of the values.
        title: what the picture shows, for those who do not see it.
    """
    xs = [step for curve in curves for step in curve.steps]
    ys = [y for curve in curves for y in (*curve.values, *curve.low, *curve.high)]
    x_ticks, y_ticks = _ticks(min(xs), max(xs), whole=True), _ticks(min(ys), max(ys))
    x_range = (min(xs), max(xs))
    y_range = (min(y_ticks[0], min(ys)), max(y_ticks[-1], max(ys)))
    frame = [
        *(_grid_y(tick, _y(tick, y_range)) for tick in y_ticks),
        *(_tick_x(tick, _x(tick, x_range)) for tick in x_ticks if x_range[0] <= tick <= x_range[1]),
    ]
    shapes = [_line(curve, i, x_range, y_range) for i, curve in enumerate(curves)]
    labels = [
        el("text", unit, x=_LEFT, y=12),
        el("text", "step", x=_WIDTH - _RIGHT, y=_HEIGHT - 4, text_anchor="end"),
    ]
    picture = el(
        "svg", el("title", title), frame, shapes, labels, viewBox=f"0 0 {_WIDTH} {_HEIGHT}", role="img", class_="chart"
    )
    keys = [
        el("span", el("i", class_=f"key s{i % SERIES_COLOURS}", aria_hidden="true"), curve.name, class_="run")
        for i, curve in enumerate(curves)
    ]
    return el("figure", el("div", picture, class_="scroll"), el("figcaption", keys))


def _drawn(curves: Sequence[Curve], unit: str, title: str) -> Html | None:
    """A chart; of a single step, which makes no line, its figures."""
    if not curves:
        return None
    if len({step for curve in curves for step in curve.steps}) > 1:
        return chart(curves, unit, title)
    figures = ", ".join(f"{curve.name} {figure(curve.values[0])}" for curve in curves)
    return el("p", f"{unit} at step {curves[0].steps[0]:,.0f}: {figures}")


def _parted(curves: Sequence[Curve]) -> list[Sequence[Curve]]:
    """At most five lines a chart."""
    return [curves[i : i + _LINES] for i in range(0, len(curves), _LINES)]


def _line(curve: Curve, i: int, xs: tuple[float, float], ys: tuple[float, float]) -> list[Html]:
    every = max(1, math.ceil(len(curve.steps) / _POINTS))
    pairs = list(zip(curve.steps, curve.values, strict=True))
    kept = [*pairs[:-1:every], pairs[-1]]  # the last point always
    points = [f"{_x(x, xs)},{_y(y, ys)}" for x, y in kept]
    shapes = [el("polyline", points=" ".join(points), class_="line")]
    if curve.low:
        upper = [f"{_x(x, xs)},{_y(y, ys)}" for x, y in zip(curve.steps, curve.high, strict=True)]
        lower = [f"{_x(x, xs)},{_y(y, ys)}" for x, y in zip(curve.steps, curve.low, strict=True)]
        shapes.insert(0, el("polygon", points=" ".join([*upper, *reversed(lower)]), class_="band"))
    if len(points) <= 40:
        shapes += [el("circle", cx=point.split(",")[0], cy=point.split(",")[1], r=3) for point in points]
    return [el("g", shapes, class_=f"s{i % SERIES_COLOURS}")]


def _grid_y(tick: float, y: float) -> Html:
    line = el("line", x1=_LEFT, x2=_WIDTH - _RIGHT, y1=y, y2=y, class_="grid")
    return el("g", line, el("text", _short(tick), x=_LEFT - 8, y=y + 4, text_anchor="end"))


def _tick_x(tick: float, x: float) -> Html:
    return el("text", _short(tick), x=x, y=_HEIGHT - _BOTTOM + 16, text_anchor="middle")


def _x(value: float, ends: tuple[float, float]) -> float:
    return round(_LEFT + (_WIDTH - _LEFT - _RIGHT) * (value - ends[0]) / (ends[1] - ends[0] or 1.0), 1)


def _y(value: float, ends: tuple[float, float]) -> float:
    return round(_HEIGHT - _BOTTOM - (_HEIGHT - _TOP - _BOTTOM) * (value - ends[0]) / (ends[1] - ends[0] or 1.0), 1)


def _ticks(low: float, high: float, whole: bool = False) -> list[float]:
    """Round numbers that enclose the values; whole ones for what is counted.

    >>> _ticks(0.3, 9.7)
    [0.0, 2.0, 4.0, 6.0, 8.0, 10.0]
    >>> _ticks(10, 12, whole=True)
    [10.0, 11.0, 12.0]
    """
    width = (high - low) or max(abs(high), 1.0)
    raw = width / _TICKS
    scale = 10.0 ** math.floor(math.log10(raw))
    step = next(f * scale for f in (1, 2, 2.5, 5, 10) if f * scale >= raw * 0.999)
    step = max(1.0, step) if whole else step
    first = math.floor(low / step)
    last = max(math.ceil(high / step), first + 1)
    return [round(i * step, 10) for i in range(first, last + 1)]


def _short(value: float) -> str:
    """A number on an axis.

    >>> _short(12000), _short(0.25), _short(3.0)
    ('12k', '0.25', '3')
    """
    if abs(value) >= 1000 and value % 100 == 0:
        return f"{value / 1000:g}k".replace("-", "−")
    return f"{value:g}".replace("-", "−")


def _series_table(scope: str, curves: Sequence[Curve]) -> Html:
    steps = sorted({step for curve in curves for step in curve.steps})
    at = [dict(zip(curve.steps, curve.values, strict=True)) for curve in curves]
    lines = [
        el("tr", el("th", f"{step:,.0f}", scope="row", data_v=str(step)), [number(points.get(step)) for points in at])
        for step in steps
    ]
    shown = table(["step", *(c.name for c in curves)], lines, f"series-{scope}", "wide", f"{scope} by step")
    return el("details", el("summary", f"{scope}: figures ({figure(len(steps), 0)} checkpoints)"), shown)
