"""What is wrong with a card, in words: keys, names that nobody has, parts that do not fit."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from xtreme_harness.cards.expected import TEXT, Expected, like, mapping
from xtreme_harness.cards.schema import FileSource, HubSource, Membership, Preset, TaskCard, Vocabulary
from xtreme_harness.errors import did_you_mean
from xtreme_harness.files.shown import plain, shown, some
from xtreme_harness.languages import is_code, nearest_code

__all__ = ["part_faults", "schema_faults", "unknown_names", "vocabulary_faults"]

_SLIP = 0.9  # so much alike is a slip of the pen


def schema_faults(
    file: Path, errors: Sequence[Mapping[str, Any]], above: tuple[str, ...] = (), model: type[BaseModel] = TaskCard
) -> list[str]:
    """Say what the schema found, of each key once: a list whose items are wrong is not too short as well.

    Args:
        file: the card, or the suites.
        errors: of pydantic.
        above: keys under which the schema stands in the file.
        model: the schema.
    """
    inside = {error["loc"][:-1] for error in errors}
    told = [error for error in errors if not (error["type"] == "too_short" and error["loc"] in inside)]
    by_path: dict[str, Mapping[str, Any]] = {}
    for error in told:
        by_path.setdefault(_key_path((*above, *error["loc"])), error)
    return [f"{file}: {_key_fault(where, error, model)}" for where, error in by_path.items()]


def _key_fault(where: str, error: Mapping[str, Any], model: type[BaseModel]) -> str:
    """Say what the schema found: key path, what was wrong, the nearest known key."""
    if error["type"] == "extra_forbidden":
        known = _known_keys(error["loc"], model)
        return f"{where}: unknown key{did_you_mean(str(error['loc'][-1]), known)}"
    if error["type"] == "missing":
        every = model is TaskCard and len(error["loc"]) == 1
        return f"{where}: missing; {'every card needs it' if every else 'it is needed here'}"
    found = "" if isinstance(error["input"], dict) else f" (found {shown(error['input'])})"
    if isinstance(error["input"], bool):
        found = f" (found {error['input']}: YAML reads no, off, yes, on so; put it in quotes)"
    wrong = error["msg"].removeprefix("Value error, ").replace("a valid tuple", "a list")
    return f"{where + ': ' if where else ''}{wrong}{found}"


def _key_path(loc: Sequence[int | str]) -> str:
    steps = [step for step in loc if step != "[key]"]  # of a mapping, which pydantic names so
    said = (f"[{s}]" if isinstance(s, int) else f".{plain(s)}" for s in steps)
    return "".join(said).removeprefix(".")


def _known_keys(loc: Sequence[int | str], model: type[BaseModel]) -> list[str]:
    parents: dict[str, type[BaseModel]] = {
        "hub": HubSource,
        "official": FileSource,
        "upstream": FileSource,
        "suites": Membership,
        "presets": Preset,
    }
    found = parents.get(str(loc[0]), model) if len(loc) > 1 else model
    return list(found.model_fields)


def vocabulary_faults(card: TaskCard, words: Vocabulary) -> list[str]:
    """Kinds, metrics, formats, options, shapes and languages that a card names and nobody has."""
    faults = []

    def check(where: str, word: str, known: Collection[str], what: str = "") -> None:
        if word not in known:
            near = did_you_mean(word, known) or f"; known: {', '.join(sorted(known)) or 'none'}"
            faults.append(f"{where}: unknown {what or where.split('.')[-1]} {shown(word)}{near}")

    if get_close_matches(card.kind[:99], words.kinds, 1, _SLIP):
        check("kind", card.kind, words.kinds)
    else:  # "text_classification" is as near to one of tokens as to one of sequences
        faults.append(f"kind: unknown kind {shown(card.kind)}; known: {', '.join(sorted(words.kinds))}")
    check("metric", card.metric, words.metrics)
    faults += [] if faults else words.metric_faults(card)

    def check_options(where: str, options: Mapping[str, Any], known: Mapping[str, Expected]) -> None:
        for option, value in options.items():
            check(f"{where}.{option}", option, known, "option")
            faults.extend(known[option].faults(f"{where}.{option}", value) if option in known else ())

    if card.kind in words.kinds:
        own = {name: like(value) for name, value in words.kinds[card.kind].items()}
        check_options("options", card.options, {**own, **words.expected[card.kind]})
        faults += [] if faults else words.card_faults[card.kind](card)
    for name, source in (("official", card.official), ("upstream", card.upstream)):
        if source:
            check(f"{name}.format", source.format, words.formats)
            if source.format in words.formats:
                check_options(f"{name}.options", source.options, words.formats[source.format])
    if card.hub:
        check("hub.shape", card.hub.shape, words.shapes)
        if card.hub.shape in words.shapes:
            check_options("hub.options", card.hub.options, words.shapes[card.hub.shape])
        faults += mapping(TEXT, words.column, "fields").faults("hub.columns", card.hub.columns)
    mapped = {"official": card.official, "upstream": card.upstream, "hub": card.hub}
    for where, code in [(f"{name}.languages", code) for name, its in mapped.items() if its for code in its.languages]:
        if not is_code(code):
            near = nearest_code(code) or "; expected one of the card's languages"
            faults.append(f"{where}: key: unknown code {shown(code)}{near}")
    lists = {f"suites.{s}.languages": m.languages for s, m in card.suites.items()} | {"languages": card.languages}
    for where, codes in lists.items():
        for i, code in enumerate(codes):
            if not is_code(code):
                near = nearest_code(code) or "; expected BCP 47 or ISO 639-3, such as sw, swh_Latn, zh-Hant"
                faults.append(f"{where}[{i}]: unknown code {shown(code)}{near}")
            elif code in codes[:i]:
                faults.append(f"{where}[{i}]: {shown(code)} stands twice")
    return faults


def unknown_names(suites: Collection[str], tasks: Mapping[str, TaskCard], places: Mapping[str, str]) -> list[str]:
    """Suites and training units that cards name and nobody has."""
    faults = []
    for card in tasks.values():
        for name in card.suites:
            if name not in suites:
                near = did_you_mean(name, suites) or f"; known: {', '.join(suites)}"
                faults.append(f"{places[card.name]}: suites.{name}: unknown suite {shown(name)}{near}")
        lists = {"train": card.train} | {f"suites.{s}.train": m.train or () for s, m in card.suites.items()}
        for where, units in lists.items():
            for i, unit in enumerate(units):
                if unit not in tasks:
                    faults.append(
                        f"{places[card.name]}: {where}[{i}]: unknown task {shown(unit)}{did_you_mean(unit, tasks)}"
                    )
    return faults


def part_faults(card: TaskCard, tasks: Mapping[str, TaskCard], file: str) -> list[str]:
    """Parts that nobody has, that have parts themselves, or that one head cannot serve."""
    faults = []
    for i, name in enumerate(card.parts):
        where, part = f"{file}: parts[{i}]", tasks.get(name)
        if part is None:
            faults.append(f"{where}: unknown task {shown(name)}{did_you_mean(name, tasks)}")
            continue
        if part.parts:
            faults.append(f"{where}: '{name}' has parts of its own; name these")
            continue
        for what in ("kind", "labels", "labels_file"):
            mine, theirs = getattr(card, what), getattr(part, what)
            if mine != theirs:
                said = [value if isinstance(value, str) else f"[{some(value)}]" for value in (theirs, mine)]
                faults.append(f"{where}: '{name}' has {what} {said[0]}, expected {said[1]} as in this card")
    return faults
