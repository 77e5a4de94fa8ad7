"""Task cards and suites: what is evaluated, read from YAML and checked at once.

The only module that knows where `tasks/` lies. A card is data: adding a task is writing a file.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from xtreme_harness.cards.collection import Cards
from xtreme_harness.cards.faults import part_faults, schema_faults, unknown_names, vocabulary_faults
from xtreme_harness.cards.schema import Files, FileSource, HubSource, Membership, Preset, TaskCard, Vocabulary
from xtreme_harness.cards.suite_faults import suite_faults
from xtreme_harness.cards.suites import (
    Member,
    Over,
    Overall,
    ReadSuite,
    Suite,
    files_beside,
    has_suites,
    read_suites,
    suites_of,
    twice,
)  # fmt: skip
from xtreme_harness.errors import CardError
from xtreme_harness.files.shown import shown
from xtreme_harness.files.yaml import read_yaml

__all__ = [
    "Cards",
    "FileSource",
    "Files",
    "HubSource",
    "Member",
    "Membership",
    "Over",
    "Overall",
    "Preset",
    "Suite",
    "TaskCard",
    "Vocabulary",
    "digest",
    "folder",
    "load_cards",
    "read_card",
    "read_suites",
]

_LONGEST = 100  # cards in a chain of includes


def folder() -> Path:
    """The folder of the cards that ship with the package: in a wheel inside it, in a checkout beside it."""
    inside = Path(__file__).parents[1] / "tasks"
    return inside if inside.is_dir() else Path(__file__).parents[2] / "tasks"


def digest(card: TaskCard) -> str:
    """SHA-256 (hex) of what a card says that can change a number.

    Sentences for readers are left out, and so are values that are the default: a key that a later version adds does not
    make two runs incomparable. Of the options those count that the card itself says.
    """
    own = card.model_copy(update={"options": card.said_options})
    said = own.model_dump_json(exclude_defaults=True, exclude={"title", "licence", "url", "citation", "note"})
    return hashlib.sha256(said.encode()).hexdigest()


def load_cards(vocabulary: Vocabulary, include: Iterable[Path] = ()) -> Cards:
    """Read the shipped cards and suites, those of installed packages and those of the `include` files or folders.

    A later card or suite replaces an earlier one of the same name. What nobody has of a suite's tasks is looked for
    beside the suite. Packages offer a folder of cards through the
    entry-point group `xtreme_harness.tasks` (the entry point loads to a path).

    Raises:
        CardError: with every fault of every file.
    """
    files: list[Path] = []
    read = _Read(vocabulary)
    for place in [folder(), *_plugins(), *map(Path, include)]:
        try:
            files.extend(_card_files(place))
        except CardError as error:
            read.faults.extend(error.faults)
    for file in files:
        read.add(file)
    for file in files_beside(read.suites, read.tasks):
        if file not in read.known:  # else it is known what is wrong with it
            read.add(file)
    tasks, suites, faults = read.tasks, read.suites, read.faults
    if not faults:
        faults = [*suite_faults(suites, tasks, vocabulary), *unknown_names(suites, tasks, read.places)]
        faults += [fault for card in tasks.values() for fault in part_faults(card, tasks, read.places[card.name])]
    if faults:
        raise CardError(*faults)
    found = {name: one.suite for name, one in suites.items()}
    return Cards(tasks, found, read.places, {name: str(one.file) for name, one in suites.items()})


@dataclass(slots=True)
class _Read:
    """What files gave, and what is wrong with them."""

    vocabulary: Vocabulary
    tasks: dict[str, TaskCard] = field(default_factory=dict)
    places: dict[str, str] = field(default_factory=dict)
    suites: dict[str, ReadSuite] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)
    known: dict[Path, dict[str, Any]] = field(default_factory=dict)  # what they hold

    def add(self, file: Path) -> None:
        """Read a card, or suites."""
        try:
            if file not in self.known:
                self.known[file] = read_yaml(file)
            if has_suites(file, self.known[file]):
                new = suites_of(file, self.known[file], self.faults)
                self.faults += twice(new, self.suites)
                self.suites |= new
                return
            card = read_card(file, self.vocabulary, self.known)
        except CardError as error:
            self.faults.extend(error.faults)
            return
        self.tasks[card.name], self.places[card.name] = card, str(file)


def read_card(file: Path, vocabulary: Vocabulary, known: dict[Path, dict[str, Any]] | None = None) -> TaskCard:
    """Read and check one card, and lay its options over its kind's; `include: other.yaml` takes the other's keys first.

    Args:
        file: the card.
        vocabulary: what it may say.
        known: what files hold that were read; those that this card needs are added.

    Raises:
        CardError: one message a fault: file, key path, what was found, what was expected.
    """
    raw = _included(file, {} if known is None else known)
    try:
        card = TaskCard.model_validate(raw)
    except ValidationError as error:
        raise CardError(*schema_faults(file, error.errors())) from None
    faults = [f"{file}: {fault}" for fault in vocabulary_faults(card, vocabulary)]
    if card.name != file.stem:
        faults.append(f"{file}: name: found '{card.name}', expected '{file.stem}', the name of the file")
    if faults:
        raise CardError(*faults)
    return card.with_defaults(vocabulary.kinds[card.kind])


def _card_files(place: Path) -> list[Path]:
    if place.is_file():
        return [place]
    if not place.is_dir():
        raise CardError(f"{place}: no such card or folder of cards")
    own = sorted(place.glob("*.yaml"), key=lambda file: (file.stem != "suites", file))  # XTREME's before others' suites
    found = own + sorted(place.glob("intermediate/*.yaml"))
    if not found:
        raise CardError(f"{place}: no cards (*.yaml) in this folder")
    return found


def _included(start: Path, known: dict[Path, dict[str, Any]]) -> dict[str, Any]:
    """The keys of a card, laid over those of the cards that it includes."""
    chain: list[tuple[Path, dict[str, Any]]] = []
    seen: set[Path] = set()
    file: Path | None = start
    while file is not None:
        if len(chain) > _LONGEST:
            raise CardError(f"{start}: include: found a chain of more than {_LONGEST} cards, expected a shorter one")
        if file not in known:
            known[file] = read_yaml(file)
        chain.append((file, known[file]))
        seen.add(file.resolve())
        file = _base(file, known[file], seen)
    raw = chain[-1][1]
    for place, above in reversed(chain[:-1]):
        raw = _merged(raw, {"name": place.stem, **{key: value for key, value in above.items() if key != "include"}})
    return raw


def _base(file: Path, raw: Mapping[str, Any], seen: Collection[Path]) -> Path | None:
    """The card that a card includes; None where it includes none."""
    if "include" not in raw:
        return None
    name = raw["include"]
    if not isinstance(name, str) or not name:
        raise CardError(f"{file}: include: found {shown(name)}, expected the file of a card, such as xnli.yaml")
    found = next((place for place in (file.parent / name, folder() / name) if _is_there(place)), None)
    if found is None:
        said = f"'{name}'" if len(name) < _LONGEST else shown(name)
        raise CardError(f"{file}: include: {said} is neither beside this card nor among those that are shipped")
    if found.resolve() in seen:
        raise CardError(f"{file}: include: '{name}' includes itself")
    return found


def _is_there(place: Path) -> bool:
    try:
        return place.exists()
    except OSError:  # a name that no file can have
        return False


def _merged(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    """Lay `above` over `below`, key by key; null removes a key."""
    both = dict(below)
    for key, value in above.items():
        old = both.get(key)
        both[key] = _merged(old, value) if isinstance(old, dict) and isinstance(value, dict) else value
    return {key: value for key, value in both.items() if value is not None}


def _plugins() -> list[Path]:
    """Folders of cards that installed packages offer."""
    found = []
    for point in entry_points(group="xtreme_harness.tasks"):
        try:
            found.append(Path(str(point.load())))
        except Exception as error:
            raise CardError(f"entry point {point.name} = {point.value}: {type(error).__name__}: {error}") from error
    return found
