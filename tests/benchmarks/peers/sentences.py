"""Sentence vectors by sentence-transformers, searched with its own function or mined with mteb's evaluator."""

from __future__ import annotations

from typing import Any

from tests.benchmarks.peers.texts import examples_of, pool_of
from tests.benchmarks.worker import Prepared


def search(job: dict[str, Any]) -> Prepared:
    """`encode` both sides with its defaults, then `util.semantic_search` for the nearest."""
    from sentence_transformers import SentenceTransformer, util

    model = SentenceTransformer(job["checkpoint"])  # mean pooling, which it adds to a plain encoder
    queries, pool = examples_of(job), pool_of(job)

    def run() -> list[list[str]]:
        x = model.encode([e["text"] for e in queries], convert_to_tensor=True, show_progress_bar=False)
        y = model.encode([p["text"] for p in pool], convert_to_tensor=True, show_progress_bar=False)
        return [[pool[hits[0]["corpus_id"]]["id"]] for hits in util.semantic_search(x, y, top_k=1)]

    return Prepared(run, {"dtype": "float32"})


def mine(job: dict[str, Any]) -> Prepared:
    """mteb's bitext mining evaluator: both sides encoded, the nearest English sentence of every foreign one."""
    import mteb
    from mteb._evaluators.text.bitext_mining_evaluator import BitextMiningEvaluator
    from mteb.timing import TimingStack
    from sentence_transformers import SentenceTransformer

    model = mteb.models.SentenceTransformerEncoderWrapper(SentenceTransformer(job["checkpoint"]))
    task = mteb.get_task("BUCC.v2")
    queries, pool = examples_of(job), pool_of(job)
    texts = {"sentence1": [e["text"] for e in queries], "sentence2": [p["text"] for p in pool]}

    def run() -> list[list[str]]:
        evaluator = BitextMiningEvaluator(
            texts, task.metadata, "test", "zh-en", [("sentence1", "sentence2")], TimingStack()
        )
        found = evaluator(model, encode_kwargs={"show_progress_bar": False})["sentence1-sentence2"]
        return [[pool[hit["corpus_id"]]["id"]] for hit in found]

    return Prepared(run, {"dtype": "float32"})
