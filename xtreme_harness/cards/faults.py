"""What is wrong with a card, in words: keys, names that nobody has, parts that do not fit."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from xtreme_harness.cards.schema import FileSource, HubSource, Membership, Preset, Suite, TaskCard, Vocabulary
from xtreme_harness.errors import did_you_mean
from xtreme_harness.files.told import model_fault
from xtreme_harness.languages import LANGUAGES, nearest_code

__all__ = ["key_fault", "part_faults", "unknown_members", "unknown_names", "vocabulary_faults"]


def key_fault(file: Path, error: Mapping[str, Any], raw: Mapping[str, Any]) -> str:
    """Say what the schema found: file, key path, what was wrong, the nearest known key."""
    needed = "every card needs it" if len(error["loc"]) == 1 else "it is needed here"
    return f"{file}: {model_fault(error, _known_keys(error['loc']), f'missing; {needed}')}"


def _known_keys(loc: Sequence[int | str]) -> list[str]:
    parents: dict[str, type[BaseModel]] = {
        "hub": HubSource,
        "official": FileSource,
        "upstream": FileSource,
        "suites": Membership,
        "presets": Preset,
    }
    model = parents.get(str(loc[0]), TaskCard) if len(loc) > 1 else TaskCard
    return list(model.model_fields)


def vocabulary_faults(card: TaskCard, words: Vocabulary) -> list[str]:
    """Kinds, metrics, formats, options, shapes and languages that a card names and nobody has."""
    faults = []

    def check(where: str, word: str, known: Collection[str], what: str = "") -> None:
        if word not in known:
            near = did_you_mean(word, known) or f"; known: {', '.join(sorted(known)) or 'none'}"
            faults.append(f"{where}: unknown {what or where.split('.')[-1]} '{word}'{near}")

    check("kind", card.kind, words.kinds)
    check("metric", card.metric, words.metrics)
    for option in card.options:
        if card.kind in words.kinds:
            check(f"options.{option}", option, words.kinds[card.kind], "option")
    for name, source in (("official", card.official), ("upstream", card.upstream)):
        if source:
            check(f"{name}.format", source.format, words.formats)
            for option in source.options if source.format in words.formats else ():
                check(f"{name}.options.{option}", option, words.formats[source.format], "option")
    if card.hub:
        check("hub.shape", card.hub.shape, words.shapes)
    lists = {f"suites.{s}.languages": m.languages for s, m in card.suites.items()} | {"languages": card.languages}
    for where, codes in lists.items():
        for i, code in enumerate(codes):
            if code not in LANGUAGES:
                faults.append(f"{where}[{i}]: unknown code '{code}'{nearest_code(code)}")
    return faults


def unknown_members(suites: Mapping[str, Suite], tasks: Mapping[str, TaskCard], file: Path) -> list[str]:
    """Tasks of a suite without a card that names the suite."""
    faults = []
    for name, suite in suites.items():
        members = {*suite.tasks, *(t for group in suite.groups.values() for t in group)}
        for task in sorted(members):
            if task not in tasks or name not in tasks[task].suites:
                faults.append(f"{file}: {name}: task '{task}' has no card that names this suite")
    return faults


def unknown_names(suites: Mapping[str, Suite], tasks: Mapping[str, TaskCard], places: Mapping[str, str]) -> list[str]:
    """Suites and training units that cards name and nobody has."""
    faults = []
    for card in tasks.values():
        for name in card.suites:
            if name not in suites:
                near = did_you_mean(name, suites) or f"; known: {', '.join(suites)}"
                faults.append(f"{places[card.name]}: suites.{name}: unknown suite '{name}'{near}")
        lists = {"train": card.train} | {f"suites.{s}.train": m.train or () for s, m in card.suites.items()}
        for where, units in lists.items():
            for i, unit in enumerate(units):
                if unit not in tasks:
                    faults.append(
                        f"{places[card.name]}: {where}[{i}]: unknown task '{unit}'{did_you_mean(unit, tasks)}"
                    )
    return faults


def part_faults(card: TaskCard, tasks: Mapping[str, TaskCard], file: str) -> list[str]:
    """Parts that nobody has, that have parts themselves, or that one head cannot serve."""
    faults = []
    for i, name in enumerate(card.parts):
        where, part = f"{file}: parts[{i}]", tasks.get(name)
        if part is None:
            faults.append(f"{where}: unknown task '{name}'{did_you_mean(name, tasks)}")
            continue
        if part.parts:
            faults.append(f"{where}: '{name}' has parts of its own; name these")
            continue
        for what in ("kind", "labels", "labels_file"):
            mine, theirs = getattr(card, what), getattr(part, what)
            if mine != theirs:
                shown = [value if isinstance(value, str) else f"[{', '.join(value)}]" for value in (theirs, mine)]
                faults.append(f"{where}: '{name}' has {what} {shown[0]}, expected {shown[1]} as in this card")
    return faults
