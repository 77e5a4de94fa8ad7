"""A few bad inputs of every kind; `make attack` tries all of them."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest

from tests.attack.box import Case, Outcome, faults_of
from tests.attack.kills import COMMANDS
from tests.attack.readers import READERS
from tests.attack.runner import try_groups
from tests.attack.spoils import SPOILS, keyed_spoils
from tests.attack.worker import cases, groups
from tests.fixtures.warm import Warm

PAGE = Path(__file__).resolve().parents[2] / "docs" / "robustness.md"
PARTS = {
    "cards and settings": r"(task card|included|suite|recipe|gate rules|grid|metadata|scores\.json|--mlm|translated)",
    "data": r"data: ",
    "predictions and labels": r"(predictions|labels): ",
    "results": r"results: ",
    "checkpoints": r"checkpoint: ",
    "outputs": r"output of ",
    "flags": r"flags of ",
}


def test_every_kind_belongs_to_one_part() -> None:
    fitting = {name: sum(bool(re.match(part, name)) for part in PARTS.values()) for name in groups()}
    assert set(fitting.values()) == {1}
    assert len(groups()) == len(set(groups()))


@pytest.mark.slow
@pytest.mark.parametrize("part", PARTS)
def test_bad_inputs_are_refused_in_one_line_each(part: str, warm: Warm, stock: Path, open_folder: Path) -> None:
    names = [name for name in groups() if re.match(PARTS[part], name)]
    done = try_groups(warm, names, stock, open_folder, quick=True, seed=0, at_once=1)
    assert [group.name for group in done] == names
    assert all(group.cases for group in done)
    assert [f"{g.name}: {one.case}: {' | '.join(one.faults)}" for g in done for one in g.found] == []


@pytest.mark.slow
def test_the_page_says_how_many_there_are(stock: Path) -> None:
    names = {name: Counter(case.name for case in cases(name, stock, False, 0)) for name in groups()}
    assert [(name, case) for name, found in names.items() for case, n in found.items() if n > 1] == []
    total = sum(map(len, names.values()))
    text = " ".join(PAGE.read_text("utf-8").split())
    assert f"More than {total // 1000 * 1000:,} bad inputs of {len(names)} kinds" in text
    assert f"{len(READERS)} readers" in text
    assert f"{len(COMMANDS)} commands" in text


def outcome(
    status: int | str = 2, err: str = "error: x: wrong\n", out: str = "", seconds: float = 0.1, **after: object
) -> Outcome:
    return Outcome(status, out, err, seconds, {}, {name.replace("_", "/"): value for name, value in after.items()})


CASE = Case("a kind", "a fault", lambda stock, box: None, lambda box: None, ("eval",))
SAME = Case("a kind", "a fault", lambda stock, box: None, lambda box: None, ("eval",), "same")


@pytest.mark.parametrize(
    ("case", "got", "fault"),
    [
        (CASE, outcome(), ""),
        (CASE, outcome(0, ""), "accepted"),
        (CASE, outcome(1), "exit status 1, expected 2"),
        (CASE, outcome("raised KeyError: 'x'"), "raised KeyError: 'x'"),
        (
            CASE,
            outcome(err="error: unexpected KeyError: 'x'; xharness --verbose shows where\n"),
            "says what Python says",
        ),
        (CASE, outcome(err="Traceback (most recent call last):\n"), "says what Python says"),
        (CASE, outcome(err=""), "refused without a word"),
        (CASE, outcome(err="error: x\n" * 500), "500 lines on stderr"),
        (CASE, outcome(err=f"error: {'x' * 5000}\n"), "a line of 5007 characters"),
        (CASE, outcome(err="error: \x1b[2J\n"), "control characters on stderr"),
        (CASE, outcome(err="error: x\nsomething else\n"), "neither an error nor known"),
        (CASE, outcome(seconds=11), "took 11 s"),
        (CASE, outcome(elsewhere=1), "written: elsewhere"),
        (CASE, outcome(out_cells=1), "written: out/cells"),
        (SAME, outcome(0, "", "a table\n"), "another result"),
        (SAME, outcome(0, "", "the table\n", out_cells=1), ""),
        (SAME, outcome(), "refused: error: x: wrong"),
    ],
)
def test_what_counts_as_a_fault(case: Case, got: Outcome, fault: str) -> None:
    found = faults_of(case, got, outcome(0, "", "the table\n"))
    assert any(fault in one for one in found) if fault else found == []


@pytest.mark.parametrize("form", SPOILS)
def test_a_spoil_changes_a_file(form: str) -> None:
    valid = {
        "json": b'{"a": {"b": [1, "x"]}, "c": 2}\n', "jsonl": b'{"a": 1, "b": "x"}\n{"a": 2, "b": "y"}\n',
        "yaml": b"a: {b: [1, x]}\nc: 2\n", "lines": b"a b\tc d\n" * 4, "bytes": b"a b\n" * 4,
    }[form]  # fmt: skip
    same = [name for name, (spoil, _) in SPOILS[form].items() if spoil(valid) == valid]
    assert same == []
    if form in ("json", "yaml", "jsonl"):
        keyed = keyed_spoils(valid, form, 10, 2)
        assert len(keyed) >= 4
        assert all(spoil(valid) != valid for spoil, _ in keyed.values())
