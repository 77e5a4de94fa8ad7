"""The official evaluator's job: a prediction folder and a label folder to its JSON, without torch.

The definition of correct is `evaluate.py` of google-research/xtreme (838c13b); what it does in odd cases stands in
`score_folders`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np

from xtreme_harness.cards import Cards, TaskCard
from xtreme_harness.errors import DataError, PredictionError, XHarnessError, did_you_mean
from xtreme_harness.kinds import KINDS
from xtreme_harness.metrics import METRICS, column_sums
from xtreme_harness.plan import Missing, Target, select
from xtreme_harness.records import Rows
from xtreme_harness.results import leaderboard
from xtreme_harness.submission import file_name, read_text

__all__ = ["CONVENTIONS", "FolderScores", "Mode", "check_folder", "score_folders"]

Mode = Literal["strict", "official", "partial"]
CONVENTIONS = {"seqeval-0.0.12": "chunk_f1", "seqeval-1.2": "chunk_f1_seqeval_1_2"}  # of the UD-POS F1
_IGNORED = ("metadata.yaml", "scores.json", "results.json", "README.md", "LICENSE")


@dataclass(frozen=True, slots=True)
class FolderScores:
    """What a prediction folder scores."""

    layout: Mapping[str, Any]  # the official JSON, and one last key `xharness`
    warnings: tuple[str, ...]
    crash: str = ""  # what the official script dies of after it has written its file


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
        suite: "xtreme" or "xtreme-r".
        cards: the tasks.
        mode: "strict": every file of the suite must be there and without fault. "official": as the official script:
            tasks with a folder on both sides count, an absent file ends the run, ids that are missing score 0, ids
            that are unknown are ignored. "partial": what is there counts, the rest is listed under `xharness`.
        convention: of the UD-POS F1, a key of CONVENTIONS.

    Raises:
        PredictionError, DataError: with every fault; nothing has been written then.
    """
    for folder in (predictions, labels):
        if not folder.is_dir():
            raise DataError(f"{folder}: no such folder")
    targets = [_with_convention(target, convention) for target in select(cards, [suite])]
    present = [t for t in targets if (predictions / t.card.name).is_dir() and (labels / t.card.name).is_dir()]
    if mode == "strict":
        broken = check_folder(predictions, suite, cards, labels, strays=False)
        if broken:
            raise PredictionError(*broken)
    if not present:
        raise DataError(f"{predictions}, {labels}: no task of {suite} has a folder in both")
    scored: dict[tuple[str, str], Mapping[str, Any]] = {}
    missing: list[Missing] = []
    faults: list[str] = []
    warnings: list[str] = []
    unscored = cards.suites[suite].unscored
    for target in targets if mode == "partial" else present:
        for language in target.languages:
            name = file_name(target.card, "test", language)
            absent = [str(folder / name) for folder in (predictions, labels) if not (folder / name).exists()]
            if absent and (mode == "partial" or target.card.name in unscored):
                missing.append(Missing(target.key, language, (suite,), f"no {' and no '.join(absent)}"))
            elif absent:
                faults.extend(f"{path}: missing, and the official script stops there" for path in absent)
            else:
                try:
                    values, notes = _score_file(target.card, language, predictions / name, labels / name)
                except XHarnessError as error:
                    faults.extend(error.faults)
                    continue
                scored[target.key, language] = {"metrics": values}
                warnings.extend(notes)
    if faults:
        raise PredictionError(*faults)
    layout = leaderboard(cards.suites[suite], targets, scored, missing)
    layout["xharness"] |= {"mode": mode, "partial": bool(layout["xharness"]["missing"]), "udpos_convention": convention}
    return (
        _as_officially(layout, targets, present, unscored)
        if mode == "official"
        else FolderScores(layout, tuple(warnings))
    )


def check_folder(folder: Path, suite: str, cards: Cards, labels: Path | None = None, strays: bool = True) -> list[str]:
    """Every fault of a submission that the leaderboard would refuse or score 0 without a word.

    Args:
        folder: the submission.
        suite: whose tasks and languages it must have.
        cards: the tasks.
        labels: gold in the official form, where it is to be had; then counts, lengths and ids are checked too.
        strays: are files and folders faults that the scorer does not read?
    """
    if not folder.is_dir():
        raise DataError(f"{folder}: no such folder")
    targets = select(cards, [suite])
    optional = cards.suites[suite].unscored  # the official script does not read them
    names = {task for one in cards.suites.values() for task in one.tasks}  # a folder may serve two suites
    faults = [
        f"{path}: not a task of {suite}{did_you_mean(path.name, names)}"
        for path in sorted(folder.iterdir())
        if strays and path.name not in names and path.name not in _IGNORED and not path.name.startswith(".")
    ]
    for target in targets:
        place = folder / target.card.name
        if not place.is_dir():
            if target.card.name not in optional:
                faults.append(f"{place}: missing; expected a folder with {len(target.languages)} files")
            continue
        faults.extend(_stray_files(place, target) if strays else ())
        for language in target.languages:
            path = folder / file_name(target.card, "test", language)
            if not path.exists():
                if target.card.name not in optional:
                    faults.append(f"{path}: missing{_other_form(path)}")
                continue
            faults.extend(_file_faults(path, target.card, language, labels))
    return faults


def _stray_files(place: Path, target: Target) -> list[str]:
    wanted = {Path(file_name(target.card, "test", code)).name for code in target.languages}
    faults = []
    for path in sorted(place.iterdir()):
        if path.name in wanted or path.name.startswith("."):
            continue
        stem, code = path.stem, path.stem.removeprefix("test-")
        if stem != code and code not in target.languages:
            faults.append(f"{path}: unknown language '{code}'{did_you_mean(code, target.languages)}; it is not scored")
        elif stem == code:
            faults.append(f"{path}: not a prediction file; expected test-<lang>.{target.card.extension}")
    return faults


def _other_form(path: Path) -> str:
    others = [p.name for p in path.parent.glob(f"{path.stem}.*")]
    return f"; {others[0]} is there, but the scorer reads {path.suffix[1:]}" if others else ""


def _file_faults(path: Path, card: TaskCard, language: str, labels: Path | None) -> list[str]:
    raw = path.read_bytes()
    if not raw:
        return [f"{path}: empty"]
    faults = []
    if raw.startswith(b"\xef\xbb\xbf"):
        faults.append(f"{path}:1: begins with a byte-order mark; save as UTF-8 without it")
    if b"\r" in raw:
        line = raw[: raw.index(b"\r")].count(b"\n") + 1
        faults.append(f"{path}:{line}: line ends with CR LF; write LF alone")
    try:
        text = read_text(path)
    except DataError as error:
        return [*faults, *error.faults]
    golds = None
    if labels is not None:
        gold_file = labels / file_name(card, "test", language)
        try:
            golds = KINDS[card.kind].golds(read_text(gold_file), str(gold_file), card)
        except XHarnessError as error:
            faults.extend(error.faults)
    return [*faults, *KINDS[card.kind].faults(text, str(path), golds, card)]


def _score_file(card: TaskCard, language: str, prediction: Path, label: Path) -> tuple[dict[str, float], list[str]]:
    """Values of one file, and what was passed over."""
    kind, metric = KINDS[card.kind], METRICS[card.metric]
    golds = kind.golds(read_text(label), str(label), card)
    found = kind.loads(read_text(prediction), str(prediction), list(golds), card)
    if card.calibrate:  # mined pairs: a sentence that neither file names has no translation
        keys = dict.fromkeys([*golds, *found])
        golds, found = {k: golds.get(k, ()) for k in keys}, {k: found.get(k, ()) for k in keys}
    there = [key for key in golds if key in found]
    rows = metric.rows([found[key] for key in there], [golds[key] for key in there], language)
    absent = len(golds) - len(there)
    warnings = [f"{prediction}: {absent} of {len(golds)} ids missing, scored 0"] if absent else []
    if absent:
        rows = np.concatenate([rows, _wrong(metric.columns, absent)])
    return metric.reduce(column_sums(rows)), warnings


def _wrong(columns: Sequence[str], n: int) -> Rows:
    """Rows of examples without a prediction: nothing but their count."""
    rows = np.zeros((n, len(columns)))
    rows[:, columns.index("n")] = 1
    return rows


def _with_convention(target: Target, convention: str) -> Target:
    if convention not in CONVENTIONS:
        raise DataError(f"--udpos-convention {convention}: expected {' or '.join(CONVENTIONS)}")
    if target.card.metric != "chunk_f1":
        return target
    return replace(target, card=target.card.model_copy(update={"metric": CONVENTIONS[convention]}))


def _as_officially(
    layout: dict[str, Any], targets: Sequence[Target], present: Sequence[Target], unscored: Sequence[str]
) -> FolderScores:
    """What the official script makes of a task that stands in its table without a reader or a metric (LAReQA)."""
    odd = [target.card.name for target in present if target.card.name in unscored]
    if not odd:
        return FolderScores(layout, ())
    if len(present) == len(targets):
        raise PredictionError(
            f"{odd[0]}: the official script ends with KeyError 'avg_metric' when this folder and all other tasks are there"
        )
    order = [name for name in layout if name not in {t.card.name for t in targets} and name != "xharness"]
    tasks = {t.card.name: ({} if t.card.name in odd else layout[t.card.name]) for t in present}
    whole = {**{name: layout[name] for name in order}, **tasks, "xharness": layout["xharness"]}
    return FolderScores(whole, (), f"{odd[0]}: the official script ends with a KeyError here, after it wrote its file")
