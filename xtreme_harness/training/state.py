"""The state of a run on disk: written whole, then put in the place of the one before."""

from __future__ import annotations

import pickle
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from xtreme_harness.errors import OutputError
from xtreme_harness.files.regular import open_regular
from xtreme_harness.files.text import replacing
from xtreme_harness.jobs.stopping import Stopped, asked
from xtreme_harness.training.selection import Best

__all__ = ["Saver", "State", "load_state", "save_state", "save_weights", "written_whole"]


@dataclass(slots=True)
class State:
    """How far a run is."""

    step: int  # optimiser steps done
    best: Best
    owed: bool = False  # is the evaluation behind this step still to be made?


def save_state(folder: Path, state: State, key: str, trainee: Any, optimizer: Any, scaler: Any = None) -> None:
    """Save weights, optimiser, float16's loss scale and progress as `state.pt`; older selected weights go.

    Raises:
        OutputError: it cannot be written; the state before is untouched.
    """
    import torch

    whole = {
        "key": key,
        "step": state.step,
        "best": asdict(state.best),
        "owed": state.owed,
        "weights": _moving(trainee),
        "optimizer": optimizer.state_dict(),
        "scaler": scaler.state_dict() if scaler is not None else None,
    }
    written_whole(folder / "state.pt", lambda path: torch.save(whole, path))
    for old in folder.glob("best-*.safetensors"):
        if old.stem != f"best-{state.best.step}":
            old.unlink(missing_ok=True)


def save_weights(folder: Path, step: int, trainee: Any) -> None:
    """Save the weights that were best so far; a state that is saved later refers to them by their step."""
    from safetensors.torch import save_file

    seen: dict[int, str] = {}
    weights = {}
    for name, value in _moving(trainee).items():
        if value.data_ptr() in seen and value.numel():  # shared by several tasks: loading one loads all
            continue
        seen[value.data_ptr()] = name
        weights[name] = value.detach().cpu().contiguous()
    written_whole(folder / f"best-{step}.safetensors", lambda path: save_file(weights, path))


def load_state(folder: Path, key: str, trainee: Any, optimizer: Any, device: Any, scaler: Any = None) -> State:
    """Continue a saved run of the same key, in place; a fresh state where there is none."""
    whole = _whole_state(folder / "state.pt", key, device)
    best = _best(whole)
    if whole is None or best is None or not _same_shapes(whole.get("weights"), _moving(trainee)):
        return State(0, Best())
    if best.step and not (folder / f"best-{best.step}.safetensors").is_file():
        return State(0, Best())
    try:
        optimizer.load_state_dict(whole["optimizer"])
    except (KeyError, TypeError, ValueError, AttributeError):  # of other weights; it is as it was
        return State(0, Best())
    trainee.load_state_dict(whole["weights"], strict=False)
    if scaler is not None and whole.get("scaler"):
        scaler.load_state_dict(whole["scaler"])
    return State(whole["step"], best, whole.get("owed") is True)


def _moving(trainee: Any) -> dict[str, Any]:
    """The weights without those that training leaves as they are."""
    named = trainee.named_parameters(remove_duplicate=False)
    still = {name for name, parameter in named if not parameter.requires_grad}
    return {name: value for name, value in trainee.state_dict().items() if name not in still}


def _whole_state(file: Path, key: str, device: Any) -> dict[str, Any] | None:
    """What `save_state` wrote for this key; None where there is nothing, or nothing that this program wrote."""
    import torch

    try:
        with open_regular(file) as stream:
            whole = torch.load(stream, map_location=device, weights_only=True)
    except (RuntimeError, EOFError, OSError, ValueError, KeyError, pickle.UnpicklingError):
        return None
    if not isinstance(whole, dict) or whole.get("key") != key or type(whole.get("step")) is not int:
        return None
    return whole


def _best(whole: Mapping[str, Any] | None) -> Best | None:
    """The best evaluation of a saved state; None where it is none."""
    try:
        found = Best(**(whole or {})["best"])
    except (KeyError, TypeError):
        return None
    return found if type(found.step) is int else None


def _same_shapes(saved: Any, wanted: Mapping[str, Any]) -> bool:
    if not isinstance(saved, Mapping) or set(saved) != set(wanted):
        return False
    return all(getattr(saved[name], "shape", None) == value.shape for name, value in wanted.items())


def written_whole(path: Path, write: Callable[[Path], Any]) -> None:
    """Let `write` make a file under another name, then rename it.

    Raises:
        OutputError: in one line; what stood at `path` before is untouched.
    """
    try:
        with replacing(path) as new:
            write(new)
    except OutputError as error:
        raise OutputError(f"{error}; what was saved before is untouched") from None
    except Exception as error:  # safetensors and torch each have their own
        reason = getattr(error, "strerror", None) or " ".join(str(error).split())[:160]
        raise OutputError(f"{path}: cannot be written ({reason}); what was saved before is untouched") from error


class Saver:
    """Saves the state as often as costs a twentieth of the time, and when a stop is asked."""

    def __init__(self, folder: Path, key: str, trainee: Any, optimizer: Any, accelerator: Any) -> None:
        self.folder, self.key, self.trainee, self.optimizer = folder, key, trainee, optimizer
        self.main, self.scaler = accelerator.is_main_process, accelerator.scaler
        self.next = time.monotonic() + 1.0

    def save(self, step: int, best: Best) -> None:
        """Save, if it is time to.

        Raises:
            Stopped: a stop was asked; the state is saved.
        """
        stopping = asked()
        now = time.monotonic()
        if self.main and (stopping or now >= self.next):
            self._write(State(step, best))
            taken = time.monotonic() - now
            self.next = time.monotonic() + min(600.0, max(1.0, 20 * taken))
        if stopping:
            raise Stopped(f"{self.folder}: step {step}")

    @contextmanager
    def evaluating(self, step: int, best: Best) -> Iterator[None]:
        """Where an evaluation behind a step is stopped, save the state that owes it."""
        try:
            yield
        except Stopped:
            if self.main:
                self._write(State(step, best, owed=True))
            raise Stopped(f"{self.folder}: evaluation behind step {step}") from None

    def _write(self, state: State) -> None:
        save_state(self.folder, state, self.key, self.trainee, self.optimizer, self.scaler)

    def restore(self, step: int) -> None:
        """Put the weights that were saved at a step in place.

        Raises:
            OutputError: in one line, where they can no longer be read.
        """
        from safetensors import SafetensorError
        from safetensors.torch import load_file

        file = self.folder / f"best-{step}.safetensors"
        try:
            open_regular(file).close()
            weights = load_file(file)
        except (OSError, SafetensorError) as error:
            reason = getattr(error, "strerror", None) or " ".join(str(error).split())[:160]
            raise OutputError(
                f"{file}: cannot be read ({reason}); remove {self.folder} and run the same command: it trains anew"
            ) from None
        self.trainee.load_state_dict(weights, strict=False)
