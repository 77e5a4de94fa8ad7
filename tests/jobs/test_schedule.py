"""How long graphs take: the longest chain, and all of them with some workers."""

from __future__ import annotations

import random

import pytest

from tests.fixtures.own_jobs import Own
from xtreme_harness.jobs import Graph, critical_path, makespan


def graph(needs: dict[str, tuple[str, ...]]) -> Graph:
    return Graph(tuple(Own(name) for name in needs), {name: before for name, before in needs.items() if before})


TWO_CHAINS = graph({"train a": (), "train b": (), "a": ("train a",), "b1": ("train b",), "b2": ("train b",)})
TAKES = {"train a": 5.0, "train b": 3.0, "a": 1.0, "b1": 2.0, "b2": 4.0}


def test_the_path_is_the_chain_that_takes_longest_not_the_one_of_most_jobs() -> None:
    assert critical_path(TWO_CHAINS, TAKES) == ("train b", "b2")
    assert critical_path(TWO_CHAINS, {**TAKES, "train a": 9.0}) == ("train a", "a")
    chain = graph({"a": (), "b": ("a",), "c": ("b",), "d": ("a", "c")})
    assert critical_path(chain, dict.fromkeys("abcd", 1.0)) == ("a", "b", "c", "d")
    assert critical_path(graph({"a": (), "b": ()}), {"a": 1.0, "b": 2.0}) == ("b",)
    assert critical_path(Graph(), {}) == ()


@pytest.mark.parametrize(("workers", "time"), [(1, 15.0), (2, 9.0), (3, 7.0), (100, 7.0)])
def test_a_free_worker_takes_the_first_job_that_can_begin(workers: int, time: float) -> None:
    """Two workers: a from 5 to 6 beside b1 from 3 to 5, then b2 from 5 to 9."""
    assert makespan(TWO_CHAINS, TAKES, workers) == time
    assert makespan(Graph(), {}, workers) == 0


def random_graph(seed: int) -> tuple[Graph, dict[str, float]]:
    draw = random.Random(seed)
    needs = {f"{n}": tuple({f"{draw.randrange(n)}" for _ in range(draw.randrange(3)) if n}) for n in range(30)}
    return graph(needs), {name: draw.randint(1, 9) / 4 for name in needs}


@pytest.mark.parametrize("seed", range(20))
def test_it_is_no_faster_than_the_path_or_the_workers_and_no_slower_than_both(seed: int) -> None:
    one, takes = random_graph(seed)
    path = sum(takes[name] for name in critical_path(one, takes))
    for workers in (1, 2, 3, 7, 30):
        time = makespan(one, takes, workers)
        assert max(path, sum(takes.values()) / workers) - 1e-9 <= time <= sum(takes.values()) / workers + path
