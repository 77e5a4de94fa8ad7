"""Transfer gaps and correlations, on figures worked by hand."""

from __future__ import annotations

from dataclasses import replace

import pytest

from xtreme_harness.languages import LANGUAGES, language
from xtreme_harness.report.gaps import correlate, gap_of, task_correlations, with_fact
from xtreme_harness.results.frame import SCORE, FrameRow, frame, scores
from xtreme_harness.results.read import lm_eval_json, read_result


def rows(**values: float) -> dict[str, FrameRow]:
    """Headline figures of a task by language."""
    return {code: _row(code, value) for code, value in values.items()}


def _row(code: str, value: float) -> FrameRow:
    facts = language(code)
    known = (facts.name, facts.script, facts.family, facts.resources)
    return FrameRow("run", "model", 1, "xnli", code, *known, SCORE, value, None, None, 10, False)


def test_the_gap_and_its_groups() -> None:
    gap = gap_of("xnli", rows(en=80, de=70, ru=60, sw=50, gn=20))
    assert gap is not None
    assert (gap.source, gap.others, gap.gap, gap.languages) == (80, 50, 30, 4)
    assert gap.groups["family"] == {"Indo-European": (15, 2), "Niger-Congo": (30, 1), "Tupian": (60, 1)}
    assert gap.groups["script"] == {"Cyrl": (20, 1), "Latn": (pytest.approx(80 - 140 / 3), 3)}
    assert gap.groups["resource class"] == {"1": (60, 1), "2": (30, 1), "4": (20, 1), "5": (10, 1)}


def test_a_language_without_a_class_is_named_so() -> None:
    gap = gap_of("xnli", rows(en=80, oto=40))
    assert gap is not None
    assert gap.groups["resource class"] == {"not listed": (40, 1)}


@pytest.mark.parametrize(
    "values", [{"de": 1.0, "ru": 2.0}, {"en": 1.0}, {}], ids=["no English", "English alone", "nothing"]
)
def test_no_gap(values: dict[str, float]) -> None:
    assert gap_of("xnli", rows(**values)) is None


def test_nothing_is_transferred_to_a_language_that_was_trained_on() -> None:
    found = rows(en=80, de=70, ru=60)
    assert gap_of("xnli", found | {"de": replace(found["de"], train_on="target")}) is None


def test_english_may_have_another_code() -> None:
    gap = gap_of("xnli", rows(eng_Latn=80, deu_Latn=70))
    assert gap is not None
    assert (gap.source, gap.gap) == (80, 10)


def test_gaps_agree_with_results_json(demo_run) -> None:
    run = read_result(demo_run)
    found = scores(frame([run]), "checkpoint")
    recorded = lm_eval_json(run)["xharness"]["transfer_gap"]
    for task in ("xnli", "pawsx", "xquad", "mlqa", "tydiqa", "lareqa", "mewslix"):  # the same languages in all suites
        gap = gap_of(task, found[task])
        assert gap is not None
        assert gap.gap == pytest.approx(recorded[task])


def test_correlation_with_ties_by_hand() -> None:
    # ranks 1, 2.5, 2.5, 4 against 1, 2, 3, 4: 4.5 / sqrt(4.5 * 5)
    found = correlate({"a": 1, "b": 5, "c": 5, "d": 9}, {"a": 1, "b": 2, "c": 3, "d": 4})
    assert found is not None
    assert (found.rho, found.n) == (pytest.approx(4.5 / 22.5**0.5), 4)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ({"a": 1, "b": 2, "c": 3}, {"a": 1, "b": 2, "c": 3}),
        ({"a": 1, "b": 1, "c": 1, "d": 1}, {"a": 1, "b": 2, "c": 3, "d": 4}),
        ({"a": 1, "b": 2, "c": 3, "d": 4}, {"e": 1, "f": 2, "g": 3, "h": 4}),
    ],
    ids=["three languages", "one side constant", "none shared"],
)
def test_nothing_to_correlate(first: dict[str, float], second: dict[str, float]) -> None:
    assert correlate(first, second) is None


def test_pairs_and_facts() -> None:
    up, down = dict(zip("abcd", (1, 2, 3, 4), strict=True)), dict(zip("abcd", (9, 7, 5, 3), strict=True))
    assert task_correlations({"x": up, "y": down})["x", "y"].rho == pytest.approx(-1)
    assert {task: one.rho for task, one in with_fact({"x": up, "y": down}, up).items()} == {"x": 1.0, "y": -1.0}


def test_resource_classes_are_those_of_the_paper() -> None:
    """All of the two highest classes, as far as the table has them, and some of the rest."""
    classes = {code: one.resources for code, one in LANGUAGES.items()}
    assert {code for code, rank in classes.items() if rank == 5} == {"en", "es", "de", "ja", "fr", "ar", "zh"}
    assert {c for c, r in classes.items() if r == 4} == {
        "ru", "hu", "vi", "nl", "ko", "tr", "it", "pt", "pl", "cs", "sv", "fa", "fi", "hi", "eu",
    }  # fmt: skip
    assert (classes["yo"], classes["sw"], classes["te"], classes["ta"], classes["bzd"]) == (2, 2, 1, 3, None)
