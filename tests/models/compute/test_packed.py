"""Encoders without padding: the answers of transformers' own padded forward pass, family by family, head by head."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import numpy as np
import pytest
import torch
import transformers
from hypothesis import given
from hypothesis import strategies as st

from tests.fixtures.families import ENCODER_IDS, SIZES, TOKENIZERS
from xtreme_harness.models.compute import linear
from xtreme_harness.models.compute.packed import pack, packable, side_by_side
from xtreme_harness.models.compute.positions import FAMILIES
from xtreme_harness.models.head_table import CHOICE, SEQUENCE, SPANS, TOKENS
from xtreme_harness.models.heads import with_head
from xtreme_harness.models.load import fitted_tokenizer
from xtreme_harness.models.model import Model
from xtreme_harness.models.pooling import Pooling
from xtreme_harness.models.reading import encoder_of, reading_of
from xtreme_harness.records import Encoded, Features

pytestmark = pytest.mark.slow

CPU = torch.device("cpu")
CONFIGS: dict[str, Any] = {
    "bert": lambda: transformers.BertConfig(**SIZES, max_position_embeddings=64, pad_token_id=0),
    "roberta": lambda: transformers.RobertaConfig(
        **SIZES, **ENCODER_IDS, max_position_embeddings=66, type_vocab_size=1
    ),
    "camembert": lambda: transformers.CamembertConfig(
        **SIZES, **ENCODER_IDS, max_position_embeddings=66, type_vocab_size=2
    ),
    "xlm-roberta": lambda: transformers.XLMRobertaConfig(
        **SIZES, **ENCODER_IDS, max_position_embeddings=66, type_vocab_size=1
    ),
}
HEADS = [SEQUENCE, CHOICE, TOKENS, SPANS]
POOLINGS = [Pooling(layer, mode, "") for layer in (0, 1, 2) for mode in ("mean", "cls", "last")] + [
    Pooling(2, "pooler", "")
]
INPUTS = [
    Encoded(ids.tolist(), types.tolist())
    for rng in [np.random.default_rng(0)]
    for size in (1, 2, 7, 7, 7, 12, 30, 30, 64)
    for ids, types in [(rng.integers(3, 1200, size), np.sort(rng.integers(0, 2, size)))]
]


def test_every_family_is_tested() -> None:
    assert set(CONFIGS) == set(FAMILIES)


def models(network: Any, head: str | None, pooling: Pooling | None = None, **flags: Any) -> tuple[Model, Model]:
    """The same network padded and without padding; weights drawn wide, so that answers differ."""
    torch.manual_seed(0)
    with torch.no_grad():
        for name, value in network.named_parameters():
            value.normal_(1 if name.endswith("LayerNorm.weight") else 0, 0.2)
    raw: Any = TOKENIZERS["bert" if network.config.model_type == "bert" else "xlm-roberta"]()
    by_choice = head == CHOICE and not hasattr(network, "reader")
    plain = Model(fitted_tokenizer(raw, network.eval()), network, CPU, (), pooling, by_choice, **flags)
    own = deepcopy(network)
    reading = reading_of(own, head, pooling)
    assert packable(encoder_of(own)) and reading is not None
    layers = pooling.layer if pooling is not None else 2
    packed = Model(plain.tokenizer, own, CPU, (), pooling, by_choice, **flags)
    packed.packed = (pack(encoder_of(own), layers, release=True), reading)
    return plain, packed


def same(pair: tuple[Model, Model], inputs: list[Encoded]) -> None:
    wanted, found = (model.forward(Features(inputs)) for model in pair)
    assert wanted.values.shape == found.values.shape and np.abs(wanted.values).max() > 0.1
    assert np.abs(wanted.values - found.values).max() < 1e-5
    if wanted.offsets is not None:
        assert found.offsets is not None and wanted.offsets.tolist() == found.offsets.tolist()


@pytest.mark.parametrize("head", HEADS)
@pytest.mark.parametrize("family", CONFIGS)
def test_heads(family: str, head: str) -> None:
    network = getattr(transformers, head).from_config(CONFIGS[family]())
    same(models(network, head), INPUTS)
    same(models(network, head, budget=40), [Encoded(e.ids, None, range(0, len(e.ids), 2)) for e in INPUTS])


@pytest.mark.parametrize("pool", ["first", "mean", "last"])
@pytest.mark.parametrize("head", HEADS)
def test_general_heads(head: str, pool: str) -> None:
    network = with_head(transformers.AutoModel.from_config(CONFIGS["xlm-roberta"]()), head, 2)
    network.pool = pool
    same(models(network, head), INPUTS)


@pytest.mark.parametrize("pooling", POOLINGS, ids=lambda p: f"{p.mode}-{p.layer}")
@pytest.mark.parametrize("family", CONFIGS)
def test_vectors(family: str, pooling: Pooling) -> None:
    same(models(transformers.AutoModel.from_config(CONFIGS[family]()), None, pooling), INPUTS)


@pytest.mark.parametrize("family", CONFIGS)
def test_a_padding_id_inside_a_text(family: str) -> None:
    network = getattr(transformers, TOKENS).from_config(CONFIGS[family]())
    padding = network.config.pad_token_id
    same(models(network, TOKENS), [Encoded([5, padding, 6, 7]), Encoded([padding, 8]), Encoded([9, 10, 11, padding])])


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_a_sequence_is_not_touched_by_its_batch(dtype: torch.dtype) -> None:
    network = getattr(transformers, SEQUENCE).from_config(CONFIGS["xlm-roberta"]()).to(dtype)
    _, packed = models(network, SEQUENCE)
    together = packed.forward(Features(INPUTS)).values
    alone = np.concatenate([packed.forward(Features([one])).values for one in INPUTS])
    assert np.abs(together - alone).max() < (1e-5 if dtype == torch.float32 else 0.05)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_without_one_dnn(dtype: torch.dtype, monkeypatch: pytest.MonkeyPatch) -> None:
    network = getattr(transformers, SEQUENCE).from_config(CONFIGS["bert"]()).to(dtype)
    wanted = models(network, SEQUENCE)[1].forward(Features(INPUTS)).values
    monkeypatch.setattr(linear, "prepackable", lambda weight: False)
    found = models(network, SEQUENCE)[1].forward(Features(INPUTS)).values
    assert np.abs(wanted - found).max() < (1e-5 if dtype == torch.float32 else 0.05)


@pytest.mark.parametrize(
    "changes",
    [{"hidden_act": "relu"}, {"is_decoder": True}, {"is_decoder": True, "add_cross_attention": True}],
    ids=["activation", "decoder", "cross-attention"],
)
def test_what_is_not_berts_is_not_packed(changes: dict[str, Any]) -> None:
    config = CONFIGS["bert"]()
    for name, value in changes.items():
        setattr(config, name, value)
    assert not packable(transformers.AutoModel.from_config(config))


def test_layers_are_released_one_by_one() -> None:
    network = transformers.AutoModel.from_config(CONFIGS["bert"]())
    pack(network, 1)
    assert sum(1 for name, _ in network.named_parameters() if name.startswith("encoder.layer.")) > 0
    pack(network, 1, release=True)
    assert not [name for name, _ in network.named_parameters() if name.startswith("encoder.layer.")]


@given(st.lists(st.lists(st.integers(0, 3), min_size=1, max_size=9), min_size=1, max_size=5))
def test_positions_are_those_of_transformers(rows: list[list[int]]) -> None:
    config = CONFIGS["roberta"]()
    tokens = side_by_side([Encoded(row) for row in rows], config, CPU, False)
    count = transformers.models.roberta.modeling_roberta.RobertaEmbeddings.create_position_ids_from_input_ids
    wanted = [count(torch.tensor([row]), 1)[0].tolist() for row in rows]
    assert tokens.positions.tolist() == [place for row in wanted for place in row]
    assert tokens.ids.tolist() == [i for row in rows for i in row] and list(tokens.lengths) == [len(r) for r in rows]
