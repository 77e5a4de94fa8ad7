"""An encoder that computes no padding finds the states and gradients of the one that does."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest
import torch
import transformers

from tests.fixtures.families import build
from tests.models.compute.test_packed import CONFIGS
from xtreme_harness.cards.recipe import Hyper
from xtreme_harness.models.compute.unpadded import _stored, compute_without_padding
from xtreme_harness.training.network import Trainee, _add_lora, _prepare

pytestmark = pytest.mark.slow

LENGTHS = [3, 30, 7, 7, 4, 29, 12, 3, 30, 18]


@pytest.fixture(params=list(CONFIGS))
def pair(request: pytest.FixtureRequest) -> tuple[Any, Any]:
    """An encoder and its copy that computes without padding, neither with dropout."""
    torch.set_num_threads(1)
    torch.manual_seed(0)
    padded = transformers.AutoModel.from_config(CONFIGS[request.param]())
    unpadded = copy.deepcopy(padded)
    assert compute_without_padding(unpadded)
    return padded.eval(), unpadded.eval()


def batch(encoder: Any) -> dict[str, torch.Tensor]:
    """Sequences of many lengths, padded on the right, with segments where there are two."""
    torch.manual_seed(0)
    mask = (torch.arange(max(LENGTHS)) < torch.tensor(LENGTHS)[:, None]).long()
    ids = torch.randint(10, encoder.config.vocab_size, mask.shape)
    types = torch.randint(0, encoder.config.type_vocab_size, mask.shape)
    padding = int(encoder.config.pad_token_id)
    return {"input_ids": ids.where(mask > 0, padding), "attention_mask": mask, "token_type_ids": types * mask}


def gradients(encoder: Any, inputs: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """Of a sum that weighs every number of every real token, and the pooled vectors, by its own weight."""
    encoder.zero_grad()
    out = encoder(**inputs)
    torch.manual_seed(1)
    weights = torch.randn(out.last_hidden_state.shape) * inputs["attention_mask"][..., None]
    (
        (out.last_hidden_state * weights).sum() + (out.pooler_output * torch.randn(out.pooler_output.shape)).sum()
    ).backward()
    return {name: p.grad.clone() for name, p in encoder.named_parameters() if p.grad is not None}


def same(ones: dict[str, torch.Tensor], others: dict[str, torch.Tensor]) -> None:
    assert set(ones) == set(others)
    largest = max(float(value.abs().max()) for value in ones.values())
    for name, value in ones.items():
        assert torch.allclose(others[name], value, rtol=1e-4, atol=1e-6 * largest), name


def test_states_are_those_of_transformers(pair: tuple[Any, Any]) -> None:
    padded, unpadded = pair
    inputs = batch(padded)
    with torch.no_grad():
        expected, found = padded(**inputs), unpadded(**inputs)
    real = inputs["attention_mask"].bool()
    assert torch.allclose(found.last_hidden_state[real], expected.last_hidden_state[real], rtol=0, atol=1e-6)
    assert torch.allclose(found.pooler_output, expected.pooler_output, rtol=0, atol=1e-6)
    assert not found.last_hidden_state[~real].any()


def test_gradients_are_those_of_transformers(pair: tuple[Any, Any]) -> None:
    padded, unpadded = pair
    same(gradients(padded, batch(padded)), gradients(unpadded, batch(padded)))


def test_with_gradient_checkpointing(pair: tuple[Any, Any]) -> None:
    padded, unpadded = pair
    expected = gradients(padded, batch(padded))
    holder = Trainee({"task": unpadded}, None)  # type: ignore[arg-type]
    _prepare(holder, unpadded, Hyper(gradient_checkpointing=True, dropout=0.0))
    same(expected, gradients(unpadded.train(), batch(padded)))


def test_with_low_rank_additions(pair: tuple[Any, Any]) -> None:
    pytest.importorskip("peft")
    for encoder in pair:
        torch.manual_seed(2)
        _add_lora(Trainee({}, None), encoder, Hyper(lora_rank=2, lora_dropout=0.0))
    padded, unpadded = pair
    found = gradients(unpadded, batch(padded))
    assert any("lora_" in name for name in found)
    same(gradients(padded, batch(padded)), found)


def test_dropout_drops(pair: tuple[Any, Any]) -> None:
    _, unpadded = pair
    inputs = batch(unpadded)
    for module in unpadded.modules():
        if isinstance(module, torch.nn.Dropout):
            module.p = 0.5
    with torch.no_grad():
        first, second = (unpadded.train()(**inputs).last_hidden_state for _ in range(2))
    assert not torch.allclose(first, second)


def test_attention_that_drops_is_attention() -> None:
    torch.manual_seed(0)
    query, key, value = torch.randn(3, 5, 2, 7, 4)
    mask = (torch.arange(7) < torch.tensor([7, 7, 6, 3, 1])[:, None])[:, None, None]
    expected = torch.nn.functional.scaled_dot_product_attention(query, key, value, mask, scale=0.3)
    assert torch.allclose(_stored(query, key, value, mask, 1e-9, 0.3), expected, atol=1e-6)
    several = torch.stack([_stored(query, key, value, mask, 0.5, 0.3) for _ in range(4000)])
    assert torch.allclose(several.mean(0), expected, atol=0.1)
    assert float((several[0] - expected).abs().max()) > 0.1


def test_what_it_cannot_give_is_refused(pair: tuple[Any, Any]) -> None:
    _, unpadded = pair
    with pytest.raises(TypeError, match="does not know output_hidden_states"):
        unpadded(**batch(unpadded), output_hidden_states=True)


@pytest.mark.slow
@pytest.mark.parametrize("family", ["deberta-v2", "mt5", "xlm"])
def test_other_families_compute_as_before(family: str, tmp_path: Path) -> None:
    encoder = transformers.AutoModel.from_pretrained(build(family, None, tmp_path / "base"))
    assert not compute_without_padding(encoder)
    assert "forward" not in vars(encoder)


def test_the_configuration_shows_nothing_of_it(pair: tuple[Any, Any], tmp_path: Path) -> None:
    _, unpadded = pair
    unpadded.save_pretrained(tmp_path)
    assert "xharness" not in (tmp_path / "config.json").read_text("utf-8")
    transformers.AutoModel.from_pretrained(tmp_path)
