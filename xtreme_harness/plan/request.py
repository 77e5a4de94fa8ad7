"""What a command was asked to do: read by the run and by the dry run alike, from the shell and from Python."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Self

from xtreme_harness.cards.recipe import SAMPLINGS
from xtreme_harness.data.trained_on import ALL, ENGLISH, TARGET
from xtreme_harness.errors import DataError, ModelError, did_you_mean
from xtreme_harness.jobs import EXECUTORS, Engine
from xtreme_harness.languages import is_code, nearest_code
from xtreme_harness.plan.arguments import (
    FLAG,
    LAYER,
    NAME,
    NAMES,
    PATH,
    PATHS,
    SEED,
    SEEDS,
    SIZE,
    TEXT,
    TEXTS,
    TRAINED_ON,
    Wanted,
    faults_of,
    number,
    one_of,
    optional,
    shown,
    whole,
)
from xtreme_harness.plan.engines import engine_faults, engine_of, require_engine
from xtreme_harness.plan.given import read
from xtreme_harness.plan.trackers import require_tracker

__all__ = [
    "OF_BOTH",
    "PRESETS",
    "EvalRequest",
    "Request",
    "TrainRequest",
    "default_output",
]

PRESETS = ("paper", "script", "jiant", "last")  # ways to read sentence vectors that cards name
_DEVICE = re.compile(r"auto|(cpu|cuda)(:[0-9]{1,3})?")
_DTYPES = "auto, float32, bfloat16 or float16"
OF_BOTH: Mapping[str, tuple[str, Wanted]] = {  # field -> its flag, and what it must be
    "model": ("--model", Wanted("a checkpoint folder or a Hub id", NAME.fits)),
    "tasks": ("--tasks", NAMES),
    "dtype": ("--dtype", one_of(("auto", "float32", "bfloat16", "float16"), _DTYPES)),
    "limit_train": ("--limit-train", optional(whole(1))),
    "train_on": ("--train-on", TRAINED_ON),
    "select_on": ("--select-on", optional(one_of((ENGLISH, TARGET)))),
    "executor": ("--executor", one_of(EXECUTORS)),
    "workers": ("--workers", optional(whole(1))),
    "slurm": ("--slurm", TEXTS),
    "wait": ("--no-wait", FLAG),
    "data": ("--data", Wanted("hub, samples, a folder, or TASK=FILE_OR_DIR", NAMES.fits)),
    "output": ("--output-path", optional(PATH)),
    "include": ("--include-path", PATHS),
    "recipe": ("--recipe", Wanted("a name or a file", NAME.fits)),
    "settings": ("--set", TEXTS),
    "seed": ("--seed", SEED),
    "seeds": ("--seeds", SEEDS),
    "device": ("--device", Wanted("auto, cpu, cuda or cuda:N", lambda v: TEXT.fits(v) and bool(_DEVICE.fullmatch(v)))),
    "revision": ("--revision", optional(TEXT)),
    "trust_remote_code": ("--trust-remote-code", FLAG),
    "tracker": ("--tracker", optional(TEXT)),
    "force": ("--force", FLAG),
}
_OF_EVAL: Mapping[str, tuple[str, Wanted]] = {
    "limit": ("--limit", optional(whole(1))),
    "batch_size": ("--batch-size", optional(whole(1, SIZE))),
    "preset": ("--retrieval-preset", optional(one_of(PRESETS))),
    "pooling": ("--pooling", optional(one_of(("mean", "cls", "pooler")))),
    "train": ("--train", one_of(("auto", "always", "never"))),
    "languages": ("--languages", NAMES),
    "split": ("split", one_of(("test", "dev"), "test or dev")),
    "labels": ("--labels", optional(PATH)),
    "translated": ("--translated", optional(PATH)),
    "layer": ("--layer", optional(LAYER)),
    "label_order": ("--label-order", TEXTS),
    "keep_head": ("--keep-head", FLAG),
    "log_samples": ("--log-samples", FLAG),
}
_OF_TRAIN: Mapping[str, tuple[str, Wanted]] = {
    "mlm": ("--mlm", optional(PATH)),
    "mlm_weight": ("--mlm-weight", optional(number(0, 1))),
    "translated": ("--translated", optional(PATH)),
    "translations_only": ("--translations-only", FLAG),
    "sampling": ("--sampling", optional(one_of(SAMPLINGS))),
    "keep_head": ("--keep-head", FLAG),
}


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
        limit_train: training examples a task, of every language that it is trained on.
        train_on: "english", "target" (each language that is evaluated on its own training set; of `eval`), "all", or
            codes, whose training sets are joined; (): as the card says.
        select_on: on whose dev data weights are chosen, "english" or "target"; None: as the card says.
        seed: of training, and of `random`.
        seeds: a run each, in `seed-N/`.
        dtype: "auto", "float32", "bfloat16" or "float16".
        device: "auto", "cpu" or "cuda[:N]".
        revision: of a model on the Hub.
        trust_remote_code: run code that the checkpoint carries; needs a pinned revision.
        tracker: "tensorboard", "wandb" or "trackio".
        executor: who does the work: a key of `jobs.EXECUTORS`.
        workers: processes at once; None: one a GPU, or one on a processor.
        slurm: options of sbatch, "partition=gpu" ..., or a YAML file of them.
        wait: until all is done; else until all is submitted.
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
    train_on: tuple[str, ...] = ()
    select_on: str | None = None
    seed: int = 42
    seeds: tuple[int, ...] = ()
    dtype: str = "auto"
    device: str = "auto"
    revision: str | None = None
    trust_remote_code: bool = False
    tracker: str | None = None
    executor: str = "local"
    workers: int | None = None
    slurm: tuple[str, ...] = ()
    wait: bool = True
    force: bool = False

    @classmethod
    def of(cls, model: str | Path, tasks: str | Sequence[str], **options: Any) -> Self:
        """A request from what a caller has at hand: one name or several, text or paths.

        What cannot be read stays as it is, and is among the `faults`.

        Raises:
            TypeError: for an option that there is not, with the nearest one.
        """
        known = [one.name for one in fields(cls)]
        for name in options:
            if name not in known:
                hint = "; give watch=Watch(...)" if name.startswith("on_") else did_you_mean(name, known)
                raise TypeError(f"there is no argument '{name}'{hint}")
        given = {"model": model, "tasks": tasks, **options}
        return cls(**{name: read(name, value) for name, value in given.items()})

    @property
    def engine(self) -> Engine:
        """Who does the work, and with how much."""
        return engine_of(self)

    def faults(self) -> list[str]:
        """What no run could be done with, whatever the checkpoint and the data are."""
        found = faults_of({name: getattr(self, name) for name in OF_BOTH}, OF_BOTH)
        words = self.train_on if TRAINED_ON.fits(self.train_on) else ()
        found += [
            f"--train-on {shown(word)}: no code of a language{nearest_code(word)}; expected {TRAINED_ON.words}"
            for word in words
            if word not in (ENGLISH, TARGET, ALL) and not is_code(word)
        ]
        if not found:
            found += engine_faults(self)
        pinned = re.fullmatch(r"[0-9a-f]{40}", str(self.revision))
        if self.trust_remote_code is True and not pinned and not Path(str(self.model)).is_dir():
            found.append("--trust-remote-code: runs the checkpoint's own code, so pin it by --revision COMMIT (40 hex)")
        return found

    def require_sense(self) -> None:
        """Raise with everything that no run could be done with.

        Raises:
            ModelError: flags.
            DataError: a seed that stands twice: its run would count twice.
            MissingDependency: the tracker is not installed, or Slurm is not at hand.
        """
        if faults := self.faults():
            raise ModelError(*faults)
        require_tracker(self.tracker)
        require_engine(self)
        if len(set(self.seeds)) < len(self.seeds):
            raise DataError(f"--seeds {','.join(map(str, self.seeds))}: a seed stands twice; every seed counts once")


@dataclass(frozen=True, slots=True, kw_only=True)
class EvalRequest(Request):
    """What `xharness eval` is asked.

    Attributes: those of `Request`, and
        languages: only these.
        split: "test" or "dev".
        labels: folder in the official label form, for data without gold.
        translated: folder of evaluation data translated into English, read for all other languages.
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
    translated: Path | None = None
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
        found = [*Request.faults(self), *faults_of({name: getattr(self, name) for name in _OF_EVAL}, _OF_EVAL)]
        if self.model == "":
            found[0] = "--model: empty; give a checkpoint folder, a Hub id, or oracle, majority, random"
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

    def faults(self) -> list[str]:
        """What no training could be done with."""
        found = [*Request.faults(self), *faults_of({name: getattr(self, name) for name in _OF_TRAIN}, _OF_TRAIN)]
        if self.train_on == (TARGET,):
            found.append(
                "--train-on target: train leaves one checkpoint, for no one language; name the languages, as in "
                "--train-on de, or let eval train one a language"
            )
        return found


def default_output(model: str | Path) -> Path:
    """The folder of the results where none is named: `xharness-out/<model>`.

    >>> default_output("org/name").as_posix()
    'xharness-out/name'
    """
    place = Path(str(model))
    return Path("xharness-out") / ((place.resolve() if place.is_dir() else place).name or "model")
