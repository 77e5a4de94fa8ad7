"""The small data that ships: whole, sound, parallel where it says so."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from xtreme_harness.cards import folder
from xtreme_harness.data.sources import Data, FilesFound, locate
from xtreme_harness.data.splits import load_split
from xtreme_harness.kinds import KINDS
from xtreme_harness.languages import meant
from xtreme_harness.plan.cells import all_cards
from xtreme_harness.records import Split

CARDS = all_cards().tasks
SAMPLES = Data(folder() / "samples", name="samples")


def trains(task: str, language: str) -> bool:
    """Whether training data of a language would be used: English, or any where the task has none."""
    own = meant("en", CARDS[task].all_languages)
    return language in own if own else True


PARTS = [
    (task, language, split)
    for task, card in CARDS.items()
    for language in card.all_languages
    for split in ("train", "dev", "test")
    if locate(card, split, language, SAMPLES) is not None and (split != "train" or trains(task, language))
]
TESTS = {task: [lang for t, lang, split in PARTS if t == task and split == "test"] for task, _, _ in PARTS}
TARGETS = sorted(task for task in TESTS if CARDS[task].suites)


@cache
def loaded(task: str, language: str, name: str) -> Split[Any]:
    card = CARDS[task]
    kind, located = KINDS[card.kind], locate(card, name, language, SAMPLES)
    assert located is not None
    return load_split(card, language, name, located, kind.parse, kind.passage)


def texts(split: Split[Any]) -> Iterator[str]:
    for example in split.examples:
        for name in example.__dataclass_fields__:
            value = getattr(example, name)
            if isinstance(value, str):
                yield value
            elif isinstance(value, tuple):
                yield from (item for item in value if isinstance(item, str))
    yield from (passage.text for passage in split.pool)


@pytest.mark.parametrize(("task", "language", "name"), PARTS, ids="-".join)
def test_every_part_loads_with_gold_in_composed_unicode(task: str, language: str, name: str) -> None:
    card, split = CARDS[task], loaded(task, language, name)
    kind = KINDS[card.kind]
    assert all(kind.gold(example) is not None for example in split.examples)
    decomposed = [text for text in texts(split) if not unicodedata.is_normalized("NFC", text)]
    assert not decomposed
    assert all(text == text.strip() for text in texts(split) if text)


def test_every_file_belongs_to_a_card() -> None:
    used: set[Path] = set()
    for task, language, split in PARTS:
        located = locate(CARDS[task], split, language, SAMPLES)
        assert isinstance(located, FilesFound)
        used |= {path for paths in located.files.values() for path in paths}
    lying = {p for p in (folder() / "samples").rglob("*") if p.is_file() and p.name not in ("README.md", "LICENSE")}
    for task, card in CARDS.items():  # training pairs that no language names
        located = locate(card, "train", "en", SAMPLES) if task not in TESTS or card.suites else None
        if isinstance(located, FilesFound):
            used |= {path for paths in located.files.values() for path in paths}
    pairs = {p for p in lying if p.name.startswith("wikipedia_pairs-")}  # dual encoders are trained on them
    assert {str(p.relative_to(folder())) for p in lying - used - pairs} == set()


@pytest.mark.parametrize("task", TARGETS)
def test_enough_examples_and_languages(task: str) -> None:
    assert all(len(loaded(task, language, "test").examples) >= 20 for language in TESTS[task])
    others = [language for language in TESTS[task] if language != "en"]
    least = {"bucc2018": 4, "udpos": 10, "panx": 10, "tatoeba": 10}
    assert len(others) >= least.get(task, 5)
    if "en" in CARDS[task].all_languages:
        assert "en" in TESTS[task]


@pytest.mark.parametrize(("task", "language"), [(t, language) for t, language, split in PARTS if split == "train"])
def test_enough_training_data(task: str, language: str) -> None:
    assert len(loaded(task, language, "train").examples) >= (100 if language == "en" and task != "xstorycloze" else 60)


@pytest.mark.parametrize("task", [t for t in TARGETS if CARDS[t].kind == "extractive_qa"] + ["squad"])
def test_answers_stand_where_they_say(task: str) -> None:
    for part, language, name in PARTS:
        if part != task:
            continue
        for example in loaded(task, language, name).examples:
            assert example.answers
            for answer in example.answers:
                assert example.context[answer.start : answer.start + len(answer.text)] == answer.text
                assert answer.text


@pytest.mark.parametrize("task", [t for t in TARGETS if CARDS[t].kind == "token_classification"])
def test_tags_are_the_cards_and_one_a_word(task: str) -> None:
    card = CARDS[task]
    for part, language, name in PARTS:
        if part != task:
            continue
        for example in loaded(task, language, name).examples:
            assert len(example.words) == len(example.tags) > 0
            assert set(example.tags) <= {*card.labels, *card.options.get("unpredicted", ())}
            assert all(word and " " not in word for word in example.words)


@pytest.mark.parametrize("task", [t for t in TARGETS if CARDS[t].kind == "token_classification"])
def test_most_labels_occur(task: str) -> None:
    seen = {tag for language in TESTS[task] for e in loaded(task, language, "test").examples for tag in e.tags}
    assert len(seen & set(CARDS[task].labels)) >= 0.7 * len(CARDS[task].labels)


@pytest.mark.parametrize("task", [t for t in TARGETS if CARDS[t].parallel])
def test_parallel_files_hold_the_same_items(task: str) -> None:
    kind = KINDS[CARDS[task].kind]
    by_language = {language: loaded(task, language, "test") for language in TESTS[task]}
    ids = {language: [e.id.removesuffix(f"_{language}") for e in s.examples] for language, s in by_language.items()}
    assert len({tuple(found) for found in ids.values()}) == 1
    if CARDS[task].labels or CARDS[task].kind == "multiple_choice":
        assert len({tuple(kind.gold(e) for e in s.examples) for s in by_language.values()}) == 1


@pytest.mark.parametrize("task", ["xnli", "pawsx"])
def test_labels_are_balanced_enough_for_chance_to_show(task: str) -> None:
    golds = [e.label for language in TESTS[task] for e in loaded(task, language, "test").examples]
    for label in CARDS[task].labels:
        assert 0.5 / len(CARDS[task].labels) < golds.count(label) / len(golds) < 1.5 / len(CARDS[task].labels)


@pytest.mark.parametrize("task", [t for t in TARGETS if KINDS[CARDS[t].kind].passage])
def test_gold_stands_in_the_pool(task: str) -> None:
    kind = KINDS[CARDS[task].kind]
    for language in TESTS[task]:
        split = loaded(task, language, "test")
        pool = [passage.id for passage in split.pool]
        assert len(set(pool)) == len(pool) >= 20
        assert all(set(kind.gold(e) or ()) <= set(pool) for e in split.examples)


@pytest.mark.parametrize("task", TARGETS)
def test_texts_are_in_the_script_of_their_language(task: str) -> None:
    from xtreme_harness.languages import language as facts_of

    names = {
        "Arab": "ARABIC", "Cyrl": "CYRILLIC", "Deva": "DEVANAGARI", "Grek": "GREEK", "Hans": "CJK", "Thai": "THAI",
        "Kore": "HANGUL", "Taml": "TAMIL", "Geor": "GEORGIAN", "Latn": "LATIN",
    }  # fmt: skip
    for language in TESTS[task]:
        script = names.get(facts_of(language).script)
        if script is None or task in ("tatoeba", "bucc2018"):  # there queries or pools are English
            continue
        letters = [c for e in loaded(task, language, "test").examples for t in _own(e) for c in t if c.isalpha()]
        share = sum(script in unicodedata.name(c, "") for c in letters) / len(letters)
        assert share > 0.6, (language, share)


def _own(example: Any) -> Iterator[str]:
    for name in ("words", "choices"):  # the text of a choice has an English question in it
        if hasattr(example, name):
            yield from getattr(example, name)
            return
    for name in ("text", "text_a", "question"):
        if hasattr(example, name):
            yield getattr(example, name)
