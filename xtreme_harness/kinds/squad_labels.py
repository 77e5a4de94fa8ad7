"""A label file in SQuAD's form: articles, paragraphs, questions, the texts of their answers."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any

from xtreme_harness.errors import PredictionError, listed
from xtreme_harness.files.json import parse_json
from xtreme_harness.kinds.prediction_text import not_json

__all__ = ["answer_texts"]

Placed = tuple[dict[str, Any], str]  # an object, and where it stands


def answer_texts(text: str, place: str) -> dict[str, tuple[str, ...]]:
    """The answers by question id; articles stand under `data`, or are the whole file.

    Raises:
        PredictionError: every fault.
    """
    try:
        read = parse_json(text)
    except ValueError as error:
        raise PredictionError(not_json(error, place)) from None
    faults: list[str] = []
    found: list[tuple[str, tuple[str, ...]]] = []
    articles = _objects([(read if isinstance(read, dict) else {"data": read}, "")], "data", faults)
    for question, where in _objects(_objects(articles, "paragraphs", faults), "qas", faults):
        answers = list(_objects([(question, where)], "answers", faults))
        texts = tuple(_text(one, "text", at, faults) for one, at in answers)
        found.append((_text(question, "id", where, faults), texts))
    if faults:
        raise PredictionError(*listed([f"{place}: not a SQuAD label file: {fault}" for fault in faults]))
    twice = [key for key, n in Counter(key for key, _ in found).items() if n > 1]
    if twice:
        rule = "stands twice; ids of evaluation data must differ"
        raise PredictionError(*listed([f"{place}: question id '{key}' {rule}" for key in twice]))
    return dict(found)


def _objects(holders: Iterable[Placed], key: str, faults: list[str]) -> Iterator[Placed]:
    """The objects in the lists that the holders have under a key."""
    for holder, where in holders:
        inner = f"{where}.{key}".lstrip(".")
        value = holder.get(key)
        if not isinstance(value, list):
            faults.append(f"{inner}: {_found(value)}, expected a list")
            continue
        for i, one in enumerate(value):
            if isinstance(one, dict):
                yield one, f"{inner}[{i}]"
            else:
                faults.append(f"{inner}[{i}]: {_found(one)}, expected an object")


def _text(holder: dict[str, Any], key: str, where: str, faults: list[str]) -> str:
    value = holder.get(key)
    if isinstance(value, str):
        return value
    faults.append(f"{where}.{key}: {_found(value)}, expected text")
    return ""


def _found(value: Any) -> str:
    return "found nothing" if value is None else f"found {json.dumps(value, ensure_ascii=False)[:40]}"
