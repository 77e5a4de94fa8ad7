"""Hub datasets to a folder in the official layout, so that the same evaluation runs without network."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from xtreme_harness.cards import TaskCard
from xtreme_harness.data.official_files import exported, target_source
from xtreme_harness.data.own_training import training_languages
from xtreme_harness.data.patterns import pattern_path
from xtreme_harness.data.sources import Data, HubFound
from xtreme_harness.errors import DataError, HubSilent
from xtreme_harness.files.temporary import sweep
from xtreme_harness.files.text import write_below
from xtreme_harness.plan.cells import Target

__all__ = ["Fetched", "download", "training_cards"]


@dataclass(frozen=True, slots=True)
class Fetched:
    """One file group that was written, or why it was not."""

    task: str
    split: str
    language: str
    rows: int
    problem: str = ""


def download(
    targets: Sequence[Target],
    training: Sequence[TaskCard],
    folder: Path,
    tell: Callable[[Fetched], None] = lambda fetched: None,
) -> list[Fetched]:
    """Fetch test and dev data of the targets' languages, and the English training data of `training`.

    A task that the Hub lacks is reported, with where to get it; so is a language or split. A Hub that does not answer
    is told of once, and ends it.
    """
    found: list[Fetched] = []
    silence = ""  # of the Hub
    sweep(folder)
    own = [target for target in targets if not target.card.parts]  # the parts are fetched as training data
    wanted = {(t.card.name, split, code): t.card for t in own for code in t.languages for split in ("test", "dev")}
    wanted |= {
        (card.name, split, code): card
        for card in training
        for split in _training_splits(card)
        for code in training_languages(card, split, Data())
    }
    for (_, split, language), card in wanted.items():
        if card.evaluated_from_hub and card.hub is not None and split not in card.hub.splits:
            continue
        if silence:
            found.append(Fetched(card.name, split, language, 0, silence))
            continue
        try:
            fetched = _fetch(card, split, language, folder)
        except HubSilent as error:
            silence = str(error)
            fetched = Fetched(card.name, split, language, 0, silence)
        found.append(fetched)
        tell(fetched)
    return found


def training_cards(targets: Sequence[Target], cards: dict[str, TaskCard]) -> list[TaskCard]:
    """The cards whose English training data the targets' units need."""
    units = [cards[name] for target in targets for name in target.card.train if name in cards]
    names = dict.fromkeys(name for unit in units for name in unit.parts or (unit.name,))
    return [cards[name] for name in names if name in cards]


def _training_splits(card: TaskCard) -> tuple[str, ...]:
    return ("train",) if card.selection == "none" else ("train", card.selection)


def _fetch(card: TaskCard, split: str, language: str, folder: Path) -> Fetched:
    source = target_source(card)
    if card.hub is not None and split in card.hub.splits and source is None:
        return Fetched(card.name, split, language, 0, card.hub.note or f"{card.hub.path} is read from the Hub only")
    if card.hub is None or split not in card.hub.splits or source is None or split not in source.files:
        return Fetched(card.name, split, language, 0, f"not on the Hub. {card.note}".strip())
    if language in card.hub.options.get("absent", ()):
        return Fetched(card.name, split, language, 0, f"{card.hub.path} does not have it. {card.hub.note}".strip())
    try:
        table = HubFound(card.hub, split, language).read()
        texts = exported(source, table, card.hub.path)
    except HubSilent:
        raise
    except DataError as error:
        return Fetched(card.name, split, language, 0, str(error))
    for role, patterns in source.files[split].items():
        if role in texts:
            write_below(folder, pattern_path(patterns, source, language), texts[role])
    return Fetched(card.name, split, language, len(table.rows))
