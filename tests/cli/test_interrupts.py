"""Ctrl-C at any moment, once and more often: 130, one line or none, never a traceback."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from xtreme_harness.cli.interrupts import INTERRUPTED, Interrupts

ROOT = Path(__file__).parents[2]
LINE = "interrupted; the same command continues where this one stopped"
READY = "from xtreme_harness.cli.main import main\nprint('ready', flush=True)\nmain()"
COMMANDS = (["leaderboard"], ["tasks", "list"], ["eval", "-m", "oracle", "--data", "samples", "-o"])


def interrupted(args: list[str], first: float, delays: list[float]) -> tuple[int, str]:
    """Send signals, the first after a time, with delays between them; status and standard error of the process."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    with subprocess.Popen(
        [sys.executable, "-c", READY, *args], cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        text=True,
    ) as process:  # fmt: skip
        assert process.stdout is not None
        process.stdout.readline()
        time.sleep(first)
        for delay in delays:
            process.send_signal(signal.SIGINT)
            time.sleep(delay)
        _, err = process.communicate(timeout=60)
    return process.returncode, err


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(12))
def test_ctrl_c_twice(seed: int, tmp_path: Path) -> None:
    rng = random.Random(seed)
    args = rng.choice(COMMANDS)
    delays = [rng.choice([0, 0.0005, 0.002, 0.01, 0.05]), 0.0, 0.0][: rng.choice([2, 3])]
    own = [*args, str(tmp_path)] if args[-1] == "-o" else args
    status, err = interrupted(own, rng.uniform(0.02, 1.2), delays)
    assert status in (0, INTERRUPTED), err
    assert "Traceback" not in err
    assert "ignored" not in err
    assert err.count(LINE) <= 1


FORGETFUL = """
import signal, time
from xtreme_harness.cli.interrupts import Interrupts
class Careless:
    def __del__(self):
        signal.raise_signal(signal.SIGINT)
interrupts = Interrupts()
try:
    interrupts.watch(to_the_end=True)
    Careless()
    time.sleep(30)
except KeyboardInterrupt:
    raise SystemExit(interrupts.say())
"""


def test_an_interrupt_that_falls_into_a_destructor_is_not_lost() -> None:
    run = subprocess.run(
        [sys.executable, "-c", FORGETFUL], capture_output=True, text=True, timeout=20, check=False, cwd=ROOT
    )
    assert (run.returncode, run.stderr) == (INTERRUPTED, f"{LINE}\n")


def test_signals_are_given_back_where_the_process_goes_on() -> None:
    before = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
    interrupts = Interrupts()
    interrupts.watch(to_the_end=False)
    with pytest.raises(KeyboardInterrupt):
        signal.raise_signal(signal.SIGTERM)
    interrupts.restore()
    assert [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)] == before
