"""`transformers.Trainer.predict` as its documented examples call it: batches of 8 in file order, padded to the longest.

Texts are tokenised in one batched call to the fast tokenizer, which is no slower than the examples' `datasets.map`.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from tests.benchmarks.peers import qa
from tests.benchmarks.peers.texts import examples_of
from tests.benchmarks.worker import Prepared


def classify(job: dict[str, Any]) -> Prepared:
    """Pairs of texts to labels; `tuned`: batches of 32 in bfloat16 (`bf16_full_eval`)."""
    from transformers import AutoModelForSequenceClassification, DataCollatorWithPadding

    tokenizer, logits = _trainer(job, AutoModelForSequenceClassification, DataCollatorWithPadding)
    examples = examples_of(job)

    def run() -> list[str]:
        first, second = [e["text_a"] for e in examples], [e["text_b"] for e in examples]
        found = logits(_rows(tokenizer(first, second, truncation=True, max_length=job["max_length"])))
        return [job["labels"][i] for i in found.argmax(1)]

    return Prepared(run, {"dtype": "bfloat16" if job.get("tuned") else "float32"})


def tag(job: dict[str, Any]) -> Prepared:
    """Words to tags: the first piece of a word answers for it."""
    from transformers import AutoModelForTokenClassification, DataCollatorForTokenClassification

    tokenizer, logits = _trainer(job, AutoModelForTokenClassification, DataCollatorForTokenClassification)
    examples = examples_of(job)

    def run() -> list[list[str]]:
        words = [list(e["words"]) for e in examples]
        read = tokenizer(words, is_split_into_words=True, truncation=True, max_length=job["max_length"])
        best = logits(_rows(read)).argmax(2)
        return [_tags(read.word_ids(i), best[i], job["labels"]) for i in range(len(words))]

    return Prepared(run, {"dtype": "float32"})


def choose(job: dict[str, Any]) -> Prepared:
    """A text and its continuations to the index of one."""
    from transformers import AutoModelForMultipleChoice, DataCollatorForMultipleChoice

    tokenizer, logits = _trainer(job, AutoModelForMultipleChoice, DataCollatorForMultipleChoice)
    examples = examples_of(job)

    def run() -> list[int]:
        first = [e["text"] for e in examples for _ in e["choices"]]
        second = [choice for e in examples for choice in e["choices"]]
        flat = _rows(tokenizer(first, second, truncation=True, max_length=job["max_length"]))
        size = len(examples[0]["choices"])
        groups = [flat[i : i + size] for i in range(0, len(flat), size)]
        rows = [{**{key: [row[key] for row in group] for key in group[0]}, "label": 0} for group in groups]
        return [int(i) for i in logits(rows).argmax(1)]

    return Prepared(run, {"dtype": "float32"})


def answer(job: dict[str, Any]) -> Prepared:
    """Questions and passages to answers; `padding` of the windows as the example's option of that name."""
    from transformers import AutoModelForQuestionAnswering, DataCollatorWithPadding

    tokenizer, logits = _trainer(job, AutoModelForQuestionAnswering, DataCollatorWithPadding)
    examples = examples_of(job)

    def run() -> list[str]:
        features = qa.windows(tokenizer, examples, job["max_length"], job["padding"])
        starts, ends = logits([feature["row"] for feature in features])
        return qa.answers(examples, features, starts, ends)

    return Prepared(run, {"dtype": "float32"})


def _trainer(
    job: dict[str, Any], model_class: Any, collator: Callable[[Any], Any]
) -> tuple[Any, Callable[[Sequence[Any]], Any]]:
    """The tokenizer, and a function from rows to logits."""
    import torch
    from transformers import AutoTokenizer, Trainer, TrainingArguments

    tokenizer = AutoTokenizer.from_pretrained(job["checkpoint"])
    tuned = {"per_device_eval_batch_size": 32, "bf16_full_eval": True} if job.get("tuned") else {}
    arguments = TrainingArguments(
        tempfile.mkdtemp(dir=job["folder"]), report_to="none", disable_tqdm=True,
        use_cpu=not torch.cuda.is_available(), **tuned,
    )  # fmt: skip
    model = model_class.from_pretrained(job["checkpoint"])
    trainer = Trainer(model, arguments, data_collator=collator(tokenizer))
    return tokenizer, lambda rows: trainer.predict(list(rows)).predictions


def _rows(read: Any) -> list[dict[str, Any]]:
    keys = [key for key in ("input_ids", "attention_mask", "token_type_ids") if key in read]
    return [dict(zip(keys, values, strict=True)) for values in zip(*(read[key] for key in keys), strict=True)]


def _tags(words: Sequence[int | None], best: np.ndarray, labels: Sequence[str]) -> list[str]:
    found, last = [], None
    for position, word in enumerate(words):
        if word is not None and word != last:
            found.append(labels[best[position]])
        last = word
    return found
