"""Slots that are annotated in place."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from xtreme_harness.data.formats import FORMATS
from xtreme_harness.data.formats.annotated import words_and_tags
from xtreme_harness.errors import DataError
from xtreme_harness.records import Row

COLUMNS = {"id": "id", "text": "utt", "annotated": "annot_utt"}


def read(path: Path, *objects: dict[str, Any], **options: Any) -> tuple[Row, ...]:
    path.write_text("".join(json.dumps(obj) + "\n" for obj in objects), "utf-8")
    return FORMATS["annotated"]({"rows": [path]}, {"columns": COLUMNS, **options}).rows


def said(utt: str, annotated: str | None, **more: str) -> dict[str, Any]:
    return {"id": "0", "utt": utt, "annot_utt": annotated, **more}


@pytest.mark.parametrize(
    ("annotated", "words", "tags"),
    [
        ("play it", "play it", "Other Other"),
        ("[date : friday]", "friday", "date"),
        ("at [time : five am] [date : this week] please", "at five am this week please",
         "Other time time date date Other"),
        ("[person : ann]'s mail", "ann]'s mail", "person person"),  # which the words of the text then show
        ("ratio 3 : 4", "ratio 3 : 4", "Other Other Other Other"),
        ("", "", ""),
    ],
)  # fmt: skip
def test_words_stand_between_blanks(annotated: str, words: str, tags: str) -> None:
    assert words_and_tags(annotated) == (tuple(words.split()), tuple(tags.split()))


@pytest.mark.parametrize(
    ("annotated", "expected"),
    [
        ("[date : 明天] 叫我", [("明", "date"), ("天", "date"), ("叫", "Other"), ("我", "Other")]),
        ("[date : 明天][time : 五点] 叫",
         [("明", "date"), ("天", "date"), ("五", "time"), ("点", "time"), ("叫", "Other")]),
        ("用 [app_name : spotify] 播放", [("用", "Other"), ("spotify", "app_name"), ("播", "Other"), ("放", "Other")]),
        ("放 [artist_name : lea stern] 的", [("放", "Other"), ("lea", "artist_name"), ("stern", "artist_name"),
                                          ("的", "Other")]),
        ("5点", [("5", "Other"), ("点", "Other")]),
    ],
)  # fmt: skip
def test_where_words_are_characters_ascii_stays_whole_and_ends_its_slot(annotated: str, expected: Any) -> None:
    assert list(zip(*words_and_tags(annotated, by_character=True), strict=True)) == expected


def test_rows_keep_their_id_and_the_words_of_the_text(tmp_path: Path) -> None:
    (row,) = read(tmp_path / "a.jsonl", said("Wake me at five", "wake me at [time : five]"))
    assert row.values == {"id": "0", "words": ("Wake", "me", "at", "five"), "tags": ("Other", "Other", "Other", "time")}


def test_what_is_not_annotated_has_no_tags(tmp_path: Path) -> None:
    (row,) = read(tmp_path / "a.jsonl", said("叫我 at 5", None), optional=["annotated"], language="zh-CN",
                  characters=["zh-CN"])  # fmt: skip
    assert row.values == {"id": "0", "words": ("叫", "我", "at", "5"), "tags": None}


def test_one_file_holds_several_splits(tmp_path: Path) -> None:
    objects = [said("a", "a", partition="train"), said("b", "b", partition="test"), said("c", "c", partition="test")]
    rows = read(tmp_path / "a.jsonl", *objects, where={"partition": "test"})
    assert [(row.values["words"], row.place.rpartition(":")[2]) for row in rows] == [(("b",), "2"), (("c",), "3")]


def test_all_rows_whose_texts_differ_are_told(tmp_path: Path) -> None:
    file = tmp_path / "a.jsonl"
    with pytest.raises(DataError) as error:
        read(file, said("a b", "a"), said("a b", "[x : a] b"), said("明天", "明日"), {**said("a", "a"), "utt": 5},
             language="zh-CN", characters=["zh-CN"])  # fmt: skip
    assert error.value.faults == (
        f"{file}:1: found the annotation 'a', expected the words of 'a b'",
        f"{file}:3: found the annotation '明日', expected the words of '明天'",
        f"{file}:4: text: found 5, expected text",
    )


def test_the_authors_examples(shared: Path) -> None:
    file = shared / "realdata/world/massive/readme_examples.jsonl"
    if not file.is_file():
        pytest.skip("needs ../shared/realdata/world/massive")
    options = {"columns": COLUMNS, "where": {"partition": "test", "locale": "de-DE"}}
    (row,) = FORMATS["annotated"]({"rows": [file]}, options).rows
    spans = [(word, tag) for word, tag in zip(row.values["words"], row.values["tags"], strict=True) if tag != "Other"]
    assert [tag for _, tag in spans] == ["date"] * 2 + ["time"] * 3
    assert len(row.values["words"]) == 9
