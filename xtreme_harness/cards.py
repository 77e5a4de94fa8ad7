"""Task cards and suites: what is evaluated, read from YAML and checked at once.

The only module that knows where `tasks/` lies. A card is data: adding a task is writing a file.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from importlib.metadata import entry_points
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from xtreme_harness.errors import CardError, did_you_mean
from xtreme_harness.languages import LANGUAGES, nearest_code
from xtreme_harness.yaml_file import read_yaml

__all__ = [
    "Cards",
    "FileSource",
    "Files",
    "HubSource",
    "Membership",
    "Preset",
    "Suite",
    "TaskCard",
    "Vocabulary",
    "digest",
    "folder",
    "load_cards",
    "read_card",
]

SPLITS = ("train", "dev", "test")


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


def _strings(value: Any) -> Any:
    """Let YAML write one string where a list of alternatives may stand."""
    return [value] if isinstance(value, str) else value


def _roles(value: Any) -> Any:
    return {"rows": value} if isinstance(value, str | list) else value


Patterns = Annotated[tuple[str, ...], BeforeValidator(_strings)]
Files = Annotated[dict[str, Patterns], BeforeValidator(_roles)]  # role -> alternatives, first match counts


class FileSource(_Strict):
    """Files as a publisher lays them out; patterns are relative to the data folder."""

    format: str  # a key of data.formats.FORMATS
    files: dict[Literal["train", "dev", "test"], Files]
    languages: dict[str, str] = {}  # benchmark code -> the code in file names ("{code}")
    options: dict[str, Any] = {}  # for the format: columns, header, quoting ...
    concatenate: bool = False  # several files that match one pattern are one data set
    optional: tuple[str, ...] = ()  # roles that may be absent
    note: str = ""


class HubSource(_Strict):
    """A dataset on the Hugging Face Hub, pinned to a commit."""

    path: str = Field(pattern=r"^[\w.-]+/[\w.-]+$")  # "facebook/xnli"
    revision: str | None = Field(default=None, pattern=r"^[0-9a-f]{40}$|^refs/convert/parquet$")
    config: str = "default"  # may hold {language}, {code}, {name}
    splits: dict[Literal["train", "dev", "test"], str]
    files: str = "{config}/{split}-*.parquet"  # so that only the wanted split is fetched
    languages: dict[str, str] = {}
    columns: dict[str, str] = {}  # field -> column
    names: dict[str, tuple[str, ...]] = {}  # field -> class names, where the data set carries only numbers
    shape: str = "rows"  # a key of data.hub.SHAPES
    options: dict[str, Any] = {}
    note: str = ""


class Membership(_Strict):
    """A task's place in one suite."""

    languages: tuple[str, ...] = Field(min_length=1)  # in official order: the order of sums and JSON keys
    train: tuple[str, ...] | None = None  # training units, where they differ from the card's


class Preset(_Strict):
    """How sentence vectors are read: which hidden state, pooled how."""

    layer: Literal["last"] | int | float = "last"  # index (0: embeddings) or fraction of the number of layers
    pooling: Literal["mean", "cls", "pooler"] = "mean"
    families: dict[str, Preset] = {}  # model type -> its own values


class TaskCard(_Strict):
    """What a task is; loaded from `tasks/<name>.yaml`, never from code."""

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9_-]*$")
    title: str
    kind: str
    metric: str
    extension: Literal["tsv", "json", "jsonl"] = "tsv"  # of the official prediction file
    licence: str
    url: str = ""
    citation: str = ""
    labels: tuple[str, ...] = ()  # index = class id
    labels_file: Annotated[tuple[str, ...], BeforeValidator(_strings)] = ()  # JSON label -> class id in the data folder
    aliases: dict[str, str] = {}  # other spelling of a label -> the label
    train: tuple[str, ...] = ()  # training units in order; () = the checkpoint's encoder as it is
    parts: tuple[str, ...] = ()  # cards whose training data, joined in this order, are this card's
    selection: Literal["dev", "none"] = "dev"  # what training selects its checkpoint on; none: dev is the test set
    unit: str | None = None  # the unit that evaluation reads; None: the last of `train`
    languages: tuple[str, ...] = ()  # of a task outside the suites
    suites: dict[str, Membership] = {}
    groups: tuple[str, ...] = ()  # names, besides the suites' groups, by which --tasks finds the card
    parallel: bool = False  # example N (or id N) is the same item in every language
    counts: dict[Literal["train", "dev", "test"], int | dict[str, int]] = {}  # official sizes
    presets: dict[str, Preset] = {}
    calibrate: Literal["dev"] | None = None  # a split on which the kind chooses a number before it predicts
    options: dict[str, Any] = {}  # read by the kind alone
    hub: HubSource | None = None
    official: FileSource | None = None
    upstream: FileSource | None = None
    note: str = ""

    @property
    def all_languages(self) -> tuple[str, ...]:
        """The languages of all suites and of the card, each once, in order of first mention."""
        lists = [m.languages for m in self.suites.values()] + [self.languages]
        return tuple(dict.fromkeys(code for codes in lists for code in codes))

    @property
    def file_sources(self) -> tuple[FileSource, ...]:
        """The layouts in which a data folder may hold this task, in order of preference."""
        return tuple(s for s in (self.official, self.upstream) if s)

    def count(self, split: str, language: str) -> int | None:
        """The official number of examples, where it is known."""
        sizes = self.counts.get(split)  # type: ignore[call-overload]
        found = sizes.get(language) if isinstance(sizes, dict) else sizes
        return int(found) if found is not None else None

    @model_validator(mode="after")
    def _consistent(self) -> TaskCard:
        stray = [
            f"aliases.{a}: '{t}' is not one of the labels" for a, t in self.aliases.items() if t not in self.labels
        ]
        if stray:
            raise ValueError("; ".join(stray))
        if not self.all_languages:
            raise ValueError("no language: name some under languages, or under suites")
        if not (self.hub or self.official or self.upstream or self.parts):
            raise ValueError("no source: give at least one of hub, official, upstream")
        return self


class Suite(_Strict):
    """Tasks and groups in the official order."""

    title: str
    tasks: tuple[str, ...]
    groups: dict[str, tuple[str, ...]]
    means: dict[str, tuple[str, ...]] = {}  # overall means the official code does not know
    overall: bool = True  # does the official evaluator give `all_task`?
    unscored: tuple[str, ...] = ()  # tasks that the official layout does not know


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """The names that a card may use; handed in, so that this module imports nothing below it."""

    kinds: Mapping[str, Collection[str]]  # kind -> names of its options
    metrics: Collection[str]
    formats: Mapping[str, Collection[str]]  # format -> names of its options
    shapes: Collection[str]


@dataclass(frozen=True, slots=True)
class Cards:
    """All known cards and suites."""

    tasks: Mapping[str, TaskCard]
    suites: Mapping[str, Suite]
    places: Mapping[str, str]  # card -> its file

    def card(self, name: str) -> TaskCard:
        """Return the card of a name; CardError with the nearest name otherwise."""
        if name not in self.tasks:
            raise CardError(f"unknown task '{name}'{did_you_mean(name, self.tasks)}; see `xharness tasks list`")
        return self.tasks[name]

    def groups(self) -> dict[str, tuple[str, ...]]:
        """Group -> tasks, over all suites and cards."""
        found: dict[str, dict[str, None]] = {}
        for suite in self.suites.values():
            for group, tasks in suite.groups.items():
                found.setdefault(group, {}).update(dict.fromkeys(tasks))
        for card in self.tasks.values():
            for group in card.groups:
                found.setdefault(group, {})[card.name] = None
        return {group: tuple(tasks) for group, tasks in found.items()}

    def select(self, name: str) -> tuple[str, ...]:
        """Task names that a group, task or glob stands for; CardError when none."""
        if name in self.tasks:
            return (name,)
        if name in (groups := self.groups()):
            return groups[name]
        found = tuple(task for task in self.tasks if fnmatchcase(task, name)) if any(c in name for c in "*?[") else ()
        if not found:
            known = [*self.suites, *groups, *self.tasks]
            raise CardError(f"unknown task '{name}'{did_you_mean(name, known)}; see `xharness tasks list`")
        return found


def folder() -> Path:
    """The folder of the cards that ship with the package: in a wheel inside it, in a checkout beside it."""
    inside = Path(__file__).parent / "tasks"
    return inside if inside.is_dir() else Path(__file__).parents[1] / "tasks"


def digest(card: TaskCard) -> str:
    """SHA-256 of the resolved card (hex)."""
    return hashlib.sha256(card.model_dump_json().encode()).hexdigest()


def load_cards(vocabulary: Vocabulary, include: Iterable[Path] = ()) -> Cards:
    """Read the shipped cards, those of installed packages and those of the `include` files or folders.

    A later card replaces an earlier one of the same name. Packages offer a folder of cards through the
    entry-point group `xtreme_harness.tasks` (the entry point loads to a path).

    Raises:
        CardError: with every fault of every file.
    """
    tasks: dict[str, TaskCard] = {}
    places: dict[str, str] = {}
    faults: list[str] = []
    files: list[Path] = []
    for place in [folder(), *_plugins(), *map(Path, include)]:
        try:
            files.extend(_card_files(place))
        except CardError as error:
            faults.extend(error.faults)
    for file in files:
        try:
            card = read_card(file, vocabulary)
        except CardError as error:
            faults.extend(error.faults)
            continue
        tasks[card.name], places[card.name] = card, str(file)
    suites_file = folder() / "suites.yaml"
    suites = {name: Suite.model_validate(suite) for name, suite in read_yaml(suites_file).items()}
    if not faults:
        faults = [*_unknown_members(suites, tasks, suites_file), *_unknown_names(suites, tasks, places)]
        faults += [fault for card in tasks.values() for fault in _part_faults(card, tasks, places[card.name])]
    if faults:
        raise CardError(*faults)
    return Cards(tasks, suites, places)


def read_card(file: Path, vocabulary: Vocabulary) -> TaskCard:
    """Read and check one card; `include: other.yaml` takes the other card's keys first.

    Raises:
        CardError: one message a fault: file, key path, what was found, what was expected.
    """
    raw = _included(file)
    try:
        card = TaskCard.model_validate(raw)
    except ValidationError as error:
        raise CardError(*[_fault(file, e, raw) for e in error.errors()]) from None
    faults = [f"{file}: {fault}" for fault in _vocabulary_faults(card, vocabulary)]
    if card.name != file.stem:
        faults.append(f"{file}: name: found '{card.name}', expected '{file.stem}', the name of the file")
    if faults:
        raise CardError(*faults)
    return card


def _card_files(place: Path) -> list[Path]:
    if place.is_file():
        return [place]
    if not place.is_dir():
        raise CardError(f"{place}: no such card or folder of cards")
    found = sorted(place.glob("*.yaml")) + sorted(place.glob("intermediate/*.yaml"))
    cards = [f for f in found if f.name != "suites.yaml"]
    if not cards:
        raise CardError(f"{place}: no cards (*.yaml) in this folder")
    return cards


def _included(file: Path, seen: tuple[Path, ...] = ()) -> dict[str, Any]:
    raw = read_yaml(file)
    if "include" not in raw:
        return raw
    name = str(raw.pop("include"))
    near = file.parent / name
    base = near if near.exists() else folder() / name
    if not base.exists():
        raise CardError(f"{file}: include: '{name}' is neither beside this card nor among those that are shipped")
    if base.resolve() in seen:
        raise CardError(f"{file}: include: '{name}' includes itself")
    return _merged(_included(base, (*seen, file.resolve())), {"name": file.stem, **raw})


def _merged(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    """Lay `above` over `below`, key by key; null removes a key."""
    both = dict(below)
    for key, value in above.items():
        old = both.get(key)
        both[key] = _merged(old, value) if isinstance(old, dict) and isinstance(value, dict) else value
    return {key: value for key, value in both.items() if value is not None}


def _fault(file: Path, error: Mapping[str, Any], raw: Mapping[str, Any]) -> str:
    where = _key_path(error["loc"])
    if error["type"] == "extra_forbidden":
        known = _known_keys(error["loc"])
        return f"{file}: {where}: unknown key{did_you_mean(str(error['loc'][-1]), known)}"
    if error["type"] == "missing":
        return f"{file}: {where}: missing; {'every card needs it' if len(error['loc']) == 1 else 'it is needed here'}"
    found = "" if isinstance(error["input"], dict) else f" (found {error['input']!r})"
    if isinstance(error["input"], bool):
        found = f" (found {error['input']!r}: YAML reads no, off, yes, on so; put it in quotes)"
    wrong = error["msg"].removeprefix("Value error, ").replace("a valid tuple", "a list")
    return f"{file}: {where + ': ' if where else ''}{wrong}{found}"


def _key_path(loc: Sequence[int | str]) -> str:
    steps = [s for s in loc if not (isinstance(s, str) and "[" in s)]
    return "".join(f"[{s}]" if isinstance(s, int) else f".{s}" for s in steps).lstrip(".")


def _known_keys(loc: Sequence[int | str]) -> list[str]:
    parents: dict[str, type[BaseModel]] = {
        "hub": HubSource,
        "official": FileSource,
        "upstream": FileSource,
        "suites": Membership,
        "presets": Preset,
    }
    model = parents.get(str(loc[0]), TaskCard) if len(loc) > 1 else TaskCard
    return list(model.model_fields)


def _vocabulary_faults(card: TaskCard, words: Vocabulary) -> list[str]:
    faults = []

    def check(where: str, word: str, known: Collection[str], what: str = "") -> None:
        if word not in known:
            near = did_you_mean(word, known) or f"; known: {', '.join(sorted(known)) or 'none'}"
            faults.append(f"{where}: unknown {what or where.split('.')[-1]} '{word}'{near}")

    check("kind", card.kind, words.kinds)
    check("metric", card.metric, words.metrics)
    for option in card.options:
        if card.kind in words.kinds:
            check(f"options.{option}", option, words.kinds[card.kind], "option")
    for name, source in (("official", card.official), ("upstream", card.upstream)):
        if source:
            check(f"{name}.format", source.format, words.formats)
            for option in source.options if source.format in words.formats else ():
                check(f"{name}.options.{option}", option, words.formats[source.format], "option")
    if card.hub:
        check("hub.shape", card.hub.shape, words.shapes)
    lists = {f"suites.{s}.languages": m.languages for s, m in card.suites.items()} | {"languages": card.languages}
    for where, codes in lists.items():
        for i, code in enumerate(codes):
            if code not in LANGUAGES:
                faults.append(f"{where}[{i}]: unknown code '{code}'{nearest_code(code)}")
    return faults


def _unknown_members(suites: Mapping[str, Suite], tasks: Mapping[str, TaskCard], file: Path) -> list[str]:
    faults = []
    for name, suite in suites.items():
        members = {*suite.tasks, *(t for group in suite.groups.values() for t in group)}
        for task in sorted(members):
            if task not in tasks or name not in tasks[task].suites:
                faults.append(f"{file}: {name}: task '{task}' has no card that names this suite")
    return faults


def _unknown_names(suites: Mapping[str, Suite], tasks: Mapping[str, TaskCard], places: Mapping[str, str]) -> list[str]:
    """Suites and training units that cards name and nobody has."""
    faults = []
    for card in tasks.values():
        for name in card.suites:
            if name not in suites:
                near = did_you_mean(name, suites) or f"; known: {', '.join(suites)}"
                faults.append(f"{places[card.name]}: suites.{name}: unknown suite '{name}'{near}")
        lists = {"train": card.train} | {f"suites.{s}.train": m.train or () for s, m in card.suites.items()}
        for where, units in lists.items():
            for i, unit in enumerate(units):
                if unit not in tasks:
                    faults.append(
                        f"{places[card.name]}: {where}[{i}]: unknown task '{unit}'{did_you_mean(unit, tasks)}"
                    )
    return faults


def _part_faults(card: TaskCard, tasks: Mapping[str, TaskCard], file: str) -> list[str]:
    """Parts that nobody has, that have parts themselves, or that one head cannot serve."""
    faults = []
    for i, name in enumerate(card.parts):
        where, part = f"{file}: parts[{i}]", tasks.get(name)
        if part is None:
            faults.append(f"{where}: unknown task '{name}'{did_you_mean(name, tasks)}")
            continue
        if part.parts:
            faults.append(f"{where}: '{name}' has parts of its own; name these")
            continue
        for what in ("kind", "labels", "labels_file"):
            mine, theirs = getattr(card, what), getattr(part, what)
            if mine != theirs:
                shown = [value if isinstance(value, str) else f"[{', '.join(value)}]" for value in (theirs, mine)]
                faults.append(f"{where}: '{name}' has {what} {shown[0]}, expected {shown[1]} as in this card")
    return faults


def _plugins() -> list[Path]:
    """Folders of cards that installed packages offer."""
    found = []
    for point in entry_points(group="xtreme_harness.tasks"):
        try:
            found.append(Path(str(point.load())))
        except Exception as error:
            raise CardError(f"entry point {point.name} = {point.value}: {type(error).__name__}: {error}") from error
    return found
