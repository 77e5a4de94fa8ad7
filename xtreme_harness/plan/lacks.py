"""What a card lacks, a line each: what must be mended before it can be used, and what would make it better."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from xtreme_harness.cards import TaskCard
from xtreme_harness.cards.schema import SplitName
from xtreme_harness.cards.start import TO_WRITE
from xtreme_harness.data.patterns import filled
from xtreme_harness.data.sources import Data
from xtreme_harness.files.shown import some

__all__ = ["expected_file", "notes", "unwritten"]

_NAMED = 8  # languages without data that are named


def unwritten(card: TaskCard) -> list[str]:
    """The texts of a card that `tasks new` made and nobody has written yet."""
    texts = {"title": card.title, "licence": card.licence, "url": card.url, "citation": card.citation}
    return [f"{key}: still to be written ('{text}')" for key, text in texts.items() if text.startswith(TO_WRITE)]


def notes(card: TaskCard, data: Data, found: Sequence[tuple[str, str]]) -> list[str]:
    """What a card or its data lack that is no fault.

    Args:
        card: the task.
        data: the place.
        found: splits and languages that are there.
    """
    return [*_without_data(card, data, found), *_without_facts(card)] if found else []


def _without_data(card: TaskCard, data: Data, found: Sequence[tuple[str, str]]) -> Iterator[str]:
    there = {language for split, language in found if split in ("dev", "test")}
    absent = [code for code in card.all_languages if code not in there] if not card.parts else []
    if absent and there:
        named = some(absent, _NAMED) if len(absent) > 1 else absent[0]
        why = f"no data to evaluate on in {len(absent)} of {len(card.all_languages)} languages ({named})"
        yield why + _expected(card, "test", absent[0], data)
    splits = {split for split, _ in found}
    if card.name in card.train and "train" not in splits:
        yield "no training data: a checkpoint needs a head for it" + _expected(card, "train", "", data)
    elif card.name in card.train and card.selection != "none" and card.selection not in splits:
        why = f"no {card.selection} data: the last weights of a training are kept"
        yield why + _expected(card, card.selection, "", data)


def _without_facts(card: TaskCard) -> Iterator[str]:
    if not card.counts:
        yield "no `counts`: half a download is not noticed"
    if card.hub is not None and card.hub.revision is None:
        yield "no `hub.revision`: the data may change"
    if not (card.citation or card.url):
        yield "no `url` or `citation`: a reader cannot look the data up"


def expected_file(card: TaskCard, split: SplitName, language: str, data: Data) -> str:
    """Where a file of a split is looked for first: "DIR/xnli/test-de.tsv"; "" on the Hub, or where no layout has it."""
    place = data.named.get(card.name, data.default)
    if place is None or not place.is_dir():
        return ""
    for source in card.file_sources:
        for patterns in source.files.get(split, {}).values():
            return str(place / filled(patterns[0], language or card.english, source.languages))
    return ""


def _expected(card: TaskCard, split: SplitName, language: str, data: Data) -> str:
    file = expected_file(card, split, language, data)
    return f"; expected {file}" if file else ""
