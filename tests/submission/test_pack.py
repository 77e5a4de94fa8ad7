"""Packing: what is packed, what stops it, and that nothing is left when it stops."""

from __future__ import annotations

import shutil
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from tests.fixtures.broken_submissions import write_lareqa
from tests.fixtures.generated_folders import write_folders
from tests.fixtures.made_runs import made_figures, write_run
from xtreme_harness.errors import OutputError, PredictionError
from xtreme_harness.plan.cells import all_cards
from xtreme_harness.submission.pack import pack

CARDS = all_cards()
METADATA = {
    "model": "tiny",
    "suite": "xtreme-r",
    "contact": "someone@example.org",
    "licence": "CC0-1.0",
    "parameters": 1000,
    "pretraining_languages": ["en", "de"],
    "pretraining_data": "Wikipedia",
    "fine_tuning_data": "English",
}


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """A folder as `eval` leaves it, with the predictions of one suite."""
    write_folders(tmp_path / "generated", "xtreme-r", 1, size=3)
    (tmp_path / "run/predictions").mkdir(parents=True)
    (tmp_path / "generated/predictions").rename(tmp_path / "run/predictions/xtreme-r")
    write_run(replace(made_figures({}), fingerprint="ab12cd34" * 8), tmp_path / "run")
    return tmp_path / "run"


@pytest.fixture
def packed(run: Path, tmp_path: Path) -> Callable[..., Path]:
    """Pack with these metadata to a name."""

    def apply(name: str, **changes: object) -> Path:
        about = tmp_path / "metadata.yaml"
        about.write_text(yaml.safe_dump(METADATA | changes))
        pack(run / "predictions/xtreme-r", "xtreme-r", about, tmp_path / name, CARDS)
        return tmp_path / name

    return apply


def names(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def test_folder_and_zip_hold_the_same(packed: Callable[..., Path], run: Path, tmp_path: Path) -> None:
    folder, archive = packed("folder"), packed("archive.zip")
    with zipfile.ZipFile(archive) as read:
        assert set(read.namelist()) == names(folder) == names(run / "predictions/xtreme-r") | {"metadata.yaml"}
        for name in read.namelist():
            assert read.read(name) == (folder / name).read_bytes()
            assert read.getinfo(name).external_attr >> 16 == 0o644
    assert {path.name for path in tmp_path.iterdir()} == {"folder", "archive.zip", "metadata.yaml", "run", "generated"}


def test_the_same_files_give_the_same_archive(packed: Callable[..., Path], run: Path) -> None:
    first = packed("a.zip")
    for path in run.rglob("*.tsv"):
        path.touch()
    assert first.read_bytes() == packed("b.zip").read_bytes()


def test_only_what_the_suite_reads_is_packed(packed: Callable[..., Path], run: Path) -> None:
    place = run / "predictions/xtreme-r"
    shutil.copytree(place / "xnli", place / "pawsx")
    (place / "README.md").write_text("x")
    write_lareqa(place, "ar de el en es hi ru th tr vi zh")
    found = names(packed("folder"))
    assert len(found) == 192 + 11 + 1
    assert not any(name.startswith("pawsx") for name in found)


@pytest.mark.parametrize("name", ["there", "there.zip"])
def test_nothing_is_overwritten(packed: Callable[..., Path], tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("mine")
    with pytest.raises(OutputError, match="is there already; name another by -o"):
        packed(name)
    assert (tmp_path / name).read_text() == "mine"


@pytest.mark.parametrize("name", ["file/out", "file/out.zip"])
def test_output_that_cannot_be_written(packed: Callable[..., Path], tmp_path: Path, name: str) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(OutputError, match=f"{name}: cannot be written"):
        packed(name)


def test_fingerprint_of_the_run(packed: Callable[..., Path], tmp_path: Path) -> None:
    assert packed("right", fingerprint="ab12cd34").is_dir()
    with pytest.raises(
        PredictionError, match=r"results\.json: the fingerprint is (ab12cd34){8}, and the metadata have 0000"
    ):
        packed("wrong", fingerprint="0000")
    assert not (tmp_path / "wrong").exists()


def test_faults_stop_it(packed: Callable[..., Path], run: Path, tmp_path: Path) -> None:
    (run / "predictions/xtreme-r/xcopa/test-et.jsonl").unlink()
    with pytest.raises(PredictionError) as error:
        packed("out.zip", suite="xtreme", seeds="one")
    assert len(error.value.faults) == 2  # the metadata are read no further than their form
    assert not (tmp_path / "out.zip").exists()
    assert not list(tmp_path.glob(".*"))


@pytest.mark.parametrize("name", ["out", "out.zip"])
def test_a_link_is_not_replaced(packed: Callable[..., Path], tmp_path: Path, name: str) -> None:
    (tmp_path / name).symlink_to("nowhere")
    with pytest.raises(OutputError, match="is there already; name another by -o"):
        packed(name)
    assert (tmp_path / name).is_symlink()


@pytest.mark.parametrize("name", ["out", "out.zip"])
def test_what_a_killed_process_left_is_removed(packed: Callable[..., Path], tmp_path: Path, name: str) -> None:
    (tmp_path / f".{name}.ab12.partial" / "whole").mkdir(parents=True)
    (tmp_path / f".{name}.0123abcd.tmp").write_text("half")
    (tmp_path / ".other.zip.0123abcd.tmp").write_text("another's")
    packed(name)
    assert [path.name for path in tmp_path.glob(".*")] == [".other.zip.0123abcd.tmp"]
