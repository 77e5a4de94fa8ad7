"""Passages ranked for a query, over a pool that is read as it is needed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
import pytest

from tests.fixtures.letters import LETTERS
from tests.fixtures.prediction_faults import faults_of
from xtreme_harness.errors import DataError, PredictionError
from xtreme_harness.kinds import KINDS
from xtreme_harness.kinds.retrieval import RetrievalExample
from xtreme_harness.plan.cells import all_cards
from xtreme_harness.records import Arrays, Features, Passage, Row, Split

KIND, CARD = KINDS["retrieval"], all_cards().tasks["mewslix"]


@dataclass
class Lazy:
    """A pool that counts how often it is read, and can be read again."""

    size: int
    reads: list[int] = field(default_factory=list)

    def __iter__(self) -> Iterator[Passage]:
        self.reads.append(0)
        for i in range(self.size):
            self.reads[-1] += 1
            yield Passage(f"Q{i}", "a" * (i % 5))


def split(pool: object, *ids: str) -> Split[RetrievalExample]:
    return Split("mewslix", "de", "test", tuple(RetrievalExample(i, "a b", None) for i in ids), pool)  # type: ignore[arg-type]


def test_the_pool_is_tokenised_as_it_is_read() -> None:
    pool = Lazy(10000)
    features = KIND.featurize(split(pool, "x"), LETTERS, CARD)
    assert pool.reads == []
    stream = iter(features.pool)
    assert list(next(stream).ids) == [2, 3]
    assert pool.reads[0] < 10000
    assert sum(1 for _ in features.pool) == 10000 and features.pool_language == "" and features.language == "de"


def test_ranking() -> None:
    pool, vectors = Lazy(30), np.zeros((30, 2), np.float32)
    vectors[:, 0] = 1
    vectors[11], vectors[3] = (0.6, 0.8), (0, 1)
    arrays = Arrays(np.array([[0, 1], [1, 0]], np.float32), pool=vectors)
    found = KIND.decode(arrays, Features([]), split(pool, "x", "y"), CARD)
    assert found["x"][:3] == ("Q3", "Q11", "Q0") and len(found["x"]) == 20
    rest = [f"Q{i}" for i in range(30) if i not in (3, 11)]
    assert found["y"] == tuple(rest[:20])
    small = KIND.decode(Arrays(arrays.values, pool=vectors[:2]), Features([]), split(Lazy(2), "x", "y"), CARD)
    assert small["y"] == ("Q0", "Q1")


def test_official_file_round_trip() -> None:
    cell = split((), "x", "y")
    found = {"x": ("Q1", "Q2"), "y": ()}
    assert KIND.loads(KIND.dumps(cell, found, CARD), "f", ["x", "y"], CARD) == found
    with pytest.raises(PredictionError, match="f: x: found 'Q1', expected a list of ids"):
        KIND.loads('{"x": "Q1"}', "f", ["x"], CARD)


def test_rows() -> None:
    row = Row({"id": "1", "text": "t", "relevant": ["Q1"]}, "f:1")
    assert KIND.parse(row, CARD) == RetrievalExample("1", "t", ("Q1",))
    with pytest.raises(DataError, match="f:1: no relevant passage"):
        KIND.parse(Row({**row.values, "relevant": []}, "f:1"), CARD)
    assert KIND.passage is not None and KIND.passage(Row({"id": 5, "text": "t"}, "f:1"), CARD) == Passage("5", "t")


def test_faults_of_rankings() -> None:
    golds = {"a": ("Q1",)}
    twenty = [f"Q{i}" for i in range(20)]
    assert faults_of("mewslix", json.dumps({"a": twenty}), golds) == []
    assert faults_of("mewslix", json.dumps({"a": ["Q1", "Q1"]}), golds) == []  # a rank is lost, no more
    assert faults_of(
        "mewslix", json.dumps({"a": [], "b": [1], "c": "Q1", "d": [*twenty, "x"], "e": ["Q1", "Q2 "]})
    ) == [
        ":1: b: found [1], expected a list of ids",
        ':1: c: found "Q1", expected a list of ids',
        ":1: d: 21 ids, expected at most 20",
        ":1: e: id 'Q2 ' has blanks around it, and matches no label",
    ]
    assert faults_of("lareqa", "{}", golds) == [": 1 of 1 example ids missing, which score 0: 'a'"]


def test_gold_that_is_no_text_is_refused() -> None:
    assert KIND.golds('{"a": ["Q1"], "b": []}', "f", CARD) == {"a": ("Q1",), "b": ()}
    with pytest.raises(PredictionError) as error:
        KIND.golds('{"a": ["Q1", 1.5], "b": [null], "c": [["Q1"]]}', "f", CARD)
    assert error.value.faults == (
        "f: a: found 1.5, expected an id", "f: b: found None, expected an id", "f: c: found ['Q1'], expected an id",
    )  # fmt: skip
