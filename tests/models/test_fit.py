"""Does a head fit, and which of its classes are the task's labels."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.fixtures.families import edit_json
from xtreme_harness.errors import ModelError, UnnamedLabels
from xtreme_harness.models.checkpoint import Checkpoint, find_checkpoint
from xtreme_harness.models.fit import head_fault, label_order
from xtreme_harness.models.head_table import HEADS, SEQUENCE, SPANS, Head
from xtreme_harness.plan.cells import all_cards

XNLI, PAWSX = all_cards().tasks["xnli"], all_cards().tasks["pawsx"]


def order(checkpoint: Checkpoint, card: Any = XNLI, **flags: Any) -> tuple[int, ...]:
    return label_order(checkpoint, card.labels, card.aliases, card.name, **flags)


def relabelled(path: Path, *labels: str) -> Checkpoint:
    edit_json(path / "config.json", id2label=dict(enumerate(labels)), label2id=None)
    return find_checkpoint(str(path), None)


def test_labels_map_by_name(copy: Path) -> None:
    assert order(relabelled(copy, "neutral", "Contradiction ", "ENTAILMENT")) == (1, 2, 0)
    assert order(relabelled(copy, "entailment", "contradictory", "neutral", "other")) == (1, 0, 2)


def test_labels_that_do_not_map_list_both_sets(nli: Path, copy: Path) -> None:
    with pytest.raises(ModelError) as caught:
        order(find_checkpoint(str(nli), None), PAWSX)
    assert (
        "do not map onto pawsx's by name: the checkpoint has contradiction, entailment, neutral; pawsx has 0, 1"
        in str(caught.value)
    )
    with pytest.raises(
        ModelError, match=r"the checkpoint has yes, no, maybe; xnli has contradiction, entailment, neutral"
    ):
        order(relabelled(copy, "yes", "no", "maybe"))
    with pytest.raises(ModelError, match="do not map"):
        order(relabelled(copy, "LABEL_0", "LABEL_1"))


def test_nameless_labels_are_never_guessed(copy: Path) -> None:
    found = relabelled(copy, "LABEL_0", "LABEL_1", "LABEL_2")
    with pytest.raises(UnnamedLabels, match="--label-order xnli=contradiction,entailment,neutral"):
        order(found)
    assert order(found, given=("entailment", "neutral", "contradiction")) == (2, 0, 1)
    with pytest.raises(ModelError, match=r"--label-order xnli=a,b: 2 names, but .* has 3 classes"):
        order(found, given=("a", "b"))
    with pytest.raises(ModelError, match="the checkpoint has a, b, c; xnli has contradiction"):
        order(found, given=("a", "b", "c"))


def test_missing_heads_are_named(nli: Path, copy: Path) -> None:
    found = find_checkpoint(str(nli), None)
    assert "no head for AutoModelForQuestionAnswering (architectures: BertForSequenceClassification)" in str(
        head_fault(found, SPANS, ())
    )
    (copy / "xharness.json").write_text('{"stage": "intermediate"}')
    found = find_checkpoint(str(copy), None)
    assert "an intermediate checkpoint" in str(head_fault(found, SEQUENCE, XNLI.labels))
    assert head_fault(found, SEQUENCE, XNLI.labels, keep_head=True) is None


def test_a_head_of_another_size_does_not_fit_a_task_without_labels(nli: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(HEADS, "degree", Head(SEQUENCE, "classes", outputs=1))
    found = find_checkpoint(str(nli), None)
    assert "its head has 3 outputs, and degree has 1" in str(head_fault(found, "degree", ()))
    one = replace(found, labels=("LABEL_0",), tasks=("sts",))
    assert head_fault(one, "degree", (), unit="sts") is None
    assert "its head was trained on sts, not on near" in str(head_fault(one, "degree", (), unit="near"))
