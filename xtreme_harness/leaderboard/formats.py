"""A board as markdown, CSV, JSON and LaTeX."""

from __future__ import annotations

from collections.abc import Sequence

from xtreme_harness.files.json_text import json_text
from xtreme_harness.leaderboard.board import Board, Row, Section
from xtreme_harness.tables.csv_text import csv_text
from xtreme_harness.tables.latex import escape
from xtreme_harness.tables.markdown import pipe_table

__all__ = ["FORMATS", "to_csv", "to_json", "to_latex", "to_markdown"]


def to_markdown(board: Board) -> str:
    """One table a section, one decimal; "-" where a figure is missing."""
    parts = []
    for section in board.sections:
        rows = [[cell.replace("|", "\\|") for cell in line] for line in _cells(section)]
        table = pipe_table(rows, _headings(section))
        parts.append("\n\n".join([f"### {section.title}", *section.notes, table]))
    if board.notes:
        parts.append("\n".join(f"- {note}" for note in board.notes))
    return "\n\n".join(parts) + "\n"


def to_latex(board: Board) -> str:
    """One table environment a section, title and notes as its caption; needs no package."""
    parts = []
    for section in board.sections:
        headings = _headings(section)
        caption = escape(" ".join([f"{section.title}.", *section.notes]))
        lines = [
            r"\begin{table}",
            rf"\caption{{{caption}}}",
            rf"\begin{{tabular}}{{{''.join('l' if h in _TEXT else 'r' for h in headings)}}}",
            r"\hline",
            " & ".join(map(escape, headings)) + r" \\",
            r"\hline",
            *(" & ".join("--" if c == "-" else escape(c) for c in line) + r" \\" for line in _cells(section)),
            r"\hline",
            r"\end{tabular}",
            r"\end{table}",
        ]
        parts.append("\n".join(lines))
    notes = [f"% {note}" for note in board.notes]
    return "\n\n".join([*parts, *notes]) + "\n"


def to_csv(board: Board) -> str:
    """One line a row, all sections under one header; empty where a figure is missing."""
    columns = list(dict.fromkeys(c.name for s in board.sections for c in s.columns))
    groups = list(dict.fromkeys(g for s in board.sections for g in s.groups))
    head = ["suite", "split", "section", "rank", "model", "setting"]
    lines = []
    for section in board.sections:
        name = section.means[-1] if section.means else ""
        for row in section.rows:
            one = row.submission
            figures = [row.value(heading) for heading in [*columns, *groups, name]]
            lines.append(
                [section.suite, section.split, section.title, row.rank, one.model, one.setting]
                + ["" if value is None else round(value, 4) for value in figures]
                + [name, one.source, one.slug, "; ".join(one.missing)]
            )
    return csv_text([*head, *columns, *groups, "mean", "mean_of", "source", "slug", "incomplete"], lines)


def to_json(board: Board) -> str:
    """Everything, in full precision; null where a figure is missing."""
    sections = [
        {
            "suite": s.suite,
            "split": s.split,
            "title": s.title,
            "notes": list(s.notes),
            "ranked": s.ranked,
            "ranked_by": (s.means[-1] if s.means else next(iter(s.rows[0].figures))) if s.ranked else None,
            "rows": [_object(s, row) for row in s.rows],
        }
        for s in board.sections
    ]
    return json_text({"sections": sections, "notes": list(board.notes)}, indent=2) + "\n"


FORMATS = {"markdown": to_markdown, "csv": to_csv, "json": to_json, "latex": to_latex}
_TEXT = ("model", "setting", "source")


def _headings(section: Section) -> list[str]:
    return ["rank", "model", "setting", *(c.name for c in section.columns), *section.groups, *section.means, "source"]


def _cells(section: Section) -> list[list[str]]:
    return [_line(section, row) for row in section.rows]


def _line(section: Section, row: Row) -> list[str]:
    one = row.submission
    figures = [_figure(row, name) for name in [*(c.name for c in section.columns), *section.groups, *section.means]]
    return [str(row.rank or "-"), one.model, one.setting or "-", *figures, one.source]


def _figure(row: Row, name: str) -> str:
    value = row.value(name)
    share = row.figures[name].share if name in row.figures else ""
    return "-" if value is None else f"{value:.1f}" + (f" ({share})" if share else "")


def _object(section: Section, row: Row) -> dict[str, object]:
    one = row.submission
    return {
        "rank": row.rank,
        "slug": one.slug,
        "model": one.model,
        "kind": one.kind,
        "setting": one.setting,
        "source": one.source,
        "figures": _values(row, [column.name for column in section.columns]),
        "metrics": {name: list(figure.metrics) for name, figure in row.figures.items()},
        "groups": _values(row, section.groups),
        "means": _values(row, section.means),
        "incomplete": list(one.missing),
    }


def _values(row: Row, names: Sequence[str]) -> dict[str, float | None]:
    return {name: row.value(name) for name in names}
