"""`--dry-run` refuses exactly what the run refuses: the same status, the same lines, and nothing is written."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
import yaml

from tests.fixtures.families import build
from xtreme_harness.files.folder import locked

pytestmark = pytest.mark.slow

Run = Callable[..., Any]

EVAL = {
    "unknown task": ("-t", "xnil"),
    "unknown language": ("-t", "xnli", "--languages", "gr"),
    "a language that the data lacks": ("-t", "xnli", "--languages", "bg"),
    "no labels": ("-t", "xnli", "--labels", "{tmp}/nope"),
    "labels in a file": ("-t", "xnli", "--labels", "{tmp}/file"),
    "trust without a pin": ("-t", "xnli", "-m", "org/name", "--trust-remote-code"),
    "a seed twice": ("-t", "xnli", "--seeds", "1,1"),
    "seeds that are none": ("-t", "xnli", "--seeds", "1,x"),
    "no such model": ("-t", "xnli", "-m", "{tmp}/nope"),
    "a model that is a file": ("-t", "xnli", "-m", "{tmp}/file"),
    "a model without weights": ("-t", "xnli", "-m", "{weightless}"),
    "a model without tokenizer": ("-t", "xnli", "-m", "{toneless}"),
    "a family that transformers does not know": ("-t", "xnli", "-m", "{unknown}"),
    "missing heads": ("-t", "xnli,udpos", "--train", "never"),
    "no such recipe": ("-t", "xnli", "--recipe", "fsat"),
    "a misspelt setting": ("-t", "xnli", "--set", "epoch=1"),
    "no training data": ("-t", "xnli", "--data", "{untrained}"),
    "a search without dev data": ("-t", "tydiqa", "--set", "lr=1e-5,2e-5"),
    "a search of one value twice": ("-t", "xnli", "--set", "lr=1e-5,0.00001"),
    "a frozen dual encoder": ("-t", "lareqa", "--set", "freeze_encoder=true"),
    "a folder for a trial's notes": ("-t", "xnli", "--set", "lr=1,2", "-o", "{tried}"),
    "no such device": ("-t", "xnli", "--device", "tpu"),
    "no such GPU": ("-t", "xnli", "--device", "cuda:9"),
    "no such layer": ("-t", "tatoeba", "--layer", "x"),
    "a layer beyond the last": ("-t", "tatoeba", "--layer", "99"),
    "a label order of no task": ("-t", "xnli", "--label-order", "xnil=a,b,c"),
    "a label order of another form": ("-t", "xnli", "--label-order", "xnli"),
    "no such data": ("-t", "xnli", "--data", "{tmp}/nope"),
    "data without the task": ("-t", "xnli", "--data", "{empty}"),
    "a card that is none": ("-t", "xnli", "--include-path", "{tmp}/file"),
    "no batch": ("-t", "xnli", "-b", "0"),
    "no limit": ("-t", "xnli", "-L", "0"),
    "the output is a file": ("-t", "xnli", "-m", "oracle", "-o", "{tmp}/file"),
    "the output lies in a file": ("-t", "xnli", "-m", "oracle", "-o", "{tmp}/file/out"),
    "cells are a file": ("-t", "xnli", "-m", "oracle", "-o", "{blocked}"),
    "a file for the folder of an earlier stage": ("-t", "xcopa", "-o", "{staged}"),
    "another process writes there": ("-t", "xnli", "-m", "oracle", "-o", "{taken}"),
    "a tracker that there is not": ("-t", "xnli", "--tracker", "wandbb"),
    "an executor that there is not": ("-t", "xnli", "--executor", "slurmm"),
    "every file broken": ("-t", "xnli", "-m", "oracle", "--data", "{broken}"),
    "no checkpoints in a series": ("-t", "xnli", "-m", "{tmp}/none-*"),
    "a series of one step twice": ("-t", "xnli", "-m", "{tmp}/twice/*step-1"),
    "a series of broken checkpoints": ("-t", "xnli", "-m", "{tmp}/bad/step-*"),
    "a folder for the means of seeds": ("-t", "xnli", "-m", "random", "--seeds", "1,2", "-o", "{meant}"),
    "a folder for a cell's file": ("-t", "xnli", "-m", "oracle", "-o", "{celled}"),
    "a link to nothing": ("-t", "xnli", "-m", "oracle", "-o", "{linked}"),
    "a file where a unit is trained": ("-t", "xnli", "-o", "{united}"),
    "another process trains there": ("-t", "xnli", "-o", "{training}"),
    "a layer beyond the last of a trained encoder": ("-t", "lareqa", "--layer", "99"),
    "every training file broken": ("-t", "xnli", "--data", "{unteachable}"),
    "a series into a file": ("-t", "xnli", "-m", "{tmp}/bad/step-*", "-o", "{tmp}/file"),
}
TRAIN = {
    "unknown task": ("-t", "xnil"),
    "nothing to train": ("-t", "tatoeba"),
    "no task": ("-t", ","),
    "two stages beside another": ("-t", "mnli,xcopa"),
    "a self-test": ("-t", "xnli", "-m", "oracle"),
    "no such model": ("-t", "xnli", "-m", "{tmp}/nope"),
    "a model without weights": ("-t", "xnli", "-m", "{weightless}"),
    "a model without tokenizer": ("-t", "xnli", "-m", "{toneless}"),
    "a family that transformers does not know": ("-t", "xnli", "-m", "{unknown}"),
    "trust without a pin": ("-t", "xnli", "-m", "org/name", "--trust-remote-code"),
    "a seed twice": ("-t", "xnli", "--seeds", "1,1"),
    "no such recipe": ("-t", "xnli", "--recipe", "fsat"),
    "a misspelt setting": ("-t", "xnli", "--set", "epoch=1"),
    "a search without dev data": ("-t", "tydiqa", "--set", "lr=1e-5,2e-5"),
    "a search of one of several tasks": ("-t", "mnli,squad", "--set", "tasks.squad.lr=1e-5,2e-5"),
    "too many trials": ("-t", "mnli", "--set", "lr=1,2,3,4,5,6,7,8,9", "--set", "epochs=1,2,3,4,5,6,7,8"),
    "a frozen encoder under masked words": ("-t", "mnli", "--set", "freeze_encoder=true", "--mlm", "{texts}"),
    "a trial of another training": ("-t", "xnli", "--set", "lr=1,2", "-o", "{retried}"),
    "weights of no task": ("-t", "mnli,squad", "--sampling", "specified"),
    "no texts": ("-t", "xnli", "--mlm", "{tmp}/nope"),
    "texts that are none": ("-t", "xnli", "--mlm", "{empty}"),
    "texts that are empty": ("-t", "xnli", "--mlm", "{blank}"),
    "texts for a model without a masked-LM head": ("-t", "xnli", "--mlm", "{texts}"),
    "no translations": ("-t", "xnli", "--translated", "{tmp}/nope"),
    "translations of nothing": ("-t", "xnli", "--translated", "{empty}"),
    "translations that are broken": ("-t", "xnli", "--translated", "{mistranslated}"),
    "no such device": ("-t", "xnli", "--device", "tpu"),
    "no training data": ("-t", "xnli", "--data", "{empty}"),
    "training data that is broken": ("-t", "xnli", "--data", "{broken}"),
    "labels that are not there": ("-t", "ccg"),
    "a tracker that there is not": ("-t", "xnli", "--tracker", "wandbb"),
    "the output is a file": ("-t", "xnli", "-o", "{tmp}/file"),
    "the output lies in a file": ("-t", "xnli", "-o", "{tmp}/file/out"),
    "the output holds something else": ("-t", "xnli", "-o", "{blocked}"),
    "the output holds another run": ("-t", "xnli", "-o", "{other}"),
    "another process writes there": ("-t", "xnli", "-o", "{taken}"),
    "an earlier stage's folder is a file": ("-t", "xcopa", "-o", "{chained}"),
    "a folder for the journal": ("-t", "xnli", "-o", "{journaled}"),
    "a seed's folder is a file": ("-t", "xnli", "--seeds", "1,2", "-o", "{seeded}"),
    "a negative share of steps": ("-t", "xnli", "--mlm", "{texts}", "--mlm-weight", "-1"),
}
GRID: dict[str, dict[str, Any]] = {
    "unknown target": {"targets": ["xnil"]},
    "unknown intermediate": {"intermediates": ["mnil"]},
    "no such base": {"bases": ["{tmp}/nope"]},
    "a base without weights": {"bases": ["{weightless}"]},
    "no such recipe": {"recipe": "fsat"},
    "no such data": {"data": "{tmp}/nope"},
    "data without the tasks": {"data": "{empty}"},
    "an unknown key": {"target": ["xnli"]},
    "a seed twice": {"seeds": [1, 1]},
    "no such device": {"device": "tpu"},
    "an unknown language": {"languages": ["gr"]},
    "no texts": {"intermediates": [{"tasks": "mnli", "mlm": "{tmp}/nope"}]},
    "the output is a file": {"-o": "{tmp}/file"},
    "an encoder of another training": {"-o": "{gridded}"},
    "an encoder's folder is a file": {"-o": "{encoded}"},
    "a run's folder is a file": {"-o": "{ran}"},
    "the output lies in a file": {"-o": "{tmp}/file/out"},
    "another process writes there": {"-o": "{taken}"},
}


@pytest.fixture(scope="module")
def places(tmp_path_factory: pytest.TempPathFactory, samples: Path) -> Iterator[dict[str, str]]:
    """Everything that stands in the way."""
    torch.set_num_threads(1)
    tmp = tmp_path_factory.mktemp("refusals")
    base = build("bert", None, tmp / "base")
    (tmp / "file").write_text("")
    names = (
        "empty", "blocked", "taken", "blank", "texts", "untrained", "broken", "mistranslated", "other", "seeded",
        "gridded", "staged", "meant", "celled", "linked", "united",
        "tried", "retried", "training", "unteachable", "chained", "journaled", "encoded", "ran", "weightless",
        "toneless", "unknown",
    )  # fmt: skip
    found = {name: str(tmp / name) for name in names} | {"tmp": str(tmp), "base": str(base)}
    for name in ("empty", "blocked", "taken", "blank", "texts", "other/training", "seeded"):
        (tmp / name).mkdir(parents=True)
    (tmp / "blocked" / "cells").write_text("")
    (tmp / "staged" / "models").mkdir(parents=True)
    for name in (
        "meant/results.json", "celled/cells/xnli/de.json", "united/models", "training/models/xnli", "chained/stages",
        "journaled/train.jsonl", "encoded/encoders/base/mnli", "ran/runs/base/mnli",
        "tried/models/xnli/trials", "retried/trials/lr=2",
    ):  # fmt: skip
        (tmp / name).mkdir(parents=True)
    for name in (
        "united/models/xnli",
        "tried/models/xnli/trials/lr=2",
        "chained/stages/siqa",
        "encoded/encoders/base/mnli/seed-42",
        "ran/runs/base/mnli/seed-42",
    ):
        (tmp / name).write_text("")
    (tmp / "linked").symlink_to(tmp / "nothing")
    shutil.copytree(samples / "xnli", tmp / "unteachable/xnli")
    (tmp / "unteachable/xnli/train-en.tsv").write_text("one column\n")
    (tmp / "staged" / "models" / "siqa").write_text("")
    (tmp / "blank" / "en.txt").write_text("\n")
    (tmp / "texts" / "en.txt").write_text("One.\nTwo.\n")
    (tmp / "seeded" / "seed-2").write_text("")
    (tmp / "retried" / "trials" / "lr=2" / "trial.json").write_text(json.dumps({"fields": {"name": "squad"}}))
    (tmp / "other" / "xharness.json").write_text(json.dumps({"fields": {"name": "squad"}}))
    (tmp / "gridded/encoders/base/mnli/seed-42").mkdir(parents=True)
    (tmp / "gridded/encoders/base/mnli/seed-42/xharness.json").write_text(json.dumps({"fields": {"name": "squad"}}))
    for name, taken in (("weightless", "*.safetensors"), ("toneless", "*token*"), ("unknown", "nothing")):
        shutil.copytree(base, tmp / name, ignore=shutil.ignore_patterns(taken, "vocab*"))
    config = json.loads((base / "config.json").read_text("utf-8"))
    (tmp / "unknown" / "config.json").write_text(json.dumps(config | {"model_type": "nobody-knows"}))
    shutil.copytree(base, tmp / "unknown", dirs_exist_ok=True, ignore=shutil.ignore_patterns("config.json"))
    shutil.copytree(samples / "xnli", tmp / "untrained/xnli", ignore=shutil.ignore_patterns("train*"))
    (tmp / "broken/xnli").mkdir(parents=True)
    for name in ("train-en.tsv", "test-en.tsv", "test-de.tsv"):
        (tmp / "broken/xnli" / name).write_text("one column\n")
    (tmp / "mistranslated/xnli").mkdir(parents=True)
    (tmp / "mistranslated/xnli/de.tsv").write_text("one column\n")
    for name in ("twice/a/step-1", "twice/b/step-1", "bad/step-1", "bad/step-2"):
        (tmp / name).mkdir(parents=True)
    for name in ("twice/step-1", "twice/x-step-1"):
        shutil.copytree(tmp / "weightless", tmp / name)
    with locked(tmp / "taken"), locked(tmp / "training/models/xnli"):
        yield found


@pytest.fixture
def refused(xharness: Run, places: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run a command with and without --dry-run, and compare."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")

    def run(*args: str) -> None:
        before = sorted(Path(places["tmp"]).rglob("*"))
        planned = xharness(*args, "--dry-run")
        assert sorted(Path(places["tmp"]).rglob("*")) == before
        assert not list(tmp_path.iterdir())
        done = xharness(*args)
        assert planned.status == done.status == 2, (planned.err, done.err)
        assert planned.errors == done.errors != []
        assert planned.out == ""

    return run


def _filled(args: tuple[str, ...], places: dict[str, str]) -> list[str]:
    return [arg.format(**places) for arg in args]


def _with_defaults(args: list[str], defaults: dict[str, str]) -> list[str]:
    return args + [part for flag, value in defaults.items() if flag not in args for part in (flag, value)]


@pytest.mark.parametrize("args", EVAL.values(), ids=EVAL)
def test_eval(refused: Run, places: dict[str, str], args: tuple[str, ...]) -> None:
    defaults = {"-m": places["base"], "--data": "samples", "--recipe": "fast"}
    refused("eval", *_with_defaults(_filled(args, places), defaults))


@pytest.mark.parametrize("args", TRAIN.values(), ids=TRAIN)
def test_train(refused: Run, places: dict[str, str], args: tuple[str, ...]) -> None:
    defaults = {"-m": places["base"], "--data": "samples", "--recipe": "fast"}
    refused("train", *_with_defaults(_filled(args, places), defaults))


@pytest.mark.parametrize("over", GRID.values(), ids=GRID)
def test_grid(
    refused: Run, places: dict[str, str], tmp_path_factory: pytest.TempPathFactory, over: dict[str, Any]
) -> None:
    whole: dict[str, Any] = {
        "bases": ["{base}"], "intermediates": ["mnli"], "targets": ["xnli"], "data": "samples", "recipe": "fast",
    }  # fmt: skip
    given = {key: value for key, value in over.items() if key != "-o"}
    file = tmp_path_factory.mktemp("grid") / "grid.yaml"
    text = yaml.safe_dump(whole | given)
    for name, place in places.items():
        text = text.replace(f"{{{name}}}", place)
    file.write_text(text, "utf-8")
    output = str(over.get("-o", "out")).format(**places)
    refused("train", "--grid", str(file), "-o", output)


@pytest.mark.parametrize("command", ["eval", "train"])
def test_a_library_that_is_not_there(
    refused: Run, places: dict[str, str], monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    monkeypatch.setattr("xtreme_harness.plan.loading.find_spec", lambda package: None)
    refused(command, "-t", "xnli", "-m", places["base"], "--data", "samples", "--set", "lora_rank=4")
