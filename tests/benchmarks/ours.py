"""Our side: what a user of the Python package calls."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from tests.benchmarks.logits import made_up
from tests.benchmarks.materials import split_of
from tests.benchmarks.peak import forward_gflop
from tests.benchmarks.worker import Prepared
from xtreme_harness.kinds import KINDS
from xtreme_harness.kinds.predict import predict
from xtreme_harness.models.checkpoint import find_checkpoint
from xtreme_harness.models.fit import label_order
from xtreme_harness.models.load import Model, load_model
from xtreme_harness.models.pooling import Pooling, choose_pooling
from xtreme_harness.models.tokenizer import Tokenizer
from xtreme_harness.records import Arrays


def predictor(job: dict[str, Any]) -> Prepared:
    """Texts in, predictions out: tokenising, forward and decoding."""
    split, card = split_of(job)
    kind, model = KINDS[card.kind], _model(job)

    def run() -> list[Any]:
        found = predict(model, kind, split, card, split if card.calibrate else None).found
        return [found[e.id] for e in split.examples]

    return Prepared(run, {"dtype": _dtype(model)})


def forward(job: dict[str, Any]) -> Prepared:
    """The encoder's forward pass alone, over the lengths that the texts have, to vectors.

    All states of the last layer are needed for the mean, so that the arithmetic counted is the arithmetic done.
    """
    split, card = split_of(job)
    checkpoint = find_checkpoint(job["checkpoint"], None)
    model = load_model(checkpoint, None, (), Pooling(checkpoint.layers, "mean", "flags"), dtype=job["dtype"])
    features = replace(KINDS[card.kind].featurize(split, model.tokenizer, card), pool=())
    lengths = [len(ids) for ids in {tuple(e.ids) for e in features.inputs}]  # equal ones are computed once
    config = model.network.config
    gflop = forward_gflop(lengths, config.num_hidden_layers, config.hidden_size, config.intermediate_size)
    facts = {"dtype": _dtype(model), "gflop": gflop, "mean tokens": round(float(np.mean(lengths)), 1)}
    return Prepared(lambda: len(model.forward(features).values), facts)


def qa_decoding(job: dict[str, Any]) -> Prepared:
    """From logits to answers."""
    from transformers import AutoTokenizer

    split, card = split_of(job)
    kind = KINDS[card.kind]
    features = kind.featurize(split, Tokenizer(AutoTokenizer.from_pretrained(job["checkpoint"]), 512), card)
    table = made_up([len(e.ids) for e in features.inputs])
    offsets = np.cumsum([0, *(len(logits) for logits in table)])
    arrays = Arrays(np.concatenate(table), offsets)

    def run() -> list[Any]:
        found = kind.decode(arrays, features, split, card)
        return [found[e.id] for e in split.examples]

    return Prepared(run)


def _model(job: dict[str, Any]) -> Model:
    _, card = split_of(job)
    kind = KINDS[card.kind]
    checkpoint = find_checkpoint(job["checkpoint"], None)
    if kind.head is None:
        return load_model(checkpoint, None, (), choose_pooling(card, checkpoint, "last", "mean"), dtype=job["dtype"])
    order = label_order(checkpoint, card.labels, card.aliases, card.name) if card.labels else ()
    return load_model(checkpoint, kind.head, order, dtype=job["dtype"])


def _dtype(model: Model) -> str:
    return str(model.network.dtype).removeprefix("torch.")
