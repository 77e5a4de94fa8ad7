"""Where a model runs, and in what arithmetic."""

from __future__ import annotations

import torch

from xtreme_harness.errors import ModelError
from xtreme_harness.processor import bfloat16_is_native

__all__ = ["DTYPES", "choose_device", "choose_dtype", "out_of_memory"]

DTYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16, "float16": torch.float16}


def choose_device(wanted: str) -> torch.device:
    """The device that is meant; "auto" is the first CUDA device, else the processor."""
    if wanted == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        device = torch.device(wanted)
    except RuntimeError:
        device = None
    if device is None or device.type not in ("cpu", "cuda"):
        raise ModelError(f"--device {wanted}: expected auto, cpu, cuda or cuda:N")
    if device.type == "cuda" and (device.index or 0) >= torch.cuda.device_count():
        raise ModelError(f"--device {wanted}: torch finds {torch.cuda.device_count()} CUDA devices; use --device cpu")
    return device


def choose_dtype(wanted: str, device: torch.device) -> str:
    """The dtype that is meant; "auto" is bfloat16 where the hardware multiplies it natively, else float32."""
    if wanted != "auto":
        return wanted
    if device.type == "cuda":
        return "bfloat16" if torch.cuda.get_device_capability(device)[0] >= 8 else "float32"
    return "bfloat16" if bfloat16_is_native() else "float32"


def out_of_memory(error: BaseException) -> bool:
    """Did memory run out, on the GPU or the host? Another CUDA error is not taken for it."""
    return isinstance(error, torch.OutOfMemoryError) or "can't allocate memory" in str(error)
