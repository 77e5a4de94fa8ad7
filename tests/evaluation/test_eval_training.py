"""Training as part of an evaluation: what is missing is trained once, and kept until something changes."""

from __future__ import annotations

import json
import re
import shutil
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
import transformers

from tests.fixtures.families import build, tokenizer
from xtreme_harness import train
from xtreme_harness.errors import OutputError
from xtreme_harness.files.folder import locked
from xtreme_harness.jobs import Engine, only_driver
from xtreme_harness.models.checkpoint import read_checkpoint
from xtreme_harness.plan.request import TrainRequest
from xtreme_harness.plan.train import PreparedTraining, prepare_training

pytestmark = pytest.mark.slow

Run = Callable[..., Any]
FLAGS = ("--data", "samples", "--recipe", "fast", "--set", "max_steps=2", "--dtype", "float32", "--languages", "en,de")


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny encoder without any head."""
    torch.set_num_threads(1)
    return build("bert", None, tmp_path_factory.mktemp("base") / "bert")


@pytest.fixture
def evaluated(xharness: Run, base: Path, tmp_path: Path) -> Run:
    """`xharness eval` on the samples in English and German, into `out`."""

    def run(*args: object, model: Path = base, tasks: str = "xquad") -> Any:
        return xharness("eval", "-m", model, "-t", tasks, *FLAGS, "-o", tmp_path / "out", *args)

    return run


def trained_units(out: Path) -> list[str]:
    return sorted(path.parent.name for path in (out / "models").glob("*/xharness.json"))


def spans_checkpoint(base: Path, folder: Path) -> Path:
    """The base with a question answering head of its own, as anybody might have trained it."""
    transformers.AutoModelForQuestionAnswering.from_pretrained(base).save_pretrained(folder)
    tokenizer("wordpiece", model_max_length=512, pad_token="[PAD]", unk_token="[UNK]").save_pretrained(folder)
    return folder


def test_squad_is_trained_once_for_all_that_read_it(evaluated: Run, tmp_path: Path) -> None:
    done = evaluated(tasks="xquad,mlqa,tatoeba@xtreme-r")
    assert done.status == 0, done.err
    assert trained_units(tmp_path / "out") == ["squad"]
    assert done.err.count("training squad from ") == 1
    lineage = json.loads((tmp_path / "out" / "results.json").read_text("utf-8"))["xharness"]["lineage"]
    assert [one["stage"] for one in lineage] == ["base", "target"]
    weights = (tmp_path / "out/models/squad/model.safetensors").stat().st_mtime_ns
    cells = {p: p.stat().st_mtime_ns for p in (tmp_path / "out" / "cells").rglob("*.json")}
    again = evaluated(tasks="xquad,mlqa,tatoeba@xtreme-r")
    assert again.status == 0
    assert "training squad" not in again.err
    assert (tmp_path / "out/models/squad/model.safetensors").stat().st_mtime_ns == weights
    assert {p: p.stat().st_mtime_ns for p in cells} == cells


def test_another_recipe_trains_anew_and_says_why(evaluated: Run, tmp_path: Path) -> None:
    evaluated()
    before = read_checkpoint(tmp_path / "out/models/squad", "squad").lineage[-1]
    done = evaluated("--set", "lr=1e-3")
    assert done.status == 0, done.err
    assert re.search(r"models/squad: trained anew, because .*optimizer.* changed", done.err)
    assert read_checkpoint(tmp_path / "out/models/squad", "squad").lineage[-1]["fingerprint"] != before["fingerprint"]


def test_never_names_every_missing_head(evaluated: Run, tmp_path: Path) -> None:
    done = evaluated("--train", "never", tasks="xquad,xnli,udpos")
    assert done.status == 2
    assert len(done.errors) == 3
    for head in ("QuestionAnswering", "SequenceClassification", "TokenClassification"):
        assert any(f"no head for AutoModelFor{head} (architectures: BertModel)" in line for line in done.errors)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(("mode", "units"), [("auto", []), ("always", ["squad"])])
def test_a_head_that_is_there_is_trained_only_when_asked(
    evaluated: Run, base: Path, tmp_path: Path, mode: str, units: list[str]
) -> None:
    done = evaluated("--train", mode, model=spans_checkpoint(base, tmp_path / "own"))
    assert done.status == 0, done.err
    assert trained_units(tmp_path / "out") == units


@pytest.mark.parametrize(("task", "units"), [("xquad", []), ("tydiqa", ["tydiqa"])])
def test_a_head_from_squad_serves_xquad_and_not_tydiqa(
    xharness: Run, base: Path, tmp_path: Path, task: str, units: list[str]
) -> None:
    train(base, "squad", output=tmp_path / "squad", data="samples", recipe="fast", settings=["max_steps=2"])
    flags = [flag if flag != "en,de" else "en" for flag in FLAGS]
    done = xharness("eval", "-m", tmp_path / "squad", "-t", task, *flags, "-o", tmp_path / "out")
    assert done.status == 0, done.err
    assert trained_units(tmp_path / "out") == units


def test_labels_without_names_are_never_guessed(evaluated: Run, base: Path, tmp_path: Path) -> None:
    network = transformers.AutoModelForSequenceClassification.from_pretrained(base, num_labels=3)
    network.save_pretrained(tmp_path / "own")
    for file in base.glob("tokenizer*"):
        shutil.copy(file, tmp_path / "own")
    done = evaluated(model=tmp_path / "own", tasks="xnli")
    assert (done.status, len(done.errors)) == (2, 1)
    assert "its labels have no names" in done.errors[0]
    assert "--label-order xnli=" in done.errors[0]
    assert not (tmp_path / "out" / "models").exists()
    order = evaluated("--label-order", "xnli=entailment,neutral,contradiction", model=tmp_path / "own", tasks="xnli")
    assert order.status == 0, order.err
    assert trained_units(tmp_path / "out") == []
    anew = evaluated("--train", "always", "--force", model=tmp_path / "own", tasks="xnli")
    assert anew.status == 0, anew.err
    assert trained_units(tmp_path / "out") == ["xnli"]


def test_a_unit_that_fails_leaves_the_others(evaluated: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from xtreme_harness.training import job

    inner = job.train_stage

    def failing(stage: Any, *rest: Any, **options: Any) -> Any:
        if stage.name == "xnli":
            raise RuntimeError("the disk\nis on fire")
        return inner(stage, *rest, **options)

    monkeypatch.setattr(job, "train_stage", failing)
    done = evaluated(tasks="xnli,xquad")
    assert done.status == 3, done.err
    assert done.errors
    assert all("training failed: RuntimeError: the disk is on fire" in line for line in done.errors)
    assert trained_units(tmp_path / "out") == ["squad"]
    result = json.loads((tmp_path / "out" / "results.json").read_text("utf-8"))["xharness"]
    assert {(cell["task"], cell["status"]) for cell in result["cells"]} == {("xquad", "done")}
    assert not result["complete"]
    monkeypatch.setattr(job, "train_stage", inner)
    assert evaluated(tasks="xnli,xquad").status == 0, "the same command does the rest"


def test_a_unit_may_be_the_stage_of_another_too(xharness: Run, base: Path, tmp_path: Path) -> None:
    flags = [flag if flag != "en,de" else "en,et" for flag in FLAGS]
    command = ("eval", "-m", base, "-t", "siqa,xcopa", "--split", "dev", *flags, "-o", tmp_path / "out")
    first = xharness(*command)
    assert first.status == 0, first.err
    models = tmp_path / "out" / "models"
    levels = {
        place: json.loads((models / place / "xharness.json").read_text("utf-8"))["stage"]
        for place in ("siqa", "xcopa", "xcopa/stages/siqa")
    }
    assert levels == {"siqa": "target", "xcopa": "target", "xcopa/stages/siqa": "intermediate"}
    again = xharness(*command)
    assert "kept all" in again.out


def test_no_training_data_is_told_before_anything_is_trained(
    xharness: Run, base: Path, samples: Path, tmp_path: Path
) -> None:
    data = tmp_path / "data"
    shutil.copytree(samples / "xnli", data / "xnli")
    (data / "xnli" / "train-en.tsv").unlink()
    command = ("eval", "-m", base, "-t", "xnli", "--data", data, "--languages", "en", "-o", tmp_path / "out")
    done = xharness(*command)
    assert (done.status, len(done.errors)) == (2, 1)
    assert "to train it: xnli: " in done.errors[0]
    assert "has no English training data" in done.errors[0]
    assert not (tmp_path / "out").exists()


def test_a_dry_run_shows_the_graph_and_reads_no_weights(evaluated: Run, base: Path, tmp_path: Path) -> None:
    blind = shutil.copytree(base, tmp_path / "blind")
    (blind / "model.safetensors").write_bytes(b"nothing that could be loaded")
    done = evaluated("--dry-run", model=blind, tasks="xquad,mlqa,xnli")
    assert done.status == 0, done.err
    units = [line.split("|")[1].strip() for line in done.out.splitlines() if "| target" in line]
    assert sorted(units) == ["squad", "xnli"]
    assert not (tmp_path / "out").exists()


def test_seeds_are_trained_each_and_averaged(evaluated: Run, tmp_path: Path) -> None:
    done = evaluated("--seeds", "1,2", tasks="xnli")
    assert done.status == 0, done.err
    assert all(trained_units(tmp_path / "out" / f"seed-{seed}") == ["xnli"] for seed in (1, 2))
    read = [json.loads((tmp_path / "out" / p / "results.json").read_text("utf-8")) for p in (".", "seed-1", "seed-2")]
    cells = [{(c["task"], c["language"]): c["metrics"] for c in one["xharness"]["cells"]} for one in read]
    assert set(cells[0]) == {("xnli", "en"), ("xnli", "de")}
    for key, metrics in cells[0].items():
        for name, value in metrics.items():
            assert value == pytest.approx((cells[1][key][name] + cells[2][key][name]) / 2)
    assert re.search(r"\| seed 1 +\| seed 2 +\|", done.out)


def test_a_seed_that_stands_twice_is_refused(evaluated: Run, tmp_path: Path) -> None:
    done = evaluated("--seeds", "1,2,1")
    assert (done.status, done.errors) == (2, ["error: --seeds 1,2,1: a seed stands twice; every seed counts once"])
    assert not (tmp_path / "out").exists()


def test_a_stage_that_a_worker_of_a_killed_run_still_holds_is_waited_for(evaluated: Run, tmp_path: Path) -> None:
    place = tmp_path / "out" / "models" / "squad"
    place.mkdir(parents=True)
    held, released = threading.Event(), threading.Event()

    def hold() -> None:
        with locked(place):
            held.set()
            released.wait(60)

    thread = threading.Thread(target=hold)
    thread.start()
    held.wait(60)
    threading.Timer(2.0, released.set).start()
    done = evaluated()
    thread.join()
    assert done.status == 0, done.err
    assert trained_units(tmp_path / "out") == ["squad"]


def test_a_training_waits_for_workers_and_leaves_slurms_jobs_alone(
    base: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("xtreme_harness.plan.engines._ENDING", 0.1)

    def prepared(**engine: Any) -> PreparedTraining:
        return prepare_training(TrainRequest.of(base, "squad", data="samples", output=tmp_path, **engine))

    with locked(tmp_path):
        for engine in ({}, {"workers": 2}):
            with pytest.raises(OutputError, match="another xharness"):
                prepared(**engine)
        prepared(executor="slurm")
    prepared()


def test_a_second_training_by_workers_is_refused(base: Path, tmp_path: Path) -> None:
    """The lock of the output folder may be that of a stage, which a worker takes."""
    out = tmp_path / "out"
    with (
        only_driver(Engine(workers=2), out),
        pytest.raises(OutputError, match=r"\.jobs: another xharness \(process \d+\) is writing here; wait, or name"),
    ):
        train(base, "copa", data="samples", output=out, recipe="fast", seeds=[1, 2], workers=2)
    assert not list(out.glob("seed-*"))
