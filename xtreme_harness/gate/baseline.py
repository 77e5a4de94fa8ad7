"""Published figures as the old side: what of a submission stands beside a run's figures."""

from __future__ import annotations

from collections.abc import Sequence

from xtreme_harness.cards import Cards
from xtreme_harness.comparison.figures import Figure
from xtreme_harness.errors import DataError
from xtreme_harness.leaderboard.submissions import Submission
from xtreme_harness.metrics import METRICS
from xtreme_harness.results.result import Result
from xtreme_harness.scoring.means import headline, left_to_right_mean

__all__ = ["published_value", "require_same_split"]


def published_value(figure: Figure, submission: Submission, cards: Cards) -> float | None:
    """The submission's figure, percent; None where its source does not have it.

    A task's mean is that of the printed figures of the languages, or else the printed mean, where the run has all the
    languages that it is over. Figures of QA that are F1 alone are not the mean of exact match and F1, and not used.
    """
    values = [_part(part, submission, cards) for part in figure.parts]
    known = [value for value in values if value is not None]
    return figure.joined(known) if len(known) == len(values) else None


def _part(part: Sequence[tuple[str, str]], submission: Submission, cards: Cards) -> float | None:
    """The mean over some cells: of one task, or of one language in several."""
    cells = [_cell(key.partition("@")[0], code, submission, cards) for key, code in part]
    known = [value for value in cells if value is not None]
    if len(known) == len(cells):
        return left_to_right_mean(known)
    task, *others = dict.fromkeys(key.partition("@")[0] for key, _ in part)
    if others or task not in cards.suites[submission.suite].tasks:
        return None
    whole, printed = cards.member(task, submission.suite), submission.tasks.get(task, {})
    main = METRICS[whole.card.metric].main
    if {code for _, code in part} != set(whole.languages) or not set(main) <= set(printed):
        return None
    return left_to_right_mean(printed[name] for name in main)


def _cell(task: str, code: str, submission: Submission, cards: Cards) -> float | None:
    found = submission.languages.get(task, {}).get(code, {})
    metric = METRICS[cards.member(task, submission.suite).card.metric]
    doubtful = code in submission.doubtful.get(task, ())
    return headline(metric, found) if not doubtful and set(metric.main) <= set(found) else None


def require_same_split(submission: Submission, run: Result) -> None:
    """Raise DataError when the submission's figures are of another split than the run's."""
    if submission.split != run.split:
        told = f"its figures are of {submission.split}, those of {run.place} of {run.split}"
        raise DataError(f"{submission.slug}: {told}")
