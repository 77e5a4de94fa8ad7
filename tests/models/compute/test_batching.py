"""Batches: every sequence once, the budget kept, and halves where memory does not suffice."""

from __future__ import annotations

from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from tests.fixtures.families import LANGUAGES, TOKENIZERS
from xtreme_harness.models.compute.batching import pad, token_batches
from xtreme_harness.models.load import Model
from xtreme_harness.models.tokenizer import Tokenizer
from xtreme_harness.records import Encoded, Features


@given(st.lists(st.integers(0, 50), max_size=60), st.integers(1, 200), st.none() | st.integers(1, 5))
def test_every_index_once_and_the_budget_kept(lengths: list[int], budget: int, rows: int | None) -> None:
    batches = token_batches(lengths, budget, rows)
    assert sorted(i for batch in batches for i in batch.tolist()) == list(range(len(lengths)))
    for batch in batches:
        longest = max(lengths[i] for i in batch)
        assert len(batch) == 1 or longest * len(batch) <= budget
        assert rows is None or len(batch) <= rows
    heads = [lengths[batch[0]] for batch in batches]
    assert heads == sorted(heads, reverse=True)


@given(st.lists(st.lists(st.integers(0, 9), max_size=6), min_size=1, max_size=5), st.integers(-1, 3))
def test_pad(rows: list[list[int]], fill: int) -> None:
    table = pad(rows, fill)
    assert table.shape == (len(rows), max(map(len, rows)))
    for row, line in zip(rows, table.tolist(), strict=True):
        assert line == row + [fill] * (table.shape[1] - len(row))


@dataclass
class Network:
    """Answers with the sum of a sequence's ids; above `most` rows it has no memory."""

    most: int
    error: Exception = field(default_factory=lambda: torch.OutOfMemoryError("CUDA out of memory"))
    config: Any = field(default_factory=lambda: SimpleNamespace(pad_token_id=7))
    seen: list[int] = field(default_factory=list)

    def forward(self, input_ids: torch.Tensor, attention_mask: torch.Tensor) -> Any:
        self.seen.append(len(input_ids))
        if len(input_ids) > self.most:
            raise self.error
        assert ((input_ids == 7) | (attention_mask == 1)).all()
        total = (input_ids * attention_mask).sum(1, keepdim=True).float()
        return SimpleNamespace(logits=torch.cat([total, -total], dim=1))

    def __call__(self, **inputs: torch.Tensor) -> Any:
        return self.forward(**inputs)


def model(network: Any, **flags: Any) -> Model:
    return Model(Tokenizer(TOKENIZERS["bert"](), 512), network, torch.device("cpu"), **flags)


def sequences(n: int) -> list[Encoded]:
    return [Encoded([*range(1, 2 + i % 9), i + 10]) for i in range(n)]


def sums(inputs: list[Encoded]) -> list[list[float]]:
    return [[float(sum(e.ids)), -float(sum(e.ids))] for e in inputs]


def test_out_of_memory_halves_the_budget_and_loses_nothing() -> None:
    network, inputs, done = Network(most=5), sequences(50), []
    one = model(network, budget=400, report=done.append)
    assert one.forward(Features(inputs)).values.tolist() == sums(inputs)
    assert one.budget < 400 and max(network.seen) > 5 and sum(done) == 50
    failures = sum(rows > 5 for rows in network.seen)
    assert failures < 8  # the budget stays down
    again = len(network.seen)
    one.forward(Features(inputs))
    assert all(rows <= 5 or one.budget < 400 for rows in network.seen[again:])


def test_the_processors_own_message_is_understood() -> None:
    error = RuntimeError("[enforce fail at alloc_cpu.cpp] DefaultCPUAllocator: can't allocate memory: you tried ...")
    inputs = sequences(20)
    assert model(Network(3, error)).forward(Features(inputs)).values.tolist() == sums(inputs)


@pytest.mark.parametrize(
    "message", ["CUDA error: device-side assert triggered", "mat1 and mat2 shapes cannot be multiplied"]
)
def test_other_errors_are_not_taken_for_it(message: str) -> None:
    network = Network(3, RuntimeError(message))
    with pytest.raises(RuntimeError, match=message[:10]):
        model(network).forward(Features(sequences(20)))
    assert len(network.seen) == 1


def test_one_sequence_that_does_not_fit_is_an_error() -> None:
    with pytest.raises(torch.OutOfMemoryError):
        model(Network(0)).forward(Features(sequences(4)))


def test_rows_bound_a_batch_and_equal_sequences_are_answered_once() -> None:
    network, inputs = Network(99), sequences(7) * 3
    done: list[int] = []
    assert model(network, rows=2, report=done.append).forward(Features(inputs)).values.tolist() == sums(inputs)
    assert max(network.seen) == 2 and sum(network.seen) == 7 and sum(done) == 21


def test_label_order_and_no_input() -> None:
    turned = model(Network(99), order=(1, 0)).forward(Features(sequences(2))).values
    assert turned.tolist() == [row[::-1] for row in sums(sequences(2))]
    nothing = model(Network(99)).forward(Features([]))
    assert nothing.values.shape == (0, 1)


class Tagger(Network):
    """Answers at every position with the id that stands there."""

    def forward(self, input_ids: torch.Tensor, attention_mask: torch.Tensor) -> Any:
        return SimpleNamespace(logits=torch.stack([input_ids, -input_ids], dim=-1).float())


def test_kept_positions_come_back_in_order() -> None:
    inputs = [Encoded([4, 5, 6], keep=(1, 2)), Encoded([8, 9]), Encoded([1, 2, 3, 4], keep=()), Encoded([3], keep=(0,))]
    arrays = model(Tagger(99), budget=6).forward(Features(inputs))
    assert arrays.offsets is not None and arrays.offsets.tolist() == [0, 2, 4, 4, 5]
    assert arrays.values[:, 0].tolist() == [5, 6, 8, 9, 3]


class Spans(Network):
    """Answers like a question-answering head."""

    def forward(self, input_ids: torch.Tensor, attention_mask: torch.Tensor) -> Any:
        return SimpleNamespace(start_logits=input_ids.float(), end_logits=-input_ids.float())


def test_starts_and_ends_are_columns() -> None:
    arrays = model(Spans(99)).forward(Features([Encoded([4, 5]), Encoded([6])]))
    assert arrays.values.tolist() == [[4, -4], [5, -5], [6, -6]] and arrays.offsets is not None


class Languages(Network):
    """XLM's manner: it is told the language of every position."""

    def forward(self, input_ids: torch.Tensor, attention_mask: torch.Tensor, langs: torch.Tensor) -> Any:
        assert langs.shape == input_ids.shape
        return SimpleNamespace(logits=langs[:, :2].float())


@pytest.mark.parametrize(("language", "number"), [("zh", 2), ("en", 0), ("qu", 0), ("", 0)])
def test_xlm_is_told_the_language_english_where_it_does_not_know_it(language: str, number: int) -> None:
    network = Languages(99, config=SimpleNamespace(pad_token_id=7, lang2id=LANGUAGES))
    values = model(network).forward(Features([Encoded([4, 5, 6])], language=language)).values
    assert values.tolist() == [[number, number]]


def test_segments_only_where_the_network_has_them() -> None:
    class Segments(Network):
        def forward(self, input_ids: Any, attention_mask: Any, token_type_ids: Any = None) -> Any:
            given = 0.0 if token_type_ids is None else 1.0
            return SimpleNamespace(logits=torch.full((len(input_ids), 1), given))

    inputs = Features([Encoded([4, 5, 6], [0, 0, 1])])
    for size, given_ in ((2, 1), (1, 0), (0, 0), (None, 0)):
        network = Segments(99, config=SimpleNamespace(pad_token_id=0, type_vocab_size=size))
        assert model(network).forward(inputs).values.tolist() == [[given_]]
    assert np.array_equal(pad([[1]], 0), [[1]])


@given(st.lists(st.integers(1, 50), max_size=60), st.integers(1, 200))
def test_a_batch_of_many_lengths_is_small(lengths: list[int], budget: int) -> None:
    for batch in token_batches(lengths, budget):
        longest, shortest = lengths[batch[0]], lengths[batch[-1]]
        assert shortest >= 7 * longest // 8 or longest * (len(batch) - 1) < budget // 8
