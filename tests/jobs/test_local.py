"""The executor of this process: order, needs, and what a failure stops."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from tests.jobs.test_job import Saying
from xtreme_harness.errors import DataError, OutputError
from xtreme_harness.jobs import EXECUTORS, SILENT, Outcome, run_local

BROKEN = DataError("no data")


def ended(jobs: Sequence[Saying], needs: dict[str, list[str]]) -> dict[str, Outcome]:
    return {outcome.job.name: outcome for outcome in run_local(jobs, needs, SILENT)}


def test_it_is_the_executor_of_that_name() -> None:
    assert {"local": run_local} == EXECUTORS


def test_all_jobs_end_in_their_order() -> None:
    found = ended([Saying("a", 1), Saying("b", 2), Saying("c", 3)], {"c": ["a", "b"]})
    assert [(name, outcome.left) for name, outcome in found.items()] == [("a", 1), ("b", 2), ("c", 3)]


def test_a_failure_stops_what_needs_it_and_nothing_else() -> None:
    jobs = [Saying("train a", BROKEN), Saying("train b", 2), Saying("a", 3), Saying("b", 4), Saying("after a", 5)]
    found = ended(jobs, {"a": ["train a"], "b": ["train b"], "after a": ["b", "a"]})
    assert {name: outcome.left for name, outcome in found.items() if outcome.failure is None} == {"train b": 2, "b": 4}
    assert (found["train a"].need, found["a"].need, found["after a"].need) == (None, "train a", "train a")
    assert found["after a"].failure is found["train a"].failure


def test_what_nothing_can_follow_ends_all() -> None:
    seen = []
    with pytest.raises(OutputError):
        for outcome in run_local([Saying("a", 1), Saying("b", OutputError("full")), Saying("c", 3)], {}, SILENT):
            seen.append(outcome.job.name)
    assert seen == ["a"]
