"""English training data: of a card, of its parts, and label sets from a local file."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

import pytest

from xtreme_harness import DataError
from xtreme_harness.cards import folder
from xtreme_harness.data.sources import Data, FilesFound, HubFound
from xtreme_harness.data.trained_on import TrainedOn
from xtreme_harness.data.training_sets import (
    find_training_set,
    languages_with_training,
    load_training,
    located_training,
    resolved_labels,
)
from xtreme_harness.kinds import KINDS
from xtreme_harness.languages import english_of
from xtreme_harness.plan.cells import all_cards
from xtreme_harness.records import Split

CARDS = all_cards()
SAMPLES = Data(folder() / "samples", name="samples")
UNITS = sorted({unit for card in CARDS.tasks.values() for unit in card.train} - {"ccg"})


def load(task: str, data: Data, split: Literal["train", "dev"] = "train") -> Split[Any]:
    found = load_training(CARDS.card(task), CARDS, data, split, KINDS)
    assert found is not None
    return found


@pytest.mark.parametrize("task", [task for task in UNITS if CARDS.card(task).train_on == "english"])
def test_every_unit_has_samples_to_learn_from(task: str) -> None:
    train, english = load(task, SAMPLES), english_of(CARDS.card(task).all_languages)
    assert len(train.examples) >= 40
    assert (train.task, train.language, train.name, train.source) == (task, english, "train", "samples")
    assert all(KINDS[CARDS.card(task).kind].gold(e) is not None for e in train.examples)
    if CARDS.card(task).selection != "none":
        dev = load(task, SAMPLES, "dev")
        assert 12 <= len(dev.examples) < len(train.examples)


@pytest.mark.parametrize("task", [task for task in UNITS if CARDS.card(task).train_on != "english"])
def test_a_unit_a_language_has_samples_in_several(task: str) -> None:
    card = CARDS.card(task)
    languages = languages_with_training(card, CARDS, SAMPLES)
    assert len(languages) >= 5
    for code in languages:
        found = find_training_set(
            card, CARDS, SAMPLES, TrainedOn((code,), code, english_of(card.all_languages), "target")
        )
        train, dev = (found.load(split, KINDS[card.kind]) for split in ("train", "dev"))
        assert train is not None and dev is not None
        assert train.language == dev.language == code
        assert 8 <= len(dev.examples) < 40 <= len(train.examples)


@pytest.mark.parametrize("split", ["train", "dev"])
def test_parts_follow_one_another(split: Literal["train", "dev"]) -> None:
    parts = [load(part, SAMPLES, split) for part in ("snli", "mnli", "anli")]
    joined = load("anli_plus", SAMPLES, split)
    assert [e.id for e in joined.examples] == [f"{p.task}/{e.id}" for p in parts for e in p.examples]
    assert [e.text_b for e in joined.examples] == [e.text_b for p in parts for e in p.examples]
    assert {e.label for e in joined.examples} == set(CARDS.card("anli_plus").labels)
    assert joined.hashes == {f"{p.task}/{name}": value for p in parts for name, value in p.hashes.items()}
    assert joined.task == "anli_plus" and joined.source == "samples"


def test_the_nli_cards_share_one_order_of_labels() -> None:
    nli = ("xnli", "mnli", "snli", "anli", "anli_plus")
    assert {CARDS.card(task).labels for task in nli} == {("contradiction", "entailment", "neutral")}


def test_parts_on_the_hub_are_named_without_loading() -> None:
    found = located_training(CARDS.card("anli_plus"), CARDS, Data(), "train")
    assert [f.source.path for f in found if isinstance(f, HubFound)] == [
        "stanfordnlp/snli", "nyu-mll/glue", "facebook/anli",
    ]  # fmt: skip


def test_a_folder_of_the_whole_holds_the_parts_and_a_part_may_lie_elsewhere(tmp_path: Path) -> None:
    (tmp_path / "mine.jsonl").write_text('{"context": "a", "hypothesis": "b", "label": "n"}\n')
    data = Data(named={"anli_plus": folder() / "samples", "anli": tmp_path / "mine.jsonl"})
    found = load("anli_plus", data)
    assert [e.label for e in found.examples if e.id.startswith("anli/")] == ["neutral"]
    assert found.source == f"{folder() / 'samples'}+{tmp_path / 'mine.jsonl'}"


def test_a_place_with_some_parts_is_refused_and_one_with_none_is_none(tmp_path: Path) -> None:
    card, (file,) = CARDS.card("anli_plus"), (folder() / "samples/snli").glob("*train*")
    assert located_training(card, CARDS, Data(tmp_path, name="here"), "train") == ()
    (tmp_path / "snli").mkdir()
    (tmp_path / "snli" / file.name).write_bytes(file.read_bytes())
    with pytest.raises(DataError) as raised:
        load_training(card, CARDS, Data(tmp_path, name="here"), "train", KINDS)
    assert str(raised.value) == (
        "anli_plus: here has no English train data of mnli, anli, expected those of all parts (snli, mnli, anli); "
        "name a part's place by --data mnli=FILE_OR_DIR"
    )
    with pytest.raises(DataError, match="found a file, expected a folder with the parts snli, mnli, anli"):
        located_training(card, CARDS, Data(named={"anli_plus": file}), "train")


@pytest.mark.parametrize("data", [SAMPLES, Data()], ids=["samples", "hub"])
def test_dev_is_never_what_the_benchmark_tests_on(data: Data) -> None:
    assert located_training(CARDS.card("tydiqa"), CARDS, data, "dev") == ()
    assert len(located_training(CARDS.card("tydiqa"), CARDS, data, "train")) == 1


@pytest.mark.parametrize("data", [SAMPLES, Data()], ids=["samples", "hub"])
@pytest.mark.parametrize("task", ["xcopa", "xquad", "tatoeba", "bucc2018"])
def test_a_card_without_english_training_data_has_none(task: str, data: Data) -> None:
    for split in ("train", "dev"):
        assert load_training(CARDS.card(task), CARDS, data, split, KINDS) is None


@pytest.mark.parametrize(
    ("name", "split"),
    [
        ("snli_1.0_train.jsonl", "train"), ("snli_1.0_dev.jsonl", "dev"), ("snli_1.0_test.jsonl", None),
        ("my.jsonl", "train"),
    ],
)  # fmt: skip
def test_a_named_file_is_one_split(tmp_path: Path, name: str, split: str | None) -> None:
    (tmp_path / name).write_text('{"sentence1": "a", "sentence2": "b", "gold_label": "neutral"}\n')
    data = Data(named={"snli": tmp_path / name})
    found = [s for s in ("train", "dev") if located_training(CARDS.card("snli"), CARDS, data, s)]  # type: ignore[arg-type]
    assert found == ([split] if split else [])


def ccg(place: Path, tags: str) -> Data:
    place.mkdir()
    (place / "train.tsv").write_text("the cat sleeps\tNP[nb]/N N S[dcl]\\NP\nBirds sing\tN S[dcl]\\NP\n")
    (place / "tags_to_id.json").write_text(tags)
    return Data(named={"ccg": place})


@pytest.mark.parametrize("split", ["train", "dev"])
def test_data_without_gold_teach_nothing(tmp_path: Path, split: Literal["train", "dev"]) -> None:
    (tmp_path / "xnli").mkdir()
    (tmp_path / f"xnli/{split}-en.tsv").write_text("a\tb\nc\td\n")
    with pytest.raises(DataError, match=f"here: xnli en {split}: 2 of 2 examples have no gold, expected it for all"):
        load("xnli", Data(tmp_path, name="here"), split)


NUMBERED = '{"N": "0", "S[dcl]\\\\NP": 1, "NP[nb]/N": 2}'


def test_labels_of_a_local_file(tmp_path: Path) -> None:
    data = ccg(tmp_path / "ccg", NUMBERED)
    card = resolved_labels(CARDS.card("ccg"), data)
    assert card.labels == ("N", "S[dcl]\\NP", "NP[nb]/N")
    first, second = load("ccg", data).examples
    assert first.words == ("the", "cat", "sleeps") and first.tags == ("NP[nb]/N", "N", "S[dcl]\\NP")
    assert second.words == ("Birds", "sing")
    assert resolved_labels(CARDS.card("ccg"), Data(tmp_path, name="here")).labels == card.labels
    assert resolved_labels(CARDS.card("xnli"), data) is CARDS.card("xnli")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"N": 0, "S": 2}', "found 2 labels, expected each to have a number of its own from 0 on"),
        ("{}", "found 0 labels"),
        ("[1]", "found a JSON list, expected an object of labels and numbers"),
        ('{"N": "x"}', "'N': found 'x', expected the number of the label"),
        ('{"N": "\u00b2"}', "'N': found '\u00b2', expected the number of the label"),
        ('{"N": 1e999}', "'N': found inf, expected the number of the label"),
        ('{"N": true}', "'N': found True, expected the number of the label"),
        ('{"N": [0]}', r"'N': found \[0\], expected the number of the label"),
        ("{", "found broken JSON"),
    ],
    ids=["gap", "empty", "list", "no number", "digit", "infinite", "bool", "list for a number", "no json"],
)
def test_a_wrong_file_of_labels(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(DataError, match=message) as raised:
        resolved_labels(CARDS.card("ccg"), ccg(tmp_path / "ccg", text))
    assert str(raised.value).startswith(f"{tmp_path}/ccg/tags_to_id.json:")


@pytest.mark.parametrize("data", [SAMPLES, Data()], ids=["samples", "hub"])
def test_ccg_without_a_local_copy_says_how_to_get_one(data: Data) -> None:
    assert located_training(CARDS.card("ccg"), CARDS, data, "train") == ()
    with pytest.raises(DataError) as raised:
        resolved_labels(CARDS.card("ccg"), data)
    message = str(raised.value)
    assert "\n" not in message
    for part in ("LDC2005T13", "--data ccg=DIR", "ud_xpos", "ccg/tags_to_id.json"):
        assert part in message


def test_a_sentence_whose_tags_are_fewer_than_its_words_is_refused(tmp_path: Path) -> None:
    data = ccg(tmp_path / "ccg", NUMBERED)
    (tmp_path / "ccg/train.tsv").write_text("the cat sleeps\tN N\n")
    with pytest.raises(DataError, match=r"train\.tsv:1: 3 words and 2 tags, expected one tag a word"):
        load("ccg", data)


REAL = [
    ("hellaswag", "dev", 1500), ("cosmosqa", "dev", 1000), ("commonsenseqa", "train", 2500),
    ("commonsenseqa", "dev", 1221), ("anli", "dev", 1500),
]  # fmt: skip


@pytest.mark.parametrize(("task", "split", "size"), REAL)
def test_real_files(shared: Path, task: str, split: Literal["train", "dev"], size: int) -> None:
    found = load(task, Data(shared / "realdata/intermediate"), split)
    golds = [KINDS[CARDS.card(task).kind].gold(e) for e in found.examples]
    assert len(golds) == size
    classes = len(CARDS.card(task).labels or CARDS.card(task).options["choices"])
    assert len(set(golds)) == classes
    (located,) = located_training(
        CARDS.card(task), CARDS, Data(named={task: shared / "realdata/intermediate" / task}), split
    )
    assert isinstance(located, FilesFound)


def test_real_penn_tags_are_those_of_the_card(shared: Path) -> None:
    found = load("ud_xpos", Data(shared / "realdata"))
    tags = {tag for e in found.examples for tag in e.tags}
    assert len(found.examples) == 3000
    assert set(CARDS.card("ud_xpos").labels) - tags == {"XX"}


def test_facts_of_anli_plus_agree_with_its_parts() -> None:
    counts = [CARDS.card(part).counts["train"] for part in CARDS.card("anli_plus").parts]
    assert sum(n for n in counts if isinstance(n, int)) == CARDS.card("anli_plus").counts["train"] == 1_104_934
