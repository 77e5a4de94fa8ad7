"""The authors' own files of data sets beyond XTREME: read whole, counted, scored."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from xtreme_harness.data.sources import Data, locate
from xtreme_harness.data.splits import load_split
from xtreme_harness.kinds import KINDS
from xtreme_harness.metrics import METRICS
from xtreme_harness.plan.cells import all_cards
from xtreme_harness.records import Split
from xtreme_harness.scoring.score import score

CARDS = all_cards().tasks
TOPICS = {  # of SIB-200, the same in all languages
    "train": [176, 138, 102, 85, 77, 65, 58], "dev": [25, 20, 14, 12, 11, 9, 8], "test": [51, 40, 30, 25, 22, 19, 17],
}  # fmt: skip


def loaded(task: str, language: str, split: str, place: Path) -> Split[Any]:
    if not place.exists():
        pytest.skip(f"needs ../shared/{place.parent.name}/{place.name}")
    card, data = CARDS[task], Data(place if place.is_dir() else None, {} if place.is_dir() else {task: place})
    located = locate(card, split, language, data, [language])
    assert located is not None
    return load_split(card, language, split, located, KINDS[card.kind].parse)


def require_perfect(split: Split[Any]) -> None:
    """What `oracle` answers scores 100."""
    card = CARDS[split.task]
    kind, metric = KINDS[card.kind], METRICS[card.metric]
    found = score(metric, kind, split, {e.id: kind.perfect(e) for e in split.examples})
    assert all(found.values[name] == 100 for name in metric.main)


@pytest.mark.parametrize("split", TOPICS)
@pytest.mark.parametrize("language", ["eng_Latn", "swh_Latn", "yor_Latn", "zho_Hans", "quy_Latn", "arb_Arab"])
def test_sib200(shared: Path, language: str, split: str) -> None:
    found = loaded("sib200", language, split, shared / "realdata/world")
    counts = Counter(e.label for e in found.examples)
    assert [counts[label] for label in CARDS["sib200"].labels] == TOPICS[split]
    assert sum(TOPICS[split]) == CARDS["sib200"].count(split, language)
    assert not any(e.text_a.startswith('"') and e.text_a.endswith('"') and '""' in e.text_a for e in found.examples)
    require_perfect(found)


def test_sib200_is_parallel(shared: Path) -> None:
    languages = ("eng_Latn", "quy_Latn", "arb_Arab")
    splits = [loaded("sib200", language, "test", shared / "realdata/world").examples for language in languages]
    assert len({tuple((e.id, e.label) for e in examples) for examples in splits}) == 1
    assert all(0 <= int(e.id) <= 2008 for e in splits[0])


@pytest.mark.parametrize(("language", "size"), [("eng_Latn", 180), ("nld_Latn", 180), ("zho_Hans", 180)])
def test_belebele_without_its_links(shared: Path, language: str, size: int) -> None:
    found = loaded("belebele", language, "test", shared / "realdata/world")
    assert len(found.examples) == size
    assert {e.label for e in found.examples} == {0, 1, 2, 3}
    assert all(len(e.choices) == 4 and all(choice.count("?") or language == "zho_Hans" for choice in e.choices[:1])
               for e in found.examples[:1])  # fmt: skip
    require_perfect(found)


def test_a_file_of_belebele_named_outright(shared: Path) -> None:
    found = loaded("belebele", "ben_Beng", "test", shared / "realdata/world/belebele/belebele_ben_100.jsonl")
    assert len(found.examples) == 100
    assert len({choice for choice in found.examples[0].choices}) == 4
    require_perfect(found)


@pytest.mark.parametrize(("split", "size"), [("dev", 450), ("test", 600)])
@pytest.mark.parametrize("language", ["amh", "eng", "ewe", "yor", "zul", "swa", "fra"])
def test_afrixnli(shared: Path, language: str, split: str, size: int) -> None:
    if split == "dev" and language in ("swa", "fra"):  # the authors' repository lacks them
        assert locate(CARDS["afrixnli"], split, language, Data(shared / "realdata/world")) is None
        return
    found = loaded("afrixnli", language, split, shared / "realdata/world")
    assert len(found.examples) == size == CARDS["afrixnli"].count(split, language)
    assert set(Counter(e.label for e in found.examples).values()) == {size // 3}
    english = loaded("afrixnli", "eng", split, shared / "realdata/world")
    assert [e.label for e in found.examples] == [e.label for e in english.examples]
    require_perfect(found)


@pytest.mark.parametrize("split", ["dev", "test"])
@pytest.mark.parametrize("language", ["gn", "nah", "quy"])
def test_americasnli(shared: Path, language: str, split: str) -> None:
    found = loaded("americasnli", language, split, shared / "realdata")
    assert len(found.examples) == CARDS["americasnli"].count(split, language)
    if (language, split) == ("nah", "dev"):
        counts = Counter(e.label for e in found.examples)
        assert counts == {"entailment": 193, "neutral": 197, "contradiction": 195}
    require_perfect(found)


@pytest.mark.parametrize(("language", "size"), [("fr", 83), ("ja", 60), ("zh", 16)])
def test_xwinograd(shared: Path, language: str, size: int) -> None:
    found = loaded("xwinograd", language, "test", shared / "realdata/world")
    assert len(found.examples) == size
    assert all(len(set(e.sentences)) == 2 and e.label in (0, 1) for e in found.examples)
    require_perfect(found)


@pytest.mark.parametrize(("language", "spans"), [("de-DE", ["date", "date", "time", "time", "time"]),
                                                 ("en-US", ["time", "time", "date", "date"])])  # fmt: skip
def test_massive(shared: Path, tmp_path: Path, language: str, spans: list[str]) -> None:
    examples = shared / "realdata/world/massive/readme_examples.jsonl"
    if not examples.is_file():
        pytest.skip("needs ../shared/realdata/world/massive")
    place = tmp_path / "1.0/data" / f"{language}.jsonl"  # where the archive has it
    place.parent.mkdir(parents=True)
    place.write_bytes(examples.read_bytes())
    intents, slots = (loaded(task, language, "test", tmp_path) for task in ("massive", "massive_slots"))
    assert [(e.id, e.label) for e in intents.examples] == [("0", "alarm_set")]
    assert [tag for tag in slots.examples[0].tags if tag != "Other"] == spans
    require_perfect(intents)
    require_perfect(slots)
