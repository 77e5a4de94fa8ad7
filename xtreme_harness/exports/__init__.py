"""A finished run in other people's formats: pure functions from results.json to text."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from xtreme_harness.exports.every_eval_ever import to_eee
from xtreme_harness.exports.lm_eval import to_lm_eval
from xtreme_harness.exports.model_card import to_hf_eval_results, to_model_index
from xtreme_harness.exports.plain import to_csv, to_latex, to_markdown
from xtreme_harness.plan.arguments import one_of, require
from xtreme_harness.results.result import Result
from xtreme_harness.results.values import require_figures

__all__ = ["FORMATS", "export"]

Export = Callable[[Result, str, Sequence[Path]], str]  # run, the model's name, files and folders of further cards
FORMATS: Mapping[str, Export] = {
    "lm-eval": to_lm_eval,
    "hf-eval-results": to_hf_eval_results,
    "model-index": to_model_index,
    "eee": to_eee,
    "markdown": to_markdown,
    "latex": to_latex,
    "csv": to_csv,
}


def export(run: Result, form: str, model: str | None = None, include: Sequence[Path] = ()) -> str:
    """A run as text in one of `FORMATS`.

    Args:
        run: what `read_result` read.
        form: a key of FORMATS.
        model: the model's name there; None: as the run names it.
        include: files and folders of cards, besides those that ship.

    Raises:
        OutputError: when the format cannot say what the run is; for figures that are missing or not a number.
        DataError: for an unknown format.
    """
    require({"form": form}, {"form": ("--format", one_of(FORMATS))})
    require_figures([run])
    return FORMATS[form](run, model or run.model, include)
