"""Dual encoders: evaluation reads the vectors as they were trained."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch.nn.functional import cosine_similarity

from tests.models.families import build
from tests.train.training_runs import CARDS, prepared, stage_on_samples
from xtreme_harness.kinds import KINDS
from xtreme_harness.models.checkpoint import find_checkpoint
from xtreme_harness.models.load import load_model
from xtreme_harness.models.pooling import choose_pooling
from xtreme_harness.records import Encoded, Features
from xtreme_harness.train.checkpoint import save_checkpoint
from xtreme_harness.train.loop import _reader

KIND = KINDS["retrieval"]
CPU = torch.device("cpu")


@torch.no_grad()
def vectors(trainee: Any, course: Any, rows: Sequence[Encoded]) -> torch.Tensor:
    """(n, d), as the network gives them in training."""
    trainee.eval()
    inputs = _reader(trainee, course, CPU).tensors(rows, "en")
    found: torch.Tensor = trainee.members[course.name](**inputs).vectors
    return found


@pytest.mark.parametrize("family", ["bert", "xlm-roberta", "deberta-v2", "xlm", "mt5", "qwen2"])
def test_evaluation_reads_the_vectors_as_trained(tmp_path: Path, family: str) -> None:
    trainee, (course,) = prepared(stage_on_samples(build(family, None, tmp_path / "base"), ("lareqa",)))
    rows = [row for lesson in course.lessons[:6] for row in lesson.rows]
    trained = vectors(trainee, course, rows)
    save_checkpoint(trainee, ["lareqa"], tmp_path / "saved", {"stage": "target", "tasks": ["lareqa"]})
    saved = find_checkpoint(str(tmp_path / "saved"), "lareqa")
    model = load_model(saved, None, (), choose_pooling(CARDS.card("lareqa"), saved), "cpu", "float32")
    read = torch.from_numpy(np.array(model.forward(Features(rows)).values))
    expected = cosine_similarity(trained[0::2], trained[1::2])
    assert float(expected.std()) > 1e-4  # else any reading would do
    torch.testing.assert_close((read[0::2] * read[1::2]).sum(-1), expected, atol=2e-6, rtol=0)
