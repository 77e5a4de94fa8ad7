"""The commands as functions: typed arguments in, the records that the files hold out."""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields, replace
from functools import partial
from pathlib import Path
from typing import Any

from xtreme_harness.cards import Cards
from xtreme_harness.cards.names import split_names
from xtreme_harness.data.sources import parse_data
from xtreme_harness.errors import CardError, DataError, ModelError, OutputError, did_you_mean
from xtreme_harness.evaluation.cell import Done
from xtreme_harness.evaluation.run import execute, written_unseen
from xtreme_harness.evaluation.saved import prediction_paths, record_path
from xtreme_harness.evaluation.seeds import averaged, evaluate_each, require_seeds
from xtreme_harness.files.folder import locked, logged, open_output
from xtreme_harness.files.text import write_json
from xtreme_harness.plan.cells import BY_NAME, Cell, Missing, Plan, all_cards, make_plan, select
from xtreme_harness.plan.options import Options
from xtreme_harness.plan.setups import environment, prepare
from xtreme_harness.plan.trackers import require_tracker
from xtreme_harness.results.build import build
from xtreme_harness.results.json_file import to_json
from xtreme_harness.results.read import read_result
from xtreme_harness.results.result import Result
from xtreme_harness.submission.score import FolderScores, Mode, score_folders
from xtreme_harness.training.train import SILENT, Watch, missing_units, train, train_units

__all__ = [
    "default_output",
    "evaluate",
    "plan_evaluation",
    "read_label_orders",
    "read_layer",
    "score",
    "train",
]

_ARGUMENTS = ("tasks", "data", "languages", "split", "include", "label_order")  # of `evaluate`, besides Options
PRESETS = ("paper", "script", "jiant", "last")  # ways to read sentence vectors that cards name
log = logging.getLogger("xtreme_harness")


def plan_evaluation(
    tasks: str | Sequence[str],
    data: str | Sequence[str] = "hub",
    languages: str | Sequence[str] = (),
    split: str = "test",
    include: str | Path | Sequence[str | Path] = (),
) -> tuple[Cards, Plan]:
    """Find what an evaluation would do, without loading weights or data."""
    if split not in ("test", "dev"):
        raise DataError(f"split {split}: expected test or dev")
    names, extra = [], [Path(place) for place in ([include] if isinstance(include, str | Path) else include)]
    for name in split_names(tasks):
        path = Path(name)
        if path.suffix in (".yaml", ".yml") or (path.is_dir() and any(path.glob("*.yaml"))):
            extra.append(path)
            names.extend([path.stem] if path.is_file() else [f.stem for f in sorted(path.glob("*.yaml"))])
        else:
            names.append(name)
    cards = all_cards(extra)
    sources = [data] if isinstance(data, str) else list(data)
    return cards, make_plan(select(cards, names), parse_data(sources, cards.tasks), split, split_names(languages))


def evaluate(
    model: str | Path,
    tasks: str | Sequence[str] = "xtreme",
    *,
    data: str | Sequence[str] = "hub",
    output: str | Path | None = None,
    languages: str | Sequence[str] = (),
    split: str = "test",
    include: str | Path | Sequence[str | Path] = (),
    labels: str | Path | None = None,
    layer: str | int | float | None = None,
    label_order: Sequence[str] = (),
    seeds: Sequence[int] = (),
    on_plan: Callable[[Plan, Options], None] = lambda plan, options: None,
    on_cell: Callable[[Done], None] = lambda done: None,
    on_sequences: Callable[[Cell, int], None] = lambda cell, sequences: None,
    watch: Watch = SILENT,
    **options: Any,
) -> Result:
    """Train the heads that are missing, predict and score; write everything that `xharness eval` writes.

    Args:
        model: checkpoint folder, Hub id, adapter folder, folder of checkpoints by unit, or oracle, majority, random.
        tasks: suites, groups, tasks, globs, `task@suite`, card files or folders.
        data: "hub", "samples", a folder, or "TASK=FILE_OR_DIR"; several in a list.
        output: folder of the results; default `xharness-out/<model>`.
        languages: only these.
        split: "test" or "dev".
        include: card files or folders.
        labels: folder in the official label form, for data without gold.
        layer: hidden state of sentence vectors: "last", an index, or a fraction of the depth.
        label_order: "TASK=A,B,C", where a checkpoint's labels have no names.
        seeds: evaluate once a seed, in `seed-N/`; what is returned and written beside are the means.
        on_plan: called before any weights are loaded.
        on_cell: called when a cell ends.
        on_sequences: called with the number of sequences done inside a cell.
        watch: who is told how training goes.
        options: the other fields of `run.Options`.

    Raises:
        XHarnessError: for what is wrong before a cell is computed; a fault in one cell stands in `Result.failed`.
        KeyboardInterrupt: after the finished cells were written; the same call continues.
    """
    if seeds:
        own = {
            "data": data, "languages": languages, "split": split, "include": include, "labels": labels, "layer": layer,
            "label_order": label_order, "on_plan": on_plan, "on_cell": on_cell, "on_sequences": on_sequences,
            "watch": watch, **options,
        }  # fmt: skip
        return _evaluate_seeds(model, tasks, seeds, Path(output) if output else default_output(model), own)
    started = time.monotonic()
    known = [one.name for one in fields(Options)]
    for name in options:
        if name not in known:
            raise TypeError(f"evaluate() has no argument '{name}'{did_you_mean(name, [*known, *_ARGUMENTS])}")
    if labels is not None and not Path(labels).is_dir():
        raise DataError(f"--labels {labels}: no such folder")
    cards, plan = plan_evaluation(tasks, data, languages, split, include)
    out = Path(output) if output else default_output(model)
    settings = Options(
        model=str(model),
        output=out,
        labels=Path(labels) if labels else None,
        layer=read_layer(layer),
        label_orders=read_label_orders(label_order, cards),
        **options,
    )
    _require_sense(settings)
    stages = missing_units(plan, cards, settings)
    setups = prepare(plan, settings, without=stages)
    context = environment(settings)
    folders, files = _written(plan, settings)
    open_output(out, [*folders, *(f"models/{unit}" for unit in stages)], files)
    on_plan(plan, settings)
    command = _command(tasks, data, languages, settings)
    _warn_of_leftovers(plan, settings)
    with locked(out), logged(out):
        log.info("%s: %d cells, data %s", model, len(plan.cells), ", ".join(command["data"]))
        done: list[Done] = []
        try:
            places, untrained = train_units(stages, out / "models", settings.tracker, watch)
            setups |= prepare(plan, settings, places) if places else {}
            done += _untrained(plan, untrained, on_cell)
            ready = replace(plan, cells=tuple(cell for cell in plan.cells if cell.unit not in untrained))
            for one in execute(ready, setups, settings, context, on_cell, on_sequences):
                done.append(one)
        except KeyboardInterrupt:
            done += written_unseen(plan, setups, settings, context, done)
            raise
        finally:
            result = _result(plan, cards, done, settings, split, _lineage(setups), command)
            if done:
                _write(result, out, time.monotonic() - started)
    if all(one.status == "failed" for one in done):
        raise DataError(*dict.fromkeys(line for one in done for line in one.message.splitlines()))
    return result


def _evaluate_seeds(
    model: str | Path, tasks: str | Sequence[str], seeds: Sequence[int], out: Path, own: Mapping[str, Any]
) -> Result:
    """Evaluate once a seed, then write the means."""
    require_seeds(seeds)
    started = time.monotonic()
    open_output(out)
    results = evaluate_each(
        seeds, out, partial(evaluate, model, tasks, **{k: v for k, v in own.items() if k != "seed"})
    )
    cards, plan = plan_evaluation(tasks, own["data"], own["languages"], own["split"], own["include"])
    result = averaged(results, plan, cards)
    with locked(out):
        _write(result, out, time.monotonic() - started)
    return result


def score(
    predictions: str | Path,
    labels: str | Path,
    suite: str,
    *,
    mode: Mode = "strict",
    udpos_convention: str = "seqeval-0.0.12",
) -> FolderScores:
    """Score a prediction folder against a label folder, as `xharness score` does; see `official.score_folders`."""
    return score_folders(Path(predictions), Path(labels), suite, all_cards(), mode, udpos_convention)


def default_output(model: str | Path) -> Path:
    """The folder of the results where none is named: `xharness-out/<model>`.

    >>> default_output("org/name").as_posix()
    'xharness-out/name'
    """
    place = Path(str(model))
    return Path("xharness-out") / ((place.resolve() if place.is_dir() else place).name or "model")


def read_layer(value: str | int | float | None) -> str | int | float | None:
    """Read "last", an index ("8") or a fraction of the depth ("0.67").

    >>> read_layer("last"), read_layer("8"), read_layer("0.5")
    ('last', 8, 0.5)
    """
    if value is None or isinstance(value, int | float) or value == "last":
        return value
    try:
        return float(value) if "." in value else int(value)
    except ValueError:
        raise ModelError(f"--layer {value}: expected last, an index such as 8, or a fraction such as 0.67") from None


def _result(
    plan: Plan,
    cards: Cards,
    done: Sequence[Done],
    options: Options,
    split: str,
    lineage: Sequence[Mapping[str, Any]],
    command: Mapping[str, Any],
) -> Result:
    """The figures of what ended, in the order of the plan; what did not end, or has no gold, is missing."""
    by_name = {one.cell.name: one for one in done}
    ended = [by_name[cell.name] for cell in plan.cells if cell.name in by_name]
    failed = {one.cell.name: one.message for one in ended if one.status == "failed"}
    unscored = [
        Missing(one.cell.key, one.cell.language, one.cell.scopes, one.message or "predicted, not scored: no gold")
        for one in ended
        if one.status == "unscored" or (one.record is not None and not one.record.done)
    ]
    interrupted = [
        Missing(cell.key, cell.language, cell.scopes, "not reached: the run was interrupted")
        for cell in plan.cells
        if cell.name not in by_name
    ]
    records = [one.record for one in ended if one.record is not None]
    absent = [*unscored, *interrupted]
    return build(plan, cards, records, options.model, split, failed, absent, options.limit, lineage, command)


def _untrained(plan: Plan, failed: Mapping[str, str], tell: Callable[[Done], None]) -> list[Done]:
    """The cells of units whose training failed."""
    cells = [cell for cell in plan.cells if cell.unit in failed]
    found = [Done(cell, "failed", None, f"training failed: {failed[str(cell.unit)]}") for cell in cells]
    for one in found:
        tell(one)
    return found


def _written(plan: Plan, options: Options) -> tuple[list[str], list[str]]:
    """Folders and files below OUT that a run writes."""
    folders = dict.fromkeys(f"cells/{cell.key}" for cell in plan.cells)
    if options.log_samples:
        folders |= dict.fromkeys(f"samples/{cell.key}" for cell in plan.cells)
    paths = [path for cell in plan.cells for path in prediction_paths(Path(), cell)]
    suites = dict.fromkeys(scope for cell in plan.cells for scope in cell.scopes if scope != BY_NAME)
    files = ["results.json", "log.txt", *(f"leaderboard-{suite}.json" for suite in suites)]
    return [*folders, *dict.fromkeys(path.parent.as_posix() for path in paths)], files


def _require_sense(options: Options) -> None:
    """Refuse what no evaluation can be done with; the command line has checked most of it."""
    require_tracker(options.tracker)
    faults = []
    if not options.model:
        faults.append("--model: empty; give a checkpoint folder, a Hub id, or oracle, majority, random")
    if options.dtype not in ("auto", "float32", "bfloat16", "float16"):
        faults.append(f"--dtype {options.dtype}: expected auto, float32, bfloat16 or float16")
    for flag, number in (("--limit", options.limit), ("--batch-size", options.batch_size)):
        if number is not None and number < 1:
            faults.append(f"{flag} {number}: expected a number from 1")
    if options.preset not in (None, *PRESETS):
        faults.append(f"--retrieval-preset {options.preset}: expected {', '.join(PRESETS)}")
    pinned = re.fullmatch(r"[0-9a-f]{40}", options.revision or "")
    if options.trust_remote_code and not pinned and not Path(options.model).is_dir():
        faults.append("--trust-remote-code: runs the checkpoint's own code, so pin it by --revision COMMIT (40 hex)")
    if faults:
        raise ModelError(*faults)


def _warn_of_leftovers(plan: Plan, options: Options) -> None:
    """Say so when the folder holds another model's cells, which stay where this run writes nothing new."""
    out = options.output
    try:
        before = read_result(out, rows=False).model
    except OutputError:
        return
    left = {*(out / "cells").glob("*/*.json")} - {record_path(out, cell) for cell in plan.cells}
    if left and before != options.model:
        log.warning("%s: %d cells of %s stay there, which this run does not ask for", out, len(left), before)


def _write(result: Result, out: Path, seconds: float) -> None:
    for suite, layout in result.official.items():
        write_json(out / f"leaderboard-{suite}.json", layout)
    write_json(out / "results.json", to_json(result, seconds))


def _command(tasks: Any, data: Any, languages: Any, options: Options) -> dict[str, Any]:
    """The options that a reader of results.json wants to see, in lm-eval's place for them."""
    return {
        "tasks": split_names(tasks),
        "data": [data] if isinstance(data, str) else list(data),
        "languages": split_names(languages),
        "device": options.device,
        "dtype": options.dtype,
        "batch_size": options.batch_size or "auto",
        "random_seed": options.seed,
    }


def _lineage(setups: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Stages of every checkpoint that was read, each once."""
    found: dict[str, dict[str, Any]] = {}
    for setup in setups.values():
        if setup.checkpoint is None:
            continue
        own = {"stage": setup.checkpoint.stage, "data": None, "recipe": None}
        stages = [dict(stage) for stage in setup.checkpoint.lineage] or [own]
        stages[-1] |= {"checkpoint_hash": setup.hash, "checkpoint": setup.checkpoint.name}
        for stage in stages:
            found.setdefault(str(sorted(stage.items(), key=str)), stage)
    return list(found.values())


def read_label_orders(values: Sequence[str], cards: Cards) -> dict[str, tuple[str, ...]]:
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
