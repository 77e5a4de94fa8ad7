"""Training in batches of 32: our loop against `transformers.Trainer.train`, and heads over a frozen encoder.

Texts in, trained weights out; each saves its state as it does by default. Both start from the same weights and take the
same number of optimiser steps; batches are drawn by each side's own generator.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from tests.benchmarks.worker import Prepared

BATCH, RATE = 32, 2e-5


def ours(job: dict[str, Any]) -> Prepared:
    """Our training loop; answers with the number of optimiser steps."""
    from tests.benchmarks.materials import split_of
    from xtreme_harness.cards.recipe import Hyper, Mixture
    from xtreme_harness.kinds import KINDS
    from xtreme_harness.models.checkpoint import find_checkpoint
    from xtreme_harness.models.device import choose_device, choose_dtype
    from xtreme_harness.training.course import Course, head_of, lessons_of
    from xtreme_harness.training.loop import fit
    from xtreme_harness.training.network import Role, build

    split, card = split_of(job)
    kind = KINDS[card.kind]
    frozen = bool(job.get("frozen"))
    hyper = Hyper(lr=RATE, epochs=job.get("epochs", 1), batch_size=BATCH, selection="last", freeze_encoder=frozen)
    role = Role(card.name, head_of(kind), card.labels, card.aliases)
    trainee = build(find_checkpoint(job["checkpoint"], None), [role], hyper, 0, keep_head=True)
    if trainee.frozen is not None and not job.get("kept", True):
        trainee.frozen.most = 0

    def run() -> int:
        with tempfile.TemporaryDirectory(dir=job["folder"]) as folder:
            course = Course(role, hyper, lessons_of(kind, split, trainee.tokenizer, card))
            return fit(trainee, [course], hyper, Mixture(), Path(folder), 0, dtype=job["dtype"]).steps

    return Prepared(run, {"dtype": choose_dtype(job["dtype"], choose_device("auto"))})


def trainer(job: dict[str, Any]) -> Prepared:
    """`Trainer.train` with its defaults but for the batch of 32; answers with the number of optimiser steps."""
    import torch
    from transformers import (
        AutoModelForSequenceClassification,
        AutoTokenizer,
        DataCollatorWithPadding,
        Trainer,
        TrainingArguments,
    )

    from tests.benchmarks.peers.texts import examples_of

    tokenizer = AutoTokenizer.from_pretrained(job["checkpoint"])
    model = AutoModelForSequenceClassification.from_pretrained(job["checkpoint"])
    examples = examples_of(job)
    labels = [job["labels"].index(e["label"]) for e in examples]

    def run() -> int:
        first, second = [e["text_a"] for e in examples], [e["text_b"] for e in examples]
        read = tokenizer(first, second, truncation=True, max_length=job["max_length"])
        rows = [
            {"input_ids": ids, "attention_mask": mask, "label": label}
            for ids, mask, label in zip(read["input_ids"], read["attention_mask"], labels, strict=True)
        ]
        with tempfile.TemporaryDirectory(dir=job["folder"]) as folder:
            arguments = TrainingArguments(
                folder, per_device_train_batch_size=BATCH, num_train_epochs=1, learning_rate=RATE,
                report_to="none", disable_tqdm=True, use_cpu=not torch.cuda.is_available(),
            )  # fmt: skip
            teacher = Trainer(model, arguments, train_dataset=rows, data_collator=DataCollatorWithPadding(tokenizer))
            return int(teacher.train().global_step)

    return Prepared(run, {"dtype": "float32"})
