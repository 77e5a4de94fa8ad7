"""A loaded checkpoint with one head: features in, arrays out.

Sequences are batched by length, equal ones are computed once, and what does not fit in memory comes again in halves.
The answers of a batch are fetched while the next one runs, so that a GPU does not wait for the host.
"""

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
from xtreme_harness.languages import meant
from xtreme_harness.models.compute.ahead import ahead
from xtreme_harness.models.compute.answers import NoNumbers, Pending, gathered, kept
from xtreme_harness.models.compute.batching import pad, token_batches
from xtreme_harness.models.compute.masked_words import kept_logits, log_probabilities, shares_of
from xtreme_harness.models.compute.packed import Packed, side_by_side
from xtreme_harness.models.compute.remembered import Block, remembered
from xtreme_harness.models.compute.states import states_at
from xtreme_harness.models.device import out_of_memory, sent
from xtreme_harness.models.pooling import Pooling, pool
from xtreme_harness.models.reading import Reading, wanted_rows
from xtreme_harness.models.tokenizer import Tokenizer
from xtreme_harness.processor import true_float32
from xtreme_harness.records import Arrays, Encoded, Features
from xtreme_harness.search.nearest import normalised
from xtreme_harness.search.running import Running

__all__ = ["Model"]

Floats = NDArray[np.float32]
_POOL_CHUNK = 16384  # passages encoded before the next are tokenised


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
    packed: tuple[Packed, Reading] | None = None  # runs without padding; None: the network itself runs, padded
    unsound: Callable[[], str] = lambda: ""  # says what is wrong with the weights, where answers are not numbers
    _pools: dict[str, Floats] = field(default_factory=dict)
    _blocks: dict[str, list[Block]] = field(default_factory=dict)  # of a small pool that was searched block by block

    def forward(self, features: Features) -> Arrays:
        """Run the network over all sequences of a split.

        Returns:
            logits in the card's label order, or vectors of length 1; where there is a pool its vectors, or the items
            nearest to each input, as the features ask.

        Raises:
            ModelError: when the network answers with what is no number, or the tokenizer is not its own.
        """
        try:
            with torch.inference_mode(), true_float32(self.device.type):
                parts = self._compute(features.inputs, features.language)
                if features.nearest:
                    return self._searched(np.stack(parts) if parts else np.zeros((0, 1), np.float32), features)
                vectors = self._pool(features) if self.pooling is not None else None
        except NoNumbers as error:
            raise NoNumbers(self.unsound() or str(error)) from None
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
        return {name: sent(value, self.device) for name, value in found.items()}

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
        running: tuple[NDArray[np.int64], Pending] | None = None
        while waiting:
            batch = waiting.pop()
            started = self._attempt([inputs[i] for i in batch], language)
            if started is None:
                self.budget = max(1, int(lengths[batch].max()) * len(batch) // 2)
                left = np.concatenate([batch, *waiting[::-1]])
                waiting = [left[part] for part in token_batches(lengths[left], self.budget, self.rows)][::-1]
                continue
            self._fetch(running, found)
            running = (batch, started)
        self._fetch(running, found)
        return found

    def _fetch(self, running: tuple[NDArray[np.int64], Pending] | None, found: list[Any]) -> None:
        """Put the answers of a batch that was started where they belong."""
        if running is None:
            return
        batch, started = running
        for i, answer in zip(batch, started.fetched(), strict=True):
            found[i] = answer
        self.report(len(batch))

    def _attempt(self, rows: Sequence[Encoded], language: str) -> Pending | None:
        """Start a batch; None when memory does not suffice and the batch can be made smaller."""
        try:
            return self._padded(rows, language) if self.packed is None else self._side_by_side(rows, *self.packed)
        except RuntimeError as error:
            if not out_of_memory(error) or len(rows) == 1:
                raise
        if self.device.type == "cuda":  # only now, when the error no longer holds the batch's tensors
            torch.cuda.empty_cache()
        return None

    def _padded(self, rows: Sequence[Encoded], language: str) -> Pending:
        """The network itself, over a rectangle."""
        inputs = self.tensors(rows, language)
        if self.pooling is not None:
            return Pending(self._vectors(inputs))
        if rows[0].targets is not None:
            return Pending(log_probabilities(kept_logits(self.network, inputs, rows), rows), shares_of(rows))
        if self.by_choice:
            inputs = {name: value.unsqueeze(1) for name, value in inputs.items()}
        out = self.network(**inputs)
        if hasattr(out, "start_logits"):
            return kept(torch.stack([out.start_logits, out.end_logits], dim=-1), rows)
        logits = self._ordered(out.logits)
        return kept(logits, rows) if logits.ndim == 3 else Pending(logits)

    def _side_by_side(self, rows: Sequence[Encoded], packed: Packed, reading: Reading) -> Pending:
        """The encoder without padding, and the head over the tokens that it reads."""
        self._check(max(max(row.ids) for row in rows))
        typed = rows[0].types is not None and self.takes("token_type_ids")
        tokens = side_by_side(rows, self.network.config, self.device, typed)
        wanted, shares = wanted_rows(rows, reading.where)
        states = packed.states(tokens, None if wanted is None else sent(wanted, self.device))
        answers = self._ordered(reading.answer(states, shares))
        if rows[0].targets is not None:
            answers = log_probabilities(answers, rows)
        return Pending(answers, shares if reading.where == "kept" else None)

    def _ordered(self, logits: torch.Tensor) -> torch.Tensor:
        return logits[..., list(self.order)] if self.order else logits

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
        states = states_at(self.network, inputs, self.pooling.layer)
        return pool(states, inputs["attention_mask"], self.pooling.mode)

    def _pool(self, features: Features) -> Floats:
        key = features.pool_key
        if key and key in self._pools:
            return self._pools[key]
        vectors = gathered(self._pool_parts(features.pool, features.pool_language))
        if key:
            self._pools.clear()  # one pool at a time: it can be the largest thing in memory
            self._pools[key] = vectors
        return vectors

    def _searched(self, queries: Floats, features: Features) -> Arrays:
        """The nearest items of a pool whose vectors are not held, but for those of a small one."""
        running = Running(normalised(queries), features.nearest, str(self.device))
        blocks = self._pool_blocks(features.pool, features.pool_language)
        for names, vectors in remembered(blocks, self._blocks, features.pool_key):
            running.see(names, vectors)
        return Arrays(queries, near=running.best(), device=str(self.device))

    def _pool_parts(self, sequences: Iterable[Encoded], language: str) -> Iterator[Floats]:
        return (vectors for _, vectors in self._pool_blocks(sequences, language))

    def _pool_blocks(self, sequences: Iterable[Encoded], language: str) -> Iterator[Block]:
        """Names and vectors by chunk; the next chunk is tokenised meanwhile (fast tokenizers let other threads run)."""
        for chunk in ahead(_chunks(sequences)):
            yield [encoded.name for encoded in chunk], np.stack(self._compute(chunk, language))


def _chunks(sequences: Iterable[Encoded]) -> Iterator[list[Encoded]]:
    stream = iter(sequences)
    while chunk := list(islice(stream, _POOL_CHUNK)):
        yield chunk


@cache
def _inputs(network: Any) -> frozenset[str]:
    return frozenset(inspect.signature(network.forward).parameters)


def _language_id(config: Any, language: str) -> int:
    """XLM's id of a language; of English where it does not know it, as the official scripts have it."""
    known: Mapping[str, int] = getattr(config, "lang2id", None) or {}
    own = next(iter(meant(language, known)), "en")
    return int(known.get(own, 0))


def _key(encoded: Encoded) -> tuple[Any, ...]:
    """Equal for sequences that get the same answer."""
    return (
        tuple(encoded.ids),
        tuple(encoded.types or ()),
        encoded.keep if encoded.keep is None else tuple(encoded.keep),
        encoded.targets if encoded.targets is None else tuple(encoded.targets),
    )
