"""Every fault of a submission folder that the leaderboard would refuse or score 0 without a word."""

from __future__ import annotations

import os
from codecs import BOM_UTF8
from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Literal

from xtreme_harness.cards import Cards, TaskCard
from xtreme_harness.cards.names import file_name
from xtreme_harness.errors import DataError, OutputError, XHarnessError, did_you_mean
from xtreme_harness.files.regular import read_bytes
from xtreme_harness.files.text import LARGEST, read_text
from xtreme_harness.kinds import KINDS
from xtreme_harness.kinds.prediction_text import Fault, official_lines, told
from xtreme_harness.languages import nearest_code
from xtreme_harness.plan.cells import Target, select
from xtreme_harness.results.read import read_result

__all__ = ["Purpose", "check_folder", "require_folder", "run_faults"]

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
            round, but a file of an unknown language is a fault too. "partial": files, labels and ids may be absent.

    Raises:
        DataError: when `folder` is no folder.
    """
    require_folder(folder)
    targets, unscored = select(cards, [suite]), cards.suites[suite].unscored
    inner = _inner(folder, targets)
    if inner:
        return [f"{folder}: no task folder here; name {' or '.join(map(str, inner))}"]
    misnamed = {} if purpose == "partial" else _misnamed(folder, targets, cards)
    faults = [f"{path}: not a task of {suite}; rename it to {task}" for task, path in misnamed.items()]
    if purpose == "check":
        known = sorted(_known(cards))
        unknown = [path for path in _strangers(folder, cards) if path not in misnamed.values()]
        faults += [f"{path}: not a task of {suite}{did_you_mean(path.name, known)}" for path in unknown]
    for target in targets:
        place, optional = folder / target.card.name, target.card.name in unscored
        if place.is_dir():
            faults.extend(_task_faults(place, target, labels, purpose, optional))
        elif not optional and target.card.name not in misnamed and purpose != "partial":
            found = "is a file" if place.exists() else "missing"
            faults.append(f"{place}: {found}, expected a folder with {len(target.languages)} files")
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


def run_faults(folder: Path, fingerprint: str | None = None) -> list[str]:
    """What the results of `eval` say against the submission folder that it wrote.

    Args:
        folder: `OUT/predictions/<suite>`; of any other there is nothing to say.
        fingerprint: what is claimed to be that of the results.
    """
    file = folder.resolve().parent.parent / "results.json"
    try:
        run = read_result(file, rows=False)
    except OutputError:
        return []
    faults = [f"{folder}: comes from a run with --limit ({file}); run it again without"] if run.limited else []
    if fingerprint is not None and not run.fingerprint.startswith(fingerprint):
        faults.append(f"{file}: the fingerprint is {run.fingerprint}, and the metadata have {fingerprint}")
    return faults


def _inner(folder: Path, targets: Sequence[Target]) -> list[Path]:
    """The folders below that hold task folders, where this one has none."""
    names = {target.card.name for target in targets}
    if any((folder / name).exists() for name in names):
        return []
    below = sorted(path for path in folder.iterdir() if path.is_dir())
    return [path for path in below if any((path / name).is_dir() for name in names)]


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


def _task_faults(place: Path, target: Target, labels: Path | None, purpose: Purpose, optional: bool) -> list[str]:
    card = target.card
    try:
        there = {path.name for path in place.iterdir() if not path.name.startswith(".")}
    except OSError as error:
        return [f"{place}: cannot be read ({error.strerror})"]
    wanted = {Path(file_name(card, "test", code)).name: code for code in target.languages}
    usual = {Path(file_name(card, "test", code)).name for code in card.all_languages}  # of the other suite too
    stray = sorted(there - usual)
    faults: list[str] = []
    if labels and purpose == "score" and not optional and not (labels / card.name).is_dir():
        faults.append(f"{labels / card.name}: missing, expected a folder with the labels of {card.name}")
    for name, code in wanted.items():
        if name in there:
            faults.extend(_file_faults(place / name, card, code, labels, purpose))
        elif purpose != "partial":
            meant = _meant(code, stray)
            stray = [other for other in stray if other != meant]
            hint = f"; {card.name} is optional: give all its languages, or remove the folder" if optional else ""
            hint = f"; {meant} is there, which the scorer does not read" if meant else hint
            faults.append(f"{place / name}: missing{hint}")
    strangers = {name: _stranger(name, target) for name in stray}
    faults += [f"{place / name}: {wrong}" for name, wrong in strangers.items() if wrong and purpose != "partial"]
    unread = f"not read by the scorer; expected test-<lang>.{card.extension}"
    return [*faults, *(f"{place / name}: {unread}" for name in stray if purpose == "check" and not strangers[name])]


def _meant(code: str, stray: Sequence[str]) -> str:
    """The file of a language that stands there under another name: "test_de.tsv", "test-deu.tsv", "de.tsv"."""
    spelt = {name: name.partition(".")[0].lower().replace("_", "-").removeprefix("test-") for name in stray}
    return next((name for name, other in spelt.items() if other == code or nearest_code(other, [code])), "")


def _stranger(name: str, target: Target) -> str:
    """What is wrong with a prediction file of a language that the task does not have; "" for other files."""
    code = Path(name).stem.removeprefix("test-")
    if Path(name).stem == code or code in target.languages or Path(name).suffix != f".{target.card.extension}":
        return ""
    return f"unknown language '{code}'{nearest_code(code, target.languages)}; it is not scored"


def _file_faults(path: Path, card: TaskCard, language: str, labels: Path | None, purpose: Purpose) -> list[str]:
    try:
        if path.exists() and not path.is_file() and not path.is_dir():
            return [f"{path}: is no file, expected the predictions of {card.name} {language}"]
        raw = read_bytes(path, LARGEST)
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
    if file and (os.path.lexists(file) or (purpose == "score" and file.parent.is_dir())):
        try:
            golds, strange = _golds(file, card)
            faults.extend(strange)
        except XHarnessError as error:
            faults.extend(error.faults)
        except OSError as error:
            faults.append(f"{file}: cannot be read ({error.strerror})")
    if golds and purpose == "partial":
        golds = _those_there(golds, text, path, card)
    return [*faults, *KINDS[card.kind].faults(text, str(path), golds, card)]


def _strange_labels(golds: Mapping[str, Any], text: str, file: Path, card: TaskCard) -> list[str]:
    """Gold that the task cannot have, as when a folder holds another task's labels; every line that has it."""
    if not card.labels:
        return []
    known = KINDS[card.kind].labels(card)
    found = {label for gold in golds.values() for label in (gold if isinstance(gold, tuple) else (gold,))}
    strange = found.difference(known)
    lines = [(n, line) for n, line in enumerate(official_lines(text), start=1) if line in strange]
    expected = f"expected one of {', '.join(card.labels)}"
    return told(
        [Fault("unknown labels", f"{file}:{n}: label '{line[:40]}', {expected}") for n, line in lines], str(file)
    )


def _byte_faults(raw: bytes, path: Path) -> list[str]:
    faults = []
    if raw.startswith(BOM_UTF8):
        faults.append(f"{path}:1: begins with a byte-order mark; save it as UTF-8 without")
    if b"\r" in raw:
        at = raw.index(b"\r")
        line, end = raw.count(b"\n", 0, at) + 1, "CR LF" if raw[at : at + 2] == b"\r\n" else "CR"
        faults.append(f"{path}:{line}: line ends with {end}; write LF alone")
    return faults


def _golds(file: Path, card: TaskCard) -> tuple[Mapping[str, Any], list[str]]:
    """The gold of a label file, and what is wrong with it; DataError for a file that is none."""
    if file.exists() and not file.is_file() and not file.is_dir():
        raise DataError(f"{file}: is no file, expected the labels of {card.name}")
    text = read_text(file, "utf-8")
    if text.startswith("\ufeff"):
        raise DataError(f"{file}:1: begins with a byte-order mark; save it as UTF-8 without")
    kind = KINDS[card.kind]
    golds = kind.golds(text, str(file), card)
    if not golds:
        raise DataError(f"{file}: no labels")
    return golds, [*_strange_labels(golds, text, file, card), *kind.label_faults(text, str(file), card)]


def _those_there(golds: Mapping[str, Any], text: str, path: Path, card: TaskCard) -> Mapping[str, Any]:
    """The gold of the ids that have a prediction; all of it where that cannot be told."""
    try:
        found = KINDS[card.kind].loads(text, str(path), list(golds), card)
    except XHarnessError:
        return golds
    return {key: gold for key, gold in golds.items() if key in found}
