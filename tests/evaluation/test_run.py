"""The run itself: what it leaves, what it keeps, what it survives."""

from __future__ import annotations

import errno
import json
import os
import shutil
import signal
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.fixtures.warm import CLI, Child, Warm
from xtreme_harness import DataError, ModelError, OutputError, Result, evaluate
from xtreme_harness.evaluation import job
from xtreme_harness.files.folder import locked
from xtreme_harness.jobs import Watch
from xtreme_harness.plan.cells import all_cards, select

pytestmark = pytest.mark.slow


def warned(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.levelname == "WARNING"]


SUITES = ("xtreme", "xtreme-r")
BOTH = ["xtreme", "xtreme-r"]


def results(out: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((out / "results.json").read_text("utf-8"))
    return found


def figures(out: Path) -> dict[str, Mapping[str, float]]:
    return {f"{c['task']} {c['language']}": c["metrics"] for c in results(out)["xharness"]["cells"]}


def files(out: Path, *parts: str) -> dict[str, bytes]:
    folder = out.joinpath(*parts)
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def timeless(out: Path) -> dict[str, Any]:
    """results.json and cells without what may differ from run to run."""
    found = results(out)
    for key in ("date", "total_evaluation_time_seconds", "pretty_env_info", "config"):
        del found[key]
    for cell in found["xharness"]["cells"]:
        del cell["seconds"]
    for name, raw in files(out, "cells").items():
        found[name] = {key: value for key, value in json.loads(raw).items() if key != "seconds"}
    return found


def wanted(suite: str, samples: Path) -> dict[str, list[str]]:
    """Task -> languages that the samples have, from the cards and the files alone."""
    have = {
        "xnli": ("xnli/test-{}.tsv", None), "pawsx": ("pawsx/test-{}.tsv", None), "panx": ("panx/test-{}.tsv", None),
        "udpos": ("udpos/test-{}.tsv", None), "xcopa": ("xcopa/test-{}.jsonl", None),
        "xquad": ("xquad/xquad.{}.json", None), "bucc2018": ("bucc2018/{}-en.test.en", None),
        "mlqa": ("mlqa/MLQA_V1/test/test-context-{0}-question-{0}.json", None),
        "tydiqa": ("tydiqa/tydiqa-goldp-v1.1-dev/tydiqa.goldp.{}.dev.json", None),
        "mewslix": ("mewslix/wikinews_mentions/test-{}.jsonl", None), "lareqa": ("lareqa/xquad-r/{}.json", None),
        "tatoeba": ("tatoeba/tatoeba.{0}-eng.{0}", "iso3"),
    }  # fmt: skip
    from xtreme_harness.languages import language

    found = {}
    for target in select(all_cards(), [suite]):
        pattern, code = have[target.card.name]
        found[target.card.name] = [
            lang
            for lang in target.languages
            if (samples / pattern.format(language(lang).iso3 if code else lang)).exists()
        ]
    return found


class TestOracle:
    """The run that must score 100."""

    def test_scores_100_in_every_cell(self, oracle_run: Path) -> None:
        cells = results(oracle_run)["xharness"]["cells"]
        assert len(cells) == 100
        wrong = [c for c in cells if any(value != 100 for value in c["metrics"].values())]
        assert not wrong

    @pytest.mark.parametrize("suite", SUITES)
    def test_every_language_of_the_samples_is_evaluated(self, oracle_run: Path, samples: Path, suite: str) -> None:
        layout = json.loads((oracle_run / f"leaderboard-{suite}.json").read_text("utf-8"))
        own = layout["xharness"]
        for task, languages in wanted(suite, samples).items():
            block = layout.get(task) or own[task]
            assert list(next(iter(block.values()))) == languages, task
            assert block["avg_metric"] == 100

    def test_overall_figures_are_100(self, oracle_run: Path) -> None:
        official = results(oracle_run)["xharness"]["official"]
        assert official["xtreme"]["all_task"] == 100
        assert "all_task" not in official["xtreme-r"]
        assert official["xtreme-r"]["xharness"]["xtreme_r_mean_9"] == 100
        assert official["xtreme-r"]["xharness"]["xtreme_r_mean_10"] == 100

    @pytest.mark.parametrize("suite", SUITES)
    def test_leaves_the_files_of_the_contract_and_no_other(self, oracle_run: Path, samples: Path, suite: str) -> None:
        cards = all_cards()
        expected = {
            f"{task}/test-{language}.{cards.tasks[task].extension}"
            for task, languages in wanted(suite, samples).items()
            for language in languages
        }
        assert set(files(oracle_run, "predictions", suite)) == expected

    def test_leaves_one_record_and_one_sample_file_a_cell(self, oracle_run: Path) -> None:
        cells = {f"{c['task']}/{c['language']}" for c in results(oracle_run)["xharness"]["cells"]}
        assert {name.removesuffix(".json") for name in files(oracle_run, "cells")} == cells
        assert {name.removesuffix(".jsonl") for name in files(oracle_run, "samples")} == cells
        assert "tatoeba@xtreme-r/de" in cells
        assert sorted(p.name for p in oracle_run.iterdir()) == [
            ".lock", "cells", "leaderboard-xtreme-r.json", "leaderboard-xtreme.json", "log.txt", "predictions",
            "results.json", "samples",
        ]  # fmt: skip

    def test_a_sample_line_has_input_gold_prediction_and_statistics(self, oracle_run: Path) -> None:
        lines = (oracle_run / "samples/xnli/de.jsonl").read_text("utf-8").splitlines()
        first = json.loads(lines[0])
        assert set(first) == {"id", "input", "gold", "prediction", "statistics", "kind"}
        assert first["gold"] == first["prediction"] == first["input"]["label"]
        assert first["statistics"] == {"correct": 1, "n": 1}
        assert len(lines) == json.loads((oracle_run / "cells/xnli/de.json").read_text("utf-8"))["n"]

    def test_tasks_by_name_go_to_a_folder_of_their_own(self, tmp_path: Path) -> None:
        evaluate("oracle", ["pawsx", "tatoeba", "tatoeba@xtreme-r"], data="samples", output=tmp_path)
        assert sorted(p.name for p in (tmp_path / "predictions").iterdir()) == ["tasks"]
        assert sorted(p.name for p in (tmp_path / "predictions/tasks").iterdir()) == [
            "pawsx", "tatoeba", "tatoeba@xtreme-r",
        ]  # fmt: skip
        assert not list(tmp_path.glob("leaderboard-*"))


class TestRandom:
    """The run that must score chance."""

    @pytest.mark.parametrize(("task", "chance"), [("xnli", 1 / 3), ("pawsx", 1 / 2), ("xcopa", 1 / 2)])
    def test_gives_chance(self, tmp_path: Path, task: str, chance: float) -> None:
        found, n = 0.0, 0
        for seed in range(10):
            result = evaluate("random", task, data="samples", output=tmp_path / str(seed), seed=seed)
            found += sum(cell.metrics["accuracy"] / 100 * cell.n for cell in result.cells)
            n += sum(cell.n for cell in result.cells)
        assert abs(found / n - chance) < 4 * (chance * (1 - chance) / n) ** 0.5

    @pytest.mark.slow
    def test_same_seed_same_files_other_seed_others(self, tmp_path: Path) -> None:
        for name, seed in (("a", 1), ("b", 1), ("c", 2)):
            evaluate("random", BOTH, data="samples", output=tmp_path / name, seed=seed)
        assert files(tmp_path / "a", "predictions") == files(tmp_path / "b", "predictions")
        assert files(tmp_path / "a", "predictions") != files(tmp_path / "c", "predictions")
        assert timeless(tmp_path / "a") == timeless(tmp_path / "b")


def forbid_compute(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*args: Any, **kwargs: Any) -> None:
        raise AssertionError("computed")

    for name in ("evaluate_cell", "load_predictor"):
        monkeypatch.setattr(job, name, fail)


def counted(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Names of the cells that are computed from now on."""
    names: list[str] = []
    compute = job.evaluate_cell

    def count(cell: Any, *args: Any) -> Any:
        names.append(cell.name)
        return compute(cell, *args)

    monkeypatch.setattr(job, "evaluate_cell", count)
    return names


class TestResume:
    """The same command again."""

    def test_keeps_all_cells(
        self, demo_run: Path, checkpoint: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        shutil.copytree(demo_run, tmp_path / "out")
        before = timeless(tmp_path / "out")
        forbid_compute(monkeypatch)
        statuses: list[str] = []
        evaluate(
            checkpoint,
            BOTH,
            data="samples",
            output=tmp_path / "out",
            watch=Watch(cell=lambda done: statuses.append(done.status)),
        )
        assert statuses == ["kept"] * 100
        assert timeless(tmp_path / "out") == before
        assert files(tmp_path / "out", "predictions") == files(demo_run, "predictions")
        assert files(tmp_path / "out", "cells") == files(demo_run, "cells")

    def test_force_computes_anew(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        evaluate("oracle", "pawsx", data="samples", output=tmp_path)
        names = counted(monkeypatch)
        evaluate("oracle", "pawsx", data="samples", output=tmp_path, force=True)
        assert len(names) == 6

    def test_a_suite_takes_cells_that_a_task_left(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        evaluate("oracle", "pawsx", data="samples", output=tmp_path, languages="de,en")
        names = counted(monkeypatch)
        result = evaluate("oracle", "xtreme", data="samples", output=tmp_path)
        assert not [name for name in names if name in ("pawsx de", "pawsx en")]
        assert (tmp_path / "predictions/xtreme/pawsx/test-de.tsv").exists()
        kept = result.scored["pawsx", "de"]
        assert "|suite:xtreme|" in kept.signature

    def test_predictions_of_another_model_are_never_taken_for_those_of_a_kept_cell(self, tmp_path: Path) -> None:
        evaluate("majority", "xtreme", data="samples", output=tmp_path, languages="de")
        evaluate("oracle", "pawsx", data="samples", output=tmp_path, languages="de")
        evaluate("oracle", ["xtreme"], data="samples", output=tmp_path, languages="de")
        assert (tmp_path / "predictions/xtreme/pawsx/test-de.tsv").read_bytes() == (
            tmp_path / "predictions/tasks/pawsx/test-de.tsv"
        ).read_bytes()

    @pytest.mark.parametrize("what", ["changed", "removed"])
    def test_a_prediction_file_that_was_touched_is_written_anew(
        self, tmp_path: Path, caplog: pytest.LogCaptureFixture, what: str
    ) -> None:
        evaluate("oracle", "pawsx", data="samples", output=tmp_path)
        before = files(tmp_path, "predictions")
        file = tmp_path / "predictions/tasks/pawsx/test-de.tsv"
        file.write_text("0\n") if what == "changed" else file.unlink()
        evaluate("oracle", "pawsx", data="samples", output=tmp_path)
        assert files(tmp_path, "predictions") == before
        assert warned(caplog).count("pawsx de: computed anew, because its predictions are gone or were changed") == 1

    @pytest.mark.parametrize("content", ["", "{", "[]", '"a"', "{}", '{"fields": 3}', "\x00"])
    def test_a_broken_record_is_computed_anew(self, tmp_path: Path, content: str) -> None:
        evaluate("oracle", "pawsx", data="samples", output=tmp_path)
        (tmp_path / "cells/pawsx/de.json").write_text(content)
        result = evaluate("oracle", "pawsx", data="samples", output=tmp_path)
        assert len(result.cells) == 6

    @pytest.mark.parametrize(
        ("change", "reason"),
        [
            ({"fingerprint": "0" * 64}, "its fingerprint is not that of its fields"),
            ({"metrics": {"accuracy": 12.5}}, "metrics.accuracy: found 12.5, but the statistics in rows give 100"),
            ({"n": -1}, "n: found -1, expected a whole number from 1"),
            ({"predictions": None}, "its predictions are gone or were changed"),
        ],
        ids=["fingerprint", "figure", "number", "no predictions"],
    )
    def test_a_record_that_is_not_true_is_computed_anew(
        self, tmp_path: Path, caplog: pytest.LogCaptureFixture, change: dict[str, Any], reason: str
    ) -> None:
        ask: dict[str, Any] = {"data": "samples", "output": tmp_path, "languages": "de"}
        evaluate("oracle", "pawsx", **ask)
        file = tmp_path / "cells/pawsx/de.json"
        once = json.loads(file.read_text("utf-8"))
        file.write_text(json.dumps({**once, **change}), "utf-8")
        if "predictions" in change:  # and no file of any name that could be taken for them
            shutil.rmtree(tmp_path / "predictions")
        evaluate("oracle", "pawsx", **ask)
        assert json.loads(file.read_text("utf-8")) == {**once, "seconds": pytest.approx(once["seconds"], abs=60)}
        assert len(warned(caplog)) == 1 and reason in warned(caplog)[0]

    def test_samples_asked_for_later_are_written(self, tmp_path: Path) -> None:
        evaluate("oracle", "pawsx", data="samples", output=tmp_path)
        evaluate("oracle", "pawsx", data="samples", output=tmp_path, log_samples=True)
        assert len(files(tmp_path, "samples")) == 6

    def test_left_temporary_files_are_removed(self, tmp_path: Path) -> None:
        for place in ("cells/pawsx", "predictions/tasks/pawsx", "."):
            (tmp_path / place).mkdir(parents=True, exist_ok=True)
            (tmp_path / place / ".x.json.abc.tmp").write_text("half")
        evaluate("oracle", "pawsx", data="samples", output=tmp_path)
        assert not list(tmp_path.rglob("*.tmp"))


CHANGES: dict[str, tuple[dict[str, Any], dict[str, Any], str]] = {
    "limit": ({}, {"limit": 5}, "limit"),
    "seed": ({"model": "random", "seed": 1}, {"model": "random", "seed": 2}, "seed"),
    "model": ({"model": "random"}, {"model": "majority"}, "model, seed"),
    "split": ({}, {"split": "dev"}, "data, split"),
}


class TestChanges:
    """One thing changed: the message names it, and only what depends on it is computed anew."""

    @pytest.mark.parametrize("case", CHANGES)
    def test_names_the_field(self, tmp_path: Path, caplog: pytest.LogCaptureFixture, case: str) -> None:
        first, second, field = CHANGES[case]
        common = {"model": "oracle", "tasks": "xnli", "data": "samples", "output": tmp_path, "languages": "en"}
        evaluate(**{**common, **first})
        evaluate(**{**common, **second})
        assert warned(caplog) == [f"xnli en: computed anew, because {field} changed"]

    def test_dtype(self, checkpoint: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
        for dtype in ("float32", "bfloat16"):
            evaluate(checkpoint, "xnli", data="samples", output=tmp_path, languages="de", dtype=dtype)
        assert warned(caplog) == ["xnli de: computed anew, because dtype changed"]

    def test_batch_size_is_no_change(self, checkpoint: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        evaluate(checkpoint, "xnli", data="samples", output=tmp_path, languages="de")
        forbid_compute(monkeypatch)
        evaluate(checkpoint, "xnli", data="samples", output=tmp_path, languages="de", batch_size=3)

    def test_weights(
        self, checkpoint: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        shutil.copytree(checkpoint, tmp_path / "ckpt")
        ask: dict[str, Any] = {"data": "samples", "output": tmp_path / "out", "languages": "de"}
        evaluate(tmp_path / "ckpt", ["xnli", "pawsx"], **ask)
        config = tmp_path / "ckpt/xnli/config.json"
        config.write_text(config.read_text("utf-8").replace('"hidden_dropout_prob": 0.1', '"hidden_dropout_prob": 0.2'))
        names = counted(monkeypatch)
        evaluate(tmp_path / "ckpt", ["xnli", "pawsx"], **ask)
        assert names == ["xnli de"]
        assert warned(caplog) == ["xnli de: computed anew, because model changed"]

    def test_layer(self, checkpoint: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
        for layer in ("1", "2"):
            evaluate(checkpoint, ["tatoeba", "xnli"], data="samples", output=tmp_path, languages="de", layer=layer)
        assert warned(caplog) == ["tatoeba de: computed anew, because layer changed"]

    def test_card_option(
        self, tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        evaluate("oracle", ["xnli", "pawsx"], data="samples", output=tmp_path / "out", languages="de")
        card = tmp_path / "xnli.yaml"
        from xtreme_harness.cards import folder

        text = (folder() / "xnli.yaml").read_text("utf-8")
        card.write_text(text.replace("max_length: 128", "max_length: 64"))
        names = counted(monkeypatch)
        ask: dict[str, Any] = {"data": "samples", "output": tmp_path / "out", "languages": "de"}
        evaluate("oracle", ["xnli", "pawsx"], include=[card], **ask)
        assert names == ["xnli de"]
        assert warned(caplog) == ["xnli de: computed anew, because card changed"]

    def test_data_file(
        self, samples: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        shutil.copytree(samples / "pawsx", tmp_path / "data/pawsx")
        ask: dict[str, Any] = {"data": str(tmp_path / "data"), "output": tmp_path / "out"}
        evaluate("oracle", "pawsx", **ask)
        file = tmp_path / "data/pawsx/test-de.tsv"
        file.write_text("".join(file.read_text("utf-8").splitlines(keepends=True)[:-1]))
        names = counted(monkeypatch)
        evaluate("oracle", "pawsx", **ask)
        assert names == ["pawsx de"]
        assert warned(caplog) == ["pawsx de: computed anew, because data changed"]

    def test_label_file(self, oracle_run: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
        shutil.copytree(oracle_run / "predictions/xtreme", tmp_path / "labels")
        ask: dict[str, Any] = {"data": "samples", "output": tmp_path / "out", "labels": tmp_path / "labels"}
        evaluate("majority", "pawsx", languages="de", **ask)
        file = tmp_path / "labels/pawsx/test-de.tsv"
        file.write_text(file.read_text("utf-8").translate({ord("0"): "1", ord("1"): "0"}))
        evaluate("majority", "pawsx", languages="de", **ask)
        assert warned(caplog) == ["pawsx de: computed anew, because labels changed"]


class TestOutputFolder:
    """The folder is sound, or the run does not begin."""

    @pytest.mark.parametrize(
        ("place", "kind"),
        [
            ("", "file"), ("cells", "file"), ("predictions", "file"), ("predictions/tasks/pawsx", "file"),
            ("results.json", "folder"), ("log.txt", "folder"), (".lock", "folder"), ("samples", "file"),
        ],
    )  # fmt: skip
    def test_something_in_the_way_is_found_before_any_compute(
        self, tmp_path: Path, xharness: Callable[..., Any], monkeypatch: pytest.MonkeyPatch, place: str, kind: str
    ) -> None:
        way = tmp_path / "out" / place if place else tmp_path / "out"
        way.parent.mkdir(parents=True, exist_ok=True)
        way.write_text("") if kind == "file" else way.mkdir()
        forbid_compute(monkeypatch)
        ended = xharness("eval", "-m", "oracle", "-t", "pawsx", "--data", "samples", "-o", tmp_path / "out", "-s")
        assert ended.status == 2
        assert len(ended.errors) == 1
        assert ended.errors[0].startswith(f"error: {tmp_path / 'out' / place}".rstrip("/"))
        assert "Traceback" not in ended.err

    def test_a_second_process_is_refused(self, tmp_path: Path, xharness: Callable[..., Any]) -> None:
        evaluate("oracle", "pawsx", data="samples", output=tmp_path)
        before = files(tmp_path)
        with locked(tmp_path):
            ended = xharness("eval", "-m", "oracle", "-t", "pawsx", "--data", "samples", "-o", tmp_path, "--force")
        assert ended.status == 2
        assert ended.errors == [
            f"error: {tmp_path}: another xharness (process {os.getpid()}) is writing here; "
            "wait, or name another --output-path"
        ]
        after = files(tmp_path)
        assert {k: v for k, v in after.items() if k != ".lock"} == {k: v for k, v in before.items() if k != ".lock"}

    @pytest.mark.parametrize("after", [0, 1, 7, 20])
    def test_a_full_disk_ends_the_run_in_one_line_and_leaves_nothing_half_written(
        self, tmp_path: Path, xharness: Callable[..., Any], monkeypatch: pytest.MonkeyPatch, after: int
    ) -> None:
        out, replaced = tmp_path / "out", os.replace
        written: list[str] = []

        def full(source: Any, target: Any) -> None:
            if ".writable" not in str(target):
                if len(written) >= after:
                    raise OSError(errno.ENOSPC, "No space left on device")
                written.append(str(target))
            replaced(source, target)

        command = ("eval", "-m", "oracle", "-t", "xnli,pawsx", "--data", "samples", "-o", out)
        with monkeypatch.context() as patch:
            patch.setattr(os, "replace", full)
            ended = xharness(*command)
        assert ended.status == 2
        assert len(ended.errors) == 1
        assert "cannot be written (No space left on device)" in ended.errors[0]
        assert "Traceback" not in ended.err
        assert not list(out.rglob("*.tmp"))
        cells = {p: p.read_bytes() for p in out.glob("cells/*/*.json")}
        assert all(json.loads(raw)["status"] == "done" for raw in cells.values())
        assert xharness(*command).status == 0
        assert {p: p.read_bytes() for p in cells} == cells

    def test_a_full_disk_while_logging_is_no_second_fault(
        self, tmp_path: Path, xharness: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("xtreme_harness.files.folder.open_appending", lambda path: open("/dev/full", "wb", 0))  # noqa: PTH123, SIM115
        ended = xharness("eval", "-m", "oracle", "-t", "pawsx", "--data", "samples", "-o", tmp_path)
        assert ended.status == 0
        assert "Logging error" not in ended.err


class TestFaults:
    """A fault in one cell does not stop the others."""

    @pytest.fixture
    def broken(self, samples: Path, tmp_path: Path) -> Path:
        for task in ("pawsx", "xquad"):
            shutil.copytree(samples / task, tmp_path / "data" / task)
        (tmp_path / "data/pawsx/test-de.tsv").write_text("one column\n")
        (tmp_path / "data/xquad/xquad.zh.json").write_text('{"data": [')
        return tmp_path / "data"

    def test_exit_status_is_3_and_the_rest_is_saved(
        self, broken: Path, tmp_path: Path, xharness: Callable[..., Any]
    ) -> None:
        out = tmp_path / "out"
        ended = xharness("eval", "-m", "oracle", "-t", "pawsx,xquad", "--data", broken, "-o", out)
        assert ended.status == 3
        assert len(ended.errors) == 2
        assert ended.errors[0].startswith(f"failed: pawsx de: {broken}/pawsx/test-de.tsv:1: ")
        assert ended.errors[1].startswith(f"failed: xquad zh: {broken}/xquad/xquad.zh.json")
        assert "2 of 12 cells failed; the others are saved; the same command continues" in ended.err
        own = results(out)["xharness"]
        assert set(own["failed"]) == {"pawsx de", "xquad zh"}
        assert own["complete"] is False
        assert len(own["cells"]) == len(files(out, "cells")) == 10
        assert "Traceback" not in ended.err

    def test_what_failed_is_done_when_the_fault_is_gone(
        self, broken: Path, samples: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        ask: dict[str, Any] = {"data": str(broken), "output": tmp_path / "out"}
        assert set(evaluate("oracle", ["pawsx", "xquad"], **ask).failed) == {"pawsx de", "xquad zh"}
        shutil.copy(samples / "pawsx/test-de.tsv", broken / "pawsx/test-de.tsv")
        shutil.copy(samples / "xquad/xquad.zh.json", broken / "xquad/xquad.zh.json")
        names = counted(monkeypatch)
        assert not evaluate("oracle", ["pawsx", "xquad"], **ask).failed
        assert names == ["pawsx de", "xquad zh"]

    def test_a_cell_that_fails_leaves_no_file_of_an_earlier_run(
        self, broken: Path, samples: Path, tmp_path: Path
    ) -> None:
        evaluate("majority", "pawsx", data="samples", output=tmp_path / "out")
        evaluate("oracle", "pawsx", data=str(broken), output=tmp_path / "out")
        assert not (tmp_path / "out/predictions/tasks/pawsx/test-de.tsv").exists()
        assert not (tmp_path / "out/cells/pawsx/de.json").exists()

    def test_the_leaderboard_says_why_a_cell_is_missing(self, broken: Path, tmp_path: Path) -> None:
        shutil.copytree(broken, tmp_path / "d2")
        evaluate("oracle", "xtreme", data=str(tmp_path / "d2"), output=tmp_path / "out")
        layout = json.loads((tmp_path / "out/leaderboard-xtreme.json").read_text("utf-8"))
        reasons = {(m["task"], m["language"]): m["reason"] for m in layout["xharness"]["missing"]}
        assert reasons["pawsx", "de"].startswith("failed: ")
        assert layout["xharness"]["complete"] is False

    def test_all_cells_faulty_is_wrong_use(self, broken: Path, tmp_path: Path, xharness: Callable[..., Any]) -> None:
        out = tmp_path / "out"
        ended = xharness("eval", "-m", "oracle", "-t", "pawsx", "--languages", "de", "--data", broken, "-o", out)
        assert ended.status == 2
        assert len(ended.errors) == 1

    def test_data_that_goes_away_is_a_fault_of_its_cell(self, broken: Path, tmp_path: Path) -> None:
        from xtreme_harness.plan.cells import Plan

        def remove(plan: Plan, options: Any) -> None:
            (broken / "pawsx/test-en.tsv").unlink()

        result = evaluate("oracle", "pawsx", data=str(broken), output=tmp_path / "out", watch=Watch(plan=remove))
        assert set(result.failed) == {"pawsx de", "pawsx en"}

    def test_a_model_that_cannot_be_loaded_fails_its_cells_once(
        self, checkpoint: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        shutil.copytree(checkpoint, tmp_path / "ckpt")
        (tmp_path / "ckpt/xnli/model.safetensors").write_bytes(b"broken")
        loads: list[Any] = []
        load = job.load_predictor
        monkeypatch.setattr(job, "load_predictor", lambda *a: (loads.append(a), load(*a))[1])
        result = evaluate(tmp_path / "ckpt", ["xnli", "pawsx"], data="samples", output=tmp_path / "out")
        assert set(result.failed) == {f"xnli {code}" for code in ("ar", "de", "en", "hi", "ru", "sw", "zh")}
        assert len(loads) == 2


class Stop:
    """Raises KeyboardInterrupt when a number of cells has ended."""

    def __init__(self, after: int) -> None:
        self.left = after

    def __call__(self, done: Any) -> None:
        self.left -= 1
        if self.left <= 0:
            raise KeyboardInterrupt


class TestInterrupt:
    """Ctrl-C."""

    @pytest.mark.parametrize("after", [1, 4, 12])
    def test_writes_the_results_of_all_cells_whose_files_are_written(self, tmp_path: Path, after: int) -> None:
        with pytest.raises(KeyboardInterrupt):
            evaluate("oracle", ["xnli", "pawsx"], data="samples", output=tmp_path, watch=Watch(cell=Stop(after)))
        own = results(tmp_path)["xharness"]
        assert len(own["cells"]) == after == len(files(tmp_path, "cells"))
        assert own["complete"] is False
        reasons = [m["reason"] for m in own["missing"] if m["reason"].startswith("not reached")]
        assert len(reasons) == 13 - after
        result = evaluate("oracle", ["xnli", "pawsx"], data="samples", output=tmp_path)
        assert len(result.cells) == 13

    def test_an_interrupted_run_keeps_what_an_earlier_one_finished_later_in_the_plan(self, tmp_path: Path) -> None:
        evaluate("oracle", "pawsx", data="samples", output=tmp_path)
        with pytest.raises(KeyboardInterrupt):
            evaluate("oracle", ["xnli", "pawsx"], data="samples", output=tmp_path, watch=Watch(cell=Stop(8)))
        assert len(results(tmp_path)["xharness"]["cells"]) == 8

    def test_exit_status_is_130(
        self, tmp_path: Path, xharness: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        from xtreme_harness.cli.show import Progress

        stop = Stop(3)
        monkeypatch.setattr(Progress, "cell", lambda self, done: stop(done))
        ended = xharness("eval", "-m", "oracle", "-t", "xnli", "--data", "samples", "-o", tmp_path)
        assert ended.status == 130
        assert ended.err.splitlines()[-1] == "interrupted; the same command continues where this one stopped"
        assert "Traceback" not in ended.err


def wait_for_cells(process: Child, out: Path, number: int) -> None:
    end = time.monotonic() + 60
    while time.monotonic() < end and process.poll() is None:
        if len(list(out.glob("cells/*/*.json"))) >= number:
            return
        time.sleep(0.005)


@pytest.mark.slow
def test_killed_at_several_moments_and_continued_it_gives_the_same_bytes(
    warm: Warm, checkpoint: Path, demo_run: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    command = ("eval", "-m", checkpoint, "-t", "xtreme,xtreme-r", "--data", "samples", "-o", out)
    for number in (2, 35, 70):
        process = warm.start(CLI, command)
        wait_for_cells(process, out, number)
        process.kill()
        assert process.wait(60) == -signal.SIGKILL
        assert all(json.loads(raw) for name, raw in files(out, "cells").items() if name.rpartition("/")[2][0] != ".")
    process = warm.start(CLI, command)
    assert process.wait(120) == 0, process.err
    assert files(out, "predictions") == files(demo_run, "predictions")
    assert timeless(out) == timeless(demo_run)
    for suite in SUITES:
        name = f"leaderboard-{suite}.json"
        assert (out / name).read_bytes() == (demo_run / name).read_bytes()


@pytest.mark.slow
@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM], ids=["Ctrl-C", "a scheduler"])
def test_a_signal_ends_with_130_and_the_same_command_continues(
    warm: Warm, checkpoint: Path, tmp_path: Path, sent: signal.Signals
) -> None:
    out = tmp_path / "out"
    command = ("eval", "-m", checkpoint, "-t", "xtreme", "--data", "samples", "-o", out)
    process = warm.start(CLI, command)
    wait_for_cells(process, out, 3)
    process.send_signal(sent)
    assert process.wait(60) == 130
    finished = len(files(out, "cells"))
    assert 3 <= finished < 68
    assert len(results(out)["xharness"]["cells"]) == finished
    assert isinstance(evaluate(checkpoint, "xtreme", data="samples", output=out), Result)


def test_no_cell_can_be_had(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match=r"nothing to evaluate: xnli: .*empty has no test data"):
        evaluate("oracle", "xnli", data=str(tmp_path / "empty"), output=tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_an_output_error_inside_the_api(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("")
    with pytest.raises(OutputError, match="a file is in the way"):
        evaluate("oracle", "xnli", data="samples", output=tmp_path / "out")


def test_tatoeba_tells_the_other_direction_beside_the_official_one(checkpoint: Path, tmp_path: Path) -> None:
    evaluate(checkpoint, "tatoeba", data="samples", languages="de", output=tmp_path)
    cell = json.loads((tmp_path / "results.json").read_text())["xharness"]["cells"][0]
    assert list(cell["metrics"]) == ["accuracy"]
    assert cell["extras"].keys() == {"accuracy_foreign_to_english"}
    assert 0 <= cell["extras"]["accuracy_foreign_to_english"] <= 100


def test_a_silent_hub_ends_the_run_at_its_first_cell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("huggingface_hub.constants.ENDPOINT", "http://127.0.0.1:9")
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "cache"))
    ended = []
    with pytest.raises(DataError, match=r"facebook/xnli: the Hub .* cannot be reached.*--data samples") as caught:
        evaluate("oracle", "xnli", output=tmp_path / "out", watch=Watch(cell=ended.append))
    assert (len(caught.value.faults), ended) == (1, [])


def test_a_checkpoint_without_tokenizer_is_refused_before_any_cell(checkpoint: Path, tmp_path: Path) -> None:
    shutil.copytree(checkpoint / "xnli", tmp_path / "bare", ignore=shutil.ignore_patterns("tokenizer*"))
    with pytest.raises(ModelError, match="bare: no tokenizer files in this checkpoint"):
        evaluate(tmp_path / "bare", "xnli", data="samples", output=tmp_path / "out")
    assert not (tmp_path / "out").exists()
