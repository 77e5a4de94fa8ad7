"""How long a silent Hub is waited for, by a clock that the test moves."""

from __future__ import annotations

import logging

import pytest

from xtreme_harness.hub import patience as rule
from xtreme_harness.hub.patience import REMEMBERED, SILENCE, STRETCH, TRICKLE, TROUBLE, Patience, one_line


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
        for connection in range(8):
            patience.heard(size, connection)
        ends = ends or wait(patience, clock, 1)
    assert bool(ends) != flows


def test_an_answer_gives_all_patience_back(patience: Patience, clock: Clock) -> None:
    for _ in range(5):
        assert not wait(patience, clock, 25)
        patience.answered()


def fail(patience: Patience, clock: Clock, seconds: int, size: int = 0) -> str:
    """One failure a second, after some bytes each; why the Hub is given up, if it is."""
    for _ in range(seconds):
        patience.heard(size, 1)
        patience.failed("keeps answering 503")
        clock.now += 1
    return patience.given_up()


@pytest.mark.parametrize(("size", "ends"), [(0, True), (TRICKLE, True), (STRETCH // 10, False)])
def test_what_only_fails_ends_it(patience: Patience, clock: Clock, size: int, ends: bool) -> None:
    assert not fail(patience, clock, int(TROUBLE), size)
    assert fail(patience, clock, 1, size) == ("keeps answering 503" if ends else "")


def test_what_only_fails_is_told_of(patience: Patience, clock: Clock, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING, "xtreme_harness"):
        fail(patience, clock, 30)
    assert [record.message[-8:] for record in caplog.records] == [" 5 s ...", "10 s ...", "15 s ..."]


def test_many_failures_at_once_do_not(patience: Patience) -> None:
    for _ in range(100):
        patience.failed("breaks off")
    assert not patience.given_up()


@pytest.mark.parametrize("between", ["an answer", "a long time"])
def test_failures_apart_do_not(patience: Patience, clock: Clock, between: str) -> None:
    for _ in range(5):
        assert not fail(patience, clock, 15)
        if between == "an answer":
            patience.answered()
        else:
            clock.now += 60


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
    """The silence, and the longest nap of the library between two tries, and a try that began before."""
    assert TROUBLE + 8 + 10 <= SILENCE + 8 < 60
    assert rule.SLICE < 1


def test_one_line() -> None:
    assert one_line(ValueError("a\n  b")) == "a b"
    assert one_line(ValueError()) == "ValueError"
    assert len(one_line(ValueError("x" * 1000))) == 300
