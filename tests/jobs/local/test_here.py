"""Jobs in this process: order, needs, and what a failure stops."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pytest

from tests.fixtures.own_jobs import Saying
from xtreme_harness.errors import DataError, OutputError
from xtreme_harness.jobs import SILENT, Graph, Outcome
from xtreme_harness.jobs.local.here import run_here

BROKEN = DataError("no data")


def ended(jobs: Sequence[Saying], needs: Mapping[str, tuple[str, ...]]) -> dict[str, Outcome]:
    return {outcome.job.name: outcome for outcome in run_here(Graph(tuple(jobs), needs), SILENT)}


def says(name: str, what: object) -> Saying:
    return Saying(name, says=what)


def test_all_jobs_end_in_their_order() -> None:
    found = ended([says("a", 1), says("b", 2), says("c", 3)], {"c": ("a", "b")})
    assert [(name, outcome.left) for name, outcome in found.items()] == [("a", 1), ("b", 2), ("c", 3)]


def test_a_failure_stops_what_needs_it_and_nothing_else() -> None:
    jobs = [says("train a", BROKEN), says("train b", 2), says("a", 3), says("b", 4), says("after a", 5)]
    found = ended(jobs, {"a": ("train a",), "b": ("train b",), "after a": ("b", "a")})
    assert {name: outcome.left for name, outcome in found.items() if outcome.failure is None} == {"train b": 2, "b": 4}
    assert (found["train a"].need, found["a"].need, found["after a"].need) == (None, "train a", "train a")
    assert found["after a"].failure is found["train a"].failure


def test_what_nothing_can_follow_ends_all() -> None:
    seen = []
    with pytest.raises(OutputError):
        for outcome in run_here(Graph((says("a", 1), says("b", OutputError("full")), says("c", 3))), SILENT):
            seen.append(outcome.job.name)
    assert seen == ["a"]
