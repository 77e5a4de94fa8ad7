from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tests.fixtures.made_runs import made_figures
from xtreme_harness.comparison.differences import compare_runs
from xtreme_harness.errors import DataError, OutputError
from xtreme_harness.exports import FORMATS, export
from xtreme_harness.leaderboard.submissions import submissions_of
from xtreme_harness.plan.cells import all_cards
from xtreme_harness.results.read import lm_eval_json, read_result
from xtreme_harness.results.values import absent_cells, cell_figures, means_of, require_figures, strange_figures


def test_every_cell_has_one_headline(oracle_run: Path) -> None:
    run = read_result(oracle_run)
    heads = [(one.task, one.language) for one in cell_figures(run) if one.headline]
    assert heads == list(run.scored)


def test_headline_of_question_answering_is_the_mean_with_the_recorded_interval(demo_run: Path) -> None:
    run = read_result(demo_run)
    found = {one.metric: one for one in cell_figures(run) if one.cell == "mlqa_en"}
    assert list(found) == ["score", "exact_match", "f1"]
    assert found["score"].value == pytest.approx((found["exact_match"].value + found["f1"].value) / 2)
    assert (found["score"].interval, found["score"].error) == (run.scored["mlqa", "en"].interval, None)
    assert [one.headline for one in found.values()] == [True, False, False]


def test_standard_errors_are_percents(demo_run: Path) -> None:
    run = read_result(demo_run)
    one = next(one for one in cell_figures(run) if one.cell == "pawsx_de")
    assert one.error is not None
    assert one.error == pytest.approx(100 * lm_eval_json(run)["results"]["pawsx_de"]["acc_stderr,none"])
    assert one.interval == pytest.approx((one.value - 1.96 * one.error, one.value + 1.96 * one.error))


def test_means_say_what_they_lack(oracle_run: Path) -> None:
    found = {(mean.scope, mean.name): mean for mean in means_of(read_result(oracle_run))}
    assert found["xtreme", "pawsx"].lacking == ("es",)
    assert found["xtreme", "pawsx"].share == "6 of 7 languages"
    assert found["xtreme", "bucc2018"].share == ""
    assert found["xtreme", "retrieval"].lacking == ("tatoeba",)
    assert found["xtreme-r", "retrieval"].lacking == ("tatoeba@xtreme-r", "mewslix")
    assert found["xtreme", "xtreme"].share == "8 of 9 tasks incomplete"
    assert [m.level for m in found.values()][:2] == ["suite", "group"]


def test_keys_are_those_of_results_json(oracle_run: Path) -> None:
    run = read_result(oracle_run)
    groups = lm_eval_json(run)["groups"]
    assert {mean.key for mean in means_of(run)} == set(groups)
    for mean in means_of(run):
        assert mean.spread is not None
        assert 100 * mean.spread.value in [pytest.approx(1e4 * v) for k, v in groups[mean.key].items() if k != "alias"]


def test_a_task_without_any_cell_stands_last_in_its_scope_without_a_figure(oracle_run: Path) -> None:
    lost = {"bucc2018": {code: "no data" for code in ("de", "fr")}}
    run = read_result(oracle_run)
    means = [mean for mean in run.means if (mean.scope, mean.name) != ("xtreme", "bucc2018")]
    run = replace(run, means=tuple(means), absent={**run.absent, "xtreme": {**run.absent["xtreme"], **lost}})
    found = [mean for mean in means_of(run) if mean.scope == "xtreme"][-1]
    assert (found.name, found.key, found.spread, found.share) == ("bucc2018", "bucc2018", None, "0 of 2 languages")


def test_absent_cells_of_suites_stand_before_those_asked_for_by_name(oracle_run: Path) -> None:
    gap = {"de": "no file"}
    run = replace(read_result(oracle_run), absent={"tasks": {"xnli": gap}, "xtreme": {"panx": gap, "xnli": gap}})
    assert absent_cells(run) == {("panx", "de"): "no file", ("xnli", "de"): "no file"}
    assert next(iter(absent_cells(run))) == ("panx", "de")


NAN = float("nan")


@pytest.mark.parametrize(
    ("figures", "fault"),
    [
        ({("xnli", "de"): {"accuracy": NAN}}, "xnli de: accuracy: nan, expected a number"),
        ({("xnli", "de"): {"accuracy": float("inf")}}, "xnli de: accuracy: inf, expected a number"),
        ({("xnli", "de"): {}}, "xnli de: accuracy: missing"),
        ({("xquad", "de"): {"f1": 1.0}}, "xquad de: exact_match: missing"),
        ({}, "no finished cell, so no figures; evaluate first"),
    ],
    ids=str,
)
def test_nothing_is_made_of_what_is_not_a_number(figures: dict[tuple[str, str], dict[str, float]], fault: str) -> None:
    run, sound = made_figures(figures, "new"), made_figures({("xnli", "de"): {"accuracy": 1.0}}, "old")
    with pytest.raises(OutputError) as error:
        require_figures([sound, run])
    assert error.value.faults == (f"new: {fault}",)
    for form in FORMATS:
        with pytest.raises(OutputError, match=f"^new: {fault}$"):
            export(run, form)
    with pytest.raises(OutputError, match=f"^new: {fault}$"):
        submissions_of(run, all_cards())
    with pytest.raises(DataError, match=r"^new: xnli|^new: xquad|nothing to compare"):
        compare_runs([sound], [[run]], all_cards())


def test_means_and_statistics_are_numbers_too(oracle_run: Path) -> None:
    run = read_result(oracle_run)
    assert strange_figures(run) == []
    first, cell = run.means[0], run.cells[0]
    assert cell.rows is not None
    broken = replace(first, values=dict.fromkeys(first.values, NAN))
    rows = cell.rows.copy()
    rows[0, 0] = NAN
    found = strange_figures(replace(run, means=(broken,), cells=(replace(cell, rows=rows), *run.cells[1:])))
    assert found == [
        f"{run.place}: {cell.name}: its statistics are not all numbers",
        f"{run.place}: {first.scope}: {first.name}: {next(iter(first.values))}: nan, expected a number",
    ]
