"""Hub datasets of NER, bitext, retrieval, similarity, grammar and GLUE, in their layouts there, on loopback."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.data.test_hub import Answer, ask, lines, parquet
from tests.fixtures.hub_server import HubServer
from xtreme_harness.kinds import KINDS
from xtreme_harness.plan.cells import all_cards
from xtreme_harness.records import Row

pytestmark = pytest.mark.slow

CARDS = all_cards().tasks
CONVERTED = "f" * 40
TAGS = ["O", "B-PER", "I-PER", "B-ORG", "I-ORG", "B-LOC", "I-LOC", "B-DATE", "I-DATE"]
PAIR = b'sen\twrong_sen\tmetadata\tphenomenon\nEr kommt.\tEr kommst.\t"{\'text\': ""Er, ja""}"\tSV-P\n'


def glue(first: str, second: str | None, label: list[Any], *classes: str) -> bytes:
    columns: dict[str, list[Any]] = {first: [f"a{i}" for i in range(len(label))], "label": label}
    columns |= {second: ["b"] * len(label)} if second else {}
    return parquet({**columns, "idx": [*range(len(label))]}, **({"label": [*classes]} if classes else {}))


def contents() -> dict[str, dict[str, bytes]]:
    """Card -> files of its dataset."""
    words = {"id": ["0"], "tokens": [["Tunde", "go", "Lagos", "Monday"]], "ner_tags": [[1, 0, 5, 7]]}
    table = {"eng_Latn": ["two", "one"], "zul_Latn": ["okubili", "okukodwa"], "id": [1, 2]}
    return {
        "masakhaner": {
            "pcm/test/0000.parquet": parquet(words, ner_tags=TAGS),
            "pcm/validation/0000.parquet": parquet(words),
        },
        "flores": {"data/devtest-00000-of-00001.parquet": parquet(table)},
        "multiblimp": {"deu/data.tsv": PAIR, "README.md": b"---\nlicense: cc-by-4.0\n---\n"},
        "sts17": {
            "es-en/test.jsonl": lines({"sentence1": "Hola.", "sentence2": "Hello.", "score": 4.6}),
            "ko-ko/test-00000-of-00001.parquet": parquet({"sentence1": ["a"], "sentence2": ["b"], "score": [0.0]}),
        },
        "miracl": {
            "sw-queries/dev-00000-of-00001.parquet": parquet({"_id": ["q"], "text": ["Nani?"]}),
            "sw-corpus/dev-00000-of-00001.parquet": parquet(
                {"_id": ["1#0", "1#1"], "title": ["Nyuki", ""], "text": ["Malkia.", "Asali."]}
            ),
            "sw-qrels/dev-00000-of-00001.parquet": parquet(
                {"query-id": ["q", "q"], "corpus-id": ["1#0", "1#1"], "score": [1, 0]}
            ),
        },
        "glue_cola": {
            "cola/validation-00000-of-00001.parquet": glue("sentence", None, [1, 0], "unacceptable", "acceptable"),
            "sst2/validation-00000-of-00001.parquet": glue("sentence", None, [1, 0], "negative", "positive"),
            "mrpc/validation-00000-of-00001.parquet": glue(
                "sentence1", "sentence2", [1, 0], "not_equivalent", "equivalent"
            ),
            "stsb/validation-00000-of-00001.parquet": glue("sentence1", "sentence2", [5.0, 1.25]),
            "qnli/validation-00000-of-00001.parquet": glue(
                "question", "sentence", [1, 0], "entailment", "not_entailment"
            ),
            "rte/validation-00000-of-00001.parquet": glue(
                "sentence1", "sentence2", [1, 0], "entailment", "not_entailment"
            ),
            "qqp/validation-00000-of-00001.parquet": glue(
                "question1", "question2", [1, 0], "not_duplicate", "duplicate"
            ),
            "mnli/validation_matched-00000-of-00001.parquet": glue(
                "premise", "hypothesis", [1, 0], "entailment", "neutral", "contradiction"
            ),
        },
    }


GLUE = [task for task in CARDS if task.startswith("glue_")]
ASKED = {
    "masakhaner": ("test", "pcm"),
    "masakhaner without names of classes": ("dev", "pcm"),
    "masakhaner_en": ("test", "pcm"),
    "masakhaner absent": ("test", "zul"),
    "flores": ("test", "zul_Latn"),
    "flores absent": ("test", "yor_Latn"),
    "multiblimp": ("test", "deu"),
    "sts17": ("test", "ko"),
    "sts17_crosslingual": ("test", "es"),
    "miracl": ("test", "sw"),
    **{task: ("dev", "en") for task in GLUE},
}


@pytest.fixture(scope="module")
def answers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Answer]]:
    repositories, refs, questions = {}, {}, {}
    for task, files in contents().items():
        hub = CARDS[task].hub
        assert hub is not None and hub.revision is not None
        pinned = len(hub.revision) == 40
        repositories["dataset", hub.path] = {hub.revision if pinned else CONVERTED: files}
        refs["dataset", hub.path] = {} if pinned else {hub.revision: CONVERTED}
    for key, (split, language) in ASKED.items():
        hub = CARDS[key.split(" ")[0]].hub
        assert hub is not None
        questions[key] = (hub.model_dump(), split, language)
    with HubServer(repositories, refs) as server:
        yield ask(questions, server.url, tmp_path_factory.mktemp("home"))


def examples(answers: dict[str, Answer], key: str) -> list[Any]:
    card = CARDS[key.split(" ")[0]]
    assert "error" not in answers[key], answers[key]
    rows = [Row({"id": str(i), **values}, "hub") for i, values in enumerate(answers[key]["rows"])]
    return [KINDS[card.kind].parse(row, card) for row in rows]


@pytest.mark.parametrize("key", ["masakhaner", "masakhaner without names of classes"])
def test_dates_are_the_last_of_masakhaners_classes(answers: dict[str, Answer], key: str) -> None:
    (found,) = examples(answers, key)
    assert (found.words[0], found.tags) == ("Tunde", ("B-PER", "O", "B-LOC", "B-DATE"))


def test_after_english_names_dates_are_none(answers: dict[str, Answer]) -> None:
    (found,) = examples(answers, "masakhaner_en")
    assert found.tags == ("B-PER", "O", "B-LOC", "O")


def test_a_language_that_is_not_there_is_named(answers: dict[str, Answer]) -> None:
    (message,) = answers["masakhaner absent"]["error"]
    assert "masakhane/masakhaner2@fffffff zul/test: no file 'zul/test/*.parquet'" in message
    (message,) = answers["flores absent"]["error"]
    assert "mteb/FloresBitextMining@2144d16 default/devtest: no column 'yor_Latn'" in message
    assert "found eng_Latn, zul_Latn, id" in message


def test_flores_has_a_column_a_language(answers: dict[str, Answer]) -> None:
    assert [(e.text, e.gold) for e in examples(answers, "flores")] == [("one", ("1",)), ("two", ("0",))]
    assert [row["text"] for row in answers["flores"]["pool"]] == ["okubili", "okukodwa"]


def test_multiblimps_only_split_is_the_test(answers: dict[str, Answer]) -> None:
    (found,) = examples(answers, "multiblimp")
    assert (found.sentences, found.label, found.phenomenon) == (("Er kommt.", "Er kommst."), 0, "SV-P")


def test_sts17_has_a_config_a_pair(answers: dict[str, Answer]) -> None:
    (korean,), (spanish,) = examples(answers, "sts17"), examples(answers, "sts17_crosslingual")
    assert (korean.text_a, korean.text_b, korean.label) == ("a", "b", 0.0)
    assert (spanish.text_a, spanish.text_b, spanish.label) == ("Hola.", "Hello.", 4.6)


def test_miracl_has_three_configs_a_language(answers: dict[str, Answer]) -> None:
    (found,) = examples(answers, "miracl")
    assert (found.text, {judged.id: judged.grade for judged in found.judged}) == ("Nani?", {"1#0": 1, "1#1": 0})
    assert [row["text"] for row in answers["miracl"]["pool"]] == ["Nyuki Malkia.", "Asali."]


@pytest.mark.parametrize(
    ("task", "golds"),
    [
        ("glue_cola", ["acceptable", "unacceptable"]),
        ("glue_sst2", ["positive", "negative"]),
        ("glue_mrpc", ["equivalent", "not_equivalent"]),
        ("glue_stsb", [5.0, 1.25]),
        ("glue_qnli", ["not_entailment", "entailment"]),
        ("glue_rte", ["not_entailment", "entailment"]),
        ("glue_qqp", ["duplicate", "not_duplicate"]),
        ("glue_mnli", ["neutral", "entailment"]),
    ],
)
def test_glues_classes_by_name(answers: dict[str, Answer], task: str, golds: list[Any]) -> None:
    assert [KINDS[CARDS[task].kind].gold(e) for e in examples(answers, task)] == golds
