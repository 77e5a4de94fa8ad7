"""Machine-translated training data: reading, mixing, and the report on their quality."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from xtreme_harness.cards import TaskCard
from xtreme_harness.data.sources import parse_data
from xtreme_harness.data.training_sets import TrainingSet, find_training_set, load_training
from xtreme_harness.data.translations import load_translated
from xtreme_harness.errors import DataError
from xtreme_harness.kinds import KINDS
from xtreme_harness.plan.cells import all_cards
from xtreme_harness.records import Split
from xtreme_harness.training.translated import (
    mixed,
    quality,
    quality_table,
    read_quality,
    report_quality,
)

CARDS = all_cards()
COPA = CARDS.card("copa")
ENGLISH = [
    ("The man opened the window.", "The room was hot.", "The room was cold at night.", 0),
    ("The girl lost her key.", "She stayed outside the house.", "She opened the door of it.", 0),
    ("It rained all day long.", "The street was dry.", "The street was wet.", 1),
    ("The dog barked at night.", "It heard a noise.", "It was asleep.", 0),
]
GERMAN = [
    ("Der Mann öffnete das Fenster.", "Im Zimmer war es heiß.", "Nachts war es im Zimmer kalt.", 0),
    ("The girl lost her key.", "Sie blieb vor dem Haus.", "Sie öffnete seine Tür.", 0),
    ("Es regnete den ganzen Tag.", "", "Die Straße war nass.", 1),
    ("Der Hund bellte in der Nacht.", "Er hörte ein Geräusch.", "Er schlief.", 1),
]


def write(path: Path, rows: list[tuple[str, str, str, int]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    keys = ("premise", "choice1", "choice2", "label")
    lines = [json.dumps({**dict(zip(keys, row, strict=True)), "question": "cause"}) for row in rows]
    path.write_text("\n".join(lines) + "\n", "utf-8")


def training_set(card: TaskCard) -> TrainingSet:
    return find_training_set(card, CARDS, parse_data(["samples"], CARDS.tasks))


@pytest.fixture
def english(tmp_path: Path) -> Split[object]:
    write(tmp_path / "data" / "xcopa" / "train-en.jsonl", ENGLISH)
    split = load_training(COPA, CARDS, parse_data([str(tmp_path / "data")], CARDS.tasks), "train", KINDS)
    assert split is not None
    return split


@pytest.mark.parametrize("name", ["de.jsonl", "train-de.jsonl"])
def test_both_names_are_read(tmp_path: Path, name: str) -> None:
    write(tmp_path / "mt" / "copa" / name, GERMAN)
    found = load_translated(training_set(COPA), tmp_path / "mt", KINDS[COPA.kind])
    assert list(found) == ["de"]
    assert found["de"].examples[0].choices == ("Im Zimmer war es heiß.", "Nachts war es im Zimmer kalt.")


def test_rows_that_failed_are_flagged(tmp_path: Path, english: Split[object]) -> None:
    write(tmp_path / "mt" / "copa" / "de.jsonl", GERMAN)
    german = load_translated(training_set(COPA), tmp_path / "mt", KINDS[COPA.kind])["de"]
    found = quality(english, german, None, KINDS[COPA.kind])
    assert (found.empty, found.untranslated, found.lengths, found.labels) == (1, 1, 0, 1)
    assert found.flagged == ("2", "1", "3")
    assert (found.chrf, found.bleu) == (None, None)


def test_untranslated_and_overlong_rows(tmp_path: Path, english: Split[object]) -> None:
    rows = [
        GERMAN[0],
        (*ENGLISH[1][:3], 0),
        (GERMAN[2][0], "Die Straße war trocken.", "Sie war nass. " * 20, 1),
        GERMAN[3],
    ]
    write(tmp_path / "mt" / "copa" / "de.jsonl", rows)
    german = load_translated(training_set(COPA), tmp_path / "mt", KINDS[COPA.kind])["de"]
    found = quality(english, german, None, KINDS[COPA.kind])
    assert (found.untranslated, found.lengths, found.flagged) == (1, 1, ("1", "2", "3"))


def test_references_give_scores(tmp_path: Path, english: Split[object]) -> None:
    write(tmp_path / "mt" / "copa" / "de.jsonl", GERMAN)
    write(tmp_path / "mt" / "references" / "copa" / "de.jsonl", GERMAN)
    german = load_translated(training_set(COPA), tmp_path / "mt", KINDS[COPA.kind])
    (found,) = report_quality(training_set(COPA), english, german, tmp_path / "mt", KINDS, tmp_path / "report.json")
    assert found.chrf == pytest.approx(100)
    assert found.bleu == pytest.approx(100)
    assert "tok:13a" in found.signature
    assert json.loads((tmp_path / "report.json").read_text())[0]["empty"] == 1
    assert "| copa" in quality_table([found])


def test_beside_the_english_or_instead(tmp_path: Path, english: Split[object]) -> None:
    write(tmp_path / "mt" / "copa" / "de.jsonl", GERMAN)
    german = load_translated(training_set(COPA), tmp_path / "mt", KINDS[COPA.kind])
    assert len(mixed(english, german).examples) == 8
    alone = mixed(english, german, instead=True)
    assert [e.id for e in alone.examples] == ["de/0", "de/1", "de/2", "de/3"]


def test_a_file_without_a_language_is_refused(tmp_path: Path) -> None:
    write(tmp_path / "mt" / "copa" / "german.jsonl", GERMAN)
    with pytest.raises(DataError, match="cannot tell the language"):
        load_translated(training_set(COPA), tmp_path / "mt", KINDS[COPA.kind])


def test_english_and_a_second_file_are_refused(tmp_path: Path) -> None:
    write(tmp_path / "mt" / "copa" / "en.jsonl", GERMAN)
    with pytest.raises(DataError, match="is English"):
        load_translated(training_set(COPA), tmp_path / "mt", KINDS[COPA.kind])
    write(tmp_path / "two" / "copa" / "de.jsonl", GERMAN)
    write(tmp_path / "two" / "copa" / "train-de.jsonl", GERMAN)
    with pytest.raises(DataError, match=r"second file for 'de', beside de\.jsonl"):
        load_translated(training_set(COPA), tmp_path / "two", KINDS[COPA.kind])


def test_hidden_files_are_not_read(tmp_path: Path) -> None:
    write(tmp_path / "mt" / "copa" / "de.jsonl", GERMAN)
    (tmp_path / "mt" / "copa" / ".DS_Store").write_bytes(b"\0")
    assert list(load_translated(training_set(COPA), tmp_path / "mt", KINDS[COPA.kind])) == ["de"]


def test_rows_without_a_label_are_refused(tmp_path: Path) -> None:
    file = tmp_path / "mt" / "copa" / "de.jsonl"
    write(file, GERMAN)
    file.write_text(file.read_text("utf-8").replace(', "label": 0', ""), "utf-8")
    with pytest.raises(DataError, match="expected a value at 'label'"):
        load_translated(training_set(COPA), tmp_path / "mt", KINDS[COPA.kind])


def test_a_file_that_was_cut_throughout_is_flagged(tmp_path: Path, english: Split[object]) -> None:
    write(tmp_path / "mt" / "copa" / "de.jsonl", [(a[:2], b[:2], c[:2], label) for a, b, c, label in GERMAN if b])
    german = load_translated(training_set(COPA), tmp_path / "mt", KINDS[COPA.kind])["de"]
    assert quality(english, german, None, KINDS[COPA.kind]).lengths == 3


def test_chinese_needs_fewer_characters(tmp_path: Path, english: Split[object]) -> None:
    chinese = ("他开窗。", "房间热。", "夜里冷。", 0)
    write(tmp_path / "mt" / "copa" / "zh.jsonl", [chinese])
    write(tmp_path / "mt" / "copa" / "de.jsonl", [chinese])
    found = load_translated(training_set(COPA), tmp_path / "mt", KINDS[COPA.kind])
    lengths = {code: quality(english, split, None, KINDS[COPA.kind]).lengths for code, split in found.items()}
    assert lengths == {"de": 1, "zh": 0}


def test_a_part_is_compared_with_its_own_english(tmp_path: Path) -> None:
    card = CARDS.card("anli_plus")
    data = parse_data(["samples"], CARDS.tasks)
    english = load_training(card, CARDS, data, "train", KINDS)
    assert english is not None
    rows = [e for e in english.examples if e.id.startswith("snli/")][:6]
    keys = ("sentence1", "sentence2", "gold_label")
    rewritten = [("x" * len(e.text_a), "x" * len(e.text_b), e.label) for e in rows]
    lines = [json.dumps(dict(zip(keys, row, strict=True))) for row in rewritten]
    file = tmp_path / "snli" / "de.jsonl"
    file.parent.mkdir()
    file.write_text("\n".join(lines) + "\n", "utf-8")
    german = load_translated(training_set(card), tmp_path, KINDS[card.kind])["de"]
    assert [e.id for e in german.examples] == [e.id for e in rows]
    found = quality(english, german, None, KINDS[card.kind])
    assert (found.lengths, found.labels) == (0, 0)


def test_a_pool_is_not_mixed(tmp_path: Path) -> None:
    file = tmp_path / "lareqa" / "de.jsonl"
    file.parent.mkdir()
    file.write_text("{}\n")
    with pytest.raises(DataError, match="searches a pool"):
        load_translated(training_set(CARDS.card("lareqa")), tmp_path, KINDS[CARDS.card("lareqa").kind])


def test_the_report_is_read_again(tmp_path: Path, english: Split[object]) -> None:
    write(tmp_path / "mt" / "copa" / "de.jsonl", GERMAN)
    german = load_translated(training_set(COPA), tmp_path / "mt", KINDS[COPA.kind])
    output = tmp_path / "translations-copa.json"
    found = report_quality(training_set(COPA), english, german, tmp_path / "mt", KINDS, output)
    assert read_quality(tmp_path) == found
