"""`eval`: from the request to what is ready to be run, or described."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from xtreme_harness.cards import Cards
from xtreme_harness.cards.names import split_names
from xtreme_harness.data.sources import parse_data
from xtreme_harness.errors import CardError, DataError, listed
from xtreme_harness.files.folder import require_output
from xtreme_harness.plan.asked import asked_targets
from xtreme_harness.plan.cells import BY_NAME, Missing, Plan, make_plan
from xtreme_harness.plan.engines import patience
from xtreme_harness.plan.loading import Hashes
from xtreme_harness.plan.options import Options
from xtreme_harness.plan.paths import prediction_paths, record_path, samples_path
from xtreme_harness.plan.request import EvalRequest, default_output
from xtreme_harness.plan.setups import Setup, environment, find_setups, require_reading
from xtreme_harness.plan.stage import Unit
from xtreme_harness.plan.standing import require_folders
from xtreme_harness.plan.training_languages import with_languages
from xtreme_harness.plan.units import untrained_units

__all__ = ["PreparedEvaluation", "plan_evaluation", "prepare_evaluation", "resolve_evaluation"]

_REASONS = 5  # that a message lists


@dataclass(frozen=True, slots=True)
class PreparedEvaluation:
    """An evaluation that nothing stands against."""

    request: EvalRequest
    cards: Cards
    plan: Plan
    options: Options
    units: Mapping[str, Unit]  # that are trained first
    setups: Mapping[str, Setup]  # the model of every cell whose checkpoint is there already, by the cell's name
    refused: Mapping[str, str] = field(default_factory=dict)  # cell that was asked for by name -> why it cannot be had
    start: Path | None = None  # the encoder of all of it, where that is still to be trained

    @property
    def output(self) -> Path:
        """Folder of the results."""
        return self.options.output

    def of_seed(self, seed: int) -> PreparedEvaluation:
        """The same evaluation with one of its seeds, in a folder of its own."""
        return self.moved(self.output / f"seed-{seed}", seed)

    def moved(self, output: Path, seed: int) -> PreparedEvaluation:
        """The same evaluation in another folder, with another seed."""
        return replace(
            self,
            request=replace(self.request, output=output, seed=seed, seeds=()),
            options=replace(self.options, output=output, seed=seed),
            units={name: unit.with_seed(seed) for name, unit in self.units.items()},
        )

    def starting_from(self, encoder: Path, output: Path, seed: int) -> PreparedEvaluation:
        """The same evaluation of an encoder that is trained first, from the model of this one.

        Every head is trained, as here; what reads the encoder as it is reads that one.
        """
        own, trained = self.moved(output, seed), str(encoder)
        return replace(
            own,
            request=replace(own.request, model=trained, revision=None),
            options=replace(own.options, model=trained, revision=None),
            start=encoder,
        )

    @property
    def means(self) -> list[str]:
        """Files below the output that hold what all cells came to."""
        suites = dict.fromkeys(scope for cell in self.plan.cells for scope in cell.scopes if scope != BY_NAME)
        return ["results.json", *(f"leaderboard-{suite}.json" for suite in suites)]

    def folders_of(self, name: str) -> tuple[Path, ...]:
        """Where the stages of a unit that is trained lie below the output, the unit's own checkpoint last.

        Those before it lie beside it, `models/siqa` beside `models/xcopa`; where that is a unit of this evaluation too,
        in a folder of their own.
        """
        models, unit = self.output / "models", self.units[name]
        taken = any(stage.name in self.units for stage in unit.stages[:-1])
        return unit.folders(models / name, models / name / "stages" if taken else models)

    def written(self) -> tuple[list[str], list[str]]:
        """Folders and files below the output that the run writes."""
        cells, here = self.plan.cells, Path()
        paths = [record_path(here, cell) for cell in cells]
        if self.options.log_samples:
            paths += [samples_path(here, cell) for cell in cells]
        paths += [path for cell in cells for path in prediction_paths(here, cell)]
        folders = dict.fromkeys(path.parent.as_posix() for path in paths)
        places = [place for name in self.units for place in self.folders_of(name)]
        folders |= dict.fromkeys(place.relative_to(self.output).as_posix() for place in places)
        return list(folders), [*self.means, "log.txt", *dict.fromkeys(path.as_posix() for path in paths)]


def plan_evaluation(
    tasks: str | Sequence[str],
    data: str | Sequence[str] = "hub",
    languages: str | Sequence[str] = (),
    split: str = "test",
    include: str | Path | Sequence[str | Path] = (),
    translated: Path | None = None,
) -> tuple[Cards, Plan]:
    """Find the cells of an evaluation, whatever the model."""
    if split not in ("test", "dev"):
        raise DataError(f"split {split}: expected test or dev")
    cards, targets = asked_targets(tasks, [include] if isinstance(include, str | Path) else include)
    sources = [data] if isinstance(data, str) else list(data)
    if translated is not None and not translated.is_dir():
        raise DataError(f"--translated {translated}: no such folder")
    return cards, make_plan(targets, parse_data(sources, cards.tasks), split, split_names(languages), translated)


def prepare_evaluation(request: EvalRequest) -> PreparedEvaluation:
    """Find everything that `eval` needs, without loading weights or writing anything.

    What the files of the cells hold is read when the evaluation is run, or described.

    Raises:
        XHarnessError: for everything that `eval` would refuse: flags, names, checkpoint, heads, data, folder.
    """
    prepared, wait = resolve_evaluation(request), patience(request.engine)
    if request.seeds:
        require_output(prepared.output, files=prepared.means)
    for one in [prepared.of_seed(seed) for seed in request.seeds] or [prepared]:
        require_output(one.output, *one.written())
        for name, unit in one.units.items():
            require_folders(unit, one.folders_of(name), wait)
    return prepared


def resolve_evaluation(request: EvalRequest) -> PreparedEvaluation:
    """Find what is evaluated, whatever its folders hold.

    Raises:
        XHarnessError: as `prepare_evaluation`, the folder aside.
    """
    request.require_sense()
    if request.labels is not None and not request.labels.is_dir():
        raise DataError(f"--labels {request.labels}: no such folder")
    cards, plan = plan_evaluation(
        request.tasks, request.data, request.languages, request.split, request.include, request.translated
    )
    options = _options(request, cards)
    if not options.self_test:
        plan = with_languages(plan, cards, request.train_on, request.select_on)
    hashes = Hashes()
    untrained = untrained_units(plan, cards, request, options, hashes)
    plan, refused = _without(plan, untrained.lacking, named=bool(request.languages))
    units, cells = untrained.units, [cell for cell in plan.cells if cell.name not in refused]
    setups = find_setups(cells, options, hashes, without=units)
    environment(options)  # refuses a device that is not there
    prepared = PreparedEvaluation(request, cards, plan, options, units, setups, refused)
    for name, unit in units.items():
        require_reading(plan.units()[name], unit.checkpoint, options)
    return prepared


def _without(plan: Plan, lacking: Mapping[str, str], named: bool) -> tuple[Plan, dict[str, str]]:
    """The plan without the cells of units that cannot be trained, or those cells and why, where they were named.

    Raises:
        DataError: no other cell is left.
    """
    lost = {cell.name: (cell, lacking[unit]) for cell in plan.cells if (unit := cell.unit or "") in lacking}
    if lost and len(lost) == len(plan.cells):
        lines = [f"{cell.name}: {why}" if named else f"nothing to evaluate: {why}" for cell, why in lost.values()]
        raise DataError(*listed(list(dict.fromkeys(lines)), _REASONS))
    if named:
        return plan, {name: why for name, (_, why) in lost.items()}
    missing = [Missing(cell.key, cell.language, cell.scopes, why) for cell, why in lost.values()]
    cells = tuple(cell for cell in plan.cells if cell.name not in lost)
    return replace(plan, cells=cells, missing=(*plan.missing, *missing)), {}


def _options(request: EvalRequest, cards: Cards) -> Options:
    return Options(
        model=request.model,
        output=request.output or default_output(request.model),
        revision=request.revision,
        seed=request.seed,
        device=request.device,
        elsewhere=request.engine.elsewhere,
        dtype=request.dtype,
        batch_size=request.batch_size,
        limit=request.limit,
        labels=request.labels,
        log_samples=request.log_samples,
        layer=request.layer,
        pooling=request.pooling,
        preset=request.preset,
        label_orders=_label_orders(request.label_order, cards),
        keep_head=request.keep_head,
        trust_remote_code=request.trust_remote_code,
        force=request.force,
        languages_asked=bool(request.train_on or request.select_on),
    )


def _label_orders(values: Sequence[str], cards: Cards) -> dict[str, tuple[str, ...]]:
    """Read values of `--label-order`: "xnli=entailment,neutral,contradiction" ...

    Raises:
        CardError: for an unknown task, or a value of another form.
    """
    orders = {}
    for value in values:
        task, separator, names = value.partition("=")
        if not separator or not names:
            raise CardError(
                f"--label-order {value}: expected TASK=A,B,C, for example xnli=entailment,neutral,contradiction"
            )
        cards.card(task)
        orders[task] = tuple(name.strip() for name in names.split(","))
    return orders
