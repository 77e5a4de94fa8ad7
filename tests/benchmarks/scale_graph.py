"""The graph of a full pass, from cards alone: official counts and lengths; no data are read and no Hub is asked.

Cells that the Hub does not have are left out, as in a run that reads from there: LAReQA, Mewsli-X, BUCC.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from unittest.mock import patch

from xtreme_harness.data.sources import HubFound
from xtreme_harness.evaluation.costs import EVALUATE, TRAIN, Weighed, weigh_runs
from xtreme_harness.evaluation.evaluate import runs_of
from xtreme_harness.plan.estimate import Found
from xtreme_harness.plan.evaluate import prepare_evaluation
from xtreme_harness.plan.pieces import tokens_of
from xtreme_harness.plan.request import EvalRequest

__all__ = ["floating_point_operations", "grid_graph", "pass_graph"]

_INTERMEDIATES = ("mnli", "squad", "hellaswag", "qqp", "cosmosqa", "commonsenseqa", "snli", "ccg")


def pass_graph(tasks: Sequence[str], seeds: Sequence[int] = (), settings: Sequence[str] = ()) -> Weighed:
    """`eval` with training, in the pieces of a cluster.

    Args:
        tasks: as `--tasks`.
        seeds: as `--seeds`.
        settings: as `--set`, over the recipe of XTREME's own scripts.
    """
    with _without_hub() as base:
        asked = EvalRequest.of(
            base, tasks, output=base.parent / "out", executor="ray", seeds=seeds, settings=settings, device="cpu"
        )
        prepared = prepare_evaluation(asked)
        return weigh_runs(runs_of(prepared), prepared.output, Found())


def grid_graph(bases: int, intermediates: int, seeds: int, targets: Sequence[str]) -> Weighed:
    """`train --grid` of so many bases of one size, intermediate tasks and seeds, in the pieces of a cluster."""
    from xtreme_harness.grid.grid import runs_of as runs_of_grid
    from xtreme_harness.grid.prepare import GridRequest, prepare_grid
    from xtreme_harness.grid.schema import read_grid

    with _without_hub() as base:
        names = ", ".join(f"{{model: {base}, name: base-{number}}}" for number in range(bases))
        file = base.parent / "grid.yaml"
        file.write_text(
            f"bases: [{names}]\nintermediates: [{', '.join(_INTERMEDIATES[:intermediates])}]\n"
            f"targets: [{', '.join(targets)}]\nseeds: {list(range(1, seeds + 1))}\ndevice: cpu\n",
            "utf-8",
        )
        prepared = prepare_grid(GridRequest(read_grid(file), base.parent / "out", executor="ray"))
        return weigh_runs(runs_of_grid(prepared), prepared.request.output, Found())


def floating_point_operations(graph: Weighed, parameters: float) -> dict[str, float]:
    """Name of a job -> what it computes: 2 a parameter and token forward, 6 where it trains; attention not counted.

    Args:
        graph: the jobs with their tokens; where the official size of a cell is not known, what executors assume.
        parameters: of the encoder without its embeddings.
    """
    found = {}
    for name, cost in graph.costs.items():
        assumed = sum(tokens_of(cell, None) for cell in cost.cells) if cost.does == EVALUATE else 0
        tokens = cost.tokens if cost.tokens is not None else assumed
        found[name] = (6 if cost.does == TRAIN else 2) * parameters * tokens
    return found


@contextmanager
def _without_hub() -> Iterator[Path]:
    """A folder with a small encoder; a data set of the Hub has a revision without anybody being asked."""
    from tests.fixtures.families import build

    with (
        tempfile.TemporaryDirectory(prefix="xharness-scale-") as folder,
        patch.object(HubFound, "_revision", lambda found: "0" * 40),
        patch.object(HubFound, "hashes", lambda found: {}),
    ):
        yield build("bert", None, Path(folder) / "base")
