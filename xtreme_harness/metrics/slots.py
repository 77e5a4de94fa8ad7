"""F1 of slots whose labels have no prefix (MASSIVE): a run of equal labels is one span, `Other` is outside of all.

Two slots of one label that stand side by side are therefore one span. Every word has one label here, so MASSIVE's rule
for sub-tokens (they go with the word before) has nothing to do.
Source: `eval_preds` and `convert_to_bio` of alexa/massive (f966f21), with seqeval's micro F1.
"""

from __future__ import annotations

from collections.abc import Sequence
from operator import eq

from xtreme_harness.metrics.base import Metric
from xtreme_harness.metrics.tagging import ENTITY_F1, Tags, chunk_f1, chunk_rows
from xtreme_harness.records import Rows

__all__ = ["OUTSIDE", "SLOT_F1", "as_bio", "slot_rows"]

OUTSIDE = ("Other", "O")


def slot_rows(predictions: Sequence[Tags], golds: Sequence[Tags], language: str) -> Rows:
    """Return (n, 5) statistics of sentences of slots: spans that are right, predicted, gold; words right; words.

    A prediction that is shorter than its sentence is filled up with `Other`, a longer one is cut. The language is not
    used.

    Raises:
        DataError: A label is empty.
        ValueError: The sequences differ in length.

    >>> slot_rows([("X", "X", "Z")], [("X", "X", "Y")], "en").tolist()
    [[1.0, 2.0, 2.0, 2.0, 3.0]]
    """
    pairs = list(zip(predictions, golds, strict=True))
    found = [(*tags[: len(gold)], *[OUTSIDE[0]] * (len(gold) - len(tags))) for tags, gold in pairs]
    rows = chunk_rows([as_bio(tags) for tags in found], [as_bio(tags) for tags in golds], _slot)
    rows[:, 3] = [sum(map(eq, tags, gold)) for tags, gold in zip(found, golds, strict=True)]
    return rows


def as_bio(labels: Tags) -> Tags:
    """Return a sentence's labels as tags that say where a span begins.

    >>> as_bio(("city", "city", "Other", "country"))
    ('B-city', 'I-city', 'O', 'B-country')
    """
    tags, before = [], ""
    for label in labels:
        inside = label not in OUTSIDE and label != ""
        tags.append(f"{'I' if label == before else 'B'}-{label}" if inside else "O" if label else "")
        before = label
    return tuple(tags)


def _slot(tag: str) -> str:
    """The slot of a tag, hyphens and all."""
    return tag if tag == "O" else tag[2:]


SLOT_F1: Metric[Tags, Tags] = Metric(
    name="slot_f1",
    main=ENTITY_F1.main,
    official=ENTITY_F1.official,
    columns=ENTITY_F1.columns,
    rows=slot_rows,
    reduce=chunk_f1,
    lm_eval=ENTITY_F1.lm_eval,
    answers=ENTITY_F1.answers,
)
