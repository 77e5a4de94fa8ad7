"""What comes from a file is shown by a terminal and never obeyed by it."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from xtreme_harness.cli.echo import echo

CLI = Path(__file__).resolve().parents[2] / "xtreme_harness" / "cli"


def test_control_characters_are_written_out(capsys: pytest.CaptureFixture[str]) -> None:
    echo("a\x1b]8;;http://x\x07b\tc\nd\x9b\x00", err=True)
    assert capsys.readouterr().err == "a\\u001b]8;;http://x\\u0007b\tc\nd\\u009b\\u0000\n"


def test_half_a_character_can_be_printed(capsys: pytest.CaptureFixture[str]) -> None:
    echo("\ud800")
    assert capsys.readouterr().out == "\\ud800\n"


def test_nothing_is_printed_otherwise() -> None:
    others = [
        f"{file.name}:{node.lineno}"
        for file in sorted(CLI.glob("*.py"))
        for node in ast.walk(ast.parse(file.read_text("utf-8")))
        if isinstance(node, ast.Attribute) and node.attr in ("echo", "secho") and file.name != "echo.py"
    ]
    assert not others
