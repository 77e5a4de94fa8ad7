"""Carries a grid out: trains every encoder once, evaluates every run, writes the gains after each."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from xtreme_harness.cards import Suite
from xtreme_harness.errors import OutputError, XHarnessError
from xtreme_harness.evaluation.cell import Done
from xtreme_harness.evaluation.evaluate import evaluate, train
from xtreme_harness.files.folder import locked, logged, open_output
from xtreme_harness.files.text import write_atomic, write_json
from xtreme_harness.grid.gain_rows import Arm, GainRow, paired, scores_of, to_csv
from xtreme_harness.grid.gain_tables import gain_table, summary_json
from xtreme_harness.grid.graph import Encoder, Run, evaluation_arguments, grid_runs, require_grid, training_arguments
from xtreme_harness.grid.schema import Grid, read_grid
from xtreme_harness.models.checkpoint import find_checkpoint
from xtreme_harness.models.size import encoder_size
from xtreme_harness.plan.cells import Cell, Plan, all_cards
from xtreme_harness.plan.options import Options
from xtreme_harness.plan.trackers import require_tracker
from xtreme_harness.results.result import Result
from xtreme_harness.training.train import SILENT, Watch

__all__ = ["GridResult", "default_folder", "run_grid"]

log = logging.getLogger("xtreme_harness")


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
    grid: Grid | str | Path,
    output: str | Path | None = None,
    *,
    force: bool = False,
    tracker: str | None = None,
    trust_remote_code: bool = False,
    watch: Watch = SILENT,
    on_run: Callable[[Run, int, int], None] = lambda run, number, total: None,
    on_plan: Callable[[Plan, Options], None] = lambda plan, options: None,
    on_cell: Callable[[Done], None] = lambda done: None,
    on_sequences: Callable[[Cell, int], None] = lambda cell, sequences: None,
) -> GridResult:
    """Train and evaluate every base, with and without intermediate training, on every target, with every seed.

    OUT/encoders/<base>/<intermediate>/seed-N holds the encoders, OUT/runs/<base>/<intermediate>/seed-N an evaluation
    each, OUT/gains.csv and OUT/gains.json the rows; both are written after every run. The same call continues a grid
    that stopped: encoders, heads and cells that are finished are kept.

    Args:
        grid: a grid, or the file of one.
        output: folder; default `xharness-out/<name of the file>`.
        force: train over encoders of other settings that the folder holds.
        tracker: of experiments, by accelerate's name.
        trust_remote_code: run code that the bases carry; they need a pinned revision.
        watch: who is told how training goes.
        on_run: called before a run with its number, from 1, and how many there are.
        on_plan: and the others: as in `evaluate`, for every run.
        on_cell: see there.
        on_sequences: see there.

    Raises:
        XHarnessError: for what is wrong before anything is computed; a fault in one run stands in `GridResult.failed`.
        OutputError: when nothing more can be written, which ends the grid.
    """
    require_tracker(tracker)
    read = grid if isinstance(grid, Grid) else read_grid(Path(grid))
    out = Path(output) if output else default_folder("grid" if isinstance(grid, Grid) else grid)
    runs = grid_runs(read, out)
    require_grid(read, runs, force, trust_remote_code)
    suites = all_cards([Path(place) for place in read.include]).suites
    open_output(out, ["encoders", "runs"], ["gains.csv", "gains.json", "log.txt"])
    evaluated = {"watch": watch, "on_plan": on_plan, "on_cell": on_cell, "on_sequences": on_sequences}
    trained = {"force": force, "watch": watch, "tracker": tracker}
    rows: dict[str, list[GainRow]] = {}
    failed: dict[str, str] = {}
    there = [run for run in runs if (run.output / "results.json").is_file()]
    ordered = [*there, *(run for run in runs if run not in there)]  # what is known stands in the first table again
    with locked(out), logged(out):
        for number, run in enumerate(ordered, 1):
            on_run(run, number, len(ordered))
            try:
                examples = _train(read, run.encoder, trained, trust_remote_code) if run.encoder else 0
                result = _evaluate(read, run, {**evaluated, "tracker": tracker}, trust_remote_code)
            except OutputError:
                raise
            except Exception as error:
                log.info("%s: failed: %s", run.name, error, exc_info=error)
                failed[run.name] = _message(error)
            else:
                failed |= {f"{run.name}: {cell}": message for cell, message in result.failed.items()}
                rows[run.name] = scores_of(_arm(run, examples), result)
            if number >= len(there):
                _write(out, read, _in_order(runs, rows), suites, failed)
    return GridResult(read, out, tuple(_in_order(runs, rows)), failed, suites)


def _train(grid: Grid, encoder: Encoder, own: Mapping[str, Any], trust: bool) -> int:
    """Train an encoder, or keep it; the number of examples of all its stages."""
    arguments = training_arguments(grid, encoder, trust)
    trained = train(encoder.base.model, encoder.intermediate.tasks, output=encoder.folder, **own, **arguments)[0]
    base = find_checkpoint(encoder.base.model, None, encoder.base.revision)
    stages = trained.notes["lineage"][max(1, len(base.lineage)) :]
    return sum(sum(stage["examples"].values()) for stage in stages)


def _evaluate(grid: Grid, run: Run, own: Mapping[str, Any], trust: bool) -> Result:
    return evaluate(
        run.model,
        grid.targets,
        data=grid.data,
        output=run.output,
        languages=grid.languages,
        split=grid.split,
        include=grid.include,
        revision=None if run.encoder else run.base.revision,
        **evaluation_arguments(grid, run.seed, trust),
        **own,
    )


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


def _message(error: Exception) -> str:
    text = " ".join(str(error).split())
    return text if isinstance(error, XHarnessError) else f"{type(error).__name__}: {text}"
