from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from tests.fixtures.export_runs import HUB, sourced
from tests.fixtures.own_cards import ratings
from xtreme_harness import evaluate
from xtreme_harness.exports import export
from xtreme_harness.exports.every_eval_ever import SCHEMA
from xtreme_harness.results.result import Result

HOW = "pip install --no-deps every-eval-ever (Python 3.12)"


def exported(run: Result, model: str | None = None) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(export(run, "eee", model))
    return found


def results(record: dict[str, Any]) -> dict[str, Any]:
    found = {one["evaluation_result_id"]: one for one in record["evaluation_results"]}
    assert len(found) == len(record["evaluation_results"]), "ids stand twice"
    return found


def test_a_cell_on_the_hub(oracle_run: Path) -> None:
    record = exported(sourced(oracle_run, {"xnli": HUB}), "org/model")
    one = results(record)["xnli_de#accuracy"]
    assert (record["model_info"]["id"], record["model_info"]["name"]) == ("org/model", "model")
    assert record["evaluation_id"].startswith("xharness/org_model/")
    assert (one["source_data"]["hf_repo"], one["source_data"]["hf_split"]) == ("facebook/xnli", "test")
    assert one["score_details"]["score"] == 100.0
    assert one["score_details"]["uncertainty"]["num_samples"] == one["source_data"]["samples_number"]


def test_a_mean_of_two_values_has_an_interval_and_no_standard_error(oracle_run: Path) -> None:
    found = results(exported(sourced(oracle_run, {})))
    assert set(found["mlqa_en#score"]["score_details"]["uncertainty"]) == {"confidence_interval", "num_samples"}
    assert "standard_error" in found["mlqa_en#f1"]["score_details"]["uncertainty"]


def test_means_say_what_they_lack_and_limited_results_that_they_are(oracle_run: Path) -> None:
    found = results(exported(sourced(oracle_run, {}, limited=True)))
    assert found["pawsx#score"]["score_details"]["details"]["lacks"] == "6 of 7 languages"
    assert all("LIMITED" in one["score_details"]["details"]["limited"] for one in found.values())


def test_a_correlation_may_be_below_0(oracle_run: Path, tmp_path: Path) -> None:
    run = evaluate("random", str(ratings(tmp_path)), data=str(tmp_path), output=tmp_path / "out")
    lows = {one["metric_config"]["min_score"] for one in results(exported(run)).values()}
    assert lows == {-100.0}
    assert {one["metric_config"]["min_score"] for one in results(exported(sourced(oracle_run, {}))).values()} == {0.0}


@pytest.mark.parametrize("limited", [False, True], ids=["whole", "limited"])
def test_the_project_s_own_schema_takes_it(oracle_run: Path, limited: bool) -> None:
    schema = pytest.importorskip("every_eval_ever.schema", reason=HOW)
    record = exported(sourced(oracle_run, {"xnli": HUB}, limited=limited))
    jsonschema.validate(record, schema.schema_json())
    assert schema.get_schema_version() == SCHEMA
    types = pytest.importorskip("every_eval_ever.eval_types", reason=HOW)
    assert len(types.EvaluationLog.model_validate(record).evaluation_results) == len(record["evaluation_results"])
