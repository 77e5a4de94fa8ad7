"""Masked language modelling over texts in many languages, as one more task of a run.

Texts lie in a folder: `DIR/<lang>.txt`, or `DIR/<lang>/*.txt`, one example a line. A language is drawn in proportion to
its number of lines to a power below 1, so that small languages are seen more often than their share.
"""

from __future__ import annotations

from array import array
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from xtreme_harness.data.sources import file_hash
from xtreme_harness.errors import DataError, ModelError, listed
from xtreme_harness.languages import LANGUAGES, nearest_code
from xtreme_harness.models.tokenizer import Tokenizer
from xtreme_harness.records import Encoded, Lesson
from xtreme_harness.train.course import Course
from xtreme_harness.train.network import Role
from xtreme_harness.train.objectives import MASKED_LM
from xtreme_harness.train.recipe import Hyper, Masking

__all__ = ["MLM", "mask", "masked_course", "read_texts", "require_texts", "spread", "text_hashes"]

MLM = "mlm"  # the task's name beside the others
_MOST = 1_000_000  # lines of a language that are read


def read_texts(folder: Path, most: int = _MOST) -> dict[str, tuple[str, ...]]:
    """Read the lines of every language, at most `most` of each, blank ones left out.

    Raises:
        DataError: no text files, an unknown language, a file that is empty or no UTF-8; all faults together.
    """
    found: dict[str, list[str]] = {}
    faults: list[str] = []
    for language, file in _files(folder, faults):
        try:
            with file.open(encoding="utf-8") as lines:
                kept = found.setdefault(language, [])
                kept.extend(
                    line.strip() for line, _ in zip(lines, range(most - len(kept)), strict=False) if line.strip()
                )
        except (OSError, UnicodeDecodeError) as error:
            faults.append(f"{file}: cannot be read as UTF-8 text ({type(error).__name__})")
            continue
        if not kept:
            faults.append(f"{file}: holds no text")
    if faults:
        raise DataError(*listed(faults))
    return {language: tuple(lines) for language, lines in found.items()}


def require_texts(folder: Path) -> None:
    """Raise DataError where a folder holds no texts, or texts in unknown languages; reads none of them."""
    faults: list[str] = []
    _files(folder, faults)
    if faults:
        raise DataError(*listed(faults))


def text_hashes(folder: Path) -> dict[str, str]:
    """File, relative to the folder -> SHA-256."""
    return {file.relative_to(folder).as_posix(): file_hash(file) for _, file in _files(folder, [])}


def _files(folder: Path, faults: list[str]) -> list[tuple[str, Path]]:
    """Language and path of every text file."""
    plain = [(file.stem, file) for file in sorted(folder.glob("*.txt"))]
    nested = [(file.parent.name, file) for file in sorted(folder.glob("*/*.txt"))]
    for language, file in [*plain, *nested]:
        if language not in LANGUAGES:
            faults.append(f"{file}: unknown language '{language}'{nearest_code(language)}")
    if not plain and not nested:
        faults.append(f"--mlm {folder}: no texts; expected {folder}/<lang>.txt, or {folder}/<lang>/*.txt")
    return [*plain, *nested]


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
        raise ModelError(f"--mlm: the tokenizer ({type(tokenizer.raw).__name__}) has no mask token")
    ids = {language: tokenizer.ids(lines) for language, lines in texts.items()}
    sizes = {language: len(lines) for language, lines in texts.items()}
    picks = spread(sizes, masking.language_exponent, sum(sizes.values()), seed)
    lessons = []
    for language, line in picks:
        encoded = tokenizer.one(ids[language][line], masking.max_length)
        types = None if encoded.types is None else array("b", encoded.types)
        lessons.append(Lesson((Encoded(array("i", encoded.ids), types),), ()))
    own = hyper.model_copy(update={"batch_size": masking.batch_size, "max_length": masking.max_length})

    def prepare(batch: Sequence[Lesson], drawn: int) -> list[Lesson]:
        return mask(batch, masking.probability, tokenizer, drawn)

    return Course(Role(MLM, MASKED_LM), own, lessons, prepare=prepare)


def mask(lessons: Sequence[Lesson], probability: float, tokenizer: Tokenizer, seed: int) -> list[Lesson]:
    """Choose tokens to be predicted (BERT, Devlin et al. 2019): 80 % are masked, 10 % random, 10 % stay as they are.

    Special tokens are never chosen, and never put in the place of another.
    """
    rng = np.random.default_rng([seed, 7])
    special = np.array(sorted(set(tokenizer.raw.all_special_ids)), dtype=np.int64)
    size = tokenizer.size or len(tokenizer.raw)
    ordinary = np.setdiff1d(np.arange(min(size, len(tokenizer.raw))), special)
    found = []
    for lesson in lessons:
        row = lesson.rows[0]
        ids = np.array(row.ids, dtype=np.int64)
        chosen = np.flatnonzero((rng.random(len(ids)) < probability) & ~np.isin(ids, special))
        goals = tuple(ids[chosen].tolist())
        fate = rng.random(len(chosen))
        ids[chosen[fate < 0.8]] = tokenizer.raw.mask_token_id
        swapped = chosen[(fate >= 0.8) & (fate < 0.9)]
        ids[swapped] = rng.choice(ordinary, len(swapped))
        found.append(Lesson((Encoded(array("i", ids.tolist()), row.types, tuple(chosen.tolist())),), goals))
    return found
