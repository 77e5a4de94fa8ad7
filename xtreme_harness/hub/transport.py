"""Every request of `huggingface_hub` under one `Patience`: its own, and those of the libraries that use it.

The library's clients are given a network of ours: it waits in slices, so that a request ends when the patience does,
whatever trickles in meanwhile. From then on each request is refused at once, as if HF_HUB_OFFLINE were set: the
libraries do not try such a request again, and take what the cache holds.
"""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from importlib import import_module
from queue import Empty, Queue
from typing import Any

from huggingface_hub import constants
from huggingface_hub.errors import OfflineModeIsEnabled
from huggingface_hub.utils import _http

from xtreme_harness.hub.patience import SILENCE, SLICE, Patience, one_line

__all__ = ["GivenUp", "listen"]

_FILE = re.compile(r"/(?:(?:datasets|spaces)/)?([^/]+(?:/[^/]+)?)/resolve/[^/]+/([^?]+)")
_API = re.compile(r"/api/(?:models|datasets|spaces)/([^/?]+(?:/[^/?]+)?)")
_AGAIN = (408, 429, 500, 502, 503, 504)  # statuses after which the libraries try again
_LARGEST = 1 << 28  # bytes of an answer that is no file
_HERE = Patience()  # the process's: the libraries' client is the process's too


class GivenUp(OfflineModeIsEnabled):
    """The Hub is not asked any more; the message follows "the Hub (address)"."""


def listen() -> Patience:
    """Put the libraries' requests under the process's patience; return it.

    A user who gives the libraries more time (HF_HUB_DOWNLOAD_TIMEOUT, HF_HUB_ETAG_TIMEOUT) gives it here too.
    """
    _HERE.silence = max(SILENCE, constants.HF_HUB_DOWNLOAD_TIMEOUT, constants.HF_HUB_ETAG_TIMEOUT)
    make = getattr(_http, "_GLOBAL_CLIENT_FACTORY", _http.default_client_factory)
    if not isinstance(make, _Factory):
        _http.set_client_factory(_Factory(make, _HERE))
    return _HERE


class _Factory:
    """Makes the client that was made before, and watches it."""

    def __init__(self, make: Callable[[], Any], patience: Patience) -> None:
        self.make = make
        self.patience = patience

    def __call__(self) -> Any:
        client = self.make()
        http = import_module(type(client).__module__.partition(".")[0])  # httpx or httpx2, by the library's version
        body = _body(http.SyncByteStream)
        client._transport = _Transport(client._transport, self.patience, body)
        client._mounts = {key: each and _Transport(each, self.patience, body) for key, each in client._mounts.items()}
        return client


class _Transport:
    """A transport that refuses when the patience is over, and tells it how each request ends."""

    def __init__(self, inner: Any, patience: Patience, body: Any) -> None:
        self._inner = inner
        self._patience = patience
        self._body = body
        pool = getattr(inner, "_pool", None)
        if pool is not None:
            pool._network_backend = _Network(pool._network_backend, patience)

    def handle_request(self, request: Any) -> Any:
        patience = self._patience
        patience.what = _named(request.url)
        if why := patience.given_up():
            raise GivenUp(why)
        try:
            response = self._inner.handle_request(request)
        except GivenUp:
            raise
        except Exception as error:
            patience.failed(f"cannot be reached: {one_line(error)} ({patience.what})")
            raise
        status = response.status_code
        file = "/resolve/" in request.url.path or "/api/" not in request.url.path
        again = status in _AGAIN or status >= 500
        answer = not again and not 300 <= status < 400  # a redirection is none yet
        response.stream = self._body(response.stream, patience, None if file else _LARGEST, answer)
        if again:
            patience.failed(f"keeps answering {status} ({patience.what})")
            _require_soon(response, patience)
        return response

    def close(self) -> None:
        self._inner.close()

    def __enter__(self) -> _Transport:
        self._inner.__enter__()
        return self

    def __exit__(self, *error: Any) -> None:
        self._inner.__exit__(*error)


def _require_soon(response: Any, patience: Patience) -> None:
    """Give up a Hub that asks for a longer wait than the patience; the libraries would sleep through it."""
    limit = _http.parse_ratelimit_headers(response.headers) if hasattr(_http, "parse_ratelimit_headers") else None
    asked = [int(found) for found in (response.headers.get("retry-after") or "",) if re.fullmatch(r"\d{1,9}", found)]
    asked += [limit.reset_in_seconds] if limit is not None and response.status_code == 429 else []
    longest = max(asked, default=0)
    if longest > patience.silence:
        patience.give_up(f"answers {response.status_code} and asks to wait {longest} s ({patience.what})")
        response.stream.close()
        raise GivenUp(patience.given_up())
    if longest == 0 and "retry-after" in response.headers:  # a date, or nothing that can be read
        del response.headers["retry-after"]


def _named(url: Any) -> str:
    """What a request is for, in few words."""
    if found := _FILE.match(url.path):
        name = f"{found[2]} of {found[1]}"
    elif found := _API.match(url.path):
        name = found[1]
    else:
        name = f"{url.host}{url.path}"
    return "".join(c if c.isprintable() else "?" for c in name)[:120]


def _body(base: type[Any]) -> type[Any]:
    """The class of a watched body, for one version of the client."""

    class Body(base):  # type: ignore[misc]
        def __init__(self, inner: Any, patience: Patience, largest: int | None, answer: bool) -> None:
            self._inner, self._patience, self._largest, self._answer = inner, patience, largest, answer

        def __iter__(self) -> Iterator[bytes]:
            size = 0
            try:
                for part in self._inner:
                    size += len(part)
                    if self._largest is not None and size > self._largest:
                        raise ValueError(f"an answer of over {self._largest >> 20} MiB")
                    yield part
            except GivenUp:
                raise
            except Exception as error:
                self._patience.failed(f"breaks off again and again ({self._patience.what}): {one_line(error)}")
                raise
            if self._answer:
                self._patience.answered()

        def close(self) -> None:
            self._inner.close()

    return Body


class _Network:
    """A network backend of the client's core, each wait of it in slices."""

    def __init__(self, inner: Any, patience: Patience) -> None:
        self._inner = inner
        self._patience = patience
        self._core = import_module(type(inner).__module__.partition(".")[0])

    def connect_tcp(self, host: str, port: int, timeout: float | None = None, *rest: Any, **options: Any) -> Any:
        """Connect in a thread: a name that is looked up cannot be interrupted."""
        ends: Queue[Any] = Queue()
        left = threading.Event()

        def connect() -> None:
            try:
                stream = self._inner.connect_tcp(host, port, timeout or self._patience.silence, *rest, **options)
            except BaseException as error:
                ends.put(error)
                return
            ends.put(stream)
            if left.is_set():
                stream.close()

        threading.Thread(target=connect, daemon=True, name="connect to the Hub").start()
        last = time.monotonic() + (timeout or self._patience.silence)
        try:
            with self._patience.waiting():
                while True:
                    if why := self._patience.given_up():
                        raise GivenUp(why)
                    with suppress(Empty):
                        end = ends.get(timeout=SLICE)
                        break
                    if time.monotonic() > last + 1:
                        raise self._core.ConnectTimeout(f"{host} cannot be found")
        except BaseException:
            left.set()
            raise
        if isinstance(end, BaseException):
            raise end
        return _Stream(end, self._patience, self._core)

    def connect_unix_socket(self, *given: Any, **options: Any) -> Any:
        return _Stream(self._inner.connect_unix_socket(*given, **options), self._patience, self._core)

    def sleep(self, seconds: float) -> None:
        self._inner.sleep(seconds)


class _Stream:
    """A connection, each wait of it in slices."""

    def __init__(self, inner: Any, patience: Patience, core: Any) -> None:
        self._inner = inner
        self._patience = patience
        self._core = core

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        last = None if timeout is None else time.monotonic() + timeout
        with self._patience.waiting():
            while True:
                if why := self._patience.given_up():
                    raise GivenUp(why)
                left = SLICE if last is None else min(SLICE, max(last - time.monotonic(), 0.01))
                try:
                    found: bytes = self._inner.read(max_bytes, left)
                except self._core.ReadTimeout as error:
                    if last is not None and time.monotonic() >= last:
                        raise self._core.ReadTimeout(f"no answer for {timeout:g} s") from error
                    continue
                self._patience.heard(len(found), self)
                return found

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        with self._patience.waiting():
            self._inner.write(buffer, timeout or self._patience.silence)

    def close(self) -> None:
        self._inner.close()

    def start_tls(self, ssl_context: Any, server_hostname: str | None = None, timeout: float | None = None) -> Any:
        with self._patience.waiting():
            inner = self._inner.start_tls(ssl_context, server_hostname, timeout or self._patience.silence)
        return _Stream(inner, self._patience, self._core)

    def get_extra_info(self, info: str) -> Any:
        return self._inner.get_extra_info(info)
