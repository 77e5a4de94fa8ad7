"""Recipes: every hyper-parameter that changes a trained model, as YAML (`tasks/recipes/`)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from xtreme_harness.cards import folder
from xtreme_harness.errors import CardError, did_you_mean
from xtreme_harness.yaml_file import read_yaml

__all__ = ["SAMPLINGS", "Hyper", "Masking", "Mixture", "Recipe", "read_recipe", "recipe_names"]

Sampling = Literal["uniform", "proportional", "temperature", "specified", "time-dependent"]
SAMPLINGS: tuple[str, ...] = ("uniform", "proportional", "temperature", "specified", "time-dependent")
LARGE = 1024  # hidden size from which a recipe's `large` values hold


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Hyper(_Strict):
    """The hyper-parameters of one training task."""

    lr: float = Field(default=2e-5, gt=0)
    epochs: float = Field(default=3, gt=0)
    max_steps: int | None = Field(default=None, ge=1)  # optimiser steps at most; None: as many as the epochs take
    batch_size: int = Field(default=32, ge=1)  # examples (windows of a passage, chunks of a sentence) an optimiser step
    max_length: int | None = Field(default=None, ge=8)  # tokens of a sequence; None: the card's
    warmup_ratio: float = Field(default=0.0, ge=0, le=1)  # share of the steps
    warmup_steps: int = Field(default=0, ge=0)  # instead of the ratio, where it is not 0
    schedule: Literal["linear", "constant"] = "linear"  # after the warm-up: down to 0, or level
    weight_decay: float = Field(default=0.0, ge=0)  # not of biases and LayerNorm weights
    adam_epsilon: float = Field(default=1e-8, gt=0)
    adam_beta1: float = Field(default=0.9, ge=0, lt=1)
    adam_beta2: float = Field(default=0.999, ge=0, lt=1)
    max_grad_norm: float = Field(default=1.0, gt=0)
    dropout: float | None = Field(default=None, ge=0, lt=1)  # None: the model's own
    selection: Literal["best", "last"] = "best"  # which weights are kept, by the English dev set
    eval_every: int | None = Field(default=None, ge=1)  # optimiser steps; None: once an epoch
    eval_examples: int | None = Field(default=None, ge=1)  # the first so many of the dev set; None: all
    patience: int | None = Field(default=None, ge=1)  # stop after so many evaluations without improvement
    precision: Literal["auto", "float32", "bfloat16", "float16"] = "auto"  # of the forward pass; weights are float32
    token_budget: int | None = Field(default=None, ge=64)  # padded tokens computed at once; None: by device
    gradient_checkpointing: bool = False
    lora_rank: int | None = Field(default=None, ge=1)  # train low-rank additions of this rank and the head only
    lora_alpha: float = Field(default=16.0, gt=0)
    lora_dropout: float = Field(default=0.0, ge=0, lt=1)
    score_scale: float = Field(default=100.0, gt=0)  # dual encoders: where the learned scale of the cosine starts
    softmax_group: int | None = Field(
        default=None, ge=2
    )  # dual encoders: pairs that share a softmax; None: the whole batch


class Mixture(_Strict):
    """From which task an optimiser step draws; weights as in jiant 2."""

    sampling: Sampling = "proportional"
    cap: int | None = Field(default=None, ge=1)  # a task counts as having at most so many examples
    temperature: float = Field(default=2.0, gt=0)  # weight = size ** (1 / temperature)
    weights: dict[str, float | str] = {}  # task -> weight; time-dependent: an expression in t (step) and total


class Masking(_Strict):
    """Multilingual masked-language modelling as one more task."""

    weight: float = Field(default=0.1, gt=0, lt=1)  # share of the optimiser steps
    probability: float = Field(
        default=0.15, gt=0, lt=1
    )  # of a token to be predicted: 80 % masked, 10 % random, 10 % kept
    language_exponent: float = Field(
        default=0.7, ge=0, le=1
    )  # a language is drawn by its number of lines to this power
    max_length: int = Field(default=256, ge=8)
    batch_size: int = Field(default=32, ge=1)


class Recipe(_Strict):
    """Hyper-parameters by task, from the general to the particular."""

    name: str
    title: str
    source: str = ""
    comparable: bool = True  # may figures stand beside published ones?
    defaults: dict[str, Any] = {}
    large: dict[str, Any] = {}  # over the defaults, for encoders of hidden size 1,024 and more
    tasks: dict[str, dict[str, Any]] = {}  # task -> its own values, with `large` inside for large encoders
    mixture: Mixture = Mixture()
    mlm: Masking = Masking()

    @model_validator(mode="after")
    def _sound(self) -> Recipe:
        for name in ("", *self.tasks):
            self.hyper(name, 0)
            self.hyper(name, LARGE)
        return self

    def hyper(self, task: str, hidden_size: int) -> Hyper:
        """The values of one task for an encoder of a hidden size; "" is what all tasks share."""
        own = dict(self.tasks.get(task, {}))
        own_large = own.pop("large", {})
        large = {**self.large} if hidden_size >= LARGE else {}
        return Hyper(**{**self.defaults, **large, **own, **(own_large if hidden_size >= LARGE else {})})


def recipe_names() -> list[str]:
    """Names of the recipes that ship with the package."""
    return sorted(file.stem for file in (folder() / "recipes").glob("*.yaml"))


def read_recipe(name: str, settings: Sequence[str] = (), tasks: Sequence[str] = ()) -> Recipe:
    """Read a recipe by name or path and lay settings over it.

    Args:
        name: of a recipe that ships with the package, or the path of a YAML file.
        settings: "KEY=VALUE" each: a hyper-parameter of all tasks (`lr=1e-5`), of one (`tasks.squad.epochs=2`), or a
            value of the mixture (`mixture.cap=20000`, `mlm.probability=0.2`).
        tasks: names that `tasks` may hold; () = any.

    Raises:
        CardError: every fault of the file and of the settings.
    """
    file = Path(name)
    if not file.suffix:
        file = folder() / "recipes" / f"{name}.yaml"
    if not file.is_file():
        near = did_you_mean(name, recipe_names())
        raise CardError(f"--recipe {name}: no such recipe{near}; shipped: {', '.join(recipe_names())}; or give a file")
    raw = {"name": file.stem, "title": file.stem, **read_yaml(file)}
    faults = [f"{file}: {fault}" for fault in _faults(raw, tasks)]
    for setting in settings:
        faults.extend(_laid(raw, setting))
    if not faults:
        try:
            return Recipe.model_validate(raw)
        except ValidationError as error:
            faults = [f"{file}: {_spoken(fault)}" for fault in error.errors()]
    raise CardError(*faults)


def _faults(raw: Mapping[str, Any], tasks: Sequence[str]) -> list[str]:
    """Misspelt keys and wrong values, each with its path."""
    faults = [f"{key}: unknown key{did_you_mean(key, Recipe.model_fields)}" for key in raw if key not in _KEYS]
    for where, model in (("mixture", Mixture), ("mlm", Masking)):
        faults += _model_faults(where, raw.get(where) or {}, model)
    faults += _model_faults("defaults", raw.get("defaults") or {}, Hyper)
    faults += _model_faults("large", raw.get("large") or {}, Hyper)
    for task, values in (raw.get("tasks") or {}).items():
        if tasks and task not in tasks:
            faults.append(f"tasks.{task}: unknown task{did_you_mean(task, tasks)}")
        plain = {key: value for key, value in dict(values).items() if key != "large"}
        faults += _model_faults(f"tasks.{task}", plain, Hyper)
        faults += _model_faults(f"tasks.{task}.large", dict(values).get("large", {}), Hyper)
    return faults


def _model_faults(where: str, values: Any, model: type[BaseModel]) -> list[str]:
    if not isinstance(values, dict):
        return [f"{where}: found {values!r}, expected keys and values"]
    try:
        model.model_validate(values)
    except ValidationError as error:
        return [f"{where}.{_spoken(fault, model)}" for fault in error.errors()]
    return []


def _spoken(fault: Mapping[str, Any], model: type[BaseModel] = Hyper) -> str:
    where = ".".join(str(step) for step in fault["loc"])
    if fault["type"] == "extra_forbidden":
        return f"{where}: unknown key{did_you_mean(str(fault['loc'][-1]), model.model_fields)}"
    return f"{where}: {fault['msg'].removeprefix('Value error, ')} (found {fault['input']!r})"


def _laid(raw: dict[str, Any], setting: str) -> list[str]:
    """Lay one KEY=VALUE over a recipe; the faults it has."""
    key, separator, text = setting.partition("=")
    path = key.strip().split(".")
    if not separator or not all(path):
        return [f"--set {setting}: expected KEY=VALUE, for example lr=1e-5"]
    value = None if text.strip().lower() in ("none", "null") else text.strip()
    if path[0] in ("mixture", "mlm"):
        model: type[BaseModel] = Mixture if path[0] == "mixture" else Masking
        place, name = raw.setdefault(path[0], {}), path[1] if len(path) > 1 else ""
        if path[0] == "mixture" and len(path) == 3 and name == "weights":
            place.setdefault("weights", {})[path[2]] = value
            return []
    elif path[0] == "tasks" and len(path) == 3:
        model, place, name = Hyper, raw.setdefault("tasks", {}).setdefault(path[1], {}), path[2]
    else:
        model, place, name = Hyper, raw.setdefault("defaults", {}), path[-1]
    if name not in model.model_fields or len(path) > 3 or (len(path) == 2 and path[0] not in ("mixture", "mlm")):
        known = [
            *Hyper.model_fields,
            *(f"mixture.{k}" for k in Mixture.model_fields),
            *(f"mlm.{k}" for k in Masking.model_fields),
        ]
        return [f"--set {setting}: unknown key '{key}'{did_you_mean(key, known)}"]
    try:
        model.__pydantic_validator__.validate_assignment(model.model_construct(), name, value)
    except ValidationError as error:
        return [f"--set {setting}: {error.errors()[0]['msg']} (found {text!r})"]
    place[name] = value
    if (
        model is Hyper and path[0] != "tasks"
    ):  # for all tasks means all: what a task or a size says of its own gives way
        for own in (raw.get("large") or {}, *(raw.get("tasks") or {}).values()):
            own.pop(name, None)
            own.get("large", {}).pop(name, None) if isinstance(own.get("large"), dict) else None
    return []


_KEYS = frozenset(Recipe.model_fields)
