"""Devices, dtypes, and sequences beyond the positions that a network has."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
import transformers

from tests.fixtures.families import CONFIGS, SIZES, TOKENIZERS, build
from xtreme_harness.errors import ModelError
from xtreme_harness.kinds import KINDS
from xtreme_harness.kinds.predict import predict
from xtreme_harness.kinds.token_classification import TaggedSentence
from xtreme_harness.models.checkpoint import find_checkpoint
from xtreme_harness.models.head_table import TOKENS
from xtreme_harness.models.load import choose_device, choose_dtype, load_model, position_limit
from xtreme_harness.models.pooling import Pooling
from xtreme_harness.plan.cells import all_cards
from xtreme_harness.records import Encoded, Features, Split

PANX = all_cards().tasks["panx"]
LIMITS = {"xlm-roberta": 512, "xlm-roberta-xl": 512, "mt5": 1 << 20, "umt5": 1 << 20, "bloom": 1 << 20}


@pytest.mark.parametrize("family", CONFIGS)
def test_the_most_positions(family: str) -> None:
    auto = transformers.AutoModelForTextEncoding if family in ("mt5", "umt5") else transformers.AutoModel
    network = auto.from_config(CONFIGS[family]())
    assert position_limit(network, SimpleNamespace(model_max_length=int(1e30))) == LIMITS.get(family, 512)
    assert position_limit(network, SimpleNamespace(model_max_length=100)) == 100


@pytest.mark.parametrize("family", ["bert", "xlm-roberta", "modernbert"])
def test_sentences_beyond_the_positions(family: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config = CONFIGS[family]()
    config.max_position_embeddings = 20
    monkeypatch.setitem(CONFIGS, family, lambda: config)
    path = build(family, TOKENS, tmp_path, PANX.labels)
    model = load_model(find_checkpoint(str(path), None), TOKENS, device="cpu", dtype="float32")
    assert model.tokenizer.limit == (18 if family == "xlm-roberta" else 20)
    words = ("der", "", "tiefste", "See", "\u200b", "a" * 200) * 30
    split = Split("panx", "de", "test", (TaggedSentence("0", words, None), TaggedSentence("1", (), None)))
    found = predict(model, KINDS[PANX.kind], split, PANX).found
    assert len(found["0"]) == len(words) and found["1"] == ()


def test_a_text_that_is_empty_in_a_family_without_special_tokens(tmp_path: Path) -> None:
    path = build("qwen2", None, tmp_path)
    model = load_model(find_checkpoint(str(path), None), None, (), Pooling(2, "mean", "x"), "cpu", "float32")
    one = model.tokenizer.one
    values = model.forward(Features([one([], 64), one(model.tokenizer.ids(["tief"])[0], 64)])).values
    assert np.allclose(np.linalg.norm(values, axis=1), 1)


def test_a_padding_id_that_the_network_cannot_know(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config = transformers.LlamaConfig(**SIZES, num_key_value_heads=1, pad_token_id=-1, bos_token_id=0, eos_token_id=2)
    monkeypatch.setitem(CONFIGS, "llama", lambda: config)
    path = build("llama", "AutoModelForSequenceClassification", tmp_path, ("a", "b"))
    model = load_model(
        find_checkpoint(str(path), None), "AutoModelForSequenceClassification", device="cpu", dtype="float32"
    )
    raw: Any = TOKENIZERS["llama"]()
    inputs = [Encoded(raw(text)["input_ids"]) for text in ("der See", "tief", "ein langer Satz steht hier")]
    assert model.network.config.pad_token_id == raw.eos_token_id
    together = model.forward(Features(inputs)).values
    alone = np.concatenate([model.forward(Features([encoded])).values for encoded in inputs])
    assert np.abs(together - alone).max() < 1e-5


def test_devices(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 0)
    assert choose_device("auto").type == choose_device("cpu").type == "cpu"
    with pytest.raises(ModelError, match="--device cuda:1: torch finds 0 CUDA devices; use --device cpu"):
        choose_device("cuda:1")
    for wrong in ("gpu", "mps", "cuda:x"):
        with pytest.raises(ModelError, match=f"--device {wrong}: expected auto, cpu, cuda or cuda:N"):
            choose_device(wrong)


def test_dtypes(monkeypatch: pytest.MonkeyPatch) -> None:
    cpu = torch.device("cpu")
    assert choose_dtype("float16", cpu) == "float16"
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda device: (7, 5))
    assert choose_dtype("auto", torch.device("cuda")) == "float32"
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda device: (9, 0))
    assert choose_dtype("auto", torch.device("cuda")) == "bfloat16"
    for name in ("_is_amx_tile_supported", "_is_avx512_bf16_supported"):
        monkeypatch.setattr(torch.cpu, name, lambda: False, raising=False)
    assert choose_dtype("auto", cpu) == "float32"
