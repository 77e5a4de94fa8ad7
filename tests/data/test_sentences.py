"""Sentences of a passage, and LAReQA's training pairs."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from xtreme_harness.data.formats import FORMATS
from xtreme_harness.data.formats.sentences import sentence_spans


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        ("One. Two! Three?", ["One.", "Two!", "Three?"]),
        ("Dr. Smith met J. R. Hartley.", ["Dr. Smith met J. R. Hartley."]),
        ("It rose by 3.5 percent. Then it fell.", ["It rose by 3.5 percent.", "Then it fell."]),
        ('He said "No." She left.', ['He said "No."', "She left."]),
        ("In the U.S. Army. He served.", ["In the U.S. Army.", "He served."]),
        ("A line\nand another", ["A line", "and another"]),
        ("  \n ", []),
        ("no end at all", ["no end at all"]),
        ("wait... what? Yes.", ["wait... what?", "Yes."]),
    ],
    ids=["plain", "initials", "decimal", "quoted", "abbreviation", "line break", "blank", "one", "dots"],
)
def test_sentences(text: str, sentences: list[str]) -> None:
    assert [text[a:b] for a, b in sentence_spans(text)] == sentences


def test_a_question_is_paired_with_its_sentence_and_paragraph(tmp_path: Path) -> None:
    context = "Tallinn is old.\nIts walls are grey. They stand."
    qas = [
        {
            "id": "a",
            "question": "What is grey?",
            "answers": [{"text": "walls", "answer_start": context.index("walls")}],
        },
        {"id": "b", "question": "What else?", "answers": [{"text": "grey", "answer_start": context.index("grey")}]},
        {"id": "c", "question": "What is old?", "answers": [{"text": "Tallinn", "answer_start": 0}]},
    ]
    file = tmp_path / "train.json"
    file.write_text(json.dumps({"data": [{"paragraphs": [{"context": context, "qas": qas}]}]}))
    table = FORMATS["xquad_r"]({"squad": (file,)}, {})
    pool = {row.values["id"]: row.values["text"] for row in table.pool}
    joined = context.replace("\n", "")
    assert [pool[row.values["relevant"][0]] for row in table.rows] == [
        "Its walls are grey." + joined, "Its walls are grey." + joined, "Tallinn is old." + joined,
    ]  # fmt: skip
    assert len(pool) == 2


def test_pairs_from_wikipedia_become_queries_and_a_pool(samples: Path) -> None:
    table = FORMATS["mewslix"]({"pairs": (samples / "mewslix" / "wikipedia_pairs-train.jsonl",)}, {})
    ids = [row.values["id"] for row in table.pool]
    assert len(ids) == len(set(ids))
    assert {key for row in table.rows for key in row.values["relevant"]} == set(ids)
    assert "{" in table.rows[0].values["text"]  # the mention stands in braces, as when it is evaluated
