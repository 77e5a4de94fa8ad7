"""A Ray cluster: joined, or started for as long as a run lasts."""

from __future__ import annotations

import logging
import os
import signal
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from xtreme_harness.errors import ClusterError, MissingDependency, in_words
from xtreme_harness.processor import cores

__all__ = ["joined_cluster", "require_ray"]

_ADDRESS = "RAY_ADDRESS"
_QUIET = {  # read when ray is imported; what the user says stands
    "RAY_DEDUP_LOGS_SKIP_REGEX": ".",  # the dumps of its daemons come to standard output otherwise
    "RAY_USAGE_STATS_ENABLED": "0",
}
_PATIENCE = 10.0  # seconds until an address answers; Ray itself waits for a minute and then ends the process
_OBJECTS = 100_000_000  # bytes of the object store of a cluster of our own: jobs leave files, not objects


def require_ray() -> Any:
    """Ray, imported so that it keeps quiet.

    Raises:
        MissingDependency: it is not installed.
    """
    for name, value in _QUIET.items():
        os.environ.setdefault(name, value)
    try:
        import ray
    except ImportError:
        raise MissingDependency("ray is needed for --executor ray: pip install 'xtreme-harness[ray]'") from None
    return ray


@contextmanager
def joined_cluster(workers: int | None) -> Iterator[Any]:
    """Ray, joined to the cluster that RAY_ADDRESS names; without it, to one that is started here and ended afterwards.

    A cluster that the process has joined already is used, and not left.

    Args:
        workers: how many jobs a cluster that is started here should do at once.

    Raises:
        MissingDependency: Ray is not installed.
        ClusterError: there is no such cluster, or none can be started.
    """
    ray = require_ray()
    if ray.is_initialized():
        yield ray
        return
    address = os.environ.get(_ADDRESS, "")
    if address:
        _require_answer(address)
    try:
        with _own_signals():
            _init(ray, address, workers)
    except Exception as error:
        what = f"{_ADDRESS}={address}: not joined" if address else "no Ray cluster can be started on this machine"
        do = f"; expected HOST:PORT, or unset {_ADDRESS} for a cluster on this machine" if address else ""
        raise ClusterError(f"{what} ({in_words(error)}){do}") from error
    try:
        yield ray
    finally:
        ray.shutdown()


def _init(ray: Any, address: str, workers: int | None) -> None:
    quiet: dict[str, Any] = {"log_to_driver": False, "logging_level": logging.ERROR}
    if address:
        ray.init(address=address, **quiet)
    else:
        n = max(cores(), workers or 0)
        ray.init(address="local", num_cpus=n, include_dashboard=False, object_store_memory=_OBJECTS, **quiet)


def _require_answer(address: str) -> None:
    """Is anybody there, where the address is a host and a port?"""
    host, _, port = address.rpartition(":")
    if "/" in address or not port.isdecimal():
        return
    try:
        socket.create_connection((host.strip("[]"), int(port)), _PATIENCE).close()
    except (OSError, OverflowError) as error:
        reason = getattr(error, "strerror", None) or error
        raise ClusterError(
            f"{_ADDRESS}={address}: no Ray cluster answers ({reason}); start one with `ray start --head`, or unset "
            f"{_ADDRESS} for one on this machine"
        ) from None


@contextmanager
def _own_signals() -> Iterator[None]:
    """Keep the handler of SIGTERM, which joining a cluster replaces."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.getsignal(signal.SIGTERM)
    try:
        yield
    finally:
        if before is not None:
            signal.signal(signal.SIGTERM, before)
