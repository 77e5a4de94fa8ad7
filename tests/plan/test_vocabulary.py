"""What fits a kind: metrics that compare its answers, and training data that it learns from."""

from __future__ import annotations

from pathlib import Path

import pytest

from xtreme_harness.errors import CardError
from xtreme_harness.plan.cells import all_cards

PAIRS = """\
name: pairs
title: Pairs
kind: minimal_pairs
metric: METRIC
extension: jsonl
licence: mine
languages: [en]
train: TRAIN
official:
  format: tsv
  files: {test: "{language}.tsv"}
  options: {header: true, columns: {good: right, bad: wrong}}
"""


@pytest.mark.parametrize(
    ("metric", "train", "fault"),
    [
        (
            "ndcg",
            "[]",
            "metric: ndcg compares grades, and the card's kind answers with others; kind ranking goes with it, or "
            "metric accuracy",
        ),
        (
            "accuracy",
            "[pairs]",
            "train: found pairs itself, but nothing is trained on data of kind minimal_pairs; write train: []",
        ),
    ],
)
def test_what_does_not_fit_a_kind(tmp_path: Path, metric: str, train: str, fault: str) -> None:
    file = tmp_path / "pairs.yaml"
    file.write_text(PAIRS.replace("METRIC", metric).replace("TRAIN", train))
    with pytest.raises(CardError) as caught:
        all_cards([file])
    assert caught.value.faults == (f"{file}: {fault}",)
    file.write_text(PAIRS.replace("METRIC", "accuracy").replace("TRAIN", "[]"))
    all_cards([file])
