"""Which figures a rule judges."""

from __future__ import annotations

import pytest

from tests.fixtures.made_runs import shipped_cards, suite_cells
from xtreme_harness.gate.places import figures_of
from xtreme_harness.gate.rules import Rule

CELLS = list(suite_cells("xtreme"))


def found(cells=CELLS, suites=("xtreme",), **where: str | tuple[str, ...]):
    rule = Rule.model_validate({**where, "max_drop": 1})
    return figures_of(rule, shipped_cards(), suites, cells)


@pytest.mark.parametrize(
    ("where", "names"),
    [
        ({"suite": "xtreme"}, ["xtreme"]),
        ({"group": "*"}, ["classification", "tagging", "qa", "retrieval"]),
        ({"task": "x*"}, ["xnli", "xquad"]),
        ({"task": "xnli", "language": ["sw", "ur"]}, ["xnli sw", "xnli ur"]),
        ({"task": ["xnli", "panx"], "family": "Uralic"}, ["panx Uralic"]),
        ({"group": "qa", "script": "Arab"}, ["qa Arab"]),
        ({"language": "sw"}, ["sw"]),
        ({"family": "Slavic"}, ["Slavic"]),
        ({"family": "Indo-European:*", "task": "tydiqa"}, [
            "tydiqa Indo-European:Indo-Aryan", "tydiqa Indo-European:Germanic", "tydiqa Indo-European:Slavic",
        ]),
        ({"suite": "xtreme-r"}, []),
    ],
    ids=lambda value: " ".join(map(str, value.items())) if isinstance(value, dict) else "",
)  # fmt: skip
def test_names(where: dict[str, str], names: list[str]) -> None:
    assert sorted(one.name for one in found(**where)) == sorted(names)


def test_every_cell() -> None:
    assert len(found(task="*", language="*")) == len(CELLS)


def test_a_family_over_tasks_is_a_mean_of_means() -> None:
    (uralic,) = found(family="Uralic")
    assert {task for task, _ in uralic.cells} == {"udpos", "panx", "tatoeba", "tydiqa"}
    assert uralic.weights()["tydiqa", "fi"] == 0.25
    (whole,) = found(family="Indo-European")
    assert {code for _, code in whole.cells} >= {"de", "ru", "hi", "fa", "el", "en"}


def test_xtreme_r_has_two_means_and_its_own_tatoeba() -> None:
    cells = list(suite_cells("xtreme-r"))
    assert [one.name for one in found(cells, ("xtreme-r",), suite="*")] == ["xtreme_r_mean_9", "xtreme_r_mean_10"]
    assert [one.name for one in found(cells, ("xtreme-r",), task="tatoeba")] == ["tatoeba@xtreme-r"]


def test_cells_that_two_suites_share_are_judged_once() -> None:
    cells = [("xnli", "de"), ("xnli", "sw")]
    assert len(found(cells, ("xtreme", "xtreme-r"), task="xnli")) == 1


def test_an_incomplete_suite_is_no_figure() -> None:
    cells = [key for key in CELLS if key[0] != "xnli"]
    assert found(cells, suite="xtreme") == []
    assert [one.name for one in found(cells, group="*")] == ["tagging", "qa", "retrieval"]
