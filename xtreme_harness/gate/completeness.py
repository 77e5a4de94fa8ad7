"""Rules on runs: failures, missing cells, limited results."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from xtreme_harness.errors import listed
from xtreme_harness.gate.rules import Rule
from xtreme_harness.gate.verdicts import Verdict
from xtreme_harness.results.result import Result

__all__ = ["judge_state"]


def judge_state(rule: Rule, old: Sequence[Result], new: Sequence[Result]) -> list[Verdict]:
    """Judge what is there of a new run; of published figures (no old runs) only what needs no old run.

    Cells count when they are in a task and a language that the rule names; without names all do.
    """
    found = []
    if rule.new_failures == "forbid":
        failed = {name: why for run in new for name, why in run.failed.items()}
        before = {name for run in old for name in run.failed}
        fresh = [f"{name}: {' '.join(why.split())}" for name, why in failed.items() if name not in before]
        found.append(_verdict(rule, "new_failures", fresh, "cells failed that did not before", "no new failures"))
    if rule.missing in ("forbid", "forbid-all"):
        lost = _absent(_cells(old), new) if rule.missing == "forbid" else _asked_for(new)
        if rule.missing == "forbid" and not old:
            reason = "published figures name no cells that must be there; forbid-all asks for every cell of the run"
            found.append(Verdict(rule.label, "missing", "run", "skipped", reason))
        else:
            kept = "every cell of the old run is there" if rule.missing == "forbid" else "no cell is missing"
            found.append(_verdict(rule, "missing", lost, "cells are missing", kept))
    if rule.limited == "forbid":
        limited = [run.place for run in new if run.limited]
        found.append(_verdict(rule, "limited", limited, "the run has --limit", "no --limit"))
    return found


def _cells(runs: Sequence[Result]) -> list[tuple[str, str]]:
    return list(dict.fromkeys(key for run in runs for key in run.scored))


def _absent(wanted: Collection[tuple[str, str]], runs: Sequence[Result]) -> list[str]:
    return [f"{task} {code}" for task, code in wanted if any((task, code) not in run.scored for run in runs)]


def _asked_for(runs: Sequence[Result]) -> list[str]:
    names = dict.fromkeys(f"{m.key} {m.language}: {m.reason}" for run in runs for m in run.missing)
    return [*names, *(f"{name}: failed" for run in runs for name in run.failed)]


def _verdict(rule: Rule, condition: str, faults: Sequence[str], broken: str, kept: str) -> Verdict:
    if not faults:
        return Verdict(rule.label, condition, "run", "kept", kept)
    return Verdict(rule.label, condition, "run", "broken", f"{len(faults)} x {broken}: {'; '.join(listed(faults, 8))}")
