"""Sequence pairs through an encoder of XLM-R Base shape: our engine against the official scripts' static loop."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import torch

from tests.benchmarks.timing import interleaved
from xtreme_harness.data.load import load_split
from xtreme_harness.data.sources import Data, locate
from xtreme_harness.kinds import KINDS
from xtreme_harness.models.load import Model, choose_dtype
from xtreme_harness.models.tokenizer import Tokenizer
from xtreme_harness.plan import all_cards
from xtreme_harness.records import Split


def compare(pairs: int, repeats: int) -> list[list[Any]]:
    """One row a dtype: ours against float32 padded to 128, batches of 8, as the official scripts run."""
    split, card = _pairs(pairs)
    kind = KINDS[card.kind]
    network = _base_shape()
    rows = []
    auto = choose_dtype("auto", torch.device("cpu"))
    for dtype in dict.fromkeys(("float32", auto)):
        tokenizer = Tokenizer(_tokenizer(), 512)
        features = kind.featurize(split, tokenizer, card)
        model = Model(tokenizer, _cast(network, dtype), torch.device("cpu"))
        ours, theirs = interleaved(
            lambda m=model, f=features: m.forward(f), lambda f=features: _static(network, f), repeats
        )
        found, expected = model.forward(features).values.argmax(1), _static(network, features).argmax(1)
        same = f"{100 * float(np.mean(found == expected)):.1f} % of labels"
        work = f"{pairs} XNLI pairs, XLM-R Base shape, {dtype}"
        rows.append([work, f"{ours:.2f}", "float32, static 128", f"{theirs:.2f}", f"{theirs / ours:.1f}x", same])
    return rows


def _pairs(n: int) -> tuple[Split[Any], Any]:
    card = all_cards().card("xnli")
    kind = KINDS[card.kind]
    from xtreme_harness.cards import folder

    located = locate(card, "train", "en", Data(folder() / "samples", name="samples"))
    split = load_split(card, "en", "train", located, kind.parse)
    many = [replace(e, id=f"{i}-{e.id}") for i in range(1 + n // len(split.examples)) for e in split.examples]
    return replace(split, examples=tuple(many[:n])), card


def _tokenizer() -> Any:
    from xtreme_harness.demo import sample_texts, train_tokenizer

    return train_tokenizer(list(sample_texts(all_cards())))


def _base_shape() -> Any:
    from transformers import XLMRobertaConfig, XLMRobertaForSequenceClassification

    torch.manual_seed(0)
    config = XLMRobertaConfig(
        vocab_size=8000, num_labels=3, max_position_embeddings=514, type_vocab_size=1, pad_token_id=2
    )
    return XLMRobertaForSequenceClassification(config).eval()


def _cast(network: Any, dtype: str) -> Any:
    import copy

    return copy.deepcopy(network).to(getattr(torch, dtype))


def _static(network: Any, features: Any) -> np.ndarray:
    found = []
    with torch.no_grad():
        for i in range(0, len(features.inputs), 8):
            batch = features.inputs[i : i + 8]
            ids = torch.full((len(batch), 128), 2)
            mask = torch.zeros(len(batch), 128, dtype=torch.long)
            for row, one in enumerate(batch):
                ids[row, : len(one.ids)] = torch.tensor(one.ids)
                mask[row, : len(one.ids)] = 1
            found.append(network(input_ids=ids, attention_mask=mask).logits.numpy())
    return np.concatenate(found)
