"""xharness: evaluate multilingual encoders on XTREME and XTREME-R.

>>> from xtreme_harness import evaluate
>>> result = evaluate("ckpt/", tasks=["xtreme"], output="out")  # doctest: +SKIP
"""

from __future__ import annotations

import sys
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from xtreme_harness.api import evaluate, score, train
    from xtreme_harness.compare import compare
    from xtreme_harness.demo import demo
    from xtreme_harness.errors import (
        CardError,
        DataError,
        MissingDependency,
        ModelError,
        OutputError,
        PredictionError,
        XHarnessError,
    )
    from xtreme_harness.grid.execute import run_grid
    from xtreme_harness.results import Result
    from xtreme_harness.series import evaluate_series
    from xtreme_harness.signature import VERSION as __version__

__all__ = [
    "CardError",
    "DataError",
    "MissingDependency",
    "ModelError",
    "OutputError",
    "PredictionError",
    "Result",
    "XHarnessError",
    "__version__",
    "compare",
    "demo",
    "evaluate",
    "evaluate_series",
    "run_grid",
    "score",
    "train",
]

_HOMES = {
    "evaluate": "api",
    "evaluate_series": "series",
    "demo": "demo",
    "score": "api",
    "train": "api",
    "compare": "compare",
    "run_grid": "grid.execute",
    "Result": "results",
    "__version__": "signature",
}


def __getattr__(name: str) -> Any:
    """Import a public name when it is first used, so that `import xtreme_harness` costs nothing."""
    if name not in __all__:
        raise AttributeError(f"module 'xtreme_harness' has no attribute '{name}'")
    from importlib import import_module

    module = import_module(f"xtreme_harness.{_HOMES.get(name, 'errors')}")
    return getattr(module, "VERSION" if name == "__version__" else name)


class _Package(ModuleType):
    """Keeps `xtreme_harness.demo` the function: Python would put the submodule of that name in its place."""

    def __setattr__(self, name: str, value: Any) -> None:
        """Set an attribute, unless a submodule would hide a public name."""
        if not (name in __all__ and isinstance(value, ModuleType)):
            super().__setattr__(name, value)


sys.modules[__name__].__class__ = _Package
