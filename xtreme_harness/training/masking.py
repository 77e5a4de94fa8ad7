"""Masked language modelling over texts in many languages, as one more task of a run.

Texts lie in a folder: `DIR/<lang>.txt`, or `DIR/<lang>/*.txt`, one example a line. A language is drawn in proportion to
its number of lines to a power below 1, so that small languages are seen more often than their share.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from xtreme_harness.cards.recipe import Hyper, Masking
from xtreme_harness.errors import ModelError
from xtreme_harness.models.head_table import MASKED_LM
from xtreme_harness.models.tokenizer import Tokenizer
from xtreme_harness.records import Encoded, Lesson
from xtreme_harness.training.course import Course
from xtreme_harness.training.network import Role
from xtreme_harness.training.objectives import IGNORED

__all__ = ["MLM", "mask", "masked_course", "spread"]

Ids = NDArray[np.int64]
MLM = "mlm"  # the task's name beside the others
_BLOCK = 20_000  # lines tokenised at a time, so that only compact lessons stay


def spread(sizes: Mapping[str, int], exponent: float, total: int, seed: int) -> list[tuple[str, int]]:
    """Pick `total` lines: a language has a share in proportion to its size to the power `exponent`.

    Its lines follow one another in shuffled order, and come again when all were taken.

    >>> from collections import Counter
    >>> dict(Counter(language for language, _ in spread({"en": 900, "sw": 100}, 0.5, 100, seed=0)))
    {'en': 75, 'sw': 25}
    """
    weights = np.array([size**exponent for size in sizes.values()])
    exact = weights / weights.sum() * total
    counts = np.floor(exact).astype(int)
    for index in np.argsort(-(exact - counts), kind="stable")[: total - int(counts.sum())]:
        counts[index] += 1
    picks: list[tuple[str, int]] = []
    for number, ((language, size), count) in enumerate(zip(sizes.items(), counts.tolist(), strict=True)):
        order = np.random.default_rng([seed, 5, number]).permutation(size)
        picks.extend((language, int(order[i % size])) for i in range(count))
    return picks


def masked_course(
    texts: Mapping[str, Sequence[str]], masking: Masking, tokenizer: Tokenizer, hyper: Hyper, seed: int
) -> Course:
    """The task for the loop: its lessons hold the texts as they are, and are masked anew whenever they are drawn.

    Raises:
        ModelError: the tokenizer has no mask token.
    """
    if tokenizer.raw.mask_token_id is None:
        name = tokenizer.raw.name_or_path or type(tokenizer.raw).__name__
        raise ModelError(f"--mlm: the tokenizer of {name} has no mask token; give a base model pretrained with one")
    sizes = {language: len(lines) for language, lines in texts.items()}
    picks = spread(sizes, masking.language_exponent, sum(sizes.values()), seed)
    lessons = _lessons(texts, picks, tokenizer, masking.max_length)
    own = hyper.model_copy(update={"batch_size": masking.batch_size, "max_length": masking.max_length})
    special, ordinary = _vocabulary(tokenizer)

    def prepare(batch: Sequence[Lesson], drawn: int) -> list[Lesson]:
        return mask(batch, masking.probability, tokenizer.raw.mask_token_id, special, ordinary, drawn)

    return Course(Role(MLM, MASKED_LM), own, lessons, prepare=prepare)


def _lessons(
    texts: Mapping[str, Sequence[str]], picks: Sequence[tuple[str, int]], tokenizer: Tokenizer, max_length: int
) -> list[Lesson]:
    """Tokenise the lines that were picked, each once; a line that comes again is the same lesson."""
    made: dict[tuple[str, int], Lesson] = {}
    for block in _blocks(list(dict.fromkeys(picks))):
        for pick, ids in zip(block, tokenizer.ids([texts[language][line] for language, line in block]), strict=True):
            row = tokenizer.one(ids, max_length)
            types = None if row.types is None else array("b", row.types)
            made[pick] = Lesson((Encoded(array("i", row.ids), types),), ())
    return [made[pick] for pick in picks]


def _blocks(picks: Sequence[tuple[str, int]]) -> Iterator[Sequence[tuple[str, int]]]:
    return (picks[first : first + _BLOCK] for first in range(0, len(picks), _BLOCK))


def _vocabulary(tokenizer: Tokenizer) -> tuple[Ids, Ids]:
    """Ids of the special tokens, and of all others that the network knows."""
    special = np.array(sorted(set(tokenizer.raw.all_special_ids)), dtype=np.int64)
    size = min(tokenizer.size or len(tokenizer.raw), len(tokenizer.raw))
    return special, np.setdiff1d(np.arange(size), special)


def mask(
    lessons: Sequence[Lesson], probability: float, mask_id: int, special: Ids, ordinary: Ids, seed: int
) -> list[Lesson]:
    """Choose tokens to be predicted (BERT, Devlin et al. 2019): 80 % are masked, 10 % random, 10 % stay as they are.

    Args:
        lessons: texts as they are, one sequence each.
        probability: of a token that is not special to be chosen.
        mask_id: stands in the place of a masked token.
        special: ids that are never chosen.
        ordinary: ids that a random token is drawn from.
        seed: the result is a function of it and of the other arguments.

    Returns:
        lessons that keep the chosen positions, with the ids that stood there as goals. Where chance chose none, the
        first position is kept with a goal that the objective ignores: every lesson has an answer to compare.
    """
    rng = np.random.default_rng([seed, 7])
    lengths = [len(lesson.rows[0].ids) for lesson in lessons]
    before = np.concatenate([np.array(lesson.rows[0].ids, dtype=np.int64) for lesson in lessons])
    chosen = (rng.random(len(before)) < probability) & ~np.isin(before, special)
    fate = rng.random(len(before))
    after = np.where(chosen & (fate < 0.8), mask_id, before)
    swapped = np.flatnonzero(chosen & (fate >= 0.8) & (fate < 0.9))
    after[swapped] = rng.choice(ordinary, len(swapped))
    found, first = [], 0
    for lesson, length in zip(lessons, lengths, strict=True):
        part = slice(first, first + length)
        keep = np.flatnonzero(chosen[part])
        goals = tuple(before[part][keep].tolist())
        row = Encoded(array("i", after[part].tolist()), lesson.rows[0].types, tuple(keep.tolist()) or (0,))
        found.append(Lesson((row,), goals or (IGNORED,)))
        first += length
    return found
