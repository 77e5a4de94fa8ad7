"""`xharness gate`: exit status 0, 1 or 2, and what it writes."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest

from tests.fixtures.made_runs import accuracy_rows, made_run, write_run

Xharness = Callable[..., Any]


@pytest.fixture
def runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Folders old, new (the same) and worse (five points down in Swahili)."""
    monkeypatch.delenv("GITHUB_ACTIONS", raising=False)
    right = np.random.default_rng(0).random(2000) < 0.8
    worse = right & (np.arange(2000) % 16 > 0)
    for name, sw in (("old", right), ("new", right), ("worse", worse)):
        rows = {("xnli", "de"): accuracy_rows(right), ("xnli", "sw"): accuracy_rows(sw)}
        write_run(made_run(rows, name), tmp_path / name)
    return tmp_path


def test_passes(xharness: Xharness, runs: Path) -> None:
    done = xharness("gate", runs / "old", runs / "new")
    assert (done.status, done.err) == (0, "")
    assert done.out.splitlines()[-1].startswith("gate passed: 0 broken")


def test_fails_with_the_rule_the_figures_and_the_examples(xharness: Xharness, runs: Path) -> None:
    files = ["--junit", runs / "out" / "gate.xml", "--markdown", runs / "out" / "gate.md"]
    done = xharness("gate", runs / "old", runs / "worse", *files)
    assert done.status == 1
    assert "BROKEN tasks by language: significant_drop: xnli sw: 79." in done.out
    assert "    xnli sw, example 0: 100 -> 0" in done.out
    assert "::error" not in done.out
    root = ElementTree.parse(runs / "out" / "gate.xml").getroot()
    assert int(root.get("failures", "0")) >= 1
    assert "### ❌" in (runs / "out" / "gate.md").read_text("utf-8")


def test_annotations_in_github_actions(xharness: Xharness, runs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    done = xharness("gate", runs / "old", runs / "worse")
    assert done.status == 1
    assert done.out.startswith("::error title=xharness gate%3A tasks")
    assert "::error" not in xharness("gate", runs / "old", runs / "new").out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["old"], "found 1 runs, expected OLD and NEW; more with --series"),
        (["old", "new", "worse"], "found 3 runs, expected OLD and NEW; more with --series"),
        (["olt", "new"], "olt: neither a run (a folder of `xharness eval`) nor a name in submissions/"),
        (["old", "nowhere"], "nowhere: no such file"),
        (["old", "new", "--rules", "none.yaml"], "none.yaml: no such file"),
        (["old", "new", "--rules", "bad.yaml"], "rules[0].max_dorp: unknown key (did you mean 'max_drop'?)"),
        (["--series", "old"], "1 run, expected a series of two or more"),
    ],
    ids=["one run", "three runs", "no old", "no new", "no rules", "wrong rules", "no series"],
)
def test_wrong_use(
    xharness: Xharness, runs: Path, arguments: list[str], message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(runs)
    Path("bad.yaml").write_text("rules: [{task: xnli, max_dorp: 1}]", "utf-8")
    done = xharness("gate", *arguments)
    assert done.status == 2
    assert message in done.err


def test_unlike_results(xharness: Xharness, runs: Path) -> None:
    other = made_run({("xnli", "de"): accuracy_rows(np.ones(2000))}, "other", fields={"card": "another"})
    write_run(other, runs / "other")
    assert xharness("gate", runs / "old", runs / "other").status == 2
    forced = xharness("gate", runs / "old", runs / "other", "--force")
    assert "warning: xnli: card differs" in forced.err


def test_series_of_eval(xharness: Xharness, runs: Path) -> None:
    steps = [{"name": name, "path": name, "step": i} for i, name in enumerate(("old", "worse", "new"))]
    (runs / "series.json").write_text(json.dumps({"runs": steps}), "utf-8")
    done = xharness("gate", "--series", runs, "--paired-bs", 200)
    assert done.status == 1
    assert next(line for line in done.out.splitlines() if line.startswith("gate ")).startswith("gate failed")
    assert done.out.rstrip().splitlines()[-1].startswith("gate passed")


def test_the_default_rules_can_be_read_and_used(xharness: Xharness, runs: Path) -> None:
    shown = xharness("gate", "--show-rules")
    assert shown.status == 0
    (runs / "mine.yaml").write_text(shown.out, "utf-8")
    assert xharness("gate", runs / "old", runs / "new", "--rules", runs / "mine.yaml").status == 0
