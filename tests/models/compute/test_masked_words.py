"""The masked-LM head at the kept positions alone: the numbers that the whole network gives there."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
import transformers

from tests.fixtures.families import SIZES
from xtreme_harness.models.compute.masked_words import (
    answer_kept,
    kept_logits,
    log_probabilities,
    most_rows,
    places_of,
    shares_of,
)
from xtreme_harness.models.head_table import MASKED_LM
from xtreme_harness.records import Encoded

ROWS = [Encoded([5, 6, 7, 8], None, (1, 3), (9, 10)), Encoded([5, 6, 7, 8], None, (0,), (11,))]


def test_kept_positions_in_the_order_of_the_sequences() -> None:
    assert places_of([*ROWS, Encoded([1])]) == ([0, 0, 1], [1, 3, 0])
    assert shares_of([*ROWS, Encoded([1])]) == [2, 1, 0]


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_log_probabilities_of_the_targets(dtype: torch.dtype) -> None:
    logits = torch.from_numpy(np.random.default_rng(0).normal(0, 20, (3, 40))).to(dtype)
    found = log_probabilities(logits, ROWS)
    shares = np.exp(logits.double().numpy())
    wanted = [np.log(shares[i, token] / shares[i].sum()) for i, token in enumerate((9, 10, 11))]
    assert found.dtype == torch.float32 and found.shape == (3, 1)
    assert found[:, 0].tolist() == pytest.approx(wanted, abs=1e-5)


def test_numbers_that_would_overflow() -> None:
    logits = torch.tensor([[1000.0, 0.0, -1000.0]])
    row = [Encoded([1], None, (0,), (1,))]
    assert log_probabilities(logits, row).item() == -1000


@pytest.mark.parametrize("tied", [True, False])
def test_the_last_layer_sees_the_kept_positions_alone(tied: bool) -> None:
    config = transformers.BertConfig(**SIZES, tie_word_embeddings=tied)
    torch.manual_seed(0)
    network: Any = getattr(transformers, MASKED_LM).from_config(config).eval()
    inputs = {"input_ids": torch.tensor([row.ids for row in ROWS])}
    with torch.no_grad():
        network.cls.predictions.bias.normal_()
        whole = network(**inputs).logits
        answer_kept(network)
        assert torch.equal(network(**inputs).logits, whole)
        found = kept_logits(network, inputs, ROWS)
    assert found.shape == (3, SIZES["vocab_size"])
    assert torch.allclose(found, whole[[0, 0, 1], [1, 3, 0]], rtol=0, atol=1e-5)


@pytest.mark.parametrize(
    ("vocabulary", "device", "rows", "most"),
    [(250_002, "cpu", None, 134), (250_002, "cuda", None, 1073), (250_002, "cpu", 8, 8), (10**9, "cpu", 8, 1)],
)
def test_rows_that_fit(vocabulary: int, device: str, rows: int | None, most: int) -> None:
    assert most_rows(vocabulary, device, rows) == most
