"""The official evaluator's job: a prediction folder and a label folder to its JSON, without torch.

The definition of correct is `evaluate.py` of google-research/xtreme (838c13b); what it does in odd cases stands in
`score_folders`.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal, get_args

import numpy as np

from xtreme_harness.cards import Cards, TaskCard
from xtreme_harness.cards.names import file_name
from xtreme_harness.errors import DataError, PredictionError, XHarnessError
from xtreme_harness.files.text import read_text
from xtreme_harness.kinds import KINDS
from xtreme_harness.metrics import METRICS, column_sums, of_labels
from xtreme_harness.plan.arguments import PLACE, PLACES, one_of, require
from xtreme_harness.plan.cells import Missing, Target, all_cards, select
from xtreme_harness.records import Rows
from xtreme_harness.results.build import leaderboard
from xtreme_harness.submission.check import Purpose, check_folder, require_folder

__all__ = ["CONVENTIONS", "FolderScores", "Mode", "score", "score_folders"]

Mode = Literal["strict", "official", "partial"]
CONVENTIONS = {"seqeval-0.0.12": "chunk_f1", "seqeval-1.2": "chunk_f1_seqeval_1_2"}  # of the UD-POS F1
_DIVIDES = ("accuracy", "squad", "mlqa")  # by the number of examples, even if it is 0
_SEQEVAL_1_2 = "chunk_f1_seqeval_1_2"  # sentences that differ in length end the run, and its zeros are 0.0


@dataclass(frozen=True, slots=True)
class FolderScores:
    """What a prediction folder scores."""

    layout: Mapping[str, Any]  # the official JSON, and one last key `xharness`
    warnings: tuple[str, ...]
    crash: str = ""  # what the official script dies of after it has written its file


@dataclass(frozen=True, slots=True)
class _Cell:
    """One prediction file and its labels."""

    card: TaskCard
    language: str
    prediction: Path
    label: Path

    @property
    def absent(self) -> list[Path]:
        """Which of the two files are not there."""
        return [path for path in (self.prediction, self.label) if not path.exists()]


@dataclass(frozen=True, slots=True)
class _Scored:
    """The values of a file, and of how many of its ids there was no prediction."""

    values: Mapping[str, float]
    n: int
    without: int = 0


def score(
    predictions: str | Path,
    labels: str | Path,
    suite: str,
    *,
    mode: Mode = "strict",
    udpos_convention: str = "seqeval-0.0.12",
    include: Sequence[str | Path] = (),
) -> FolderScores:
    """Score a prediction folder against a label folder, as `xharness score` does; see `score_folders`."""
    sides = {"predictions": predictions, "labels": labels}
    require(sides, {name: (f"--{name}", PLACE) for name in sides})
    require({"include": include}, {"include": ("--include-path", PLACES)})
    cards = all_cards([Path(place) for place in include])
    return score_folders(Path(predictions), Path(labels), suite, cards, mode, udpos_convention)


def score_folders(
    predictions: Path,
    labels: Path,
    suite: str,
    cards: Cards,
    mode: Mode = "strict",
    convention: str = "seqeval-0.0.12",
) -> FolderScores:
    """Score `<task>/test-<lang>.<ext>` below two folders.

    Args:
        predictions: folder of a submission.
        labels: folder of the same form with the gold.
        suite: its name.
        cards: the tasks.
        mode: "strict": every file of the suite must be there and without fault. "official": as the official script:
            tasks with a folder on both sides count, an absent file ends the run, ids that are missing score 0, ids
            that are unknown are ignored. "partial": files and ids that are absent are left out of the averages and
            listed under `xharness`; other faults are errors.
        convention: of the UD-POS F1, a key of CONVENTIONS.

    Raises:
        PredictionError, DataError: with every fault; nothing has been written then.
    """
    require(
        {"suite": suite, "mode": mode, "convention": convention},
        {
            "suite": ("--suite", one_of(cards.suites)), "mode": ("mode", one_of(get_args(Mode))),
            "convention": ("--udpos-convention", one_of(CONVENTIONS, " or ".join(CONVENTIONS))),
        },
    )  # fmt: skip
    for folder in (predictions, labels):
        require_folder(folder)
    targets = [_with_convention(target, convention) for target in select(cards, [suite])]
    if mode != "official":
        purpose: Purpose = "score" if mode == "strict" else "partial"
        faults = check_folder(predictions, suite, cards, labels, purpose)
        if faults:
            raise PredictionError(*faults)
    unscored = cards.suites[suite].unscored
    scored, missing = _score_all(targets, predictions, labels, mode, unscored)
    if not scored and mode != "official":
        raise DataError(f"{predictions}, {labels}: no task of {suite} has files in both")
    layout = leaderboard(cards.suites[suite], targets, {k: s.values for k, s in scored.items()}, missing)
    gaps = _gaps(scored, mode)
    own = layout["xharness"]
    own["complete"] = own["complete"] and not gaps
    own["missing"] = [*own["missing"], *gaps]
    partial = any(one["task"] not in unscored for one in own["missing"])
    own |= {"mode": mode, "partial": partial, "udpos_convention": convention}
    warnings = [f"{gap['task']} {gap['language']}: {gap['reason']}" for gap in gaps]
    if not scored:
        warnings.append(f"{predictions}, {labels}: no task of {suite} has a folder in both")
    if mode == "official":
        present = [t.card.name for t in targets if _has_folders(t, predictions, labels)]
        return _as_officially(layout, targets, present, unscored, tuple(warnings))
    return FolderScores(layout, tuple(warnings))


def _has_folders(target: Target, predictions: Path, labels: Path) -> bool:
    return all((folder / target.card.name).is_dir() for folder in (predictions, labels))


def _score_all(
    targets: Sequence[Target], predictions: Path, labels: Path, mode: Mode, unscored: Collection[str]
) -> tuple[dict[tuple[str, str], _Scored], list[Missing]]:
    """Score every file; absent ones are missing, or faults where the official script stops at them."""
    scored: dict[tuple[str, str], _Scored] = {}
    missing: list[Missing] = []
    faults: list[str] = []
    for target in targets:
        optional = mode == "partial" or target.card.name in unscored
        if mode == "official" and not _has_folders(target, predictions, labels):
            reason = "the official script passes over a task without a folder on both sides"
            missing += [Missing(target.key, code, (target.scope,), reason) for code in target.languages]
            continue
        for code in target.languages:
            name = file_name(target.card, "test", code)
            cell = _Cell(target.card, code, predictions / name, labels / name)
            try:
                if not cell.absent:
                    scored[target.key, code] = _score_file(cell, mode)
                elif optional:
                    missing.append(Missing(target.key, code, (target.scope,), _absence(cell)))
                else:
                    faults.extend(f"{path}: missing, and the official script stops there" for path in cell.absent)
            except XHarnessError as error:
                if mode == "official" and target.card.name in unscored:  # officially nobody opens the file
                    missing.append(Missing(target.key, code, (target.scope,), error.faults[0]))
                else:
                    faults.extend(error.faults)
    if faults:
        raise PredictionError(*faults)
    return scored, missing


def _absence(cell: _Cell) -> str:
    sides = {cell.prediction: "prediction", cell.label: "label"}
    return f"no {' and no '.join(sides[path] for path in cell.absent)} file"


def _score_file(cell: _Cell, mode: Mode) -> _Scored:
    kind, metric = KINDS[cell.card.kind], of_labels(METRICS[cell.card.metric], cell.card.labels)
    encoding = "utf-8" if mode == "official" else "utf-8-sig"  # to the official script a byte-order mark is text
    golds = kind.golds(read_text(cell.label, encoding), str(cell.label), cell.card)
    found = kind.loads(read_text(cell.prediction, encoding), str(cell.prediction), list(golds), cell.card)
    if not golds and metric.name in _DIVIDES:
        raise DataError(f"{cell.label}: no labels, and the official script divides by their number")
    if metric.name == _SEQEVAL_1_2:
        _require_lengths(found, golds, cell)
    unnamed = kind.unnamed(cell.card)
    if unnamed is not None:
        keys = dict.fromkeys([*golds, *found])
        golds, found = {k: golds.get(k, unnamed) for k in keys}, {k: found.get(k, unnamed) for k in keys}
    there = [key for key in golds if key in found]
    try:
        rows = metric.rows([found[key] for key in there], [golds[key] for key in there], cell.language)
    except DataError as error:
        raise PredictionError(*(f"{cell.prediction}: {fault}" for fault in error.faults)) from None
    without = len(golds) - len(there)
    if without and mode == "partial" and not there:
        raise PredictionError(f"{cell.prediction}: none of its {len(golds)} ids has a prediction; remove the file")
    if without and mode != "partial":
        rows = np.concatenate([rows, _wrong(metric.columns, without)])
    values: Mapping[str, float] = metric.reduce(column_sums(rows))
    if metric.name == _SEQEVAL_1_2:
        values = {name: float(value) for name, value in values.items()}
    return _Scored(values, len(golds), without)


def _require_lengths(found: Mapping[str, Any], golds: Mapping[str, Any], cell: _Cell) -> None:
    for number, (key, gold) in enumerate(golds.items(), start=1):
        if len(found[key]) != len(gold):
            raise PredictionError(
                f"{cell.prediction}: sentence {number} has {len(found[key])} tags, expected {len(gold)}, "
                "and seqeval 1.2 stops there"
            )


def _wrong(columns: Sequence[str], n: int) -> Rows:
    """Rows of examples without a prediction: nothing but their count."""
    rows = np.zeros((n, len(columns)))
    rows[:, columns.index("n")] = 1
    return rows


def _gaps(scored: Mapping[tuple[str, str], _Scored], mode: Mode) -> list[dict[str, str]]:
    """The files of which some ids have no prediction, as entries of `missing`."""
    fate = "left out" if mode == "partial" else "scored 0"
    return [
        {"task": task, "language": code, "reason": f"{one.without} of {one.n} ids without a prediction, {fate}"}
        for (task, code), one in scored.items()
        if one.without
    ]


def _with_convention(target: Target, convention: str) -> Target:
    if target.card.metric != "chunk_f1":
        return target
    return replace(target, card=target.card.model_copy(update={"metric": CONVENTIONS[convention]}))


def _as_officially(
    layout: dict[str, Any],
    targets: Sequence[Target],
    present: Sequence[str],
    unscored: Collection[str],
    warnings: tuple[str, ...],
) -> FolderScores:
    """What the official script makes of a task that stands in its table without a reader or a metric (LAReQA)."""
    odd = [name for name in present if name in unscored]
    if not odd:
        return FolderScores(layout, warnings)
    if len(present) == len(targets):
        raise PredictionError(
            f"{odd[0]}: the official script ends with KeyError 'avg_metric' when this folder and all other tasks are "
            "there, and writes nothing"
        )
    tasks = {name: layout.pop(name, {}) for name in present}
    own = layout.pop("xharness")
    crash = f"{odd[0]}: the official script ends with a KeyError here, after it wrote its file"
    return FolderScores({**layout, **tasks, "xharness": own}, warnings, crash)
