"""A stop that is asked by a signal."""

from __future__ import annotations

import signal

import pytest

from xtreme_harness.jobs.job import attempt
from xtreme_harness.jobs.stopping import Stopped, asked, stop_if_asked, stop_on


def test_a_signal_asks_and_interrupts_nothing() -> None:
    before = signal.getsignal(signal.SIGUSR1)
    with stop_on(signal.SIGUSR1, signal.SIGUSR2):
        stop_if_asked()
        assert not asked()
        signal.raise_signal(signal.SIGUSR2)
        assert asked()
        signal.raise_signal(signal.SIGUSR1)  # again: nothing more
        with pytest.raises(Stopped):
            stop_if_asked()
    assert signal.getsignal(signal.SIGUSR1) is before


def test_what_was_asked_is_forgotten_with_the_work() -> None:
    with pytest.raises(Stopped), stop_on(signal.SIGUSR1):
        signal.raise_signal(signal.SIGUSR1)
        stop_if_asked()
    assert not asked()


def test_a_stop_is_no_failure_of_the_work() -> None:
    def work() -> None:
        raise Stopped

    with pytest.raises(Stopped):
        attempt("train a", work)
