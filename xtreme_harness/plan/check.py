"""What `xharness tasks check` checks: that a card's data can be had and has what the card says."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal

from xtreme_harness.cards import Cards, TaskCard
from xtreme_harness.data.own_training import training_languages
from xtreme_harness.data.sources import Data, Located, locate
from xtreme_harness.data.splits import load_split
from xtreme_harness.data.training_sets import load_training, resolved_labels
from xtreme_harness.errors import HubSilent, ModelError, XHarnessError
from xtreme_harness.kinds import KINDS
from xtreme_harness.kinds.base import Reach
from xtreme_harness.metrics import METRICS, column_sums, of_labels
from xtreme_harness.models.checkpoint import SELF_TESTS, find_checkpoint
from xtreme_harness.models.tokenizer import Tokenizer
from xtreme_harness.plan.lacks import expected_file, unwritten
from xtreme_harness.records import Split

__all__ = ["Finding", "check_card", "tokenizers_of"]

Tokenizers = Callable[[TaskCard], Tokenizer]


@dataclass(frozen=True, slots=True)
class Finding:
    """What one split of one language showed."""

    split: str
    language: str
    examples: int
    first: Any  # the first example
    faults: tuple[str, ...] = ()
    reach: Reach | None = None  # of a tokenizer; None: none was asked for, or the answers are no part of a text


def tokenizers_of(model: str) -> Tokenizers:
    """The tokenizer that a checkpoint has for a task; each is loaded once, when it is needed.

    Raises:
        ModelError: when called, in one line, for what cannot be loaded.
    """
    if model in SELF_TESTS:
        raise ModelError(f"--model {model}: has no tokenizer; give a checkpoint")

    @cache
    def of_unit(unit: str | None) -> Tokenizer:
        from xtreme_harness.models.preflight import tokenizer_alone

        return tokenizer_alone(find_checkpoint(model, unit))

    return lambda card: of_unit(card.unit or (card.train[-1] if card.train else None))


def check_card(
    card: TaskCard,
    cards: Cards,
    data: Data,
    tell: Callable[[Finding], None] = lambda finding: None,
    tokenizers: Tokenizers | None = None,
) -> list[Finding]:
    """Load every split and language that the data place has; a place without any is a fault.

    Args:
        card: the task.
        cards: all of them.
        data: the place.
        tell: called with every finding.
        tokenizers: to say of which share of the gold answers can be given with them.

    Raises:
        HubSilent: the data must come from a Hub that does not answer, which says nothing of the card.
    """
    found = [Finding("card", "", 0, None, tuple(faults))] if (faults := unwritten(card)) else []
    for finding in found:
        tell(finding)
    for finding in _joined(card, cards, data, tokenizers) if card.parts else _single(card, data, tokenizers):
        tell(finding)
        found.append(finding)
    if not any(finding.split != "card" for finding in found):
        found.append(Finding("test", "-", 0, None, (_nothing(card, data),)))
        tell(found[-1])
    return found


def _nothing(card: TaskCard, data: Data) -> str:
    """That a place has none of a card's data."""
    place = data.named.get(card.name, data.name)
    where = "not on the Hub" if place == "hub" and not card.evaluated_from_hub else "no data there"
    file = expected_file(card, "test", card.all_languages[0], data)
    note = f". {card.note}" if card.note and not card.evaluated_from_hub else ""
    return f"{place}: {where}{f'; expected {file}' if file else ''}{note}".strip()


def _single(card: TaskCard, data: Data, tokenizers: Tokenizers | None) -> Iterator[Finding]:
    kind, pools = KINDS[card.kind], set[str]()
    for split, language, located in _parts(card, data):
        try:
            own = resolved_labels(card, data)
            loaded = load_split(own, language, split, located, kind.parse, kind.passage)
            if loaded.pool_key not in pools:  # languages may share one
                deque(loaded.pool, maxlen=0)
                pools.add(loaded.pool_key)
        except HubSilent:
            raise
        except XHarnessError as error:
            yield Finding(split, language, 0, None, error.faults)
        else:
            yield _examined(own, loaded, data, tokenizers)


def _parts(card: TaskCard, data: Data) -> Iterator[tuple[str, str, Located]]:
    for split in ("train", "held_out", "dev", "test"):
        training = split in ("train", "held_out")
        for language in training_languages(card, split, data) if training else card.all_languages:
            located = locate(card, split, language, data, [language])
            if located is not None:
                yield split, language, located


def _joined(card: TaskCard, cards: Cards, data: Data, tokenizers: Tokenizers | None) -> Iterator[Finding]:
    """What the parts of a card give together."""
    splits: tuple[Literal["train", "dev"], ...] = ("train", "dev")
    for split in splits:
        try:
            loaded = load_training(card, cards, data, split, KINDS)
        except HubSilent:
            raise
        except XHarnessError as error:
            yield Finding(split, card.english, 0, None, error.faults)
        else:
            if loaded is not None:
                yield _examined(card, loaded, data, tokenizers)


def _examined(card: TaskCard, loaded: Split[Any], data: Data, tokenizers: Tokenizers | None) -> Finding:
    faults = [*_count_fault(card, loaded, data), *_label_fault(card, loaded), *_metric_fault(card, loaded)]
    reach = KINDS[card.kind].reach
    reached = None
    if reach is not None and tokenizers is not None:
        reached = reach(KINDS[card.kind].featurize(loaded, tokenizers(card), card), loaded, card)
    return Finding(loaded.name, loaded.language, len(loaded.examples), loaded.examples[0], tuple(faults), reached)


def _count_fault(card: TaskCard, split: Split[Any], data: Data) -> list[str]:
    official = card.count(split.name, split.language)
    if official is None or official == len(split.examples) or data.name == "samples":
        return []
    return [f"{split.source}: {len(split.examples)} examples, officially {official}"]


def _label_fault(card: TaskCard, split: Split[Any]) -> list[str]:
    """A label of the card that no training example has is a misspelt or missing one."""
    if not card.labels or split.name != "train":
        return []
    golds = [KINDS[card.kind].gold(e) for e in split.examples]
    seen = {tag for gold in golds if gold is not None for tag in (gold if isinstance(gold, tuple) else (gold,))}
    absent = [label for label in card.labels if label not in seen]
    big = len(split.examples) >= 1000
    return [f"{split.source}: no training example is labelled {', '.join(absent)}"] if absent and big else []


def _metric_fault(card: TaskCard, split: Split[Any]) -> list[str]:
    """The metric on fabricated answers: the gold must score 100, of the first example alone or at least of all.

    A sentence without an entity scores nothing alone, and a correlation needs several examples.
    """
    kind, metric = KINDS[card.kind], METRICS[card.metric]
    examples = [e for e in split.examples if kind.gold(e) is not None]
    first = next((e for e in examples if kind.gold(e)), None)
    if first is None:
        return []
    try:
        wrong = _short_of_100(card, [first], split.language) and _short_of_100(card, examples, split.language)
    except XHarnessError as error:
        return [f"metric {metric.name}: {error}"]
    said = ", ".join(f"{name} {value:.1f}" for name, value in wrong.items())
    return [f"metric {metric.name}: the gold of {len(examples)} examples scores {said}, not 100"] if wrong else []


def _short_of_100(card: TaskCard, examples: Sequence[Any], language: str) -> dict[str, float]:
    """The main values that the gold of some examples does not bring to 100."""
    kind, metric = KINDS[card.kind], of_labels(METRICS[card.metric], card.labels)
    rows = metric.rows([kind.perfect(e) for e in examples], [kind.gold(e) for e in examples], language)
    values = metric.reduce(column_sums(rows))
    return {name: values[name] for name in metric.main if values[name] != 100}
