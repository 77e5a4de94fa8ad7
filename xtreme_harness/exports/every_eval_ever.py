"""The schema of Every Eval Ever (evaleval/every_eval_ever, `eval.schema.json` 0.3.0), a shared store of evaluations."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from xtreme_harness.files.json_text import json_text
from xtreme_harness.metrics import METRICS
from xtreme_harness.results.result import Mean, Result
from xtreme_harness.results.values import CellFigure, cell_figures, date_of, means_of

__all__ = ["SCHEMA", "to_eee"]

SCHEMA = "0.3.0"  # of eval.schema.json
_METHOD = "delta method over examples"


def to_eee(run: Result, model: str, include: Sequence[Path] = ()) -> str:
    """One record of the run: every value of every cell, and every mean that has figures.

    Who evaluated whose model is not known here: the record says `unknown` and `other`, to be filled in before it is
    shared. LIMITED results say so in their details, means say which languages they lack.
    """
    when = str(int(date_of(run).timestamp()))
    results = [_cell(run, one) for one in cell_figures(run)]
    results += [_mean(run, mean) for mean in means_of(run) if isinstance(mean, Mean)]
    record = {
        "schema_version": SCHEMA,
        "evaluation_id": f"xharness/{model.strip('/').replace('/', '_')}/{when}",
        "evaluation_timestamp": when,
        "retrieved_timestamp": when,
        "source_metadata": {
            "source_name": "xharness",
            "source_type": "evaluation_run",
            "source_organization_name": "unknown",
            "evaluator_relationship": "other",
        },
        "eval_library": {
            "name": "xharness",
            "version": run.version,
            "additional_details": {"signature": run.signature, "fingerprint": run.fingerprint},
        },
        "model_info": {
            "name": model.rstrip("/").rpartition("/")[2],
            "id": model,
            "additional_details": {"deployment_type": "self_deployed", "model_availability": "unknown"},
        },
        "evaluation_results": results,
    }
    return json_text(record, indent=2) + "\n"


def _cell(run: Result, one: CellFigure) -> dict[str, Any]:
    low = METRICS[run.scored[one.task, one.language].metric].low
    return {
        "evaluation_result_id": f"{one.cell}#{one.metric}",
        "evaluation_name": one.cell,
        "source_data": _source(run, one),
        "metric_config": _metric(one.metric, f"{one.metric} of {one.task}, {one.language}", low),
        "score_details": {
            "score": one.value,
            "details": {"signature": one.signature, **_limited(run)},
            "uncertainty": _uncertainty(one.error, one.interval, one.n),
        },
    }


def _mean(run: Result, mean: Mean) -> dict[str, Any]:
    what = "languages" if mean.level == "task" else "tasks"
    of = "" if mean.over == "tasks" else f" of {mean.scope}, of each the mean over its tasks, of"
    what = what if mean.over == "tasks" else mean.over
    said = f"unweighted mean over {what}{of}: {', '.join(mean.parts)}"
    lacks = {"lacks": mean.share} if mean.share else {}
    return {
        "evaluation_result_id": f"{mean.key}#score",
        "evaluation_name": mean.key,
        "source_data": {"dataset_name": f"{mean.scope}: {mean.name}", "source_type": "other"},
        "metric_config": _metric("score", said, mean.spread.low),
        "score_details": {
            "score": mean.spread.value,
            "details": {"signature": run.signature, **lacks, **_limited(run)},
            "uncertainty": _uncertainty(mean.spread.error, mean.spread.interval, None),
        },
    }


def _source(run: Result, one: CellFigure) -> dict[str, Any]:
    found = run.dataset(one.task)
    if found.hub is None:
        return {"dataset_name": one.task, "source_type": "other", "additional_details": {"source": found.source}}
    return {
        "dataset_name": one.task,
        "source_type": "hf_dataset",
        "hf_repo": found.hub,
        "hf_split": run.split,
        "samples_number": one.n,
        "additional_details": {"revision": str(found.revision)},
    }


def _metric(name: str, said: str, low: float) -> dict[str, Any]:
    return {
        "evaluation_description": said,
        "metric_id": name,
        "metric_name": name,
        "metric_unit": "percent",
        "lower_is_better": False,
        "score_type": "continuous",
        "min_score": low,
        "max_score": 100.0,
    }


def _uncertainty(error: float | None, interval: tuple[float, float], n: int | None) -> dict[str, Any]:
    found: dict[str, Any] = {"standard_error": {"value": error, "method": _METHOD}} if error is not None else {}
    low, high = interval
    found["confidence_interval"] = {"lower": low, "upper": high, "confidence_level": 0.95, "method": _METHOD}
    return found if n is None else {**found, "num_samples": n}


def _limited(run: Result) -> dict[str, str]:
    limit = run.limit
    return {"limited": f"LIMITED to the first {limit} examples of every cell"} if limit else {}
