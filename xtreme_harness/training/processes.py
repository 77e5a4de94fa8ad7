"""Several processes that train one model, as `accelerate launch` starts them: the first one writes and speaks."""

from __future__ import annotations

import os

__all__ = ["is_main_process"]


def is_main_process() -> bool:
    """Is this the process that writes? The only one, or the first of those that torch's launcher started."""
    return int(os.environ.get("RANK", "0") or 0) == 0
