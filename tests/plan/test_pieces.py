"""Cells in pieces: none is lost or doubled, one worker gets a model's cells whole, several get shares."""

from __future__ import annotations

from pathlib import Path

import pytest

from xtreme_harness.evaluation.graph import evaluation_graph
from xtreme_harness.evaluation.job import EvaluateCells
from xtreme_harness.jobs import Engine
from xtreme_harness.plan.evaluate import prepare_evaluation
from xtreme_harness.plan.pieces import largest_piece, pieces, tokens_of
from xtreme_harness.plan.request import EvalRequest


def cells_of(tasks: str = "xnli,pawsx") -> tuple:
    return prepare_evaluation(EvalRequest.of("oracle", tasks, data="samples")).plan.cells


@pytest.mark.parametrize("share", [1, 2, 3, 7, 100])
def test_every_cell_stands_in_one_piece_in_order_and_none_is_larger_than_it_may_be(share: int) -> None:
    cells = cells_of()
    most = sum(tokens_of(cell, None) for cell in cells) / share
    found = pieces(cells, most, None)
    assert [cell for piece in found for cell in piece] == list(cells)
    assert all(len(piece) == 1 or sum(tokens_of(cell, None) for cell in piece) <= most for piece in found)
    assert len(found) >= share if share <= len(cells) else len(found) == len(cells)


def test_one_worker_gets_them_whole_and_several_get_shares_of_all() -> None:
    cells = cells_of()
    total = sum(tokens_of(cell, None) for cell in cells)
    assert largest_piece(cells, Engine(device="cpu"), None) == float("inf")
    assert largest_piece(cells, Engine(workers=2), None) == total / 4
    assert largest_piece(cells, Engine(executor="slurm", workers=2), None) == 4_000_000


def test_a_limit_makes_cells_smaller() -> None:
    (cell, *_) = cells_of("xnli")
    assert cell.card.count("test", cell.language) == 5010
    assert tokens_of(cell, 501) == pytest.approx(tokens_of(cell, None) / 10, rel=0.1)


def test_the_jobs_of_a_graph_have_names_of_their_own(tmp_path: Path) -> None:
    asked = EvalRequest.of("oracle", ["xtreme", "xtreme-r"], data="samples", output=tmp_path, workers=4)
    prepared = prepare_evaluation(asked)
    graph = evaluation_graph(prepared, "seed-1")
    jobs = [job for job in graph.jobs if isinstance(job, EvaluateCells)]
    assert len({job.name for job in graph.jobs}) == len(graph.jobs) > 4
    assert all(job.name.startswith("seed-1: evaluate ") for job in jobs)
    assert sorted(cell.name for job in jobs for cell in job.cells) == sorted(cell.name for cell in prepared.plan.cells)
