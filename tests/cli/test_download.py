"""`xharness download`, with a Hub of two sentence pairs a split."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from xtreme_harness.data.sources import HubFound
from xtreme_harness.errors import DataError
from xtreme_harness.records import Row, Table

Run = Callable[..., Any]


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """Names of the splits that it does not have, to be filled by a test."""
    lacking: set[str] = set()

    def read(self: HubFound) -> Table:
        if self.split in lacking:
            raise DataError(f"{self.source.path}: does not have the split '{self.split}'")
        texts = [{"text_a": f"{self.language} a{i}", "text_b": f"b{i}", "label": str(i)} for i in range(2)]
        return Table(tuple(Row(values, f"row {i}") for i, values in enumerate(texts)))

    monkeypatch.setattr(HubFound, "read", read)
    return lacking


def test_what_was_fetched_is_evaluated_without_network(xharness: Run, hub: set[str], tmp_path: Path) -> None:
    done = xharness("download", "--tasks", "pawsx", "--languages", "de", "--to", tmp_path / "data")
    assert done.status == 0, done.err
    first, last = done.out.splitlines()
    assert first.startswith("licence: pawsx: ")
    assert last == f"4 of 4 parts in {tmp_path / 'data'}; use them with --data {tmp_path / 'data'}"
    assert done.err.splitlines() == [
        f"pawsx {part}: 2 examples" for part in ("test de", "dev de", "train en", "dev en")
    ]  # fmt: skip
    asked = ("-t", "pawsx", "--languages", "de", "--data", tmp_path / "data", "-o", tmp_path / "out")
    assert xharness("eval", "-m", "oracle", *asked).status == 0


def test_training_data_may_be_left_out(xharness: Run, hub: set[str], tmp_path: Path) -> None:
    done = xharness("-q", "download", "--tasks", "pawsx", "--languages", "de,zh", "--to", tmp_path, "--no-train")
    assert (done.status, done.err) == (0, "")
    files = sorted(path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*.tsv"))
    assert files == [f"pawsx/{split}-{language}.tsv" for split in ("dev", "test") for language in ("de", "zh")]


@pytest.mark.parametrize(("lacking", "status"), [({"dev"}, 3), ({"dev", "test"}, 2)], ids=["a part", "everything"])
def test_what_the_hub_lacks_is_told(
    xharness: Run, hub: set[str], tmp_path: Path, lacking: set[str], status: int
) -> None:
    hub |= lacking
    done = xharness("-q", "download", "--tasks", "pawsx", "--languages", "de", "--to", tmp_path, "--no-train")
    assert done.status == status
    found = sorted(line.partition(": google")[0] for line in done.err.splitlines())
    assert found == sorted(f"not fetched: pawsx {split} de" for split in lacking)
    assert f"{2 - len(lacking)} of 2 parts in {tmp_path}" in done.out


def test_what_is_not_on_the_hub_is_told(xharness: Run, hub: set[str], tmp_path: Path) -> None:
    done = xharness("download", "--tasks", "lareqa", "--languages", "de", "--to", tmp_path, "--no-train")
    assert done.status == 2
    assert all(line.startswith("not fetched: lareqa ") for line in done.err.splitlines())
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("place", ["file", "folder"])
def test_a_card_of_ones_own(xharness: Run, hub: set[str], tmp_path: Path, place: str) -> None:
    (tmp_path / "cards").mkdir()
    card = tmp_path / "cards/mine.yaml"
    card.write_text("include: pawsx.yaml\nname: mine\n", "utf-8")
    asked = card if place == "file" else card.parent
    done = xharness("-q", "download", "--tasks", asked, "--languages", "de", "--to", tmp_path / "data", "--no-train")
    assert (done.status, done.err) == (0, "")
    assert "licence: mine: " in done.out


@pytest.mark.parametrize(
    ("asked", "line"),
    [
        (("--tasks", "pawsxx"), "error: unknown task 'pawsxx' (did you mean 'pawsx'?)"),
        (("--tasks", "no.yaml"), "error: no.yaml: no such card or folder of cards"),
        (("--tasks", "pawsx", "--languages", "gr"), "error: --languages gr: none of the tasks has it"),
    ],
)
def test_what_there_is_not_is_told(xharness: Run, tmp_path: Path, asked: tuple[str, ...], line: str) -> None:
    done = xharness("download", *asked, "--to", tmp_path / "data")
    assert (done.status, done.out) == (2, "")
    assert done.err.startswith(line)
    assert not (tmp_path / "data").exists()
