"""Commands that are killed at random moments and run again: they end well, and leave what an undisturbed run does."""

from __future__ import annotations

import re
import shutil
import signal
import time
import zipfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from random import Random

from tests.attack.box import lay_out
from tests.attack.runner import OFFLINE, Found, Group
from tests.fixtures.warm import CLI, Child, Warm

__all__ = ["COMMANDS", "contents", "differences", "kill_all"]

SIGNALS = (signal.SIGKILL, signal.SIGKILL, signal.SIGINT, signal.SIGTERM)
BEGUN = "begun"  # a file that says that a process has come so far as to run the command
PATIENCE = 240.0  # seconds that a command may take here
SMALL = "--recipe fast --set max_steps=4 --set epochs=2 --device cpu --dtype float32"
GRID = """bases: [base]
intermediates: [hellaswag]
targets: [tatoeba, xnli]
languages: [de]
seeds: [1]
data: samples
recipe: fast
set: [max_steps=2]
device: cpu
dtype: float32
"""


@dataclass(frozen=True)
class Command:
    """A command that writes `out`, and what lies beside it."""

    argv: str
    files: dict[str, str]
    again: tuple[int, ...] = (0,)  # exit statuses of the run after the kill


PACKED = {"p": "xtreme-r/predictions", "m.yaml": "metadata.yaml"}
COMMANDS = {
    "eval": Command("eval -m oracle -t xtreme,xtreme-r --data samples --log-samples -o out", {}),
    "eval that trains": Command(
        f"eval -m base -t xnli --languages de --data samples {SMALL} --set lr=1e-4,1e-5 -o out",
        {"base": "ckpt/encoder"},
    ),
    "train": Command(f"train -m base -t xnli --data samples {SMALL} -o out", {"base": "ckpt/encoder"}),
    "train --grid": Command("train --grid g.yaml -o out", {"base": "ckpt/encoder"}),
    "export": Command("export run --format lm-eval -o out/e.json", {"run": "runs/oracle"}),
    "report": Command("report run -o out/r.html", {"run": "runs/oracle"}),
    "compare": Command(
        "compare run other --paired-bs 100 -o out/c.json", {"run": "runs/oracle", "other": "runs/random"}
    ),
    "score": Command(
        "score --predictions p --labels l --suite xtreme-r -o out/s.json",
        {"p": "xtreme-r/predictions", "l": "xtreme-r/labels"},
    ),
    "submission pack": Command("submission pack p --suite xtreme-r --metadata m.yaml -o out/p", PACKED),
    "submission pack to a zip": Command("submission pack p --suite xtreme-r --metadata m.yaml -o out/p.zip", PACKED),
    "submission labels": Command("submission labels --data samples --suite xtreme --to out", {}),
}  # fmt: skip


def kill_all(
    server: Warm, names: Iterable[str], stock: Path, folder: Path, kills: int, seed: int,
    tell: Callable[[Group], None] = lambda group: None,
) -> list[Group]:  # fmt: skip
    """Kill every command so many times, each time at another moment.

    Args:
        server: forks the processes.
        names: of the commands.
        stock: of valid files.
        folder: for what they leave.
        kills: of a command.
        seed: of the moments and the signals.
        tell: called with every command that is done.
    """
    done = []
    for name in names if kills else ():
        started = time.monotonic()
        group = Group(f"killed: {name}")
        whole, seconds = _undisturbed(server, COMMANDS[name], stock, folder / "whole")
        rng = Random(f"{seed} {name}")
        for _ in range(kills):
            sent, delay = rng.choice(SIGNALS), 0.05 + seconds * rng.random() ** 2  # most is written early
            faults = _killed(server, COMMANDS[name], stock, folder / "killed", sent, delay, whole)
            group.cases += 1
            if faults:
                group.found.append(Found(f"{sent.name} after {delay:.2f} s of {seconds:.2f}", tuple(faults)))
        group.seconds = time.monotonic() - started
        done.append(group)
        tell(group)
    return done


def _start(server: Warm, command: Command, box: Path) -> Child:
    (box / BEGUN).unlink(missing_ok=True)
    code = f"import os; os.chdir({str(box)!r}); open({BEGUN!r}, 'w').close()\n{CLI}"
    child = server.start(code, command.argv.split(), **OFFLINE)
    while not (box / BEGUN).exists() and child.poll() is None:
        time.sleep(0.001)
    return child


def _box(command: Command, stock: Path, box: Path) -> None:
    shutil.rmtree(box, ignore_errors=True)
    box.mkdir()
    lay_out(stock, box, command.files)
    (box / "g.yaml").write_text(GRID)


def _undisturbed(server: Warm, command: Command, stock: Path, box: Path) -> tuple[dict[str, bytes], float]:
    _box(command, stock, box)
    started = time.monotonic()
    child = _start(server, command, box)
    status = child.wait(PATIENCE)
    assert status == 0, f"{command.argv}: {status}: {child.err}"
    return contents(box / "out"), time.monotonic() - started


def _killed(
    server: Warm, command: Command, stock: Path, box: Path, sent: signal.Signals, delay: float, whole: dict[str, bytes]
) -> list[str]:
    """Kill it once, run it again, and compare."""
    _box(command, stock, box)
    child = _start(server, command, box)
    time.sleep(delay)
    child.send_signal(sent)
    try:
        status = child.wait(60)
    except AssertionError:
        return [f"still there 60 s after {sent.name}"]
    faults = []
    if "Traceback" in child.err:
        faults.append(f"a traceback after {sent.name}: {child.err[-300:]!r}")
    if status not in (0, -sent, 130):
        faults.append(f"{sent.name} gave the exit status {status}: {child.err[-300:]!r}")
    if "pack" in command.argv and contents(box / "out") == whole:
        return faults  # it was done, and what is there already is not written again
    child = _start(server, command, box)
    try:
        status = child.wait(PATIENCE)
    except AssertionError as error:
        return [*faults, str(error)]
    if status != 0:
        return [*faults, f"run again it ended with {status}: {child.err[-300:]!r}"]
    return faults + differences(whole, contents(box / "out"), box)


def differences(whole: dict[str, bytes], found: dict[str, bytes], box: Path) -> list[str]:
    """What an output lacks or has besides, by which it differs, and which temporary files are left."""
    left = [str(p.relative_to(box)) for p in box.rglob("*") if re.search(r"\.(tmp|partial)$", p.name)]
    faults = [f"left: {', '.join(left[:3])}"] if left else []
    lacking, more = sorted(whole.keys() - found.keys()), sorted(found.keys() - whole.keys())
    other = sorted(name for name in whole.keys() & found.keys() if whole[name] != found[name])
    for what, names in (("lacks", lacking), ("has besides", more), ("differs in", other)):
        if names:
            faults.append(f"{what} {', '.join(names[:3])}{' ...' if len(names) > 3 else ''}")
    return faults


def contents(folder: Path) -> dict[str, bytes]:
    """Every file below a folder, without what dates, seconds and the machine have put there."""
    found = {}
    for path in sorted(p for p in folder.rglob("*") if p.is_file()):
        name = str(path.relative_to(folder))
        if path.name in (".lock", "log.txt"):
            continue
        raw = path.read_bytes()
        if path.suffix in (".json", ".jsonl", ".html"):
            raw = _timeless(raw)
        if path.name == "train.jsonl":
            raw = OF_A_PROCESS.sub(b"", raw)
        if path.suffix == ".zip":
            with zipfile.ZipFile(path) as archive:
                raw = b"".join(archive.read(one) for one in archive.namelist())
        found[name] = raw
    return found


TIMES = re.compile(
    rb'"(?:seconds|date|start_time|end_time|total_evaluation_time_seconds|pretty_env_info|elapsed|started|ended|duration'
    rb'|evaluation_timestamp|retrieved_timestamp|train_seconds)": ?(?:"[^"]*"|[-0-9.e+]+|null)'
)


OF_A_PROCESS = re.compile(rb'"(?:tokens|here)": ?\d+')  # what it has done itself, since it began or continued


def _timeless(raw: bytes) -> bytes:
    """Without dates and seconds; lines of a journal are each an object."""
    return TIMES.sub(b"", raw)
