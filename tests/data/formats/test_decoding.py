"""What all formats share: decoding, line ends, missing and empty files, the shape of messages."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from xtreme_harness.data.formats import FORMATS, OPTIONS
from xtreme_harness.errors import CardError, DataError

ROLES = {
    "bucc": ("foreign", "english"),
    "tatoeba": ("foreign", "english"),
    "xquad_r": ("rows", "all"),
    "mewslix": ("rows", "candidates"),
    "qrels": ("queries", "corpus", "qrels"),
}
NEEDED: dict[str, dict[str, Any]] = {
    "tsv": {"columns": {"a": 0, "b": 1}},
    "csv": {"columns": {"a": "a"}},
    "json": {"columns": {"a": "a"}},
    "jsonl": {"columns": {"a": "a"}},
    "annotated": {"columns": {"text": "a", "annotated": "b"}},
}
PAIR = {"columns": {"a": 0, "b": 1}}


def read(name: str, path: Path, options: Mapping[str, Any] | None = None) -> Any:
    files = {role: [path] for role in ROLES.get(name, ("rows",))}
    return FORMATS[name](files, options or NEEDED.get(name, {}))


def refused(name: str, path: Path, options: Mapping[str, Any] | None = None) -> tuple[str, ...]:
    with pytest.raises(DataError) as caught:
        list(read(name, path, options).pool)
    return caught.value.faults


def test_every_format_lists_its_options() -> None:
    assert FORMATS.keys() == OPTIONS.keys()


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize(
    ("content", "message"),
    [
        pytest.param(None, "found no readable file (No such file or directory), expected a data file", id="missing"),
        pytest.param(b"", "found an empty file, expected data", id="empty"),
        pytest.param(b"\xef\xbb\xbf", "found an empty file, expected data", id="only a byte order mark"),
        pytest.param(b"\n\n", "found an empty file, expected data", id="only blank lines"),
        pytest.param(b"a\tb\nc\xff\td\n", ":2: found byte 0xff (position 1), expected UTF-8", id="broken byte"),
        pytest.param("a\tb\n".encode("utf-16"), ":1: found UTF-16 (position 0), expected UTF-8", id="UTF-16"),
    ],
)
def test_what_no_format_reads(tmp_path: Path, name: str, content: bytes | None, message: str) -> None:
    path = tmp_path / "file"
    if content is not None:
        path.write_bytes(content)
    faults = refused(name, path)
    assert any(f"{path}" in fault and message in fault for fault in faults), faults


@pytest.mark.parametrize("name", FORMATS)
def test_a_role_without_file(name: str) -> None:
    with pytest.raises(CardError, match="files: found roles none, expected"):
        FORMATS[name]({}, NEEDED.get(name, {}))


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    assert refused("tsv", tmp_path) == (
        f"{tmp_path}: found no readable file (Is a directory), expected a data file, check the path",
    )


@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_line_ends_and_byte_order_mark(tmp_path: Path, end: str, mark: str) -> None:
    path = tmp_path / "file.tsv"
    path.write_bytes((mark + f"a\tb{end}c\td{end}").encode())
    assert [row.values for row in read("tsv", path).rows] == [{"a": "a", "b": "b"}, {"a": "c", "b": "d"}]


SEPARATORS = ["\u2028", "\u2029", "\x85", "\x0b", "\x0c", "\x1c", "\x1e", "\r"]


@pytest.mark.parametrize("character", SEPARATORS)
@pytest.mark.parametrize("name", ["tsv", "conll", "bucc", "tatoeba"])
def test_other_line_separators_are_data(tmp_path: Path, name: str, character: str) -> None:
    path = tmp_path / "file"
    path.write_bytes(f"a{character}b\tX\n".encode())
    (row,) = read(name, path).rows
    assert repr(f"a{character}b").strip("'") in str(row.values)


@pytest.mark.parametrize("character", [c for c in SEPARATORS if ord(c) > 31])  # JSON escapes the others
def test_other_line_separators_are_data_of_json_lines(tmp_path: Path, character: str) -> None:
    path = tmp_path / "file"
    path.write_bytes(f'{{"a": "a{character}b"}}\n'.encode())
    assert [row.values for row in read("jsonl", path).rows] == [{"a": f"a{character}b"}]


def test_all_broken_lines_are_named(tmp_path: Path) -> None:
    path = tmp_path / "file.tsv"
    path.write_bytes(b"a\tb\n\xfe\tb\nc\td\ne\xc3\tf\n")
    assert [fault.split(": found ")[0] for fault in refused("tsv", path)] == [f"{path}:2", f"{path}:4"]


def test_many_faults_are_counted(tmp_path: Path) -> None:
    path = tmp_path / "file.tsv"
    path.write_text("a\n" * 30 + "a\tb\n")
    faults = refused("tsv", path)
    assert len(faults) == 21
    assert faults[-1] == "... and 10 more"
