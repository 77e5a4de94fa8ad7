from __future__ import annotations

from pathlib import Path

import pytest

from tests.fixtures.export_runs import sourced
from xtreme_harness.results.read import read_run
from xtreme_harness.results.values import absent, cell_figures, dataset_of, means_of


def test_every_cell_has_one_headline(oracle_run: Path) -> None:
    run = read_run(oracle_run)
    heads = [(one.task, one.language) for one in cell_figures(run) if one.headline]
    assert heads == list(run.cells)


def test_headline_of_question_answering_is_the_mean_with_the_recorded_interval(demo_run: Path) -> None:
    run = read_run(demo_run)
    found = {one.metric: one for one in cell_figures(run) if one.cell == "mlqa_en"}
    entry = next(e for e in run.own["cells"] if (e["task"], e["language"]) == ("mlqa", "en"))
    assert list(found) == ["score", "exact_match", "f1"]
    assert found["score"].value == pytest.approx((found["exact_match"].value + found["f1"].value) / 2)
    assert (list(found["score"].interval), found["score"].error) == (entry["interval"], None)
    assert [one.headline for one in found.values()] == [True, False, False]


def test_standard_errors_are_percents(demo_run: Path) -> None:
    run = read_run(demo_run)
    one = next(one for one in cell_figures(run) if one.cell == "pawsx_de")
    assert one.error == pytest.approx(100 * run.results["results"]["pawsx_de"]["acc_stderr,none"])
    assert one.interval == pytest.approx((one.value - 1.96 * one.error, one.value + 1.96 * one.error))


def test_means_say_what_they_lack(oracle_run: Path) -> None:
    found = {(mean.scope, mean.name): mean for mean in means_of(read_run(oracle_run))}
    assert found["xtreme", "pawsx"].lacking == ("es",)
    assert found["xtreme", "pawsx"].share == "6 of 7 languages"
    assert found["xtreme", "bucc2018"].share == ""
    assert found["xtreme", "retrieval"].lacking == ("tatoeba",)
    assert found["xtreme-r", "retrieval"].lacking == ("tatoeba@xtreme-r", "mewslix")
    assert found["xtreme", "xtreme"].share == "8 of 9 tasks incomplete"
    assert [m.level for m in found.values()][:2] == ["suite", "group"]


def test_keys_are_those_of_results_json(oracle_run: Path) -> None:
    run = read_run(oracle_run)
    assert {mean.key for mean in means_of(run)} == set(run.results["groups"])
    for mean in means_of(run):
        assert mean.spread is not None
        block = run.results["groups"][mean.key]
        assert 100 * mean.spread.value in [pytest.approx(1e4 * v) for k, v in block.items() if k != "alias"]


def test_a_task_without_any_cell_is_there_without_a_figure(oracle_run: Path) -> None:
    run = sourced(oracle_run, {})
    scopes = run.results["xharness"]["uncertainty"]["scopes"]
    del scopes["xtreme"]["tasks"]["bucc2018"]
    missing = run.results["xharness"]["official"]["xtreme"]["xharness"]["missing"]
    missing += [{"task": "bucc2018", "language": code, "reason": "no data"} for code in ("de", "fr")]
    found = next(mean for mean in means_of(run) if (mean.scope, mean.name) == ("xtreme", "bucc2018"))
    assert (found.spread, found.share) == (None, "0 of 2 languages")


def test_a_failed_cell_of_a_task_asked_for_by_name_is_absent(oracle_run: Path) -> None:
    run = sourced(oracle_run, {}, official={}, missing=[], failed={"tatoeba@xtreme-r de": "out of\n memory"})
    assert absent(run) == {"tasks": {"tatoeba@xtreme-r": {"de": "failed: out of memory"}}}


def test_a_data_set_on_the_hub_is_named_with_its_revision(oracle_run: Path) -> None:
    from tests.fixtures.export_runs import HUB, REVISION

    run = sourced(oracle_run, {"xnli": HUB})
    assert (dataset_of(run, "xnli").hub, dataset_of(run, "xnli").revision) == ("facebook/xnli", REVISION)
    assert dataset_of(run, "pawsx").hub is None
