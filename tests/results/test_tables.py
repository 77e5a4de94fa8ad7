"""Tables."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from xtreme_harness import Result, evaluate
from xtreme_harness.results.tables import by_language_table, group_table, task_table, training_lines


def cells(line: str) -> list[str]:
    return [part.strip() for part in line.strip("|").split("|")]


@pytest.fixture(scope="module")
def result(tmp_path_factory: pytest.TempPathFactory) -> Result:
    out = tmp_path_factory.mktemp("tables")
    return evaluate("random", ["xtreme", "xtreme-r"], data="samples", output=out)


def test_columns_are_those_of_lm_eval(result: Result) -> None:
    first = cells(task_table(result, "1.0").splitlines()[0])
    assert first == ["Tasks", "Version", "Filter", "n-shot", "Metric", "", "Value", "", "Stderr"]


def test_figures_are_percents_with_two_decimals(result: Result) -> None:
    task = next(t for t in result.tasks if (t.scope, t.key) == ("xtreme", "pawsx"))
    row = next(cells(line) for line in task_table(result, "1.0").splitlines() if "xtreme: pawsx" in line)
    assert row == [
        "xtreme: pawsx (6 of 7 languages)", "1.0", "none", "0", "accuracy", "↑", f"{task.values['accuracy']:.2f}", "±",
        f"{task.spread.error:.2f}",
    ]  # fmt: skip


def test_two_main_values_are_followed_by_their_mean(result: Result) -> None:
    lines = [cells(line) for line in task_table(result, "1.0").splitlines()]
    at = next(i for i, row in enumerate(lines) if row[0].startswith("xtreme: xquad"))
    assert [row[4] for row in lines[at : at + 3]] == ["exact_match", "f1", "mean"]
    values = [float(row[6]) for row in lines[at : at + 3]]
    assert abs(values[2] - (values[0] + values[1]) / 2) <= 0.011


def test_groups_with_the_overall_mean_in_bold(result: Result) -> None:
    names = [cells(line)[0] for line in group_table(result).splitlines()[2:]]
    assert "**xtreme: overall (incomplete)**" in names
    assert "**xtreme-r: xtreme_r_mean_10 (incomplete)**" in names
    assert "xtreme: tagging (incomplete)" in names


def test_by_language_has_a_line_a_task_and_gaps_where_there_is_no_cell(result: Result) -> None:
    lines = [cells(line) for line in by_language_table(result).splitlines()]
    assert lines[0] == ["Tasks", *sorted({c.language for c in result.cells})]
    row = dict(zip(lines[0], next(row for row in lines if row[0] == "pawsx"), strict=True))
    assert row["sw"] == ""
    value, error = map(float, row["de"].split("±"))
    assert error == pytest.approx(100 * (value / 100 * (1 - value / 100) / 19) ** 0.5, abs=0.1)


def test_limited_results_say_so_in_every_table(tmp_path: Path) -> None:
    limited = evaluate("oracle", ["bucc2018", "tagging"], data="samples", output=tmp_path, limit=3)
    group = evaluate("oracle", "xtreme", data="samples", output=tmp_path, limit=3)
    tables: list[Any] = [task_table(limited, "1"), by_language_table(limited), group_table(group)]
    assert all("(LIMITED to 3)" in table.splitlines()[0] for table in tables)


def test_a_run_without_suites_has_no_groups(tmp_path: Path) -> None:
    assert group_table(evaluate("oracle", "bucc2018", data="samples", output=tmp_path)) == ""
    assert "tasks: bucc2018 " in task_table(evaluate("oracle", "bucc2018", data="samples", output=tmp_path), "1")


def searched(value: float, seed: int = 1, **more: Any) -> dict[str, Any]:
    trials = [{"values": {"lr": 1e-5}, "dev": {"xnli": 1.0}}, {"values": {"lr": 2e-5}, "failed": "no number"}]
    search = {"values": {"lr": value}, "trials": trials}
    return {"stage": "target", "tasks": ["xnli"], "seed": seed, "recipe": {}, "search": search, **more}


FROZEN = {"recipe": {"name": "fast", "values": {"freeze_encoder": True}}}
CHOSEN = "chosen of 2 (1 failed) on dev"


@pytest.mark.parametrize(
    ("lineage", "lines"),
    [
        ([{"stage": "base", "recipe": None}, {"stage": "target", "tasks": ["xnli"], "recipe": {"values": {}}}], []),
        ([searched(1e-5)], [f"xnli: lr=1e-05, {CHOSEN}"]),
        ([searched(1e-5, **FROZEN)], [f"xnli: frozen encoder; lr=1e-05, {CHOSEN}"]),
        ([{"stage": "target", "tasks": ["mnli", "copa"], **FROZEN}], ["mnli+copa: frozen encoder"]),
        ([searched(1e-5, 1), searched(1e-5, 2)], [f"xnli: lr=1e-05, {CHOSEN}"]),
        ([searched(1e-5, 1), searched(2e-5, 2)],
         [f"xnli, seed 1: lr=1e-05, {CHOSEN}", f"xnli, seed 2: lr=2e-05, {CHOSEN}"]),
        ([searched(1e-5, train_languages={"xnli": ["de", "sw"]}), searched(2e-5)],
         [f"xnli (de+sw): lr=1e-05, {CHOSEN}", f"xnli: lr=2e-05, {CHOSEN}"]),
        ([{"stage": "x", "recipe": "own", "tasks": 3, "search": searched(1)["search"]}], [f"x: lr=1, {CHOSEN}"]),
    ],
    ids=["nothing to tell", "searched", "both", "frozen", "seeds alike", "seeds apart", "languages", "another's notes"],
)  # fmt: skip
def test_what_was_chosen_or_left_frozen_is_said(lineage: list[dict[str, Any]], lines: list[str]) -> None:
    assert training_lines(lineage) == lines
