from __future__ import annotations

import json
import random
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from xtreme_harness.metrics import column_sums
from xtreme_harness.metrics.mining import PAIR_F1, Ids


def scored(predictions: Sequence[Ids], golds: Sequence[Ids]) -> dict[str, float]:
    return PAIR_F1.reduce(column_sums(PAIR_F1.rows(predictions, golds, "de")))


def grouped(predictions: Sequence[str], golds: Sequence[str]) -> tuple[list[Ids], list[Ids]]:
    """English ids by foreign id, from lines of a prediction file and of a label file."""
    found: defaultdict[str, list[str]] = defaultdict(list)
    wanted: defaultdict[str, list[str]] = defaultdict(list)
    for lines, pairs in ((predictions, found), (golds, wanted)):
        for line in lines:
            foreign, _, english = line.partition("\t")
            pairs[foreign].append(english)
    ids = sorted({*found, *wanted})
    return [tuple(found[i]) for i in ids], [tuple(wanted[i]) for i in ids]


@pytest.mark.parametrize(
    ("predictions", "golds", "f1", "precision", "recall"),
    [
        pytest.param([("e1",), ()], [("e1",), ()], 100.0, 100.0, 100.0, id="perfect"),
        pytest.param([("e2",), ()], [("e1",), ("e2",)], 0.0, 0.0, 0.0, id="wrong"),
        pytest.param([(), ()], [("e1",), ()], 0.0, 0.0, 0.0, id="nothing predicted"),
        pytest.param([("e1",)], [()], 0.0, 0.0, 0.0, id="nothing to find"),
        pytest.param([("e1", "e1"), ("e9",)], [("e1",), ()], 2 * 0.5 / 1.5 * 100, 50.0, 100.0, id="repeated"),
        pytest.param([("e1", "e2")], [("e2", "e3")], 50.0, 50.0, 50.0, id="several a sentence"),
        pytest.param([("文1",)], [("文1", "文1")], 100.0, 100.0, 100.0, id="another script"),
        pytest.param([], [], 0.0, 0.0, 0.0, id="nothing"),
    ],
)
def test_pair_f1(predictions: list[Ids], golds: list[Ids], f1: float, precision: float, recall: float) -> None:
    assert scored(predictions, golds) == {"f1": f1, "precision": precision, "recall": recall}


def test_no_examples_give_no_rows() -> None:
    assert PAIR_F1.rows([], [], "de").shape == (0, 3)


def test_official_cases(shared: Path) -> None:
    cases = json.loads((shared / "spec/micro/bucc_f1.json").read_text(encoding="utf-8"))
    found = [scored(*grouped(case["predictions"], case["labels"])) for case in cases]
    assert found == [case["result"] for case in cases]


IDS = st.lists(st.sampled_from(["e1", "e2", "e3"]), max_size=4).map(tuple)


@settings(deadline=None)
@given(st.lists(st.tuples(IDS, IDS)), st.randoms())
def test_grouping_order_and_repetition_do_not_matter(pairs: list[tuple[Ids, Ids]], chance: random.Random) -> None:
    predictions, golds = [p for p, _ in pairs], [g for _, g in pairs]
    found = {(i, e) for i, ids in enumerate(predictions) for e in ids}
    wanted = {(i, e) for i, ids in enumerate(golds) for e in ids}
    values = scored(predictions, golds)
    right = len(found & wanted)
    assert values["precision"] == (right / len(found) * 100 if right else 0)
    assert values["recall"] == (right / len(wanted) * 100 if right else 0)
    shuffled = chance.sample(pairs, len(pairs))
    assert scored([p + p for p, _ in shuffled], [g for _, g in shuffled]) == values
