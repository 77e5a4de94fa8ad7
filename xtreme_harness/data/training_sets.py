"""Training data, English unless another language is asked for: one card's own, or the joined data of its parts."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal, Protocol

from xtreme_harness.cards import Cards, TaskCard
from xtreme_harness.data.formats.checks import index, refuse
from xtreme_harness.data.formats.decoding import read_json_file
from xtreme_harness.data.own_training import own_training
from xtreme_harness.data.sources import Data, Located, file_split, locate
from xtreme_harness.data.splits import load_split
from xtreme_harness.data.trained_on import TrainedOn, english_alone
from xtreme_harness.errors import CardError, DataError
from xtreme_harness.files.shown import shown
from xtreme_harness.records import Passage, Row, Split

__all__ = [
    "Reader",
    "TrainingSet",
    "by_languages",
    "find_training_set",
    "joined",
    "languages_with_training",
    "load_training",
    "located_training",
    "resolved_labels",
    "unlabelled",
]


class Reader(Protocol):
    """What is asked of a kind."""

    @property
    def parse(self) -> Callable[[Row, TaskCard], Any]:
        """One row to one example."""
        ...

    @property
    def passage(self) -> Callable[[Row, TaskCard], Passage] | None:
        """One row of the pool to a passage."""
        ...

    @property
    def gold(self) -> Callable[[Any], Any]:
        """What an example teaches; None where the data has none."""
        ...


@dataclass(frozen=True, slots=True)
class TrainingSet:
    """Where the training data of a task lie, and those on which training selects its weights."""

    card: TaskCard  # with its labels
    members: tuple[TaskCard, ...]  # whose data are read: the card's parts, or itself
    by_language: Mapping[str, tuple[Located, ...]]  # one a member; () = there are none
    dev: tuple[Located, ...]
    trained: TrainedOn

    @property
    def train(self) -> tuple[Located, ...]:
        """The places of all training data."""
        return tuple(located for found in self.by_language.values() for located in found)

    @property
    def lacking(self) -> tuple[str, ...]:
        """Languages without training data."""
        return tuple(language for language, found in self.by_language.items() if not found)

    def hashes(self, split: Literal["train", "dev"]) -> dict[str, str]:
        """File or data set -> SHA-256 or revision; of several languages `<language>/<file>`."""
        found = {self.trained.select: self.dev} if split == "dev" else self.by_language
        prefixed = {language: f"{language}/" if len(found) > 1 else "" for language in found}
        parts = [(prefixed[language], one.hashes()) for language, places in found.items() for one in places]
        return {f"{prefix}{name}": value for prefix, hashes in parts for name, value in hashes.items()}

    def load(self, split: Literal["train", "dev"], kind: Reader) -> Split[Any] | None:
        """Read a split, as `load_training` does; the training data of several languages are joined."""
        if split == "dev":
            return _loaded(self.card, self.members, self.dev, split, kind, self.trained.select)
        parts = self.load_each(kind)
        return by_languages(parts) if parts else None

    def load_each(self, kind: Reader) -> dict[str, Split[Any]]:
        """Read the training data of every language that has some."""
        found = {
            language: _loaded(self.card, self.members, places, "train", kind, language)
            for language, places in self.by_language.items()
        }
        return {language: split for language, split in found.items() if split is not None}


def find_training_set(card: TaskCard, cards: Cards, data: Data, trained: TrainedOn | None = None) -> TrainingSet:
    """Find what trains a task; a card is read for itself: xcopa, which is trained on siqa and copa, has none.

    Args:
        card: the task.
        cards: where its parts are found.
        data: where to look.
        trained: the languages; None: English alone.

    Raises:
        DataError: the place has some of the parts and lacks others, or lacks the file of the labels.
    """
    labelled = resolved_labels(card, data)
    members = tuple(resolved_labels(member, data) for member in _members(labelled, cards))
    trained = trained or english_alone(card.english)
    train = {code: located_training(labelled, cards, data, "train", code) for code in trained.languages}
    dev = located_training(labelled, cards, data, "dev", trained.select)
    return TrainingSet(labelled, members, train, dev, trained)


def languages_with_training(card: TaskCard, cards: Cards, data: Data) -> tuple[str, ...]:
    """The languages of a card that have training data of their own, in its order.

    Raises:
        DataError: the place cannot tell which file is meant.
    """
    return tuple(code for code in card.all_languages if located_training(card, cards, data, "train", code))


def load_training(
    card: TaskCard, cards: Cards, data: Data, split: Literal["train", "dev"], kinds: Mapping[str, Reader]
) -> Split[Any] | None:
    """Load the English training data of a card, or the data on which training selects its checkpoint.

    The parts of a card follow one another in the card's order; an example's id is then `<part>/<id>`, a file's name
    among the hashes `<part>/<name>`. A card is read for itself: xcopa, which is trained on siqa and copa, has none.

    Args:
        card: the task.
        cards: where its parts are found.
        data: where to look.
        split: "train", or "dev" for selection: the split that the card's `selection` names.
        kinds: name -> parse functions; `KINDS`.

    Returns:
        None where the place has no such data.

    Raises:
        DataError: every fault of the data, with file and line; examples without gold; a place that has some of the
            parts and lacks others.
        CardError: the kind searches a pool, and the card has parts.
    """
    found = located_training(card, cards, data, split)
    members = [resolved_labels(member, data) for member in _members(card, cards)] if found else []
    return _loaded(card, members, found, split, kinds[card.kind], card.english)


def _loaded(
    card: TaskCard,
    members: Sequence[TaskCard],
    found: Sequence[Located],
    split: Literal["train", "dev"],
    kind: Reader,
    language: str,
) -> Split[Any] | None:
    if not found:
        return None
    if card.parts and kind.passage:
        raise CardError(f"{card.name}: parts: tasks of kind {card.kind} search a pool and cannot be joined")
    pairs = zip(members, found, strict=True)
    loaded = [load_split(member, language, split, one, kind.parse, kind.passage) for member, one in pairs]
    if faults := [fault for part in loaded for fault in unlabelled(part, kind)]:
        raise DataError(*faults)
    return joined(card.name, dict(zip(card.parts, loaded, strict=True))) if card.parts else loaded[0]


def located_training(
    card: TaskCard, cards: Cards, data: Data, split: Literal["train", "dev"], language: str | None = None
) -> tuple[Located, ...]:
    """Find what `load_training` would read, one place a part; empty where there is nothing.

    Args:
        card: the task.
        cards: where its parts are found.
        data: where to look.
        split: "train" or "dev".
        language: whose own data; None: English.

    Raises:
        DataError: the place has some of the parts in English and lacks others, or cannot tell which file is meant.
    """
    place = data.named.get(card.name)
    if card.parts and place is not None:
        if place.is_file():
            part = card.parts[0]
            raise DataError(
                f"--data {card.name}={place}: found a file, expected a folder with the parts {', '.join(card.parts)}; "
                f"name a part's file by --data {part}=FILE"
            )
        data = replace(data, named={**dict.fromkeys(card.parts, place), **data.named})
    members = _members(card, cards)
    english = language in (None, card.english)
    found = {member.name: _one(member, data, split, None if english else language) for member in members}
    missing = [name for name, located in found.items() if located is None]
    if missing and not english:
        return ()
    if 0 < len(missing) < len(found):
        raise DataError(
            f"{card.name}: {place or data.name} has no English {split} data of {', '.join(missing)}, expected those of "
            f"all parts ({', '.join(card.parts)}); name a part's place by --data {missing[0]}=FILE_OR_DIR"
        )
    return tuple(located for located in found.values() if located is not None)


def resolved_labels(card: TaskCard, data: Data) -> TaskCard:
    """Return the card with the labels of its `labels_file`, in the order of their numbers; other cards as they are.

    Raises:
        DataError: the data place does not have the file, or it is no JSON object of labels and numbers from 0.
    """
    if not card.labels_file:
        return card
    place = data.named.get(card.name, data.default)
    root = place.parent if place is not None and place.is_file() else place
    names = [name for pattern in card.labels_file for name in (pattern, Path(pattern).name)]
    file = next((root / name for name in names if (root / name).is_file()), None) if root is not None else None
    if file is None:
        where = place if place is not None else "the Hub"
        how = card.note or f"Licence: {card.licence}; give a local copy by --data {card.name}=DIR"
        raise DataError(
            f"{card.name}: {where} has no {card.labels_file[0]}, expected it beside the data. {how}".strip()
        )
    return card.model_copy(update={"labels": _numbered(file)})


def _numbered(file: Path) -> tuple[str, ...]:
    """Labels in the order of their numbers, which some files write as text."""
    read = read_json_file(file)
    if not isinstance(read, dict):
        raise DataError(f"{file}: found a JSON {type(read).__name__}, expected an object of labels and numbers")
    found = {label: _number(number) for label, number in read.items()}
    numbers = {label: number for label, number in found.items() if number is not None}
    refuse([
        f"{file}: {shown(label)}: found {shown(read[label])}, expected the number of the label"
        for label in found if label not in numbers
    ])  # fmt: skip
    if not numbers or sorted(numbers.values()) != list(range(len(numbers))):
        raise DataError(f"{file}: found {len(numbers)} labels, expected each to have a number of its own from 0 on")
    return tuple(sorted(numbers, key=lambda label: numbers[label]))


def _number(value: Any) -> int | None:
    """A whole number, which may stand as text or as 1.0."""
    if isinstance(value, str):
        return index(value.strip())
    if isinstance(value, bool) or not isinstance(value, int | float) or value != value // 1:
        return None
    return int(value) if abs(value) < 1e9 else None


def _members(card: TaskCard, cards: Cards) -> list[TaskCard]:
    return [cards.card(part) for part in card.parts] or [card]


def _one(card: TaskCard, data: Data, split: Literal["train", "dev"], language: str | None) -> Located | None:
    """Where a card's own data lie, in English or in a language; a named file trains unless its name says another."""
    code = language or card.english
    if split == "dev" and (card.selection == "none" or code not in card.all_languages):
        return None
    place = data.named.get(card.name)
    if place is not None and place.is_file() and file_split(card, place) != split:
        return None
    name = card.selection if split == "dev" else split
    return locate(card, name, code, data, [code]) if language is None else own_training(card, name, code, data)


def unlabelled(split: Split[Any], kind: Reader) -> list[str]:
    """What is wrong with a split that should teach: examples without gold."""
    missing = sum(kind.gold(example) is None for example in split.examples)
    what = f"{split.source}: {split.task} {split.language} {split.name}"
    return [f"{what}: {missing} of {len(split.examples)} examples have no gold, expected it for all"] if missing else []


def by_languages(parts: Mapping[str, Split[Any]]) -> Split[Any]:
    """One split of several languages': ids are `<language>/<id>`; of one language as it is."""
    first = next(iter(parts.values()))
    return joined(first.task, parts) if len(parts) > 1 else first


def joined(task: str, parts: Mapping[str, Split[Any]]) -> Split[Any]:
    """One split of several tasks or languages: ids are `<part>/<id>`, names of files `<part>/<name>`."""
    return replace(
        next(iter(parts.values())),
        task=task,
        examples=tuple(replace(e, id=f"{part}/{e.id}") for part, split in parts.items() for e in split.examples),
        hashes={f"{part}/{name}": value for part, split in parts.items() for name, value in split.hashes.items()},
        source="+".join(dict.fromkeys(split.source for split in parts.values())),
    )
