"""The words that cards may use: what kinds, metrics, formats and shapes there are."""

from __future__ import annotations

from xtreme_harness.cards import TaskCard, Vocabulary
from xtreme_harness.data.formats import OPTIONS, PATH
from xtreme_harness.data.hub_shapes import SHAPE_OPTIONS
from xtreme_harness.kinds import KINDS
from xtreme_harness.metrics import METRICS, metric_faults

__all__ = ["vocabulary"]


def vocabulary() -> Vocabulary:
    """What a card may say: kinds, metrics, formats, shapes and their options."""
    return Vocabulary(
        kinds={name: kind.options for name, kind in KINDS.items()},
        metrics=set(METRICS),
        formats=OPTIONS,
        shapes=SHAPE_OPTIONS,
        column=PATH,
        expected={name: kind.expected for name, kind in KINDS.items()},
        card_faults=dict.fromkeys(KINDS, _kind_faults),
        metric_faults=_metric_faults,
    )


def _kind_faults(card: TaskCard) -> list[str]:
    """What does not fit a card's kind."""
    kind = KINDS[card.kind]
    if kind.learn is None and card.name in card.train:
        own = f"train: found {card.name} itself, but nothing is trained on data of kind {kind.name}; write train: []"
        return [own, *kind.card_faults(card)]
    return kind.card_faults(card)


def _metric_faults(card: TaskCard) -> list[str]:
    """Why a card's metric does not fit its kind or its labels."""
    metric, answers = METRICS[card.metric], KINDS[card.kind].answers
    faults = metric_faults(metric, answers, None if card.labels_file else card.labels)
    if not metric.answers or metric.answers == answers:
        return faults
    kinds = [name for name, kind in KINDS.items() if kind.answers == metric.answers]
    metrics = [name for name, other in METRICS.items() if other.answers in ("", answers)]
    return [f"{fault}; kind {' or '.join(kinds)} goes with it, or metric {', '.join(metrics)}" for fault in faults]
