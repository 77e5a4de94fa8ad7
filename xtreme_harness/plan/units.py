"""Which training units there are, and which of them a model has to be trained for before it can be evaluated."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from xtreme_harness.cards import Cards
from xtreme_harness.cards.recipe import SAMPLINGS, Recipe, read_recipe
from xtreme_harness.errors import DataError, HubSilent, ModelError, UnnamedLabels
from xtreme_harness.kinds import KINDS
from xtreme_harness.models.checkpoint import Checkpoint, find_checkpoint
from xtreme_harness.models.fit import head_fault, label_order
from xtreme_harness.plan.cells import Cell, Plan
from xtreme_harness.plan.loading import Hashes, require_unit
from xtreme_harness.plan.options import Options
from xtreme_harness.plan.request import EvalRequest
from xtreme_harness.plan.serving import find_serving, languages_fault
from xtreme_harness.plan.stage import Manner, Unit, resolve_unit
from xtreme_harness.plan.training_languages import lacking_reason, training_card

__all__ = ["chosen_recipe", "target_units", "trained_units", "untrained_units"]


def target_units(cards: Cards) -> tuple[str, ...]:
    """The training units that evaluation reads: xnli, squad, xcopa ...

    Of a task that only a suite's own file names, its unit counts where it is trained on its own data.
    """
    found: dict[str, None] = {}
    for card in cards.tasks.values():
        for membership in card.suites.values():
            tasks = card.train if membership.train is None else membership.train
            if tasks:
                found[card.unit or tasks[-1]] = None
    for task in dict.fromkeys(task for suite in cards.suites.values() for task in suite.tasks):
        card = cards.card(task)
        if task in (card.unit, *card.train[-1:]):
            found[task] = None
    return tuple(found)


def trained_units(cards: Cards, names: Sequence[str]) -> list[str]:
    """The training units that tasks named to `train` stand for: XQuAD and MLQA are trained on SQuAD."""
    found: dict[str, None] = {}
    for name in names:
        for task in cards.select(name):
            card = cards.card(task)
            units = (card.unit,) if card.unit else card.train[-1:]
            if not units:
                raise DataError(f"{task}: has no training data; the encoder is evaluated as it is")
            found.update(dict.fromkeys(units))
    return list(found)


def chosen_recipe(
    name: str, settings: Sequence[str], cards: Cards, sampling: str | None = None, mlm_weight: float | None = None
) -> Recipe:
    """The recipe of a command, with everything that the command lays over it."""
    extra = [f"mixture.sampling={sampling}"] if sampling else []
    extra += [f"mlm.weight={mlm_weight}"] if mlm_weight is not None else []
    if sampling and sampling not in SAMPLINGS:
        raise DataError(f"--sampling {sampling}: expected one of {', '.join(SAMPLINGS)}")
    return read_recipe(name, [*settings, *extra], list(cards.tasks))


@dataclass(frozen=True, slots=True)
class Untrained:
    """The units of an evaluation that have to be trained first."""

    units: dict[str, Unit] = field(default_factory=dict)  # with all that is needed for it
    lacking: dict[str, str] = field(default_factory=dict)  # unit of one target language -> why it cannot be trained


def untrained_units(plan: Plan, cards: Cards, request: EvalRequest, options: Options, hashes: Hashes) -> Untrained:
    """The units of an evaluation that have to be trained first.

    Raises:
        CardError: the recipe is wrong.
        DataError: heads are missing and there are no data to train them on, in English or in the languages named; all
            of them together. A target language that has none of its own is told of in what is returned.
    """
    if options.self_test or request.train == "never":
        return Untrained()
    recipe = chosen_recipe(request.recipe, request.settings, cards)
    manner = Manner(
        seed=request.seed, limit=request.limit_train, dtype=request.dtype, device=request.device,
        trust=request.trust_remote_code, elsewhere=request.engine.elsewhere,
    )  # fmt: skip
    found = Untrained()
    faults: list[str] = []
    for name, cells in plan.units().items():
        plain, trained = cells[0].plain_unit, cells[0].trained
        if name is None or plain is None:
            continue
        told = any(one in options.label_orders for one in (plain, *(cell.card.name for cell in cells)))
        checkpoint, fault = _start(cells[0], cards, options, told, always=request.train == "always")
        if checkpoint is None or (fault is None and request.train != "always"):
            continue
        tasks, languages = cards.card(plain).train[-1:], {}
        try:
            if trained is not None:
                languages = {training_card(plain, cards).name: trained}
                if reason := lacking_reason(trained, cards, plan.data):
                    found.lacking[name] = reason
                    continue
            unit = resolve_unit(
                plain, tasks, "target", checkpoint, recipe, cards, plan.data, manner, hashes.of(checkpoint), languages
            )
            require_unit(unit)
            found.units[name] = unit
        except HubSilent:
            raise
        except DataError as error:
            why = f"{fault}; " if fault else ""
            faults.extend(f"{why}to train it: {one}" for one in error.faults)
    if faults:
        raise DataError(*faults)
    return found


def _start(
    cell: Cell, cards: Cards, options: Options, told: bool, always: bool
) -> tuple[Checkpoint | None, str | None]:
    """The encoder that the unit of a cell would be trained from, and why the model cannot serve the unit as it is.

    No encoder: there is none to train from, or names of labels must be told first; `find_setups` says so.
    """
    unit, name = str(cell.unit), str(cell.plain_unit)
    card = cards.card(name)
    kind = KINDS[card.kind]
    try:
        checkpoint = find_serving(options.model, unit, cell.trained, options.revision)
        base = checkpoint if checkpoint.repo else find_checkpoint(options.model, None, options.revision)
    except ModelError:
        return _only_base(options), f"{options.model}: has no checkpoint for {unit}"
    other = languages_fault(checkpoint, unit, cell.trained, options.languages_asked)
    if kind.head is None:  # a dual encoder; a model made for sentence vectors is one already
        ready = name in checkpoint.tasks or checkpoint.sentence is not None or checkpoint.path != base.path
        return base, other if ready else f"{checkpoint.name}: no dual encoder for {name}"
    fault = head_fault(checkpoint, kind.head, card.labels, options.keep_head, name)
    if fault is not None or other is not None:
        return base, f"{name}: {fault or other}"
    if card.labels and not told:
        try:
            label_order(checkpoint, card.labels, card.aliases, name)
        except UnnamedLabels as error:
            return (base, str(error)) if always else (None, None)
        except ModelError as error:
            return base, str(error)
    return base, None


def _only_base(options: Options) -> Checkpoint | None:
    try:
        return find_checkpoint(options.model, None, options.revision)
    except ModelError:
        return None
