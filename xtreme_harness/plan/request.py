"""What a command was asked to do: read by the run and by the dry run alike, from the shell and from Python."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Self

from xtreme_harness.cards.names import split_names
from xtreme_harness.errors import DataError, ModelError, did_you_mean
from xtreme_harness.jobs import EXECUTORS
from xtreme_harness.plan.trackers import require_tracker

__all__ = ["PRESETS", "EvalRequest", "Request", "TrainRequest", "default_output", "read_layer"]

DTYPES = ("auto", "float32", "bfloat16", "float16")
PRESETS = ("paper", "script", "jiant", "last")  # ways to read sentence vectors that cards name
POOLINGS = ("mean", "cls", "pooler")
TRAINING = ("auto", "always", "never")


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What `eval` and `train` are both asked; inherited, so that a default stands once.

    Attributes:
        model: checkpoint folder, Hub id or adapter folder; of `eval` also a folder of checkpoints by unit, or oracle,
            majority, random.
        tasks: cards, groups, globs; of `eval` also suites, `task@suite`, card files or folders.
        data: "hub", "samples", a folder, or "TASK=FILE_OR_DIR"; several in a list.
        output: folder of what is left; None: below `xharness-out/`.
        include: card files or folders.
        recipe: of training: "xtreme", "jiant", "fast", or a YAML file.
        settings: "lr=1e-5" ..., over the recipe.
        limit_train: training examples a task.
        seed: of training, and of `random`.
        seeds: a run each, in `seed-N/`.
        dtype: "auto", "float32", "bfloat16" or "float16".
        device: "auto", "cpu" or "cuda[:N]".
        revision: of a model on the Hub.
        trust_remote_code: run code that the checkpoint carries; needs a pinned revision.
        tracker: "tensorboard", "wandb" or "trackio".
        executor: who does the work: "local".
        force: compute anew what is finished; of `train`: train over what another run left.
    """

    model: str
    tasks: tuple[str, ...]
    data: tuple[str, ...] = ("hub",)
    output: Path | None = None
    include: tuple[Path, ...] = ()
    recipe: str = "xtreme"
    settings: tuple[str, ...] = ()
    limit_train: int | None = None
    seed: int = 42
    seeds: tuple[int, ...] = ()
    dtype: str = "auto"
    device: str = "auto"
    revision: str | None = None
    trust_remote_code: bool = False
    tracker: str | None = None
    executor: str = "local"
    force: bool = False

    @classmethod
    def of(cls, model: str | Path, tasks: str | Sequence[str], **options: Any) -> Self:
        """A request from what a caller has at hand: one name or several, text or paths.

        Raises:
            TypeError: for an option that there is not, with the nearest one.
            ModelError: for a value that cannot be read.
        """
        known = [one.name for one in fields(cls)]
        for name in options:
            if name not in known:
                hint = "; give watch=Watch(...)" if name.startswith("on_") else did_you_mean(name, known)
                raise TypeError(f"there is no argument '{name}'{hint}")
        given = {name: _READ[name](value) if name in _READ else value for name, value in options.items()}
        return cls(model=str(model), tasks=tuple(split_names(tasks)), **given)

    def faults(self) -> list[str]:
        """What no run could be done with, whatever the checkpoint and the data are."""
        found = []
        if self.dtype not in DTYPES:
            found.append(f"--dtype {self.dtype}: expected auto, float32, bfloat16 or float16")
        if self.limit_train is not None and self.limit_train < 1:
            found.append(f"--limit-train {self.limit_train}: expected a number from 1")
        if self.executor not in EXECUTORS:
            near = did_you_mean(self.executor, EXECUTORS)
            found.append(f"--executor {self.executor}: expected {', '.join(EXECUTORS)}{near}")
        pinned = re.fullmatch(r"[0-9a-f]{40}", self.revision or "")
        if self.trust_remote_code and not pinned and not Path(self.model).is_dir():
            found.append("--trust-remote-code: runs the checkpoint's own code, so pin it by --revision COMMIT (40 hex)")
        return found

    def require_sense(self) -> None:
        """Raise with everything that no run could be done with.

        Raises:
            ModelError: flags.
            DataError: a seed that stands twice: its run would count twice.
            MissingDependency: the tracker is not installed.
        """
        require_tracker(self.tracker)
        if faults := self.faults():
            raise ModelError(*faults)
        if len(set(self.seeds)) < len(self.seeds):
            raise DataError(f"--seeds {','.join(map(str, self.seeds))}: a seed stands twice; every seed counts once")


@dataclass(frozen=True, slots=True, kw_only=True)
class EvalRequest(Request):
    """What `xharness eval` is asked.

    Attributes: those of `Request`, and
        languages: only these.
        split: "test" or "dev".
        labels: folder in the official label form, for data without gold.
        layer: hidden state of sentence vectors: "last", an index, or a fraction of the depth.
        pooling: of sentence vectors: "mean", "cls" or "pooler".
        preset: a card's named layer and pooling.
        label_order: "TASK=A,B,C", where a checkpoint's labels have no names.
        keep_head: use the head of an intermediate checkpoint.
        train: "auto": the heads that are missing; "always": all; "never".
        batch_size: sequences a batch, at most.
        limit: examples a cell.
        log_samples: write input, gold and prediction of every example.
    """

    languages: tuple[str, ...] = ()
    split: str = "test"
    labels: Path | None = None
    layer: str | int | float | None = None
    pooling: str | None = None
    preset: str | None = None
    label_order: tuple[str, ...] = ()
    keep_head: bool = False
    train: str = "auto"
    batch_size: int | None = None
    limit: int | None = None
    log_samples: bool = False

    def faults(self) -> list[str]:
        """What no evaluation could be done with."""
        found = []
        if not self.model:
            found.append("--model: empty; give a checkpoint folder, a Hub id, or oracle, majority, random")
        found += Request.faults(self)
        for flag, number in (("--limit", self.limit), ("--batch-size", self.batch_size)):
            if number is not None and number < 1:
                found.append(f"{flag} {number}: expected a number from 1")
        if self.preset not in (None, *PRESETS):
            found.append(f"--retrieval-preset {self.preset}: expected {', '.join(PRESETS)}")
        if self.pooling not in (None, *POOLINGS):
            found.append(f"--pooling {self.pooling}: expected {', '.join(POOLINGS)}")
        if self.train not in TRAINING:
            found.append(f"--train {self.train}: expected {', '.join(TRAINING)}")
        return found


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainRequest(Request):
    """What `xharness train` is asked.

    Attributes: those of `Request`, and
        mlm: folder of texts for masked language modelling, one file a language.
        mlm_weight: share of its steps; None: the recipe's.
        translated: folder of machine-translated training data.
        translations_only: train on the translations instead of the English data.
        sampling: from which of several tasks a step draws; None: the recipe's.
        keep_head: start from the checkpoint's own head where it fits the task.
    """

    mlm: Path | None = None
    mlm_weight: float | None = None
    translated: Path | None = None
    translations_only: bool = False
    sampling: str | None = None
    keep_head: bool = False


def default_output(model: str | Path) -> Path:
    """The folder of the results where none is named: `xharness-out/<model>`.

    >>> default_output("org/name").as_posix()
    'xharness-out/name'
    """
    place = Path(str(model))
    return Path("xharness-out") / ((place.resolve() if place.is_dir() else place).name or "model")


def read_layer(value: str | int | float | None) -> str | int | float | None:
    """Read "last", an index ("8") or a fraction of the depth ("0.67").

    >>> read_layer("last"), read_layer("8"), read_layer("0.5")
    ('last', 8, 0.5)
    """
    if value is None or isinstance(value, int | float) or value == "last":
        return value
    try:
        return float(value) if "." in value else int(value)
    except ValueError:
        raise ModelError(f"--layer {value}: expected last, an index such as 8, or a fraction such as 0.67") from None


def _paths(value: str | Path | Sequence[str | Path]) -> tuple[Path, ...]:
    return tuple(Path(place) for place in ([value] if isinstance(value, str | Path) else value))


def _path(value: str | Path | None) -> Path | None:
    return Path(value) if value is not None and str(value) else None


def _texts(value: str | Sequence[str]) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else tuple(value)


_READ: dict[str, Callable[[Any], Any]] = {  # how a caller's value becomes the request's
    "data": _texts,
    "output": _path,
    "include": _paths,
    "settings": _texts,
    "seeds": tuple,
    "languages": lambda value: tuple(split_names(value)),
    "labels": _path,
    "layer": read_layer,
    "label_order": _texts,
    "mlm": _path,
    "translated": _path,
}
