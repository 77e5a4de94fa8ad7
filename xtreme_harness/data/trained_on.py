"""The languages that a model is trained on, and the one whose dev data choose its weights."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

__all__ = ["ALL", "ENGLISH", "TARGET", "TrainedOn", "english_alone", "joined_name"]

ENGLISH, TARGET, ALL = "english", "target", "all"  # what a card, or --train-on, may say instead of codes
_LONGEST = 60  # characters of codes in the name of a folder


@dataclass(frozen=True, slots=True)
class TrainedOn:
    """The languages that a unit is trained on, and the one on whose dev data its weights are chosen."""

    languages: tuple[str, ...]  # the card's codes, in its order; the training sets of several are joined
    select: str  # whose dev data
    english: str = "en"  # the card's code for it
    train_on: str = ENGLISH  # as it was said: "english", "target", "all", "de+sw"
    select_on: str = ENGLISH  # "english" or "target"
    task: str = ""  # whose training sets

    @property
    def on_english(self) -> bool:
        """Is it trained on English alone?"""
        return self.languages == (self.english,)

    @property
    def suffix(self) -> str:
        """What tells its unit from the one that is trained and selected on English: ".de", ".all", ".de+sw.dev-de".

        >>> TrainedOn(("de",), "en", train_on="target").suffix, TrainedOn(("en",), "en", train_on="target").suffix
        ('.de', '')
        """
        name = self.train_on if self.train_on == ALL else joined_name(self.languages)
        return ("" if self.on_english else f".{name}") + ("" if self.select == self.english else f".dev-{self.select}")

    @property
    def words(self) -> str:
        """For people: "English", "de", "de, sw"."""
        return "English" if self.on_english else ", ".join(self.languages)

    def fields(self) -> dict[str, Any]:
        """What a fingerprint says of it; nothing of English, so that fingerprints stay as they were."""
        train = {"train_on": self.train_on, "train_languages": list(self.languages)}
        select = {"select_on": self.select_on, "select_language": self.select}
        return ({} if self.on_english else train) | ({} if self.select == self.english else select)


def english_alone(english: str = "en") -> TrainedOn:
    """Trained and selected on English, by the card's code for it."""
    return TrainedOn((english,), english, english)


def joined_name(languages: Sequence[str]) -> str:
    """Codes as one name, which a folder can have: many of them by their number and a hash.

    >>> joined_name(["de", "sw"]), joined_name([f"a{n}" for n in range(30)])
    ('de+sw', '30-languages-279ee39b')
    """
    name = "+".join(languages)
    if len(name) <= _LONGEST:
        return name
    return f"{len(languages)}-languages-{hashlib.sha256(name.encode()).hexdigest()[:8]}"
