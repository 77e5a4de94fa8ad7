"""A run that is killed at any step goes on, and ends with the weights of a run that was not."""

from __future__ import annotations

import json
import signal
import time
from pathlib import Path

import pytest

from tests.fixtures.families import build
from tests.fixtures.warm import CLI, Child, Warm

pytestmark = pytest.mark.slow
SMALL = ("--set", "epochs=60", "--set", "batch_size=8", "--set", "max_length=48", "--set", "eval_examples=8")
SINGLE = (*SMALL, "--tasks", "udpos", "--set", "max_steps=60", "--set", "selection=best", "--set", "eval_every=15")
SEVERAL = (*SMALL, "--tasks", "mnli,hellaswag,squad", "--set", "max_steps=60", "--sampling", "uniform")
MASKED = (*SMALL, "--tasks", "mnli,udpos", "--set", "max_steps=60", "--mlm-weight", "0.3", "--mlm")
SAVES_OFTEN = """
from xtreme_harness.training import state
def often(saver, step, best):
    saver.next = 0.0
    if step % 4 == 0:
        save(saver, step, best)
save, state.Saver.save = state.Saver.save, often
"""


def start(server: Warm, base: Path, out: Path, *flags: str) -> Child:
    """`xharness train` in a process of its own, which saves its state every four steps, not every second."""
    command = ["train", "--model", base, "--data", "samples", "--recipe", "fast", "--dtype", "float32", "-o", out]
    return server.start(SAVES_OFTEN + CLI, [*command, *flags])


def finish(process: Child) -> None:
    """Wait for it to end well."""
    assert process.wait(300) == 0, process.err


def kill_after(process: Child, out: Path, step: int) -> bool:
    """Kill it once its state is saved behind a step; False when it ended before."""
    deadline = time.monotonic() + 240
    while time.monotonic() < deadline and process.poll() is None:
        if (out / "training" / "state.pt").exists() and _last_step(out) >= step:
            process.kill()
            return process.wait(60) == -signal.SIGKILL
        time.sleep(0.01)
    process.wait(60)
    return False


def _last_step(out: Path) -> int:
    try:
        return int(json.loads((out / "train.jsonl").read_text().splitlines()[-1])["step"])
    except (OSError, ValueError, IndexError):
        return 0


@pytest.mark.parametrize("flags", [SINGLE, SEVERAL, MASKED], ids=["one task", "several", "with masked words"])
def test_the_weights_are_those_of_an_uninterrupted_run(warm: Warm, tmp_path: Path, flags: tuple[str, ...]) -> None:
    if "--mlm" in flags:
        texts = tmp_path / "texts"
        texts.mkdir()
        for language, words in (("en", "the hat of the old man"), ("de", "der Hut des alten Mannes")):
            lines = "".join(f"{words} {number}\n" for number in range(60))
            (texts / f"{language}.txt").write_text(lines, "utf-8")
        flags = (*flags, str(texts))
    base = build("bert", "AutoModelForMaskedLM" if "--mlm" in flags else None, tmp_path / "base")
    finish(start(warm, base, tmp_path / "whole", *flags))
    killed = kill_after(start(warm, base, tmp_path / "killed", *flags), tmp_path / "killed", 10)
    assert not (tmp_path / "killed" / "xharness.json").exists() or not killed
    finish(start(warm, base, tmp_path / "killed", *flags))
    whole = {p.relative_to(tmp_path / "whole"): p for p in (tmp_path / "whole").rglob("*.safetensors")}
    assert len(whole) == (1 if flags is SINGLE else 4)
    for name, path in whole.items():
        assert path.read_bytes() == (tmp_path / "killed" / name).read_bytes(), name
    steps = [json.loads(line)["step"] for line in (tmp_path / "killed" / "train.jsonl").read_text().splitlines()]
    losses = [s for s in steps if s % 10 == 0]
    assert losses == sorted(losses)
    if not killed:
        pytest.skip("the run was too fast to be killed")
