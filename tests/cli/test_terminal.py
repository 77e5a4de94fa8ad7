"""What a terminal is shown."""

from __future__ import annotations

import io
import sys

import pytest

from xtreme_harness.cli.main import main
from xtreme_harness.cli.terminal import escaping_terminal


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_terminal_is_shown_controls_and_a_pipe_gets_them(monkeypatch: pytest.MonkeyPatch) -> None:
    for stream, expected in ((Terminal(), "a\\u001b[2Jb\\u0007\n"), (io.StringIO(), "a\x1b[2Jb\x07\n")):
        monkeypatch.setattr(sys, "stdout", stream)
        with escaping_terminal():
            print("a\x1b[2Jb\x07")
        assert stream.getvalue() == expected
        assert sys.stdout is stream


def test_progress_bars_go_back_to_the_start_of_their_line(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = Terminal()
    monkeypatch.setattr(sys, "stderr", stream)
    with escaping_terminal():
        sys.stderr.write("\r10 %\r20 %\n")
        assert sys.stderr.isatty()
    assert stream.getvalue() == "\r10 %\r20 %\n"


def test_a_command_cannot_be_made_to_speak_to_it(monkeypatch: pytest.MonkeyPatch) -> None:
    out, err = Terminal(), Terminal()
    monkeypatch.setattr(sys, "stdout", out)
    monkeypatch.setattr(sys, "stderr", err)
    with pytest.raises(SystemExit):
        main(["tasks", "show", "\x1b]0;owned\x07"])
    assert "\\u001b]0;owned\\u0007" in err.getvalue()
    assert "\x1b" not in out.getvalue() + err.getvalue()
    assert (sys.stdout, sys.stderr) == (out, err)
