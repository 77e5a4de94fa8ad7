"""Does an adapter fit its base? Asked of its configuration and of the names of its tensors."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from xtreme_harness.errors import ModelError
from xtreme_harness.files.shown import shown
from xtreme_harness.models.checkpoint import Checkpoint
from xtreme_harness.models.head_table import task_types
from xtreme_harness.models.headers import shapes_in

__all__ = ["adapter_misfit", "require_fitting", "require_patterns"]

_PATIENCE = 5.0  # seconds that the patterns of an adapter may take
_MATCH = """
import json, re, sys
patterns, names = json.load(sys.stdin)
for pattern in patterns:
    found = re.compile(pattern)
    for name in names:
        found.fullmatch(name)
"""


def adapter_misfit(checkpoint: Checkpoint, base: Checkpoint, unused: Sequence[str], total: int) -> ModelError:
    """The line for an adapter whose tensors are not all used; what names them is the class it was trained with."""
    what = f"{len(unused)} of the adapter's {total} tensors do not fit {base.name} ({unused[0]})"
    if (checkpoint.adapter or {}).get("task_type"):
        return ModelError(f"{checkpoint.name}: {what}; was it trained on another base or task?")
    return ModelError(
        f"{checkpoint.path / 'adapter_config.json'}: task_type: missing, so the adapter is read as one of the encoder "
        f"without a head, and {what}; expected one of {', '.join(task_types())}, as it was trained: write it there"
    )


def require_fitting(checkpoint: Checkpoint, base: Checkpoint, modules: Sequence[str]) -> None:
    """Refuse an adapter whose tensors belong to none of its base's modules.

    Args:
        checkpoint: the adapter; one whose weights are still to be fetched is not looked at.
        base: what it is an addition to.
        modules: names of the base's modules, in the class that the adapter was trained with.

    Raises:
        ModelError: in one line.
    """
    file = checkpoint.path / "adapter_model.safetensors"
    if not file.exists():
        return
    names = list(shapes_in(file))
    known = {f"base_model.model.{name}" for name in modules}
    astray = [name for name in names if ".lora_" in name and name.partition(".lora_")[0] not in known]
    if astray:
        raise adapter_misfit(checkpoint, base, astray, len(names))


def require_patterns(checkpoint: Checkpoint, modules: Sequence[str]) -> None:
    """Refuse patterns for names of modules that are none, or that take without end: tried in a process that ends.

    Raises:
        ModelError: naming the first.
    """
    for key, pattern in _patterns(checkpoint.adapter or {}):
        place = f"{checkpoint.path / 'adapter_config.json'}: {key}: found {shown(pattern)}"
        given = json.dumps([[pattern], list(modules)])
        try:
            tried = subprocess.run(
                [sys.executable, "-I", "-c", _MATCH], input=given, text=True, capture_output=True, timeout=_PATIENCE
            )
        except subprocess.TimeoutExpired:
            raise ModelError(f"{place}, a pattern that takes without end; expected names of modules") from None
        if tried.returncode:
            reason = (tried.stderr.strip().splitlines() or ["it cannot be tried"])[-1]
            raise ModelError(f"{place}, which is no pattern ({reason}); expected names of modules")


def _patterns(adapter: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """What PEFT matches names of modules with; plain names, which are most, are none."""
    for key in ("target_modules", "exclude_modules"):
        if isinstance(adapter.get(key), str):
            yield key, adapter[key]
    for key in ("rank_pattern", "alpha_pattern"):
        for name in adapter.get(key) or ():
            if not str(name).replace(".", "").replace("_", "").isalnum():
                yield f"{key}.{name}", rf"(.*\.)?({name})"
