"""Averages that a source prints, beside what its own figures give."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from xtreme_harness.cards import Cards, Overall
from xtreme_harness.leaderboard.submissions import Figures, Submission
from xtreme_harness.metrics import METRICS
from xtreme_harness.scoring.means import left_to_right_mean, mean_of_sets

__all__ = ["disagreements", "over_languages", "recomputed"]

TOLERANCE = 0.1  # percent points: figures and averages are printed with one decimal


def recomputed(submission: Submission, cards: Cards) -> dict[str, tuple[float, float]]:
    """Printed averages beside what our own code makes of the printed figures: name -> (printed, recomputed).

    "xnli.accuracy" is a mean over languages; "mean" one over the tasks there are and "mean_of_groups" one over the
    groups there are, QA figures by the source's convention. What needs figures that are missing is left out.
    """
    found: dict[str, tuple[float, float]] = {}
    for task, printed in submission.tasks.items():
        means = over_languages(submission.languages.get(task, {}), printed)
        found |= {f"{task}.{name}": (printed[name], means[name]) for name in printed if name in means}
    values = _by_convention(submission, cards)
    suite = cards.suites[submission.suite]
    groups = {g: [values[t] for t in tasks] for g, tasks in suite.groups.items() if all(t in values for t in tasks)}
    averages = {group: left_to_right_mean(each) for group, each in groups.items()}
    if values:
        averages["mean"] = left_to_right_mean(values.values())
    if groups:
        averages["mean_of_groups"] = left_to_right_mean(averages[group] for group in groups)
    for name, one in {"all_task": Overall.of(suite.tasks), **suite.overalls("all_task")}.items():
        if one.over != "languages" and all(task in values for task in one.tasks):
            averages[name] = mean_of_sets(one.sets, values)
    return found | {n: (value, averages[n]) for n, value in submission.printed.items() if n in averages}


def disagreements(submission: Submission, cards: Cards, tasks: Collection[str]) -> list[str]:
    """One line an average that is printed more than 0.1 away from what its figures give.

    Args:
        submission: whose averages.
        cards: of all tasks.
        tasks: those that are shown; averages over others are not spoken of.
    """
    whole = set(submission.tasks) <= set(tasks)
    return [
        f"{submission.slug}: its source prints {name} {printed:g}; the figures here give {value:.2f}"
        for name, (printed, value) in recomputed(submission, cards).items()
        if abs(printed - value) > TOLERANCE + 1e-9 and (whole or name.split(".")[0] in tasks)
    ]


def over_languages(figures: Figures, metrics: Iterable[str]) -> dict[str, float]:
    """Metric -> mean over the languages, of the metrics that every language has."""
    shared = [name for name in metrics if figures and all(name in found for found in figures.values())]
    return {name: left_to_right_mean(found[name] for found in figures.values()) for name in shared}


def _by_convention(submission: Submission, cards: Cards) -> dict[str, float]:
    """Task -> its figure by the convention of the source's printed averages."""
    found = {}
    for task in submission.tasks:
        main = METRICS[cards.member(task, submission.suite).card.metric].main
        names = ("f1",) if len(main) > 1 and submission.convention == "f1" else main
        if all(name in submission.tasks[task] for name in names):
            found[task] = left_to_right_mean(submission.tasks[task][name] for name in names)
    return found
