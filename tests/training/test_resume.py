"""A run that is killed at any step goes on, and ends with the weights of a run that was not."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.fixtures.families import build

pytestmark = pytest.mark.slow
SINGLE = (
    "--tasks",
    "udpos",
    "--set",
    "epochs=60",
    "--set",
    "max_steps=200",
    "--set",
    "selection=best",
    "--set",
    "eval_every=50",
)
SEVERAL = ("--tasks", "mnli,hellaswag,squad", "--set", "epochs=60", "--set", "max_steps=200", "--sampling", "uniform")
MASKED = ("--tasks", "mnli,udpos", "--set", "epochs=60", "--set", "max_steps=100", "--mlm-weight", "0.3", "--mlm")


def start(base: Path, out: Path, *flags: str) -> subprocess.Popen[str]:
    """`xharness train` in a process of its own."""
    command = [sys.executable, "-m", "xtreme_harness.cli.main", "train", "--model", str(base), "--data", "samples"]
    command += ["--recipe", "fast", "--dtype", "float32", "-o", str(out), *flags]
    one_thread = {**os.environ, "OMP_NUM_THREADS": "1"}
    return subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=one_thread)


def finish(process: subprocess.Popen[str]) -> None:
    """Wait for it to end well."""
    _, err = process.communicate(timeout=300)
    assert process.returncode == 0, err


def kill_after(process: subprocess.Popen[str], out: Path, step: int) -> bool:
    """Kill it once its state is saved behind a step; False when it ended before."""
    deadline = time.monotonic() + 240
    while time.monotonic() < deadline and process.poll() is None:
        if (out / "training" / "state.pt").exists() and _last_step(out) >= step:
            process.send_signal(signal.SIGKILL)
            process.communicate()
            return True
        time.sleep(0.01)
    process.communicate(timeout=60)
    return False


def _last_step(out: Path) -> int:
    try:
        return int(json.loads((out / "train.jsonl").read_text().splitlines()[-1])["step"])
    except (OSError, ValueError, IndexError):
        return 0


@pytest.mark.parametrize("flags", [SINGLE, SEVERAL, MASKED], ids=["one task", "several", "with masked words"])
def test_the_weights_are_those_of_an_uninterrupted_run(tmp_path: Path, flags: tuple[str, ...]) -> None:
    if "--mlm" in flags:
        texts = tmp_path / "texts"
        texts.mkdir()
        for language, words in (("en", "the hat of the old man"), ("de", "der Hut des alten Mannes")):
            lines = "".join(f"{words} {number}\n" for number in range(60))
            (texts / f"{language}.txt").write_text(lines, "utf-8")
        flags = (*flags, str(texts))
    base = build("bert", "AutoModelForMaskedLM" if "--mlm" in flags else None, tmp_path / "base")
    finish(start(base, tmp_path / "whole", *flags))
    killed = kill_after(start(base, tmp_path / "killed", *flags), tmp_path / "killed", 10)
    assert not (tmp_path / "killed" / "xharness.json").exists() or not killed
    finish(start(base, tmp_path / "killed", *flags))
    whole = {p.relative_to(tmp_path / "whole"): p for p in (tmp_path / "whole").rglob("*.safetensors")}
    assert len(whole) == (1 if flags is SINGLE else 4)
    for name, path in whole.items():
        assert path.read_bytes() == (tmp_path / "killed" / name).read_bytes(), name
    steps = [json.loads(line)["step"] for line in (tmp_path / "killed" / "train.jsonl").read_text().splitlines()]
    losses = [s for s in steps if s % 10 == 0]
    assert losses == sorted(losses)
    if not killed:
        pytest.skip("the run was too fast to be killed")
