"""xharness: evaluate multilingual encoders on XTREME and XTREME-R.

>>> from xtreme_harness import evaluate
>>> result = evaluate("ckpt/", tasks=["xtreme"], output="out")  # doctest: +SKIP
"""

from __future__ import annotations

TYPE_CHECKING = False  # `typing` takes its time, in which a Ctrl-C would still be Python's own
if TYPE_CHECKING:
    from typing import Any

    from xtreme_harness.comparison.compare import compare
    from xtreme_harness.demonstration.demo import demo
    from xtreme_harness.errors import (
        CardError,
        DataError,
        MissingDependency,
        ModelError,
        OutputError,
        PredictionError,
        XHarnessError,
    )
    from xtreme_harness.evaluation.evaluate import evaluate
    from xtreme_harness.evaluation.series import evaluate_series
    from xtreme_harness.grid.grid import run_grid
    from xtreme_harness.jobs import Watch
    from xtreme_harness.plan.describe import describe_evaluation, describe_training
    from xtreme_harness.plan.evaluate import prepare_evaluation
    from xtreme_harness.plan.request import EvalRequest, Request, TrainRequest
    from xtreme_harness.plan.train import prepare_training
    from xtreme_harness.results.result import Result
    from xtreme_harness.signature import VERSION as __version__

__all__ = [
    "CardError",
    "DataError",
    "EvalRequest",
    "MissingDependency",
    "ModelError",
    "OutputError",
    "PredictionError",
    "Request",
    "Result",
    "TrainRequest",
    "Watch",
    "XHarnessError",
    "__version__",
    "compare",
    "demo",
    "describe_evaluation",
    "describe_training",
    "evaluate",
    "evaluate_series",
    "prepare_evaluation",
    "prepare_training",
    "run_grid",
    "score",
    "train",
]

_HOMES = {
    "EvalRequest": "plan.request",
    "Request": "plan.request",
    "TrainRequest": "plan.request",
    "Watch": "jobs",
    "describe_evaluation": "plan.describe",
    "describe_training": "plan.describe",
    "prepare_evaluation": "plan.evaluate",
    "prepare_training": "plan.train",
    "evaluate": "evaluation.evaluate",
    "evaluate_series": "evaluation.series",
    "demo": "demonstration.demo",
    "score": "submission.score",
    "train": "training.train",
    "compare": "comparison.compare",
    "run_grid": "grid.grid",
    "Result": "results.result",
    "__version__": "signature",
}


def __getattr__(name: str) -> Any:
    """Import a public name when it is first used, so that `import xtreme_harness` costs nothing."""
    if name not in __all__:
        raise AttributeError(f"module 'xtreme_harness' has no attribute '{name}'")
    from importlib import import_module

    module = import_module(f"xtreme_harness.{_HOMES.get(name, 'errors')}")
    return getattr(module, "VERSION" if name == "__version__" else name)
