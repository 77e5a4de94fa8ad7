"""The job that evaluates cells of one checkpoint."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from xtreme_harness.evaluation.cell import Done, evaluate_cell, failed_cell, find_cell
from xtreme_harness.evaluation.predictors import Predictor, load_predictor
from xtreme_harness.evaluation.saved import discard, saved_paths
from xtreme_harness.files.lasting import Lasting
from xtreme_harness.jobs import Failure, Job, Watch, attempt
from xtreme_harness.plan.cells import Cell
from xtreme_harness.plan.evaluate import PreparedEvaluation
from xtreme_harness.plan.loading import Hashes
from xtreme_harness.plan.options import Options
from xtreme_harness.plan.paths import NOTES
from xtreme_harness.plan.setups import Setup, find_setups
from xtreme_harness.training.job import training_jobs

__all__ = ["EvaluateCells", "Evaluated", "evaluation_jobs"]

log = logging.getLogger("xtreme_harness")
Fields = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Evaluated:
    """What a job left."""

    done: tuple[Done, ...]
    setups: Mapping[str, Setup]  # by the name of the cell


@dataclass(frozen=True, slots=True)
class EvaluateCells:
    """Evaluate cells that one checkpoint answers: first what is kept from an earlier run, then the others."""

    name: str
    cells: tuple[Cell, ...]
    options: Options
    context: Mapping[str, Any]  # fields of the fingerprint that are the same for all cells
    setups: Mapping[str, Setup] | None = None  # None: they are found in the folder that was trained for these cells
    trained: Path | None = None

    @property
    def model_is_there(self) -> bool:
        """Is the checkpoint there that the cells ask, where it is trained for them?"""
        return self.trained is None or (self.trained / NOTES).is_file()

    def found_setups(self) -> Mapping[str, Setup]:
        """The model of every cell; of a trained checkpoint only when it is there.

        Raises:
            ModelError: it does not fit.
        """
        if self.setups is not None:
            return self.setups
        return find_setups(self.cells, self.options, Hashes(), self.trained)

    def run(self, watch: Watch) -> Evaluated:
        """Evaluate the cells; a fault in one does not stop the others."""
        setups = self.found_setups()
        done: list[Done] = []
        with Lasting(self.options.output) as files:
            for one in self._each(setups, watch):
                files.add(saved_paths(self.options.output, one.cell))
                done.append(one)
                watch.cell(one)
        return Evaluated(tuple(done), setups)

    def _each(self, setups: Mapping[str, Setup], watch: Watch) -> Iterator[Done]:
        left: dict[Any, list[tuple[Cell, Fields]]] = {}
        for cell in self.cells:
            kept, fields = find_cell(cell, setups[cell.name], self.options, self.context)
            if kept is None:
                left.setdefault(setups[cell.name].key, []).append((cell, fields))
            else:
                yield kept
        for members in left.values():
            for one in self._computed(setups[members[0][0].name], members, watch):
                log.info("%s: %s", one.cell.name, one.status)
                yield one

    def left_on_disk(self) -> Evaluated:
        """The cells whose files are written, where a run was interrupted before its end."""
        setups = self.found_setups()
        there = [find_cell(cell, setups[cell.name], self.options, self.context)[0] for cell in self.cells]
        return Evaluated(tuple(one for one in there if one is not None and one.status == "kept"), setups)

    def _computed(self, setup: Setup, members: Sequence[tuple[Cell, Fields]], watch: Watch) -> Iterator[Done]:
        """The cells that one loaded model answers; where it cannot be loaded, all of them as failed."""
        dtype = setup.dtype(self.options, self.context)
        now = [members[0][0]]  # the cell that is computed, for whoever is told of its sequences
        predictor = attempt(
            self.name,
            lambda: load_predictor(setup, self.options, dtype, lambda n: watch.sequences(now[0], n)),
        )
        for cell, fields in members:
            now[0] = cell
            if isinstance(predictor, Failure):
                yield failed_cell(cell, predictor.message)
            else:
                yield self._one(cell, predictor, fields)

    def _one(self, cell: Cell, predictor: Predictor, fields: Fields) -> Done:
        def work() -> Done:
            discard(self.options.output, cell)
            return evaluate_cell(cell, predictor, fields, self.options)

        done = attempt(cell.name, work)
        return failed_cell(cell, done.message) if isinstance(done, Failure) else done


def evaluation_jobs(prepared: PreparedEvaluation) -> tuple[list[Job], dict[str, Sequence[str]]]:
    """The stages that are missing and the cells as jobs; cells of one loaded model stand together.

    Returns:
        the jobs in order, and the names of those that each needs.
    """
    request, options = prepared.request, prepared.options
    jobs: list[Job] = []
    needs: dict[str, Sequence[str]] = {}
    units = prepared.plan.units()
    groups: list[EvaluateCells] = []
    for name, unit in prepared.units.items():
        folders = prepared.folders_of(name)
        stages, own = training_jobs(unit, folders, replace_other=True, tracker=request.tracker)
        jobs += [job for job in stages if job.name not in needs]  # languages may share a stage before their own
        needs |= own
        groups.append(EvaluateCells(_said(units[name]), units[name], options, prepared.context, None, folders[-1]))
        needs[groups[-1].name] = [stages[-1].name]
    ready: dict[Any, list[Cell]] = {}
    for cell in prepared.plan.cells:
        if cell.name in prepared.setups:
            ready.setdefault(prepared.setups[cell.name].key, []).append(cell)
    for cells in ready.values():
        own_setups = {cell.name: prepared.setups[cell.name] for cell in cells}
        groups.append(EvaluateCells(_said(cells), tuple(cells), options, prepared.context, own_setups))
    first = {group.name: prepared.plan.cells.index(group.cells[0]) for group in groups}
    return [*jobs, *sorted(groups, key=lambda group: first[group.name])], needs


def _said(cells: Sequence[Cell]) -> str:
    """A name for the job of some cells, which no other job of the evaluation has."""
    more = f" and {len(cells) - 1} more" if len(cells) > 1 else ""
    return f"evaluate {cells[0].name}{more}"
