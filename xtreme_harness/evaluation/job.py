"""The job that evaluates cells of one checkpoint."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from xtreme_harness.errors import XHarnessError
from xtreme_harness.evaluation.cell import Done, evaluate_cell, failed_cell, find_cell
from xtreme_harness.evaluation.predictors import Predictor, load_predictor
from xtreme_harness.evaluation.saved import discard, saved_paths
from xtreme_harness.files.lasting import Lasting
from xtreme_harness.jobs import Failure, Watch, attempt
from xtreme_harness.plan.cells import Cell
from xtreme_harness.plan.fetching import Fetch, of_cells
from xtreme_harness.plan.loading import Hashes
from xtreme_harness.plan.options import Options
from xtreme_harness.plan.paths import NOTES, record_path
from xtreme_harness.plan.setups import Setup, environment, find_setups, stages_of
from xtreme_harness.results.record import read_cell

__all__ = ["EvaluateCells", "Evaluated"]

log = logging.getLogger("xtreme_harness")
Fields = Mapping[str, Any]
_EVERY = 1.0  # seconds between words about the sequences of a cell


@dataclass(frozen=True, slots=True)
class Evaluated:
    """What a job left."""

    done: tuple[Done, ...]
    stages: Mapping[str, list[dict[str, Any]]]  # by the name of the cell: the lineage of what answered it


@dataclass(frozen=True, slots=True)
class EvaluateCells:
    """Evaluate cells that one checkpoint answers: first what is kept from an earlier run, then the others."""

    name: str
    cells: tuple[Cell, ...]
    options: Options
    setups: Mapping[str, Setup] | None = None  # None: they are found in the folder that was trained for these cells
    trained: Path | None = None

    @property
    def home(self) -> Path:
        """The output folder."""
        return self.options.output

    @property
    def on_device(self) -> bool:
        """A self-test computes nothing."""
        return not self.options.self_test

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
        setups, context = self.found_setups(), environment(replace(self.options, elsewhere=False))
        done: list[Done] = []
        with Lasting(self.home) as files:
            for one in self._each(setups, context, watch):
                files.add(saved_paths(self.home, one.cell))
                done.append(self._tell(one, watch))
        return Evaluated(tuple(done), {name: stages_of(setup) for name, setup in setups.items()})

    def _each(self, setups: Mapping[str, Setup], context: Fields, watch: Watch) -> Iterator[Done]:
        left: dict[Any, list[tuple[Cell, Fields]]] = {}
        for cell in self.cells:
            kept, fields = find_cell(cell, setups[cell.name], self.options, context)
            if kept is None:
                left.setdefault(setups[cell.name].key, []).append((cell, fields))
            else:
                yield kept
        for members in left.values():
            for one in self._computed(setups[members[0][0].name], members, context, watch):
                log.info("%s: %s", one.cell.name, one.status)
                yield one

    def left_on_disk(self) -> Evaluated:
        """The cells whose files are written, where a run was interrupted before its end."""
        setups, context = self.found_setups(), environment(self.options)
        there = [find_cell(cell, setups[cell.name], self.options, context)[0] for cell in self.cells]
        kept = tuple(one for one in there if one is not None and one.status == "kept")
        return Evaluated(kept, {name: stages_of(setup) for name, setup in setups.items()})

    def settled(self) -> Evaluated | None:
        """The cells as an earlier run left them, where all of them may be kept."""
        if self.options.force or not all(record_path(self.home, cell).is_file() for cell in self.cells):
            return None
        try:
            there = self.left_on_disk()
        except XHarnessError:  # whoever computes them says so
            return None
        return there if len(there.done) == len(self.cells) else None

    def sources(self) -> Mapping[str, Fetch]:
        """Data, and the weights that are not trained here, where they are on the Hub."""
        return of_cells(self.cells, (self.setups or {}).values(), self.options.trust_remote_code)

    def speaker(self, say: Callable[[dict[str, Any]], None]) -> Watch:
        """Say how cells end, and now and then how far one is."""
        said, waiting = time.monotonic(), 0

        def sequences(cell: Cell, count: int) -> None:
            nonlocal said, waiting
            waiting += count
            if time.monotonic() - said < _EVERY:
                say({})
                return
            say({"sequences": waiting, "cell": cell.name})
            said, waiting = time.monotonic(), 0

        return Watch(cell=lambda done: say(_said(done)), sequences=sequences)

    def hear(self, said: dict[str, Any], watch: Watch) -> None:
        """Tell a watch the same."""
        cell = next((one for one in self.cells if one.name == said.get("cell")), None)
        if cell is None:
            return
        if "sequences" in said:
            watch.sequences(cell, said["sequences"])
        else:
            self._tell(self._done(cell, said), watch)

    def told(self, left: Evaluated) -> dict[str, Any]:
        """How every cell ended, and the lineages; the figures stand in the cells' files."""
        return {"cells": [_said(done) for done in left.done], "stages": dict(left.stages)}

    def found(self, told: dict[str, Any]) -> Evaluated:
        """The cells, with the figures from their files."""
        by_name = {cell.name: cell for cell in self.cells}
        done = tuple(self._done(by_name[said["cell"]], said) for said in told["cells"])
        return Evaluated(done, told["stages"])

    def _tell(self, done: Done, watch: Watch) -> Done:
        """Tell of a cell, and whose it is."""
        own = replace(done, home=self.home)
        watch.cell(own)
        return own

    def _done(self, cell: Cell, said: Mapping[str, Any]) -> Done:
        """How a cell ended, with its figures."""
        if said["signature"] is None:
            return Done(cell, said["status"], None, said["message"])
        there = attempt(cell.name, lambda: read_cell(record_path(self.home, cell)), ends=())
        if isinstance(there, Failure):
            return failed_cell(cell, there.message)
        return Done(cell, said["status"], replace(there, signature=said["signature"]), said["message"])

    def _computed(
        self, setup: Setup, members: Sequence[tuple[Cell, Fields]], context: Fields, watch: Watch
    ) -> Iterator[Done]:
        """The cells that one loaded model answers; where it cannot be loaded, all of them as failed."""
        dtype = setup.dtype(self.options, context)
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


def _said(done: Done) -> dict[str, Any]:
    """How a cell ended, for another process; its record stands on disk."""
    signature = done.record.signature if done.record is not None else None  # of what is asked now
    return {"cell": done.cell.name, "status": done.status, "message": done.message, "signature": signature}
