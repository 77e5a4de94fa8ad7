"""What of two runs can be compared."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tests.fixtures.made_runs import accuracy_rows, made_run
from xtreme_harness.comparison.pairing import pair

TEN = accuracy_rows(np.ones(10))


def test_cells_of_one_run_alone_are_named() -> None:
    old = made_run({("xnli", "de"): TEN, ("xnli", "sw"): TEN}, "a")
    new = made_run({("xnli", "de"): TEN, ("xnli", "fr"): TEN}, "b")
    found = pair([old], [new])
    assert list(found.old) == list(found.new) == [("xnli", "de")]
    assert [(u.language, u.reason) for u in found.unpaired] == [("sw", "not in b"), ("fr", "not in a")]
    assert not found.mismatches


@pytest.mark.parametrize(
    ("fields", "line"),
    [
        ({"metric": "tag_accuracy"}, "xnli: metric differs: accuracy and tag_accuracy in de, and so in 1 more"),
        ({"card": "9" * 64}, "xnli: card differs: c and 99999999 in de, and so in 1 more"),
        ({"data": {"f": "0" * 40}}, "xnli: data differs: f d and 00000000 in de, and so in 1 more"),
        ({"labels": {"x.tsv": "1"}}, "xnli: labels differs: x.tsv none and 1 in de, and so in 1 more"),
        ({"limit": 5}, "xnli: limit differs: none and 5 in de, and so in 1 more"),
        ({"split": "dev"}, "xnli: split differs: test and dev in de, and so in 1 more"),
        (
            {"train_on": "target", "train_languages": ["de"]},
            "xnli: train_on differs: english and target in de, and so in 1 more",
        ),
        ({"train_languages": ["de"]}, "xnli: train_languages differs: none and ['de'] in de, and so in 1 more"),
        ({"select_on": "target"}, "xnli: select_on differs: english and target in de, and so in 1 more"),
        (
            {"translated": "mt@1f0c2a9b", "data": {"f": "e"}},
            "xnli: translated differs: none and mt@1f0c2a9b in de, and so in 1 more",
        ),
    ],
    ids=["metric", "card", "data", "labels", "limit", "split", "trained", "languages", "selected", "translated"],
)
def test_differing_fields_are_named(fields: dict[str, object], line: str) -> None:
    rows = {("xnli", "de"): TEN, ("xnli", "sw"): TEN}
    assert pair([made_run(rows)], [made_run(rows, fields=fields)]).mismatches == (line,)


def test_model_device_and_versions_may_differ() -> None:
    rows = {("xnli", "de"): TEN}
    new = made_run(rows, fields={"model": "other", "dtype": "float32", "device": "cuda", "libraries": {"torch": "9"}})
    assert not pair([made_run(rows)], [new]).mismatches


def test_other_ids_are_other_examples() -> None:
    rows = {("xquad", "de"): np.ones((2, 3))}
    runs = [made_run(rows, ids={("xquad", "de"): ids}) for ids in (["q1", "q2"], ["q1", "q3"])]
    assert pair(runs[:1], runs[1:]).mismatches == ("xquad: ids differs: the examples have other ids in de",)


def test_other_sizes_cannot_be_forced() -> None:
    found = pair([made_run({("panx", "de"): np.ones((4, 5))})], [made_run({("panx", "de"): np.ones((3, 5))})])
    assert not found.old
    assert found.unpaired[0].reason == "4 and 3 examples, which cannot be paired"


def test_other_statistics_cannot_be_forced() -> None:
    old, new = made_run({("panx", "de"): np.ones((4, 5))}), made_run({("panx", "de"): np.ones((4, 5))})
    cell = replace(new.scored["panx", "de"], columns=("correct", "n"), rows=np.ones((4, 2)))
    found = pair([old], [replace(new, cells=(cell,))])
    assert found.unpaired[0].reason == (
        "statistics correct, predicted, gold, tokens_correct, tokens and correct, n, which cannot be paired"
    )


def test_every_seed_must_have_the_cell() -> None:
    whole, short = made_run({("xnli", "de"): TEN, ("xnli", "sw"): TEN}, "a"), made_run({("xnli", "de"): TEN}, "a2")
    found = pair([whole, short], [whole])
    assert list(found.old) == [("xnli", "de")]
    assert len(found.old["xnli", "de"]) == 2
    assert found.unpaired[0].reason == "not in a2"
