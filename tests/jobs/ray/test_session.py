"""Joining a Ray cluster, or starting one: what is refused, soon and in one line, and that nothing stays."""

from __future__ import annotations

import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fixtures.ray_nodes import NEEDS_RAY, counting, gone, parent, quiet_ray, started
from xtreme_harness.errors import ClusterError, MissingDependency
from xtreme_harness.jobs.ray.session import joined_cluster, require_ray


def test_a_missing_ray_is_said_with_the_line_that_installs_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(MissingDependency) as caught, joined_cluster(None):
        pass
    assert str(caught.value) == "ray is needed for --executor ray: pip install 'xtreme-harness[ray]'"


@NEEDS_RAY
@pytest.mark.ray
@pytest.mark.slow
@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("http://127.0.0.1:8265", "RAY_ADDRESS=http://127.0.0.1:8265: not joined (ValueError: Invalid Ray address"),
        ("127.0.0.1:1", "RAY_ADDRESS=127.0.0.1:1: no Ray cluster answers (Connection refused); start one with"),
        ("nowhere.invalid:6379", "RAY_ADDRESS=nowhere.invalid:6379: no Ray cluster answers ("),
    ],
)
def test_an_address_without_a_cluster_is_one_line(address: str, said: str, monkeypatch: pytest.MonkeyPatch) -> None:
    require_ray()
    monkeypatch.setenv("RAY_ADDRESS", address)
    before = signal.getsignal(signal.SIGTERM)
    with pytest.raises(ClusterError) as caught, joined_cluster(None):
        pass
    assert str(caught.value).startswith(said)
    assert len(caught.value.faults) == 1
    assert signal.getsignal(signal.SIGTERM) is before


@pytest.fixture(scope="module")
def _alone() -> Iterator[None]:
    """No cluster is there, and none stays."""
    with quiet_ray():
        yield


@NEEDS_RAY
@pytest.mark.ray
@pytest.mark.slow
@pytest.mark.usefixtures("_alone")
@pytest.mark.parametrize("number", [None, signal.SIGINT, signal.SIGKILL])
def test_a_cluster_that_is_started_for_a_run_ends_with_it(tmp_path: Path, number: int | None) -> None:
    with started(tmp_path, 0.1 if number is None else 0.5) as driver:
        worker = counting(driver)
        daemon = parent(worker)
        if number is not None:
            driver.send_signal(number)
        out, said = driver.communicate(timeout=60)
    assert said == ""
    assert ("a 012345678\n" in out) == (number is None)
    assert gone(worker)
    assert gone(daemon)
