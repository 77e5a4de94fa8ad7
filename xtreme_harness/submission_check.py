"""Every fault of a submission folder that the leaderboard would refuse or score 0 without a word."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Literal

from xtreme_harness.cards import Cards, TaskCard
from xtreme_harness.errors import DataError, XHarnessError, did_you_mean
from xtreme_harness.kinds import KINDS
from xtreme_harness.plan import Target, select
from xtreme_harness.submission import file_name, read_text

__all__ = ["Purpose", "check_folder", "limited_run", "require_folder"]

Purpose = Literal["check", "score", "partial"]
_BESIDE = ("metadata.yaml", "scores.json", "results.json", "README.md", "LICENSE")  # may stand beside the tasks


def check_folder(
    folder: Path, suite: str, cards: Cards, labels: Path | None = None, purpose: Purpose = "check"
) -> list[str]:
    """Find every fault of a submission.

    Args:
        folder: the submission.
        suite: whose tasks and languages it must have. A task that the official script does not read (LAReQA) may
            be absent; where its folder is there, all its languages must be.
        cards: the tasks.
        labels: gold in the official form, where it is to be had; then counts, lengths and ids are checked too.
        purpose: "check": what the scorer does not read is a fault, and labels may be absent. "score": the other way
            round. "partial": as "score", but files, labels and ids may be absent.

    Raises:
        DataError: when `folder` is no folder.
    """
    require_folder(folder)
    targets, unscored = select(cards, [suite]), cards.suites[suite].unscored
    inner = _inner(folder, targets)
    if inner:
        return [f"{folder}: no task folder here; {inner} has them, name that"]
    misnamed = {} if purpose == "partial" else _misnamed(folder, targets, cards)
    faults = [f"{path}: not a task of {suite}; rename it to {task}" for task, path in misnamed.items()]
    if purpose == "check":
        known = _known(cards)
        unknown = [path for path in _strangers(folder, cards) if path not in misnamed.values()]
        faults += [f"{path}: not a task of {suite}{did_you_mean(path.name, known)}" for path in unknown]
    for target in targets:
        task = target.card.name
        if (folder / task).is_dir():
            optional = purpose != "score" or task in unscored
            faults.extend(_label_folder_fault(labels, task, optional))
            faults.extend(_task_faults(folder / task, target, labels, purpose))
        elif task not in misnamed and task not in unscored and purpose != "partial":
            found = "is a file" if (folder / task).exists() else "missing"
            faults.append(f"{folder / task}: {found}, expected a folder with {len(target.languages)} files")
    return faults


def require_folder(folder: Path) -> None:
    """Raise DataError unless it is a folder that can be listed."""
    try:
        next(folder.iterdir(), None)
    except FileNotFoundError:
        raise DataError(f"{folder}: no such folder") from None
    except NotADirectoryError:
        raise DataError(f"{folder}: is a file, expected a folder (unpack an archive first)") from None
    except OSError as error:
        raise DataError(f"{folder}: cannot be read ({error.strerror})") from None


def limited_run(folder: Path) -> str:
    """Say that a submission folder was written by `eval --limit`; "" of any other."""
    file = folder.resolve().parent.parent / "results.json"
    try:
        limited = json.loads(file.read_bytes())["xharness"]["limited"]
    except (OSError, ValueError, KeyError, TypeError):
        return ""
    return f"{folder}: comes from a run with --limit ({file}); run it again without" if limited else ""


def _inner(folder: Path, targets: Sequence[Target]) -> Path | None:
    """A folder below that holds the task folders, where this one has none."""
    names = {target.card.name for target in targets}
    if any((folder / name).exists() for name in names):
        return None
    below = sorted(path for path in folder.iterdir() if path.is_dir())
    return next((path for path in below if any((path / name).is_dir() for name in names)), None)


def _known(cards: Cards) -> set[str]:
    """The tasks of all suites: one folder may serve two."""
    return {task for suite in cards.suites.values() for task in suite.tasks}


def _strangers(folder: Path, cards: Cards) -> list[Path]:
    """What stands in the folder and is no task."""
    usual = {*_known(cards), *_BESIDE}
    return [path for path in sorted(folder.iterdir()) if path.name not in usual and not path.name.startswith(".")]


def _misnamed(folder: Path, targets: Sequence[Target], cards: Cards) -> dict[str, Path]:
    """Absent task -> the folder that seems to be it."""
    absent = [target.card.name for target in targets if not (folder / target.card.name).exists()]
    found: dict[str, Path] = {}
    for path in _strangers(folder, cards):
        near = get_close_matches(path.name.lower(), [task for task in absent if task not in found], n=1)
        if near and path.is_dir():
            found[near[0]] = path
    return found


def _label_folder_fault(labels: Path | None, task: str, optional: bool) -> list[str]:
    if labels is None or optional or (labels / task).is_dir():
        return []
    return [f"{labels / task}: missing, expected a folder with the labels of {task}"]


def _task_faults(place: Path, target: Target, labels: Path | None, purpose: Purpose) -> list[str]:
    card = target.card
    try:
        there = {path.name for path in place.iterdir() if not path.name.startswith(".")}
    except OSError as error:
        return [f"{place}: cannot be read ({error.strerror})"]
    wanted = {Path(file_name(card, "test", code)).name: code for code in target.languages}
    usual = {Path(file_name(card, "test", code)).name for code in card.all_languages}  # of the other suite too
    stray = sorted(there - usual)
    faults: list[str] = []
    for name, code in wanted.items():
        if name in there:
            faults.extend(_file_faults(place / name, card, code, labels, purpose))
        elif purpose != "partial":
            meant = _meant(name, stray)
            stray = [other for other in stray if other != meant]
            hint = f"; {meant} is there, which the scorer does not read" if meant else ""
            faults.append(f"{place / name}: missing{hint}")
    return [*faults, *(_stray(place / name, target) for name in stray if purpose == "check")]


def _meant(name: str, stray: Sequence[str]) -> str:
    """The file that stands there under another name: "test-et.tsv" for "test-et.jsonl"."""
    stem = Path(name).stem
    alike = {other: other.partition(".")[0].lower().replace("_", "-") for other in stray}
    return next((other for other, spelt in alike.items() if spelt in (stem, stem.removeprefix("test-"))), "")


def _stray(path: Path, target: Target) -> str:
    code = path.stem.removeprefix("test-")
    if path.stem == code or code in target.languages:
        return f"{path}: not read by the scorer; expected test-<lang>.{target.card.extension}"
    return f"{path}: unknown language '{code}'{did_you_mean(code, target.languages)}; it is not scored"


def _file_faults(path: Path, card: TaskCard, language: str, labels: Path | None, purpose: Purpose) -> list[str]:
    try:
        raw = path.read_bytes()
    except OSError as error:
        return [f"{path}: cannot be read ({error.strerror})"]
    if not raw.strip():
        return [f"{path}: empty"]
    faults = _byte_faults(raw, path)
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        return [*faults, f"{path}:{line}: not UTF-8 (byte {error.start} of the file); save it as UTF-8"]
    golds: Mapping[str, Any] | None = None
    file = labels / file_name(card, "test", language) if labels else None
    if file and (file.exists() or (purpose == "score" and file.parent.is_dir())):
        try:
            golds = _golds(file, card)
        except XHarnessError as error:
            faults.extend(error.faults)
    if golds and purpose == "partial":
        golds = _those_there(golds, text, path, card)
    return [*faults, *KINDS[card.kind].faults(text, str(path), golds, card)]


def _byte_faults(raw: bytes, path: Path) -> list[str]:
    faults = []
    if raw.startswith(b"\xef\xbb\xbf"):
        faults.append(f"{path}:1: begins with a byte-order mark; save it as UTF-8 without")
    if b"\r" in raw:
        at = raw.index(b"\r")
        line, end = raw.count(b"\n", 0, at) + 1, "CR LF" if raw[at : at + 2] == b"\r\n" else "CR"
        faults.append(f"{path}:{line}: line ends with {end}; write LF alone")
    return faults


def _golds(file: Path, card: TaskCard) -> Mapping[str, Any]:
    golds = KINDS[card.kind].golds(read_text(file), str(file), card)
    if not golds:
        raise DataError(f"{file}: no labels")
    return golds


def _those_there(golds: Mapping[str, Any], text: str, path: Path, card: TaskCard) -> Mapping[str, Any]:
    """The gold of the ids that have a prediction; all of it where that cannot be told."""
    try:
        found = KINDS[card.kind].loads(text, str(path), list(golds), card)
    except XHarnessError:
        return golds
    return {key: gold for key, gold in golds.items() if key in found}
