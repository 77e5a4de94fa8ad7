"""Located data to examples."""

from __future__ import annotations

import copy
import json
from collections import deque
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from xtreme_harness import CardError, DataError
from xtreme_harness.cards import FileSource
from xtreme_harness.data.sources import Data, FilesFound, locate
from xtreme_harness.data.splits import load_split
from xtreme_harness.kinds import KINDS
from xtreme_harness.plan.cells import all_cards
from xtreme_harness.records import Split

TASKS = all_cards().tasks


def loaded(task: str, folder: Path, name: str = "test", language: str = "de", limit: int | None = None) -> Split[Any]:
    card = TASKS[task]
    kind = KINDS[card.kind]
    located = locate(card, name, language, Data(folder, name="here"))
    assert located is not None
    return load_split(card, language, name, located, kind.parse, kind.passage, limit)


def write(file: Path, text: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, "utf-8")


def test_rows_without_ids_get_their_position(samples: Path) -> None:
    split = loaded("xnli", samples)
    assert [e.id for e in split.examples] == [str(i) for i in range(24)]
    assert (split.task, split.language, split.name, split.source) == ("xnli", "de", "test", "here")
    assert list(split.hashes) == ["test-de.tsv"]


@pytest.mark.parametrize("limit", [1, 7, 24, 100])
def test_limit_takes_the_first(samples: Path, limit: int) -> None:
    assert loaded("xnli", samples, limit=limit).examples == loaded("xnli", samples).examples[:limit]


def test_limit_leaves_the_pool_whole_and_the_pool_can_be_read_again(samples: Path) -> None:
    split = loaded("lareqa", samples, limit=2)
    assert len(split.examples) == 2
    first = [p.id for p in split.pool]
    assert first == [p.id for p in split.pool]
    assert len(first) > 50


def test_every_fault_of_a_file_is_told_with_its_line(tmp_path: Path) -> None:
    write(tmp_path / "xnli/test-de.tsv", "a\tb\tneutral\na\tb\tmaybe\na\tb\tentailment\na\tb\tnever\n")
    with pytest.raises(DataError) as raised:
        loaded("xnli", tmp_path)
    where = f"{tmp_path}/xnli/test-de.tsv"
    assert raised.value.faults == (
        f"{where}:2: label 'maybe', expected one of contradiction, entailment, neutral",
        f"{where}:4: label 'never', expected one of contradiction, entailment, neutral",
    )


def test_an_option_that_does_not_fit_the_file_is_told_with_the_card(tmp_path: Path) -> None:
    write(tmp_path / "mine.tsv", "a\tb\tneutral\n")
    card, kind = TASKS["xnli"], KINDS["sequence_classification"]
    source = FileSource(format="tsv", files={"test": {"rows": ("mine.tsv",)}}, options={"columns": {"text_a": "first"}})
    located = locate(card.model_copy(update={"official": source, "upstream": None}), "test", "de", Data(tmp_path))
    assert located is not None
    with pytest.raises(CardError, match=r"^xnli: options: found column 'first' of a file without header"):
        load_split(card, "de", "test", located, kind.parse)


def test_what_is_wrong_with_every_row_is_told_once(tmp_path: Path) -> None:
    write(tmp_path / "xnli/test-de.tsv", "a\tb\tmaybe\n" * 50)
    with pytest.raises(DataError) as raised:
        loaded("xnli", tmp_path)
    said = "label 'maybe', expected one of contradiction, entailment, neutral (so in all 50 rows)"
    assert raised.value.faults == (f"{tmp_path}/xnli/test-de.tsv:1: {said}",)


def test_a_long_list_of_faults_is_cut(tmp_path: Path) -> None:
    write(tmp_path / "xnli/test-de.tsv", "a\tb\tmaybe\n" * 50 + "a\tb\tneutral\n")
    with pytest.raises(DataError) as raised:
        loaded("xnli", tmp_path)
    assert len(raised.value.faults) == 21
    assert raised.value.faults[-1] == "... and 30 more"


def test_a_file_without_examples(tmp_path: Path) -> None:
    write(tmp_path / "xnli/test-de.tsv", "")
    with pytest.raises(DataError) as raised:
        loaded("xnli", tmp_path)
    assert len(raised.value.faults) == 1
    assert "test-de.tsv" in raised.value.faults[0] or "xnli de test has no examples" in raised.value.faults[0]


def test_ids_that_stand_twice(samples: Path, tmp_path: Path) -> None:
    text = (samples / "xquad/xquad.de.json").read_text("utf-8")
    found = json.loads(text)
    questions = [q for a in found["data"] for p in a["paragraphs"] for q in p["qas"]]
    questions[1]["id"] = questions[0]["id"]
    write(tmp_path / "xquad/xquad.de.json", json.dumps(found))
    with pytest.raises(DataError, match=questions[0]["id"]):
        loaded("xquad", tmp_path)


def test_ids_of_training_rows_may_repeat(samples: Path) -> None:
    split = loaded("tydiqa", samples, "train", "en")
    assert [e.id for e in split.examples] == [str(i) for i in range(len(split.examples))]


ODD: list[Any] = [None, True, 5, -1, 1.5, float("inf"), 10**30, "", "x", [], [None], ["x"], [5], {}, {"x": None}]
NESTED = [  # task, split, role, language: formats whose values lie in one another
    ("xquad", "test", "rows", "de"), ("squad_v2", "dev", "rows", "en"), ("lareqa", "test", "rows", "de"),
    ("mewslix", "test", "rows", "de"), ("mewslix", "test", "candidates", "de"), ("mewslix", "test", "labels", "de"),
    ("mewslix", "train", "pairs", "en"), ("commonsenseqa", "dev", "rows", "en"), ("hellaswag", "dev", "rows", "en"),
]  # fmt: skip


def places(value: Any, above: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The path of every value in a value."""
    if above:
        yield above
    for key, inner in value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ():
        yield from places(inner, (*above, key))


def shortened(found: Any) -> Any:
    """The first paragraph of a file in SQuAD's layout, with two questions; other values as they are."""
    if isinstance(found, dict) and "data" in found:
        found["data"] = found["data"][:1]
        found["data"][0]["paragraphs"] = found["data"][0]["paragraphs"][:1]
        found["data"][0]["paragraphs"][0]["qas"] = found["data"][0]["paragraphs"][0]["qas"][:2]
    return found


@pytest.mark.parametrize(("task", "split", "role", "language"), NESTED)
def test_whatever_stands_at_any_depth_of_a_file_is_read_or_told(
    samples: Path, tmp_path: Path, task: str, split: str, role: str, language: str
) -> None:
    located = locate(TASKS[task], split, language, Data(samples, name="here"))
    assert isinstance(located, FilesFound)
    original, kind = located.files[role][0], KINDS[TASKS[task].kind]
    lines = original.suffix == ".jsonl"
    text = original.read_text("utf-8")
    whole = [json.loads(line) for line in text.splitlines()[:2]] if lines else shortened(json.loads(text))
    file = tmp_path / original.name
    files = {**located.files, role: (file,)} | ({"all": (file,)} if "all" in located.files else {})
    refused = 0
    for at in places(whole):
        for odd in ODD:
            found = copy.deepcopy(whole)
            holder = found
            for step in at[:-1]:
                holder = holder[step]
            holder[at[-1]] = odd
            file.write_text("".join(json.dumps(o) + "\n" for o in found) if lines else json.dumps(found), "utf-8")
            changed = FilesFound(located.source, files, located.options, "here")
            try:
                deque(load_split(TASKS[task], language, split, changed, kind.parse, kind.passage).pool, maxlen=0)
            except DataError as error:
                refused += 1
                assert all("\n" not in fault and len(fault) < 600 for fault in error.faults)
    assert refused > 100
