from __future__ import annotations

import csv
import io
import re
from pathlib import Path

import pytest

from tests.fixtures.export_runs import sourced
from xtreme_harness.errors import OutputError
from xtreme_harness.exports import FORMATS, export
from xtreme_harness.files.json_text import json_text
from xtreme_harness.results.read import read_result
from xtreme_harness.results.result import Result
from xtreme_harness.tables.csv_text import csv_text


def rows_of(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def pipe_rows(text: str) -> list[list[str]]:
    lines = [line for line in text.splitlines() if line.startswith("| ")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def test_markdown_has_the_means_and_the_languages(demo_run: Path) -> None:
    run = read_result(demo_run)
    rows = pipe_rows(export(run, "markdown"))
    spread = next(mean for mean in run.tasks if (mean.scope, mean.name) == ("xtreme", "xnli")).spread
    mean = next(row for row in rows if row[:2] == ["xtreme", "xnli"])
    assert mean[2:] == [f"{spread.value:.1f}", "{:.1f} to {:.1f}".format(*spread.interval), "7 of 15 languages"]
    header = next(row for row in rows if row[0] == "language")
    german = dict(zip(header, next(row for row in rows if row[0] == "German (de)"), strict=True))
    assert german["xnli"] == f"{run.scored['xnli', 'de'].metrics['accuracy']:.1f}"
    assert german["xcopa"] == "", "not a language of the task"
    spanish = dict(zip(header, next(row for row in rows if row[0] == "Spanish (es)"), strict=True))
    assert spanish["xnli"] == "-", "a language of the task that was not evaluated"


@pytest.mark.parametrize("form", ["markdown", "latex"])
def test_limited_tables_say_so(oracle_run: Path, form: str) -> None:
    assert "LIMITED to 5 examples a cell" in export(sourced(oracle_run, {}, limited=True), form)


def latex_cells(run: Result, model: str) -> list[list[str]]:
    lines = [line for line in export(run, "latex", model).splitlines() if line.endswith(r" \\")]
    return [line.removesuffix(r" \\").split(" & ") for line in lines]


def test_latex_is_escaped_and_its_tables_are_whole(oracle_run: Path) -> None:
    run = read_result(oracle_run)
    text = export(run, "latex", "org/my_model&50%")
    assert r"org/my\_model\&50\%" in text
    assert not re.search(r"(?<!\\)[%_#]", text.partition("\n")[2])
    for rule in ("toprule", "midrule", "bottomrule", "begin{table}", "end{table}", "begin{tabular}", "end{tabular}"):
        assert text.count("\\" + rule) == 2, rule
    widths = [len(spec) for spec in re.findall(r"\\begin\{tabular\}\{([lr]+)\}", text)]
    found = latex_cells(run, "m")
    assert {len(row) for row in found} == set(widths)
    assert any("--" in row for row in found)


def test_csv_has_every_figure_once_in_full_precision(demo_run: Path) -> None:
    run = read_result(demo_run)
    rows = rows_of(export(run, "csv", "org/model"))
    cells = {(r["task"], r["language"], r["metric"]): r for r in rows if r["level"] == "cell" and r["value"]}
    assert len(cells) == len([r for r in rows if r["level"] == "cell" and r["value"]])
    for (task, code), cell in run.scored.items():
        for name, value in cell.metrics.items():
            assert float(cells[task, code, name]["value"]) == value
    assert {r["model"] for r in rows} == {"org/model"}


def test_csv_names_missing_cells_with_the_reason_and_no_figure(demo_run: Path) -> None:
    rows = rows_of(export(read_result(demo_run), "csv"))
    one = next(r for r in rows if (r["level"], r["task"], r["language"]) == ("cell", "xnli", "th"))
    assert (one["value"], one["lacks"]) == ("", "samples has no test data")


def test_the_same_run_gives_the_same_text(oracle_run: Path) -> None:
    run = sourced(oracle_run, {})
    assert all(export(run, form) == export(run, form) for form in FORMATS)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("=1+1", "'=1+1"), ("+1-cmd", "'+1-cmd"), ("-x", "'-x"), ("@SUM(A1)", "'@SUM(A1)"), ("\t=1", "'\t=1"),
        ("\r=1", "'\n=1"), ("a\rb", "a\nb"), (" =1", "' =1"), ("-1.5", "-1.5"),
        ("a=1", "a=1"), ("org/-x", "org/-x"), (-1.5, "-1.5"),
        (None, ""), ("-", "'-"), ("", ""),
    ],
)  # fmt: skip
def test_no_cell_is_a_formula(text: object, shown: str) -> None:
    (header, row) = csv.reader(io.StringIO(csv_text(["=h", "v"], [[text, 1]])))
    assert (header, row) == (["'=h", "v"], [shown, "1"])


def test_a_model_that_is_called_like_a_formula(oracle_run: Path) -> None:
    rows = rows_of(export(read_result(oracle_run), "csv", '=HYPERLINK("x")'))
    assert {row["model"] for row in rows} == {'\'=HYPERLINK("x")'}


def test_json_holds_no_nan() -> None:
    assert json_text({"a": [1.5, None], "é": "ü"}) == '{"a": [1.5, null], "é": "ü"}'
    with pytest.raises(OutputError, match=r"^a\.b\[1\]: nan, expected a number; JSON has no other$"):
        json_text({"a": {"b": [1.0, float("nan")]}}, indent=2)
