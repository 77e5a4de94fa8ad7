"""Located data to examples."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from xtreme_harness import DataError
from xtreme_harness.data.sources import Data, locate
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


def test_a_long_list_of_faults_is_cut(tmp_path: Path) -> None:
    write(tmp_path / "xnli/test-de.tsv", "a\tb\tmaybe\n" * 50)
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
    import json

    found = json.loads(text)
    questions = [q for a in found["data"] for p in a["paragraphs"] for q in p["qas"]]
    questions[1]["id"] = questions[0]["id"]
    write(tmp_path / "xquad/xquad.de.json", json.dumps(found))
    with pytest.raises(DataError, match=questions[0]["id"]):
        loaded("xquad", tmp_path)


def test_ids_of_training_rows_may_repeat(samples: Path) -> None:
    split = loaded("tydiqa", samples, "train", "en")
    assert [e.id for e in split.examples] == [str(i) for i in range(len(split.examples))]
