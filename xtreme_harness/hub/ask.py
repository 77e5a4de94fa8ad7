"""What others call: to ask the Hub, and to tell a Hub that is silent from one that says no."""

from __future__ import annotations

import logging
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import copy_context
from http.client import responses
from inspect import signature
from pathlib import Path
from typing import Any, TypeVar

from xtreme_harness.hub.patience import SLICE, Patience, one_line

__all__ = ["ask", "fetch_file", "fetch_files", "listening", "silence", "unstored"]

T = TypeVar("T")
_INTERRUPTED = "is not asked any more: interrupted"
_LEAVE = 10.0  # seconds that a library has to come back once the Hub is given up
_CHECK = "check the network, HF_ENDPOINT and the proxy, or set HF_HUB_OFFLINE=1 to take what was fetched before"


def ask(work: Callable[[], T]) -> T:
    """Do what waits for the Hub alone; Ctrl-C ends it at once.

    The libraries fetch in threads of their own and wait for them: so they do it in a thread that can be left.

    Raises:
        GivenUp: the Hub was silent for too long.
        Exception: whatever `work` raises.
    """
    from xtreme_harness.hub.transport import GivenUp, listen

    patience = listen()
    if patience.given_up() == _INTERRUPTED:
        patience.anew()
    before = patience.given_up()
    done, ends = threading.Event(), list[Any]()

    def run() -> None:
        try:
            with _quiet():
                ends.append((True, work()))
        except BaseException as error:
            ends.append((False, error))
        done.set()

    threading.Thread(target=copy_context().run, args=(run,), daemon=True, name="ask the Hub").start()
    try:
        if why := _wait(done, patience):
            raise GivenUp(why)
    except BaseException as error:
        patience.give_up(_INTERRUPTED)
        _abort()
        if isinstance(error, GivenUp):
            done.wait(SLICE)
        raise
    well, end = ends[0]
    if well:
        found: T = end
        return found
    if not before and (why := patience.given_up()):  # what the library then says is about its own haste
        raise GivenUp(why) from end
    raise end


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep the library's lines about each try off the terminal."""
    from huggingface_hub.utils import logging as chatter

    level = chatter.get_verbosity()
    chatter.set_verbosity(logging.CRITICAL)
    try:
        yield
    finally:
        chatter.set_verbosity(level)


def _wait(done: threading.Event, patience: Patience) -> str:
    """Wait for the end; "" when it came, else why the Hub was given up, where the library does not come back from it.

    hf_xet has a network of its own, which only its count of bytes tells of: while it may run, the clock does.
    """
    late = 0.0
    while late < _LEAVE:
        if "hf_xet" in sys.modules:
            with patience.waiting():
                ended = done.wait(SLICE)
        else:
            ended = done.wait(SLICE)
        if ended:
            return ""
        if patience.given_up():
            late += SLICE
            if "hf_xet" in sys.modules:
                _abort()
    return patience.given_up()


def _abort() -> None:
    """Break off what hf_xet is fetching."""
    if "hf_xet" in sys.modules:
        from huggingface_hub.utils._xet import abort_xet_session

        abort_xet_session()  # type: ignore[no-untyped-call]


def fetch_files(repo: str, revision: str | None, patterns: Sequence[str]) -> Path:
    """The folder with those files of a model that fit, from the cache or the Hub; raises what the library raises."""
    from huggingface_hub import snapshot_download

    wanted: dict[str, Any] = {"revision": revision, "allow_patterns": list(patterns), "tqdm_class": _bar()}
    return Path(ask(lambda: snapshot_download(repo, **wanted)))


def fetch_file(repo: str, name: str, revision: str) -> Path:
    """One file of a dataset, from the cache or the Hub; raises what the library raises."""
    from huggingface_hub import hf_hub_download

    wanted: dict[str, Any] = {"repo_type": "dataset", "revision": revision}
    if "tqdm_class" in signature(hf_hub_download).parameters:  # not in the library's first versions
        wanted["tqdm_class"] = _bar()
    return Path(ask(lambda: hf_hub_download(repo, name, **wanted)))


def _bar() -> Any:
    """A progress bar that shows nothing and tells the patience what came: hf_xet's bytes are seen nowhere else."""
    from huggingface_hub.utils.tqdm import tqdm

    from xtreme_harness.hub.transport import listen

    patience = listen()

    class Bar(tqdm):
        def __init__(self, *given: Any, **options: Any) -> None:
            super().__init__(*given, **{**options, "disable": True})  # type: ignore[no-untyped-call]

        def update(self, n: float | None = 1) -> bool | None:
            patience.heard(int(n or 0), Bar)
            return None

    return Bar


@contextmanager
def listening() -> Iterator[None]:
    """Have the libraries' own requests wait no longer than `ask` does."""
    from xtreme_harness.hub.transport import listen

    listen()
    with _quiet():
        yield


def silence(error: BaseException, remedy: str, unread: bool = False) -> str:
    """Say why the Hub does not answer, where that is what an error is about; "" where it answered, or was not asked.

    Args:
        error: what a library raised.
        remedy: what to do instead.
        unread: is an error that says nothing of the Hub about an answer that cannot be read?

    Returns:
        what follows the name of what was wanted: "the Hub (address) did not answer for 30 s (...); check ...; remedy".
    """
    from huggingface_hub import constants

    from xtreme_harness.hub.transport import listen

    causes = _causes(error)
    patience = listen()
    why = _unreached(causes, patience.what) or (_unreadable(causes) if unread else "")
    if not why:
        return ""
    patience.give_up(why)
    return f"the Hub ({constants.ENDPOINT}) {why}; {_CHECK}; {remedy}"


def _causes(error: BaseException) -> list[BaseException]:
    """An error and what led to it, the first cause last."""
    causes = [error]
    while (below := causes[-1].__cause__ or causes[-1].__context__) is not None and below not in causes:
        causes.append(below)
    return causes


def _unreached(causes: Sequence[BaseException], what: str) -> str:
    """What follows "the Hub (address)" where the Hub was not reached, or fails."""
    from huggingface_hub.errors import FileMetadataError

    from xtreme_harness.hub.transport import GivenUp

    if given := next((str(cause) for cause in causes if isinstance(cause, GivenUp)), ""):
        return given
    for cause in reversed(causes):
        status = _status(cause)
        if status is not None:
            fails = status >= 500 or status in (408, 429)
            return f"answers {status} {responses.get(status, '')} ({what})" if fails else ""
        if type(cause).__module__.startswith("httpx"):  # or httpx2: which one depends on the library's version
            return f"cannot be reached: {one_line(cause)}"
        if isinstance(cause, FileMetadataError):
            return _odd(cause)
    return ""


def _unreadable(causes: Sequence[BaseException]) -> str:
    """What follows "the Hub (address)" where it answered, but not as a Hub does."""
    from huggingface_hub.errors import HFValidationError, OfflineModeIsEnabled

    odd = (ValueError, TypeError, AttributeError, LookupError, RecursionError, ArithmeticError, AssertionError)
    if any(isinstance(c, OfflineModeIsEnabled | HFValidationError) or _status(c) for c in causes):
        return ""
    found = next((c for c in reversed(causes) if isinstance(c, odd)), None)
    return _odd(found) if found else ""


def _odd(error: BaseException) -> str:
    return f"does not answer as a Hub does ({type(error).__name__}: {one_line(error)})"


def _status(error: BaseException) -> int | None:
    status: int | None = getattr(getattr(error, "response", None), "status_code", None)
    return status


def unstored(error: BaseException) -> str:
    """Say that what was fetched cannot be stored, where that is what an error is about."""
    if isinstance(error, OSError) and error.errno and not isinstance(error, ConnectionError | TimeoutError):
        return f"cannot be stored: {one_line(error)}; set HF_HOME to a folder with room"
    return ""
