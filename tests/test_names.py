"""Tests are found by name: `metrics/squad.py` is tested by `tests/metrics/test_squad.py`, and what is not is listed."""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path

import pytest

TESTS = Path(__file__).resolve().parent
PACKAGE = TESTS.parent / "xtreme_harness"
SMALL = 40  # lines; shorter modules need no test of their name

# Test files without a module of their name, and what they are about.
ACROSS = {
    "attack/test_attack.py": "bad inputs of every kind",
    "attack/test_executors.py": "runs of every executor whose processes are killed",
    "attack/test_kills.py": "commands that are killed",
    "attack/test_mutations.py": "every reader",
    "cards/test_authors_files.py": "cards and the files that they are about",
    "cards/test_cards.py": "the cards themselves",
    "cli/test_dry_run.py": "every refusal",
    "cli/test_own_suite.py": "a suite of own cards in every command",
    "comparison/test_every_metric.py": "compare and gate, with every metric",
    "data/formats/test_retrieval.py": "formats of one kind",
    "data/test_hub_benchmarks.py": "data sets from the Hub, of NER to GLUE",
    "data/test_hub_training.py": "training data from the Hub",
    "data/test_hub_world.py": "further data sets from the Hub",
    "data/test_sample_data.py": "the samples themselves",
    "data/test_world_files.py": "the authors' own files",
    "evaluation/test_eval_training.py": "training inside an evaluation",
    "evaluation/test_run.py": "a whole run",
    "gpu/test_forward.py": "what only a GPU can tell",
    "gpu/test_training.py": "what only a GPU can tell",
    "kinds/test_a_new_kind.py": "what a new kind takes",
    "kinds/test_pretended_gpu.py": "every kind, as a GPU would have it",
    "kinds/test_real_answers.py": "real questions and tokenizers of every kind",
    "metrics/test_recorded_averages.py": "official numbers",
    "metrics/test_registry.py": "all metrics",
    "models/test_families.py": "all families of networks",
    "report/test_browser.py": "the page in a browser",
    "results/test_tampering.py": "every reader of what a run left",
    "submission/test_recorded.py": "official numbers",
    "test_benchmarks.py": "tests/benchmarks",
    "test_docs.py": "documentation",
    "test_gpu_check.py": "tests/gpu_check",
    "test_layers.py": "imports",
    "test_light.py": "imports",
    "test_names.py": "names",
    "test_real_encoder.py": "a real model",
    "test_scale.py": "tests/benchmarks",
    "test_wheel.py": "packaging",
    "training/test_answers_by_heart.py": "answers learnt and given to the letter",
    "training/test_dual_encoder.py": "one kind of network",
    "training/test_pretended_gpu.py": "training, as a GPU would have it",
    "training/test_resume.py": "a property",
    "training/test_stopped.py": "a property",
}

# Modules without a test of their name, and the file that tests them.
ELSEWHERE = {
    "cards/collection.py": "cards/test_suites.py",
    "cards/faults.py": "cards/test_cards.py",
    "cards/hyper.py": "cards/test_recipe.py",
    "cards/schema.py": "cards/test_cards.py",
    "cards/suite_faults.py": "cards/test_suites.py",
    "cli/group.py": "cli/test_main.py",
    "cli/options.py": "cli/test_evaluate.py",
    "cli/show.py": "cli/test_evaluate.py",
    "comparison/printed.py": "comparison/test_differences.py",
    "comparison/replicates.py": "comparison/test_compare.py",
    "data/formats/card_options.py": "cards/test_expected.py",
    "data/formats/checks.py": "data/formats/test_jsonlines.py",
    "data/formats/conllu.py": "data/formats/test_tagging.py",
    "data/formats/fields.py": "data/formats/test_jsonlines.py",
    "data/formats/judgements.py": "data/formats/test_qrels.py",
    "data/formats/mentions.py": "data/formats/test_retrieval.py",
    "data/formats/mewslix.py": "data/formats/test_retrieval.py",
    "data/formats/xquad_r.py": "data/formats/test_retrieval.py",
    "data/hub_repository.py": "data/test_hub.py",
    "data/texts.py": "training/test_masking.py",
    "data/trained_on.py": "plan/test_serving.py",
    "data/translations.py": "training/test_translated.py",
    "demonstration/tiny.py": "training/test_masking.py",
    "evaluation/cell.py": "evaluation/test_run.py",
    "evaluation/collected.py": "evaluation/test_driver.py",
    "evaluation/costs.py": "evaluation/test_graph_shown.py",
    "evaluation/graph.py": "plan/test_pieces.py",
    "evaluation/job.py": "evaluation/test_run.py",
    "evaluation/predictors.py": "evaluation/test_run.py",
    "evaluation/saved.py": "evaluation/test_run.py",
    "evaluation/seeds.py": "scoring/test_uncertainty.py",
    "files/json_text.py": "exports/test_plain.py",
    "gate/baseline.py": "gate/test_gate.py",
    "gate/completeness.py": "gate/test_gate.py",
    "gate/decide.py": "gate/test_gate.py",
    "gate/judge.py": "gate/test_gate.py",
    "gate/lost.py": "gate/test_gate.py",
    "gate/outputs.py": "gate/test_gate.py",
    "gate/verdicts.py": "gate/test_gate.py",
    "gate/worst.py": "gate/test_gate.py",
    "grid/describe.py": "cli/test_grid.py",
    "grid/gain_tables.py": "grid/test_gain_summary.py",
    "grid/grid.py": "cli/test_grid.py",
    "grid/prepare.py": "grid/test_schema.py",
    "hub/transport.py": "hub/test_ask.py",
    "jobs/elsewhere.py": "jobs/test_mailbox.py",
    "jobs/engine.py": "plan/test_engines.py",
    "jobs/executors.py": "jobs/local/test_crew.py",
    "jobs/local/workers.py": "jobs/local/test_crew.py",
    "jobs/ray/task.py": "jobs/ray/test_cluster.py",
    "jobs/ray/tasks.py": "jobs/ray/test_cluster.py",
    "jobs/slurm/squeue.py": "jobs/slurm/test_queue.py",
    "kinds/base.py": "kinds/test_a_new_kind.py",
    "kinds/choice_labels.py": "kinds/test_multiple_choice.py",
    "kinds/predict.py": "models/test_load.py",
    "kinds/ranked_lists.py": "kinds/test_ranking.py",
    "leaderboard/formats.py": "leaderboard/test_board.py",
    "leaderboard/recompute.py": "leaderboard/test_submissions.py",
    "leaderboard/sections.py": "leaderboard/test_board.py",
    "metrics/base.py": "metrics/test_registry.py",
    "models/adapters.py": "models/test_preflight.py",
    "models/known_keys.py": "models/test_small_files.py",
    "models/model.py": "models/compute/test_packed.py",
    "models/reading.py": "models/compute/test_packed.py",
    "models/sentence.py": "models/test_checkpoint.py",
    "models/shapes.py": "models/test_small_files.py",
    "plan/asked.py": "cards/test_suites.py",
    "plan/cell_data.py": "data/test_translated_tests.py",
    "plan/check.py": "cli/test_tasks.py",
    "plan/describe.py": "cli/test_dry_run.py",
    "plan/download.py": "cli/test_download.py",
    "plan/estimate.py": "cli/test_evaluate.py",
    "plan/evaluate.py": "evaluation/test_evaluate.py",
    "plan/given.py": "plan/test_request.py",
    "plan/loading.py": "cli/test_dry_run.py",
    "plan/options.py": "evaluation/test_run.py",
    "plan/series.py": "evaluation/test_series.py",
    "plan/setups.py": "evaluation/test_run.py",
    "plan/stage.py": "training/test_stage.py",
    "plan/standing.py": "cli/test_dry_run.py",
    "plan/train.py": "cli/test_dry_run.py",
    "plan/training_work.py": "cli/test_dry_run.py",
    "plan/trials.py": "training/test_trials.py",
    "plan/units.py": "training/test_stage.py",
    "records.py": "kinds/test_retrieval.py",
    "report/comparison.py": "report/test_page.py",
    "report/explorer.py": "report/test_page.py",
    "report/heatmap.py": "report/test_page.py",
    "report/inputs.py": "report/test_page.py",
    "report/lines.py": "report/test_page.py",
    "report/over_seeds.py": "report/test_page.py",
    "report/overview.py": "report/test_page.py",
    "report/parts.py": "report/test_page.py",
    "report/provenance.py": "report/test_page.py",
    "report/single_figures.py": "cli/test_report.py",
    "report/transfer.py": "report/test_page.py",
    "results/result.py": "results/test_json_file.py",
    "scoring/spread.py": "scoring/test_uncertainty.py",
    "submission/check.py": "cli/test_submission.py",
    "submission/metadata.py": "leaderboard/test_submissions.py",
    "training/accelerator.py": "training/test_loop.py",
    "training/course.py": "training/test_dual_encoder.py",
    "training/job.py": "jobs/test_job.py",
    "training/journal.py": "jobs/test_job.py",
    "training/lesson_states.py": "training/test_frozen.py",
    "training/objectives.py": "training/test_network.py",
    "training/selection.py": "training/test_loop.py",
    "training/train.py": "cli/test_train.py",
}


def places(root: Path, pattern: str) -> list[str]:
    return sorted(path.relative_to(root).as_posix() for path in root.rglob(pattern))


def mirrored(module: str) -> str:
    """The test file that carries a module's name."""
    return Path(module).with_name(f"test_{Path(module).name}").as_posix()


MODULES = [place for place in places(PACKAGE, "*.py") if not place.endswith("__init__.py")]
MIRRORS = {mirrored(module): module for module in MODULES}


@cache
def imported(file: Path) -> frozenset[str]:
    """The modules of the package that a file imports, anywhere in it; the fixture `xharness` stands for all of cli/."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(file.read_text("utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module:
            names |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
        elif isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.arg) and node.arg == "xharness":
            names |= {f"xtreme_harness.cli.{path.stem}" for path in (PACKAGE / "cli").glob("*.py")}
    ours = {name.replace(".", "/") for name in names if name.partition(".")[0] == PACKAGE.name}
    files = {TESTS.parent / f"{name}{ending}" for name in ours for ending in (".py", "/__init__.py")}
    return frozenset(file.relative_to(PACKAGE).as_posix() for file in files if file.exists())


def reached(test: str) -> set[str]:
    """What a test imports, with what that imports, and once more: helpers of what is called."""
    found = set(imported(TESTS / test))
    for _ in range(2):
        found |= {one for place in found for one in imported(PACKAGE / place)}
    return found


@pytest.mark.parametrize("test", places(TESTS, "test_*.py"))
def test_a_test_file_has_the_name_of_a_module(test: str) -> None:
    assert (test in MIRRORS) != (test in ACROSS), "no module of this name: rename it, or say in ACROSS what it is about"


@pytest.mark.parametrize("module", MODULES)
def test_a_module_has_a_test_of_its_name(module: str) -> None:
    if (TESTS / mirrored(module)).exists():
        assert module not in ELSEWHERE, f"{mirrored(module)} exists: take the module from ELSEWHERE"
    elif len((PACKAGE / module).read_text("utf-8").splitlines()) > SMALL:
        assert module in ELSEWHERE, f"write {mirrored(module)}, or name in ELSEWHERE the file that tests it"


@pytest.mark.parametrize(("module", "test"), ELSEWHERE.items())
def test_what_is_tested_elsewhere_is_imported_there(module: str, test: str) -> None:
    assert module in MODULES, "no such module: take it from ELSEWHERE"
    assert (TESTS / test).exists()
    assert module in reached(test)


@pytest.mark.parametrize("listed", [ACROSS, ELSEWHERE], ids=["across", "elsewhere"])
def test_lists_are_sorted_and_name_what_is_there(listed: dict[str, str]) -> None:
    assert list(listed) == sorted(listed)
    assert all((TESTS / name).exists() or (PACKAGE / name).exists() for name in listed)
