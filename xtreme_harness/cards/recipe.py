"""Recipes: every hyper-parameter that changes a trained model, as YAML (`tasks/recipes/`)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    PlainValidator,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)  # fmt: skip

from xtreme_harness.cards import folder
from xtreme_harness.errors import CardError, did_you_mean
from xtreme_harness.files.shown import plain, shown
from xtreme_harness.files.yaml import read_yaml

__all__ = ["SAMPLINGS", "Hyper", "Masking", "Mixture", "Recipe", "read_recipe", "recipe_names"]

Sampling = Literal["uniform", "proportional", "temperature", "specified", "time-dependent"]
SAMPLINGS: tuple[str, ...] = ("uniform", "proportional", "temperature", "specified", "time-dependent")
LARGE = 1024  # hidden size from which a recipe's `large` values hold
_MANY = 2**31 - 1  # of anything that is counted
_SIZE = 65_536  # of a batch, or a rank
_EPOCHS = 1_000_000
Real = Annotated[float, Field(le=10**12)]  # beyond any use of a number here


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    @field_validator("*", mode="before")
    @classmethod
    def _no_flag_for_a_number(cls, value: Any, info: ValidationInfo) -> Any:
        """`lr: true` would be 1."""
        if isinstance(value, bool) and cls.model_fields[str(info.field_name)].annotation is not bool:
            raise ValueError("true and false are no value of this key")
        return value


class Hyper(_Strict):
    """The hyper-parameters of one training task."""

    lr: Real = Field(default=2e-5, gt=0)
    epochs: float = Field(default=3, gt=0, le=_EPOCHS)
    max_steps: int | None = Field(default=None, ge=1, le=_MANY)  # optimiser steps; None: as many as the epochs take
    # examples (windows of a passage, chunks of a sentence) an optimiser step
    batch_size: int = Field(default=32, ge=1, le=_SIZE)
    max_length: int | None = Field(default=None, ge=8, le=_MANY)  # tokens of a sequence; None: the card's
    warmup_ratio: float = Field(default=0.0, ge=0, le=1)  # share of the steps
    warmup_steps: int = Field(default=0, ge=0, le=_MANY)  # instead of the ratio, where it is not 0
    schedule: Literal["linear", "constant"] = "linear"  # after the warm-up: down to 0, or level
    weight_decay: Real = Field(default=0.0, ge=0)  # not of biases and LayerNorm weights
    adam_epsilon: Real = Field(default=1e-8, gt=0)
    adam_beta1: float = Field(default=0.9, ge=0, lt=1)
    adam_beta2: float = Field(default=0.999, ge=0, lt=1)
    max_grad_norm: float = Field(default=1.0, gt=0, allow_inf_nan=True)  # .inf: no clipping
    dropout: float | None = Field(default=None, ge=0, lt=1)  # None: the model's own
    selection: Literal["best", "last"] = "best"  # which weights are kept, by the English dev set
    eval_every: int | None = Field(default=None, ge=1, le=_MANY)  # optimiser steps; None: once an epoch
    eval_examples: int | None = Field(default=None, ge=1, le=_MANY)  # the first so many of the dev set; None: all
    patience: int | None = Field(default=None, ge=1, le=_MANY)  # stop after so many evaluations without improvement
    precision: Literal["auto", "float32", "bfloat16", "float16"] = "auto"  # of the forward pass; weights are float32
    token_budget: int | None = Field(default=None, ge=64, le=_MANY)  # padded tokens computed at once; None: by device
    gradient_checkpointing: bool = False
    lora_rank: int | None = Field(default=None, ge=1, le=_SIZE)  # train low-rank additions of it and the head only
    lora_alpha: Real = Field(default=16.0, gt=0)
    lora_dropout: float = Field(default=0.0, ge=0, lt=1)
    score_scale: Real = Field(default=100.0, gt=0)  # dual encoders: where the learned scale of the cosine starts
    # dual encoders: pairs that share a softmax; None: the whole batch
    softmax_group: int | None = Field(default=None, ge=2, le=_SIZE)


def _weight(value: Any) -> Any:
    """A number from 0; of a text that is no number, whoever reckons with it says what is wrong."""
    try:
        number = float(value) if isinstance(value, str) else value
    except ValueError:
        return value
    if isinstance(number, bool) or not isinstance(number, int | float) or not 0 <= number <= _MANY:
        raise ValueError("Input should be a number from 0, or an expression in t and total")
    return value if isinstance(value, str) else float(number)


Weight = Annotated[float | str, PlainValidator(_weight)]


class Mixture(_Strict):
    """From which task an optimiser step draws; weights as in jiant 2."""

    sampling: Sampling = "proportional"
    cap: int | None = Field(default=None, ge=1, le=_MANY)  # a task counts as having at most so many examples
    temperature: Real = Field(default=2.0, gt=0)  # weight = size ** (1 / temperature)
    weights: dict[str, Weight] = {}  # task -> weight; time-dependent: an expression in t (step) and total


class Masking(_Strict):
    """Multilingual masked-language modelling as one more task."""

    weight: float = Field(default=0.1, gt=0, lt=1)  # share of the optimiser steps
    probability: float = Field(
        default=0.15, gt=0, lt=1
    )  # of a token to be predicted: 80 % masked, 10 % random, 10 % kept
    language_exponent: float = Field(
        default=0.7, ge=0, le=1
    )  # a language is drawn by its number of lines to this power
    max_length: int = Field(default=256, ge=8, le=_MANY)
    batch_size: int = Field(default=32, ge=1, le=_SIZE)


class Recipe(_Strict):
    """Hyper-parameters by task, from the general to the particular."""

    name: str
    title: str
    source: str = ""
    comparable: Annotated[bool, Field(strict=True)] = True  # may figures stand beside published ones?
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
    raw = {"name": file.stem, "title": file.stem, **_filled(read_yaml(file))}
    faults = [f"{file}: {fault}" for fault in _faults(raw, tasks)]
    if not faults:
        faults = [fault for setting in settings for fault in _laid(raw, setting, tasks)]
    if not faults:
        try:
            return Recipe.model_validate(raw)
        except ValidationError as error:
            faults = [f"{file}: {_spoken(fault)}" for fault in error.errors()]
    raise CardError(*faults)


def _filled(raw: Mapping[str, Any]) -> dict[str, Any]:
    """The same without the parts that are left empty."""
    filled = {key: value for key, value in raw.items() if value is not None}
    if isinstance(filled.get("tasks"), dict):
        filled["tasks"] = {task: {} if values is None else values for task, values in filled["tasks"].items()}
    return filled


def _faults(raw: Mapping[str, Any], tasks: Sequence[str]) -> list[str]:
    """Misspelt keys and wrong values, each with its path."""
    faults = [f"{plain(key)}: unknown key{did_you_mean(str(key), _KEYS)}" for key in raw if key not in _KEYS]
    for where, model in (("mixture", Mixture), ("mlm", Masking), ("defaults", Hyper), ("large", Hyper)):
        faults += _model_faults(where, raw.get(where, {}), model)
    by_task = raw.get("tasks", {})
    if not isinstance(by_task, dict):
        return [*faults, f"tasks: found {shown(by_task)}, expected keys and values"]
    for name, values in by_task.items():
        task = plain(name)
        if not isinstance(name, str) or (tasks and name not in tasks):
            faults.append(f"tasks.{task}: unknown task{did_you_mean(task, tasks)}")
        own = values if isinstance(values, dict) else {}
        own_values = {k: v for k, v in own.items() if k != "large"} if isinstance(values, dict) else values
        faults += _model_faults(f"tasks.{task}", own_values, Hyper)
        faults += _model_faults(f"tasks.{task}.large", own.get("large", {}), Hyper)
    return faults


def _model_faults(where: str, values: Any, model: type[BaseModel]) -> list[str]:
    if not isinstance(values, dict):
        return [f"{where}: found {shown(values)}, expected keys and values"]
    try:
        model.model_validate(values)
    except ValidationError as error:
        return [f"{where}.{_spoken(fault, model)}" for fault in error.errors()]
    return []


def _spoken(fault: Mapping[str, Any], model: type[BaseModel] = Hyper) -> str:
    where = ".".join(plain(step) for step in fault["loc"])
    if fault["type"] == "extra_forbidden":
        return f"{where}: unknown key{did_you_mean(str(fault['loc'][-1]), model.model_fields)}"
    return f"{where}: {fault['msg'].removeprefix('Value error, ')} (found {shown(fault['input'])})"


def _laid(raw: dict[str, Any], setting: str, tasks: Sequence[str]) -> list[str]:
    """Lay one KEY=VALUE over a recipe without faults; the faults that the setting has."""
    key, separator, text = setting.partition("=")
    path = key.strip().split(".")
    if not separator or not all(path):
        return [f"--set {setting}: expected KEY=VALUE, for example lr=1e-5"]
    value = None if text.strip().lower() in ("none", "null") else text.strip()
    match path:
        case ["mixture", "weights", task]:
            raw.setdefault("mixture", {}).setdefault("weights", {})[task] = value
            faults = _model_faults("mixture", {"weights": {task: value}}, Mixture)
            return [f"--set {plain(setting)}: {fault}" for fault in faults]
        case ["mixture" | "mlm" as part, name]:
            model: type[BaseModel] = Mixture if part == "mixture" else Masking
            place = raw.setdefault(part, {})
        case ["tasks", task, name]:
            if tasks and task not in tasks:
                return [f"--set {setting}: unknown task '{task}'{did_you_mean(task, tasks)}"]
            model, place = Hyper, raw.setdefault("tasks", {}).setdefault(task, {})
        case [name]:
            model, place = Hyper, raw.setdefault("defaults", {})
        case _:
            name, model, place = "", Hyper, {}
    if name not in model.model_fields:
        return [f"--set {setting}: unknown key '{key}'{did_you_mean(key, _SETTINGS)}"]
    try:
        model.__pydantic_validator__.validate_assignment(model.model_construct(), name, value)
    except ValidationError as error:
        said = error.errors()[0]["msg"].removeprefix("Value error, ")
        return [f"--set {plain(setting)}: {said} (found {shown(text)})"]
    place[name] = value
    for own in _narrower(raw, path):
        own.pop(name, None)
    return []


def _narrower(raw: Mapping[str, Any], path: Sequence[str]) -> list[dict[str, Any]]:
    """What would go before a setting: it is for all tasks, or for all sizes of one, so all of that gives way."""
    by_task = raw.get("tasks", {})
    if path[0] == "tasks":
        return [by_task[path[1]].get("large", {})]
    if len(path) > 1:
        return []
    return [raw.get("large", {}), *by_task.values(), *(values.get("large", {}) for values in by_task.values())]


_KEYS = tuple(Recipe.model_fields)
_SETTINGS = (
    *Hyper.model_fields,
    *(f"mixture.{key}" for key in Mixture.model_fields),
    *(f"mlm.{key}" for key in Masking.model_fields),
)
