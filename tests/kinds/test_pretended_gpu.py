"""Every kind on a GPU that is pretended: nothing is mixed up or fetched row by row, the answers are the same."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.fixtures.cells_of_kinds import Cell, alike, cell_of, checkpoint_for, model_for
from tests.fixtures.families import FAMILIES
from tests.fixtures.pretended_gpu import Seen, pretended_gpu
from xtreme_harness import evaluate
from xtreme_harness.kinds import KINDS
from xtreme_harness.kinds.predict import predict
from xtreme_harness.models.head_table import HEADS
from xtreme_harness.records import Arrays

FEW = 4


def on_gpu(cell: Cell, path: Path, **options: Any) -> tuple[dict[str, Any], Arrays, Seen]:
    """Predictions, the network's answers, and what the GPU saw of them after the model was loaded."""
    kind = KINDS[cell.card.kind]
    with pretended_gpu() as seen:
        model = model_for(cell, path, "cuda", **options)
        seen.waits.clear()
        arrays = model.forward(kind.featurize(cell.split, model.tokenizer, cell.card))
        waits = seen.waits.copy()
        found = predict(model, kind, cell.split, cell.card, cell.split if kind.calibrate else None).found
    seen.waits = waits
    return found, arrays, seen


@pytest.mark.parametrize("name", KINDS)
def test_a_kind(name: str, tmp_path: Path) -> None:
    cell, kind = cell_of(name), KINDS[name]
    path = checkpoint_for(cell, "xlm-roberta", tmp_path / "model")
    found, arrays, seen = on_gpu(cell, path)
    model = model_for(cell, path, "cpu")
    expected = model.forward(kind.featurize(cell.split, model.tokenizer, cell.card))
    assert np.abs(arrays.values - expected.values).max() < 1e-4
    assert alike(found, predict(model, kind, cell.split, cell.card, cell.split if kind.calibrate else None).found)
    assert arrays.device == "cuda" and seen.operations > 20 and seen.pinned and seen.products == {"ieee"}

    few = replace(cell, split=replace(cell.split, examples=cell.split.examples[:FEW]))
    assert len(few.split.examples) < len(cell.split.examples)
    assert on_gpu(few, path)[2].waits == seen.waits, "the host waits oftener where there are more rows in a batch"


@pytest.mark.slow
@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("name", sorted({kind.head or "": name for name, kind in KINDS.items()}.values()))
def test_a_family(name: str, family: str, tmp_path: Path) -> None:
    cell = cell_of(name, FEW)
    head = KINDS[name].head
    if head and HEADS[head].pretrained and family not in ("bert", "xlm-roberta", "modernbert", "deberta-v2"):
        pytest.skip("no masked-LM head")
    path = checkpoint_for(cell, family, tmp_path / "model")
    arrays = on_gpu(cell, path)[1]
    model = model_for(cell, path, "cpu")
    expected = model.forward(KINDS[name].featurize(cell.split, model.tokenizer, cell.card))
    assert np.abs(arrays.values - expected.values).max() < 1e-4


@pytest.mark.slow
def test_the_command(checkpoint: Path, tmp_path: Path) -> None:
    """An evaluation from files to files: the same predictions, but for the device in the fingerprint."""
    asked: dict[str, Any] = {
        "tasks": ["xnli", "panx", "xquad", "bucc2018", "tatoeba"], "data": "samples",
        "languages": ["en", "de"], "dtype": "float32",
    }  # fmt: skip
    with pretended_gpu() as seen:
        evaluate(checkpoint, device="auto", output=tmp_path / "gpu", **asked)
    evaluate(checkpoint, device="cpu", output=tmp_path / "cpu", **asked)
    files = sorted(path.relative_to(tmp_path / "cpu") for path in (tmp_path / "cpu" / "predictions").rglob("*.*"))
    assert len(files) >= 6 and seen.operations and seen.products == {"ieee"}
    for file in files:
        assert (tmp_path / "gpu" / file).read_bytes() == (tmp_path / "cpu" / file).read_bytes(), file
