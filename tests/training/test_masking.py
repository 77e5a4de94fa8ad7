"""Texts in many languages, and how they are masked."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from tests.fixtures.families import build as build_base
from xtreme_harness.cards.recipe import Hyper, Masking
from xtreme_harness.data.texts import read_texts, text_hashes
from xtreme_harness.demonstration.tiny import train_tokenizer
from xtreme_harness.errors import DataError, ModelError
from xtreme_harness.models.checkpoint import find_checkpoint
from xtreme_harness.models.head_table import MASKED_LM
from xtreme_harness.models.tokenizer import Tokenizer
from xtreme_harness.training.gradients import inputs_of, reader_of
from xtreme_harness.training.masking import MLM, masked_course, spread
from xtreme_harness.training.network import Role, build
from xtreme_harness.training.objectives import IGNORED, kept_places, objective_of

TEXTS = {
    "en": tuple(f"The boat number {i} left the harbour before the rain began." for i in range(60)),
    "sw": tuple(f"Mashua namba {i} iliondoka bandarini kabla ya mvua kuanza." for i in range(20)),
}


@pytest.fixture(scope="module")
def tokenizer() -> Tokenizer:
    return Tokenizer(train_tokenizer([line for lines in TEXTS.values() for line in lines]), 512)


def test_texts_are_read_by_language(tmp_path: Path) -> None:
    (tmp_path / "en.txt").write_text("\ufeffone\n\n two \n", "utf-8")
    (tmp_path / "de").mkdir()
    (tmp_path / "de" / "a.txt").write_text("eins\n")
    (tmp_path / "de" / "b.txt").write_text("zwei\n")
    assert read_texts(tmp_path) == {"en": ("one", "two"), "de": ("eins", "zwei")}
    assert set(text_hashes(tmp_path)) == {"en.txt", "de/a.txt", "de/b.txt"}


def test_no_more_lines_than_asked_for(tmp_path: Path) -> None:
    (tmp_path / "en.txt").write_text("\n\n\none\ntwo\nthree\n")
    assert read_texts(tmp_path, most=2) == {"en": ("one", "two")}


def test_every_fault_of_the_texts_is_told(tmp_path: Path) -> None:
    (tmp_path / "english.txt").write_text("one\n")
    (tmp_path / "de.txt").write_text("\n")
    (tmp_path / "fr.txt").write_bytes(b"\xff\xfe\xfa")
    (tmp_path / "sw").mkdir()
    (tmp_path / "sw" / "a.txt").write_text("moja\n")
    (tmp_path / "sw" / "b.txt").write_text("")
    with pytest.raises(DataError) as fault:
        read_texts(tmp_path)
    assert "b.txt: holds no text" in str(fault.value)
    assert [part in str(fault.value) for part in ("'english'", "de.txt: holds no text", "fr.txt: cannot be read")] == [
        True, True, True,
    ]  # fmt: skip
    with pytest.raises(DataError, match=r"no texts; expected"):
        read_texts(tmp_path / "nothing")


@pytest.mark.parametrize(("exponent", "share"), [(1.0, 0.75), (0.0, 0.5), (0.5, 0.634)])
def test_the_exponent_lifts_small_languages(exponent: float, share: float) -> None:
    picks = spread({"en": 60, "sw": 20}, exponent, 1000, seed=1)
    assert Counter(language for language, _ in picks)["en"] / 1000 == pytest.approx(share, abs=0.001)
    assert {line for language, line in picks if language == "sw"} == set(range(20))


def test_masks_follow_the_rule(tokenizer: Tokenizer) -> None:
    course = masked_course(TEXTS, Masking(), tokenizer, Hyper(), seed=3)
    assert len(course.lessons) == 80
    before = [lesson for _ in range(40) for lesson in course.lessons]
    assert course.prepare is not None
    special = set(tokenizer.raw.all_special_ids)
    total = sum(i not in special for lesson in before for i in lesson.rows[0].ids)
    fates = 0
    counted: Counter[str] = Counter()
    drawn = zip(before, course.prepare(before, 9), strict=True)
    for old, new in ((old, new) for old, new in drawn if new.goals != (IGNORED,)):
        (old_row,), (new_row,) = old.rows, new.rows
        keep = set(new_row.keep or ())
        assert tuple(old_row.ids[i] for i in new_row.keep or ()) == new.goals
        assert not special & set(new.goals)
        assert all(a == b for i, (a, b) in enumerate(zip(old_row.ids, new_row.ids, strict=True)) if i not in keep)
        for at, goal in zip(new_row.keep or (), new.goals, strict=True):
            fates += 1
            shown = new_row.ids[at]
            fate = "mask" if shown == tokenizer.raw.mask_token_id else "same" if shown == goal else "random"
            counted[fate] += 1
            assert fate != "random" or shown not in special
    assert fates / total == pytest.approx(0.15, abs=0.01)
    assert np.array([counted[k] / fates for k in ("mask", "same", "random")]) == pytest.approx(
        [0.8, 0.1, 0.1], abs=0.02
    )


def test_a_batch_in_which_chance_chose_nothing_costs_nothing(tokenizer: Tokenizer) -> None:
    course = masked_course(TEXTS, Masking(probability=1e-9), tokenizer, Hyper(), seed=3)
    assert course.prepare is not None
    lessons = course.prepare(course.lessons[:2], 5)
    assert [lesson.rows[0].ids for lesson in lessons] == [lesson.rows[0].ids for lesson in course.lessons[:2]]
    objective = objective_of(MASKED_LM)
    logits = torch.zeros(2, max(len(lesson.rows[0].ids) for lesson in lessons), 9, requires_grad=True)
    loss = objective.loss(SimpleNamespace(logits=logits), lessons)
    loss.backward()  # type: ignore[no-untyped-call]
    assert (float(loss.detach()), [objective.units(lesson) for lesson in lessons]) == (0.0, [0, 0])


def test_lines_are_cut_and_come_again(tokenizer: Tokenizer) -> None:
    course = masked_course(TEXTS, Masking(language_exponent=0, max_length=8), tokenizer, Hyper(), seed=3)
    assert {len(lesson.rows[0].ids) for lesson in course.lessons} == {8}
    assert (len(course.lessons), len({id(lesson) for lesson in course.lessons})) == (80, 60)
    assert (course.hyper.max_length, course.hyper.batch_size) == (8, 32)


def test_masks_depend_on_the_seed_alone(tokenizer: Tokenizer) -> None:
    course = masked_course(TEXTS, Masking(), tokenizer, Hyper(), seed=3)
    assert course.prepare is not None
    first, again, other = (course.prepare(course.lessons[:8], seed) for seed in (5, 5, 6))
    assert first == again
    assert first != other


def test_a_tokenizer_without_a_mask_is_refused(tokenizer: Tokenizer) -> None:
    raw = train_tokenizer(list(TEXTS["en"]))
    raw.mask_token = None
    with pytest.raises(ModelError, match="no mask token"):
        masked_course(TEXTS, Masking(), Tokenizer(raw, 512), Hyper(), seed=0)


@pytest.mark.parametrize("family", ["bert", "xlm-roberta", "deberta-v2", "rembert", "modernbert", "eurobert", "xlm"])
def test_the_head_answers_for_the_masked_tokens_alone(tmp_path: Path, family: str) -> None:
    """The vocabulary is most of the arithmetic: it is not compared with states that nobody asks about."""
    checkpoint = find_checkpoint(str(build_base(family, MASKED_LM, tmp_path)), None)
    trainee = build(checkpoint, [Role(MLM, MASKED_LM)], Hyper(), 0).eval()
    course = masked_course(TEXTS, Masking(), trainee.tokenizer, Hyper(), seed=3)
    assert course.prepare is not None
    lessons = course.prepare(course.lessons[:12], 5)
    inputs = inputs_of(reader_of(trainee, course, torch.device("cpu")), lessons)
    with torch.no_grad():
        whole, few = trainee(MLM, inputs), trainee(MLM, inputs, kept_places(lessons))
    assert few.logits.shape == (sum(len(lesson.goals) for lesson in lessons), whole.logits.shape[-1])
    assert torch.allclose(few.logits, whole.logits[kept_places(lessons)], rtol=0, atol=1e-5)
    loss = objective_of(MASKED_LM).loss
    assert float(loss(few, lessons)) == pytest.approx(float(loss(whole, lessons)), rel=1e-5)
