"""The model of every cell: which checkpoint answers it, and how it is read."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from xtreme_harness.errors import ModelError
from xtreme_harness.kinds import KINDS
from xtreme_harness.models.checkpoint import Checkpoint, find_checkpoint
from xtreme_harness.models.fit import head_fault, label_order
from xtreme_harness.models.head_table import HEADS
from xtreme_harness.plan.cells import Cell
from xtreme_harness.plan.loading import Hashes, require_loadable
from xtreme_harness.plan.options import Options
from xtreme_harness.plan.serving import find_serving, languages_fault, serving_fields
from xtreme_harness.signature import UNSAID, VERSION, library_versions

__all__ = ["Setup", "environment", "find_setups", "require_reading", "stages_of"]


@dataclass(frozen=True, slots=True)
class Setup:
    """The model that answers a cell."""

    checkpoint: Checkpoint | None  # None: a self-test
    head: str | None = None
    order: tuple[int, ...] = ()
    pooling: Any = None  # models.pooling.Pooling, where head is None
    hash: str = ""
    languages: Mapping[str, Any] = field(default_factory=dict)  # that it was trained on, for the fingerprint

    @property
    def recipe(self) -> str | None:
        """Name of the recipe that the checkpoint was last trained by."""
        last = self.checkpoint.lineage[-1] if self.checkpoint and self.checkpoint.lineage else {}
        return str(last["recipe"]["name"]) if isinstance(last.get("recipe"), dict) else None

    @property
    def seed(self) -> int | None:
        """The seed by which the checkpoint was last trained, where that is known."""
        last = self.checkpoint.lineage[-1] if self.checkpoint and self.checkpoint.lineage else {}
        return last.get("seed")

    @property
    def trials(self) -> int:
        """Of how many trainings the checkpoint was chosen, where its last stage was searched; else 0."""
        last = self.checkpoint.lineage[-1] if self.checkpoint and self.checkpoint.lineage else {}
        return len(last["search"]["trials"]) if "search" in last else 0

    @property
    def key(self) -> tuple[Any, ...]:
        """Equal for cells that one loaded model answers."""
        return (self.checkpoint.path if self.checkpoint else None, self.head, self.order, self.pooling)

    def dtype(self, options: Options, context: Mapping[str, Any]) -> str | None:
        """In what arithmetic it answers: what the options name; where they leave it open, as the head needs."""
        exact = self.head is not None and HEADS[self.head].exact
        usual: str | None = context["dtype"]
        return "float32" if exact and options.dtype == "auto" else usual


def stages_of(setup: Setup) -> list[dict[str, Any]]:
    """The stages of the checkpoint that answers, the first one first; [] of a self-test."""
    if setup.checkpoint is None:
        return []
    own = {"stage": setup.checkpoint.stage, "data": None, "recipe": None}
    stages = [dict(stage) for stage in setup.checkpoint.lineage] or [own]
    stages[-1] |= {"checkpoint_hash": setup.hash, "checkpoint": setup.checkpoint.name}
    return stages


def find_setups(
    cells: Iterable[Cell], options: Options, hashes: Hashes, place: Path | None = None, without: Collection[str] = ()
) -> dict[str, Setup]:
    """Find the model of every cell, by the name of the cell; small files only.

    Args:
        cells: what is evaluated.
        options: how.
        hashes: of the checkpoints' contents.
        place: the checkpoint that was trained for all of them; None: the user's model serves them.
        without: units that are left out: they are to be trained first.

    Raises:
        ModelError: every head that is missing and every label set that does not fit, one line each.
    """
    units: dict[str | None, list[Cell]] = {}
    for cell in cells:
        if cell.unit not in without:
            units.setdefault(cell.unit, []).append(cell)
    setups: dict[str, Setup] = {}
    faults: list[str] = []
    for unit, members in units.items():
        if options.self_test:
            setups.update({cell.name: Setup(None, hash=options.model) for cell in members})
            continue
        try:
            checkpoint = _checkpoint(unit, members[0], options, place)
            require_loadable(checkpoint, options.trust_remote_code)
        except ModelError as error:
            faults.extend(error.faults)
            continue
        for cell in members:
            try:
                setups[cell.name] = replace(_setup(cell, checkpoint, options), hash=hashes.of(checkpoint))
            except ModelError as error:
                faults.extend(error.faults)
    if faults:
        raise ModelError(*dict.fromkeys(faults))
    return setups


def _checkpoint(unit: str | None, cell: Cell, options: Options, place: Path | None) -> Checkpoint:
    """The checkpoint that answers a unit: that at `place`, which was trained for it, or one of the model's."""
    if place is not None:
        return find_checkpoint(str(place), None, options.revision)
    found = find_serving(options.model, unit, cell.trained, options.revision)
    if unit is not None and (fault := languages_fault(found, unit, cell.trained, options.languages_asked)):
        raise ModelError(f"{unit}: {fault}")
    return found


def require_reading(cells: Iterable[Cell], checkpoint: Checkpoint, options: Options) -> None:
    """Refuse a layer or a pooling that a checkpoint to be trained will not have.

    Raises:
        ModelError: of the first cell that asks for one.
    """
    from xtreme_harness.models.pooling import choose_pooling

    for cell in cells:
        if KINDS[cell.card.kind].head is None:
            choose_pooling(cell.card, checkpoint, options.layer, options.pooling, options.preset)


def environment(options: Options) -> dict[str, Any]:
    """The fields of the fingerprint that are the same for all cells: dtype, kind of device, libraries.

    Raises:
        ModelError: for a device that is not there.
    """
    own = {"xtreme-harness": VERSION}
    libraries = {**own, **library_versions()}
    if options.self_test:
        return {"dtype": None, "device": None, "libraries": own}
    if options.elsewhere:
        return {"dtype": options.dtype, "device": UNSAID, "libraries": libraries}
    from xtreme_harness.models.load import choose_device, choose_dtype

    device = choose_device(options.device)
    dtype = choose_dtype(options.dtype, device)
    return {"dtype": dtype, "device": device.type, "libraries": libraries}


def _setup(cell: Cell, checkpoint: Checkpoint, options: Options) -> Setup:
    from xtreme_harness.models.pooling import choose_pooling

    kind, unit = KINDS[cell.card.kind], cell.plain_unit or cell.card.name
    languages = serving_fields(checkpoint, cell.unit, cell.trained)
    if kind.head is None:
        chosen = choose_pooling(cell.card, checkpoint, options.layer, options.pooling, options.preset)
        return Setup(checkpoint, None, (), chosen, languages=languages)
    fault = head_fault(checkpoint, kind.head, cell.card.labels, options.keep_head, unit)
    if fault:
        raise ModelError(f"{unit}: {fault}")
    given = options.label_orders.get(unit) or options.label_orders.get(cell.card.name) or ()
    order = (
        label_order(checkpoint, cell.card.labels, cell.card.aliases, cell.card.name, given) if cell.card.labels else ()
    )
    return Setup(checkpoint, kind.head, order, languages=languages)
