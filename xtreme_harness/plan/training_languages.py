"""Which languages the unit of every cell is trained on: as --train-on and --select-on say, or else the card."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cache

from xtreme_harness.cards import Cards, TaskCard
from xtreme_harness.data.sources import Data
from xtreme_harness.data.trained_on import ALL, ENGLISH, TARGET, TrainedOn, joined_name
from xtreme_harness.data.training_sets import find_training_set, languages_with_training
from xtreme_harness.errors import DataError
from xtreme_harness.files.shown import some
from xtreme_harness.languages import meant, nearest_code
from xtreme_harness.plan.cells import Cell, Plan

__all__ = ["lacking_reason", "trained_on", "training_card", "with_languages"]

_WORDS = (ENGLISH, TARGET, ALL)
_SHOWN = 40  # codes that a message lists


def with_languages(plan: Plan, cards: Cards, train_on: Sequence[str], select_on: str | None) -> Plan:
    """The plan with every unit that is not trained on English alone named after its languages: xnli.de.

    Args:
        plan: whose cells have units such as xnli.
        cards: all of them.
        train_on: of the command; () = as each card says.
        select_on: of the command; None: as each card says.

    Raises:
        DataError: every language that a task to be trained does not have.
    """
    faults: dict[str, None] = {}
    languages = cache(lambda task: languages_with_training(cards.card(task), cards, plan.data))
    cells = []
    for cell in plan.cells:
        try:
            cells.append(_named(cell, cards, train_on, select_on, languages))
        except DataError as error:
            faults |= dict.fromkeys(error.faults)
    if faults:
        raise DataError(*faults)
    return replace(plan, cells=tuple(cells))


def training_card(unit: str, cards: Cards) -> TaskCard:
    """The card whose data the last stage of a unit reads: squad of squad, copa of xcopa."""
    return cards.card((cards.card(unit).train or (unit,))[-1])


def trained_on(
    task: TaskCard,
    train_on: Sequence[str],
    select_on: str,
    target: str | None,
    languages: Callable[[str], tuple[str, ...]],
    said: str = "--train-on",
) -> TrainedOn:
    """The languages that a task is trained on.

    Args:
        task: whose training data are read.
        train_on: one of the words, or codes.
        select_on: "english" or "target".
        target: the language that is evaluated; None: there is no one such language.
        languages: name of a task -> the languages that have training data.
        said: where that stands, for messages.

    Raises:
        DataError: a code that the task does not have.
    """
    english = task.english
    own = next(iter(meant(target, task.all_languages)), target) if target is not None else english
    label = train_on[0] if train_on[0] in _WORDS else ""
    if label == TARGET:
        found: tuple[str, ...] = (own,)
    elif label == ALL:
        found = languages(task.name) or (english,)
    else:
        found = (english,) if label == ENGLISH else _codes(task, train_on, said)
    select = own if select_on == TARGET and task.selection != "none" else english
    return TrainedOn(found, select, english, label or joined_name(found), select_on, task.name)


def lacking_reason(trained: TrainedOn, cards: Cards, data: Data) -> str:
    """Why a unit for one target language cannot be trained: its own data are not there; "" where they are."""
    found = find_training_set(cards.card(trained.task), cards, data, trained)
    place = data.named.get(trained.task, data.name)
    if trained.train_on == TARGET and found.lacking:
        return f"{place} has no training data of {trained.task} in this language"
    if trained.select != trained.english and not found.dev:
        return f"{place} has no dev data of {trained.task} in this language, on which its weights would be chosen"
    return ""


def _named(
    cell: Cell,
    cards: Cards,
    train_on: Sequence[str],
    select_on: str | None,
    languages: Callable[[str], tuple[str, ...]],
) -> Cell:
    if cell.unit is None:
        return cell
    own = (cell.card.train_on,) if isinstance(cell.card.train_on, str) else cell.card.train_on
    said = "--train-on" if train_on else f"{cell.card.name}: train_on"
    task = training_card(cell.unit, cards)
    trained = trained_on(task, train_on or own, select_on or cell.card.select_on, cell.language, languages, said)
    return replace(cell, unit=cell.unit + trained.suffix, trained=trained)


def _codes(task: TaskCard, words: Sequence[str], said: str) -> tuple[str, ...]:
    """The task's own codes of some languages, in its order."""
    known, found, faults = task.all_languages, set[str](), []
    for word in words:
        own = meant(word, known)
        found.update(own)
        if not own:
            near = nearest_code(word, known)
            faults.append(f"{said} {word}: {task.name} has no such language{near}; it has {some(known, _SHOWN)}")
    if faults:
        raise DataError(*faults)
    return tuple(code for code in known if code in found)
