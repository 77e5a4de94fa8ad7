"""What a card lacks."""

from __future__ import annotations

from pathlib import Path

from xtreme_harness.cards.start import new_card
from xtreme_harness.data.sources import Data
from xtreme_harness.plan.cells import all_cards
from xtreme_harness.plan.check import check_card
from xtreme_harness.plan.lacks import notes

ROW = "Anna sleeps.\tAnna is awake.\tcontradiction\n"


def lacks(folder: Path, *files: str) -> tuple[list[str], list[str]]:
    """The faults of a new card with these files of data, and the notes on it."""
    (folder / "mine.yaml").write_text(new_card("mine", all_cards().card("xnli")), "utf-8")
    (folder / "mine").mkdir(exist_ok=True)
    for file in files:
        (folder / "mine" / file).write_text(ROW, "utf-8")
    cards, data = all_cards([folder / "mine.yaml"]), Data(folder, name=str(folder))
    found = check_card(cards.card("mine"), cards, data)
    there = [(one.split, one.language) for one in found if one.examples]
    return [fault for one in found for fault in one.faults], notes(cards.card("mine"), data, there)


def test_everything(tmp_path: Path) -> None:
    faults, said = lacks(tmp_path)
    assert faults == [
        "title: still to be written ('TO WRITE: what is asked')",
        "licence: still to be written ('TO WRITE: may the data be used, by whom?')",
        f"{tmp_path}: no data there; expected {tmp_path}/mine/test-en.tsv",
    ]
    assert said == []


def test_languages_training_and_facts(tmp_path: Path) -> None:
    faults, said = lacks(tmp_path, "test-en.tsv")
    assert len(faults) == 2
    assert said == [
        f"no data to evaluate on in 2 of 3 languages (ar, bg); expected {tmp_path}/mine/test-ar.tsv",
        f"no training data: a checkpoint needs a head for it; expected {tmp_path}/mine/train-en.tsv",
        "no `counts`: half a download is not noticed",
        "no `url` or `citation`: a reader cannot look the data up",
    ]


def test_data_to_choose_on(tmp_path: Path) -> None:
    _, said = lacks(tmp_path, "test-en.tsv", "test-ar.tsv", "test-bg.tsv", "train-en.tsv")
    assert said[0] == f"no dev data: the last weights of a training are kept; expected {tmp_path}/mine/dev-en.tsv"


def test_a_card_that_ships_lacks_languages_of_the_samples_alone() -> None:
    cards = all_cards()
    said = notes(cards.card("xnli"), Data(), [("train", "en"), ("dev", "en"), ("test", "en")])
    assert said == ["no data to evaluate on in 14 of 15 languages (ar, bg, de, el, es, fr, hi, ru and others)"]
