"""The examples that were logged: which of them a page holds, and the form that looks through them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from xtreme_harness.languages import language
from xtreme_harness.report.markup import Html, el, embedded_json
from xtreme_harness.report.parts import note, section
from xtreme_harness.results.result import Result
from xtreme_harness.results.samples import Sample, read_samples

__all__ = ["Explored", "explore", "explorer"]

_GOLD = ("answers", "gold", "label", "tags")  # fields of an example that repeat its gold


@dataclass(frozen=True, slots=True)
class Explored:
    """The examples of a page."""

    examples: tuple[Mapping[str, Any], ...]  # as the page's script reads them
    logged: int  # how many there are in all


def explore(runs: Sequence[Result], per_cell: int) -> Explored:
    """Choose at most `per_cell` examples a cell: first those on which runs differ, then wrong ones, then the others.

    Chosen examples stand in the order of the official file.
    """
    chosen: list[Mapping[str, Any]] = []
    logged = 0
    for task, code in dict.fromkeys(key for run in runs for key in run.scored):
        by_run = [{sample.id: sample for sample in read_samples(run, task, code)} for run in runs]
        ids = list(dict.fromkeys(i for found in by_run for i in found))
        logged += len(ids)
        ranked = sorted(ids, key=lambda i: _rank([found.get(i) for found in by_run]))
        kept = set(ranked[:per_cell])
        chosen.extend(_entry([found.get(i) for found in by_run]) for i in ids if i in kept)
    return Explored(tuple(chosen), logged)


def explorer(found: Explored, names: Sequence[str]) -> Html | None:
    """The section with its data; None where no run logged examples."""
    if not found.logged:
        return None
    outcomes = [("", "all"), ("wrong", "wrong"), ("right", "right")]
    if len(names) > 1:
        outcomes += [("changed", "changed"), ("fixed", "changed: now right"), ("broken", "changed: now wrong")]
    shown = len(found.examples)
    some = f"{shown:,} of {found.logged:,} logged examples are on this page" if shown < found.logged else ""
    form = el(
        "form",
        el("label", "Task ", el("select", name="task")),
        el("label", "Language ", el("select", name="language")),
        el("label", "Outcome ", el("select", [el("option", t, value=v) for v, t in outcomes], name="outcome")),
        el("label", "Find ", el("input", type="search", name="text", placeholder="in texts and answers")),
        el("button", "Show all", type="reset"),
        el("output", aria_live="polite"),
        class_="filters",
        id="explore-form",
    )
    languages = {example["l"]: language(example["l"]).name for example in found.examples}
    data = {"runs": list(names), "languages": languages, "examples": found.examples}
    return section(
        "examples", "Examples",
        note(some, ": those on which runs differ first, then wrong ones, then right ones.") if some else None,
        note("An example is right when the metric gives it the full score. ",
             "Changes are from the first run to the second." if len(names) > 1 else None),
        form, el("ol", id="explore-list"), el("p", id="explore-more"), embedded_json("explore-data", data),
    )  # fmt: skip


def _rank(samples: Sequence[Sample | None]) -> int:
    outcomes = {sample.right for sample in samples if sample is not None}
    return 0 if len(outcomes) > 1 else 2 if outcomes == {True} else 1


def _entry(samples: Sequence[Sample | None]) -> dict[str, Any]:
    one = next(sample for sample in samples if sample is not None)
    return {
        "t": one.task,
        "l": one.language,
        "id": one.id,
        "in": {name: value for name, value in one.input.items() if name not in _GOLD and value is not None},
        "gold": one.gold,
        "out": [None if sample is None else {"p": sample.prediction, "ok": sample.right} for sample in samples],
    }
