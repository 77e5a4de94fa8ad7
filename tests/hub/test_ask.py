"""A Hub that hangs, fails or is none, from the command line: one line, at once or when the patience is over."""

from __future__ import annotations

import os
import re
import signal
import socket
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.fixtures.docs_hub import COMMIT
from tests.fixtures.hub_server import MANNERS, HubServer
from xtreme_harness.errors import DataError, HubSilent
from xtreme_harness.hub import ask, silence, unstored
from xtreme_harness.models.checkpoint import find_checkpoint
from xtreme_harness.models.weights import with_weights

pytestmark = pytest.mark.slow

Run = Callable[..., Any]
MODEL = "FacebookAI/xlm-roberta-base"
SAYS = {
    "silent": "did not answer for 1 s", "stalled": "did not answer for 1 s",
    "dripped headers": "did not answer for 1 s", "dripped body": "did not answer for 1 s",
    "reset": "cannot be reached: [Errno 104] Connection reset by peer",
    "busy": "answers 503 Service Unavailable", "busy for long": "answers 503 and asks to wait 100000 s",
    "limited": "answers 429 and asks to wait 100000 s", "a loop": "cannot be reached: Exceeded ",
    "HTML": "does not answer as a Hub does (JSONDecodeError: ",
    "deep JSON": "does not answer as a Hub does (RecursionError: ",
    "cut JSON": "does not answer as a Hub does (JSONDecodeError: ", "a list": "does not answer as a Hub does (",
    "an object of nothing": "does not answer as a Hub does (", "null": "does not answer as a Hub does (",
    "not HTTP": "cannot be reached: ",
}  # fmt: skip
COMMANDS = {
    "eval, model": ["eval", "-m", MODEL, "-t", "pawsx", "--languages", "de", "--data", "samples"],
    "train, model": ["train", "-m", MODEL, "-t", "pawsx", "--data", "samples"],
    "eval, data": ["eval", "-m", "oracle", "-t", "pawsx", "--languages", "de,fr"],
    "train, data": ["train", "-m", "{checkpoint}/xnli", "-t", "pawsx,xnli"],
    "dry run, model": ["eval", "-m", MODEL, "-t", "pawsx,xnli", "--languages", "de,fr", "--dry-run"],
    "check": ["tasks", "check", "pawsx", "xnli"],
    "download": ["download", "-t", "pawsx", "--languages", "de,fr"],
}


def command(name: str, checkpoint: Path, tmp_path: Path) -> list[str]:
    """A command of the table, with a place for what it writes."""
    place = {"check": [], "download": ["--to", str(tmp_path / "out")]}.get(name, ["-o", str(tmp_path / "out")])
    return [part.format(checkpoint=checkpoint) for part in COMMANDS[name]] + place


def refusals(err: str) -> list[str]:
    """The lines on stderr that are none of progress, nor of what a run is about to do."""
    plain = re.compile(r"waiting for the Hub \(|\S+: \d+ cells of |training |$")
    return [line for line in err.split("\n") if not plain.match(line)]


def test_every_manner_is_told_of() -> None:
    assert set(SAYS) == set(MANNERS)


@pytest.mark.parametrize("manner", SAYS)
@pytest.mark.parametrize("name", ["eval, model", "eval, data"])
def test_one_line_and_an_end(
    xharness: Run, hub: HubServer, checkpoint: Path, tmp_path: Path, name: str, manner: str
) -> None:
    hub.manner, hub.ill = manner, "/api/"
    began = time.monotonic()
    done = xharness(*command(name, checkpoint, tmp_path))
    (line,) = refusals(done.err)
    assert (done.status, f"the Hub ({hub.url}) {SAYS[manner]}" in line) == (2, True), line
    assert "; check the network, HF_ENDPOINT and the proxy, or set HF_HUB_OFFLINE=1" in line
    assert time.monotonic() - began < 6
    assert not (tmp_path / "out" / "results.json").exists()


@pytest.mark.parametrize("name", COMMANDS)
def test_a_silent_hub_ends_every_command(
    xharness: Run, hub: HubServer, checkpoint: Path, tmp_path: Path, name: str
) -> None:
    hub.manner = "silent"
    began = time.monotonic()
    done = xharness(*command(name, checkpoint, tmp_path))
    (line,) = refusals(done.err)
    assert (done.status, f"the Hub ({hub.url}) did not answer for 1 s (" in line) == (2, True), line
    assert "waiting for the Hub (" in done.err
    assert time.monotonic() - began < 6


def test_quiet_is_quiet(xharness: Run, hub: HubServer, tmp_path: Path) -> None:
    hub.manner = "silent"
    done = xharness("-q", *command("eval, data", tmp_path, tmp_path))
    assert "waiting for the Hub" not in done.err
    assert done.err.startswith("error: google-research-datasets/paws-x: the Hub (")


@pytest.mark.parametrize("manner", ["silent", "stalled", "dripped headers", "dripped body", "reset", "busy", "a loop"])
@pytest.mark.parametrize("name", ["eval, model", "eval, data"])
def test_it_may_begin_with_any_request(
    xharness: Run, hub: HubServer, checkpoint: Path, tmp_path: Path, name: str, manner: str, monkeypatch: Any
) -> None:
    """The first answers come, then those about files do not."""
    monkeypatch.setattr("huggingface_hub.utils._http.time.sleep", lambda seconds: None)
    monkeypatch.setattr("huggingface_hub.file_download.time.sleep", lambda seconds: None)
    hub.manner, hub.ill = manner, "/resolve/"
    began = time.monotonic()
    done = xharness(*command(name, checkpoint, tmp_path))
    lines = refusals(done.err)
    assert done.status in (2, 3), done.err
    assert [line for line in lines if f"the Hub ({hub.url}) " in line], done.err
    assert not [line for line in lines if "unexpected" in line or "Traceback" in line]
    assert time.monotonic() - began < 10


def test_no_request_waits_again(hub: HubServer) -> None:
    hub.manner = "silent"
    with pytest.raises(HubSilent, match="did not answer for 1 s"):
        find_checkpoint(MODEL, None)
    asked, began = hub.requests.total(), time.monotonic()
    for other in (MODEL, "some/other"):
        with pytest.raises(HubSilent, match=f"{other}: no such folder, and the Hub .* did not answer for 1 s"):
            find_checkpoint(other, None)
    assert hub.requests.total() == asked
    assert time.monotonic() - began < 0.5


@pytest.mark.parametrize("manner", ["silent", "dripped headers", "busy"])
@pytest.mark.parametrize("revision", [None, COMMIT])
def test_what_is_cached_is_taken(hub: HubServer, manner: str, revision: str | None) -> None:
    known = find_checkpoint(MODEL, None, revision)
    hub.manner = manner
    assert find_checkpoint(MODEL, None, revision) == known


def test_what_flows_slowly_is_not_cut(hub: HubServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """Three seconds for one file, with a patience of little more than one."""
    from tests.fixtures import hub_server

    content = hub.repositories[("model", MODEL)][COMMIT]["config.json"]

    def slow(server: HubServer, asked: Any) -> None:
        told = (f'ETag: "{"1" * 40}"', f"X-Repo-Commit: {COMMIT}", f"Content-Length: {len(content) + 12 * 2000}")
        asked.wfile.write(hub_server._head(*told) + content)
        for _ in range(0 if asked.command == "HEAD" else 12):
            time.sleep(0.25)
            asked.wfile.write(b" " * 2000)

    monkeypatch.setitem(MANNERS, "slow", slow)
    hub.manner, hub.ill = "slow", "/config.json"
    began = time.monotonic()
    assert find_checkpoint(MODEL, None).family == "xlm-roberta"
    assert time.monotonic() - began > 2.5


def test_a_store_that_is_silent(hub: HubServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """hf_xet has a network of its own."""
    pytest.importorskip("hf_xet")
    files = {**hub.repositories[("model", MODEL)][COMMIT], "model.safetensors": b"x" * 10_000}
    monkeypatch.setattr(hub, "repositories", {("model", MODEL): {COMMIT: files}})
    with socket.create_server(("127.0.0.1", 0)) as store:
        hub.cas = f"http://127.0.0.1:{store.getsockname()[1]}"
        found = find_checkpoint(MODEL, None)
        began = time.monotonic()
        with pytest.raises(HubSilent, match=rf"^{MODEL}: the Hub \(.*\) did not answer for 1 s \({MODEL}\); check"):
            with_weights(found)
        assert time.monotonic() - began < 4


def test_an_interruption_ends_it_at_once(xharness: Run, hub: HubServer, tmp_path: Path) -> None:
    hub.manner = "silent"
    threading.Timer(0.6, os.kill, (os.getpid(), signal.SIGINT)).start()
    began = time.monotonic()
    done = xharness(*command("eval, model", tmp_path, tmp_path))
    assert (done.status, refusals(done.err)) == (
        130,
        ["interrupted; the same command continues where this one stopped"],
    )
    assert time.monotonic() - began < 1.1
    hub.manner = ""
    assert find_checkpoint(MODEL, None).commit == COMMIT


@pytest.mark.parametrize(
    ("endpoint", "says"),
    [
        ("http://no-such-host.invalid", "cannot be reached: "), ("http://127.0.0.1:1", "cannot be reached: "),
        ("localhost", "cannot be reached: Request URL is missing"), ("ftp://127.0.0.1", "cannot be reached: "),
        ("http://[::1", "Invalid"), ("http://127.0.0.1:99999", "the Hub (http://127.0.0.1:99999) "),
        ("", "the Hub () "),
    ],
)  # fmt: skip
@pytest.mark.parametrize("name", ["eval, model", "eval, data"])
def test_an_endpoint_that_is_none(
    xharness: Run, hub: HubServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, endpoint: str, says: str
) -> None:
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "ENDPOINT", endpoint)
    done = xharness(*command(name, tmp_path, tmp_path))
    (line,) = refusals(done.err)
    assert (done.status, "unexpected" in line) == (2, False), line
    assert says in line
    assert f"the Hub ({endpoint}) " in line


@pytest.mark.parametrize("proxy", ["silent", "refused", "odd://127.0.0.1:1"])
def test_a_proxy_that_hangs(hub: HubServer, monkeypatch: pytest.MonkeyPatch, proxy: str) -> None:
    from huggingface_hub import close_session, constants

    hub.manner = "silent"
    place = {"silent": hub.url, "refused": "http://127.0.0.1:1"}.get(proxy, proxy)
    monkeypatch.delenv("NO_PROXY")
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.setenv("HTTPS_PROXY", place)
    monkeypatch.setattr(constants, "ENDPOINT", "https://hub.example")
    close_session()
    with pytest.raises(HubSilent, match=r"no such folder, and the Hub \(https://hub.example\) .* and the proxy"):
        find_checkpoint(MODEL, None)


def test_errors_of_other_things_are_no_silence() -> None:
    assert not silence(ValueError("a checkpoint's own"), "")
    assert not silence(FileNotFoundError("x"), "", unread=True)
    assert not unstored(ConnectionResetError(104, "reset"))
    assert unstored(OSError(28, "No space left on device")).endswith("set HF_HOME to a folder with room")


def test_what_work_raises_or_returns_comes_through(hub: HubServer) -> None:
    def fail() -> None:
        raise DataError("the job's own")

    assert ask(lambda: threading.current_thread() is threading.main_thread()) is False
    with pytest.raises(DataError, match="the job's own"):
        ask(fail)
