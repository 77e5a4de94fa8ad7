"""Only regular files are opened, and never without a bound."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from xtreme_harness.files.regular import open_regular, read_bytes


def test_a_regular_file_and_a_link_to_one_are_read(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"abc")
    (tmp_path / "b").symlink_to("a")
    assert read_bytes(tmp_path / "a", 3) == read_bytes(tmp_path / "b", 3) == b"abc"


@pytest.mark.parametrize("kind", ["pipe", "device", "socket", "folder"])
def test_anything_else_is_refused_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    place = tmp_path / "x"
    server = socket.socket(socket.AF_UNIX)
    if kind == "pipe":
        os.mkfifo(place)
    elif kind == "device":
        place.symlink_to("/dev/zero")
    elif kind == "socket":
        monkeypatch.chdir(tmp_path)  # a socket's path is short
        server.bind("x")
    else:
        place.mkdir()
    with (
        server,
        pytest.raises(OSError, match=rf"found a {kind}, expected|No such device|Is a directory") as caught,
    ):
        read_bytes(place, 10)
    assert caught.value.filename == str(place)


def test_a_longer_file_is_not_read_whole(tmp_path: Path) -> None:
    with (tmp_path / "x").open("wb") as file:
        file.truncate(1 << 40)  # takes no room on the disk
    with pytest.raises(OSError, match=r"found 1024 GiB, expected at most 1 MiB"):
        read_bytes(tmp_path / "x", 1 << 20)


def test_a_link_is_not_followed_where_the_caller_says_so(tmp_path: Path) -> None:
    (tmp_path / "victim").write_text("kept")
    (tmp_path / "x").symlink_to("victim")
    with pytest.raises(OSError, match="symbolic links"):
        open_regular(tmp_path / "x", os.O_RDWR | os.O_NOFOLLOW)
    assert (tmp_path / "victim").read_text() == "kept"
