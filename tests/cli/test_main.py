"""The command group: statuses, one line a fault, help without weight."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from xtreme_harness.cli.main import COMMANDS

Run = Callable[..., Any]
HEAVY = ("torch", "transformers", "datasets", "faiss", "peft", "tokenizers", "seqeval")


@pytest.mark.parametrize("args", [["--help"], ["--version"], *[[command, "--help"] for command in COMMANDS]], ids=str)
def test_help_of_every_command(xharness: Run, args: list[str]) -> None:
    ended = xharness(*args)
    assert (ended.status, ended.err) == (0, "")
    assert ended.out


def test_commands_are_listed_in_the_help(xharness: Run) -> None:
    listed = xharness("--help").out
    assert all(f"  {command} " in listed for command in COMMANDS)


@pytest.mark.parametrize(
    "args",
    [
        ["--help"],
        ["--version"],
        ["eval", "--help"],
        ["tasks", "list"],
        ["tasks", "show", "xnli"],
        ["ls"],
        ["eval", "-m", "oracle", "-t", "xnli,tatoeba,xquad", "--data", "samples", "-o", "{tmp}"],
        ["eval", "-m", "oracle", "-t", "xtreme", "--data", "samples", "--dry-run"],
    ],
    ids=str,
)
@pytest.mark.slow
def test_nothing_heavy_is_imported(tmp_path: Path, args: list[str]) -> None:
    given = [arg.replace("{tmp}", str(tmp_path / "out")) for arg in args]
    code = (
        "import sys\nfrom xtreme_harness.cli.main import main\n"
        f"try:\n    main({given!r})\nexcept SystemExit as stop:\n    assert stop.code == 0, stop.code\n"
        f"loaded = [name for name in {HEAVY!r} if name in sys.modules]\nassert not loaded, loaded\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)


def test_importing_the_package_imports_nothing_heavy() -> None:
    names = (*HEAVY, "numpy", "yaml", "click")
    code = f"import sys, xtreme_harness\nassert not [name for name in {names!r} if name in sys.modules]"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_no_command_shows_the_help_and_is_wrong_use(xharness: Run) -> None:
    ended = xharness()
    assert ended.status == 2
    assert ended.err.startswith("Usage: xharness")


@pytest.mark.parametrize(
    ("args", "line"),
    [
        (["evl"], "error: xharness: no command 'evl' (did you mean 'eval'?); see xharness --help"),
        (["eval"], "error: xharness eval: Missing option '--model' / '-m'."),
        (["--colour"], "error: xharness: No such option '--colour'"),
        (
            ["eval", "-m", "oracle", "-v"],
            "error: xharness eval: No such option '-v'; it stands before the command: xharness -v eval ...",
        ),
        (
            ["eval", "-q"],
            "error: xharness eval: No such option '-q'; it stands before the command: xharness -q eval ...",
        ),
        (["tasks", "shw"], "error: xharness tasks: No such command 'shw'"),
        (["tasks", "show", "xnlli"], "error: unknown task 'xnlli' (did you mean 'xnli'?); see `xharness tasks list`"),
    ],
    ids=str,
)
def test_wrong_use_is_2_in_one_line(xharness: Run, args: list[str], line: str) -> None:
    ended = xharness(*args)
    assert ended.status == 2
    (found,) = ended.err.splitlines()
    assert found.startswith(line.rstrip("."))
    assert ended.out == ""


@pytest.mark.parametrize("flag", ["--verbose", "-v", "-qv"])
def test_the_traceback_comes_with_verbose_only(xharness: Run, flag: str) -> None:
    command = ("eval", "-m", "oracle", "-t", "xnli", "--data", "samples", "--labels", "nowhere")
    plain, loud = xharness(*command), xharness(flag, *command)
    assert plain.status == loud.status == 2
    assert plain.err == "error: --labels nowhere: no such folder\n"
    assert "Traceback (most recent call last)" in loud.err
    assert loud.err.endswith(plain.err)


def test_verbose_from_the_environment(xharness: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XHARNESS_VERBOSE", "1")
    assert "Traceback" in xharness("tasks", "show", "nothing").err


def test_what_nobody_expected_is_one_line_too(xharness: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    from xtreme_harness.plan import cells as plan

    def fail(*args: Any) -> None:
        raise ZeroDivisionError("of a\nmillion")

    monkeypatch.setattr(plan, "all_cards", fail)
    ended = xharness("tasks", "list")
    assert ended.status == 2
    assert ended.err == "error: unexpected ZeroDivisionError: of a million; xharness --verbose shows where\n"
    assert "Traceback" in xharness("-v", "tasks", "list").err


@pytest.mark.parametrize(("alias", "command"), [("ls", ["tasks", "list"]), ("validate", ["tasks", "check", "xnli"])])
def test_aliases(xharness: Run, alias: str, command: list[str]) -> None:
    rest = ["xnli", "--data", "samples"] if alias == "validate" else []
    full = [*command, "--data", "samples"] if alias == "validate" else command
    assert xharness(alias, *rest).out == xharness(*full).out


def test_a_reader_that_leaves_is_no_error(tmp_path: Path) -> None:
    command = f"{sys.executable} -m xtreme_harness.cli.main tasks show 'x*' | head -n 1"
    ended = subprocess.run(command, shell=True, capture_output=True, text=True, check=True)
    assert ended.stderr == ""
