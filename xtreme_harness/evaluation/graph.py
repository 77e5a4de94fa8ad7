"""What an evaluation is as jobs: the stages that are missing, and the cells, in pieces."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from xtreme_harness.evaluation.job import EvaluateCells
from xtreme_harness.jobs import Graph, Job
from xtreme_harness.plan.cells import Cell
from xtreme_harness.plan.evaluate import PreparedEvaluation
from xtreme_harness.plan.pieces import largest_piece, pieces
from xtreme_harness.training.job import training_graph

__all__ = ["evaluation_graph"]


def evaluation_graph(prepared: PreparedEvaluation, name: str = "", needs: Sequence[str] = ()) -> Graph:
    """The stages that are missing and the cells as jobs; a piece of cells is answered by one loaded model.

    Args:
        prepared: the evaluation.
        name: of the run, where there are several.
        needs: the jobs that train what it starts from, where that is still to be trained.
    """
    request, options, start = prepared.request, prepared.options, prepared.start
    label = f"{name}: " if name else ""
    jobs: dict[str, Job] = {}
    needed: dict[str, tuple[str, ...]] = {}
    by_unit = prepared.plan.units()
    most = largest_piece(prepared.plan.cells, request.engine, options.limit)
    groups: list[tuple[Cell, list[EvaluateCells]]] = []

    def add(cells: Sequence[Cell], before: Sequence[str], **where: Any) -> None:
        own = [
            EvaluateCells(label + _said(part), tuple(part), options, **where)
            for part in pieces(cells, most, options.limit)
        ]
        groups.append((cells[0], own))
        needed.update({job.name: tuple(before) for job in own if before})

    for unit in prepared.units:
        folders = prepared.folders_of(unit)
        graph = training_graph(
            prepared.units[unit], folders, replace_other=True, tracker=request.tracker, home=options.output,
            start=start, needs=needs,
        )  # fmt: skip
        jobs |= {job.name: job for job in graph.jobs if job.name not in jobs}  # languages may share a stage
        needed |= graph.needs
        add(by_unit[unit], [graph.jobs[-1].name], trained=folders[-1])
    for cells in _ready(prepared):
        if start is None:
            add(cells, (), setups={cell.name: prepared.setups[cell.name] for cell in cells})
        else:
            add(cells, needs, trained=start)
    groups.sort(key=lambda group: prepared.plan.cells.index(group[0]))
    return Graph((*jobs.values(), *(job for _, own in groups for job in own)), needed)


def _ready(prepared: PreparedEvaluation) -> Iterator[list[Cell]]:
    """The cells for which nothing is trained, by the model that answers them."""
    found: dict[Any, list[Cell]] = {}
    for cell in prepared.plan.cells:
        if cell.name in prepared.setups:
            found.setdefault(prepared.setups[cell.name].key, []).append(cell)
    yield from found.values()


def _said(cells: Sequence[Cell]) -> str:
    """A name for the job of some cells, which no other job of the evaluation has."""
    more = f" and {len(cells) - 1} more" if len(cells) > 1 else ""
    return f"evaluate {cells[0].name}{more}"
