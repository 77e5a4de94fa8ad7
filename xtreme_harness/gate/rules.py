"""The rule file: where a rule looks, and what must not happen there."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from xtreme_harness.cards import Cards
from xtreme_harness.errors import CardError, did_you_mean
from xtreme_harness.files.told import model_fault, no_flag
from xtreme_harness.files.yaml import read_yaml
from xtreme_harness.languages import LANGUAGES, is_code, language, nearest_code
from xtreme_harness.plan.cells import select

__all__ = [
    "CONDITIONS",
    "DEFAULT",
    "OF_FIGURES",
    "WHERE",
    "Rule",
    "SignificantDrop",
    "families_of",
    "matches",
    "read_rules",
]

DEFAULT = Path(__file__).with_name("default.yaml")
WHERE = ("suite", "group", "task", "language", "family", "script")
OF_FIGURES = ("floor", "max_drop", "max_relative_drop", "significant_drop")
OF_RUNS = ("new_failures", "missing", "limited")
CONDITIONS = (*OF_FIGURES, *OF_RUNS)


def _listed(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


def _as_mapping(value: Any) -> Any:
    """`significant_drop: 0.01` is short for its alpha."""
    return {"alpha": value} if isinstance(value, int | float) and not isinstance(value, bool) else value


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


Number = Annotated[float, BeforeValidator(no_flag)]


class SignificantDrop(_Strict):
    """A drop that chance does not explain."""

    alpha: Number = Field(default=0.05, gt=0, lt=1)
    correction: Literal["holm", "benjamini-hochberg", "none"] = "holm"  # over the figures of the rule
    min_drop: Number = Field(default=0.0, ge=0)  # points; a smaller one may be as significant as it likes


Names = Annotated[tuple[str, ...], BeforeValidator(_listed), Field(min_length=1)]
Forbid = Literal["forbid", "allow"]


class Rule(_Strict):
    """One rule."""

    name: str = ""
    suite: Names | None = None
    group: Names | None = None
    task: Names | None = None
    language: Names | None = None
    family: Names | None = None  # "Uralic", "Indo-European", "Slavic", "Indo-European:Slavic"
    script: Names | None = None  # ISO 15924
    floor: Number | None = Field(default=None, ge=0, le=100)  # the new score, percent
    max_drop: Number | None = Field(default=None, ge=0)  # points
    max_relative_drop: Number | None = Field(default=None, ge=0)  # percent of the old score
    significant_drop: Annotated[SignificantDrop, BeforeValidator(_as_mapping)] | None = None
    new_failures: Forbid | None = None
    missing: Literal["forbid", "forbid-all", "allow"] | None = None  # cells the old run has; all that were asked for
    limited: Forbid | None = None

    @property
    def label(self) -> str:
        """Its name, or where it looks."""
        return self.name or ", ".join(f"{w} {' '.join(getattr(self, w))}" for w in WHERE if getattr(self, w)) or "run"

    @model_validator(mode="after")
    def _sensible(self) -> Rule:
        if not any(getattr(self, condition) is not None for condition in CONDITIONS):
            raise ValueError(f"no condition: give one of {', '.join(CONDITIONS)}")
        given = [where for where in WHERE if getattr(self, where)]
        if not given and any(getattr(self, condition) is not None for condition in OF_FIGURES):
            raise ValueError(f"no place: give one of {', '.join(WHERE)} ('*' for all)")
        for pair in (("group", "task"), ("language", "family"), ("language", "script"), ("family", "script")):
            if set(pair) <= set(given):
                raise ValueError(f"{pair[0]} and {pair[1]} in one rule: write two rules")
        return self


class _Rules(_Strict):
    rules: tuple[Rule, ...] = Field(min_length=1)


def read_rules(file: Path, cards: Cards) -> tuple[Rule, ...]:
    """Read and check a rule file.

    Raises:
        CardError: with every fault: unknown keys and names with the nearest known one.
    """
    raw = read_yaml(file)
    faults: list[str] = []
    rules: tuple[Rule, ...] = ()
    try:
        rules = _Rules.model_validate(raw).rules
    except ValidationError as error:
        faults = [f"{file}: {_fault(one)}" for one in error.errors()]
    entries = raw.get("rules")
    for i, entry in enumerate(entries if isinstance(entries, list) else ()):
        if isinstance(entry, Mapping):
            faults += [f"{file}: rules[{i}].{fault}" for fault in _unknown_names(entry, cards)]
    if faults:
        raise CardError(*faults)
    return rules


def matches(patterns: Sequence[str] | None, *names: str) -> bool:
    """Does a name match one of the patterns? None matches all."""
    return patterns is None or any(fnmatchcase(name, pattern) for pattern in patterns for name in names)


def families_of(code: str) -> tuple[str, ...]:
    """The names of a language's family.

    >>> families_of("ru")
    ('Indo-European:Slavic', 'Indo-European', 'Slavic')
    """
    whole = language(code).family
    return tuple(dict.fromkeys([whole, *whole.split(":")]))


def _known(cards: Cards) -> dict[str, Collection[str]]:
    keys = [target.key for suite in cards.suites for target in select(cards, [suite])]
    codes = dict.fromkeys([*LANGUAGES, *(code for card in cards.tasks.values() for code in card.all_languages)])
    return {
        "suite": [*cards.suites, "tasks"],
        "group": list(cards.groups()),
        "task": list(dict.fromkeys([*cards.tasks, *keys])),
        "language": list(codes),
        "family": sorted({name for code in codes for name in families_of(code)}),
        "script": sorted({language(code).script for code in codes}),
    }


def _unknown_names(entry: Mapping[Any, Any], cards: Cards) -> list[str]:
    faults = []
    for where, known in _known(cards).items():
        given = _listed(entry.get(where))
        for name in given if isinstance(given, list) else ():
            if where == "language" and is_code(str(name)):
                continue
            if not any(fnmatchcase(one, str(name)) for one in known):
                near = nearest_code(str(name)) if where == "language" else did_you_mean(str(name), known)
                faults.append(f"{where}: unknown {where} '{name}'{near or f'; known: {_some(known)}'}")
    return faults


def _some(known: Collection[str]) -> str:
    return ", ".join(list(known)[:8]) + (" ..." if len(known) > 8 else "")


def _fault(error: Any) -> str:
    above = error["loc"][:-1]
    model = SignificantDrop if "significant_drop" in above else Rule if "rules" in above else _Rules
    return model_fault(error, model.model_fields)
