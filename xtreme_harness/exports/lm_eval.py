"""lm-eval's JSON: results.json, whose names say what its numbers lack."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from xtreme_harness.files.json_text import json_text
from xtreme_harness.results.read import lm_eval_json
from xtreme_harness.results.result import Result
from xtreme_harness.results.values import means_of

__all__ = ["to_lm_eval"]


def to_lm_eval(run: Result, model: str, include: Sequence[Path] = ()) -> str:
    """results.json for lm-eval's tools: `lm_eval.utils.make_table` prints it, with "groups" the means alone.

    The file is in lm-eval's shape already. But there a mean stands alone, so its printed name (`alias`) says which
    share of its languages is there, and every name says LIMITED where examples were left out.
    """
    found = lm_eval_json(run)
    found["model_name"] = model
    shares = {mean.key: mean.share for mean in means_of(run)}
    limit = run.limit
    for block in (found["results"], found["groups"]):
        for name, entry in block.items():
            marks = [shares.get(name, ""), f"LIMITED to {limit}" if limit else ""]
            said = "; ".join(mark for mark in marks if mark)
            entry["alias"] = f"{entry['alias']} ({said})" if said else entry["alias"]
    return json_text(found, indent=2) + "\n"
