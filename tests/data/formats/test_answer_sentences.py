"""LAReQA's and Mewsli-X's training pairs: queries and passages as evaluation builds them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from xtreme_harness.data.formats import FORMATS
from xtreme_harness.data.sources import parse_data
from xtreme_harness.data.training_sets import load_training
from xtreme_harness.errors import DataError
from xtreme_harness.kinds import KINDS
from xtreme_harness.plan.cells import all_cards
from xtreme_harness.records import Table

CARDS = all_cards()
CONTEXT = "Tallinn is old.\nIts walls are grey. They stand."
JOINED = "Tallinn is old.Its walls are grey. They stand."


def question(identifier: str, *answers: str) -> dict[str, Any]:
    found = [{"text": text, "answer_start": CONTEXT.index(text)} for text in answers]
    return {"id": identifier, "question": f"{identifier}?", "answers": found}


def read(folder: Path, *qas: dict[str, Any], **paragraph: Any) -> Table:
    file = folder / "en.json"
    content = [{"context": CONTEXT, "qas": list(qas), **paragraph}]
    file.write_text(json.dumps({"data": [{"paragraphs": content}]}))
    return FORMATS["xquad_r"]({"squad": (file,)}, {})


def pairs(table: Table) -> list[tuple[str, str]]:
    pool = {row.values["id"]: row.values["text"] for row in table.pool}
    return [(row.values["text"], pool[row.values["relevant"][0]]) for row in table.rows]


def test_a_question_is_paired_with_its_sentence_and_paragraph(tmp_path: Path) -> None:
    table = read(tmp_path, question("a", "walls"), question("b", "grey", "old"), question("c", "Tallinn"))
    assert pairs(table) == [
        ("a?", f"Its walls are grey.{JOINED}"),
        ("b?", f"Its walls are grey.{JOINED}"),
        ("c?", f"Tallinn is old.{JOINED}"),
    ]
    assert [row.values["id"] for row in table.pool] == ["s0", "s1"]
    assert list(table.pool) == list(table.pool)  # it can be read again


def test_breaks_of_the_data_go_before_ours(tmp_path: Path) -> None:
    table = read(tmp_path, question("a", "walls"), question("b", "stand"), sentence_breaks=[[0, 25], [27, 35]])
    assert pairs(table) == [("a?", f"Tallinn is old.Its walls{JOINED}")]  # the second answer lies in no sentence
    with pytest.raises(DataError, match=r"found sentence break \[0, 99\], expected \[start, end\] within 0 to 47"):
        read(tmp_path, question("a", "walls"), sentence_breaks=[[0, 99]])


def test_passages_are_those_that_evaluation_searches(tmp_path: Path) -> None:
    """One file, read to train and read to evaluate, gives the same pairs of texts."""
    breaks = [[0, 15], [16, 35], [36, 47]]
    trained = read(tmp_path, question("a", "walls"), question("b", "stand"), sentence_breaks=breaks)
    file = tmp_path / "en.json"
    assert pairs(trained) == pairs(FORMATS["xquad_r"]({"rows": [file], "all": [file]}, {}))


def test_one_passage_a_description(tmp_path: Path, samples: Path) -> None:
    source = samples / "mewslix/wikipedia_pairs-train.jsonl"
    table = FORMATS["mewslix"]({"pairs": (source,)}, {})
    plain = FORMATS["mewslix_pairs"]({"rows": [source]}, {})
    assert pairs(table) == [(row.values["text"], row.values["passage"]) for row in plain.rows]
    assert [row.values["id"] for row in table.pool] == list(dict.fromkeys(r.values["entity_id"] for r in plain.rows))
    first = json.loads(source.read_text("utf-8").splitlines()[0])
    other = {
        **first,
        "entity": {**first["entity"], "description": "A lute.", "sentence_spans": [{"start": 0, "end": 7}]},
    }
    file = tmp_path / "pairs.jsonl"
    file.write_text("\n".join(json.dumps(pair) for pair in (first, other, first)))
    found = FORMATS["mewslix"]({"pairs": (file,)}, {})
    assert [row.values["relevant"] for row in found.rows] == [("Q9000022",), ("Q9000022#2",), ("Q9000022",)]
    assert [row.values["text"] for row in found.pool][1:] == ["A lute."]


def test_mentions_are_queries_as_in_evaluation(tmp_path: Path, samples: Path) -> None:
    """A pair's mention, written as a document of WikiNews, becomes the same query."""
    source = samples / "mewslix/wikipedia_pairs-dev.jsonl"
    lines = [json.loads(line)["contextual_mention"] for line in source.read_text("utf-8").splitlines()]
    file = tmp_path / "mentions.jsonl"
    file.write_text("\n".join(json.dumps({"context": x["context"], "mentions": [x["mention"]]}) for x in lines))
    pool = samples / "mewslix/candidate_set_entities.jsonl"
    evaluated = FORMATS["mewslix"]({"rows": [file], "candidates": [pool]}, {})
    candidates = {row.values["id"]: row.values["text"] for row in evaluated.pool}
    expected = [(row.values["text"], candidates[row.values["relevant"][0]]) for row in evaluated.rows]
    assert pairs(FORMATS["mewslix"]({"pairs": (source,)}, {})) == expected


@pytest.mark.parametrize("task", ["lareqa", "mewslix"])
def test_held_out_pairs_are_none_that_are_trained_on(task: str) -> None:
    data = parse_data(["samples"], CARDS.tasks)
    train, dev = (load_training(CARDS.card(task), CARDS, data, split, KINDS) for split in ("train", "dev"))
    assert train is not None and dev is not None
    assert len(train.examples) >= 60 and len(dev.examples) >= 12
    for split in (train, dev):
        ids = [p.id for p in split.pool]
        assert len(ids) == len(set(ids))
        assert {key for e in split.examples for key in e.relevant} == set(ids)
    assert not {e.text for e in train.examples} & {e.text for e in dev.examples}


def test_real_squad(shared: Path) -> None:
    table = FORMATS["xquad_r"]({"squad": [shared / "realdata/squad/dev_orig.json"]}, {})
    squad = FORMATS["squad"]({"rows": [shared / "realdata/squad/dev_orig.json"]}, {})
    assert len(table.rows) == len(squad.rows)  # no answer is lost between two sentences
    for (_, passage), row in zip(pairs(table), squad.rows, strict=True):
        context = row.values["context"].replace("\n", "")
        sentence = passage.removesuffix(context)
        assert sentence in context
        assert row.values["answers"][0]["text"][:1] in sentence
