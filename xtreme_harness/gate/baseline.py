"""Published figures as the old side: what of a submission stands beside a run's figures."""

from __future__ import annotations

from collections.abc import Mapping

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
    values = []
    for part in figure.parts:
        key = part[0][0]
        task = key.partition("@")[0]
        main = METRICS[cards.card(task).metric].main
        languages = submission.languages.get(task, {})
        doubtful = submission.doubtful.get(task, ())
        known = {
            code: value
            for code, found in languages.items()
            if code not in doubtful and (value := _headline(task, found, cards)) is not None
        }
        if all(code in known for _, code in part):
            values.append(left_to_right_mean(known[code] for _, code in part))
            continue
        printed = submission.tasks.get(task, {})
        whole = cards.card(task).suites.get(submission.suite)
        if whole is None or {code for _, code in part} != set(whole.languages) or not set(main) <= set(printed):
            return None
        values.append(left_to_right_mean(printed[name] for name in main))
    return left_to_right_mean(values)


def _headline(task: str, found: Mapping[str, float], cards: Cards) -> float | None:
    metric = METRICS[cards.card(task).metric]
    return headline(metric, found) if set(metric.main) <= set(found) else None


def require_same_split(submission: Submission, run: Result) -> None:
    """Raise DataError when the submission's figures are of another split than the run's."""
    if submission.split != run.split:
        told = f"its figures are of {submission.split}, those of {run.place} of {run.split}"
        raise DataError(f"{submission.slug}: {told}")
