"""The loop of the official scripts (2020): float32, every sequence padded to 128, batches of 8, one after the other."""

from __future__ import annotations

from typing import Any

from tests.benchmarks.worker import Prepared


def classify(job: dict[str, Any]) -> Prepared:
    """Pairs of texts to labels."""
    import numpy as np
    import torch
    from torch.utils.data import DataLoader, SequentialSampler, TensorDataset
    from transformers import AutoModelForSequenceClassification, AutoTokenizer

    from tests.benchmarks.peers.texts import examples_of

    device = "cuda" if torch.cuda.is_available() else "cpu"
    tokenizer = AutoTokenizer.from_pretrained(job["checkpoint"])
    model = AutoModelForSequenceClassification.from_pretrained(job["checkpoint"]).to(device).eval()
    examples = examples_of(job)

    def run() -> list[str]:
        first, second = [e["text_a"] for e in examples], [e["text_b"] for e in examples]
        read = tokenizer(
            first, second, truncation=True, max_length=job["max_length"], padding="max_length", return_tensors="pt"
        )
        rows = TensorDataset(read["input_ids"], read["attention_mask"])
        found = []
        for ids, mask in DataLoader(rows, sampler=SequentialSampler(rows), batch_size=8):
            with torch.no_grad():
                logits = model(input_ids=ids.to(device), attention_mask=mask.to(device)).logits
            found.append(logits.cpu().numpy())
        return [job["labels"][i] for i in np.concatenate(found).argmax(1)]

    return Prepared(run, {"dtype": "float32"})
