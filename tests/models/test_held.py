"""Which head a checkpoint holds."""

from __future__ import annotations

from pathlib import Path

import pytest
import transformers

from tests.fixtures.families import build
from xtreme_harness.models.checkpoint import find_checkpoint
from xtreme_harness.models.fit import head_fault
from xtreme_harness.models.head_table import CHOICE, SEQUENCE, SPANS, TOKENS


@pytest.mark.parametrize(
    ("family", "head"),
    [
        ("bert", TOKENS),
        ("xlm", SPANS),
        ("xlm-roberta", CHOICE),
        ("eurobert", SPANS),
        ("mt5", SEQUENCE),
        ("qwen2", None),
    ],
)
def test_the_head_is_read_from_the_small_files(family: str, head: str | None, tmp_path: Path) -> None:
    found = find_checkpoint(str(build(family, head, tmp_path, ("x", "y") if head in (TOKENS, SEQUENCE) else ())), None)
    assert found.head == head and found.layers == 2
    assert found.labels == (("x", "y") if head in (TOKENS, SEQUENCE) else ())


def test_an_encoder_decoders_own_head_is_not_taken(tmp_path: Path) -> None:
    transformers.MT5Config(architectures=["MT5ForSequenceClassification"]).save_pretrained(tmp_path)
    found = find_checkpoint(str(tmp_path), None)
    assert found.head is None
    assert "its own head runs the decoder" in str(head_fault(found, SEQUENCE, ()))


def test_xlms_beam_head_is_not_taken(tmp_path: Path) -> None:
    transformers.XLMConfig(architectures=["XLMForQuestionAnswering"]).save_pretrained(tmp_path)
    assert find_checkpoint(str(tmp_path), None).head is None
