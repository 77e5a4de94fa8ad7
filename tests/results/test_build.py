"""Finished cells averaged: the means, and the official leaderboard layout."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from xtreme_harness import evaluate
from xtreme_harness.metrics import METRICS
from xtreme_harness.plan.cells import Missing, all_cards, select
from xtreme_harness.results.build import leaderboard, namer
from xtreme_harness.scoring.means import left_to_right_mean

CARDS = all_cards()
Cells = dict[tuple[str, str], Mapping[str, float]]


def made(suite: str, absent: tuple[str, ...] = (), lacking: tuple[tuple[str, str], ...] = ()) -> Cells:
    """Cells by hand: every value is different, and none is round."""
    found: Cells = {}
    value = 10.0
    for target in select(CARDS, [suite]):
        names = list(METRICS[target.card.metric].official)
        extra = ["accuracy"] if target.card.metric == "chunk_f1" else []
        for code in target.languages:
            value += 0.1
            if target.card.name not in absent and (target.card.name, code) not in lacking:
                found[target.key, code] = {name: value + i for i, name in enumerate([*names, *extra])}
    return found


def board(suite: str, cells: Cells, **options: Any) -> dict[str, Any]:
    return leaderboard(CARDS.suites[suite], select(CARDS, [suite]), cells, **options)


class TestLeaderboardFile:
    """The official evaluator's layout."""

    def test_order_of_keys_in_xtreme(self) -> None:
        assert list(board("xtreme", made("xtreme"))) == [
            "all_task", "classification", "tagging", "qa", "retrieval", "pawsx", "xnli", "panx", "udpos", "bucc2018",
            "tatoeba", "xquad", "mlqa", "tydiqa", "xharness",
        ]  # fmt: skip

    def test_order_of_keys_in_xtreme_r(self) -> None:
        found = board("xtreme-r", made("xtreme-r"))
        assert list(found) == [
            "classification", "tagging", "qa", "retrieval", "multi_choice", "xnli", "panx", "udpos", "tatoeba", "xcopa",
            "mewslix", "xquad", "mlqa", "tydiqa", "xharness",
        ]  # fmt: skip
        assert {"lareqa", "xtreme_r_mean_9", "xtreme_r_mean_10"} <= set(found["xharness"])

    @pytest.mark.parametrize("suite", ["xtreme", "xtreme-r"])
    def test_layout_of_a_task(self, suite: str) -> None:
        found = board(suite, made(suite))
        for target in select(CARDS, [suite]):
            if target.card.name == "lareqa":
                continue
            block, metric = found[target.card.name], METRICS[target.card.metric]
            names = list(metric.official)
            assert list(block) == [*names, *(f"avg_{name}" for name in names), "avg_metric"]
            for name in names:
                assert list(block[name]) == list(target.languages)
                assert block[f"avg_{name}"] == left_to_right_mean(block[name].values())

    @pytest.mark.parametrize(
        ("task", "metrics", "headline"),
        [
            ("xnli", ["accuracy"], ["avg_accuracy"]),
            ("tatoeba", ["accuracy"], ["avg_accuracy"]),
            ("udpos", ["f1", "precision", "recall"], ["avg_f1"]),
            ("bucc2018", ["f1", "precision", "recall"], ["avg_f1"]),
            ("xquad", ["exact_match", "f1"], ["avg_exact_match", "avg_f1"]),
            ("mlqa", ["exact_match", "f1"], ["avg_exact_match", "avg_f1"]),
        ],
    )
    def test_metrics_of_a_task(self, task: str, metrics: list[str], headline: list[str]) -> None:
        block = board("xtreme", made("xtreme"))[task]
        assert [name for name in block if not name.startswith("avg_")] == metrics
        assert block["avg_metric"] == sum(block[name] for name in headline) / len(headline)

    def test_mewslix_is_map_at_20(self) -> None:
        assert list(board("xtreme-r", made("xtreme-r"))["mewslix"]) == ["map@20", "avg_map@20", "avg_metric"]

    def test_groups_and_all_task_are_left_to_right_means_of_tasks(self) -> None:
        found = board("xtreme", made("xtreme"))

        def mean(tasks: tuple[str, ...]) -> float:
            total = 0.0
            for task in tasks:
                total += found[task]["avg_metric"]
            return total / len(tasks)

        assert found["tagging"] == mean(("udpos", "panx"))
        assert found["qa"] == mean(("xquad", "mlqa", "tydiqa"))
        assert found["all_task"] == mean(CARDS.suites["xtreme"].tasks)

    @pytest.mark.parametrize("absent", CARDS.suites["xtreme"].tasks)
    def test_all_task_and_groups_only_where_every_task_is_there(self, absent: str) -> None:
        found = board("xtreme", made("xtreme", absent=(absent,)))
        assert "all_task" not in found
        assert absent not in found
        lost = [group for group, tasks in CARDS.suites["xtreme"].groups.items() if absent in tasks]
        assert [group for group in CARDS.suites["xtreme"].groups if group not in found] == lost

    def test_means_of_xtreme_r_stand_only_under_our_key(self) -> None:
        found = board("xtreme-r", made("xtreme-r"))
        assert not {"all_task", "xtreme_r_mean_9", "xtreme_r_mean_10", "lareqa"} & set(found)
        nine = [t for t in CARDS.suites["xtreme-r"].tasks if t != "lareqa"]
        values = [found[task]["avg_metric"] for task in nine]
        assert found["xharness"]["xtreme_r_mean_9"] == left_to_right_mean(values)
        own = found["xharness"]["lareqa"]["avg_metric"]
        at = CARDS.suites["xtreme-r"].tasks.index("lareqa")
        assert found["xharness"]["xtreme_r_mean_10"] == left_to_right_mean([*values[:at], own, *values[at:]])

    def test_without_lareqa_there_is_the_mean_of_nine_only(self) -> None:
        own = board("xtreme-r", made("xtreme-r", absent=("lareqa",)))["xharness"]
        assert "xtreme_r_mean_9" in own
        assert "xtreme_r_mean_10" not in own

    def test_what_is_missing_is_listed_and_never_0(self) -> None:
        lacking = (("xnli", "sw"), ("pawsx", "ko"))
        missing = [Missing("xnli", "sw", ("xtreme",), "no file")]
        found = board("xtreme", made("xtreme", lacking=lacking), missing=missing)
        assert "sw" not in found["xnli"]["accuracy"]
        assert len(found["xnli"]["accuracy"]) == 14
        assert found["xnli"]["avg_accuracy"] == left_to_right_mean(found["xnli"]["accuracy"].values())
        assert found["xharness"]["missing"] == [
            {"task": "pawsx", "language": "ko", "reason": "not evaluated"},
            {"task": "xnli", "language": "sw", "reason": "no file"},
        ]
        assert found["xharness"]["complete"] is False

    def test_complete(self) -> None:
        assert board("xtreme", made("xtreme"))["xharness"]["complete"] is True
        assert board("xtreme", made("xtreme"), limit=3)["xharness"]["complete"] is False

    def test_our_additions_stand_under_our_key(self) -> None:
        found = board("xtreme", made("xtreme"))
        assert "accuracy" not in found["udpos"]
        assert list(found["xharness"]["udpos"]) == ["accuracy", "avg_accuracy"]

    def test_without_our_key_the_file_is_the_official_one(self, shared: Path) -> None:
        from xtreme_harness.submission.score import score_folders

        mock = shared / "realdata/xtreme_mock"
        found = dict(score_folders(mock / "predictions", mock / "labels", "xtreme", CARDS, mode="official").layout)
        del found["xharness"]
        assert "all_task" in found
        assert all(not name.startswith("xtreme_r") for name in found)


def test_positions_of_unequal_files_do_not_move_together(tmp_path: Path) -> None:
    """A card may say `parallel` and its files disagree: then languages count as independent."""
    for language, size in (("de", 30), ("en", 20)):
        lines = "".join(f"a {i}\tb {i}\t{('entailment', 'neutral')[i % 2]}\n" for i in range(size))
        (tmp_path / f"xnli/test-{language}.tsv").parent.mkdir(exist_ok=True)
        (tmp_path / f"xnli/test-{language}.tsv").write_text(lines, "utf-8")
    result = evaluate("majority", "xnli", data=str(tmp_path), output=tmp_path / "out")
    errors = [(50.0 * 50.0 / (n - 1)) ** 0.5 for n in (30, 20)]
    assert result.tasks[0].spread.error == pytest.approx((errors[0] ** 2 + errors[1] ** 2) ** 0.5 / 2, rel=1e-3)


def test_a_name_that_is_taken_gets_its_scope() -> None:
    name_of = namer()
    pairs = [("tasks", "xnli"), ("xtreme", "xnli"), ("xtreme", "qa"), ("xtreme-r", "qa"), ("xtreme-r", "xnli")]
    assert [name_of(*pair) for pair in pairs] == ["xnli", "xnli@xtreme", "qa", "qa@xtreme-r", "xnli@xtreme-r"]


def test_a_failed_cell_is_absent_in_every_scope_that_asked_for_it(samples: Path, tmp_path: Path) -> None:
    shutil.copytree(samples / "pawsx", tmp_path / "data/pawsx")
    (tmp_path / "data/pawsx/test-de.tsv").write_text("x\n")
    data = str(tmp_path / "data")
    result = evaluate("majority", ["pawsx", "xtreme"], data=data, output=tmp_path / "out")
    for scope in ("tasks", "xtreme"):
        assert result.absent[scope]["pawsx"]["de"].startswith("failed: ")
        mean = next(mean for mean in result.tasks if mean.scope == scope)
        assert (set(mean.lacking), mean.level, mean.complete) == ({"de", "es"}, "task", False)
    assert [mean.key for mean in result.tasks] == ["pawsx", "pawsx@xtreme"]


def test_levels_are_told_not_guessed(tmp_path: Path) -> None:
    result = evaluate("oracle", ["xtreme-r"], data="samples", output=tmp_path)
    assert {mean.name for mean in result.means if mean.level == "suite"} == {"xtreme_r_mean_9", "xtreme_r_mean_10"}
    assert {mean.name for mean in result.means if mean.level == "group"} >= {"qa", "tagging"}
    assert all(mean.parts for mean in result.means)
