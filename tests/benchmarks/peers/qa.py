"""From logits to answers as the question-answering example of transformers is documented to do it.

For each example and each of its windows, the 20 best starts are paired with the 20 best ends; pairs outside the
passage, in the wrong order or longer than 30 tokens are dropped; the 20 best pairs of all windows become texts with
probabilities, and the first is the answer.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import numpy as np

from tests.benchmarks.peers.texts import examples_of
from tests.benchmarks.worker import Prepared

N_BEST, LONGEST = 20, 30


def windows(tokenizer: Any, examples: Sequence[dict[str, Any]], length: int, padding: Any) -> list[dict[str, Any]]:
    """One feature a window: ids, the example it belongs to, characters of the passage's tokens (None elsewhere)."""
    read = tokenizer(
        [e["question"].lstrip() for e in examples],
        [e["context"] for e in examples],
        truncation="only_second", max_length=length, stride=128, padding=padding,
        return_overflowing_tokens=True, return_offsets_mapping=True,
    )  # fmt: skip
    features = []
    for i, example in enumerate(read["overflow_to_sample_mapping"]):
        part = read.sequence_ids(i)
        spans = [span if part[k] == 1 else None for k, span in enumerate(read["offset_mapping"][i])]
        row = {"input_ids": read["input_ids"][i], "attention_mask": read["attention_mask"][i]}
        features.append({"row": row, "example": example, "spans": spans})
    return features


def answers(
    examples: Sequence[dict[str, Any]], features: Sequence[dict[str, Any]], starts: Any, ends: Any
) -> list[str]:
    """The best answer of each example."""
    belonging = defaultdict(list)
    for i, feature in enumerate(features):
        belonging[feature["example"]].append(i)
    found = []
    for number, example in enumerate(examples):
        candidates = [c for i in belonging[number] for c in _candidates(features[i]["spans"], starts[i], ends[i])]
        best = sorted(candidates, key=lambda c: c["score"], reverse=True)[:N_BEST]
        for candidate in best:
            first, last = candidate["span"]
            candidate["text"] = example["context"][
                first:last
            ].strip()  # a piece's span may begin with the blank before it
        scores = np.array([candidate["score"] for candidate in best])
        weights = np.exp(scores - scores.max()) if len(scores) else scores
        for candidate, weight in zip(best, weights, strict=True):
            candidate["probability"] = weight / weights.sum()
        found.append(best[0]["text"] if best else "")
    return found


def _candidates(spans: Sequence[Any], start: Any, end: Any) -> list[dict[str, Any]]:
    found = []
    for first in np.argsort(start)[-1 : -N_BEST - 1 : -1].tolist():
        for last in np.argsort(end)[-1 : -N_BEST - 1 : -1].tolist():
            if first >= len(spans) or last >= len(spans) or spans[first] is None or spans[last] is None:
                continue
            if last < first or last - first + 1 > LONGEST:
                continue
            found.append({"span": (spans[first][0], spans[last][1]), "score": start[first] + end[last]})
    return found


def decoding(job: dict[str, Any]) -> Prepared:
    """From logits to answers alone."""
    from transformers import AutoTokenizer

    from tests.benchmarks.logits import made_up

    examples = examples_of(job)
    features = windows(AutoTokenizer.from_pretrained(job["checkpoint"]), examples, job["max_length"], False)
    table = made_up([len(f["row"]["input_ids"]) for f in features])
    starts, ends = [logits[:, 0] for logits in table], [logits[:, 1] for logits in table]
    return Prepared(lambda: answers(examples, features, starts, ends))
