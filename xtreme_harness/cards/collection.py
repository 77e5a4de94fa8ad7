"""All known cards and suites, by name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path

from xtreme_harness.cards.schema import TaskCard
from xtreme_harness.cards.suites import Member, Suite, member_of
from xtreme_harness.errors import CardError, did_you_mean
from xtreme_harness.files.shown import shown

__all__ = ["Cards"]


@dataclass(frozen=True, slots=True)
class Cards:
    """All known cards and suites."""

    tasks: Mapping[str, TaskCard]
    suites: Mapping[str, Suite]
    places: Mapping[str, str]  # card -> its file
    suite_places: Mapping[str, str] = field(default_factory=dict)  # suite -> its file

    def card(self, name: str) -> TaskCard:
        """Return the card of a name; CardError with the nearest name otherwise."""
        if name not in self.tasks:
            raise CardError(f"unknown task '{name}'{did_you_mean(name, self.tasks)}; see `xharness tasks list`")
        return self.tasks[name]

    def suite(self, name: str, where: str = "") -> Suite:
        """Return the suite of a name; CardError with the nearest name otherwise.

        Args:
            name: of the suite.
            where: the flag or file that names it, for the message.
        """
        if name not in self.suites:
            near = did_you_mean(name, self.suites) or f"; known: {', '.join(self.suites)}"
            raise CardError(f"{where}unknown suite {shown(name)}{near}; --include-path names the place of others")
        return self.suites[name]

    def member(self, task: str, suite: str) -> Member:
        """A task as a suite asks for it; of a suite that does not have it, all that its card has."""
        return member_of(self.card(task), suite, self.suites.get(suite))

    def suites_of(self, task: str) -> dict[str, Member]:
        """Suite -> the task as it asks for it, of the suites that have the task."""
        return {name: self.member(task, name) for name, suite in self.suites.items() if task in suite.tasks}

    def within(self, place: Path) -> tuple[list[str], list[str]]:
        """The suites and the cards that a file, or a folder, gave."""
        files = [str(file) for file in ([place] if place.is_file() else sorted(place.glob("*.yaml")))]
        suites = [name for file in files for name, its in self.suite_places.items() if its == file]
        return suites, [name for file in files for name, its in self.places.items() if its == file]

    def groups(self) -> dict[str, tuple[str, ...]]:
        """Group -> tasks, over all suites and cards; a name that suites of several files use is the first file's."""
        found: dict[str, dict[str, None]] = {}
        owners: dict[str, str] = {}
        for name, suite in self.suites.items():
            file = self.suite_places.get(name, "")
            for group, tasks in suite.groups.items():
                if owners.setdefault(group, file) == file:
                    found.setdefault(group, {}).update(dict.fromkeys(tasks))
        for card in self.tasks.values():
            for group in card.groups:
                found.setdefault(group, {})[card.name] = None
        return {group: tuple(tasks) for group, tasks in found.items()}

    def select(self, name: str) -> tuple[str, ...]:
        """Task names that a group, task or glob stands for; CardError when none."""
        if name in self.tasks:
            return (name,)
        if name in (groups := self.groups()):
            return groups[name]
        found = tuple(task for task in self.tasks if fnmatchcase(task, name)) if any(c in name for c in "*?[") else ()
        if not found:
            known = [*self.suites, *groups, *self.tasks]
            raise CardError(f"unknown task '{name}'{did_you_mean(name, known)}; see `xharness tasks list`")
        return found
