"""A weighed graph for people, a few lines, and for programs, as JSON: what `--dry-run` says of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from xtreme_harness.evaluation.costs import CHOOSE, EVALUATE, TRAIN, Cost, Weighed
from xtreme_harness.jobs import critical_path, makespan
from xtreme_harness.plan.estimate import spoken

__all__ = ["SCHEMA_VERSION", "graph_json", "graph_lines"]

SCHEMA_VERSION = 1
_LINKS = 4  # of the path that are named; of a longer one the first and the last
_WORDS = {TRAIN: ("training", "trainings"), CHOOSE: ("choice among trials", "choices among trials")}
_MINUTE = 60.0


def graph_lines(own: Weighed, others: Mapping[int, Weighed]) -> list[str]:
    """How many jobs, the chain that takes longest, and how long all of it takes.

    Args:
        own: the graph as it would be carried out.
        others: number of workers -> the graph in the pieces that so many would get.
    """
    jobs = Counter(cost.does for cost in own.costs.values())
    parts = [_counted(jobs[does], *words) for does, words in _WORDS.items() if jobs[does]]
    if cells := sum(len(cost.cells) for cost in own.costs.values()):
        parts.append(f"{_counted(jobs[EVALUATE], 'piece', 'pieces')} of {_counted(cells, 'cell', 'cells')}")
    lines = [f"graph: {_counted(len(own.costs), 'job', 'jobs')}: {', '.join(parts)}"]
    path = critical_path(own.graph, own.takes)
    if not path:
        return lines
    chain = " -> ".join(_links([_link(own.costs[name]) for name in path]))
    if own.untold:
        return [
            *lines,
            f"critical path, by the number of jobs: {chain}; {_counted(own.untold, 'time', 'times')} untold",
        ]
    return [*lines, f"critical path: {chain}: {_times(own, others, sum(own.takes[name] for name in path))}"]


def graph_json(own: Weighed, command: Sequence[str], alone: Mapping[str, Sequence[str]]) -> dict[str, Any]:
    """The graph for other programs; `graph.schema.json` says what it holds.

    Args:
        own: the graph.
        command: what collects what the jobs left.
        alone: name of a job -> what does it alone.
    """
    path = critical_path(own.graph, own.takes)
    length = None if own.untold else _rounded(sum(own.takes[name] for name in path))
    return {
        "schema_version": SCHEMA_VERSION,
        "output": _whole(own.output),
        "folder": _whole(Path()),
        "jobs": [
            {"name": job.name, **_fields(own.costs[job.name], own.graph.needs_of(job)), "command": [*alone[job.name]]}
            for job in own.graph.jobs
        ],
        "critical_path": {"jobs": list(path), "seconds": length},
        "seconds": _rounded(own.seconds),
        "command": [*command],
    }


def _fields(cost: Cost, needs: Sequence[str]) -> dict[str, Any]:
    return {
        "does": cost.does,
        "run": _whole(cost.run),
        "needs": list(needs),
        "cells": [[cell.key, cell.language] for cell in cost.cells] or None,
        "tokens": cost.tokens,
        "seconds": _rounded(cost.seconds),
        "outputs": [_whole(path) for path in cost.outputs],
    }


def _whole(path: Path) -> str:
    """A path that means the same wherever it is read."""
    return str(path.absolute())


def _rounded(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds, 3)


def _times(own: Weighed, others: Mapping[int, Weighed], path: float) -> str:
    """How long it takes, with few workers and with many."""
    total = own.seconds or 0.0
    if total < _MINUTE or len(own.costs) == 1:
        return f"{spoken(total)} in all"
    parts = [f"{spoken(path)} of {spoken(total)} in all"]
    parts += [f"with {n} workers {spoken(makespan(one.graph, one.takes, n))}" for n, one in others.items()]
    return "; ".join(parts)


def _counted(number: int, one: str, several: str) -> str:
    return f"{number} {one if number == 1 else several}"


def _link(cost: Cost) -> str:
    return cost.label if cost.seconds is None or cost.does == CHOOSE else f"{cost.label} ({spoken(cost.seconds)})"


def _links(path: Sequence[str]) -> list[str]:
    """The links that are named, and how many are not."""
    if len(path) <= _LINKS:
        return [*path]
    return [*path[: _LINKS - 2], f"{len(path) - _LINKS + 1} more", path[-1]]
