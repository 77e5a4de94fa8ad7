"""A suite over cards that nobody has seen, with a mean of its own: no Python, and every command works."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from math import sqrt
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Finished, Made
from xtreme_harness import CardError, compare, evaluate, score
from xtreme_harness.exports import export
from xtreme_harness.results.read import read_result

Run = Callable[..., Finished]
TOPIC = """\
name: topic
title: Is it the same topic?
kind: sequence_classification
metric: accuracy
licence: own
labels: ["no", "yes"]
train: [topic]
languages: [eng_Latn, swh_Latn, quy_Latn, nqo_Nkoo]
parallel: true
official:
  format: tsv
  files: {train: "topic/train-{language}.tsv", dev: "topic/dev-{language}.tsv", test: "topic/test-{language}.tsv"}
  options: {columns: {text_a: 0, text_b: 1, label: 2}}
"""
NER = """\
name: ner
title: Names
kind: token_classification
metric: entity_f1
licence: own
labels: [O, B-PER, I-PER]
train: [ner]
languages: [sw, wol]
official:
  format: conll
  files: {test: "ner/test-{language}.tsv"}
"""
SUITES = """\
own:
  title: Two tasks of our own, and one of theirs
  groups: {sentences: [topic, pawsx], tagging: [ner]}
  languages: {topic: [eng_Latn, swh_Latn, quy_Latn], pawsx: [en]}
  metrics: {ner: tag_accuracy}
  mean: languages
  overall: own_mean
halves:
  groups: {sentences: [topic], tagging: [ner, pawsx]}
  languages: {pawsx: [en, de]}
  mean: groups
"""
METADATA = """\
model: Random
suite: own
contact: someone@example.org
licence: MIT
parameters: 1
pretraining_languages: 1
pretraining_data: none
fine_tuning_data: none
"""
DATA = ("--data", "pawsx=SAMPLES", "--data", "DATA")


def lay_out(root: Path) -> None:
    """Cards, a file of suites and data."""
    (root / "cards").mkdir(parents=True)
    for name, text in {"topic.yaml": TOPIC, "ner.yaml": NER, "suites.yaml": SUITES}.items():
        (root / "cards" / name).write_text(text, "utf-8")
    (root / "metadata.yaml").write_text(METADATA, "utf-8")
    for task in ("topic", "ner"):
        (root / "data" / task).mkdir(parents=True)
    for code in ("eng_Latn", "swh_Latn", "quy_Latn", "nqo_Nkoo"):
        for split, n in (("test", 30), ("dev", 10), ("train", 40)):
            lines = [f"{code} text {i}\t{code} topic {i}\t{'yes' if i % 3 else 'no'}\n" for i in range(n)]
            (root / "data" / "topic" / f"{split}-{code}.tsv").write_text("".join(lines), "utf-8")
    for code in ("sw", "wol"):
        sentences = [f"Awa{i}\tB-PER\nDiop\tI-PER\ndem{i}\tO\n\n" for i in range(12)]
        (root / "data" / "ner" / f"test-{code}.tsv").write_text("".join(sentences), "utf-8")


@pytest.fixture(scope="module")
def root(made_once: Made, samples: Path) -> Path:
    """Cards, data, and two runs of the suites; read only."""

    def make(folder: Path) -> None:
        lay_out(folder)
        for seed in (1, 2):
            asked: dict[str, Any] = {"data": data(folder, samples), "include": folder / "cards", "seed": seed}
            evaluate("random", ["own", "halves"], output=folder / f"run-{seed}", **asked)

    return made_once("own-suite", make)


def data(root: Path, samples: Path) -> list[str]:
    return [str(root / "data"), f"pawsx={samples / 'pawsx'}"]


def layout(place: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(place.read_text("utf-8"))
    return found


def headline(cells: Mapping[str, float]) -> float:
    return sum(cells.values()) / len(cells)


def test_what_a_run_leaves(root: Path) -> None:
    own, halves = (layout(root / "run-1" / f"leaderboard-{suite}.json") for suite in ("own", "halves"))
    assert list(own) == ["own_mean", "sentences", "tagging", "topic", "pawsx", "ner", "xharness"]
    assert list(halves) == ["all_task", "sentences", "tagging", "topic", "ner", "pawsx", "xharness"]
    topic, paws, ner = (
        own[task][metric] for task, metric in (("topic", "accuracy"), ("pawsx", "accuracy"), ("ner", "accuracy"))
    )
    by_language = [
        (topic["eng_Latn"] + paws["en"]) / 2, (topic["swh_Latn"] + ner["sw"]) / 2, topic["quy_Latn"], ner["wol"],
    ]  # fmt: skip
    assert own["own_mean"] == pytest.approx(sum(by_language) / 4)
    assert own["xharness"] == {"mean": "languages", "complete": True, "limited": False, "missing": []}
    assert list(halves["topic"]["accuracy"]) == ["eng_Latn", "swh_Latn", "quy_Latn", "nqo_Nkoo"]
    assert "f1" in halves["ner"]
    tagging = (halves["ner"]["avg_metric"] + halves["pawsx"]["avg_metric"]) / 2
    assert halves["all_task"] == pytest.approx((halves["topic"]["avg_metric"] + tagging) / 2)
    assert (root / "run-1" / "predictions" / "own" / "ner" / "test-wol.tsv").is_file()
    assert {cell.name for cell in (root / "run-1" / "cells").iterdir()} == {"topic", "ner", "ner@own", "pawsx"}


def test_results_are_read_back_with_the_rules_of_their_means(root: Path) -> None:
    run = read_result(root / "run-1")
    means = {(mean.scope, mean.level, mean.name): mean for mean in run.groups}
    assert {key: mean.over for key, mean in means.items() if key[1] == "suite"} == {
        ("own", "suite", "own_mean"): "languages", ("halves", "suite", "halves"): "groups",
    }  # fmt: skip
    assert {mean.key for mean in run.groups} == {
        "own_mean", "sentences", "tagging", "halves", "sentences@halves", "tagging@halves",
    }  # fmt: skip
    for name, suite in (("own_mean", "own"), ("halves", "halves")):
        written = layout(root / "run-1" / f"leaderboard-{suite}.json")
        value = written["own_mean"] if suite == "own" else written["all_task"]
        assert means[suite, "suite", name].spread.value == pytest.approx(value, abs=1e-12)
        assert means[suite, "suite", name].spread.error > 0


def test_compare_finds_the_same_means(root: Path) -> None:
    found = compare(root / "run-1", root / "run-2", include=[root / "cards"])
    overall = {d.name: d for d in found.at("suite")}
    assert set(overall) == {"own_mean", "halves"}
    runs = [read_result(root / f"run-{seed}") for seed in (1, 2)]
    for name, one in overall.items():
        old, new = ({mean.name: mean for mean in run.groups}[name].spread for run in runs)
        assert (one.old, one.new) == (pytest.approx(old.value), pytest.approx(new.value))
        assert one.complete
        assert one.error == pytest.approx(sqrt(old.error**2 + new.error**2), rel=0.25)  # two independent runs
    assert {d.scope for d in found.at("group")} == {"own", "halves"}


def test_commands_that_need_the_suite_say_where_it_is_to_be_named(root: Path) -> None:
    runs = [read_result(root / f"run-{seed}") for seed in (1, 2)]
    with pytest.raises(CardError) as raised:
        compare(root / "run-1", root / "run-2")
    assert raised.value.faults[0] == (
        f"{runs[0].place}: is a run of the suite 'own', which is not known here; "
        "give --include-path with the file or folder that has it"
    )
    assert len(raised.value.faults) == 4


@pytest.mark.slow
class TestCommands:
    """As a user types them."""

    def test_tasks(self, xharness: Run, root: Path, samples: Path) -> None:
        listed = xharness("tasks", "list", "--include-path", root / "cards").out.splitlines()
        assert "suite own: Two tasks of our own, and one of theirs: topic, pawsx, ner" in listed
        assert "suite halves: topic, ner, pawsx" in listed
        assert any("own (3), halves (4)" in line for line in listed if line.startswith("| topic"))
        shown = xharness("tasks", "show", "own", "--include-path", root / "cards").out.splitlines()
        assert "  overall:   own_mean: mean over languages" in shown
        assert "  task:      ner (ner@own): tag_accuracy; 2 languages: sw wol" in shown
        assert xharness("tasks", "show", root / "cards" / "suites.yaml").out.splitlines()[: len(shown)] == shown
        checked = xharness(
            "tasks",
            "check",
            "own",
            "--include-path",
            root / "cards",
            "--data",
            f"pawsx={samples / 'pawsx'}",
            "--data",
            root / "data",
        )
        assert not [line for line in checked.err.splitlines() if not line.startswith("pawsx ")]
        assert "topic test quy_Latn: 30 examples" in checked.out

    def test_eval_of_the_folder_and_of_a_task_as_a_suite_asks_for_it(
        self, xharness: Run, root: Path, samples: Path, tmp_path: Path
    ) -> None:
        where = [word for place in data(root, samples) for word in ("--data", place)]
        ran = xharness("eval", "-m", "oracle", "-t", root / "cards", *where, "-o", tmp_path / "o")
        assert ran.status == 0
        assert "**own: own_mean**" in ran.out
        assert "mean of languages" in ran.out
        assert layout(tmp_path / "o" / "leaderboard-own.json")["own_mean"] == 100
        by_name = xharness(
            "eval", "-m", "oracle", "-t", "ner@own", "--include-path", root / "cards", *where, "-o", tmp_path / "n"
        )
        assert by_name.status == 0
        assert {cell.metric for cell in read_result(tmp_path / "n").cells} == {"tag_accuracy"}
        narrow = xharness("eval", "-m", "oracle", "-t", "own", "--include-path", root / "cards", *where, "--languages",
                          "sw", "-o", tmp_path / "s")  # fmt: skip
        assert narrow.status == 0
        assert "own_mean" not in layout(tmp_path / "s" / "leaderboard-own.json")

    def test_submissions(self, xharness: Run, root: Path, samples: Path, tmp_path: Path) -> None:
        own = ("--include-path", root / "cards")
        where = [word for place in data(root, samples) for word in ("--data", place)]
        labels, found = tmp_path / "labels", root / "run-1" / "predictions" / "own"
        assert xharness("submission", "labels", "--suite", "own", *own, *where, "--to", labels).status == 0
        assert xharness("submission", "check", found, "--suite", "own", "--labels", labels, *own).status == 0
        scored = xharness("score", "--predictions", found, "--labels", labels, "--suite", "own", *own,
                          "-o", tmp_path / "scores.json")  # fmt: skip
        assert scored.status == 0
        assert "| own_mean" in scored.out
        ours, run = layout(tmp_path / "scores.json"), layout(root / "run-1" / "leaderboard-own.json")
        assert {**ours, "xharness": None} == {**run, "xharness": None}
        assert score(found, labels, "own", include=[root / "cards"]).layout == ours
        packed = tmp_path / "subs" / "random"
        args = ("--metadata", root / "metadata.yaml", "-o", packed)
        assert xharness("submission", "pack", found, "--suite", "own", *args, *own).status == 0
        (packed / "scores.json").write_text(json.dumps(ours), "utf-8")
        board = xharness("leaderboard", "--submissions", tmp_path / "subs", "--suite", "own,halves", "--with",
                         root / "run-2", *own, "--format", "json")  # fmt: skip
        assert board.status == 0
        first, second = json.loads(board.out)["sections"]
        assert [row["means"] for row in first["rows"] if row["kind"] == "predictions"] == [
            {"own_mean": ours["own_mean"]}
        ]
        assert (first["ranked_by"], second["ranked_by"]) == ("own_mean", "overall")
        means = {mean.name: mean.spread.value for mean in read_result(root / "run-2").groups}
        (row,) = second["rows"]
        assert row["means"]["overall"] == pytest.approx(means["halves"])
        assert [row["means"]["own_mean"] for row in first["rows"] if row["kind"] == "run"] == [
            pytest.approx(means["own_mean"])
        ]

    def test_gate_report_and_export(self, xharness: Run, root: Path, tmp_path: Path) -> None:
        own, runs = ("--include-path", root / "cards"), (root / "run-1", root / "run-2")
        rules = tmp_path / "rules.yaml"
        rules.write_text("rules: [{suite: own, floor: 99.5}, {suite: own, group: tagging, floor: 0.5}]\n", "utf-8")
        gated = xharness("gate", *runs, "--rules", rules, *own)
        assert gated.status == 1
        assert "own: own_mean" in gated.out
        assert xharness("gate", runs[0], runs[0], *own).status == 0
        lost = xharness("gate", *runs)
        assert lost.status == 2
        assert "is a run of the suite 'own', which is not known here" in lost.err
        assert xharness("report", *runs, *own, "-o", tmp_path / "r.html").status == 0
        assert "own_mean" in (tmp_path / "r.html").read_text("utf-8")
        assert xharness("export", runs[0], "--format", "markdown", *own).status == 0

    def test_a_name_that_there_is_not(self, xharness: Run, root: Path) -> None:
        asked = ("submission", "check", root / "run-1" / "predictions" / "own", "--suite", "owm")
        assert xharness(*asked, "--include-path", root / "cards").errors == [
            "error: --suite: unknown suite 'owm' (did you mean 'own'?); --include-path names the place of others"
        ]

    def test_a_grid_has_the_suites_mean(self, root: Path, samples: Path) -> None:
        from tests.fixtures.made_gains import made_rows
        from xtreme_harness.grid.gain_summary import suite_scores, target_gains
        from xtreme_harness.plan.cells import all_cards

        cells = {"topic": {"eng_Latn": 60.0, "sw": 30.0}, "ner@own": {"sw": 10.0}, "pawsx": {"en": 80.0}}
        rows = made_rows({("none", task, 1): found for task, found in cells.items()}, suite="own")
        (found,) = suite_scores(target_gains(rows), all_cards([root / "cards"]).suites)
        assert (found.name, found.targets) == ("own_mean", ("topic", "pawsx", "ner@own"))
        assert found.baseline.mean == pytest.approx(((60 + 80) / 2 + (30 + 10) / 2) / 2)


def test_export_says_the_means(root: Path) -> None:
    run = read_result(root / "run-1")
    assert "\nsuite,own,own_mean," in export(run, "csv")
    told = {
        one["evaluation_name"]: one["metric_config"] for one in json.loads(export(run, "eee"))["evaluation_results"]
    }
    assert "over languages of own, of each the mean over its tasks, of: topic, pawsx, ner" in str(told["own_mean"])
    assert "over groups of halves" in str(told["halves"])
    assert "over tasks: topic, pawsx" in str(told["sentences"])
