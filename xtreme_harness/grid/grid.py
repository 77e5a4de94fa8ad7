"""Carries a grid out: trains every encoder once, evaluates every run, writes the gains after each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

from xtreme_harness.cards import Suite
from xtreme_harness.errors import DataError
from xtreme_harness.evaluation.evaluate import run_evaluation
from xtreme_harness.files.folder import locked, logged, open_output
from xtreme_harness.files.text import write_atomic, write_json
from xtreme_harness.grid.gain_rows import Arm, GainRow, paired, scores_of, to_csv
from xtreme_harness.grid.gain_tables import gain_table, summary_json
from xtreme_harness.grid.prepare import WRITTEN, Encoder, GridRequest, PreparedGrid, Run, eval_request, prepare_grid
from xtreme_harness.grid.schema import Grid, read_grid
from xtreme_harness.jobs import SILENT, Failure, Watch, attempt
from xtreme_harness.models.checkpoint import find_checkpoint
from xtreme_harness.models.size import encoder_size
from xtreme_harness.plan.arguments import PLACE, WATCH, optional, require
from xtreme_harness.plan.evaluate import prepare_evaluation
from xtreme_harness.results.result import Result
from xtreme_harness.results.values import strange_figures
from xtreme_harness.training.train import train_unit

__all__ = ["GridResult", "default_folder", "run_grid", "run_prepared"]


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
    """Carry out a grid that was prepared."""
    grid, out, runs = prepared.request.grid, prepared.request.output, prepared.runs
    open_output(out, *WRITTEN)
    rows: dict[str, list[GainRow]] = {}
    failed: dict[str, str] = {}
    there = [run for run in runs if (run.output / "results.json").is_file()]
    ordered = [*there, *(run for run in runs if run not in there)]  # what is known stands in the first table again
    with locked(out), logged(out):
        for number, run in enumerate(ordered, 1):
            watch.run(run, number, len(ordered))
            ended = attempt(run.name, partial(_carry_out, prepared, run, watch))
            if isinstance(ended, Failure):
                failed[run.name] = ended.line
            else:
                examples, result = ended
                failed |= {f"{run.name}: {cell}": message for cell, message in result.failed.items()}
                rows[run.name] = scores_of(_arm(run, examples), result)
            if number >= len(there):
                _write(out, grid, _in_order(runs, rows), prepared.suites, failed)
    return GridResult(grid, out, tuple(_in_order(runs, rows)), failed, prepared.suites)


def _carry_out(prepared: PreparedGrid, run: Run, watch: Watch) -> tuple[int, Result]:
    """Train a run's encoder, or keep it, and evaluate; the examples that the encoder was trained on."""
    examples = _train(prepared, run.encoder, watch) if run.encoder else 0
    result = run_evaluation(prepare_evaluation(eval_request(prepared.request, run)), watch)
    if strange := strange_figures(result):  # no gain is the largest by it
        raise DataError(*strange)
    return examples, result


def _train(prepared: PreparedGrid, encoder: Encoder, watch: Watch) -> int:
    """Train an encoder, or keep it; the number of examples of all its stages."""
    request, unit = prepared.request, prepared.units[encoder]
    trained = train_unit(
        unit, encoder.folder, watch, executor=request.executor, replace_other=request.force, tracker=request.tracker
    )
    stages = trained.notes["lineage"][max(1, len(unit.checkpoint.lineage)) :]
    return sum(sum(stage["examples"].values()) for stage in stages)


def _arm(run: Run, examples: int) -> Arm:
    size = encoder_size(find_checkpoint(run.base.model, None, run.base.revision))
    beyond = size.total - size.embeddings if size else None
    return Arm(run.base.label, run.intermediate, run.seed, size.total if size else None, beyond, examples)


def _in_order(runs: Sequence[Run], rows: Mapping[str, Sequence[GainRow]]) -> list[GainRow]:
    """The rows base by base, intermediate by intermediate, in the order of the grid, with their gains."""
    bases = list(dict.fromkeys(run.base.label for run in runs))
    intermediates = list(dict.fromkeys(run.intermediate for run in runs))
    ordered = sorted(runs, key=lambda run: (bases.index(run.base.label), intermediates.index(run.intermediate)))
    return paired(row for run in ordered for row in rows.get(run.name, ()))


def _write(
    out: Path, grid: Grid, rows: Sequence[GainRow], suites: Mapping[str, Suite], failed: Mapping[str, str]
) -> None:
    """Write what is known so far."""
    write_atomic(out / "gains.csv", to_csv(rows))
    whole = {
        "grid": grid.model_dump(),
        "split": grid.split,
        "failed": dict(failed),
        **summary_json(rows, suites),
        "rows": [asdict(row) for row in rows],
    }
    write_json(out / "gains.json", whole)
