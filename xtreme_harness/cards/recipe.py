"""Recipes: every hyper-parameter that changes a trained model, as YAML (`tasks/recipes/`)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, Field, ValidationError, model_validator

from xtreme_harness.cards import folder
from xtreme_harness.cards.hyper import SAMPLINGS, Hyper, Masking, Mixture, Strict
from xtreme_harness.cards.search_space import read_space, read_value, size_faults, space_faults
from xtreme_harness.errors import CardError, did_you_mean
from xtreme_harness.files.shown import plain, shown
from xtreme_harness.files.yaml import read_yaml

__all__ = ["SAMPLINGS", "Hyper", "Masking", "Mixture", "Recipe", "read_recipe", "recipe_names"]

LARGE = 1024  # hidden size from which a recipe's `large` values hold


class Recipe(Strict):
    """Hyper-parameters by task, from the general to the particular."""

    name: str
    title: str
    source: str = ""
    comparable: Annotated[bool, Field(strict=True)] = True  # may figures stand beside published ones?
    defaults: dict[str, Any] = {}
    large: dict[str, Any] = {}  # over the defaults, for encoders of hidden size 1,024 and more
    search: dict[str, list[Any]] = {}  # values that are tried, over `defaults` and `large`; the best on dev is kept
    tasks: dict[str, dict[str, Any]] = {}  # task -> its own values, with `large` and `search` inside
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
        large = {**self.large} if hidden_size >= LARGE else {}
        return Hyper(**{**self.defaults, **large, **self._own(task, hidden_size)})

    def space(self, task: str, hidden_size: int) -> dict[str, tuple[Any, ...]]:
        """The values that are tried for one task; its own value goes before the search of all, its own search first."""
        fixed = self._own(task, hidden_size)
        general = {name: values for name, values in self.search.items() if name not in fixed}
        return read_space(Hyper, {**general, **self.tasks.get(task, {}).get("search", {})})

    def _own(self, task: str, hidden_size: int) -> dict[str, Any]:
        """The values that a task has of its own."""
        own = {name: value for name, value in self.tasks.get(task, {}).items() if name != "search"}
        large = own.pop("large", {})
        return {**own, **(large if hidden_size >= LARGE else {})}


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
            recipe = Recipe.model_validate(raw)
        except ValidationError as error:
            faults = [f"{file}: {_spoken(fault)}" for fault in error.errors()]
        else:
            faults = [f"{file}: {fault}" for fault in _search_sizes(recipe)]
            if not faults:
                return recipe
    raise CardError(*faults)


def _filled(raw: Mapping[str, Any]) -> dict[str, Any]:
    """The same without the parts that are left empty."""
    filled = {key: value for key, value in raw.items() if value is not None}
    if isinstance(filled.get("tasks"), dict):
        filled["tasks"] = {task: {} if values is None else values for task, values in filled["tasks"].items()}
    return filled


def _search_sizes(recipe: Recipe) -> list[str]:
    """Searches of too many trainings: of all tasks, or of one that adds keys of its own."""
    own = [task for task, values in recipe.tasks.items() if values.get("search")]
    places = {"search": "", **{f"tasks.{plain(task)}.search": task for task in own}}
    return [fault for where, task in places.items() for fault in size_faults(where, recipe.space(task, 0))]


def _faults(raw: Mapping[str, Any], tasks: Sequence[str]) -> list[str]:
    """Misspelt keys and wrong values, each with its path."""
    faults = [f"{plain(key)}: unknown key{did_you_mean(str(key), _KEYS)}" for key in raw if key not in _KEYS]
    for where, model in (("mixture", Mixture), ("mlm", Masking), ("defaults", Hyper), ("large", Hyper)):
        faults += _model_faults(where, raw.get(where, {}), model)
    faults += space_faults("search", raw.get("search", {}), Hyper)
    by_task = raw.get("tasks", {})
    if not isinstance(by_task, dict):
        return [*faults, f"tasks: found {shown(by_task)}, expected keys and values"]
    for name, values in by_task.items():
        task = plain(name)
        if not isinstance(name, str) or (tasks and name not in tasks):
            faults.append(f"tasks.{task}: unknown task{did_you_mean(task, tasks)}")
        own = values if isinstance(values, dict) else {}
        own_values = {k: v for k, v in own.items() if k not in _INSIDE} if isinstance(values, dict) else values
        faults += _model_faults(f"tasks.{task}", own_values, Hyper)
        faults += _model_faults(f"tasks.{task}.large", own.get("large", {}), Hyper)
        faults += space_faults(f"tasks.{task}.search", own.get("search", {}), Hyper)
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
    value: Any = None if text.strip().lower() in ("none", "null") else text.strip()
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
    if model is Hyper and "," in text:
        values = [None if one.strip().lower() in ("none", "null") else one.strip() for one in text.split(",")]
        if faults := space_faults("search", {name: values}, Hyper):
            return [f"--set {plain(setting)}: {fault.removeprefix('search.')}" for fault in faults]
        place, value = (place if path[0] == "tasks" else raw).setdefault("search", {}), values
    else:
        try:
            read_value(model, name, value)
        except ValueError as error:
            return [f"--set {plain(setting)}: {error}"]
    for own in _narrower(raw, path):
        own.pop(name, None)
    place[name] = value
    return []


def _narrower(raw: Mapping[str, Any], path: Sequence[str]) -> list[dict[str, Any]]:
    """What would go before a setting: it is for all tasks, or for all sizes of one, so all of that gives way."""
    by_task = raw.get("tasks", {})
    if path[0] == "tasks":
        own = by_task[path[1]]
        return [own, *(own.get(inside, {}) for inside in _INSIDE)]
    if len(path) > 1:
        return []
    inside = [values.get(name, {}) for values in by_task.values() for name in _INSIDE]
    return [*(raw.get(name, {}) for name in _INSIDE), *by_task.values(), *inside]


_INSIDE = ("large", "search")  # of a recipe, and of a task in it: values of their own
_KEYS = tuple(Recipe.model_fields)
_SETTINGS = (
    *Hyper.model_fields,
    *(f"mixture.{key}" for key in Mixture.model_fields),
    *(f"mlm.{key}" for key in Masking.model_fields),
)
