"""Pieces that several sections are made of: figures, tables that sort, tracks with intervals."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from xtreme_harness.report.markup import Child, Html, el

__all__ = ["bar", "figure", "language_head", "note", "number", "run_mark", "section", "table", "track"]

SERIES_COLOURS = 8  # .s0 to .s7 in page.css


def section(name: str, title: str, *children: Child) -> Html:
    """A section with a heading, to which the page's navigation leads."""
    return el("section", el("h2", title), *children, id=name)


def note(*children: Child) -> Html:
    """A line that says how something is to be read."""
    return el("p", *children, class_="note")


def figure(value: float | None, digits: int = 2, signed: bool = False) -> str:
    """A number for people; a proper minus, and no minus before zero.

    >>> figure(-0.001), figure(-1.5, 1), figure(2, 1, signed=True), figure(None)
    ('0.00', '−1.5', '+2.0', '')
    """
    if value is None or value != value:
        return ""
    rounded = round(value, digits) + 0.0  # -0.0 becomes 0.0
    text = f"{rounded:+.{digits}f}" if signed and rounded else f"{rounded:.{digits}f}"
    return text.replace("-", "−")


def number(value: float | None, digits: int = 2, signed: bool = False, **attributes: str | None) -> Html:
    """A cell of a table with a number, sorted by its full precision."""
    exact = None if value is None or value != value else f"{value:.6g}"
    return el("td", figure(value, digits, signed), data_v=exact or "", **{"class_": "n", **attributes})


def table(
    headers: Sequence[Child],
    rows: Iterable[Html],
    name: str | None = None,
    class_: str = "",
    caption: str | None = None,
) -> Html:
    """A table whose headers are buttons that sort it, in a frame that scrolls sideways on a narrow screen."""
    heads = [el("th", el("button", header, type="button"), scope="col", aria_sort="none") for header in headers]
    body = el("tbody", rows)
    title = el("caption", caption) if caption else None
    inner = el("table", title, el("thead", el("tr", heads)), body, id=name, class_=class_ or None, data_sortable=True)
    return el("div", inner, class_="scroll", tabindex="0", role="region", aria_label=caption or name or "table")


def track(value: float, low: float, high: float, first: float, last: float, colour: int, zero: bool = False) -> Html:
    """A dot with its interval on a line from `first` to `last`; zero is marked where asked for."""
    at = _scale(first, last)
    middle = el("i", class_="zero", style=f"left:{at(0.0)}%") if zero else None
    line = el("i", class_="ci", style=f"left:{at(low)}%;width:{round(at(high) - at(low), 2)}%")
    return _plot([middle, line, el("i", class_="dot", style=f"left:{at(value)}%")], value, colour)


def bar(value: float, first: float, last: float, colour: int) -> Html:
    """A bar from zero on a line from `first` to `last`."""
    at = _scale(first, last)
    left, right = sorted((at(0.0), at(value)))
    shape = el("i", class_="bar", style=f"left:{left}%;width:{round(right - left, 2)}%")
    return _plot([shape, el("i", class_="zero", style=f"left:{at(0.0)}%")], value, colour)


def _scale(first: float, last: float) -> Callable[[float], float]:
    """Where a value stands on a line, percent."""
    width = last - first or 1.0
    return lambda x: round(100 * (min(max(x, first), last) - first) / width, 2)


def _plot(marks: Sequence[Html | None], value: float, colour: int) -> Html:
    line = el("span", marks, class_=f"track s{colour % SERIES_COLOURS}", aria_hidden="true")
    return el("td", line, class_="plot", data_v=f"{value:.6g}")


def run_mark(name: str, colour: int) -> Html:
    """A run's name with its colour before it."""
    return el("span", el("i", class_=f"key s{colour % SERIES_COLOURS}", aria_hidden="true"), name, class_="run")


def language_head(code: str, name: str) -> Html:
    """A language's name and code, as the head of a row."""
    return el("th", name, " ", el("small", code), scope="row", data_v=name)
