"""How long a silent Hub is waited for, by a clock that the test moves."""

from __future__ import annotations

import logging

import pytest

from xtreme_harness.hub import patience as rule
from xtreme_harness.hub.patience import FAILURES, REMEMBERED, SILENCE, STRETCH, TRICKLE, Patience, one_line


class Clock:
    """Seconds, as many as a test says have passed."""

    now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def patience(clock: Clock) -> Patience:
    patience = Patience(clock=clock)
    patience.what = "config.json of a/b"
    return patience


def wait(patience: Patience, clock: Clock, seconds: float) -> str:
    """Wait in steps; why the Hub is given up, if it is."""
    with patience.waiting():
        for _ in range(int(seconds)):
            clock.now += 1
            if why := patience.given_up():
                return why
    return ""


def test_silence_ends_it_and_is_told_of(patience: Patience, clock: Clock, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING, "xtreme_harness"):
        assert wait(patience, clock, 60) == "did not answer for 30 s (config.json of a/b)"
    lines = [f"waiting for the Hub (config.json of a/b), {n} s ..." for n in (5, 10, 15, 20, 25)]
    assert [record.message for record in caplog.records] == lines
    assert clock.now == 1000 + SILENCE


def test_waits_of_several_requests_count_together(patience: Patience, clock: Clock) -> None:
    for _ in range(2):
        assert not wait(patience, clock, 12)
        clock.now += 5000  # computing meanwhile is no waiting
        assert not patience.given_up()
    assert wait(patience, clock, 12).startswith("did not answer for 30 s")


def test_requests_at_once_count_once(patience: Patience, clock: Clock) -> None:
    with patience.waiting():
        assert not wait(patience, clock, 20)
    assert not wait(patience, clock, 9)


@pytest.mark.parametrize(
    ("size", "flows"), [(TRICKLE // 25, True), (TRICKLE // 31, False), (1, False), (1 << 20, True)]
)
def test_what_flows_goes_on_and_what_drips_does_not(patience: Patience, clock: Clock, size: int, flows: bool) -> None:
    ends = ""
    for _ in range(600):
        patience.heard(size)
        ends = ends or wait(patience, clock, 1)
    assert bool(ends) != flows


def test_an_answer_gives_all_patience_back(patience: Patience, clock: Clock) -> None:
    for _ in range(5):
        assert not wait(patience, clock, 25)
        patience.answered()


def test_failures_in_a_row_end_it(patience: Patience) -> None:
    for _ in range(FAILURES - 1):
        patience.failed("keeps answering 503")
    assert not patience.given_up()
    patience.failed("keeps answering 503")
    assert patience.given_up() == "keeps answering 503"


@pytest.mark.parametrize(("size", "counts"), [(TRICKLE, True), (STRETCH, False)])
def test_failures_after_a_long_stretch_are_not_in_a_row(patience: Patience, size: int, counts: bool) -> None:
    for _ in range(FAILURES + 1):
        patience.heard(size)
        patience.failed("breaks off")
    assert bool(patience.given_up()) == counts


def test_it_is_asked_anew_after_a_while(patience: Patience, clock: Clock) -> None:
    patience.give_up("silent")
    patience.give_up("another reason")
    assert patience.given_up() == "silent"
    clock.now += REMEMBERED + 1
    assert not patience.given_up()
    assert not wait(patience, clock, 29)
    patience.give_up("silent")
    patience.anew()
    assert not patience.given_up()


def test_a_command_ends_within_a_minute() -> None:
    """The silence, and the naps of the library between as many tries as are made."""
    assert SILENCE + sum(min(8, 2**n) for n in range(FAILURES - 1)) < 60
    assert rule.SLICE < 1


def test_one_line() -> None:
    assert one_line(ValueError("a\n  b")) == "a b"
    assert one_line(ValueError()) == "ValueError"
    assert len(one_line(ValueError("x" * 1000))) == 300
