"""Prediction and label files, and the one writer of files."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import Any

import pytest

from xtreme_harness import DataError, OutputError
from xtreme_harness.cards.names import file_name
from xtreme_harness.data.sources import locate, parse_data
from xtreme_harness.data.splits import load_split
from xtreme_harness.files.text import read_text, write_atomic, write_json
from xtreme_harness.kinds import KINDS
from xtreme_harness.plan.cells import all_cards
from xtreme_harness.records import Split
from xtreme_harness.submission.gold import relabelled

CARDS = all_cards()
SAMPLES = parse_data(["samples"], CARDS.tasks)
TARGETS = sorted(name for name, card in CARDS.tasks.items() if card.suites)


def loaded(task: str, language: str) -> Split[Any]:
    card = CARDS.tasks[task]
    located = locate(card, "test", language, SAMPLES)
    assert located is not None
    kind = KINDS[card.kind]
    return load_split(card, language, "test", located, kind.parse, kind.passage)


@pytest.mark.parametrize(
    ("task", "split", "language", "name"),
    [
        ("xnli", "test", "de", "xnli/test-de.tsv"), ("xquad", "test", "zh", "xquad/test-zh.json"),
        ("xcopa", "dev", "et", "xcopa/dev-et.jsonl"), ("mewslix", "test", "ar", "mewslix/test-ar.json"),
        ("tatoeba", "test", "jv", "tatoeba/test-jv.tsv"), ("bucc2018", "test", "fr", "bucc2018/test-fr.tsv"),
        ("lareqa", "test", "el", "lareqa/test-el.json"), ("udpos", "test", "wo", "udpos/test-wo.tsv"),
    ],
)  # fmt: skip
def test_official_file_names(task: str, split: str, language: str, name: str) -> None:
    assert file_name(CARDS.tasks[task], split, language) == name


class TestWriteAtomic:
    """A file is whole or not there."""

    def test_makes_folders_and_writes_utf8_with_plain_line_ends(self, tmp_path: Path) -> None:
        write_atomic(tmp_path / "a/b/c.txt", "ä\n字\r\n")
        assert (tmp_path / "a/b/c.txt").read_bytes() == "ä\n字\r\n".encode()
        assert [p.name for p in (tmp_path / "a/b").iterdir()] == ["c.txt"]
        assert (tmp_path / "a/b/c.txt").stat().st_mode & 0o777 == 0o644

    @pytest.mark.parametrize("number", [errno.ENOSPC, errno.EROFS, errno.EACCES])
    def test_keeps_the_old_file_where_the_new_one_cannot_be_put(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
    ) -> None:
        write_atomic(tmp_path / "x", "old")

        def fail(*paths: Any) -> None:
            raise OSError(number, os.strerror(number))

        monkeypatch.setattr(os, "replace", fail)
        with pytest.raises(OutputError) as raised:
            write_atomic(tmp_path / "x", "new")
        assert raised.value.faults == (f"{tmp_path}/x: cannot be written ({os.strerror(number)})",)
        assert (tmp_path / "x").read_text() == "old"
        assert [p.name for p in tmp_path.iterdir()] == ["x"]

    def test_leaves_nothing_when_interrupted(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        def interrupt(*paths: Any) -> None:
            raise KeyboardInterrupt

        monkeypatch.setattr(os, "replace", interrupt)
        with pytest.raises(KeyboardInterrupt):
            write_atomic(tmp_path / "x", "new")
        assert not list(tmp_path.iterdir())

    def test_a_full_device(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        def full(*args: Any, **kwargs: Any) -> Any:
            raise OSError(errno.ENOSPC, "No space left on device")

        monkeypatch.setattr(Path, "write_bytes", full)
        with pytest.raises(OutputError, match=r"x: cannot be written \(No space left on device\)"):
            write_atomic(tmp_path / "x", "new")

    def test_a_file_in_the_way_of_a_folder(self, tmp_path: Path) -> None:
        (tmp_path / "a").write_text("")
        with pytest.raises(OutputError, match="a/b: cannot be written"):
            write_atomic(tmp_path / "a/b", "x")

    def test_json_keeps_the_order_of_its_keys(self, tmp_path: Path) -> None:
        write_json(tmp_path / "x.json", {"b": 1, "a": "ä"})
        assert (tmp_path / "x.json").read_text("utf-8") == '{\n  "b": 1,\n  "a": "ä"\n}\n'


class TestReadText:
    """UTF-8, with or without a mark."""

    def test_drops_a_byte_order_mark(self, tmp_path: Path) -> None:
        (tmp_path / "x").write_bytes(b"\xef\xbb\xbfa")
        assert read_text(tmp_path / "x") == "a"

    def test_says_where_it_is_no_utf8(self, tmp_path: Path) -> None:
        (tmp_path / "x").write_bytes(b"ab\xff")
        with pytest.raises(DataError, match=r"x: not UTF-8 \(byte 2\)"):
            read_text(tmp_path / "x")

    def test_says_why_it_cannot_be_read(self, tmp_path: Path) -> None:
        with pytest.raises(DataError, match=r": cannot be read \(Is a directory\)"):
            read_text(tmp_path)


class TestRelabelled:
    """A split with the gold of a label folder."""

    @pytest.mark.parametrize("task", TARGETS)
    def test_what_gold_text_writes_is_read_back(self, tmp_path: Path, task: str) -> None:
        card = CARDS.tasks[task]
        kind = KINDS[card.kind]
        language = next(c for c in card.all_languages if locate(card, "test", c, SAMPLES) is not None)
        split = loaded(task, language)
        write_atomic(tmp_path / file_name(card, "test", language), kind.gold_text(split, card))
        again = relabelled(tmp_path, kind, card, split)
        assert [kind.gold(e) for e in again.examples] == [kind.gold(e) for e in split.examples]

    def test_without_a_file_the_split_is_as_it_was(self, tmp_path: Path) -> None:
        split = loaded("xnli", "de")
        assert relabelled(tmp_path, KINDS["sequence_classification"], CARDS.tasks["xnli"], split) is split

    @pytest.mark.parametrize(
        ("labels", "message"),
        [
            (["neutral"] * 23, "no label for '23'"),
            (["neutral"] * 26, "26 labels, expected 24; '24' is not in the data"),
            ([], "no label for '0'"),
        ],
    )
    def test_labels_that_do_not_fit(self, tmp_path: Path, labels: list[str], message: str) -> None:
        file = tmp_path / "xnli/test-de.tsv"
        write_atomic(file, "".join(f"{label}\n" for label in labels))
        with pytest.raises(DataError) as raised:
            relabelled(tmp_path, KINDS["sequence_classification"], CARDS.tasks["xnli"], loaded("xnli", "de"))
        assert raised.value.faults[0] == f"{file}: {message}"
        assert len(raised.value.faults) <= 6
