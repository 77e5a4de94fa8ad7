"""Tatoeba and BUCC."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from xtreme_harness.data.formats import FORMATS
from xtreme_harness.errors import DataError
from xtreme_harness.records import Row, Table


def read(tmp_path: Path, name: str, texts: dict[str, str], options: dict[str, Any] | None = None) -> Table:
    for role, text in texts.items():
        (tmp_path / role).write_bytes(text.encode())
    return FORMATS[name]({role: [tmp_path / role] for role in texts}, options or {})


def test_tatoeba_sorts_english_and_remembers_the_line(tmp_path: Path) -> None:
    table = read(tmp_path, "tatoeba", {"foreign": " eins\nzwei \ndrei\n", "english": "b\n a\nb \n"})
    assert table.rows == (
        Row({"id": "0", "text": "a", "gold": ("1",)}, f"{tmp_path}/english:2"),
        Row({"id": "1", "text": "b", "gold": ("0",)}, f"{tmp_path}/english:1"),
        Row({"id": "2", "text": "b", "gold": ("2",)}, f"{tmp_path}/english:3"),
    )
    pool = [row.values for row in table.pool]
    assert pool == [{"id": str(i), "text": text} for i, text in enumerate(("eins", "zwei", "drei"))]


def test_tatoeba_as_downloaded_has_no_gold(tmp_path: Path) -> None:
    table = read(tmp_path, "tatoeba", {"foreign": "x\ny\n", "english": "a\nb\n"}, {"sorted": True})
    assert [row.values for row in table.rows] == [
        {"id": "0", "text": "a", "gold": None},
        {"id": "1", "text": "b", "gold": None},
    ]


@pytest.mark.parametrize("options", [{}, {"sorted": True}])
def test_tatoeba_files_of_unequal_length(tmp_path: Path, options: dict[str, Any]) -> None:
    with pytest.raises(DataError) as caught:
        read(tmp_path, "tatoeba", {"foreign": "x\n", "english": "a\nb\n"}, options)
    assert str(caught.value).startswith(f"{tmp_path}/foreign: found 1 lines, expected 2 as in {tmp_path}/english")


def test_recorded_order(tmp_path: Path, shared: Path) -> None:
    case = json.loads((shared / "spec/micro/preprocess.json").read_text())["tatoeba_reorder"]
    table = read(tmp_path, "tatoeba", {"foreign": case["foreign_output"], "english": case["english_input"]})
    assert [row.values["text"] for row in table.rows] == case["english_output"].split("\n")[:-1]
    assert [int(row.values["gold"][0]) for row in table.rows] == case["implied_labels"]


@pytest.mark.parametrize(("code", "short", "count"), [("swh", "sw", 390), ("kaz", "kk", 575), ("afr", "af", 1000)])
def test_real_pairs_give_the_official_labels(shared: Path, code: str, short: str, count: int) -> None:
    stem = shared / f"realdata/tatoeba/tatoeba.{code}-eng"
    table = FORMATS["tatoeba"]({"foreign": [Path(f"{stem}.{code}")], "english": [Path(f"{stem}.eng")]}, {})
    labels = (shared / f"realdata/xtreme_mock/labels/tatoeba/test-{short}.tsv").read_text().split()
    found = [row.values["gold"][0] for row in table.rows]
    assert (len(found), found[: len(labels)]) == (count, labels)


SENTENCES = {"foreign": "f1\teins\nf2\tzwei\nf3\tdrei\n", "english": "e1\tone\ne2\ttwo\n"}


def test_bucc(tmp_path: Path) -> None:
    table = read(tmp_path, "bucc", {**SENTENCES, "gold": "f2\te2\nf2\te1\nf1\te1\nf1\te1\n"})
    assert table.rows[0] == Row({"id": "f1", "text": "eins", "gold": ("e1",)}, f"{tmp_path}/foreign:1")
    assert [row.values["gold"] for row in table.rows] == [("e1",), ("e2", "e1"), ()]
    assert [row.values for row in table.pool] == [{"id": "e1", "text": "one"}, {"id": "e2", "text": "two"}]


def test_bucc_without_gold(tmp_path: Path) -> None:
    assert {row.values["gold"] for row in read(tmp_path, "bucc", SENTENCES).rows} == {None}


BAD = [
    pytest.param({"foreign": "f1\teins\nf2\n"}, "foreign:2: 2 columns expected, 1 found", id="columns"),
    pytest.param({"english": "e1\ta\tb\n"}, "english:1: 2 columns expected, 3 found", id="tab in a sentence"),
    pytest.param({"foreign": "f1\ta\nf1\tb\n"}, "foreign:2: found id 'f1' again (first at ", id="id twice"),
    pytest.param(
        {"gold": "e1\tf1\n"}, "gold:1: found 'e1' before 'f1', columns reversed: expected the foreign", id="order"
    ),
    pytest.param({"gold": "f9\te1\n"}, "gold:1: found unknown foreign id 'f9', expected ids of", id="foreign id"),
    pytest.param(
        {"gold": "f1\te1\nf1\te9\n"}, "gold:2: found unknown English id 'e9', expected ids of", id="English id"
    ),
    pytest.param({"gold": "f1\n"}, "gold:1: 2 columns expected, 1 found", id="gold columns"),
]


@pytest.mark.parametrize(("texts", "message"), BAD)
def test_faults_of_bucc(tmp_path: Path, texts: dict[str, str], message: str) -> None:
    with pytest.raises(DataError) as caught:
        read(tmp_path, "bucc", {**SENTENCES, **texts})
    assert str(caught.value).startswith(f"{tmp_path}/{message}")


def test_real_bucc(shared: Path) -> None:
    stem = shared / "realdata/bucc2018/zh-en.dev"
    table = FORMATS["bucc"](
        {role: [Path(f"{stem}.{end}")] for role, end in [("foreign", "zh"), ("english", "en"), ("gold", "gold")]}, {}
    )
    assert (len(table.rows), len(list(table.pool))) == (4391, 6722)
    assert sum(len(row.values["gold"]) for row in table.rows) == 134
