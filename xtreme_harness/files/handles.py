"""How many files this process may have open: a lock is one, and many runs at once are many locks."""

from __future__ import annotations

from xtreme_harness.errors import OutputError

__all__ = ["allow_open"]

_OTHERS = 128  # that are open beside


def allow_open(files: int) -> None:
    """Let this process have so many files open, and those that it has beside them.

    Args:
        files: how many.

    Raises:
        OutputError: the system does not allow it.
    """
    try:
        import resource
    except ImportError:  # no such bound on this system
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = files + _OTHERS
    if soft == resource.RLIM_INFINITY or soft >= wanted:
        return
    if hard != resource.RLIM_INFINITY and hard < wanted:
        raise OutputError(
            f"{files} output folders at once: this process may have {hard} files open; raise that by ulimit -Hn, or "
            "give fewer runs a command"
        )
    resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
