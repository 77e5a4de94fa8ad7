from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from tests.fixtures.export_runs import HUB, REVISION, sourced
from tests.fixtures.own_cards import ratings
from xtreme_harness import evaluate
from xtreme_harness.errors import OutputError
from xtreme_harness.exports import export
from xtreme_harness.kinds import KINDS
from xtreme_harness.results.read import read_result

hub = pytest.importorskip("huggingface_hub")


def test_community_evaluations_are_what_the_hub_parses(oracle_run: Path) -> None:
    text = export(sourced(oracle_run, {"xnli": HUB}), "hf-eval-results")
    found = {one.task_id: one for one in hub.parse_eval_result_entries(yaml.safe_load(text))}
    one = found["xnli_de"]
    assert (one.dataset_id, one.dataset_revision, one.value) == ("facebook/xnli", REVISION, 100.0)
    assert one.notes.startswith("xnli|suite:xtreme")
    assert yaml.safe_load(text) == hub.eval_result_entries_to_yaml(list(found.values()))


def test_local_data_have_no_revision_and_tasks_without_a_data_set_no_entry(oracle_run: Path) -> None:
    text = export(sourced(oracle_run, {}), "hf-eval-results")
    found = {one.task_id: one for one in hub.parse_eval_result_entries(yaml.safe_load(text))}
    assert (found["pawsx_de"].dataset_id, found["pawsx_de"].dataset_revision) == (
        "google-research-datasets/paws-x", None,
    )  # fmt: skip
    assert not [name for name in found if name.startswith(("mewslix", "lareqa"))]  # the Hub has no test data of theirs


def test_means_over_part_of_the_languages_are_no_community_evaluation(oracle_run: Path) -> None:
    text = export(sourced(oracle_run, {}), "hf-eval-results")
    names = {entry["dataset"]["task_id"] for entry in yaml.safe_load(text)}
    assert "bucc2018" in names
    assert not {"pawsx", "xnli", "xtreme"} & names


def test_the_card_reads_back(oracle_run: Path) -> None:
    text = export(sourced(oracle_run, {"xnli": HUB}), "model-index", "org/model")
    data = hub.ModelCard(text + "\n# A model\n").data
    assert data.model_name == "org/model"
    found = {one.metric_name: one for one in data.eval_results}
    one = found["xnli de: accuracy"]
    assert (one.task_type, one.dataset_type, one.dataset_revision, one.dataset_split, one.metric_value) == (
        "text-classification", "facebook/xnli", REVISION, "test", 100.0,
    )  # fmt: skip
    assert found["pawsx: mean, 6 of 7 languages"].dataset_name.endswith("(mean in xtreme)")
    assert found["xtreme: mean, 8 of 9 tasks incomplete"].dataset_type == "xtreme"
    assert found["mlqa en: score"].metric_type == "mean_of_exact_match_and_f1"


def test_the_two_tatoebas_are_results_of_their_own(oracle_run: Path) -> None:
    text = export(sourced(oracle_run, {}), "model-index")
    index = yaml.safe_load(text.strip("-\n"))["model-index"][0]["results"]
    found = [r for r in index if r["dataset"]["config"] in ("tatoeba_de", "tatoeba@xtreme-r_de")]
    assert [len(r["metrics"]) for r in found] == [1, 1]
    assert len({r["dataset"]["config"] for r in index}) == len(index)


@pytest.mark.parametrize("form", ["hf-eval-results", "model-index"])
def test_limited_results_are_refused(oracle_run: Path, form: str) -> None:
    with pytest.raises(OutputError, match="LIMITED to 5 examples a cell, which this format cannot say"):
        export(sourced(oracle_run, {}, limited=True), form)


@pytest.mark.parametrize("form", ["hf-eval-results", "model-index"])
def test_the_sample_data_are_refused(oracle_run: Path, form: str) -> None:
    with pytest.raises(OutputError, match="mewslix: computed on the sample data"):
        export(read_result(oracle_run), form)


def test_every_kind_has_a_name_on_the_hub() -> None:
    assert "other" not in [kind.hub_task for kind in KINDS.values()]


def test_metrics_have_the_names_that_the_hub_has_for_them(tmp_path: Path) -> None:
    file = ratings(tmp_path)
    run = evaluate("random", str(file), data=str(tmp_path), output=tmp_path / "out")
    index = yaml.safe_load(export(run, "model-index").strip("-\n"))["model-index"][0]["results"]
    found = {metric["type"] for result in index for metric in result["metrics"]}
    assert found == {"mean_of_pearson_and_spearman", "pearsonr", "spearmanr", "score"}
