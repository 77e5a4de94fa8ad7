"""What a command will do: the cells it evaluates, the checkpoints they need, what is missing.

Nothing heavy happens here: no weights are loaded and no data is parsed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from xtreme_harness.cards import Cards, Member, TaskCard, load_cards
from xtreme_harness.data.sources import Data, Located
from xtreme_harness.data.trained_on import TrainedOn
from xtreme_harness.data.training_sets import resolved_labels
from xtreme_harness.errors import CardError, DataError, HubSilent
from xtreme_harness.files.shown import some
from xtreme_harness.languages import meant, nearest_code
from xtreme_harness.plan.cell_data import find_data
from xtreme_harness.plan.vocabulary import vocabulary

__all__ = [
    "Cell", "Missing", "Plan", "Target", "all_cards", "make_plan", "narrowed", "select",
]  # fmt: skip

BY_NAME = "tasks"  # the scope of tasks asked for by name


@dataclass(frozen=True, slots=True)
class Target:
    """One task as one scope asks for it."""

    scope: str  # a suite, or "tasks"
    key: str  # "tatoeba", or "tatoeba@xtreme-r" where the suite reads another model
    card: TaskCard
    unit: str | None  # whose checkpoint answers; None: the encoder as it is
    languages: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Cell:
    """One task in one language: what is computed, saved and resumed."""

    key: str
    card: TaskCard
    unit: str | None
    language: str
    split: str
    located: Located
    tuning: Located | None  # the split on which the kind chooses its number (BUCC's threshold)
    scopes: tuple[str, ...]
    translated: str = ""  # names the translation into English that is read instead: "mt@1f0c2a9b"
    trained: TrainedOn | None = None  # the languages of its unit; None: of a self-test, and where no unit answers

    @property
    def name(self) -> str:
        """For people: "tatoeba@xtreme-r de"."""
        return f"{self.key} {self.language}"

    @property
    def spoken(self) -> str:
        """The language of its texts: English, where they were translated."""
        return self.card.english if self.translated else self.language

    @property
    def plain_unit(self) -> str | None:
        """The unit without its languages: "xnli" of "xnli.de"."""
        return self.unit.removesuffix(self.trained.suffix) if self.unit and self.trained else self.unit


@dataclass(frozen=True, slots=True)
class Missing:
    """A cell that cannot be had, and why."""

    key: str
    language: str
    scopes: tuple[str, ...]
    reason: str


@dataclass(frozen=True, slots=True)
class Plan:
    """The whole of one evaluation."""

    targets: tuple[Target, ...]
    cells: tuple[Cell, ...]
    missing: tuple[Missing, ...]
    data: Data = field(default_factory=Data)

    def units(self) -> dict[str | None, tuple[Cell, ...]]:
        """Cells by the checkpoint that answers them."""
        found: dict[str | None, list[Cell]] = {}
        for cell in self.cells:
            found.setdefault(cell.unit, []).append(cell)
        return {unit: tuple(cells) for unit, cells in found.items()}


def all_cards(include: Sequence[Path] = ()) -> Cards:
    """All cards: the package's, those of installed packages, those of the `include` paths."""
    return load_cards(vocabulary(), include)


def select(cards: Cards, names: Sequence[str]) -> list[Target]:
    """The targets that suites, groups, tasks, globs and `task@suite` stand for.

    Raises:
        CardError: every unknown name.
    """
    targets: dict[tuple[str, str], Target] = {}
    faults: list[str] = []
    for name in names:
        try:
            found = _selected(cards, name)
        except CardError as error:
            faults.extend(error.faults)
            continue
        targets.update({(t.scope, t.key): t for t in found if (t.scope, t.key) not in targets})
    if faults:
        raise CardError(*faults)
    if not targets:
        raise CardError("no task named; --tasks takes suites, groups, tasks and globs (see `xharness tasks list`)")
    return list(targets.values())


def narrowed(targets: Sequence[Target], languages: Sequence[str]) -> list[Target]:
    """The targets with some languages alone; no languages: as they are.

    Raises:
        DataError: for each language that no target has.
    """
    codes, faults = _codes(targets, languages)
    if faults:
        raise DataError(*faults)
    if not languages:
        return list(targets)
    return [replace(target, languages=tuple(c for c in target.languages if c in codes)) for target in targets]


def make_plan(
    targets: Sequence[Target],
    data: Data,
    split: str = "test",
    languages: Sequence[str] = (),
    translated: Path | None = None,
) -> Plan:
    """Find the data of every cell.

    Args:
        targets: what is asked for.
        data: where to look.
        split: "test" or "dev".
        languages: only these.
        translated: folder of evaluation data translated into English, read for all other languages.

    Raises:
        DataError: when a language asked for by name is in no target, or the data lacks it; all faults together.
    """
    languages, faults = _codes(targets, languages)
    wanted: dict[tuple[str, str], list[Target]] = {}
    for target in targets:
        for language in target.languages:
            if not languages or language in languages:
                wanted.setdefault((target.key, language), []).append(target)
    cells: list[Cell] = []
    missing: list[Missing] = []
    for (key, language), owners in wanted.items():
        card, scopes = owners[0].card, tuple(t.scope for t in owners)
        try:
            found = find_data(card, split, language, data, languages, translated)
            card = resolved_labels(card, data) if found.located is not None else card
        except HubSilent:
            raise
        except DataError as error:
            faults.extend(error.faults)
            continue
        if found.located is None or found.reason:
            if languages:
                faults.append(f"{key} {language}: {found.reason}")
            missing.append(Missing(key, language, scopes, found.reason))
            continue
        places = (found.located, found.tuning, scopes, found.translated)
        cells.append(Cell(key, card, owners[0].unit, language, split, *places))
    if faults:
        raise DataError(*dict.fromkeys(faults))
    if not cells:
        reasons = dict.fromkeys(m.reason if m.key in m.reason else f"{m.key}: {m.reason}" for m in missing)
        raise DataError(*[f"nothing to evaluate: {reason}" for reason in list(reasons)[:5]])
    return Plan(tuple(targets), tuple(cells), tuple(missing), data)


def _selected(cards: Cards, name: str) -> list[Target]:
    if name in cards.suites:
        return [_member(cards.member(task, name), name) for task in cards.suites[name].tasks]
    task, at, suite = name.partition("@")
    if at and suite in cards.suites and task in (groups := cards.suites[suite].groups):
        return [_member(cards.member(one, suite), BY_NAME) for one in groups[task]]
    if at:
        cards.card(task)
        if suite not in (known := cards.suites_of(task)):
            told = f"the suites {', '.join(known)}" if known else "no suite"
            raise CardError(f"unknown task '{name}': {task} is in {told}")
        return [_member(known[suite], BY_NAME)]
    return [_bare(cards.card(task)) for task in cards.select(name)]


def _member(member: Member, scope: str) -> Target:
    card, train = member.card, member.train
    unit = train[-1] if train else None
    return Target(scope, member.key, card, card.unit or unit if train == card.train else unit, member.languages)


def _bare(card: TaskCard) -> Target:
    unit = card.unit or (card.train[-1] if card.train else None)
    return Target(BY_NAME, card.name, card, unit, card.all_languages)


def _codes(targets: Sequence[Target], languages: Sequence[str]) -> tuple[list[str], list[str]]:
    """The tasks' own codes of the languages that are asked for, and the faults of those that no task has."""
    found: dict[str, None] = {}
    faults = []
    known = sorted({code for target in targets for code in target.languages})
    for word in languages:
        own = dict.fromkeys(code for target in targets for code in meant(word, target.languages))
        if not own:
            near = nearest_code(word, known)
            faults.append(f"--languages {word}: none of the tasks has it{near}; they have {some(known, 60)}")
        found |= own
    return list(found), faults


def scopes_of(plan: Plan) -> Mapping[str, tuple[Target, ...]]:
    """Targets by scope, in the order asked for."""
    found: dict[str, list[Target]] = {}
    for target in plan.targets:
        found.setdefault(target.scope, []).append(target)
    return {scope: tuple(targets) for scope, targets in found.items()}
