"""Which jobs of a graph can begin, and graphs joined."""

from __future__ import annotations

from tests.fixtures.own_jobs import Own
from xtreme_harness.jobs import Failure, Graph, Outcome, joined
from xtreme_harness.jobs.graph import Ready

BROKEN = Failure("no data", ValueError("no data"))


def graph(**needs: str) -> Graph:
    """Jobs by their names; of each what it needs, with commas."""
    return Graph(
        tuple(Own(name) for name in needs), {name: tuple(told.split(",")) for name, told in needs.items() if told}
    )


def test_a_job_is_handed_out_when_all_that_it_needs_has_ended() -> None:
    ready = Ready(graph(a="", b="", c="a,b", d=""))
    taken = [job.name for job in iter(ready.take, None)]
    assert taken == ["a", "b", "d"]
    assert ready
    list(ready.end(Outcome(Own("a"))))
    assert ready.take() is None
    list(ready.end(Outcome(Own("b"))))
    last = ready.take()
    assert last is not None and last.name == "c"
    assert not ready


def test_what_needs_a_job_that_failed_comes_out_at_once_with_the_first_cause() -> None:
    ready = Ready(graph(a="", b="a", c="b", d="", e="c,d"))
    a = ready.take()
    assert a is not None
    found = list(ready.end(Outcome(a, failure=BROKEN)))
    assert [(one.job.name, one.need) for one in found] == [("a", None), ("b", "a"), ("c", "a"), ("e", "a")]
    assert all(one.failure is BROKEN for one in found)
    d = ready.take()
    assert d is not None and d.name == "d"
    assert [one.job.name for one in ready.end(Outcome(d))] == ["d"]


def test_a_job_that_stands_in_two_graphs_is_done_once() -> None:
    both = joined([graph(a="", b="a"), graph(a="", c="a")])
    assert [job.name for job in both.jobs] == ["a", "b", "c"]
    assert both.needs == {"b": ("a",), "c": ("a",)}
