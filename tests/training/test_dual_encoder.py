"""Dual encoders: their lessons, that they learn, and that evaluation reads the vectors as they were trained."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch.nn.functional import cosine_similarity, normalize

from tests.fixtures.families import build
from tests.fixtures.training_runs import CARDS, prepared, stage_on_samples
from xtreme_harness.cards.recipe import Mixture
from xtreme_harness.kinds import KINDS
from xtreme_harness.kinds.retrieval import RetrievalExample
from xtreme_harness.models.checkpoint import find_checkpoint
from xtreme_harness.models.load import load_model
from xtreme_harness.models.pooling import choose_pooling
from xtreme_harness.records import Encoded, Features, Passage, Split
from xtreme_harness.training import course as courses
from xtreme_harness.training.course import lessons_of
from xtreme_harness.training.gradients import reader_of
from xtreme_harness.training.loop import fit
from xtreme_harness.training.saving import save_checkpoint

pytestmark = pytest.mark.slow

KIND = KINDS["retrieval"]
CPU = torch.device("cpu")


@torch.no_grad()
def vectors(trainee: Any, course: Any, rows: Sequence[Encoded]) -> torch.Tensor:
    """(n, d), as the network gives them in training."""
    trainee.eval()
    inputs = reader_of(trainee, course, CPU).tensors(rows, "en")
    found: torch.Tensor = trainee.members[course.name](**inputs).vectors
    return found


def accuracy(trainee: Any, course: Any, size: int = 8) -> float:
    """Share of the queries whose own passage is the nearest of `size` different ones."""
    own = {tuple(lesson.rows[1].ids): lesson for lesson in course.lessons}
    lessons = list(own.values())[: len(own) // size * size]
    both = (vectors(trainee, course, [lesson.rows[side] for lesson in lessons]) for side in (0, 1))
    queries, passages = (normalize(found, dim=-1).view(-1, size, found.shape[1]) for found in both)
    nearest = (queries @ passages.transpose(1, 2)).argmax(-1)
    return float((nearest == torch.arange(size)).float().mean())


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


class Counting:
    """A tokenizer of letters that counts what it is given."""

    def __init__(self) -> None:
        self.texts: list[str] = []

    def ids(self, texts: Sequence[str]) -> list[list[int]]:
        """A number a letter."""
        self.texts += texts
        return [[ord(letter) for letter in text] for text in texts]

    def one(self, ids: Sequence[int], length: int) -> Encoded:
        """The first so many."""
        return Encoded(list(ids)[:length])


def test_only_wanted_passages_are_tokenised_and_each_is_held_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(courses, "_BLOCK", 3)
    pool = [Passage(f"p{i}", f"passage {i}") for i in range(9)]
    wanted = ["p0", "p0", "p1", "p4", "p4", "p7"]
    examples = tuple(RetrievalExample(str(i), f"query {i}", (key,)) for i, key in enumerate(wanted))
    tokenizer = Counting()
    split = Split("mewslix", "en", "train", examples, pool)
    lessons = lessons_of(KIND, split, tokenizer, CARDS.card("mewslix"))  # type: ignore[arg-type]
    texts = [["".join(map(chr, row.ids)) for row in lesson.rows] for lesson in lessons]
    assert texts == [[f"query {i}", f"passage {key[1]}"] for i, key in enumerate(wanted)]
    assert sorted(t for t in tokenizer.texts if t.startswith("p")) == [f"passage {i}" for i in (0, 1, 4, 7)]
    assert lessons[0].rows[1] is lessons[1].rows[1]


@pytest.mark.slow
@pytest.mark.parametrize("task", ["lareqa", "mewslix"])
def test_it_learns(tmp_path: Path, task: str) -> None:
    settings = (
        "max_steps=60",
        "lr=1e-3",
        "epochs=60",
        "batch_size=16",
        "score_scale=20",
        "dropout=0",
        "warmup_ratio=0",
    )
    stage = stage_on_samples(build("bert", None, tmp_path / "base"), (task,), *settings)
    trainee, (course,) = prepared(stage)
    before = accuracy(trainee, course)
    events: list[Any] = []
    outcome = fit(
        trainee, [course], course.hyper, Mixture(), tmp_path / "state", 1, device="cpu", report=events.append
    )  # fmt: skip
    losses = [event["loss"] for event in events if "loss" in event]
    after = accuracy(trainee, course)
    assert outcome.steps == 60 and set(outcome.best.scores or ()) == {task}  # the pairs held out were looked at
    assert min(losses[-3:]) < 0.7 * losses[0]  # of ten batches each, and the vocabulary differs from run to run
    assert after > max(0.4, before + 0.2)  # by chance an eighth
