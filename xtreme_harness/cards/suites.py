"""Suites: tasks that are averaged together, in their order; read from YAML.

A suite needs nothing of its tasks' cards. What it does not say is the card's: the languages that the card has for this
suite, or else all of them; the metric; the training units.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PlainValidator, ValidationError, model_validator

from xtreme_harness.cards.faults import schema_faults
from xtreme_harness.cards.schema import TaskCard
from xtreme_harness.errors import did_you_mean
from xtreme_harness.files.shown import shown
from xtreme_harness.files.yaml import read_yaml
from xtreme_harness.languages import meant

__all__ = [
    "EVERY", "NAMED", "Member", "Over", "Overall", "ReadSuite", "Suite", "files_beside", "has_suites",
    "member_of", "own_codes", "read_suites", "suites_of", "twice",
]  # fmt: skip

_FILES = ("suites.yaml", "suites.yml")  # they hold suites by name, whatever else is wrong with them
NAMED = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*")  # suites and means name files and keys
_LONGEST = 200  # characters of a name that a file system takes
EVERY = "*"  # under `languages`: every task that is not named there


def _overall(value: Any) -> Any:
    if isinstance(value, bool) or (isinstance(value, str) and NAMED.fullmatch(value)):
        return value
    raise ValueError("expected true, false, or a name of letters, digits, - and _ for the overall mean")


def _by_task(value: Any) -> Any:
    if not isinstance(value, list | dict):
        raise ValueError("expected a list of codes, or such lists by task")
    return {EVERY: value} if isinstance(value, list) else value


Names = Annotated[tuple[str, ...], Field(min_length=1)]


Over = Literal["tasks", "groups", "languages"]


@dataclass(frozen=True, slots=True)
class Overall:
    """How an overall mean is taken."""

    sets: tuple[tuple[str, ...], ...]  # of tasks; of a mean over tasks or languages, each holds one
    over: Over = "tasks"  # or groups: over sets, of each the mean of its tasks; or languages, of each that of its tasks

    @property
    def tasks(self) -> tuple[str, ...]:
        """What is averaged, each once."""
        return tuple(dict.fromkeys(task for one in self.sets for task in one))

    @classmethod
    def of(cls, tasks: Sequence[str], over: Over = "tasks") -> Overall:
        """A mean of some tasks."""
        return cls(tuple((task,) for task in tasks), over)


class Suite(BaseModel):
    """Tasks and groups in the official order."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    title: str = ""
    tasks: tuple[str, ...] = ()  # where it does not say any, those of its groups
    groups: dict[str, Names] = {}
    languages: Annotated[dict[str, Names], BeforeValidator(_by_task)] = {}  # task, or EVERY -> its languages in order
    metrics: dict[str, str] = {}  # task -> the metric that it is scored by, where that is not the card's
    mean: Over = "tasks"  # what the overall mean is over
    overall: Annotated[bool | str, PlainValidator(_overall)] = True  # its key: all_task, or a name; or none
    means: dict[str, Names] = {}  # further overall means, over some of the tasks
    unscored: tuple[str, ...] = ()  # tasks that the official layout does not know

    @model_validator(mode="after")
    def _tasks_of_groups(self) -> Suite:
        if "tasks" not in self.model_fields_set:
            of_groups = tuple(dict.fromkeys(task for group in self.groups.values() for task in group))
            object.__setattr__(self, "tasks", of_groups)  # not among the fields that the file has
        return self

    @property
    def overall_key(self) -> str | None:
        """The key of the overall mean in the leaderboard's file; None where there is none."""
        return "all_task" if self.overall is True else self.overall or None

    def languages_of(self, task: str) -> tuple[str, ...]:
        """The languages that it says for a task; () where the card says them."""
        return self.languages.get(task) or (self.languages.get(EVERY, ()) if task in self.tasks else ())

    def overalls(self, name: str) -> dict[str, Overall]:
        """Name -> overall mean; the one that has no name of its own is called as the suite is."""
        groups = tuple(self.groups.values())
        own = Overall(groups, "groups") if self.mean == "groups" else Overall.of(self.tasks, self.mean)
        more = {key: Overall.of(tasks) for key, tasks in self.means.items()}
        return {name if self.overall is True else str(self.overall): own, **more} if self.overall else more


@dataclass(frozen=True, slots=True)
class Member:
    """A task as a suite asks for it."""

    key: str  # "tatoeba", or "tatoeba@xtreme-r" where the suite reads another model, or scores it otherwise
    card: TaskCard  # with the suite's metric
    languages: tuple[str, ...]  # in the suite's order
    train: tuple[str, ...]  # training units


@dataclass(frozen=True, slots=True)
class ReadSuite:
    """A suite, and where it stands."""

    suite: Suite
    file: Path
    above: tuple[str, ...]  # keys under which it stands in the file

    def at(self, where: str) -> str:
        """A place in the file, for messages: "suites.yaml: mine.tasks[2]"."""
        return f"{self.file}: {'.'.join([*self.above, where])}"


def member_of(card: TaskCard, name: str, suite: Suite | None) -> Member:
    """A task in a suite; of a suite that does not have it, all that its card has."""
    named = card.suites.get(name)
    train = card.train if named is None or named.train is None else named.train
    metric = suite.metrics.get(card.name, card.metric) if suite else card.metric
    mine = card if metric == card.metric else card.model_copy(update={"metric": metric})
    own = train != card.train or metric != card.metric
    return Member(f"{card.name}@{name}" if own else card.name, mine, _languages(card, name, suite), train)


def _languages(card: TaskCard, name: str, suite: Suite | None) -> tuple[str, ...]:
    said = suite.languages_of(card.name) if suite else ()
    if said:
        return tuple(dict.fromkeys(code for word in said for code in own_codes(word, card.all_languages)))
    return card.suites[name].languages if name in card.suites else card.all_languages


def own_codes(word: str, codes: Sequence[str]) -> tuple[str, ...]:
    """A card's codes of a language, spelt as the card spells it or otherwise; () where it does not have it."""
    return (word,) if word in codes else meant(word, codes)


def has_suites(file: Path, raw: Mapping[Any, Any]) -> bool:
    """Does a file hold suites, one under `suite:` or several by name, and no task's card?"""
    return file.name in _FILES or _is_one(raw) or _are_several(raw)


def _is_one(raw: Mapping[Any, Any]) -> bool:
    return "suite" in raw and not {"kind", "include"} & set(raw)


def _are_several(raw: Mapping[Any, Any]) -> bool:
    return bool(raw) and all(isinstance(one, dict) and {"tasks", "groups"} & set(one) for one in raw.values())


def read_suites(file: Path, faults: list[str]) -> dict[str, Suite]:
    """Read a file of suites by name; what is wrong with one becomes a fault."""
    return {name: one.suite for name, one in suites_of(file, read_yaml(file), faults).items()}


def suites_of(file: Path, raw: Mapping[Any, Any], faults: list[str]) -> dict[str, ReadSuite]:
    """The suites that a file holds; what is wrong with one becomes a fault.

    Args:
        file: for the messages.
        raw: what it holds.
        faults: grows.
    """
    found: dict[str, ReadSuite] = {}
    if not raw:
        faults.append(f"{file}: no suite; expected suites by name, or one with its name under suite")
    several = not _is_one(raw) or isinstance(raw["suite"], dict)
    given = raw if several else {raw["suite"]: {key: value for key, value in raw.items() if key != "suite"}}
    for name, said in given.items():
        if not isinstance(name, str) or not NAMED.fullmatch(name) or len(name) > _LONGEST:
            where = "" if several else "suite: "
            faults.append(f"{file}: {where}found {shown(name)}, expected a name of letters, digits, - and _")
            continue
        above = (name,) if several else ()
        try:
            one = ReadSuite(Suite.model_validate(said), file, above)
        except ValidationError as error:
            faults += schema_faults(file, error.errors(), above, Suite)
            continue
        wrong = [one.at(fault) for fault in _unlike(one.suite)]
        faults += wrong
        if not wrong:
            found[name] = one
    return found


def twice(new: Mapping[str, ReadSuite], known: Mapping[str, ReadSuite]) -> list[str]:
    """Suites that two files of one folder have: none of these is the later one."""
    return [
        f"{one.file}: suite '{name}' stands in {known[name].file.name} too; give one of them another name"
        for name, one in new.items()
        if name in known and known[name].file != one.file and known[name].file.parent == one.file.parent
    ]


def files_beside(suites: Mapping[str, ReadSuite], known: Collection[str]) -> list[Path]:
    """The files of cards that a suite needs, nobody has, and that lie beside it: a suite may be named by its path."""
    wanted = [(one.file.parent, task) for one in suites.values() for task in one.suite.tasks if task not in known]
    files = {place / f"{task}.yaml": None for place, task in wanted if NAMED.fullmatch(task) and len(task) < _LONGEST}
    return [file for file in files if file.is_file()]


def _unlike(suite: Suite) -> list[str]:
    """What of a suite does not fit the rest of it."""
    if not suite.tasks:
        return ["tasks: none; name some, here or under groups"]
    twice = [f"tasks[{i}]: {shown(task)} stands twice" for i, task in enumerate(suite.tasks) if task in suite.tasks[:i]]
    lists: dict[str, tuple[str, ...]] = {f"groups.{name}": tasks for name, tasks in suite.groups.items()}
    lists |= {f"means.{name}": tasks for name, tasks in suite.means.items()} | {"unscored": suite.unscored}
    named = {f"{where}[{i}]": task for where, tasks in lists.items() for i, task in enumerate(tasks)}
    named |= {f"languages.{task}": task for task in suite.languages if task != EVERY}
    named |= {f"metrics.{task}": task for task in suite.metrics}
    strange = [
        f"{where}: {shown(task)} is not among the suite's tasks{did_you_mean(task, suite.tasks)}"
        for where, task in named.items()
        if task not in suite.tasks
    ]
    alone = set(suite.tasks) - {task for tasks in suite.groups.values() for task in tasks}
    lone = [task for task in suite.tasks if task in alone] if suite.mean == "groups" else []
    outside = [f"mean: a mean over groups leaves out {', '.join(lone)}; put them in groups"] if lone else []
    return [*twice, *strange, *outside]
