"""Carries a grid out as one graph: every encoder once, every run, and the gains after each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

from xtreme_harness.cards import Suite
from xtreme_harness.errors import DataError
from xtreme_harness.evaluation.driver import Run, carry_out
from xtreme_harness.files.folder import locked, logged, open_output
from xtreme_harness.files.text import write_atomic, write_json
from xtreme_harness.grid.gain_rows import Arm, GainRow, paired, scores_of, to_csv
from xtreme_harness.grid.gain_tables import gain_table, summary_json
from xtreme_harness.grid.prepare import WRITTEN, Encoder, GridRequest, GridRun, PreparedGrid, prepare_grid
from xtreme_harness.grid.schema import Grid, read_grid
from xtreme_harness.jobs import SILENT, Failure, Graph, Watch, attempt
from xtreme_harness.models.checkpoint import find_checkpoint
from xtreme_harness.models.size import encoder_size
from xtreme_harness.plan.arguments import PLACE, WATCH, optional, require
from xtreme_harness.plan.standing import Trained
from xtreme_harness.results.result import Result
from xtreme_harness.results.values import strange_figures
from xtreme_harness.training.job import training_graph

__all__ = ["GridResult", "default_folder", "run_grid", "run_prepared", "runs_of"]


@dataclass(frozen=True, slots=True)
class GridResult:
    """What a grid found."""

    grid: Grid
    output: Path
    rows: tuple[GainRow, ...]
    failed: Mapping[str, str]  # run or run and cell -> message
    suites: Mapping[str, Suite]

    @property
    def table(self) -> str:
        """The gains in markdown."""
        return gain_table(self.rows, self.suites)


def default_folder(file: str | Path) -> Path:
    """Where a grid writes when no folder is named.

    >>> default_folder("grids/small.yaml").as_posix()
    'xharness-out/small'
    """
    return Path("xharness-out") / Path(file).stem


def run_grid(
    grid: Grid | str | Path, output: str | Path | None = None, *, watch: Watch = SILENT, **options: Any
) -> GridResult:
    """Train and evaluate every base, with and without intermediate training, on every target, with every seed.

    OUT/encoders/<base>/<intermediate>/seed-N holds the encoders, OUT/runs/<base>/<intermediate>/seed-N an evaluation
    each, OUT/gains.csv and OUT/gains.json the rows; both are written after every run. The same call continues a grid
    that stopped: encoders, heads and cells that are finished are kept.

    Args:
        grid: a grid, or the file of one.
        output: folder; default `xharness-out/<name of the file>`.
        watch: who is told how it goes.
        options: the other fields of `prepare.GridRequest`: force, tracker, trust_remote_code, executor.

    Raises:
        XHarnessError: for what is wrong before anything is computed; a fault in one run stands in `GridResult.failed`.
        OutputError: when nothing more can be written, which ends the grid.
    """
    place = "grid" if isinstance(grid, Grid) else grid
    wanted = {"grid": ("--grid", PLACE), "output": ("--output-path", optional(PLACE)), **WATCH}
    require({"grid": place, "output": output, "watch": watch}, wanted)
    read = grid if isinstance(grid, Grid) else read_grid(Path(grid))
    out = Path(output) if output is not None else default_folder(place)
    return run_prepared(prepare_grid(GridRequest(read, out, **options)), watch)


def run_prepared(prepared: PreparedGrid, watch: Watch = SILENT) -> GridResult:
    """Carry out a grid that was prepared, as one graph: encoders, heads, cells."""
    request, out = prepared.request, prepared.request.output
    open_output(out, *WRITTEN)
    there = [run.name for run in prepared.runs if (run.output / "results.json").is_file()]
    ordered = sorted(runs_of(prepared), key=lambda run: run.name not in there)  # first what is known already
    found = _Found(prepared, len(there))
    with locked(out), logged(out):
        carry_out(ordered, request.engine, out, watch, found.take)
    return found.result()


def runs_of(prepared: PreparedGrid) -> list[Run]:
    """The evaluations of a grid, each behind the training of the encoder that it starts from."""
    graphs = {encoder: _training(prepared, encoder) for encoder in prepared.units}
    return [
        Run(run.name, prepared.evaluation(run), graphs[run.encoder] if run.encoder else Graph())
        for run in prepared.runs
    ]


def _training(prepared: PreparedGrid, encoder: Encoder) -> Graph:
    """The jobs that train an encoder, or keep it."""
    request, unit = prepared.request, prepared.units[encoder]
    how: dict[str, Any] = {"replace_other": request.force, "tracker": request.tracker, "home": request.output}
    return training_graph(unit, unit.folders(encoder.folder), **how)


class _Found:
    """The runs that have ended, and the tables, which are written anew with each."""

    def __init__(self, prepared: PreparedGrid, known: int) -> None:
        self.prepared, self.known = prepared, known  # runs that an earlier call finished
        self.runs = {run.name: run for run in prepared.runs}
        self.rows: dict[str, list[GainRow]] = {}
        self.failed: dict[str, str] = {}
        self.ended = 0

    def take(self, run: Run, found: Result | Failure) -> None:
        """Take how one ended."""
        self.ended += 1
        ended = attempt(run.name, partial(self._rows, run.name, found)) if isinstance(found, Result) else found
        if isinstance(ended, Failure):
            self.failed[run.name] = ended.line
        if self.ended >= self.known:
            self._write()

    def result(self) -> GridResult:
        """What the grid found."""
        request = self.prepared.request
        return GridResult(request.grid, request.output, tuple(self._ordered()), self.failed, self.prepared.suites)

    def _rows(self, name: str, result: Result) -> None:
        if strange := strange_figures(result):  # no gain is the largest by it
            raise DataError(*strange)
        run = self.runs[name]
        self.failed |= {f"{name}: {cell}": message for cell, message in result.failed.items()}
        self.rows[name] = scores_of(_arm(run, _examples(self.prepared, run.encoder)), result)

    def _ordered(self) -> list[GainRow]:
        """The rows base by base, intermediate by intermediate, in the order of the grid, with their gains."""
        runs = self.prepared.runs
        bases = list(dict.fromkeys(run.base.label for run in runs))
        intermediates = list(dict.fromkeys(run.intermediate for run in runs))
        ordered = sorted(runs, key=lambda run: (bases.index(run.base.label), intermediates.index(run.intermediate)))
        return paired(row for run in ordered for row in self.rows.get(run.name, ()))

    def _write(self) -> None:
        """Write what is known so far."""
        rows, request = self._ordered(), self.prepared.request
        write_atomic(request.output / "gains.csv", to_csv(rows))
        whole = {
            "grid": request.grid.model_dump(),
            "split": request.grid.split,
            "failed": dict(self.failed),
            **summary_json(rows, self.prepared.suites),
            "rows": [asdict(row) for row in rows],
        }
        write_json(request.output / "gains.json", whole)


def _examples(prepared: PreparedGrid, encoder: Encoder | None) -> int:
    """The examples of all stages that an encoder was trained on; 0 of a base as it is."""
    if encoder is None:
        return 0
    earlier = max(1, len(prepared.units[encoder].checkpoint.lineage))
    return sum(sum(stage["examples"].values()) for stage in Trained.at(encoder.folder).notes["lineage"][earlier:])


def _arm(run: GridRun, examples: int) -> Arm:
    size = encoder_size(find_checkpoint(run.base.model, None, run.base.revision))
    beyond = size.total - size.embeddings if size else None
    return Arm(run.base.label, run.intermediate, run.seed, size.total if size else None, beyond, examples)
