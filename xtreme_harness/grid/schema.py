"""The grid file: what is trained on what, and how."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, field_validator

from xtreme_harness.cards import Cards
from xtreme_harness.errors import CardError, XHarnessError
from xtreme_harness.files.told import key_path, model_fault, no_flag
from xtreme_harness.files.within import name_fault
from xtreme_harness.files.yaml import read_yaml
from xtreme_harness.grid.gain_rows import BASELINE
from xtreme_harness.plan.arguments import MANY, SIZE
from xtreme_harness.plan.cells import all_cards, select
from xtreme_harness.plan.units import trained_units

__all__ = ["Base", "Grid", "Intermediate", "read_grid"]

_FOLDER = re.compile(r"(?!\.{1,2}$)[\w.+@-]+")  # names become folders of the grid's own


def _listed(value: Any) -> Any:
    return [value] if isinstance(value, str | int) and not isinstance(value, bool) else value


def _as_base(value: Any) -> Any:
    return {"model": value} if isinstance(value, str) else value


def _as_intermediate(value: Any) -> Any:
    return {"tasks": value} if isinstance(value, str | list) else value


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


Text = Annotated[str, Field(min_length=1)]
Names = Annotated[tuple[Text, ...], BeforeValidator(_listed)]
Some = Annotated[tuple[Text, ...], BeforeValidator(_listed), Field(min_length=1)]
Seed = Annotated[int, BeforeValidator(no_flag), Field(ge=0, le=2**32 - 1)]
Seeds = Annotated[tuple[Seed, ...], BeforeValidator(_listed), Field(min_length=1)]
Limit = Annotated[int, BeforeValidator(no_flag), Field(ge=1, le=MANY)]
Size = Annotated[int, BeforeValidator(no_flag), Field(ge=1, le=SIZE)]
Limits = Annotated[tuple[Limit | Literal["all"], ...], BeforeValidator(_listed), Field(min_length=1)]


class Base(_Strict):
    """A checkpoint that everything starts from."""

    model: Text  # folder or Hub id
    name: str = ""
    revision: Text | None = None

    @property
    def label(self) -> str:
        """Its name, or the last part of its place."""
        place = Path(self.model)
        return self.name or (place.resolve() if place.is_dir() else place).name


class Intermediate(_Strict):
    """One phase of intermediate training: a task, or several at once."""

    tasks: Some
    name: str = ""
    mlm: Text | None = None  # folder of texts, DIR/<lang>.txt
    mlm_weight: float | None = Field(default=None, gt=0, lt=1)
    translated: Text | None = None  # folder of machine-translated training data
    translations_only: bool = False
    sampling: Literal["uniform", "proportional", "temperature", "specified", "time-dependent"] | None = None
    set: Names = ()  # over the recipe, for this training alone
    limit: Limit | None = None  # training examples a task

    @property
    def label(self) -> str:
        """Its name, or what tells it from the others: "mnli+squad", "mnli+mlm", "mnli@1000"."""
        extra = ["mlm"] if self.mlm else []
        extra += ["translations" if self.translations_only else "translated"] if self.translated else []
        limited = f"@{self.limit}" if self.limit else ""
        return (self.name or "+".join([*self.tasks, *extra])) + limited


class Grid(_Strict):
    """Every base, after every intermediate training and without any, on every target, with every seed."""

    bases: Annotated[tuple[Annotated[Base, BeforeValidator(_as_base)], ...], BeforeValidator(_listed)] = Field(
        min_length=1
    )
    intermediates: Annotated[
        tuple[Annotated[Intermediate, BeforeValidator(_as_intermediate)], ...], BeforeValidator(_listed)
    ]
    targets: Some  # suites, groups, tasks
    seeds: Seeds = (42,)  # of both phases
    data: Some = ("hub",)
    split: Literal["test", "dev"] = "test"  # that is evaluated
    languages: Names = ()
    recipe: Text = "xtreme"  # of phase 2
    intermediate_recipe: Text | None = None  # of phase 1; None: the same
    set: Names = ()  # "lr=1e-5" ..., over both recipes
    intermediate_set: Names = ()
    target_set: Names = ()
    intermediate_limit: Limits | None = None  # training examples a task of phase 1; several: one training each
    target_limit: Limit | None = None  # of phase 2
    train_on: Names = ()  # languages that phase 2 trains on: english, target, all, or codes; (): as each card says
    select_on: Literal["english", "target"] | None = None  # on whose dev data phase 2 chooses weights
    dtype: Literal["auto", "float32", "bfloat16", "float16"] = "auto"
    device: Text = "auto"
    batch_size: Size | None = None  # sequences an evaluation batch, at most
    include: Names = ()  # card files or folders

    @field_validator("intermediates")
    @classmethod
    def _without_baseline(cls, value: tuple[Intermediate, ...]) -> tuple[Intermediate, ...]:
        """The baseline is always there, named or not."""
        return tuple(one for one in value if one.tasks != (BASELINE,))

    @property
    def trainings(self) -> tuple[Intermediate, ...]:
        """The intermediate trainings, one a limit where limits are given for all."""
        if self.intermediate_limit is None:
            return self.intermediates
        return tuple(
            one if one.limit is not None or limit == "all" else one.model_copy(update={"limit": limit})
            for one in self.intermediates
            for limit in (self.intermediate_limit if one.limit is None else ["all"])
        )


def read_grid(file: Path, include: Sequence[Path] = ()) -> Grid:
    """Read and check a grid file.

    Args:
        file: YAML; places in it are relative to the working folder, as on the command line.
        include: card files or folders, besides those that the file names.

    Raises:
        CardError: every fault: unknown keys and names with the nearest known one, names that stand twice.
    """
    raw = read_yaml(file)
    faults: list[str] = []
    grid = None
    try:
        grid = Grid.model_validate(raw)
    except ValidationError as error:
        faults = [_fault(one) for one in error.errors()]
    if grid is not None:
        faults += _repeated(grid)
    own = _listed(raw.get("include") or [])
    places = [Path(str(place)) for place in own] if isinstance(own, list) else []
    faults += _unknown_names(raw, all_cards([*include, *places]))
    if faults or grid is None:
        raise CardError(*(f"{file}: {fault}" for fault in faults))
    return grid


def _repeated(grid: Grid) -> list[str]:
    """Bases, trainings and seeds that stand twice, and names that cannot be folders."""
    named = {
        "bases": [base.label for base in grid.bases],
        "intermediates": [one.label for one in grid.trainings],
        "seeds": [str(seed) for seed in grid.seeds],
    }
    faults = []
    for where, labels in named.items():
        hint = "" if where == "seeds" else "; give one of them another `name`"
        twice = dict.fromkeys(label for i, label in enumerate(labels) if label in labels[:i])
        faults += [f"{where}: '{label}' stands twice{hint}" for label in twice]
        bad = [label for label in labels if where != "seeds" and (not _FOLDER.fullmatch(label) or name_fault(label))]
        faults += [f"{where}: '{label}' cannot be the name of a folder; give it a `name`" for label in bad]
    if BASELINE in named["intermediates"]:
        faults.append(f"intermediates: the name '{BASELINE}' is that of the baseline; give another")
    return faults


def _unknown_names(raw: Mapping[str, Any], cards: Cards) -> list[str]:
    """Targets and intermediate tasks that nobody has."""
    faults = []
    targets = _listed(raw.get("targets"))
    for i, name in enumerate(targets if isinstance(targets, list) else ()):
        faults += [f"targets[{i}]: {fault}" for fault in _refused(lambda one: select(cards, [one]), name)]
    intermediates = raw.get("intermediates")
    for i, given in enumerate(intermediates if isinstance(intermediates, list) else ()):
        entry = _as_intermediate(given)
        tasks = _listed(entry.get("tasks")) if isinstance(entry, dict) else None
        for name in tasks if isinstance(tasks, list) and tasks != [BASELINE] else ():
            faults += [f"intermediates[{i}]: {f}" for f in _refused(lambda one: trained_units(cards, [one]), name)]
    return faults


def _refused(look_up: Any, name: Any) -> tuple[str, ...]:
    """What is wrong with a name; values that are no names are the schema's to refuse."""
    if not isinstance(name, str):
        return ()
    try:
        look_up(name)
    except XHarnessError as error:
        return error.faults
    return ()


def _fault(error: Any) -> str:
    steps = error["loc"]
    parts: dict[str, type[BaseModel]] = {"bases": Base, "intermediates": Intermediate}
    model = parts.get(str(steps[0]), Grid) if len(steps) > 1 else Grid
    if error["type"] == "model_type":
        return f"{key_path(steps)}: found {error['input']!r}, expected a name, or keys and values"
    return model_fault(error, model.model_fields)
