"""A checkpoint and a head to a Model that turns features into arrays."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import torch

from xtreme_harness.errors import ModelError
from xtreme_harness.files.shown import shown
from xtreme_harness.models.checkpoint import Checkpoint
from xtreme_harness.models.compute.linear import prepack
from xtreme_harness.models.compute.masked_words import answer_kept, most_rows
from xtreme_harness.models.compute.packed import Packed, pack, packable
from xtreme_harness.models.device import DTYPES, choose_device, choose_dtype
from xtreme_harness.models.finite import broken_file
from xtreme_harness.models.head_table import HEADS
from xtreme_harness.models.model import Model
from xtreme_harness.models.pooling import Pooling
from xtreme_harness.models.reading import Reading, encoder_of, reading_of
from xtreme_harness.models.tokenizer import Tokenizer
from xtreme_harness.models.weights import load_network, load_tokenizer, quietly, with_weights

__all__ = [
    "Model",
    "choose_device",
    "choose_dtype",
    "fitted_tokenizer",
    "load_model",
    "position_limit",
]

# Padded tokens a batch. Fixed, not found by the clock: so two runs of one command batch alike, and give the same bits.
_TOKEN_BUDGET = {"cpu": 4096, "cuda": 65536}
_NO_LIMIT = 1 << 20


def load_model(
    checkpoint: Checkpoint,
    head: str | None,
    order: Sequence[int] = (),
    pooling: Pooling | None = None,
    device: str = "auto",
    dtype: str = "auto",
    batch_size: int | None = None,
    trust_remote_code: bool = False,
) -> Model:
    """Load tokenizer and weights.

    Args:
        checkpoint: what to load.
        head: a key of HEADS; None for the encoder.
        order: class id of each of the card's labels.
        pooling: how sentence vectors are read, where head is None.
        device: "auto", "cpu", "cuda" or "cuda:N".
        dtype: "auto" or a key of DTYPES.
        batch_size: sequences a batch, at most; None leaves it to the token budget.
        trust_remote_code: run code that the checkpoint carries (`plan.request` asks for a pinned revision).

    Raises:
        ModelError: in one line, for whatever cannot be loaded.
    """
    place = choose_device(device)
    kind = DTYPES[choose_dtype(dtype, place)]
    path = with_weights(checkpoint, trust_remote_code)
    pooler = pooling is not None and pooling.mode == "pooler"
    with quietly(checkpoint):
        raw = load_tokenizer(checkpoint, path, trust_remote_code)
        network = load_network(checkpoint, path, head, kind, trust_remote_code, pooler)
        if pooler and getattr(network, "pooler", None) is None:
            raise ModelError(f"{checkpoint.name}: has no pooler; use --pooling mean or cls")
        tokenizer = fitted_tokenizer(raw, network, checkpoint.name)
    network = network.to(place).eval()
    model = Model(tokenizer, network, place, tuple(order), pooling, budget=_TOKEN_BUDGET[place.type], rows=batch_size)
    model.unsound = partial(_unsound, checkpoint, path, kind)
    masked = head is not None and bool(HEADS[head].pretrained)
    if masked:
        answer_kept(network)
        model.rows = most_rows(int(network.config.vocab_size), place.type, batch_size)
    model.by_choice = head is not None and HEADS[head].by_choice and checkpoint.general is None
    model.packed = _packed(network, head, pooling, place)
    if model.packed is None and not trust_remote_code:  # code that comes with a checkpoint may touch its weights
        prepack(encoder_of(network) if masked else network)  # the last layer of the former is the table of embeddings
    return model


def _unsound(checkpoint: Checkpoint, path: Path, kind: torch.dtype) -> str:
    """Why answers are not numbers: broken weights, a configuration of other weights, or too small a range."""
    below = [part.path for part in (checkpoint.base, checkpoint.encoder) if part is not None]
    if found := broken_file([path, *below]):
        return found
    what = "the network's answers are not numbers (NaN)"
    if kind == torch.float32:
        file = (below or [path])[0] / "config.json"
        return f"{checkpoint.name}: {what}, in float32 and with finite weights; does {file} belong to them?"
    larger = "float32" if kind == torch.bfloat16 else "float32 or bfloat16"
    return f"{checkpoint.name}: {what}, though its weights are finite; use --dtype {larger}"


def _packed(
    network: Any, head: str | None, pooling: Pooling | None, place: torch.device
) -> tuple[Packed, Reading] | None:
    """The encoder as it runs without padding, where it can; its layers are then the network's no longer.

    On the processor alone: there it was measured.
    """
    encoder = encoder_of(network)
    if place.type != "cpu" or not packable(encoder):
        return None
    reading = reading_of(network, head, pooling)
    if reading is None:
        return None
    depth = int(encoder.config.num_hidden_layers)
    layers = pooling.layer if pooling is not None and pooling.mode != "pooler" else depth
    return pack(encoder, layers, release=True), reading


def fitted_tokenizer(raw: Any, network: Any, name: str = "") -> Tokenizer:
    """A transformers tokenizer as this network can use it: its lengths, its ids, and a padding id that both know.

    Raises:
        ModelError: for lengths that leave no room for a text.
    """
    tokenizer = Tokenizer(raw, position_limit(network, raw), _known_ids(network), name)
    least = tokenizer.pair_size + 2
    if tokenizer.limit < least:
        own = tokenizer.limit == _own_limit(raw)
        where = "tokenizer_config.json: model_max_length" if own else "config.json: max_position_embeddings"
        raise ModelError(
            f"{name or getattr(raw, 'name_or_path', '')}: {where}: leaves room for {tokenizer.limit} tokens, "
            f"expected at least {least}: two texts of a token each take {tokenizer.pair_size} special ones"
        )
    _settle_padding(tokenizer, network.config)
    return tokenizer


def position_limit(network: Any, raw: Any) -> int:
    """The most tokens of a sequence, special ones included, that positions and tokenizer allow."""
    own = _own_limit(raw)
    limits = [own] if own is not None else []
    positions = getattr(network.config, "max_position_embeddings", None)
    if positions and int(positions) > 0:
        limits.append(int(positions) - _first_position(network))
    return min(limits, default=_NO_LIMIT)


def _own_limit(raw: Any) -> int | None:
    """The tokenizer's own limit; None where it says an absurdly large number, by which it means none."""
    given = raw.model_max_length
    if given is None:
        return None
    if isinstance(given, bool) or not isinstance(given, int | float) or given != given:
        place = f"{getattr(raw, 'name_or_path', '')}: tokenizer_config.json: model_max_length"
        raise ModelError(f"{place}: found {shown(given)}, expected a number of tokens")
    return int(given) if given < _NO_LIMIT else None


def _first_position(network: Any) -> int:
    """Where positions are counted from: behind the padding id in RoBERTa and its kin, whose table has a padding row."""
    for name, module in network.named_modules():
        if name.endswith("position_embeddings") and getattr(module, "padding_idx", None) is not None:
            return int(module.padding_idx) + 1
    return 0


def _known_ids(network: Any) -> int | None:
    size = getattr(network.get_input_embeddings(), "num_embeddings", None)
    return int(size) if size else None


def _settle_padding(tokenizer: Tokenizer, config: Any) -> None:
    """Give the network a padding id that it knows, where it came without one (decoders)."""
    own = getattr(config, "pad_token_id", None)
    if own is None or not 0 <= int(own) < (tokenizer.size or _NO_LIMIT):  # LLaMA's first configurations say -1
        config.pad_token_id = tokenizer.padding
