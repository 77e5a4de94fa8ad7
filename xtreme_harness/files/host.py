"""This machine and its processes, as others see them who share a file system with it."""

from __future__ import annotations

import os
import socket
from contextlib import suppress
from hashlib import sha256
from pathlib import Path

__all__ = ["host_name", "host_tag", "is_gone"]


def host_name() -> str:
    """The name of this machine, in one word."""
    return "".join(socket.gethostname().split()) or "unknown"


def host_tag() -> str:
    """Eight hex digits for this machine; containers that number their processes apart are machines apart."""
    numbering = ""
    with suppress(OSError):  # no /proc
        numbering = str(Path("/proc/self/ns/pid").readlink())
    return sha256(f"{socket.gethostname()} {numbering}".encode("utf-8", "surrogateescape")).hexdigest()[:8]


def is_gone(process: int) -> bool:
    """Has a process of this machine ended for certain? One that was killed and that nobody waited for has."""
    if os.name == "nt":  # where signal 0 is Ctrl-C
        return False
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return True
    except (OSError, OverflowError):  # somebody else's; no number of a process
        return False
    try:
        state = Path(f"/proc/{process}/stat").read_bytes().rpartition(b")")[2].split()[:1]
    except OSError:  # no /proc
        return False
    return state in ([b"Z"], [b"X"])
