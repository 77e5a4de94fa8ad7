"""Hub datasets of cards beyond XTREME, in the layouts that they have there, against a Hub on loopback."""

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
UNPINNED = "e" * 40
QUESTION = {
    "link": "l", "question_number": 1, "flores_passage": "P.", "question": "Q?", "mc_answer1": "a", "mc_answer2": "b",
    "mc_answer3": "c", "mc_answer4": "d", "dialect": "swh_Latn",
}  # fmt: skip
STORY = "story_id input_sentence_1 input_sentence_2 input_sentence_3 input_sentence_4 sentence_quiz1 sentence_quiz2"
CLASSES = CARDS["massive"].hub.names["label"] if CARDS["massive"].hub else ()


def massive(utt: str, annotated: str, classes: list[str]) -> bytes:
    columns = {"id": ["7"], "utt": [utt], "annot_utt": [annotated], "intent": [classes.index("alarm_set")]}
    return parquet(columns, intent=classes)


def contents() -> dict[str, dict[str, bytes]]:
    """Card -> files of its dataset, at the commit that it pins."""
    japanese = massive("5時に起こして", "[time : 5時] に 起こして", list(CLASSES))
    turned = massive("wake me", "wake me", list(reversed(CLASSES)))  # the dataset knows its own numbers
    story = "\t".join(["s1", "A.", "B.", "C.", "D.", "E.", "F.", "2"])
    choices = {"sentence": "The cup broke since _ fell.", "option1": "the cup", "option2": "the cat", "answer": "1"}
    return {
        "sib200": {
            "data/nqo_Nkoo/test.tsv": b'index_id\tcategory\ttext\n3\ttravel\t"a ""b"" c"\n4\tpolitics\tNA\n',
            "sib200.py": b"raise SystemExit",
        },
        "belebele": {
            "data/swh_Latn.jsonl": lines({**QUESTION, "correct_answer_num": "4"}),
            "data/zul_Latn.jsonl": lines({**QUESTION, "correct_answer_num": 1}),
            "data/yor_Latn.jsonl": lines({**QUESTION, "correct_answer_num": "0"}),
            "data/xho_Latn.jsonl": lines({"correct_answer_num": "1", **dict(list(QUESTION.items())[:2])}),
        },
        "afrixnli": {
            "data/yor/dev.tsv": b"premise\thypothesis\tlabel\np\th\t0\np\tNA\t1\np\th\t2\n",
            "data/zul/test.tsv": b"premise\thypothesis\tlabel\np\th\tneutral\np\th\tcontradiction\n",
        },
        "xstorycloze": {
            "spring2016.val.eu.tsv.split_20_80_eval.tsv": f"{STORY} answer_right_ending\n".replace(" ", "\t").encode()
            + f"{story}\n".encode(),
        },
        "xwinograd": {"test/jp.jsonl": lines(choices), "xwinograd.py": b"raise SystemExit"},
        "massive": {"ja-JP/massive-test.parquet": japanese, "en-US/massive-validation.parquet": turned},
        "americasnli": {
            "quy/validation-00000-of-00001.parquet": parquet(
                {"premise": ["p", "q"], "hypothesis": ["h", "h"], "label": [2, 0]},
                label=["entailment", "neutral", "contradiction"],
            )
        },
    }  # fmt: skip


ASKED = {
    "sib200": ("test", "nqo_Nkoo"),
    "belebele": ("test", "swh_Latn"),
    "belebele number": ("test", "zul_Latn"),
    "belebele from 0": ("test", "yor_Latn"),
    "belebele without a column": ("test", "xho_Latn"),
    "afrixnli": ("dev", "yor"),
    "afrixnli words": ("test", "zul"),
    "xstorycloze": ("test", "eu"),
    "xwinograd": ("test", "ja"),
    "massive": ("test", "ja-JP"),
    "massive dev": ("dev", "en-US"),
    "massive absent": ("test", "ca-ES"),
    "massive_slots": ("test", "ja-JP"),
    "americasnli": ("dev", "quy"),
}


@pytest.fixture(scope="module")
def answers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Answer]]:
    repositories, questions = {}, {}
    for task, files in contents().items():
        hub = CARDS[task].hub
        assert hub is not None
        repositories["dataset", hub.path] = {hub.revision or UNPINNED: files}
    for key, (split, language) in ASKED.items():
        hub = CARDS[key.split(" ")[0]].hub
        assert hub is not None
        questions[key] = (hub.model_dump(), split, language)
    with HubServer(repositories) as server:
        yield ask(questions, server.url, tmp_path_factory.mktemp("home"))


def examples(answers: dict[str, Answer], key: str) -> list[Any]:
    card = CARDS[key.split(" ")[0]]
    assert "error" not in answers[key], answers[key]
    rows = [Row({"id": str(i), **values}, "hub") for i, values in enumerate(answers[key]["rows"])]
    return [KINDS[card.kind].parse(row, card) for row in rows]


def test_sib200_is_read_by_path_with_its_quotes_and_names(answers: dict[str, Answer]) -> None:
    found = [(e.id, e.text_a, e.label) for e in examples(answers, "sib200")]
    assert found == [("3", 'a "b" c', "travel"), ("4", "NA", "politics")]


@pytest.mark.parametrize(("key", "label"), [("belebele", 3), ("belebele number", 0)])
def test_belebele_has_a_split_a_language_and_counts_from_1(answers: dict[str, Answer], key: str, label: int) -> None:
    (found,) = examples(answers, key)
    assert (found.text, found.choices, found.label) == ("P.", ("Q? a", "Q? b", "Q? c", "Q? d"), label)


def test_a_number_that_belebele_does_not_have_is_refused(answers: dict[str, Answer]) -> None:
    with pytest.raises(Exception, match=r"label '?0'?, expected one of 1, 2, 3, 4"):
        examples(answers, "belebele from 0")


def test_a_column_that_is_not_there_is_named_with_those_that_are(answers: dict[str, Answer]) -> None:
    message, *others = answers["belebele without a column"]["error"]
    place = "facebook/belebele@75b3993 default/xho_Latn"
    assert message.startswith(f"{place}: no column 'flores_passage'; found correct_answer_num, link, question_number")
    named = [other.partition("no column ")[2].split("'")[1] for other in others]
    assert named == ["question", "mc_answer1", "mc_answer2", "mc_answer3", "mc_answer4"]


def test_afrixnli_counts_as_xnli_or_spells_the_labels(answers: dict[str, Answer]) -> None:
    assert [e.label for e in examples(answers, "afrixnli")] == ["entailment", "neutral", "contradiction"]
    assert examples(answers, "afrixnli")[1].text_b == "NA"
    assert [e.label for e in examples(answers, "afrixnli words")] == ["neutral", "contradiction"]


def test_xstorycloze_is_read_by_path(answers: dict[str, Answer]) -> None:
    (found,) = examples(answers, "xstorycloze")
    assert (found.id, found.text, found.choices, found.label) == ("s1", "A. B. C. D.", ("E.", "F."), 1)


def test_xwinograd_is_japanese_under_another_code(answers: dict[str, Answer]) -> None:
    (found,) = examples(answers, "xwinograd")
    assert found.sentences == ("The cup broke since the cup fell.", "The cup broke since the cat fell.")
    assert found.label == 0


def test_massive_numbers_are_the_datasets_own(answers: dict[str, Answer]) -> None:
    assert [e.label for e in examples(answers, "massive") + examples(answers, "massive dev")] == ["alarm_set"] * 2


def test_massive_slots_are_cut_out_of_the_annotation(answers: dict[str, Answer]) -> None:
    (found,) = examples(answers, "massive_slots")
    assert (found.id, found.words) == ("7", tuple("5時に起こして"))
    assert found.tags == ("time", "time", *["Other"] * 5)


def test_a_file_that_is_not_there_is_said_with_those_that_are(answers: dict[str, Answer]) -> None:
    (message,) = answers["massive absent"]["error"]
    assert "AmazonScience/massive@0b01ec1 ca-ES/test: no file 'ca-ES/massive-test.parquet'" in message
    assert "files of data there: " in message
    assert "en-US/massive-validation.parquet" in message


def test_a_dataset_without_a_pin_gives_the_commit_that_it_has(answers: dict[str, Answer]) -> None:
    assert [e.label for e in examples(answers, "americasnli")] == ["contradiction", "entailment"]
    assert answers["americasnli"]["revision"] == UNPINNED
