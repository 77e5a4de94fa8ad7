"""Which means exist over which cells."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.fixtures.made_runs import suite_cells
from xtreme_harness.cards import Suite
from xtreme_harness.comparison.figures import Figure, figures
from xtreme_harness.plan.cells import all_cards, select


def named(found: list[Figure], level: str, name: str, scope: str = "xtreme") -> Figure:
    return next(f for f in found if (f.level, f.name, f.scope) == (level, name, scope))


@pytest.fixture(scope="module")
def whole() -> list[Figure]:
    return figures(all_cards(), ["xtreme"], list(suite_cells("xtreme")))


def test_weights_add_up_to_one_and_give_the_value(whole: list[Figure]) -> None:
    values = {key: float(i) for i, key in enumerate(suite_cells("xtreme"))}
    for figure in whole:
        weights = figure.weights()
        assert sum(weights.values()) == pytest.approx(1)
        assert figure.value(values) == pytest.approx(sum(values[key] * weight for key, weight in weights.items()))
        assert figure.complete


def test_overall_is_the_mean_of_tasks_not_of_cells(whole: list[Figure]) -> None:
    weights = named(whole, "suite", "xtreme").weights()
    assert weights["bucc2018", "de"] == pytest.approx(1 / 9 / 4)
    assert weights["panx", "de"] == pytest.approx(1 / 9 / 40)


@pytest.mark.parametrize(
    ("mean", "weights"),
    [
        ("groups", {("xnli", "de"): 1 / 3 / 2 / 15, ("mlqa", "de"): 1 / 3 / 7 + 1 / 3 / 2 / 7}),
        ("languages", {("xnli", "de"): 1 / 15 / 2, ("xnli", "sw"): 1 / 15, ("mlqa", "vi"): 1 / 15 / 2}),
    ],
)
def test_overall_follows_the_suites_rule(mean: str, weights: dict[tuple[str, str], float]) -> None:
    """Mlqa is in two of three groups; of the 15 languages of xnli seven are mlqa's too."""
    groups = {"a": ["xnli", "mlqa"], "b": ["mlqa"], "c": ["xquad"]} if mean == "groups" else {"a": ["xnli", "mlqa"]}
    own = Suite.model_validate({"groups": groups, "mean": mean, "overall": "own_mean"})
    cards = replace(all_cards(), suites={"own": own})
    cells = [(t.key, code) for t in select(cards, ["own"]) for code in t.languages]
    one = named(figures(cards, ["own"], cells), "suite", "own_mean", "own")
    found = one.weights()
    assert {cell: found[cell] for cell in weights} == pytest.approx(weights)
    assert sum(found.values()) == pytest.approx(1)
    assert one.complete
    values = {cell: float(i) for i, cell in enumerate(cells)}
    assert one.value(values) == pytest.approx(sum(found[cell] * value for cell, value in values.items()))
    less = named(figures(cards, ["own"], cells[1:]), "suite", "own_mean", "own")  # both sides lack it: still a pair
    assert not less.complete
    assert sum(less.weights().values()) == pytest.approx(1)


def test_families_scripts_and_languages(whole: list[Figure]) -> None:
    uralic = named(whole, "family", "Uralic")
    assert {code for _, code in uralic.cells} == {"et", "fi", "hu"}
    assert len(named(whole, "script", "Deva").parts) == 6  # xnli panx udpos tatoeba xquad mlqa have hi or mr
    assert {task for task, _ in named(whole, "language", "sw").cells} == {"xnli", "panx", "tatoeba", "tydiqa"}


def test_what_is_not_there_is_not_averaged() -> None:
    cells = [key for key in suite_cells("xtreme") if key[0] != "xnli" and key[1] != "de"]
    found = figures(all_cards(), ["xtreme"], cells)
    labels = {(f.level, f.name) for f in found}
    assert ("suite", "xtreme") not in labels
    assert ("group", "classification") not in labels
    assert ("language", "de") not in labels
    assert not named(found, "group", "qa").complete
    assert named(found, "task", "tydiqa").complete


def test_tasks_by_name_have_a_scope_of_their_own() -> None:
    found = figures(all_cards(), [], [("xnli", "de"), ("xnli", "sw"), ("mine", "de")])
    assert [f.name for f in found if f.level == "task"] == ["xnli", "mine"]
    assert {f.scope for f in found if f.level != "cell"} == {"tasks"}
    assert named(found, "language", "de", "tasks").weights() == {("xnli", "de"): 0.5, ("mine", "de"): 0.5}
