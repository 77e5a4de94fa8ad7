"""What no schema can say of a results.json."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from xtreme_harness.results.agreement import disagreements

Change = Callable[[dict[str, Any], dict[str, Any], dict[str, Any]], object]


def changed(run: Path, change: Change) -> list[str]:
    """The faults after a change of results.json, given as a whole, as its own block and as XTREME's scope."""
    raw = json.loads((run / "results.json").read_text("utf-8"))
    change(raw, raw["xharness"], raw["xharness"]["uncertainty"]["scopes"]["xtreme"])
    return disagreements(raw)


def test_what_a_run_wrote_agrees(oracle_run: Path, demo_run: Path) -> None:
    for run in (oracle_run, demo_run):
        assert changed(run, lambda raw, own, scope: None) == []


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        (lambda raw, own, _: own["cells"].append(own["cells"][0]), "]: pawsx de stands twice: also in cells[0]"),
        (lambda raw, own, _: own["cells"][0].update(metric="bleu"),
         "xharness.cells[0].metric: found 'bleu', expected the name of a metric"),
        (lambda raw, own, _: own["cells"][0].update(metrics={"f1": 3.0}),
         "xharness.cells[0].metrics.accuracy: missing, expected a number"),
        (lambda raw, own, _: own["cells"][0]["metrics"].update(f1=3.0),
         "xharness.cells[0].metrics.f1: accuracy has no such value"),
        (lambda raw, own, _: own["cells"][0].update(split="dev"),
         "xharness.cells[0].split: found dev, expected test, the run's"),
        (lambda raw, own, _: own["cells"][0].update(interval=[60, 40]),
         "xharness.cells[0].interval: found 60 to 40, expected the lower end first"),
        (lambda raw, own, _: own["cells"][0].update(seeds={"1": {"f1": 1.0}}),
         "xharness.cells[0].seeds.1: found f1, expected accuracy"),
        (lambda raw, own, _: raw["results"]["pawsx_de"].pop("acc_stderr,none"),
         'results.pawsx_de["acc_stderr,none"]: missing, expected a number from 0'),
        (lambda raw, own, _: own.update(limited=True), "xharness.limited: found true, but config.limit is null"),
        (lambda raw, own, _: raw["config"].update(limit=5), "xharness.limited: found false, but config.limit is 5"),
        (lambda raw, own, _: own["official"].pop("xtreme"),
         "xharness.uncertainty.scopes.xtreme: no such suite in xharness.official"),
        (lambda raw, own, scope: scope["tasks"]["xnli"]["parts"].append("qu"), "]: no finished cell of xnli qu"),
        (lambda raw, own, scope: scope["tasks"]["xnli"].update(metric="f1"), ".metric: found 'f1', expected the name"),
        (lambda raw, own, scope: scope["tasks"]["xnli"].update(metric="squad"),
         ".metric: found 'squad', the cell of de has 'accuracy'"),
        (lambda raw, own, scope: scope["tasks"]["xnli"].update(level="group"), ".level: found group, expected task"),
        (lambda raw, own, scope: scope["tasks"]["xnli"].update(wanted=1), ".wanted: found 1, expected "),
        (lambda raw, own, scope: scope["groups"]["qa"].update(level="task"),
         ".level: found task, expected suite or group"),
        (lambda raw, own, scope: scope["tasks"].pop("mlqa"), ": no task 'mlqa' there"),
        (lambda raw, own, scope: scope["tasks"]["xnli"].update(key="pawsx"), "scopes: key 'pawsx' stands 2 times"),
    ],
    ids=[
        "cell twice", "metric", "value", "strange value", "split", "interval", "seeds", "error", "limited", "limit",
        "suite", "part", "metric of a mean", "another metric", "level", "wanted", "level of a group", "task", "key",
    ],
)  # fmt: skip
def test_a_disagreement_is_one_line(oracle_run: Path, change: Change, fault: str) -> None:
    found = changed(oracle_run, change)
    assert [one for one in found if fault in one], found


def test_a_cell_without_some_values_has_no_mean_with_others(oracle_run: Path) -> None:
    def change(raw: dict[str, Any], own: dict[str, Any], scope: dict[str, Any]) -> None:
        cell = next(one for one in own["cells"] if one["task"] == "udpos" and one["language"] == "en")
        del cell["metrics"]["recall"]

    assert "udpos en has other values than udpos" in changed(oracle_run, change)[0]
