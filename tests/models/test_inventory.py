"""What stands in the place of a checkpoint's files."""

from __future__ import annotations

import os
import shutil
import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from xtreme_harness.errors import ModelError
from xtreme_harness.models import inventory
from xtreme_harness.models.checkpoint import find_checkpoint
from xtreme_harness.plan.loading import require_loadable

FILES = ("config.json", "tokenizer.json", "tokenizer_config.json", "model.safetensors")
EXTRA = ("special_tokens_map.json", "added_tokens.json", "vocab.txt", "modules.json", "xharness.json", "merges.txt",
         "adapter_config.json", "generation_config.json", "sentencepiece.bpe.model", "chat_template.jinja",
         "model.safetensors.index.json", "additional_chat_templates/a.jinja")  # fmt: skip


def _socket(path: Path) -> None:
    short = Path(os.path.relpath(path))
    with socket.socket(socket.AF_UNIX) as one:
        one.bind(str(short if len(str(short)) < len(str(path)) else path))


def _circle(path: Path) -> None:
    path.symlink_to(path.name)


def refused(path: Path) -> str:
    with pytest.raises(ModelError) as caught:
        require_loadable(find_checkpoint(str(path), None), False)
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize("name", [*FILES, *EXTRA])
def test_a_pipe_is_not_waited_for(copy: Path, name: str) -> None:
    file = copy / name
    file.parent.mkdir(exist_ok=True)
    file.unlink(missing_ok=True)
    os.mkfifo(file)
    assert refused(copy) == f"{file}: found a pipe, expected a file"


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (Path.mkdir, "found a folder, expected a file"),
        (lambda file: file.symlink_to("/dev/zero"), "found a device, expected a file"),
        (lambda file: file.symlink_to("/tmp"), "found a folder, expected a file"),
        (lambda file: file.symlink_to("nowhere"), "a link to nothing, expected a file; is the checkpoint complete?"),
        (_circle, "cannot be read (Too many levels of symbolic links)"),
        (_socket, "found a socket, expected a file"),
    ],
    ids=["folder", "device", "link to a folder", "link to nothing", "circle", "socket"],
)
@pytest.mark.parametrize("name", FILES)
def test_what_is_no_file(copy: Path, name: str, make: Callable[[Path], object], words: str) -> None:
    (copy / name).unlink()
    make(copy / name)
    assert refused(copy) == f"{copy / name}: {words}"


def test_links_to_files_are_files(nli: Path, tmp_path: Path) -> None:
    for file in nli.iterdir():
        (tmp_path / file.name).symlink_to(file)
    (tmp_path / "notes.json").symlink_to("nowhere")  # nobody asks for it
    (tmp_path / "data.json").mkdir()
    require_loadable(find_checkpoint(str(tmp_path), None), False)


@pytest.mark.parametrize("name", FILES)
def test_a_file_that_may_not_be_read(copy: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    closed = copy / name
    monkeypatch.setattr(inventory.os, "access", lambda path, mode: Path(path) != closed)
    assert refused(copy) == f"{closed}: cannot be read (Permission denied)"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
def test_a_folder_that_may_not_be_read(copy: Path) -> None:
    from multiprocessing import get_context

    copy.chmod(0o700)
    for folder in [*copy.parents][:3]:
        folder.chmod(folder.stat().st_mode | 0o055)
    with get_context("fork").Pool(1) as pool:
        found = pool.apply(_as_nobody, (str(copy),))
    assert found in (
        f"{copy}: cannot be read (Permission denied); let your user read the folder",
        f"{copy}: cannot be read (Permission denied); give the folder of the checkpoint",
    )


def _as_nobody(path: str) -> str:
    os.setuid(65534)
    try:
        find_checkpoint(path, None)
    except ModelError as error:
        return str(error)
    return ""


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("a" * 300, "cannot be read (File name too long); give the folder of the checkpoint"),
        ("a/" + "b" * 300, "cannot be read (File name too long)"),
        ("/dev/null", "is a device; give the folder of the checkpoint"),
        ("/etc/hostname", "is a file; give the folder of the checkpoint"),
    ],
)
def test_a_name_that_is_no_folder(name: str, words: str) -> None:
    with pytest.raises(ModelError) as caught:
        find_checkpoint(name, None)
    assert words in str(caught.value) and "Hub" not in str(caught.value)


def test_a_closed_folder_among_units_is_passed_over(nli: Path, tmp_path: Path) -> None:
    shutil.copytree(nli, tmp_path / "xnli")
    (tmp_path / "panx").write_text("a file")
    assert find_checkpoint(str(tmp_path), "xnli").path == tmp_path / "xnli"
