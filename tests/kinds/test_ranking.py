"""Documents ranked against graded judgements: what is asked of a model, what is given, what is learned."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pytest

from tests.fixtures.families import build
from tests.fixtures.letters import LETTERS
from xtreme_harness import evaluate
from xtreme_harness.cards import TaskCard
from xtreme_harness.errors import CardError, PredictionError
from xtreme_harness.kinds import KINDS
from xtreme_harness.kinds.predict import predict
from xtreme_harness.kinds.ranking import Judgement, RankingExample
from xtreme_harness.metrics.graded import graded_rows
from xtreme_harness.models.checkpoint import find_checkpoint
from xtreme_harness.models.load import load_model
from xtreme_harness.models.model import Model
from xtreme_harness.models.pooling import choose_pooling
from xtreme_harness.plan.cells import all_cards
from xtreme_harness.records import Arrays, Features, Nearest, Passage, Row, Split

KIND = KINDS["ranking"]
CARD = TaskCard.model_validate({
    "name": "toy", "title": "t", "kind": "ranking", "metric": "ndcg", "licence": "CC0", "languages": ["sw"],
    "official": {"format": "qrels", "files": {"test": {"queries": "q.tsv"}}},
}).with_defaults(KIND.options)  # fmt: skip


@dataclass
class Corpus:
    """A corpus that counts how often it is read."""

    passages: list[Passage]
    reads: list[int] = field(default_factory=list)

    def __iter__(self) -> Iterator[Passage]:
        self.reads.append(0)
        for passage in self.passages:
            self.reads[-1] += 1
            yield passage


def example(key: str, text: str = "a b", **grades: int) -> RankingExample:
    return RankingExample(key, text, tuple(Judgement(name, grade) for name, grade in grades.items()))


def split(corpus: Any, *examples: RankingExample, key: str = "") -> Split[RankingExample]:
    return Split("toy", "sw", "test", examples, corpus, key)


def test_rows() -> None:
    row = Row({"id": "q1", "text": "t", "judged": {"d2": 2, "d1": 0}}, "f:1")
    parsed = KIND.parse(row, CARD)
    assert parsed == example("q1", "t", d2=2, d1=0) and KIND.gold(parsed) == {"d2": 2, "d1": 0}
    assert KIND.gold(KIND.parse(Row({"id": "q1", "text": "t", "judged": None}, "f:1"), CARD)) is None
    assert KIND.relabel(parsed, {"d3": 1}) == example("q1", "t", d3=1)


def test_a_model_is_asked_for_the_nearest_and_reads_the_prompts() -> None:
    card = CARD.with_options({"query_prompt": "ab", "passage_prompt": "b", "depth": 300})
    corpus = Corpus([Passage(f"d{i}", "a") for i in range(5)])
    plain, told = (KIND.featurize(split(corpus, example("q")), LETTERS, one) for one in (CARD, card))
    assert corpus.reads == [] and (plain.nearest, told.nearest) == (100, 300)
    query, document = LETTERS.ids(["aba b", "ba"])
    assert [*told.inputs[0].ids] == [*LETTERS.one(query, 64).ids] != [*plain.inputs[0].ids]
    assert [(e.name, [*e.ids]) for e in told.pool] == [(f"d{i}", [*LETTERS.one(document, 64).ids]) for i in range(5)]


def test_the_best_grade_comes_first_and_no_list_is_deeper_than_figures_look() -> None:
    many = example("q", **{f"d{i}": 1 for i in range(150)})
    assert KIND.perfect(example("q", a=1, b=0, c=3, d=1)) == ("c", "a", "d")
    assert len(KIND.perfect(many)) == 100
    ((ndcg, recall, *_),) = graded_rows([KIND.perfect(many)], [KIND.gold(many) or {}], "sw")
    assert ndcg == 1 and recall == 100 / 150


def test_chance_and_the_same_for_all_read_the_corpus_lazily() -> None:
    corpus = Corpus([Passage(f"d{i}", "a") for i in range(250)])
    cell = split(corpus, example("q"), example("r"))
    assert KIND.constant(cell, CARD)["r"] == tuple(f"d{i}" for i in range(100)) and corpus.reads == [100]
    found = KIND.guess(cell, CARD, lambda key: Random(key))
    assert len(set(found["q"])) == 100 and found["q"] != found["r"]
    names = [p.id for p in corpus.passages]
    assert found["q"] == tuple(Random("q").sample(names, 100))  # as it was when the ids were held
    small = split(Corpus(corpus.passages[:3]), example("q"))
    assert sorted(KIND.guess(small, CARD, lambda key: Random(key))["q"]) == ["d0", "d1", "d2"]


def test_official_files() -> None:
    cell = split((), example("q", b=2, a=0), example("r", c=1))
    found = {"q": ("d1", "d2"), "r": ()}
    assert KIND.loads(KIND.dumps(cell, found, CARD), "f", ["q", "r"], CARD) == found
    assert KIND.golds(KIND.gold_text(cell, CARD), "f", CARD) == {"q": {"b": 2, "a": 0}, "r": {"c": 1}}
    with pytest.raises(PredictionError) as error:
        KIND.golds('{"a": ["d1"], "b": {"d1": true, "d2": -1, "d3": 1}, "c": {"d1": "1"}}', "f", CARD)
    assert error.value.faults == (
        "f: a: found ['d1'], expected {document id: grade}",
        "f: b: d1: found grade True, expected a whole number from 0",
        "f: b: d2: found grade -1, expected a whole number from 0",
        "f: c: d1: found grade '1', expected a whole number from 0",
    )
    golds = {"q": {"b": 2}, "r": {"c": 1}}
    wrong = json.dumps({"q": [f"d{i}" for i in range(101)], "s": []})
    assert KIND.faults(wrong, "f", golds, CARD) == [
        "f:1: q: 101 ids, expected at most 100",
        "f: 1 of 2 example ids missing, which score 0: 'r'",
        "f: 1 unknown example ids: 's'",
    ]


def test_a_query_learns_the_best_document_that_the_corpus_has() -> None:
    corpus = Corpus([Passage(f"d{i}", "ab"[i % 2] * (i + 1)) for i in range(6)])
    examples = (example("q", "a", d1=1, gone=3, d2=2), example("r", "b", d5=0), example("s", "ab", d2=1, d4=1))
    cell = split(corpus, *examples)
    lessons = KIND.learn(KIND.featurize(cell, LETTERS, CARD), cell, CARD) if KIND.learn else []
    second = LETTERS.one(LETTERS.ids(["aaa"])[0], 64).ids
    assert [[*lesson.rows[1].ids] for lesson in lessons] == [[*second], [*second]]
    assert lessons[0].rows[1] is lessons[1].rows[1] and corpus.reads == [6]


def test_vectors_alone_are_no_answer() -> None:
    with pytest.raises(PredictionError, match="need the documents nearest to each query"):
        KIND.decode(Arrays(np.zeros((1, 2), np.float32)), Features([]), split((), example("q")), CARD)
    near = Nearest(np.ones((1, 2), np.float32), (("d2", "d1"),))
    arrays = Arrays(np.zeros((1, 2), np.float32), near=near)
    assert KIND.decode(arrays, Features([]), split((), example("q")), CARD) == {"q": ("d2", "d1")}


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Model:
    saved = find_checkpoint(str(build("bert", None, tmp_path_factory.mktemp("base"))), None)
    return load_model(saved, None, (), choose_pooling(CARD, saved), "cpu", "float32")


def doubled(rng: Random, size: int) -> list[Passage]:
    """Passages most of which stand several times, under ids in no order."""
    words = ["die See", "ein Haus am See", "der Baum", "das Buch im Haus", "ein Kind", "die Stadt"]
    texts = [f"{rng.choice(words)} {rng.choice(words)}" for _ in range(size)]
    names = rng.sample([f"{kind}{i}" for kind in ("d", "D#", "é") for i in range(size)], size)
    return [Passage(name, text) for name, text in zip(names, texts, strict=True)]


def test_equal_passages_rank_as_trec_eval_ranks_their_raw_scores(model: Model) -> None:
    """Ids and scores of every document go to trec_eval, which ranks them itself; ours is the list of ids alone."""
    pytrec_eval: Any = pytest.importorskip("pytrec_eval")
    rng = Random(3)
    corpus = doubled(rng, 260)
    examples = tuple(
        example(f"q{i}", text, **{p.id: rng.choice((0, 1, 2)) for p in rng.sample(corpus, 60)})
        for i, text in enumerate(["See", "Haus", "das Buch", "Kind und Stadt"])
    )
    cell = split(corpus, *examples, key="k")
    found = predict(model, KIND, cell, CARD).found
    features = KIND.featurize(cell, model.tokenizer, CARD)
    vectors = model.forward(Features(features.inputs, pool=features.pool))  # all of them, held
    assert vectors.pool is not None and vectors.near is None
    scores = np.einsum("nd,md->nm", vectors.values, vectors.pool, dtype=np.float64).astype(np.float32)
    names = [p.id for p in corpus]
    runs = {e.id: dict(zip(names, map(float, row), strict=True)) for e, row in zip(examples, scores, strict=True)}
    assert all(len(set(run.values())) < 60 < len(run) for run in runs.values())  # ties, also where lists end
    golds = {e.id: KIND.gold(e) for e in examples}
    theirs = pytrec_eval.RelevanceEvaluator(golds, {"ndcg_cut.10", "recall.100"}).evaluate(runs)
    rows = graded_rows([found[e.id] for e in examples], [golds[e.id] or {} for e in examples], "sw")
    expected = [[theirs[e.id][name] for name in ("ndcg_cut_10", "recall_100")] for e in examples]
    assert np.abs(rows[:, :2] - expected).max() < 1e-12
    for e in examples:
        own = runs[e.id]
        assert found[e.id] == tuple(sorted(sorted(own, reverse=True), key=lambda name: -own[name])[:100])


def test_languages_that_share_a_corpus_encode_it_once(model: Model) -> None:
    corpus, reads = Corpus([Passage(f"d{i}", f"das Buch {i}") for i in range(30)]), []
    for key in ("k1", "k1", "k2", ""):
        before = len(corpus.reads)
        found = predict(model, KIND, split(corpus, example("q", "Buch"), key=key), CARD).found
        reads.append(len(corpus.reads) - before)
        assert len(found["q"]) == 30
    assert reads == [1, 0, 1, 1]


TRAINED = """\
name: toy
title: Toy
kind: ranking
metric: ndcg
extension: json
licence: CC0
languages: [en]
train: [toy]
selection: none
official:
  format: qrels
  files:
    train: {queries: topics.tsv, corpus: corpus.jsonl, qrels: train.tsv}
    test: {queries: topics.tsv, corpus: corpus.jsonl, qrels: test.tsv}
"""


@pytest.mark.parametrize(
    ("old", "new", "faults"),
    [
        (
            "kind: ranking",
            "kind: retrieval",
            [
                "metric: ndcg compares grades, and the card's kind answers with ids; kind ranking goes with it, or "
                "metric accuracy, reciprocal_rank, average_precision"
            ],
        ),
        (
            "kind: ranking\nmetric: ndcg",
            "kind: retrieval\nmetric: average_precision",
            [
                "official.format: found qrels, expected lists of relevant ids; judgements are read by kind: ranking "
                "(metric: ndcg)"
            ],
        ),
        (
            "kind: ranking",
            "kind: bitext",
            [
                "metric: ndcg compares grades, and the card's kind answers with pairs; kind ranking goes with it, or "
                "metric accuracy, pair_f1"
            ],
        ),
        (
            "format: qrels",
            "format: xquad_r",
            ["official.format: found 'xquad_r', expected qrels; lists of relevant ids are read by kind: retrieval"],
        ),
        (
            "{queries: topics.tsv, corpus: corpus.jsonl, qrels: test.tsv}",
            "{query: topics.tsv, corpus: corpus.jsonl, qrels: test.tsv}",
            ["official.files.test: found query, corpus, qrels, expected queries, corpus, qrels, each with its files"],
        ),
        (
            "{queries: topics.tsv, corpus: corpus.jsonl, qrels: test.tsv}",
            "test.tsv",
            ["official.files.test: found rows, expected queries, corpus, qrels, each with its files"],
        ),
    ],
    ids=["kind", "kind and metric", "another kind", "format", "role", "no roles"],
)
def test_a_card_that_mixes_the_ways_of_retrieval_is_told_the_other(
    tmp_path: Path, old: str, new: str, faults: list[str]
) -> None:
    file = tmp_path / "toy.yaml"
    file.write_text(TRAINED)
    all_cards([file])
    file.write_text(TRAINED.replace(old, new))
    with pytest.raises(CardError) as caught:
        all_cards([file])
    assert list(caught.value.faults) == [f"{file}: {fault}" for fault in faults]


@pytest.mark.slow
def test_a_card_with_judgements_trains_its_encoder(tmp_path: Path) -> None:
    """Questions share no word with their best judged documents: which belong together is learned."""
    there = ["See", "Haus", "Baum", "Buch", "Kind", "Weg", "Stadt", "Brot", "Hut", "Mann", "Frau", "Hund"]
    asks = ["ziwa", "nyumba", "mti", "kitabu", "mtoto", "njia", "mji", "mkate", "kofia", "mume", "mke", "mbwa"]
    documents = [json.dumps({"docid": f"d{i}", "text": word}) + "\n" for i, word in enumerate(there)]
    (tmp_path / "corpus.jsonl").write_text("".join(documents))
    (tmp_path / "topics.tsv").write_text("".join(f"q{i}\t{word}\n" for i, word in enumerate(asks)))
    for name in ("train", "test"):
        lines = [f"q{i} 0 d{i} 2\nq{i} 0 d{(i + 3) % len(asks)} 0\n" for i in range(len(asks))]
        (tmp_path / f"{name}.tsv").write_text("".join(lines))
    (tmp_path / "toy.yaml").write_text(TRAINED)
    base = build("bert", None, tmp_path / "base")
    asked: dict[str, Any] = {"data": str(tmp_path), "recipe": "fast", "device": "cpu", "dtype": "float32"}

    def figure(name: str, *settings: str) -> float:
        result = evaluate(base, str(tmp_path / "toy.yaml"), output=tmp_path / name, settings=settings, **asked)
        assert not result.failed
        return result.cells[0].metrics["ndcg@10"]

    taught = figure("taught", "epochs=120", "lr=2e-3", "dropout=0", "batch_size=8", "score_scale=20")
    assert taught > 80 > 70 > figure("untaught", "max_steps=1")
