"""What is known of an evaluation so far, and the files that say it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from xtreme_harness.evaluation.cell import Done
from xtreme_harness.files.text import write_json
from xtreme_harness.plan.cells import Missing
from xtreme_harness.plan.evaluate import PreparedEvaluation
from xtreme_harness.plan.request import EvalRequest
from xtreme_harness.plan.setups import stages_of
from xtreme_harness.results.build import build
from xtreme_harness.results.json_file import to_json
from xtreme_harness.results.result import Result

__all__ = ["Collected", "result_of", "write_result"]


@dataclass(slots=True)
class Collected:
    """What is known of an evaluation so far."""

    done: dict[str, Done] = field(default_factory=dict)  # by the name of the cell
    stages: dict[str, Sequence[Mapping[str, Any]]] = field(default_factory=dict)  # likewise, where they were found late


def result_of(prepared: PreparedEvaluation, found: Collected, unreached: str) -> Result:
    """The figures of what ended, in the order of the plan; what did not end, or has no gold, is missing.

    Args:
        prepared: the evaluation.
        found: what ended.
        unreached: why other cells did not.
    """
    plan, options = prepared.plan, prepared.options
    ended = [found.done[cell.name] for cell in plan.cells if cell.name in found.done]
    failed = {one.cell.name: one.message for one in ended if one.status == "failed"}
    unscored = [
        Missing(one.cell.key, one.cell.language, one.cell.scopes, one.message or "predicted, not scored: no gold")
        for one in ended
        if one.status == "unscored" or (one.record is not None and not one.record.done)
    ]
    unscored += [
        Missing(cell.key, cell.language, cell.scopes, unreached) for cell in plan.cells if cell.name not in found.done
    ]
    records = [one.record for one in ended if one.record is not None]
    lineage, command = _lineage(prepared, found), _command(prepared.request)
    return build(
        plan, prepared.cards, records, options.model, prepared.request.split, failed, unscored, options.limit, lineage,
        command,
    )  # fmt: skip


def write_result(result: Result, output: Path, seconds: float) -> None:
    """Write the leaderboards and `results.json`.

    Args:
        result: the figures.
        output: folder.
        seconds: that it took.
    """
    for suite, layout in result.official.items():
        write_json(output / f"leaderboard-{suite}.json", layout)
    write_json(output / "results.json", to_json(result, seconds))


def _lineage(prepared: PreparedEvaluation, found: Collected) -> list[Mapping[str, Any]]:
    """Stages of every checkpoint that was read, each once: of what was evaluated as it is, then of trained heads.

    They stand in the order of the plan, whoever ended first.
    """
    there = {} if prepared.start else {name: stages_of(setup) for name, setup in prepared.setups.items()}
    known: Mapping[str, Sequence[Mapping[str, Any]]] = {**there, **found.stages}
    names = dict.fromkeys([*prepared.setups, *(cell.name for cell in prepared.plan.cells)])
    stages: dict[str, Mapping[str, Any]] = {}
    for one in (stage for name in names for stage in known.get(name, ())):
        stages.setdefault(str(sorted(one.items(), key=str)), one)
    return list(stages.values())


def _command(request: EvalRequest) -> dict[str, Any]:
    """The options that a reader of results.json wants to see, in lm-eval's place for them."""
    return {
        "tasks": list(request.tasks),
        "data": list(request.data),
        "languages": list(request.languages),
        "device": request.device,
        "dtype": request.dtype,
        "batch_size": request.batch_size or "auto",
        "random_seed": request.seed,
        **({"translated": str(request.translated)} if request.translated is not None else {}),
        **({"train_on": list(request.train_on)} if request.train_on else {}),
        **({"select_on": request.select_on} if request.select_on else {}),
    }
