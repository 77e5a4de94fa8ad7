"""On a GPU: the answers of the processor, the same vectors and neighbours, and a way on where memory runs out."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from tests.benchmarks.materials import ENCODER
from tests.benchmarks.precision import ALLOWED, moved
from tests.fixtures.cells_of_kinds import alike, cell_of, checkpoint_for, model_for
from tests.fixtures.families import FAMILIES
from xtreme_harness import evaluate
from xtreme_harness.kinds import KINDS
from xtreme_harness.kinds.predict import predict
from xtreme_harness.models.pooling import Pooling
from xtreme_harness.records import Encoded, Features
from xtreme_harness.search.margin import mine
from xtreme_harness.search.nearest import knn, normalised

pytestmark = pytest.mark.gpu
CLOSE = 1e-4  # logits in float32


@pytest.mark.parametrize("family", ["xlm-roberta", "bert", "modernbert"])
@pytest.mark.parametrize("name", KINDS)
def test_the_answers_of_the_processor(name: str, family: str, tmp_path: Path) -> None:
    cell, kind = cell_of(name), KINDS[name]
    path = checkpoint_for(cell, family, tmp_path / "model")
    found = {}
    for device in ("cuda", "cpu"):
        model = model_for(cell, path, device)
        arrays = model.forward(kind.featurize(cell.split, model.tokenizer, cell.card))
        answers = predict(model, kind, cell.split, cell.card, cell.split if kind.calibrate else None).found
        found[device] = arrays, answers
    assert found["cuda"][0].values.shape == found["cpu"][0].values.shape
    assert np.abs(found["cuda"][0].values - found["cpu"][0].values).max() < CLOSE
    if kind.answers not in ("ids", "grades"):  # two passages of a random encoder may be as near as float32 can tell
        assert alike(found["cuda"][1], found["cpu"][1])


@pytest.mark.parametrize("family", FAMILIES)
def test_every_family(family: str, tmp_path: Path) -> None:
    cell = cell_of("sequence_classification")
    path = checkpoint_for(cell, family, tmp_path / "model")
    values = []
    for device in ("cuda", "cpu"):
        model = model_for(cell, path, device)
        features = KINDS[cell.card.kind].featurize(cell.split, model.tokenizer, cell.card)
        values.append(model.forward(features).values)
    assert np.abs(values[0] - values[1]).max() < CLOSE


def test_bfloat16_moves_a_score_less_than_a_tenth_of_its_interval(tmp_path: Path) -> None:
    """With a real encoder, whose neighbours stand apart."""
    if torch.cuda.get_device_capability()[0] < 8:
        pytest.skip("this GPU does not multiply bfloat16 natively")
    cells = {}
    for dtype, device in (("float32", "cpu"), ("bfloat16", "cuda")):
        out = tmp_path / dtype
        evaluate(ENCODER, ["tatoeba"], data="samples", languages=["de", "el"], dtype=dtype, device=device, output=out)
        found = json.loads((out / "results.json").read_text("utf-8"))["xharness"]["cells"]
        cells[dtype] = {(cell["task"], cell["language"]): cell for cell in found}
    assert cells["float32"].keys() == cells["bfloat16"].keys()
    for key, one in cells["float32"].items():
        assert moved(one, cells["bfloat16"][key]) < ALLOWED, key


@pytest.mark.parametrize(("queries", "pool", "width"), [(7, 5, 16), (500, 9000, 384), (5000, 20000, 64)])
def test_the_same_neighbours(queries: int, pool: int, width: int) -> None:
    rng = np.random.default_rng(0)
    x, y = (normalised(rng.standard_normal((n, width)).astype(np.float32)) for n in (queries, pool))
    y[1] = y[0]  # a tie
    for found, expected in zip(knn(x, y, 10, "cuda"), knn(x, y, 10, "cpu"), strict=True):
        assert np.array_equal(found, expected)


def test_the_same_pairs() -> None:
    rng = np.random.default_rng(1)
    x, y = (normalised(rng.standard_normal((n, 64)).astype(np.float32)) for n in (400, 600))
    texts = [[f"{side} {i}" for i in range(len(vectors))] for side, vectors in (("x", x), ("y", y))]
    assert mine(x, y, *texts, device="cuda") == mine(x, y, *texts, device="cpu")


def test_memory_that_runs_out(tmp_path: Path) -> None:
    """Batches come again in halves, on a GPU of which one gigabyte may be used; the answers are the same."""
    cell = cell_of("similarity")
    model = model_for(cell, checkpoint_for(cell, "xlm-roberta", tmp_path / "model"), "cuda")
    model.pooling = Pooling(2, "mean", "flags")
    rng = np.random.default_rng(2)
    rows = [Encoded(tuple(rng.integers(5, 1000, 500).tolist())) for _ in range(8000)]
    budget = 1 << 23
    whole = torch.cuda.get_device_properties(0).total_memory
    torch.cuda.empty_cache()
    torch.cuda.set_per_process_memory_fraction(min(1.0, (1 << 30) / whole))
    try:
        short = replace(model, budget=budget)
        found = short.forward(Features(rows)).values
    finally:
        torch.cuda.set_per_process_memory_fraction(1.0)
        torch.cuda.empty_cache()
    assert short.budget < budget, "memory did not run out: the test says nothing"
    assert np.abs(found[:50] - model.forward(Features(rows[:50])).values).max() < CLOSE
