"""The table of heads against the libraries that it speaks of."""

from __future__ import annotations

import pytest
import transformers

from xtreme_harness.models.head_table import (
    CAUSAL_LM,
    CHOICE,
    HEADS,
    NUMBER,
    SEQUENCE,
    SPANS,
    TOKENS,
    encoder_class,
    general_heads,
    head_of_adapter,
    head_of_architecture,
)
from xtreme_harness.training.objectives import OBJECTIVES


@pytest.mark.parametrize("name", HEADS)
def test_a_head_is_what_transformers_and_training_know(name: str) -> None:
    head = HEADS[name]
    assert head.auto is None or hasattr(transformers, head.auto)
    assert head.objective is None or head.objective in OBJECTIVES
    assert not (head.sides and not head.per_token) and not (head.labelled and head.outputs is None)


def test_every_objective_is_that_of_a_head() -> None:
    assert {head.objective for head in HEADS.values()} - {None} == set(OBJECTIVES)


def test_task_types_are_pefts() -> None:
    peft = pytest.importorskip("peft")
    assert {head.peft for head in HEADS.values() if head.peft} <= {task.value for task in peft.TaskType}
    assert head_of_adapter("TOKEN_CLS") == TOKENS and head_of_adapter("CAUSAL_LM") == CAUSAL_LM
    assert head_of_adapter("FEATURE_EXTRACTION") is None


@pytest.mark.parametrize(
    ("architecture", "head"),
    [
        ("BertForSequenceClassification", SEQUENCE), ("XLMForQuestionAnsweringSimple", SPANS),
        ("XLMForQuestionAnswering", None), ("XLMRobertaForMultipleChoice", CHOICE), ("BertForMaskedLM", None),
        ("BertModel", None),
    ],
)  # fmt: skip
def test_architectures(architecture: str, head: str | None) -> None:
    assert head_of_architecture(architecture) == head


def test_heads_for_any_encoder() -> None:
    assert general_heads() == (SEQUENCE, NUMBER, TOKENS, SPANS, CHOICE)


def test_encoders() -> None:
    assert transformers.MT5Config in getattr(transformers, encoder_class("mt5"))._model_mapping
    assert transformers.BertConfig in getattr(transformers, encoder_class("bert"))._model_mapping
