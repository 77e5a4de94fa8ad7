"""Tables for papers and notes: the means of a run, and its tasks by language."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from xtreme_harness.languages import language
from xtreme_harness.results.result import Mean, Result
from xtreme_harness.results.values import Lost, absent_cells, cell_figures, means_of
from xtreme_harness.tables.csv_text import csv_text
from xtreme_harness.tables.latex import escape
from xtreme_harness.tables.markdown import pipe_table

__all__ = ["to_csv", "to_latex", "to_markdown"]

_ABSENT = "-"  # asked for, and not there
_MEANS = ["suite", "of", "score", "95 % interval", "lacks"]
_COLUMNS = ("level", "suite", "task", "language", "metric", "value", "standard_error", "low", "high", "n", "limit",
            "lacks", "model", "signature")  # fmt: skip


def to_markdown(run: Result, model: str, include: Sequence[Path] = ()) -> str:
    """The means, then the tasks by language; percent, one decimal, "-" where a cell that was asked for is not there."""
    headers, rows = _by_language(run)
    parts = [
        f"### {_title(run, model)}",
        _pipe(_MEANS, _means(run)),
        _pipe(headers, rows),
        f"`{run.signature}`",
    ]
    return "\n\n".join(parts) + "\n"


def to_latex(run: Result, model: str, include: Sequence[Path] = ()) -> str:
    """The same two tables as LaTeX environments; they need the package booktabs."""
    headers, rows = _by_language(run)
    notes = f"Percent; -- where a result is missing. {run.signature}"
    return "\n".join(
        [
            r"% \usepackage{booktabs}",
            *_table(_MEANS, _means(run), "llrll", f"{_title(run, model)}: means."),
            "",
            *_table(headers, rows, "l" + "r" * (len(headers) - 1), f"{_title(run, model)}: languages. {notes}"),
            "",
        ]
    )


def to_csv(run: Result, model: str, include: Sequence[Path] = ()) -> str:
    """One figure a line, full precision: suites, groups, tasks, cells; no value where a cell is not there."""
    rows: list[dict[str, Any]] = []
    shared = {"model": model, "limit": run.limit or "", "signature": run.signature}
    for mean in means_of(run):
        figure = {"value": mean.spread.value, "standard_error": mean.spread.error} if mean.spread else {}
        ends = dict(zip(("low", "high"), mean.spread.interval, strict=True)) if mean.spread else {}
        names = {"level": mean.level, "suite": mean.scope, "task": mean.name, "metric": "score"}
        rows.append({**shared, **names, **figure, **ends, "lacks": " ".join(mean.lacking)})
    for one in cell_figures(run):
        low, high = one.interval
        names = {"level": "cell", "task": one.task, "language": one.language, "metric": one.metric}
        own = {"value": one.value, "standard_error": one.error, "low": low, "high": high, "n": one.n}
        rows.append({**shared, **names, **own, "signature": one.signature})
    for (task, code), reason in absent_cells(run).items():
        rows.append({**shared, "level": "cell", "task": task, "language": code, "lacks": reason, "signature": ""})
    return csv_text(_COLUMNS, [[row.get(column) for column in _COLUMNS] for row in rows])


def _title(run: Result, model: str) -> str:
    limit = run.limit
    return f"{model} (LIMITED to {limit} examples a cell)" if limit else model


def _means(run: Result) -> list[list[str]]:
    return [_mean(mean) for mean in means_of(run)]


def _mean(mean: Mean | Lost) -> list[str]:
    name = {"suite": "overall" if mean.name == mean.scope else mean.name, "group": f"{mean.name} (group)"}
    figures = [_ABSENT, _ABSENT]
    if mean.spread:
        low, high = mean.spread.interval
        figures = [f"{mean.spread.value:.1f}", f"{low:.1f} to {high:.1f}"]
    return [mean.scope, name.get(mean.level, mean.name), *figures, mean.share]


def _by_language(run: Result) -> tuple[list[str], list[list[str]]]:
    """One line a language, one column a task: headlines; empty where a task was not asked for in a language."""
    scores = {(one.task, one.language): f"{one.value:.1f}" for one in cell_figures(run) if one.headline}
    scores |= dict.fromkeys(absent_cells(run), _ABSENT)
    tasks = list(dict.fromkeys(task for task, _ in scores))
    codes = sorted({code for _, code in scores})
    rows = [[f"{language(code).name} ({code})", *(scores.get((task, code), "") for task in tasks)] for code in codes]
    return ["language", *tasks], rows


def _pipe(headers: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    safe = [[cell.replace("|", "\\|") for cell in row] for row in rows]
    return pipe_table(safe, headers)


def _table(headers: Sequence[str], rows: Sequence[Sequence[str]], columns: str, caption: str) -> list[str]:
    return [
        r"\begin{table}",
        r"\centering",
        rf"\caption{{{escape(caption)}}}",
        rf"\begin{{tabular}}{{{columns}}}",
        r"\toprule",
        " & ".join(map(escape, headers)) + r" \\",
        r"\midrule",
        *(" & ".join("--" if cell == _ABSENT else escape(cell) for cell in row) + r" \\" for row in rows),
        r"\bottomrule",
        r"\end{tabular}",
        r"\end{table}",
    ]
