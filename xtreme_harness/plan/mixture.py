"""From which task each optimiser step draws, and which examples it gets.

Both are functions of the seed and the step alone, so that a run that stops continues as if it had not.
"""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import ceil, exp, isfinite, log, sqrt
from typing import Any
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from xtreme_harness.cards.recipe import Mixture
from xtreme_harness.errors import CardError, did_you_mean

__all__ = [
    "Source", "batch_of", "evaluate_expression", "require_steps", "require_task_weights", "schedule", "steps_of",
    "task_weights",
]  # fmt: skip

Indices = NDArray[np.int64]
_MOST = 100_000_000  # optimiser steps of a run: each has its place in the schedule
_LONGEST = 1000  # characters of an expression
_ORDER, _DRAW = 1, 2  # streams of random numbers, apart from each other


@dataclass(frozen=True, slots=True)
class Source:
    """One task as the mixture sees it."""

    name: str
    size: int  # lessons
    batch_size: int
    epochs: float

    @property
    def per_epoch(self) -> int:
        """Batches an epoch, the last one smaller."""
        return ceil(self.size / self.batch_size)


def steps_of(sources: Sequence[Source], cap: int | None = None, most: int | None = None) -> int:
    """Optimiser steps of a run: every task's epochs, of at most `cap` examples each.

    >>> steps_of([Source("a", 100, 32, 2), Source("b", 1000, 32, 1)], cap=320)
    18
    """
    total = sum(ceil(s.epochs * ceil(min(s.size, cap or s.size) / s.batch_size)) for s in sources)
    return max(1, min(total, most or total))


def require_steps(steps: int, names: Sequence[str]) -> None:
    """Raise CardError where a run of some tasks has more optimiser steps than a schedule can hold."""
    if steps > _MOST:
        raise CardError(
            f"{', '.join(names)}: {steps:,} optimiser steps, expected at most {_MOST:,}; lower epochs by --set "
            "epochs=N, or give max_steps"
        )


def task_weights(sources: Sequence[Source], mixture: Mixture) -> NDArray[np.float64]:
    """Weights (n,) of the tasks, summing to 1; time-dependent ones at the first step.

    >>> task_weights([Source("a", 300, 32, 1), Source("b", 100, 32, 1)], Mixture()).tolist()
    [0.75, 0.25]

    Raises:
        CardError: a weight is missing, or stands for no task.
    """
    return _weights(sources, mixture, 0, 1)


def require_task_weights(names: Sequence[str], mixture: Mixture) -> None:
    """Raise CardError where the mixture lacks weights for some of the tasks, before their data are read."""
    if len(names) > 1 and mixture.sampling in ("specified", "time-dependent"):
        task_weights([Source(name, 1, 1, 1) for name in names], mixture)


def schedule(sources: Sequence[Source], mixture: Mixture, steps: int, seed: int, extra: float | None = None) -> Indices:
    """The task (index) of every optimiser step.

    Weights that stay the same are met exactly, to the step (largest remainder), in shuffled order; those that change
    with time are drawn step by step.

    Args:
        sources: the tasks.
        mixture: how they are weighed.
        steps: of the whole run.
        seed: of the draw.
        extra: share of the steps for one more task, whose index is then `len(sources)`; masked language modelling.
    """
    rng = np.random.default_rng([seed, _DRAW])
    if mixture.sampling == "time-dependent":
        weights = [_shared(_weights(sources, mixture, step, steps), extra) for step in range(steps)]
        return np.array([rng.choice(len(w), p=w) for w in weights], dtype=np.int64)
    exact = _shared(_weights(sources, mixture, 0, steps), extra) * steps
    counts = np.floor(exact).astype(np.int64)
    for index in np.argsort(-(exact - counts), kind="stable")[: steps - int(counts.sum())]:
        counts[index] += 1
    order = np.repeat(np.arange(len(exact)), counts)
    return rng.permutation(order) if len(exact) > 1 else order


def _shared(weights: NDArray[np.float64], extra: float | None) -> NDArray[np.float64]:
    return weights if extra is None else np.append(weights * (1 - extra), extra)


def batch_of(source: Source, index: int, seed: int) -> Indices:
    """Lessons of a task's batch number `index`; every epoch is a permutation of its own.

    >>> source = Source("a", 5, 2, 1)
    >>> sorted(np.concatenate([batch_of(source, i, seed=0) for i in range(3)]).tolist())
    [0, 1, 2, 3, 4]
    """
    epoch, position = divmod(index, source.per_epoch)
    order = np.random.default_rng([seed, _ORDER, crc32(source.name.encode()), epoch]).permutation(source.size)
    return order[position * source.batch_size : (position + 1) * source.batch_size]


def _weights(sources: Sequence[Source], mixture: Mixture, step: int, steps: int) -> NDArray[np.float64]:
    sizes = np.array([min(s.size, mixture.cap or s.size) for s in sources], dtype=np.float64)
    if mixture.sampling == "uniform":
        found = np.ones(len(sources))
    elif mixture.sampling == "proportional":
        found = sizes
    elif mixture.sampling == "temperature":
        with np.errstate(over="ignore"):  # what is too large is refused below
            found = sizes ** (1 / mixture.temperature)
    else:
        found = np.array([_named(s.name, mixture, step, steps, [o.name for o in sources]) for s in sources])
    if not np.isfinite(found).all() or (found < 0).any() or not 0 < found.sum() < np.inf:
        raise CardError(
            f"mixture: weights {found.tolist()} of {', '.join(s.name for s in sources)}: "
            "all must be numbers, none may be negative, one must be positive"
        )
    normal: NDArray[np.float64] = found / found.sum()
    return normal


def _named(task: str, mixture: Mixture, step: int, steps: int, known: Sequence[str]) -> float:
    stray = [name for name in mixture.weights if name not in known]
    if stray:
        raise CardError(
            f"mixture.weights.{stray[0]}: not one of the tasks{did_you_mean(stray[0], known)}; "
            f"they are {', '.join(known)}"
        )
    if task not in mixture.weights:
        raise CardError(f"mixture.weights: none for {task}; sampling {mixture.sampling} needs one for every task")
    weight = mixture.weights[task]
    if mixture.sampling == "time-dependent":
        return evaluate_expression(str(weight), {"t": step, "total": steps})
    try:
        return float(weight)
    except ValueError:
        raise CardError(
            f"mixture.weights.{task}: found '{weight}', expected a number (expressions: --sampling time-dependent)"
        ) from None


_OPERATORS: dict[type, Callable[..., Any]] = {
    ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.Div: operator.truediv,
    ast.Pow: operator.pow, ast.USub: operator.neg,
}  # fmt: skip
_LONGEST = 500  # characters of an expression
_FUNCTIONS: dict[str, Callable[..., Any]] = {"exp": exp, "log": log, "sqrt": sqrt, "min": min, "max": max}


def evaluate_expression(text: str, names: Mapping[str, float]) -> float:
    """Evaluate arithmetic over numbers and names; nothing else is understood, so nothing else can run.

    >>> evaluate_expression("max(0.1, 1 - t / total)", {"t": 50, "total": 100})
    0.5

    Raises:
        CardError: for anything that is not arithmetic.
    """

    def value(node: ast.AST) -> Any:
        match node:
            case ast.Expression():
                return value(node.body)
            case ast.Constant() if isinstance(node.value, int | float):
                return float(node.value)  # a power of whole numbers would have no bound
            case ast.Name() if node.id in names:
                return float(names[node.id])
            case ast.BinOp() if type(node.op) in _OPERATORS:
                return _OPERATORS[type(node.op)](value(node.left), value(node.right))
            case ast.UnaryOp() if type(node.op) in _OPERATORS:
                return _OPERATORS[type(node.op)](value(node.operand))
            case ast.Call() if isinstance(node.func, ast.Name) and node.func.id in _FUNCTIONS and not node.keywords:
                return _FUNCTIONS[node.func.id](*map(value, node.args))
        raise CardError(
            f"mixture.weights: '{text}': expected arithmetic over numbers, t and total (exp log sqrt min max)"
        )

    if len(text) > _LONGEST:
        raise CardError(f"mixture.weights: an expression of {len(text):,} characters, expected at most {_LONGEST}")
    try:
        found = float(value(ast.parse(text.strip(), mode="eval")))
    except (SyntaxError, ArithmeticError, ValueError, TypeError, RecursionError, MemoryError) as error:
        raise CardError(f"mixture.weights: '{text}': {type(error).__name__}: {error}") from None
    if not isfinite(found):
        raise CardError(f"mixture.weights: '{text}': found {found}, expected a finite number")
    return found
