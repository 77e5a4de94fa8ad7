"""General heads: saved beside the encoder, loaded by xharness and, the encoder alone, by plain transformers."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
import transformers
from safetensors.torch import save_file

from tests.fixtures.families import CONFIGS, TOKENIZERS
from xtreme_harness.errors import ModelError
from xtreme_harness.models.checkpoint import find_checkpoint
from xtreme_harness.models.head_table import CHOICE, SEQUENCE, SPANS, TOKENS
from xtreme_harness.models.heads import HeadedEncoder, load_head, save_headed, with_head
from xtreme_harness.models.load import load_model

AUTO = {
    "eurobert": transformers.AutoModel,
    "mt5": transformers.AutoModelForTextEncoding,
    "umt5": transformers.AutoModelForTextEncoding,
    "llama": transformers.AutoModel,
    "bloom": transformers.AutoModel,
}
INPUTS = {
    "input_ids": torch.tensor([[5, 9, 12, 44, 7], [8, 6, 1, 1, 1]]),
    "attention_mask": torch.tensor([[1, 1, 1, 1, 1], [1, 1, 0, 0, 0]]),
}


def headed(family: str, task: str, outputs: int) -> HeadedEncoder:
    torch.manual_seed(0)
    return with_head(AUTO[family].from_config(CONFIGS[family]()), task, outputs).eval()


@pytest.mark.parametrize("family", AUTO)
@pytest.mark.parametrize(
    ("task", "labels"), [(SEQUENCE, ("a", "b", "c")), (TOKENS, ("X", "Y")), (CHOICE, ()), (SPANS, ())]
)
@torch.inference_mode()
def test_round_trip(family: str, task: str, labels: tuple[str, ...], tmp_path: Path) -> None:
    model = headed(family, task, len(labels) or (2 if task == SPANS else 1))
    save_headed(model, labels, tmp_path, {"stage": "target"})
    found = find_checkpoint(str(tmp_path), None)
    assert (found.head, found.labels, found.stage) == (task, labels, "target")
    plain = AUTO[family].from_pretrained(tmp_path).eval()
    again = load_head(plain, found.general or {}, tmp_path).eval()
    assert torch.equal(plain(**INPUTS).last_hidden_state, model.encoder(**INPUTS).last_hidden_state)
    first, second = model(**INPUTS), again(**INPUTS)
    names = ("start_logits", "end_logits") if task == SPANS else ("logits",)
    assert set(vars(first)) == set(names)
    assert all(torch.equal(getattr(first, name), getattr(second, name)) for name in names)
    shape = {SEQUENCE: (2, 3), TOKENS: (2, 5, 2), CHOICE: (2, 1), SPANS: (2, 5)}[task]
    assert getattr(first, names[0]).shape == shape


@pytest.mark.parametrize(
    ("family", "pool"), [("eurobert", "mean"), ("mt5", "mean"), ("llama", "last"), ("bloom", "last")]
)
@torch.inference_mode()
def test_one_vector_a_sequence(family: str, pool: str) -> None:
    model = headed(family, CHOICE, 1)
    assert model.pool == pool
    hidden = model.encoder(**INPUTS).last_hidden_state[1, :2]
    vector = hidden.mean(0) if pool == "mean" else hidden[1]
    assert torch.allclose(model(**INPUTS).logits[1], model.head.out(vector), atol=1e-6)
    model.pool = "first"
    assert torch.allclose(model(**INPUTS).logits[1], model.head.out(hidden[0]), atol=1e-6)


def test_loads_as_a_model(tmp_path: Path) -> None:
    save_headed(headed("eurobert", SPANS, 2), (), tmp_path)
    TOKENIZERS["eurobert"]().save_pretrained(tmp_path)
    model = load_model(find_checkpoint(str(tmp_path), None), SPANS, device="cpu", dtype="bfloat16")
    assert not model.by_choice and model.takes("attention_mask") and not model.takes("token_type_ids")
    assert {value.dtype for value in model.network.parameters()} == {torch.bfloat16}


def test_what_is_missing_or_wrong_is_one_line(tmp_path: Path) -> None:
    model = headed("eurobert", SPANS, 2)
    save_headed(model, (), tmp_path)
    note = json.loads((tmp_path / "xharness.json").read_text())["head"]
    save_file({"other": torch.zeros(2)}, tmp_path / "head.safetensors")
    with pytest.raises(ModelError, match=r"head.safetensors: found tensors other, expected out.bias, out.weight"):
        load_head(model.encoder, note, tmp_path)
    save_file({"out.weight": torch.zeros(2, 8), "out.bias": torch.zeros(2)}, tmp_path / "head.safetensors")
    with pytest.raises(ModelError, match=r"head.safetensors: over vectors of size 8, but the encoder gives 32"):
        load_head(model.encoder, note, tmp_path)
    (tmp_path / "head.safetensors").unlink()
    with pytest.raises(ModelError, match=r"head.safetensors: missing, though xharness.json describes a head"):
        load_head(model.encoder, note, tmp_path)
