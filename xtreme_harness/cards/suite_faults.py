"""What is wrong with suites beside the cards: tasks, languages, metrics that nobody has; names that are taken."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

from xtreme_harness.cards.faults import vocabulary_faults
from xtreme_harness.cards.schema import TaskCard, Vocabulary
from xtreme_harness.cards.suites import EVERY, NAMED, ReadSuite, member_of, own_codes
from xtreme_harness.errors import did_you_mean
from xtreme_harness.files.shown import shown, some
from xtreme_harness.languages import nearest_code

__all__ = ["suite_faults"]

_SCOPES = ("tasks",)  # of what is asked for by name; stands where a suite's name would
_KEYS = ("xharness", "all_task")  # of the leaderboard's file


def suite_faults(suites: Mapping[str, ReadSuite], tasks: Mapping[str, TaskCard], words: Vocabulary) -> list[str]:
    """One line a fault of every suite: file, key path, what was found, what was expected."""
    groups = {group: f"the card {card.name}" for card in tasks.values() for group in card.groups}
    for name, one in suites.items():
        groups |= {group: f"the suite {name}" for group in one.suite.groups if group not in groups}
    found: list[str] = []
    for name, one in suites.items():
        inside = [
            *_unknown_tasks(one, tasks), *_unknown_languages(one, tasks), *_unknown_metrics(one, tasks, words),
            *_taken(one, tasks),
        ]  # fmt: skip
        found += [*(one.at(fault) for fault in inside), *_name_taken(name, one, tasks, groups)]
    return found


def _unknown_tasks(one: ReadSuite, tasks: Mapping[str, TaskCard]) -> Iterator[str]:
    suite = one.suite
    if "tasks" in suite.model_fields_set:
        lists = {"tasks": suite.tasks}
    else:
        lists = {f"groups.{group}": members for group, members in suite.groups.items()}
    for where, members in lists.items():
        for i, task in enumerate(members):
            if task not in tasks:
                yield f"{where}[{i}]: unknown task {shown(task)}{did_you_mean(task, tasks)}"


def _unknown_languages(one: ReadSuite, tasks: Mapping[str, TaskCard]) -> Iterator[str]:
    suite = one.suite
    known = {task: tasks[task].all_languages for task in suite.tasks if task in tasks}
    rest = {task: codes for task, codes in known.items() if task not in suite.languages}
    for task, words in suite.languages.items():
        theirs = rest if task == EVERY else {task: known[task]} if task in known else {}
        there = list(dict.fromkeys(code for codes in theirs.values() for code in codes))
        told: set[str] = set()
        for i, word in enumerate(words):
            where, found = f"languages.{task}[{i}]", {c for its in theirs.values() for c in own_codes(word, its)}
            if theirs and not found:
                what = "none of the tasks has" if task == EVERY else f"{task} does not have"
                yield f"{where}: {what} {shown(word)}{nearest_code(word, there) or f'; there are {some(there, 20)}'}"
            elif found and found <= told:
                yield f"{where}: {shown(word)} stands twice"
            told |= found
    for task, codes in rest.items():
        every = suite.languages.get(EVERY)
        if every and not any(own_codes(word, codes) for word in every):
            yield f"languages: {task} has none of them; name its own under languages.{task}, or leave the task out"


def _unknown_metrics(one: ReadSuite, tasks: Mapping[str, TaskCard], words: Vocabulary) -> Iterator[str]:
    for task, metric in one.suite.metrics.items():
        where = f"metrics.{task}"
        if metric not in words.metrics:
            near = did_you_mean(metric, words.metrics) or f"; known: {', '.join(sorted(words.metrics))}"
            yield f"{where}: unknown metric {shown(metric)}{near}"
        elif task in tasks:
            usual = vocabulary_faults(tasks[task], words)
            mine = member_of(tasks[task], "", one.suite).card
            yield from (
                f"{where}: {fault.removeprefix('metric: ')}"
                for fault in vocabulary_faults(mine, words)
                if fault not in usual
            )


def _taken(one: ReadSuite, tasks: Mapping[str, TaskCard]) -> Iterator[str]:
    """Names of groups and means that are keys of something else in the files of a run."""
    suite = one.suite
    means = {f"means.{name}": name for name in suite.means}
    means |= {"overall": suite.overall} if isinstance(suite.overall, str) else {}
    cells = {f"{task}_{code}" for task in suite.tasks if task in tasks for code in tasks[task].all_languages}
    for where, name in [*((f"groups.{group}", group) for group in suite.groups), *means.items()]:
        if not NAMED.fullmatch(name):
            yield f"{where}: found {shown(name)}, expected a name of letters, digits, - and _"
        elif name in suite.tasks or name in _KEYS or name in cells:
            what = "a task" if name in tasks else "a cell" if name in cells else "another key"
            yield f"{where}: '{name}' is {what} of the same file; give it another name"
        elif where in means and (name in suite.groups or (where != "overall" and name == suite.overall)):
            yield f"{where}: '{name}' is the name of another mean of this suite; give it another"


def _name_taken(name: str, one: ReadSuite, tasks: Collection[str], groups: Mapping[str, str]) -> Iterator[str]:
    where = f"{one.file}: {name}" if one.above else f"{one.file}: suite"
    if name in tasks or name in _SCOPES:
        what = "a task" if name in tasks else "what is asked for by name"
        yield f"{where}: '{name}' is the name of {what}; give the suite another"
    elif name in groups:
        yield f"{where}: '{name}' is the name of a group of {groups[name]}; give the suite another"
