"""Which languages have a training set of their own: what is English's alone is nobody else's."""

from __future__ import annotations

import re

from xtreme_harness.cards import TaskCard
from xtreme_harness.data.patterns import filled
from xtreme_harness.data.sources import Data, FilesFound, Located, locate
from xtreme_harness.data.trained_on import ALL, ENGLISH, TARGET

__all__ = ["own_training", "training_languages"]

_FILTERS = ("where", "id_prefix")  # options that take one language's rows out of a file for all
_ENGLISH = {"en", "eng", "english"}


def own_training(card: TaskCard, split: str, language: str, data: Data) -> Located | None:
    """Find data to train on, or to choose weights on, that are the language's own; None where there are none.

    A pattern that does not tell the language, such as `xnli/train-en.tsv`, fits for every language, and is English's.

    Raises:
        DataError: as `locate`.
    """
    located, english = locate(card, split, language, data, [language]), card.english
    if located is None or language == english or card.all_languages == (language,):
        return located
    others = locate(card, split, english, data, [english])
    return located if others is None or _differ(card, split, language, located, others) else None


def training_languages(card: TaskCard, split: str, data: Data) -> list[str]:
    """English, and of what else the card says that it is trained on the languages that have data of their own."""
    english = card.english
    if card.train_on == ENGLISH:
        return [english]
    named = card.all_languages if card.train_on in (TARGET, ALL) else card.train_on
    others = () if isinstance(named, str) else named
    first = [english] if english in card.all_languages else []
    return [*first, *(code for code in others if code != english and own_training(card, split, code, data))]


def _differ(card: TaskCard, split: str, language: str, located: Located, english: Located) -> bool:
    """Are these other data than the English?"""
    if isinstance(located, FilesFound) and isinstance(english, FilesFound):
        if located.files != english.files:
            return True
        filters = [{name: found.options.get(name) for name in _FILTERS} for found in (located, english)]
        return filters[0] != filters[1] and not _says_english(located, split)
    source, code = card.hub, card.english
    return source is not None and any(
        filled(told, language, source.languages) != filled(told, code, source.languages)
        for told in (source.config, {name: source.options.get(name) for name in _FILTERS})
    )


def _says_english(found: FilesFound, split: str) -> bool:
    """Do the card's names for the files say that they are English?"""
    patterns = [pattern for listed in found.source.files[split].values() for pattern in listed]  # type: ignore[index]
    return all(_ENGLISH & {*re.split(r"[^a-z]+", pattern.lower())} for pattern in patterns)
