"""What is kept of a submission: found again by the next command, and never in the way of why a run ends."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from xtreme_harness.jobs.slurm.ledger import Entry, Ledger
from xtreme_harness.jobs.slurm.squeue import Seen


def test_what_was_submitted_is_found_again(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path)
    ledger.ask("xharness-1", {"a": "da", "b": "db"})
    ledger.submitted(["7_0", "7_1"])
    assert ledger.vanished("b", counts=True) == 1
    ledger.ask("xharness-2", {"b": "db"})
    again = Ledger(tmp_path)
    assert again.entries == {"a": Entry("7_0", "da")}
    again.adopt({"9_0": Seen("PENDING", "", "Priority", "xharness-2"), "7_0": Seen("RUNNING", "n1", "", "xharness-1")})
    assert again.entries == {"a": Entry("7_0", "da"), "b": Entry("9_0", "db")}


def test_those_that_were_cancelled_are_noted_also_where_nothing_can_be_written(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path)
    ledger.ask("xharness-1", {"a": "da"})
    ledger.submitted(["7"])
    assert [entry.id for entry in ledger.cancelled()] == ["7"]
    assert Ledger(tmp_path).entries["a"].cancelled
    (tmp_path / Ledger.name).unlink()
    (tmp_path / Ledger.name).mkdir()
    assert [entry.cancelled for entry in ledger.cancelled()] == [True]


@pytest.mark.parametrize(
    "raw",
    ["{", [], {"jobs": {}}, {"jobs": {"a": 1}, "asking": {}}, {"jobs": {"a": {}}, "asking": {}},
     {"jobs": {}, "asking": {"name": "x"}}, {"jobs": {}, "asking": {"name": "x", "jobs": [1]}},
     {"jobs": {}, "asking": 3}],
    ids=str,
)  # fmt: skip
def test_what_makes_no_sense_is_taken_for_nothing(tmp_path: Path, raw: Any) -> None:
    (tmp_path / Ledger.name).write_text(raw if isinstance(raw, str) else json.dumps(raw))
    ledger = Ledger(tmp_path)
    ledger.adopt({"7": Seen("RUNNING", "n1", "", "x")})
    assert (ledger.entries, ledger.asking) == ({}, {})
