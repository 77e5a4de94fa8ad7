"""Training data in the languages of a card: whose they are, how they are joined, and what is named."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.fixtures.many_languages import write_task
from xtreme_harness.cards import Cards, folder
from xtreme_harness.data.own_training import own_training, training_languages
from xtreme_harness.data.sources import Data
from xtreme_harness.data.trained_on import TrainedOn
from xtreme_harness.data.training_sets import find_training_set, languages_with_training
from xtreme_harness.kinds import KINDS
from xtreme_harness.plan.cells import all_cards

SHIPPED = all_cards()
SAMPLES = Data(folder() / "samples", name="samples")


@pytest.fixture
def task(tmp_path: Path) -> tuple[Cards, Data]:
    card, data = write_task(tmp_path)
    return all_cards([card]), Data(data, name="data")


def test_a_language_has_the_training_set_whose_name_tells_it(task: tuple[Cards, Data]) -> None:
    cards, data = task
    assert languages_with_training(cards.card("agree"), cards, data) == ("en", "de", "sw")


@pytest.mark.parametrize("name", ["xnli", "panx", "udpos", "tydiqa", "squad", "pawsx"])
def test_a_file_that_is_english_alone_is_nobody_elses(name: str) -> None:
    assert languages_with_training(SHIPPED.card(name), SHIPPED, SAMPLES) == ("en",)


@pytest.mark.parametrize(
    ("name", "file", "languages"),
    [
        ("xnli", "XNLI-MT-1.0/multinli/multinli.train.en.tsv", ("en",)),  # though rows are chosen by language
        ("udpos", "UD_English-EWT/en_ewt-ud-train.conllu", ("en",)),
        ("tydiqa", "tydiqa-goldp-v1.1-train.json", ("en", "ar", "bn", "fi", "id", "ko", "ru", "sw", "te")),
    ],
)
def test_one_file_for_all_languages_is_each_ones_where_rows_are_told_apart(
    tmp_path: Path, name: str, file: str, languages: tuple[str, ...]
) -> None:
    (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / file).write_text("")
    assert languages_with_training(SHIPPED.card(name), SHIPPED, Data(tmp_path, name="here")) == languages


def test_a_named_file_is_not_every_language_at_once(task: tuple[Cards, Data], tmp_path: Path) -> None:
    cards, _ = task
    (tmp_path / "mine.tsv").write_text("a\tb\tyes\n")
    named = Data(named={"agree": tmp_path / "mine.tsv"})
    assert languages_with_training(cards.card("agree"), cards, named) == ("en",)
    (tmp_path / "mine-de.tsv").write_text("a\tb\tyes\n")
    told = Data(named={"agree": tmp_path / "mine-de.tsv"})
    assert languages_with_training(cards.card("agree"), cards, told) == ("de",)


def test_hub_configs_by_language_are_training_sets_of_their_own() -> None:
    found = languages_with_training(SHIPPED.card("xnli"), SHIPPED, Data())
    assert found == SHIPPED.card("xnli").all_languages
    assert languages_with_training(SHIPPED.card("squad"), SHIPPED, Data()) == ("en",)
    assert own_training(SHIPPED.card("lareqa"), "train", "de", Data()) is None


def test_joined_sets_keep_the_order_of_the_card_and_say_whose_each_example_is(task: tuple[Cards, Data]) -> None:
    cards, data = task
    joined = find_training_set(cards.card("agree"), cards, data, TrainedOn(("de", "sw"), "en", train_on="de+sw"))
    split = joined.load("train", KINDS["sequence_classification"])
    assert split is not None
    assert [e.id for e in split.examples] == [f"{code}/{i}" for code in ("de", "sw") for i in range(24)]
    assert split.examples[0].text_a.startswith("Katze") and split.examples[24].text_a.startswith("paka")
    assert set(joined.hashes("train")) == set(split.hashes) == {"de/train.tsv", "sw/train.tsv"}
    assert joined.hashes("train") == dict(split.hashes)
    assert set(joined.hashes("dev")) == {"dev.tsv"}


def test_a_language_alone_is_read_as_it_is(task: tuple[Cards, Data]) -> None:
    cards, data = task
    alone = find_training_set(cards.card("agree"), cards, data, TrainedOn(("de",), "de", train_on="target"))
    train, dev = (alone.load(split, KINDS["sequence_classification"]) for split in ("train", "dev"))
    assert train is not None and dev is not None
    assert (train.language, train.examples[0].id, dev.language) == ("de", "0", "de")
    assert dev.examples[0].text_a.startswith("Katze")


@pytest.mark.parametrize(
    ("trained", "lacking", "dev"),
    [(("yo",), ("yo",), 1), (("de", "yo"), ("yo",), 1), (("sw",), (), 0)],
)
def test_what_is_not_there_is_known(
    task: tuple[Cards, Data], trained: tuple[str, ...], lacking: tuple[str, ...], dev: int
) -> None:
    cards, data = task
    found = find_training_set(cards.card("agree"), cards, data, TrainedOn(trained, trained[-1]))
    assert (found.lacking, len(found.dev)) == (lacking, dev)


@pytest.mark.parametrize("english", ["eng_Latn", "eng", "en-US"])
def test_english_has_the_code_that_the_card_gives_it(tmp_path: Path, english: str) -> None:
    card, data = write_task(tmp_path, english)
    cards, place = all_cards([card]), Data(data, name="data")
    found = find_training_set(cards.card("agree"), cards, place)
    split = found.load("train", KINDS["sequence_classification"])
    assert split is not None
    assert (found.trained.languages, split.language) == ((english,), english)
    assert (len(split.examples), len(found.dev)) == (24, 1)


@pytest.mark.parametrize(
    ("train_on", "languages"),
    [("english", ["en"]), ("target", ["en", "de", "sw"]), ("all", ["en", "de", "sw"]), (("sw", "yo"), ["en", "sw"])],
)
def test_what_is_checked_and_fetched_is_what_the_card_trains_on(
    task: tuple[Cards, Data], train_on: Any, languages: list[str]
) -> None:
    cards, data = task
    card = cards.card("agree").model_copy(update={"train_on": train_on})
    assert training_languages(card, "train", data) == languages
