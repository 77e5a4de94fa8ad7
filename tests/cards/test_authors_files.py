"""Cards of benchmarks beside XTREME on their authors' own files, and on the layouts that the Hub has."""

from __future__ import annotations

from pathlib import Path

import pytest

from xtreme_harness import evaluate
from xtreme_harness.cards import TaskCard
from xtreme_harness.data.sources import Data, locate
from xtreme_harness.data.splits import load_split
from xtreme_harness.errors import XHarnessError
from xtreme_harness.kinds import KINDS
from xtreme_harness.plan.cells import all_cards

CARDS = all_cards()


def scored(card: str, place: Path, split: str, out: Path) -> dict[str, int]:
    """Number of examples by language, of cells in which the gold answers score 100."""
    result = evaluate("oracle", card, data=str(place), split=split, output=out)
    assert {cell.headline for cell in result.cells} == {100.0}
    return {cell.language: cell.n for cell in result.cells}


def named(task: str, place: Path, language: str, split: str) -> set[str]:
    """The labels that a file holds, as the card reads them."""
    card: TaskCard = CARDS.card(task)
    kind, found = KINDS[card.kind], locate(card, split, language, Data(named={task: place}))
    assert found is not None
    examples = load_split(card, language, split, found, kind.parse, kind.passage).examples
    return {tag for example in examples for tag in example.tags}


@pytest.mark.parametrize(
    ("task", "languages"),
    [("sib200", 6), ("afrixnli", 7), ("multiblimp", 2), ("belebele", 3)],
)
def test_a_task_s_own_folder_may_be_named(shared: Path, tmp_path: Path, task: str, languages: int) -> None:
    """`--data DIR/sib200` finds what `--data DIR` finds."""
    world = shared / "realdata/world"
    found = scored(task, world, "test", tmp_path / "above")
    assert len(found) == languages
    assert scored(task, world / task, "test", tmp_path / "own") == found


class TestMasakhaner:
    """Blanks between word and tag, dates among the names."""

    @pytest.fixture
    def files(self, shared: Path) -> Path:
        return shared / "realdata/world/masakhaner2"

    @pytest.mark.parametrize(("split", "languages"), [("dev", "bam hau swa yor"), ("test", "bam tsn twi")])
    def test_has_as_many_sentences_as_the_card_says(
        self, files: Path, tmp_path: Path, split: str, languages: str
    ) -> None:
        found = scored("masakhaner", files.parent, split, tmp_path)
        assert found == {code: CARDS.card("masakhaner").count(split, code) for code in languages.split()}

    def test_the_folder_alone_may_be_named_and_the_first_edition_is_another_task(
        self, files: Path, tmp_path: Path
    ) -> None:
        assert set(scored("masakhaner", files, "test", tmp_path)) == {"bam", "tsn", "twi"}
        first = files.parents[1]  # MasakhaNER 1.0 stands there, under masakhaner/
        assert (first / "masakhaner/swa/test.txt").is_file()
        with pytest.raises(XHarnessError, match=r"masakhaner: .* has no test data"):
            evaluate("oracle", "masakhaner", data=str(first), output=tmp_path / "first")

    def test_dates_are_names_of_their_own_and_no_names_after_english(self, files: Path, tmp_path: Path) -> None:
        assert named("masakhaner", files, "twi", "test") == {*CARDS.card("masakhaner").labels}
        assert named("masakhaner_en", files, "twi", "test") == {*CARDS.card("uner").labels}
        assert set(scored("masakhaner_en", files, "test", tmp_path)) == {"bam", "tsn", "twi"}


class TestUner:
    """Treebanks with comment lines and two tags that count as none."""

    @pytest.fixture
    def files(self, shared: Path) -> Path:
        return shared / "realdata/world/uner"

    @pytest.mark.parametrize(("split", "languages"), [("dev", "da sr sv zh_Hans"), ("test", "ceb tl zh_Hans")])
    def test_has_as_many_sentences_as_the_card_says(
        self, files: Path, tmp_path: Path, split: str, languages: str
    ) -> None:
        found = scored("uner", files, split, tmp_path)
        subset = {"en": 700} if split == "dev" else {}  # of 2,001
        assert found == {code: CARDS.card("uner").count(split, code) for code in languages.split()} | subset

    def test_other_names_of_serbian_are_none(self, files: Path) -> None:
        text = (files / "UNER_Serbian-SET/sr_set-ud-dev.iob2").read_text("utf-8")
        assert "\tB-OTH\t" in text
        assert named("uner", files, "sr", "dev") == {*CARDS.card("uner").labels}

    def test_a_card_of_ones_own_reads_the_other_treebanks(self, files: Path, tmp_path: Path) -> None:
        card = tmp_path / "mine.yaml"
        codes = "{tl: tl_ugnayan, arq: qaf_arabizi, en: null}"
        card.write_text(
            "include: uner.yaml\nlanguages: [tl, arq]\ncounts: {dev: null, test: {tl: 94}}\n"
            f"official: {{languages: {codes}}}\nupstream: {{languages: {codes}}}\n"
        )
        assert scored(str(card), files, "test", tmp_path / "test") == {"tl": 94}
        assert scored(str(card), files, "dev", tmp_path / "dev") == {"arq": 139}


class TestMultiblimp:
    """Dicts in quotes beside the sentences, duplicates among them."""

    @pytest.fixture
    def files(self, shared: Path) -> Path:
        return shared / "realdata/world"  # a third of the English pairs, a ninth of the Turkish

    def test_every_pair_is_read(self, files: Path, tmp_path: Path) -> None:
        assert scored("multiblimp", files, "test", tmp_path / "out") == {"eng": 257, "tur": 194}

    def test_phenomena_and_sentences_stand_as_the_authors_have_them(self, files: Path) -> None:
        card = CARDS.card("multiblimp")
        kind, found = KINDS[card.kind], locate(card, "test", "eng", Data(files))
        assert found is not None
        examples = load_split(card, "eng", "test", found, kind.parse, kind.passage).examples
        assert {example.phenomenon for example in examples} == {"SV-#", "SV-P"}
        assert examples[0].sentences == ("Yes, lovely creature, is n't she?", "Yes, lovely creature, am n't she?")


STSB = """\
name: stsb_multi_mt
title: STS-B in translation
kind: {kind}
metric: {metric}
licence: as STSbenchmark
languages: [de, en]
counts: {{dev: 1500, test: 1379}}
options: {{range: [0, 5]}}
official:
  format: csv
  files: {{dev: "stsb-{{language}}-dev.csv", test: "stsb-{{language}}-test.csv"}}
  options: {{header: false, columns: {{text_a: 0, text_b: 1, label: 2}}}}
"""


@pytest.mark.parametrize(("kind", "metric"), [("regression", "pearson_spearman"), ("similarity", "spearman")])
@pytest.mark.parametrize(("split", "count"), [("dev", 1500), ("test", 1379)])
def test_ratings_under_no_header_are_read_by_a_card_of_ones_own(
    shared: Path, tmp_path: Path, kind: str, metric: str, split: str, count: int
) -> None:
    card = tmp_path / "stsb_multi_mt.yaml"
    card.write_text(STSB.format(kind=kind, metric=metric))
    found = scored(str(card), shared / "realdata/world/stsb_multi_mt", split, tmp_path / "out")
    assert found == {"de": count, "en": count}
