"""Where the data of one cell lie, and why they are not to be had."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from xtreme_harness.cards import TaskCard
from xtreme_harness.data.sources import Data, Located, locate
from xtreme_harness.data.translated_tests import require_translated, translated_test, translation_name

__all__ = ["CellData", "find_data"]


@dataclass(frozen=True, slots=True)
class CellData:
    """The places of one cell's data."""

    located: Located | None
    tuning: Located | None = None  # the split on which the kind chooses its number
    translated: str = ""  # names the translation into English that is read instead: "mt@1f0c2a9b"
    reason: str = ""  # why the cell cannot be evaluated


def find_data(
    card: TaskCard, split: str, language: str, data: Data, languages: Sequence[str] = (), translated: Path | None = None
) -> CellData:
    """Find what a cell is evaluated on.

    Args:
        card: the task.
        split: "test" or "dev".
        language: the card's code.
        data: where to look.
        languages: those that the run asks for.
        translated: folder of evaluation data translated into English, read for all other languages.

    Raises:
        DataError: as `locate`; translations whose language cannot be told.
    """
    if translated is not None and language != card.english:
        return _translation(card, split, language, translated)
    located = locate(card, split, language, data, languages)
    tuning = locate(card, card.calibrate, language, data, languages) if card.calibrate else None
    return CellData(located, tuning, reason=_absence(card, split, language, data, located, tuning))


def _translation(card: TaskCard, split: str, language: str, folder: Path) -> CellData:
    require_translated(card, folder)
    found = {one: translated_test(card, one, language, folder) for one in (split, card.calibrate) if one}
    lacking = next((one for one, located in found.items() if located is None), None)
    if lacking is not None:
        return CellData(None, reason=f"no translation: {folder} has no {card.name}/{lacking}-{language} file")
    located, tuning = found[split], found[card.calibrate] if card.calibrate else None
    return CellData(located, tuning, translation_name([one for one in found.values() if one], folder))


def _absence(
    card: TaskCard, split: str, language: str, data: Data, located: Located | None, tuning: Located | None
) -> str:
    """Why a cell cannot be evaluated; "" when it can."""
    place = str(data.named.get(card.name, data.name))
    if located is None and card.parts:
        return f"{card.name} has no data of its own; evaluate its parts: --tasks {','.join(card.parts)}"
    if located is None and place == "hub" and not card.evaluated_from_hub:
        return f"not on the Hub; use --data DIR or --data samples. {card.note}".strip()
    if located is None:
        others = [s for s in ("test", "dev") if s != split and locate(card, s, language, data) is not None]
        hint = f"; {others[0]} is there: --split {others[0]}" if others else ""
        return f"{place} has no {split} data{hint}"
    if card.calibrate and tuning is None:
        return f"{place} has no {card.calibrate} data, on which the threshold is chosen"
    return ""
