"""What answers a cell: a network, or a self-test that runs the same path without weights."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from random import Random
from typing import Any, Protocol

from xtreme_harness.cards import TaskCard
from xtreme_harness.kinds import Kind
from xtreme_harness.kinds.predict import Answering, Answers, predict
from xtreme_harness.plan.options import Options
from xtreme_harness.plan.setups import Setup
from xtreme_harness.records import Split

__all__ = ["Network", "Predictor", "SelfTest", "load_predictor"]

AnyKind = Kind[Any, Any, Any]
Dev = Callable[[], "Split[Any] | None"]  # reads the split on which the kind chooses a number, where the card names one


class Predictor(Protocol):
    """What answers the examples of a split."""

    @property
    def needs_gold(self) -> bool:
        """Does it answer with the gold?"""
        ...

    def answer(self, kind: AnyKind, split: Split[Any], card: TaskCard, dev: Dev) -> Answers:
        """Answer every example."""
        ...


@dataclass(frozen=True, slots=True)
class Network:
    """A checkpoint that was loaded."""

    model: Answering
    needs_gold: bool = False

    def answer(self, kind: AnyKind, split: Split[Any], card: TaskCard, dev: Dev) -> Answers:
        """Featurize, forward, decode."""
        return predict(self.model, kind, split, card, dev())


@dataclass(frozen=True, slots=True)
class SelfTest:
    """`oracle` answers with the gold, `majority` the same to everything, `random` by chance, seeded by example."""

    name: str
    seed: int
    pools: set[str] = field(default_factory=set)  # keys of those that were read; languages share one

    @property
    def needs_gold(self) -> bool:
        """Only the oracle knows it."""
        return self.name == "oracle"

    def answer(self, kind: AnyKind, split: Split[Any], card: TaskCard, dev: Dev) -> Answers:
        """Answer without a network, from data that is read whole: what a network could not search is no pool.

        Raises:
            DataError: with all faults of the pool.
        """
        if split.pool_key not in self.pools:
            deque(split.pool, maxlen=0)
            self.pools.add(split.pool_key)
        return Answers(dict(self._answers(kind, split, card)))

    def _answers(self, kind: AnyKind, split: Split[Any], card: TaskCard) -> Mapping[str, Any]:
        match self.name:
            case "oracle":
                return {e.id: kind.perfect(e) for e in split.examples}
            case "majority":
                return kind.constant(split, card)
        return kind.guess(
            split, card, lambda key: Random(f"{self.seed}|{split.task}|{split.language}|{split.name}|{key}")
        )


def load_predictor(setup: Setup, options: Options, dtype: str | None, report: Callable[[int], None]) -> Predictor:
    """Load what answers the cells of a setup.

    Args:
        setup: checkpoint, head, order of the labels, pooling.
        options: device, batch size.
        dtype: as the fingerprint has it; None: of a self-test.
        report: called with the number of sequences that were answered.

    Raises:
        ModelError: in one line, for whatever cannot be loaded.
    """
    if setup.checkpoint is None:
        return SelfTest(options.model, options.seed)
    from xtreme_harness.models.load import load_model

    model = load_model(
        setup.checkpoint,
        setup.head,
        setup.order,
        setup.pooling,
        options.device,
        dtype or options.dtype,
        options.batch_size,
        options.trust_remote_code,
    )
    model.report = report
    return Network(model)
