"""What a task card says, checked key by key as it is read."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainValidator,
    PrivateAttr,
    model_validator,
)

from xtreme_harness.cards.expected import Expected, path_fault
from xtreme_harness.files.shown import shown
from xtreme_harness.languages import english_of

__all__ = ["FileSource", "Files", "HubSource", "Membership", "Preset", "TaskCard", "Vocabulary"]


# "held_out": English training data kept back to select a checkpoint on, where "dev" is not such data
SplitName = Literal["train", "held_out", "dev", "test"]


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


def _strings(value: Any) -> Any:
    """Let YAML write one string where a list of alternatives may stand."""
    return [value] if isinstance(value, str) else value


def _roles(value: Any) -> Any:
    return {"rows": value} if isinstance(value, str | list) else value


def _below(pattern: str) -> str:
    if fault := path_fault(pattern):
        raise ValueError(f"expected a path below the data folder {fault}")
    return pattern


Flag = Annotated[bool, Field(strict=True)]


def _size(value: Any) -> Any:
    by_language = value if isinstance(value, dict) else {"": value}
    sizes = all(type(size) is int and 0 <= size <= _MOST_EXAMPLES for size in by_language.values())
    if not (sizes and all(isinstance(code, str) for code in by_language)):
        found = f" (found {shown(value)})" if isinstance(value, dict) else ""
        raise ValueError(f"expected a number of examples, or such numbers by language{found}")
    return value


Size = Annotated[int | dict[str, int], PlainValidator(_size)]
_MOST_EXAMPLES = 10**12
Pattern = Annotated[str, AfterValidator(_below)]
Patterns = Annotated[tuple[Pattern, ...], BeforeValidator(_strings), Field(min_length=1)]
Files = Annotated[dict[str, Patterns], BeforeValidator(_roles)]  # role -> alternatives, first match counts


class FileSource(_Strict):
    """Files as a publisher lays them out; patterns are relative to the data folder."""

    format: str  # a key of data.formats.FORMATS
    files: dict[SplitName, Files]
    languages: dict[str, str] = {}  # benchmark code -> the code in file names ("{code}")
    splits: dict[SplitName, str] = {}  # split -> its name inside a file that holds several ("{split}" in options)
    options: dict[str, Any] = {}  # for the format: columns, header, quoting ...
    concatenate: Flag = False  # several files that match one pattern are one data set
    optional: tuple[str, ...] = ()  # roles that may be absent
    note: str = ""

    @model_validator(mode="after")
    def _below_the_folder(self) -> FileSource:
        patterns = [p for roles in self.files.values() for listed in roles.values() for p in listed if "{code}" in p]
        for language, code in self.languages.items():
            if fault := next(filter(None, (path_fault(p.replace("{code}", code)) for p in patterns)), ""):
                raise ValueError(f"languages.{language}: expected a code for paths {fault} (found {shown(code)})")
        return self


class HubSource(_Strict):
    """A dataset on the Hugging Face Hub, pinned to a commit."""

    path: Pattern = Field(pattern=r"^[\w.-]+/[\w.-]+$")  # "facebook/xnli"
    revision: str | None = Field(default=None, pattern=r"^[0-9a-f]{40}$|^refs/convert/parquet$")
    config: str = "default"  # may hold {language}, {code}, {name}
    configs: dict[str, str] = {}  # role -> config, or config/split, for shapes that read several
    splits: dict[SplitName, str]  # may hold {language}, {code}, {name}
    files: Pattern = "{config}/{split}-*.parquet"  # so that only the wanted split is fetched
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


def _layer(value: Any) -> Any:
    if value == "last" or (type(value) is int and 0 <= value <= _MOST_LAYERS):
        return value
    if type(value) is float and 0 <= value <= 1:
        return value
    raise ValueError("expected last, the index of a layer such as 8, or a fraction such as 0.67")


Layer = Annotated[Literal["last"] | int | float, PlainValidator(_layer)]
_MOST_LAYERS = 10_000


class Preset(_Strict):
    """How sentence vectors are read: which hidden state, pooled how."""

    layer: Layer = "last"  # index (0: embeddings) or fraction of the number of layers
    pooling: Literal["mean", "cls", "pooler"] = "mean"
    families: dict[str, Preset] = {}  # model type -> its own values


def _training_languages(value: Any) -> Any:
    words = ("english", "target", "all")
    if isinstance(value, str) and value in words:
        return value
    codes = isinstance(value, list | tuple) and bool(value) and all(isinstance(code, str) for code in value)
    if not codes or set(value) & set(words) or len(set(value)) < len(value):
        raise ValueError("expected english, target, all, or a list of different codes")
    return tuple(value)


TrainOn = Annotated[Literal["english", "target", "all"] | tuple[str, ...], BeforeValidator(_training_languages)]


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
    labels_file: Annotated[
        tuple[Pattern, ...], BeforeValidator(_strings)
    ] = ()  # JSON label -> class id in the data folder
    aliases: dict[str, str] = {}  # other spelling of a label -> the label
    train: tuple[str, ...] = ()  # training units in order; () = the checkpoint's encoder as it is
    parts: tuple[str, ...] = ()  # cards whose training data, joined in this order, are this card's
    selection: Literal["dev", "held_out", "none"] = "dev"  # split that training selects its checkpoint on, English
    train_on: TrainOn = "english"  # languages whose training data are read: English, each target's own, all, or these
    select_on: Literal["english", "target"] = "english"  # on whose dev data weights are chosen
    unit: str | None = Field(default=None, pattern=r"^\w[\w.-]*$")  # that evaluation reads; None: the last of `train`
    languages: tuple[str, ...] = ()  # of a task outside the suites
    suites: dict[str, Membership] = {}
    groups: tuple[str, ...] = ()  # names, besides the suites' groups, by which --tasks finds the card
    parallel: Flag = False  # example N (or id N) is the same item in every language
    counts: dict[SplitName, Size] = {}  # official sizes
    presets: dict[str, Preset] = {}
    calibrate: Literal["dev"] | None = None  # a split on which the kind chooses a number before it predicts
    options: dict[str, Any] = {}  # read by the kind alone; once loaded, with the kind's defaults
    hub: HubSource | None = None
    official: FileSource | None = None
    upstream: FileSource | None = None
    note: str = ""
    _unsaid: frozenset[str] = PrivateAttr(default=frozenset())  # options that the card leaves to its kind

    def with_options(self, given: Mapping[str, Any]) -> TaskCard:
        """Return the card with these options instead of its own of the same names."""
        card = self.model_copy(update={"options": {**self.options, **given}})
        card._unsaid = self._unsaid - set(given)
        return card

    def with_defaults(self, defaults: Mapping[str, Any]) -> TaskCard:
        """Return the card with these options where it has none; they are not what it says."""
        new = {name: value for name, value in defaults.items() if name not in self.options}
        card = self.model_copy(update={"options": {**self.options, **new}})
        card._unsaid = self._unsaid | set(new)
        return card

    @property
    def said_options(self) -> dict[str, Any]:
        """The options that the card itself says, in its order."""
        return {name: value for name, value in self.options.items() if name not in self._unsaid}

    @property
    def all_languages(self) -> tuple[str, ...]:
        """The languages of all suites and of the card, each once, in order of first mention."""
        lists = [m.languages for m in self.suites.values()] + [self.languages]
        return tuple(dict.fromkeys(code for codes in lists for code in codes))

    @property
    def fields(self) -> frozenset[str]:
        """The fields that its sources name, each by its columns."""
        named = [source.options.get("columns") for source in self.file_sources]  # not checked yet
        own = [columns for columns in named if isinstance(columns, dict)]
        return frozenset().union(*own, self.hub.columns if self.hub else ())

    @property
    def english(self) -> str:
        """The card's own code for English; "en" where it has none."""
        return english_of(self.all_languages)

    @property
    def file_sources(self) -> tuple[FileSource, ...]:
        """The layouts in which a data folder may hold this task, in order of preference."""
        return tuple(s for s in (self.official, self.upstream) if s)

    @property
    def evaluated_from_hub(self) -> bool:
        """Does the Hub have data to evaluate on, and not for training alone?"""
        return self.hub is not None and bool({"dev", "test"} & set(self.hub.splits))

    def count(self, split: str, language: str) -> int | None:
        """The official number of examples, where it is known."""
        sizes = self.counts.get(split)  # type: ignore[call-overload]
        found = sizes.get(language) if isinstance(sizes, dict) else sizes
        return int(found) if found is not None else None

    @model_validator(mode="after")
    def _consistent(self) -> TaskCard:
        stray = [
            f"aliases.{a}: {shown(t)} is not one of the labels" for a, t in self.aliases.items() if t not in self.labels
        ]
        if stray:
            raise ValueError("; ".join(stray))
        for i, label in enumerate(self.labels):
            if label in self.labels[:i]:
                raise ValueError(f"labels[{i}]: {shown(label)} stands twice")
            if not label or label != label.strip() or len(label.splitlines()) > 1:
                raise ValueError(f"labels[{i}]: found {shown(label)}, expected one line without blanks around it")
        if not self.all_languages:
            raise ValueError("no language: name some under languages, or under suites")
        if not (self.hub or self.official or self.upstream or self.parts):
            raise ValueError("no source: give at least one of hub, official, upstream")
        return self


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """What a card may say; handed in, so that this module imports nothing below it."""

    kinds: Mapping[str, Mapping[str, Any]]  # kind -> its options, with the defaults
    metrics: Collection[str]
    formats: Mapping[str, Mapping[str, Expected]]  # format -> its options
    shapes: Mapping[str, Mapping[str, Expected]]  # shape on the Hub -> its options
    column: Expected  # a column on the Hub, or a path in it
    expected: Mapping[str, Mapping[str, Expected]]  # kind -> those of its options whose default does not tell
    card_faults: Mapping[str, Callable[[TaskCard], list[str]]]  # kind -> what is wrong with a card as a whole
    metric_faults: Callable[[TaskCard], list[str]]  # why its metric does not fit the rest of it
