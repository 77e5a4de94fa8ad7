"""The index of a choice: as rows spell it, and as JSON lines `{"label": 0}` have it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from xtreme_harness.errors import PredictionError
from xtreme_harness.files.json import parse_json
from xtreme_harness.files.shown import shown, some
from xtreme_harness.kinds.prediction_text import BLANK, Fault, count_faults, label_count, official_lines, told
from xtreme_harness.kinds.row_fields import label
from xtreme_harness.records import Row

__all__ = ["answer_faults", "index_faults", "index_lines", "indices", "keyed_indices", "spelt_index"]


def spelt_index(row: Row, options: Mapping[str, Any], faults: list[str]) -> int | None:
    """The index of the right choice, by the spellings of the option `answers`, by its field's name, or as it is.

    None where the data has no gold, and where there is a fault.
    """
    positions = [str(i) for i in range(len(options["choices"]))]
    spellings = [*options["answers"], options["choices"]]
    if not any(spelt in positions for spelling in options["answers"] for spelt in spelling):
        spellings.append(positions)  # numbers that a card counts otherwise are not positions as well
    found = label(row, "label", spellings[0] if options["answers"] else spellings[-1], faults)
    if found is None:
        return None
    for spelling in spellings:
        if found in spelling:
            return list(spelling).index(found)
    expected = some(spellings[0] if options["answers"] else spellings[-1])
    faults.append(f"{row.place}: label {shown(row.values['label'])}, expected one of {expected}")
    return None


def answer_faults(options: Mapping[str, Any]) -> list[str]:
    """Lists of spellings that are not one a choice."""
    size = len(options.get("choices", ()))
    return [
        f"options.answers[{i}]: found {len(spellings)} spellings, expected {size}, one a choice"
        for i, spellings in enumerate(options.get("answers", ()))
        if size and len(spellings) != size
    ]


def index_lines(found: Sequence[int]) -> str:
    """One JSON object a line."""
    return "".join(json.dumps({"label": index}) + "\n" for index in found)


def indices(text: str, place: str) -> list[Any]:
    """What stands under `label` in each line.

    Raises:
        PredictionError: with every line that is no such object.
    """
    labels, faults = [], []
    for number, line in enumerate(official_lines(text), start=1):
        try:
            labels.append(parse_json(line)["label"])
        except (ValueError, KeyError, TypeError):
            faults.append(f"{place}:{number}: found {line[:60]!r}, expected a JSON object with the key label")
    if faults:
        raise PredictionError(*faults)
    return labels


def keyed_indices(text: str, place: str, ids: Sequence[str]) -> dict[str, Any]:
    """The same by example id; PredictionError unless there is one an example."""
    labels = indices(text, place)
    label_count(labels, ids, place)
    return dict(zip(ids, labels, strict=True))


def index_faults(text: str, place: str, golds: Mapping[str, int] | None, known: range, expected: str) -> list[str]:
    """Faults of a file of one JSON object a line, with the index of a choice under `label`.

    Args:
        text: the file.
        place: its name.
        golds: by example id, where they are known.
        known: indices that there are; 1.0 and true count as 1, as officially.
        expected: the same in words.
    """
    lines, sample = official_lines(text), 'a JSON line such as {"label": 0}'
    faults: list[Fault] = []
    for n, line in enumerate(lines, start=1):
        if not line:
            faults.append(Fault(BLANK, f"{place}:{n}: blank line, expected {sample}"))
            continue
        try:
            read = parse_json(line)
        except ValueError:
            read = None
        if not isinstance(read, dict) or "label" not in read:
            faults.append(Fault("lines without a label", f"{place}:{n}: found '{line[:40]}', expected {sample}"))
        elif read["label"] not in known:
            wrong = f"label {json.dumps(read['label'])}, expected {expected}"
            faults.append(Fault("unknown labels", f"{place}:{n}: {wrong}"))
    return [*count_faults(lines, golds, place), *told(faults, place)]
