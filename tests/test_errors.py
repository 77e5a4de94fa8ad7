"""The exception tree and its helpers."""

from __future__ import annotations

import pytest

from xtreme_harness import errors
from xtreme_harness.errors import XHarnessError, did_you_mean, listed


@pytest.mark.parametrize("name", [n for n in errors.__all__ if n[0].isupper()])
def test_all_errors_are_of_one_family_and_stand_in_the_drawing(name: str) -> None:
    error = getattr(errors, name)
    assert issubclass(error, XHarnessError)
    assert name in (errors.__doc__ or "")
    assert error.__doc__


def test_an_error_holds_its_faults() -> None:
    error = XHarnessError("one", "two")
    assert error.faults == ("one", "two")
    assert str(error) == "one\ntwo"
    assert XHarnessError().faults == ()


@pytest.mark.parametrize(
    ("word", "known", "text"),
    [
        ("xnlli", ["xnli", "xquad"], " (did you mean 'xnli'?)"), ("zzz", ["xnli"], ""), ("x", [], ""),
        ("tydi", {"tydiqa": 1}, " (did you mean 'tydiqa'?)"),
    ],
)  # fmt: skip
def test_did_you_mean(word: str, known: list[str], text: str) -> None:
    assert did_you_mean(word, known) == text


@pytest.mark.parametrize(("n", "shown"), [(0, 0), (1, 1), (20, 20), (21, 21), (500, 21)])
def test_listed_cuts_at_20(n: int, shown: int) -> None:
    found = listed([str(i) for i in range(n)])
    assert len(found) == shown
    assert ("... and" in found[-1]) is (n > 20) if n else True


def test_a_fault_cannot_speak_to_a_terminal() -> None:
    error = XHarnessError("a\x1b]0;title\x07 b\x9b2J c\x00 d\ud800 e\u202e f\tg")
    assert str(error) == "a\\u001b]0;title\\u0007 b\\u009b2J c\\u0000 d\\ud800 e\\u202e f\tg"


def test_of_very_many_faults_the_first_hundred_are_kept() -> None:
    error = XHarnessError(*map(str, range(100_000)))
    assert error.faults[:100] == tuple(map(str, range(100)))
    assert error.faults[100:] == ("... and 99,900 more",)


def test_a_long_fault_keeps_its_start_and_its_end() -> None:
    fault = XHarnessError("x.tsv:1: found '" + "y" * 20_000_000 + "', expected z").faults[0]
    assert len(fault) < 2100
    assert fault.startswith("x.tsv:1: found 'yyy")
    assert fault.endswith("yyy', expected z")
    assert "(19,998,029 more characters)" in fault
