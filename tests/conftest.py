"""Fixtures that every test may use."""

from __future__ import annotations

import gc
import logging
import os
import signal
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from filelock import FileLock
from hypothesis import settings

if TYPE_CHECKING:
    from tests.fixtures.warm import Warm

settings.register_profile("untimed", deadline=None)  # machines are busy
settings.load_profile("untimed")

Made = Callable[[str, Callable[[Path], object]], Path]


@pytest.fixture(scope="module", autouse=True)
def _collected_once() -> None:
    """Spare the garbage collector, which runs after every training, all that imports and earlier files have left."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session", autouse=True)
def _interruptible() -> None:
    """A shell lets what it starts in the background ignore Ctrl-C; tests of Ctrl-C are no such commands."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session", autouse=True)
def _collectable_again() -> Iterator[None]:
    """Hypothesis asks the collector at the end who refers to what."""
    yield
    gc.unfreeze()


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder `shared` beside the repository, with recorded cases and data; skips where it is absent."""
    folder = Path(__file__).resolve().parents[1].parent / "shared"
    if not folder.is_dir():
        pytest.skip("needs ../shared")
    return folder


@dataclass(frozen=True)
class Finished:
    """What a command left: its exit status and what it printed."""

    status: int
    out: str
    err: str

    @property
    def errors(self) -> list[str]:
        """The lines that name a fault."""
        return [line for line in self.err.splitlines() if line.startswith(("error: ", "failed: "))]


@pytest.fixture
def xharness(capsys: pytest.CaptureFixture[str]) -> Iterator[Callable[..., Finished]]:
    """Run the command line in this process."""
    log = logging.getLogger("xtreme_harness")
    kept = log.handlers, log.propagate, log.level

    def run(*args: object) -> Finished:
        from xtreme_harness.cli.main import main

        capsys.readouterr()
        with pytest.raises(SystemExit) as stop:
            main([str(arg) for arg in args])
        out, err = capsys.readouterr()
        return Finished(int(str(stop.value.code)), out, err)

    yield run
    log.handlers, log.propagate = kept[:2]
    log.setLevel(kept[2])


@pytest.fixture(scope="session")
def warm() -> Iterator[Warm]:
    """A server of processes that have imported everything, started once."""
    from tests.fixtures.warm import warm_server

    with warm_server() as server:
        yield server


@pytest.fixture(scope="session")
def samples() -> Path:
    """The sample data that ships with the package."""
    from xtreme_harness.cards import folder

    return folder() / "samples"


@pytest.fixture(scope="session")
def made_once(tmp_path_factory: pytest.TempPathFactory) -> Made:
    """Make a folder once for all processes of pytest-xdist: the first one makes it, others wait for it."""
    root = tmp_path_factory.getbasetemp()
    root = root.parent if "PYTEST_XDIST_WORKER" in os.environ else root

    def made(name: str, make: Callable[[Path], object]) -> Path:
        with FileLock(root / f"{name}.lock"):
            if not (root / f"{name}.made").exists():
                make(root / name)
                (root / f"{name}.made").touch()
        return root / name

    return made


@pytest.fixture(scope="session")
def checkpoint(made_once: Made) -> Path:
    """A tiny checkpoint a training unit; read only."""
    from tests.fixtures.tiny_checkpoint import build_checkpoint

    return made_once("checkpoint", build_checkpoint)


@pytest.fixture(scope="session")
def oracle_run(made_once: Made) -> Path:
    """The output of `oracle` on both suites; read only."""
    from xtreme_harness import evaluate

    asked: Any = {"data": "samples", "log_samples": True}
    return made_once("oracle", lambda out: evaluate("oracle", ["xtreme", "xtreme-r"], output=out, **asked))


@pytest.fixture(scope="session")
def demo(made_once: Made) -> Path:
    """What `xharness demo demo` of the built wheel left, and in `printed.txt` what it printed; read only."""
    from tests.fixtures.wheel import Site, build_wheel

    def make(folder: Path) -> None:
        folder.mkdir()
        site = Site(build_wheel(folder / "wheel"), folder)
        where = site.run("-c", "from xtreme_harness.cards import folder; print(folder())").strip()
        assert where == str(site.packages / "xtreme_harness" / "tasks")
        (folder / "printed.txt").write_text(site.run("-m", "xtreme_harness.cli.main", "demo", "demo"), "utf-8")

    return made_once("wheel-demo", make)


@pytest.fixture(scope="session")
def demo_run(checkpoint: Path, made_once: Made) -> Path:
    """The output of the tiny checkpoint on both suites; read only."""
    from xtreme_harness import evaluate

    return made_once("demo", lambda out: evaluate(checkpoint, ["xtreme", "xtreme-r"], data="samples", output=out))
