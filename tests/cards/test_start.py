"""A card to start from."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from xtreme_harness.cards import read_card
from xtreme_harness.cards.start import new_card
from xtreme_harness.errors import CardError
from xtreme_harness.plan.cells import all_cards
from xtreme_harness.plan.vocabulary import vocabulary

CARDS = all_cards()


@pytest.mark.parametrize("like", sorted(name for name, card in CARDS.tasks.items() if not card.parts))
def test_is_a_card_of_the_same_kind_and_layout(like: str, tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text(new_card("mine", CARDS.card(like)), "utf-8")
    card, old = read_card(tmp_path / "mine.yaml", vocabulary()), CARDS.card(like)
    assert (card.kind, card.metric, card.options) == (old.kind, old.metric, old.options)
    assert card.train == tuple("mine" if unit == like else unit for unit in old.train)
    assert set(card.languages) <= set(old.all_languages)
    assert not card.suites
    if old.file_sources:
        assert card.official is not None
        first = old.file_sources[0]
        assert (card.official.format, card.official.options) == (first.format, first.options)
        roles = {split: set(of_split) for split, of_split in first.files.items()}
        assert {split: set(of_split) for split, of_split in card.official.files.items()} == roles
        names = [p for of_split in card.official.files.values() for listed in of_split.values() for p in listed]
        assert all(name.startswith("mine/") for name in names)
        assert len(set(names)) == len(names)


def test_every_key_has_a_comment() -> None:
    lines = new_card("mine", CARDS.card("xnli")).splitlines()
    top = [line for line in lines if line[0] not in " #"]
    assert all("  # " in line for line in top)
    assert "languages: [en, ar, bg]  # BCP 47 or ISO 639-3, as the data spell them" in lines
    assert "    test: mine/test-{language}.tsv" in lines


def test_the_block_of_the_hub_is_right_once_it_is_no_comment() -> None:
    text = new_card("mine", CARDS.card("xnli"))
    block = [line[2:] for line in text.splitlines()[1:] if line.startswith("# ")]
    hub = yaml.safe_load("\n".join(block))
    assert hub["hub"]["path"] == "OWNER/NAME"
    assert hub["hub"]["columns"] == {"text_a": "premise", "text_b": "hypothesis", "label": "label"}


@pytest.mark.parametrize("name", ["Mine", "my task", "../mine", "", "-x", "é"])
def test_what_can_be_no_name(name: str) -> None:
    with pytest.raises(CardError, match="expected a name of lower-case letters, digits, _ and -"):
        new_card(name, CARDS.card("xnli"))


def test_a_card_of_parts_is_no_start() -> None:
    with pytest.raises(CardError, match="--like anli_plus: is made of snli, mnli, anli; name one of these"):
        new_card("mine", CARDS.card("anli_plus"))


def test_the_languages_of_training_are_taken_over_where_they_are_no_codes() -> None:
    like = CARDS.card("massive")
    own = new_card("mine", like.model_copy(update={"train_on": "target", "select_on": "target"}))
    assert "\ntrain_on: target  #" in own and "\nselect_on: target  #" in own
    assert "train_on" not in new_card("mine", like) + new_card("mine", like.model_copy(update={"train_on": ("de-DE",)}))
