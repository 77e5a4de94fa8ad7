"""The texts that the Mewsli-X baseline makes of mentions and entities.

Source: XTREME's `third_party/utils_mewslix.py` (838c13b).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from xtreme_harness.data.formats.checks import member
from xtreme_harness.files.shown import shown
from xtreme_harness.records import Json

__all__ = ["Entity", "Mention", "entity", "mentions"]

_Object = Mapping[str, Json]
_Span = tuple[int, int]
_BRACES = re.compile(r"\{(.*?)\}")  # pairs on one line alone, as officially


@dataclass(frozen=True, slots=True)
class Mention:
    """A mention and the text that stands for it."""

    id: str
    text: str
    entity: str  # "" where the organisers blanked it
    place: str


@dataclass(frozen=True, slots=True)
class Entity:
    """An entity and the text that stands for it."""

    id: str
    text: str


def mentions(document: _Object, place: str, faults: list[str]) -> list[Mention]:
    """Return the mentions of a document: each with its sentence, in which it stands in spaced braces."""
    found = member(document, "mentions", list, place, faults)
    context = member(document, "context", dict, place, faults)
    text = member(context, "text", str, place, faults) if context is not None else None
    if found is None or context is None or text is None:
        return []
    sentences = _spans(context, text, place, faults)
    read = []
    for mention in found:
        if not isinstance(mention, dict):
            faults.append(f"{place}: found {type(mention).__name__} in 'mentions', expected an object, restore it")
            continue
        identifier = member(mention, "example_id", str, place, faults)
        target = member(mention, "entity_id", str, place, faults)
        query = _query(mention, text, sentences, f"{place} (example_id '{identifier}')", faults)
        if identifier is not None and target is not None and query is not None:
            read.append(Mention(identifier, query, target.strip(), place))
    return read


def entity(obj: _Object, place: str, faults: list[str]) -> Entity | None:
    """Return an entity with the sentences of its description; None and faults where it is malformed."""
    identifier = member(obj, "entity_id", str, place, faults)
    description = member(obj, "description", str, place, faults)
    if identifier is None or description is None:
        return None
    spans = _spans(obj, description, f"{place} (entity_id '{identifier}')", faults)
    return Entity(identifier, _clean(" ".join(description[start:end] for start, end in spans)))


def _query(mention: _Object, text: str, sentences: Sequence[_Span], place: str, faults: list[str]) -> str | None:
    span = member(mention, "mention_span", dict, place, faults)
    limits = _limits(span, text, place, faults) if span is not None else None
    if span is None or limits is None:
        return None
    start, end = limits
    words = text[start:end]
    if span.get("text") != words:
        found = shown(span.get("text"))
        faults.append(f"{place}: found mention {found}, expected {shown(words)} as in the text at {start}, restore it")
        return None
    around = next(((first, last) for first, last in sentences if first <= start and end <= last), None)
    if around is None:
        faults.append(
            f"{place}: found mention {shown(words)} in no one sentence, expected one to hold it, correct the spans"
        )
        return None
    left = _BRACES.sub(r"(\1)", text[around[0] : start])
    right = _BRACES.sub(r"(\1)", text[end : around[1]])
    return _clean(f"{words}: {left} {{ {words} }} {right}")


def _spans(obj: _Object, text: str, place: str, faults: list[str]) -> list[_Span]:
    spans = member(obj, "sentence_spans", list, place, faults) or []
    faults += [
        f"{place}: sentence_spans[{i}]: found {shown(span)}, expected an object, restore it"
        for i, span in enumerate(spans)
        if not isinstance(span, dict)
    ]
    found = [_limits(span, text, place, faults) for span in spans if isinstance(span, dict)]
    return [limits for limits in found if limits is not None]


def _limits(span: _Object, text: str, place: str, faults: list[str]) -> _Span | None:
    """Return start and end of a span that lies in the text."""
    start, end = member(span, "start", int, place, faults), member(span, "end", int, place, faults)
    if start is None or end is None:
        return None
    if 0 <= start < end <= len(text):
        return start, end
    faults.append(f"{place}: found span {start} to {end} outside the text, expected 0 to {len(text)}, restore it")
    return None


def _clean(text: str) -> str:
    """Put lines into one and replace each double space once."""
    return " ".join(text.splitlines()).replace("  ", " ").strip()
