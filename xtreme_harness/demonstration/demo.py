"""All three phases with a tiny encoder, on the samples, without network."""

from __future__ import annotations

from pathlib import Path

from xtreme_harness.demonstration.tiny import build_base
from xtreme_harness.files.folder import open_output
from xtreme_harness.grid.grid import GridResult, run_grid
from xtreme_harness.grid.schema import Grid
from xtreme_harness.jobs import SILENT, Watch
from xtreme_harness.plan.arguments import PLACE, WATCH, require

__all__ = ["demo"]

INTERMEDIATE = "hellaswag"


def demo(folder: str | Path, watch: Watch = SILENT) -> tuple[Path, GridResult]:
    """Make a tiny encoder and run a grid with it: with and without intermediate training, both suites.

    Phase 1 trains the encoder on HellaSwag, phase 2 puts a head over it for every training unit, phase 3 evaluates; the
    same without phase 1, to tell what it gained. FOLDER holds `checkpoint/`, `encoders/`, `runs/`, `gains.csv`.

    Args:
        folder: of everything.
        watch: who is told how it goes.
    """
    require({"folder": folder, "watch": watch}, {"folder": ("FOLDER", PLACE), **WATCH})
    place = Path(folder)
    open_output(place)
    base = build_base(place / "checkpoint")
    asked = {"intermediates": [INTERMEDIATE], "targets": ["xtreme", "xtreme-r"], "data": "samples", "recipe": "fast"}
    grid = Grid.model_validate({"bases": [str(base)], **asked})
    return base, run_grid(grid, place, watch=watch)
