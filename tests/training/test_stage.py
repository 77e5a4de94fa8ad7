"""Stages one after the other: lineage, what starts from what, what is kept."""

from __future__ import annotations

import json
import shutil
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file

from tests.fixtures.families import build
from tests.fixtures.warm import CLI, Warm
from xtreme_harness import train
from xtreme_harness.errors import DataError
from xtreme_harness.models.checkpoint import find_checkpoint
from xtreme_harness.models.fit import head_fault
from xtreme_harness.plan.cells import all_cards
from xtreme_harness.plan.units import trained_units

QUICK = {"data": "samples", "recipe": "fast", "settings": ["max_steps=2"], "dtype": "float32"}


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny encoder."""
    torch.set_num_threads(1)
    return build("bert", None, tmp_path_factory.mktemp("base") / "bert")


def notes(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / "xharness.json").read_text("utf-8"))
    return found


@pytest.mark.parametrize(
    ("names", "units"),
    [
        (["xquad"], ["squad"]), (["mlqa", "xquad"], ["squad"]), (["xnli", "mnli"], ["xnli", "mnli"]),
        (["tydiqa"], ["tydiqa"]), (["xcopa"], ["xcopa"]), (["hellaswag"], ["hellaswag"]),
    ],
    ids=lambda value: ",".join(value),
)  # fmt: skip
def test_a_target_stands_for_its_training_set(names: list[str], units: list[str]) -> None:
    assert trained_units(all_cards(), names) == units


@pytest.mark.parametrize("name", ["bucc2018", "tatoeba"])
def test_mining_has_nothing_to_train_on(name: str) -> None:
    with pytest.raises(DataError, match=f"{name}: has no training data; the encoder is evaluated as it is"):
        trained_units(all_cards(), [name])


@pytest.mark.slow
def test_lineage_names_every_stage_with_its_hash(base: Path, tmp_path: Path) -> None:
    train(base, "hellaswag", output=tmp_path / "one", **QUICK)
    train(tmp_path / "one", "udpos", output=tmp_path / "two", **QUICK, seed=7)
    lineage = notes(tmp_path / "two")["lineage"]
    assert [(one["stage"], one.get("tasks")) for one in lineage] == [
        ("base", None), ("intermediate", ["hellaswag"]), ("target", ["udpos"]),
    ]  # fmt: skip
    assert all(one["checkpoint_hash"] for one in lineage[:-1])
    assert (lineage[1]["seed"], lineage[2]["seed"]) == (42, 7)
    assert lineage[2]["recipe"]["name"] == "fast"
    assert lineage[2]["steps"] == 2
    assert set(lineage[2]["dev"]) == {"udpos"}


@pytest.mark.slow
def test_social_iqa_comes_before_copa(base: Path, tmp_path: Path) -> None:
    (trained,) = train(base, "xcopa", output=tmp_path / "out", **QUICK)
    assert [one.get("tasks") for one in trained.notes["lineage"]] == [None, ["siqa"], ["copa"]]
    assert notes(tmp_path / "out" / "stages" / "siqa")["stage"] == "intermediate"
    assert trained.notes["tasks"] == ["xcopa"]
    (again,) = train(base, "xcopa", output=tmp_path / "out", **QUICK)
    assert again.kept


@pytest.mark.slow
def test_a_head_serves_the_tasks_it_was_trained_for(base: Path, tmp_path: Path) -> None:
    train(base, "squad", output=tmp_path / "squad", **QUICK)
    found = find_checkpoint(str(tmp_path / "squad"), "squad")
    head = "AutoModelForQuestionAnswering"
    assert head_fault(found, head, (), unit="squad") is None
    fault = head_fault(found, head, (), unit="tydiqa")
    assert fault is not None
    assert "its head was trained on squad, not on tydiqa (--keep-head uses it)" in fault


@pytest.mark.slow
@pytest.mark.parametrize(("task", "kept"), [("hellaswag", True), ("mnli,squad", True), ("lareqa", False)])
def test_a_model_for_sentences_stays_one(base: Path, tmp_path: Path, task: str, kept: bool) -> None:
    """Its vectors are read as before, so that what training changed is not mixed up with another pooling."""
    shutil.copytree(base, tmp_path / "base")
    (tmp_path / "base" / "1_Pooling").mkdir()
    (tmp_path / "base" / "1_Pooling" / "config.json").write_text('{"pooling_mode": "cls"}')
    modules = [{"type": "a.Transformer", "path": ""}, {"type": "a.Pooling", "path": "1_Pooling"}]
    (tmp_path / "base" / "modules.json").write_text(json.dumps(modules))
    train(tmp_path / "base", task, output=tmp_path / "out", **QUICK)
    train(tmp_path / "base", task, output=tmp_path / "out", **QUICK, seed=1, force=True)
    sentence = find_checkpoint(str(tmp_path / "out"), None).sentence
    assert (sentence is not None and sentence.mode == "cls") == kept
    train(base, "hellaswag", output=tmp_path / "out", **QUICK, force=True)
    assert find_checkpoint(str(tmp_path / "out"), None).sentence is None


@pytest.mark.slow
@pytest.mark.parametrize(
    ("change", "kept"),
    [
        ({}, True), ({"seed": 1}, False), ({"settings": ["max_steps=2", "lr=1e-4"]}, False),
        ({"limit_train": 40}, False), ({"keep_head": True}, False), ({"dtype": "bfloat16"}, False),
        ({"device": "cpu"}, True),
    ],
    ids=lambda value: ",".join(value) or "nothing" if isinstance(value, dict) else "",
)  # fmt: skip
def test_what_changes_the_weights_trains_anew(base: Path, tmp_path: Path, change: dict[str, Any], kept: bool) -> None:
    train(base, "xnli", output=tmp_path, **QUICK)
    (again,) = train(base, "xnli", output=tmp_path, force=True, **{**QUICK, **change})
    assert again.kept == kept


@pytest.mark.slow
def test_a_head_that_does_not_fit_is_told(base: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    train(base, "hellaswag", output=tmp_path / "one", **QUICK)
    train(tmp_path / "one", "siqa", output=tmp_path / "two", **QUICK, keep_head=True)
    assert not caplog.messages
    train(tmp_path / "one", "mnli", output=tmp_path / "three", **QUICK, keep_head=True)
    assert caplog.messages == [f"mnli: --keep-head: {tmp_path / 'one'} has no head that fits; a new one is trained"]


@pytest.mark.slow
def test_nothing_to_select_on_is_told(base: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    samples = Path(__file__).parents[2] / "tasks" / "samples"
    shutil.copytree(samples / "hellaswag", tmp_path / "data" / "hellaswag")
    for file in (tmp_path / "data").rglob("*val*"):
        file.unlink()
    settings = ["max_steps=2", "selection=best"]
    train(base, "hellaswag", output=tmp_path / "out", **{**QUICK, "data": str(tmp_path / "data"), "settings": settings})
    assert caplog.messages == ["hellaswag: no English dev data to select weights on; the last ones are kept"]


@pytest.mark.slow
def test_two_processes_find_the_weights_of_one(warm: Warm, base: Path, tmp_path: Path) -> None:
    pytest.importorskip("accelerate")
    settings = ["--set", "max_steps=6", "--set", "dropout=0", "--set", "lr=1e-3", "--dtype", "float32"]
    command = ["train", "-m", str(base), "-t", "mnli,squad", "--sampling", "uniform"]
    command += ["--data", "samples", "--recipe", "fast", *settings, "--device", "cpu", "-o"]
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    launch = ["--cpu", "--num_processes", "2", "--num_machines", "1", "--mixed_precision", "no"]
    launch += ["--dynamo_backend", "no", "--main_process_port", str(port), "-m", "xtreme_harness.cli.main"]
    one, two = tmp_path / "one", tmp_path / "two"
    launcher = "from accelerate.commands.launch import main; main()"  # it starts the two as new processes
    for ended in (warm.start(CLI, [*command, one]), warm.start(launcher, [*launch, *command, two])):
        status = ended.wait(240)
        if "Gloo" in ended.err and status:
            pytest.skip(f"gloo cannot run here: {ended.err[-300:]}")
        assert status == 0, ended.err[-3000:]
    assert notes(two)["lineage"][-1]["steps_by_task"] == {"mnli": 3, "squad": 3}
    files = sorted(path.relative_to(one) for path in one.rglob("*.safetensors"))
    assert len(files) == 3
    for file in files:
        expected, found = load_file(one / file), load_file(two / file)
        for name, value in expected.items():
            if not name.endswith("key.bias"):  # attention does not depend on it: its gradient is rounding alone
                assert torch.allclose(found[name], value, rtol=0, atol=1e-5), name


KILLED = """
import os, signal, sys
import torch
from xtreme_harness.training import state
moment, base, out = sys.argv[1:]
def always(saver, step, best):
    saver.next = 0.0
    kept(saver, step, best)
    if step == 23 and moment == "after":
        os.kill(os.getpid(), signal.SIGKILL)
def half(whole, path):
    if whole["step"] == 23:
        path.write_bytes(b"half a state")
        os.kill(os.getpid(), signal.SIGKILL)
    saved(whole, path)
kept, saved = state.Saver.save, torch.save
state.Saver.save = always
if moment == "while":
    torch.save = half
from xtreme_harness import train
train(base, "udpos", output=out, data="samples", recipe="fast", dtype="float32", settings=SETTINGS)
"""
SETTINGS = ["epochs=9", "max_steps=40", "selection=best", "eval_every=10", "batch_size=8", "eval_examples=4"]


@pytest.mark.slow
@pytest.mark.parametrize("moment", ["after", "while"], ids=["after saving", "while saving"])
def test_killed_at_a_known_step_and_run_again(warm: Warm, base: Path, tmp_path: Path, moment: str) -> None:
    script = KILLED.replace("SETTINGS", repr(SETTINGS))
    ended = warm.start(script, [moment, base, tmp_path / "killed"])
    assert ended.wait(120) == -9, ended.err
    same: dict[str, Any] = {"data": "samples", "recipe": "fast", "dtype": "float32", "settings": SETTINGS}
    train(base, "udpos", output=tmp_path / "killed", **same)
    train(base, "udpos", output=tmp_path / "whole", **same)
    weights = [(tmp_path / name / "model.safetensors").read_bytes() for name in ("whole", "killed")]
    assert weights[0] == weights[1]
    events = [_events(tmp_path / name) for name in ("whole", "killed")]
    assert events[0] == events[1], "every step once, with the same losses and scores"
    assert [step for step, kind, _ in events[1] if kind == "loss"] == [10, 20, 30, 40]


def _events(folder: Path) -> list[tuple[int, str, Any]]:
    lines: Callable[[str], Any] = json.loads
    found = [lines(line) for line in (folder / "train.jsonl").read_text("utf-8").splitlines()]
    return [(e["step"], "dev", e["dev"]) if "dev" in e else (e["step"], "loss", e["loss"]) for e in found]
