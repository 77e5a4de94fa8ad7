"""The training sets' Hub datasets, in the columns that they have there, against a Hub on loopback."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.data.test_hub import Answer, ask, parquet
from tests.fixtures.hub_server import HubServer
from xtreme_harness.kinds import KINDS
from xtreme_harness.plan.cells import all_cards
from xtreme_harness.records import Row

pytestmark = pytest.mark.slow

CARDS = all_cards().tasks
CONVERTED = "d" * 40
NLI = ["entailment", "neutral", "contradiction"]


def pairs(label: list[int], mark: str = "p") -> bytes:
    columns = {"premise": [f"{mark}{i}" for i in range(len(label))], "hypothesis": ["h"] * len(label), "label": label}
    return parquet(columns, label=NLI)


def endings(label: list[str]) -> bytes:
    return parquet({"ctx": ["A man sits. he"] * len(label), "endings": [list("abcd")] * len(label), "label": label})


def tour(split: str) -> Any:
    """Two questions of SQuAD about one paragraph of two sentences."""
    context = f"Ada of {split} sang. Dr. Bo listened."
    starts = {"Ada": 0, "Bo": context.index("Bo")}
    return {
        "id": ["1", "2"], "title": ["t"] * 2, "context": [context] * 2, "question": ["Who sang?", "Who listened?"],
        "answers": [{"text": [name], "answer_start": [start]} for name, start in starts.items()],
    }  # fmt: skip


def files() -> dict[str, dict[str, bytes]]:
    """Card -> files of its dataset."""
    answers = [{"text": ["Ada"], "answer_start": [0]}, {"text": [], "answer_start": []}]
    squad: dict[str, list[Any]] = {
        "id": ["1", "2"], "title": ["t"] * 2, "context": ["Ada sang."] * 2, "question": ["Who?", "Why?"],
        "answers": answers,
    }  # fmt: skip
    story = {"context": ["c"], "question": ["q"], **{f"answer{i}": [str(i)] for i in range(4)}, "label": [3]}
    concepts = {
        "question": ["Where?"],
        "choices": [{"label": list("ABCDE"), "text": list("vwxyz")}],
        "answerKey": ["D"],
    }
    twins = {"question1": ["a", "b"], "question2": ["c", "d"], "label": [0, 1]}
    rounds = {
        f"plain_text/{split}_r{i}-00000-of-00001.parquet": pairs([i - 1], f"{split}{i} ")
        for i in (3, 1, 2)
        for split in ("train", "dev")
    }
    return {
        "snli": {"plain_text/train-00000-of-00001.parquet": pairs([2, -1, 0, 1])},
        "anli": rounds,
        "qqp": {"qqp/train-00000-of-00001.parquet": parquet(twins, label=["not_duplicate", "duplicate"])},
        "lareqa": {
            f"plain_text/{split}-00000-of-00001.parquet": parquet(tour(split)) for split in ("train", "validation")
        },
        "squad_v2": {"squad_v2/train-00000-of-00001.parquet": parquet(squad)},
        "hellaswag": {
            "data/train-00000-of-00001.parquet": endings(["2", "0"]),
            "data/test-00000-of-00001.parquet": endings([""]),
        },
        "cosmosqa": {"default/train/0000.parquet": parquet(story)},
        "commonsenseqa": {"data/train-00000-of-00001.parquet": parquet(concepts)},
    }


@pytest.fixture(scope="module")
def answers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Answer]]:
    repositories, refs, questions = {}, {}, {}
    for task, content in files().items():
        hub = CARDS[task].hub
        assert hub is not None and hub.revision is not None
        key = ("dataset", hub.path)
        pinned = len(hub.revision) == 40
        repositories[key] = {hub.revision if pinned else CONVERTED: content}
        refs[key] = {} if pinned else {hub.revision: CONVERTED}
        questions[task] = (hub.model_dump(), "train", "en")
    home: Path = tmp_path_factory.mktemp("home")
    anli, lareqa = CARDS["anli"].hub, CARDS["lareqa"].hub
    assert anli is not None and lareqa is not None
    questions |= {"anli dev": (anli.model_dump(), "dev", "en")}
    questions |= {"lareqa held out": (lareqa.model_dump(), "held_out", "en")}
    with HubServer(repositories, refs) as server:
        yield ask(questions, server.url, home)


def examples(answers: dict[str, Answer], task: str) -> list[Any]:
    card = CARDS[task]
    assert "error" not in answers[task], answers[task]
    rows = [Row({"id": str(i), **values}, "hub") for i, values in enumerate(answers[task]["rows"])]
    return [KINDS[card.kind].parse(row, card) for row in rows]


def test_pairs_without_an_agreed_label_are_dropped_and_places_keep_the_numbers(answers: dict[str, Answer]) -> None:
    assert [(e.text_a, e.label) for e in examples(answers, "snli")] == [
        ("p0", "contradiction"), ("p2", "entailment"), ("p3", "neutral"),
    ]  # fmt: skip
    assert [place[-3:] for place in answers["snli"]["places"]] == ["[0]", "[2]", "[3]"]


def test_rounds_are_joined_in_the_order_of_the_card(answers: dict[str, Answer]) -> None:
    assert [(e.text_a, e.label) for e in examples(answers, "anli")] == [
        ("train1 0", "entailment"), ("train2 0", "neutral"), ("train3 0", "contradiction"),
    ]  # fmt: skip
    assert [row["text_a"] for row in answers["anli dev"]["rows"]] == ["dev1 0", "dev2 0", "dev3 0"]


def test_questions_without_an_answer_pass_where_the_card_allows_them(answers: dict[str, Answer]) -> None:
    gold = KINDS["extractive_qa"].gold
    assert [gold(e) for e in examples(answers, "squad_v2")] == [("Ada",), ("",)]


@pytest.mark.parametrize(
    ("task", "golds"),
    [("hellaswag", [2, 0]), ("cosmosqa", [3]), ("commonsenseqa", [3]), ("qqp", ["not_duplicate", "duplicate"])],
)
def test_labels_however_they_are_written(answers: dict[str, Answer], task: str, golds: list[Any]) -> None:
    assert [KINDS[CARDS[task].kind].gold(e) for e in examples(answers, task)] == golds


def test_choices_out_of_lists_and_objects(answers: dict[str, Answer]) -> None:
    assert examples(answers, "hellaswag")[0].choices == tuple("abcd")
    assert examples(answers, "commonsenseqa")[0].choices == tuple("vwxyz")
    assert examples(answers, "commonsenseqa")[0].text == "Where?"
    assert examples(answers, "cosmosqa")[0].text == "c q"


def test_a_moving_branch_is_recorded_by_its_commit(answers: dict[str, Answer]) -> None:
    assert answers["cosmosqa"]["revision"] == CONVERTED


@pytest.mark.parametrize(("key", "split"), [("lareqa", "train"), ("lareqa held out", "validation")])
def test_questions_and_the_sentences_that_answer_them(answers: dict[str, Answer], key: str, split: str) -> None:
    assert "error" not in answers[key], answers[key]
    context = f"Ada of {split} sang. Dr. Bo listened."
    texts = {row["id"]: row["text"] for row in answers[key]["pool"]}
    assert [(row["text"], texts[row["relevant"][0]]) for row in answers[key]["rows"]] == [
        ("Who sang?", f"Ada of {split} sang.{context}"), ("Who listened?", f"Dr. Bo listened.{context}"),
    ]  # fmt: skip
