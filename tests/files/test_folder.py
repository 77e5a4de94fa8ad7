"""Output folders: what stands in the way, and what someone has planted there."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from xtreme_harness.errors import OutputError
from xtreme_harness.files.folder import locked, logged, open_output, output_faults


def test_a_lock_that_is_a_link_empties_nothing(tmp_path: Path) -> None:
    (tmp_path / "victim").write_text("kept")
    (tmp_path / ".lock").symlink_to("victim")
    assert output_faults(tmp_path) == [f"{tmp_path / '.lock'}: cannot be written (a link is in the way)"]
    with pytest.raises(OutputError, match="cannot be written"), locked(tmp_path):
        pass
    assert (tmp_path / "victim").read_text() == "kept"


def test_a_lock_that_is_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / ".lock")
    assert output_faults(tmp_path) == [f"{tmp_path / '.lock'}: cannot be written (a pipe is in the way)"]
    with pytest.raises(OutputError, match="found a pipe"), locked(tmp_path):
        pass


def test_what_a_killed_process_left_half_written_is_removed(tmp_path: Path) -> None:
    for name in (".results.json.1.tmp", "cells/xnli/.en.json.2.tmp", "training/.state.pt.3.tmp", "mine/.a.4.tmp"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("half")
    with locked(tmp_path):
        assert [path.name for path in tmp_path.rglob(".*.tmp")] == [".a.4.tmp"]


def test_a_log_that_is_a_link_is_refused(tmp_path: Path) -> None:
    (tmp_path / "victim").write_text("kept")
    (tmp_path / "log.txt").symlink_to("victim")
    with pytest.raises(OutputError, match=r"log\.txt: cannot be written"), logged(tmp_path):
        pass
    assert (tmp_path / "victim").read_text() == "kept"


@pytest.mark.parametrize("planted", ["cells", "cells/xnli"])
def test_a_folder_that_is_a_link_is_refused(tmp_path: Path, planted: str) -> None:
    (out := tmp_path / "out").mkdir()
    (elsewhere := tmp_path / "elsewhere").mkdir()
    (out / planted).parent.mkdir(exist_ok=True)
    (out / planted).symlink_to(elsewhere)
    with pytest.raises(OutputError) as caught:
        open_output(out, ["cells"])
    assert caught.value.faults == (f"{out / planted}: a link is in the way; expected a folder: remove it",)
    assert not list(elsewhere.iterdir())


def test_a_link_as_the_output_folder_itself_is_the_users(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "out").symlink_to("elsewhere")
    open_output(tmp_path / "out", ["cells"])
    assert (tmp_path / "elsewhere" / "cells").is_dir()


def test_a_pipe_in_place_of_a_result_is_told_before(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "results.json")
    assert "a pipe is in the way" in output_faults(tmp_path, files=["results.json"])[0]
