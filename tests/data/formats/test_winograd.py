"""Winograd schemas as their collectors keep them."""

from __future__ import annotations

import json
import re
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from xtreme_harness.data.formats import FORMATS
from xtreme_harness.errors import DataError

TEXT = 'Eva said "no" to Ida, for she was busy.'
TOKENS = ["Eva", "said", "``", "no", "''", "to", "Ida", ",", "for", "she", "was", "busy", "."]
PRONOUN: list[Any] = ["she", [9, 10], ["she"]]
CANDIDATES: list[Any] = [["Eva", [0, 1], ["Eva"], True], ["Ida", [6, 7], ["Ida"], False]]


def line(
    language: str = "en", text: str = TEXT, tokens: Any = TOKENS, pronoun: Any = PRONOUN, candidates: Any = CANDIDATES
) -> str:
    return "\t".join([language, "original", "?", text, *map(json.dumps, (tokens, pronoun, candidates))])


def read(path: Path, *rows: str, **options: str) -> list[dict[str, Any]]:
    path.write_text("".join(f"{row}\n" for row in rows), "utf-8")
    return [row.values for row in FORMATS["winograd"]({"rows": [path]}, options).rows]


def test_the_pronoun_leaves_a_slot(tmp_path: Path) -> None:
    assert read(tmp_path / "x.tsv", line()) == [
        {"sentence": 'Eva said "no" to Ida, for _ was busy.', "option1": "Eva", "option2": "Ida", "label": "1"}
    ]


def test_the_second_may_be_right_and_an_earlier_word_like_the_pronoun(tmp_path: Path) -> None:
    turned = [[*CANDIDATES[0][:3], False], [*CANDIDATES[1][:3], True]]
    tokens = ["Eva", "and", "she", "saw", "that", "she", "ran"]
    (row,) = read(tmp_path / "x.tsv", line(text="Eva and she saw that she ran", tokens=tokens,
                                           pronoun=["she", [5, 6], ["she"]], candidates=turned))  # fmt: skip
    assert (row["sentence"], row["label"]) == ("Eva and she saw that _ ran", "2")


def test_one_language_is_kept(tmp_path: Path) -> None:
    rows = [line(), line("jp", text=TEXT.replace("she", "he"), tokens=["he" if t == "she" else t for t in TOKENS])]
    (row,) = read(tmp_path / "x.tsv", *rows, language="jp")
    assert row["sentence"] == 'Eva said "no" to Ida, for _ was busy.'
    with pytest.raises(DataError, match=r"x\.tsv: found no row of 'ru', only of en, jp, choose one of these"):
        read(tmp_path / "x.tsv", *rows, language="ru")


def test_all_faults_are_told(tmp_path: Path) -> None:
    rows = [
        "a\tb", line(tokens="["), line(pronoun=["she", [9, 99], ["she"]]), line(tokens=["Zoe"]),
        line(candidates=CANDIDATES[:1]), line(candidates=[CANDIDATES[0]] * 2), line().replace("[", "(", 1), line(),
    ]  # fmt: skip
    with pytest.raises(DataError) as error:
        read(tmp_path / "x.tsv", *rows)
    found = [fault.removeprefix(f"{tmp_path}/x.tsv:") for fault in error.value.faults]
    assert [re.split(r",? found,? ", fault)[0] for fault in found] == [
        "1: 7 columns expected, 2", "2: pronoun:", "3: pronoun:", "4: pronoun:", "5: candidates:", "6: candidates:",
        "7: tokens:",
    ]  # fmt: skip
    assert found[2].startswith("3: pronoun: found ['she', [9, 99], ['she']], expected [text, [first, last], tokens] of")
    assert found[5].endswith("expected two [text, [first, last], tokens, true or false], one of them true")


def test_the_authors_file(shared: Path) -> None:
    file = shared / "realdata/world/xwinograd/dataset.subset.tsv"
    if not file.is_file():
        pytest.skip("needs ../shared/realdata/world/xwinograd")
    pronouns = [(columns[0], columns[3], json.loads(columns[5])[0]) for columns in
                (row.split("\t") for row in file.read_text("utf-8").splitlines())]  # fmt: skip
    sizes = {"en": 60, "fr": 83, "jp": 60, "pt": 80, "ru": 80, "zh": 16}
    for language, size in sizes.items():
        rows = FORMATS["winograd"]({"rows": [file]}, {"language": language}).rows
        assert len(rows) == size
        own = [(text, pronoun) for code, text, pronoun in pronouns if code == language]
        restored = [row.values["sentence"].replace("_", pronoun) for row, (_, pronoun) in zip(rows, own, strict=True)]
        assert restored == [text for text, _ in own]
        assert min(Counter(row.values["label"] for row in rows).values()) >= 0.45 * size
