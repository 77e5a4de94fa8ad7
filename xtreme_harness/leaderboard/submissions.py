"""Submissions: published baselines, folders of one's own, finished runs. Only it knows where `submissions/` lies."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from xtreme_harness.cards import Cards
from xtreme_harness.data.trained_on import ENGLISH
from xtreme_harness.errors import CardError, OutputError, did_you_mean, listed
from xtreme_harness.files.checked import MOST, read_object
from xtreme_harness.files.schema import load_schema, schema_faults
from xtreme_harness.metrics import METRICS
from xtreme_harness.plan.cells import select
from xtreme_harness.results.result import Result
from xtreme_harness.results.values import require_figures, require_suites
from xtreme_harness.submission.metadata import Published, faults_of, read_about

__all__ = [
    "PRINTED",
    "Scores",
    "Submission",
    "folder",
    "load_submissions",
    "read_submission",
    "submissions_of",
    "task_languages",
]

Percent = Annotated[float, Field(ge=-100, le=100, strict=True, allow_inf_nan=False)]
Values = dict[str, Percent]  # metric -> percent
Figures = Mapping[str, Mapping[str, float]]
_RESULTS = "xtreme_harness.results"  # where the schema of the official layout lies
PRINTED = ("mean", "mean_of_groups", "all_task")  # names of printed averages, beside the suite's groups and means


class Scores(BaseModel):
    """`scores.json` of published figures, in percent."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    tasks: dict[str, Values] = {}  # task -> metric -> mean over the suite's languages, as printed
    languages: dict[str, dict[str, Values]] = {}  # task -> language -> metric -> figure
    printed: Values = {}  # name of an average over tasks or groups -> as printed


@dataclass(frozen=True, slots=True)
class Submission:
    """One system as one source has it."""

    slug: str  # the folder's name; of a run, its results.json
    kind: Literal["published", "predictions", "run"]
    model: str
    suite: str
    source: str
    setting: str  # "zero-shot"; "" where nothing says it
    split: str  # "test" or "dev"
    tasks: Figures = field(default_factory=dict)  # task -> metric -> mean over the suite's languages
    languages: Mapping[str, Figures] = field(default_factory=dict)  # task -> language -> metric -> percent
    printed: Mapping[str, float] = field(default_factory=dict)
    convention: str = "mean"  # of the QA figures in the printed averages: mean of EM and F1, or F1
    doubtful: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    missing: tuple[str, ...] = ()  # what a run or a partial submission lacks, one phrase a task


def folder() -> Path:
    """The folder of the published baselines: in a wheel inside the package, in a checkout beside it."""
    inside = Path(__file__).parents[1] / "submissions"
    return inside if inside.is_dir() else Path(__file__).parents[2] / "submissions"


def load_submissions(cards: Cards, include: Iterable[Path] = ()) -> list[Submission]:
    """Read the shipped submissions and those of the `include` folders, in order of their names.

    A later submission replaces an earlier one of the same name.

    Raises:
        CardError: with every fault of every folder.
    """
    found: dict[str, Submission] = {}
    faults: list[str] = []
    for place in [folder(), *include]:
        if not place.is_dir():
            faults.append(f"{place}: no such folder of submissions")
            continue
        for one in sorted(p for p in place.iterdir() if p.is_dir() and not p.name.startswith(".")):
            try:
                found[one.name] = read_submission(one, cards)
            except CardError as error:
                faults.extend(error.faults)
    if faults:
        raise CardError(*faults)
    return list(found.values())


def read_submission(place: Path, cards: Cards) -> Submission:
    """Read and check one folder: `metadata.yaml` and `scores.json`.

    Published figures have the fields of `Scores`; the scores of predictions are what `xharness score` writes.

    Raises:
        CardError: with every fault of both files.
    """
    faults: list[str] = []
    about, raw = None, None
    try:
        about = read_about(place / "metadata.yaml")
        cards.suite(about.suite, f"{place / 'metadata.yaml'}: suite: ")
    except CardError as error:
        faults.extend(error.faults)
    try:
        raw = read_object(place / "scores.json", "the figures of a submission", CardError)
    except CardError as error:
        faults.extend(error.faults)
    if faults or about is None or raw is None:
        raise CardError(*faults)
    if not isinstance(about, Published):
        return _predictions(place, about.model, about.suite, raw, cards)
    return _published(place, about, raw, cards)


def submissions_of(run: Result, cards: Cards) -> list[Submission]:
    """A run of one's own: one submission a suite.

    A run of tasks by name stands in every suite that has them.

    Raises:
        OutputError: when it comes from a run with --limit; for figures that are missing or not a number.
        CardError: for a suite that nobody has.
    """
    require_figures([run])
    place = str(run.file or run.model)
    if run.limited:
        raise OutputError(f"{place}: comes from a run with --limit, which is comparable with nothing; run it without")
    require_suites(cards, [run])
    asked = {*(task for task, _ in run.scored), *(one.key for one in run.missing)}
    found = []
    for suite in run.suites or cards.suites:
        keys = {t.card.name: t.key for t in select(cards, [suite])}
        named = set(keys.values()) if run.suites else asked
        languages = {
            task: {
                code: run.scored[key, code].metrics
                for code in task_languages(cards, suite, task)
                if (key, code) in run.scored
            }
            for task, key in keys.items()
            if key in named
        }
        if any(languages.values()):
            missing = _absences(languages, suite, cards)
            setting = _setting(run, [keys[task] for task, codes in languages.items() if codes])
            one = Submission(
                place, "run", run.model, suite, place, setting, run.split, languages=languages, missing=missing
            )
            found.append(one)
    return found


def _setting(run: Result, tasks: Sequence[str]) -> str:
    """What a run's figures are, where they are not those of a model trained on English alone; "" where they are."""
    cells = [cell for (task, _), cell in run.scored.items() if task in tasks]
    trained = sorted({cell.train_on for cell in cells} - {ENGLISH})
    said = [f"trained on {', '.join(trained)}"] if trained else []
    return "; ".join([*said, *(["translate-test"] if any(cell.translated for cell in cells) else [])])


def task_languages(cards: Cards, suite: str, task: str) -> tuple[str, ...]:
    """The languages over which a suite averages a task; of a task outside the suite, all its languages."""
    return cards.member(task, suite).languages


def _published(place: Path, about: Published, raw: Any, cards: Cards) -> Submission:
    file = place / "scores.json"
    try:
        scores = Scores.model_validate(raw)
    except ValidationError as error:
        raise CardError(*listed(faults_of(file, error, Scores), MOST)) from None
    faults = [f"{file}: {fault}" for fault in _score_faults(scores, about, cards)]
    faults += [f"{place / 'metadata.yaml'}: {fault}" for fault in _doubt_faults(scores, about)]
    if faults:
        raise CardError(*faults)
    source = about.source if about.verified else f"{about.source} (not verified)"
    return Submission(
        place.name, "published", about.model, about.suite, source, about.setting, about.split,
        scores.tasks, scores.languages, scores.printed, about.qa_convention or "mean", about.doubtful,
    )  # fmt: skip


def _predictions(place: Path, model: str, suite: str, raw: Any, cards: Cards) -> Submission:
    """The record of predictions that were scored here; the file has the official layout."""
    file = place / "scores.json"
    ours = {"complete": False, "limited": False, "missing": []}  # the official evaluator's own file has no such block
    if wrong := schema_faults({"xharness": ours, **raw}, load_schema(_RESULTS, "leaderboard"), str(file)):
        raise CardError(*listed(wrong, MOST))
    parts = [raw, extra] if isinstance(extra := raw.get("xharness"), dict) else [raw]
    languages: dict[str, dict[str, dict[str, float]]] = {}
    for part, task, block in ((one, task, block) for one in parts for task, block in one.items()):
        if task not in cards.tasks or not isinstance(block, dict):
            continue
        known = block if part is raw else _known_figures(task, suite, cards)  # no table has the others beside them
        for metric, values in block.items():
            for code, value in values.items() if isinstance(values, dict) and metric in known else ():
                languages.setdefault(task, {}).setdefault(code, {})[metric] = value
    if not languages:
        raise CardError(f"{file}: no scores by task and language; expected what `xharness score -o` writes")
    try:
        checked = Scores.model_validate({"languages": languages})
    except ValidationError as error:
        raise CardError(*listed(faults_of(file, error, Scores), MOST)) from None
    faults = [f"{file}: {fault}" for fault in _figure_faults(checked, suite, cards)]
    if faults:
        raise CardError(*faults)
    missing = _absences(checked.languages, suite, cards)
    return Submission(
        place.name, "predictions", model, suite, "own predictions", "", "test",
        languages=checked.languages, missing=missing,
    )  # fmt: skip


def _absences(languages: Mapping[str, Figures], suite: str, cards: Cards) -> tuple[str, ...]:
    sizes = {task: (len(found), len(task_languages(cards, suite, task))) for task, found in languages.items()}
    return tuple(f"{task} in {have} of {wanted} languages" for task, (have, wanted) in sizes.items() if have < wanted)


def _score_faults(scores: Scores, about: Published, cards: Cards) -> list[str]:
    faults = _figure_faults(scores, about.suite, cards)
    if not scores.tasks and not scores.languages:
        faults.append("no figure at all: give tasks or languages")
    for task in (t for t in scores.languages if t in scores.tasks and t in cards.tasks):
        wanted = task_languages(cards, about.suite, task)
        if set(wanted) != set(scores.languages[task]):
            faults.append(
                f"tasks.{task}: its languages are {len(scores.languages[task])}, {about.suite} has {len(wanted)}: "
                "a mean over other languages is not the task's figure; leave it out"
            )
    suite = cards.suites[about.suite]
    known = [*PRINTED, *suite.groups, *suite.means, *([suite.overall_key] if suite.overall_key else [])]
    faults += [f"printed.{n}: unknown average{did_you_mean(n, known)}" for n in scores.printed if n not in known]
    return faults + _convention_faults(scores, about, cards)


def _known_figures(task: str, suite: str, cards: Cards) -> list[str]:
    metric = METRICS[cards.member(task, suite).card.metric]
    return [*metric.official, *metric.lm_eval, "accuracy"]


def _figure_faults(scores: Scores, suite: str, cards: Cards) -> list[str]:
    faults = []
    for task in dict.fromkeys([*scores.tasks, *scores.languages]):
        if task not in cards.tasks:
            faults.append(f"{task}: unknown task{did_you_mean(task, cards.tasks)}")
            continue
        metric = METRICS[cards.member(task, suite).card.metric]
        cells = {f"languages.{task}.{code}": found for code, found in scores.languages.get(task, {}).items()}
        if task in scores.tasks:
            cells[f"tasks.{task}"] = scores.tasks[task]
        known = _known_figures(task, suite, cards)
        for where, found in cells.items():
            faults += [f"{where}.{n}: unknown metric{did_you_mean(n, known)}" for n in found if n not in known]
            faults += [
                f"{where}.{n}: found {value:g}, expected a number from {metric.low:g} to 100"
                for n, value in found.items()
                if value < metric.low
            ]
            if not set(metric.main) & set(found):
                faults.append(f"{where}: no {' or '.join(metric.main)}")
        codes = task_languages(cards, suite, task)
        strange = [code for code in scores.languages.get(task, {}) if code not in codes]
        faults += [f"languages.{task}: {suite} has no '{c}' there{did_you_mean(c, codes)}" for c in strange]
    return faults


def _convention_faults(scores: Scores, about: Published, cards: Cards) -> list[str]:
    faults = []
    for task in (t for t in dict.fromkeys([*scores.tasks, *scores.languages]) if t in cards.tasks):
        main = METRICS[cards.member(task, about.suite).card.metric].main
        if "exact_match" not in main:
            continue
        if about.qa_convention is None:
            faults.append(f"{task}: metadata.yaml has no qa_convention (mean of EM and F1, or f1)")
        short = [f for f in [scores.tasks.get(task), *scores.languages.get(task, {}).values()] if f and len(f) == 1]
        if short and about.qa_convention == "mean":
            faults.append(f"{task}: only {', '.join(short[0])}, but metadata.yaml says qa_convention: mean")
    return faults


def _doubt_faults(scores: Scores, about: Published) -> list[str]:
    return [
        f"doubtful.{task}: scores.json has no {task} figure of '{code}'"
        for task, codes in about.doubtful.items()
        for code in codes
        if code not in scores.languages.get(task, {})
    ]
