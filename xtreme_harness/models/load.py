"""A checkpoint and a head to a Model that turns features into arrays."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from itertools import islice
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from xtreme_harness.errors import ModelError
from xtreme_harness.models.batching import pad, token_batches
from xtreme_harness.models.checkpoint import Checkpoint
from xtreme_harness.models.device import DTYPES, choose_device, choose_dtype
from xtreme_harness.models.pooling import Pooling, pool
from xtreme_harness.models.tokenizer import Tokenizer
from xtreme_harness.models.weights import load_network, load_tokenizer, quietly, with_weights
from xtreme_harness.records import Arrays, Encoded, Features

__all__ = ["Model", "choose_device", "choose_dtype", "fitted_tokenizer", "load_model", "position_limit"]

Floats = NDArray[np.float32]
_TOKEN_BUDGET = {"cpu": 4096, "cuda": 65536}  # padded tokens a batch
_POOL_CHUNK = 16384  # passages encoded before the next are tokenised
_NO_LIMIT = 1 << 20


@dataclass(slots=True)
class Model:
    """A loaded checkpoint with one head, ready to predict."""

    tokenizer: Tokenizer
    network: Any
    device: torch.device
    order: tuple[int, ...] = ()  # class id of each of the card's labels; () = as they come
    pooling: Pooling | None = None  # None: the head's logits
    by_choice: bool = False  # a transformers multiple-choice head: (n, choices, length) in, one choice a row here
    budget: int = 4096  # padded tokens a batch
    rows: int | None = None  # sequences a batch, at most
    report: Callable[[int], None] = lambda sequences: None  # called with the number of sequences done
    _pools: dict[str, Floats] = field(default_factory=dict)

    def forward(self, features: Features) -> Arrays:
        """Run the network over all sequences of a split.

        Returns:
            logits in the card's label order, or vectors of length 1; the pool's vectors where there is a pool.

        Raises:
            ModelError: when the network answers with what is no number, or the tokenizer is not its own.
        """
        with torch.inference_mode():
            parts = self._compute(features.inputs, features.language)
            vectors = self._pool(features) if self.pooling is not None else None
        if parts and parts[0].ndim == 2:
            offsets = np.cumsum([0, *(len(part) for part in parts)])
            return Arrays(np.concatenate(parts), offsets, vectors, device=str(self.device))
        values = np.stack(parts) if parts else np.zeros((0, 1), np.float32)
        return Arrays(values, np.zeros(1, np.int64) if not parts else None, vectors, device=str(self.device))

    def takes(self, name: str) -> bool:
        """Does the network have an input of this name, with a meaning?"""
        config = self.network.config
        if name == "token_type_ids" and int(getattr(config, "type_vocab_size", 0) or 0) < 2:
            return False
        network: Any = type(getattr(self.network, "reader", self.network))
        return name in _inputs(network)

    def _compute(self, inputs: Sequence[Encoded], language: str) -> list[Floats]:
        """Answer every sequence; equal ones get equal answers, bit by bit, so that a tie stays one in any batch."""
        places: dict[Any, int] = {}
        distinct: list[Encoded] = []
        where = []
        for encoded in inputs:
            place = places.setdefault(_key(encoded), len(distinct))
            where.append(place)
            if place == len(distinct):
                distinct.append(encoded)
        answers = self._answers(distinct, language)
        if len(distinct) < len(inputs):
            self.report(len(inputs) - len(distinct))
        return [answers[place] for place in where]

    def _answers(self, inputs: Sequence[Encoded], language: str) -> list[Floats]:
        """Answer in batches of similar length; what does not fit in memory comes again in halves."""
        found: list[Any] = [None] * len(inputs)
        lengths = np.array([len(e.ids) for e in inputs], dtype=np.int64)
        waiting = token_batches(lengths, self.budget, self.rows)[::-1]
        while waiting:
            batch = waiting.pop()
            answers = self._attempt([inputs[i] for i in batch], language)
            if answers is None:
                self.budget = max(1, int(lengths[batch].max()) * len(batch) // 2)
                left = np.concatenate([batch, *waiting[::-1]])
                waiting = [left[part] for part in token_batches(lengths[left], self.budget, self.rows)][::-1]
                continue
            for i, answer in zip(batch, answers, strict=True):
                found[i] = answer
            self.report(len(batch))
        return found

    def _attempt(self, rows: Sequence[Encoded], language: str) -> list[Floats] | None:
        """Answers of one batch; None when memory does not suffice and the batch can be made smaller."""
        try:
            return self._batch(rows, language)
        except RuntimeError as error:
            if not _out_of_memory(error) or len(rows) == 1:
                raise
        if self.device.type == "cuda":  # only now, when the error no longer holds the batch's tensors
            torch.cuda.empty_cache()
        return None

    def _batch(self, rows: Sequence[Encoded], language: str) -> list[Floats]:
        """Answers of one batch: (c,) a sequence for sequence heads and vectors, (kept positions, c) for token heads."""
        inputs = self.tensors(rows, language)
        if self.pooling is not None:
            return list(_numbers(self._vectors(inputs)))
        if self.by_choice:
            inputs = {name: value.unsqueeze(1) for name, value in inputs.items()}
        out = self.network(**inputs)
        if hasattr(out, "start_logits"):
            return _kept(torch.stack([out.start_logits, out.end_logits], dim=-1), rows)
        logits = out.logits[..., list(self.order)] if self.order else out.logits
        return _kept(logits, rows) if logits.ndim == 3 else list(_numbers(logits))

    def tensors(self, rows: Sequence[Encoded], language: str) -> dict[str, torch.Tensor]:
        """The network's inputs for some sequences, padded to the longest: (n, length) each, on the device."""
        lengths = np.array([len(row.ids) for row in rows])
        ids = pad([row.ids for row in rows], self._padding())
        self._check(int(ids.max()))
        found = {"input_ids": ids, "attention_mask": (np.arange(ids.shape[1]) < lengths[:, None]).astype(np.int64)}
        if rows[0].types is not None and self.takes("token_type_ids"):
            found["token_type_ids"] = pad([row.types or () for row in rows], 0)
        if self.takes("langs"):
            found["langs"] = np.full_like(ids, _language_id(self.network.config, language))
        return {name: torch.from_numpy(value).to(self.device, non_blocking=True) for name, value in found.items()}

    def _padding(self) -> int:
        """The network's own padding id: some tell by it where a text ends, others count positions by it."""
        own = getattr(self.network.config, "pad_token_id", None)
        return self.tokenizer.padding if own is None else int(own)

    def _check(self, highest: int) -> None:
        size = self.tokenizer.size
        if size is not None and highest >= size:
            raise ModelError(
                f"the tokenizer gives id {highest}, but the network knows ids below {size}; is it this model's?"
            )

    def _vectors(self, inputs: dict[str, torch.Tensor]) -> torch.Tensor:
        if self.pooling is None:
            raise ModelError("vectors are asked of a model that was loaded with a head")
        if self.pooling.mode == "pooler":
            pooled = self.network(**inputs).pooler_output.float()
            return torch.nn.functional.normalize(pooled, dim=-1)
        if self.pooling.layer == self.network.config.num_hidden_layers:
            states = self.network(**inputs).last_hidden_state
        else:
            states = self.network(**inputs, output_hidden_states=True).hidden_states[self.pooling.layer]
        return pool(states, inputs["attention_mask"], self.pooling.mode)

    def _pool(self, features: Features) -> Floats:
        key = features.pool_key
        if key and key in self._pools:
            return self._pools[key]
        vectors = _gathered(self._pool_parts(features.pool, features.pool_language))
        if key:
            self._pools.clear()  # one pool at a time: it can be the largest thing in memory
            self._pools[key] = vectors
        return vectors

    def _pool_parts(self, sequences: Iterable[Encoded], language: str) -> Iterator[Floats]:
        stream = iter(sequences)
        while chunk := list(islice(stream, _POOL_CHUNK)):
            yield np.stack(self._compute(chunk, language))


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
        head: a transformers Auto class; None for the encoder.
        order: class id of each of the card's labels.
        pooling: how sentence vectors are read, where head is None.
        device: "auto", "cpu", "cuda" or "cuda:N".
        dtype: "auto" or a key of DTYPES.
        batch_size: sequences a batch, at most; None leaves it to the token budget.
        trust_remote_code: run code that the checkpoint carries (`api.evaluate` asks for a pinned revision).

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
        tokenizer = fitted_tokenizer(raw, network)
    by_choice = head == "AutoModelForMultipleChoice" and checkpoint.general is None
    budget = _TOKEN_BUDGET[place.type]
    return Model(tokenizer, network.to(place).eval(), place, tuple(order), pooling, by_choice, budget, batch_size)


def fitted_tokenizer(raw: Any, network: Any) -> Tokenizer:
    """A transformers tokenizer as this network can use it: its lengths, its ids, and a padding id that both know."""
    tokenizer = Tokenizer(raw, position_limit(network, raw), _known_ids(network))
    _settle_padding(tokenizer, network.config)
    return tokenizer


def position_limit(network: Any, raw: Any) -> int:
    """The most tokens of a sequence, special ones included, that positions and tokenizer allow."""
    limits = [int(raw.model_max_length)] if raw.model_max_length and raw.model_max_length < _NO_LIMIT else []
    positions = getattr(network.config, "max_position_embeddings", None)
    if positions and int(positions) > 0:
        limits.append(int(positions) - _first_position(network))
    return min(limits, default=_NO_LIMIT)


def _first_position(network: Any) -> int:
    """Where positions are counted from: behind the padding id in RoBERTa and its kin, whose table has a padding row."""
    for name, module in network.named_modules():
        if name.endswith("position_embeddings") and getattr(module, "padding_idx", None) is not None:
            return int(module.padding_idx) + 1
    return 0


@cache
def _inputs(network: Any) -> frozenset[str]:
    return frozenset(inspect.signature(network.forward).parameters)


def _language_id(config: Any, language: str) -> int:
    """XLM's id of a language; of English where it does not know it, as the official scripts have it."""
    known: Mapping[str, int] = getattr(config, "lang2id", None) or {}
    return int(known.get(language, known.get("en", 0)))


def _out_of_memory(error: BaseException) -> bool:
    return isinstance(error, torch.OutOfMemoryError) or "can't allocate memory" in str(error)


def _numbers(values: torch.Tensor) -> Floats:
    """Copy to the host as float32; ModelError where the network's arithmetic broke down."""
    found: Floats = values.float().cpu().numpy()
    if np.isnan(found).any():
        raise ModelError("the network's answers are not numbers (NaN); use --dtype float32 or bfloat16")
    return found


def _kept(values: torch.Tensor, rows: Sequence[Encoded]) -> list[Floats]:
    """Cut padding and unwanted positions away: (n, length, c) to n arrays (kept, c), with one copy to the host."""
    length = values.shape[1]
    wanted = [row.keep if row.keep is not None else range(len(row.ids)) for row in rows]
    flat = np.concatenate([np.asarray(keep, dtype=np.int64) + i * length for i, keep in enumerate(wanted)])
    at = torch.from_numpy(flat).to(values.device)
    table = _numbers(values.reshape(-1, values.shape[-1]).index_select(0, at))
    return np.split(table, np.cumsum([len(keep) for keep in wanted])[:-1])


def _gathered(parts: Iterable[Floats]) -> Floats:
    """One array of all parts; each part is freed once copied, so that the peak stays near the size of the result."""
    waiting = list(parts)
    if not waiting:
        return np.zeros((0, 1), np.float32)
    whole = np.empty((sum(len(part) for part in waiting), waiting[0].shape[1]), np.float32)
    at = 0
    for i in range(len(waiting)):
        part, waiting[i] = waiting[i], whole[:0]
        whole[at : at + len(part)] = part
        at += len(part)
    return whole


def _key(encoded: Encoded) -> tuple[Any, ...]:
    """Equal for sequences that get the same answer."""
    return (
        tuple(encoded.ids),
        tuple(encoded.types or ()),
        encoded.keep if encoded.keep is None else tuple(encoded.keep),
    )


def _known_ids(network: Any) -> int | None:
    size = getattr(network.get_input_embeddings(), "num_embeddings", None)
    return int(size) if size else None


def _settle_padding(tokenizer: Tokenizer, config: Any) -> None:
    """Give the network a padding id that it knows, where it came without one (decoders)."""
    own = getattr(config, "pad_token_id", None)
    if own is None or not 0 <= int(own) < (tokenizer.size or _NO_LIMIT):  # LLaMA's first configurations say -1
        config.pad_token_id = tokenizer.padding
