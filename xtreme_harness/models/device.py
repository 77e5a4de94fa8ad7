"""Where a model runs, and in what arithmetic."""

from __future__ import annotations

from typing import Any

import torch
from numpy.typing import NDArray

from xtreme_harness.errors import ModelError
from xtreme_harness.processor import bfloat16_is_native

__all__ = ["DTYPES", "choose_device", "choose_dtype", "out_of_memory", "sent"]

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


def sent(values: NDArray[Any], device: torch.device) -> torch.Tensor:
    """The values on the device; to a GPU by way of pinned memory, so that nobody waits for the copy."""
    tensor = torch.from_numpy(values)
    if device.type == "cuda":
        tensor = tensor.pin_memory()
    return tensor.to(device, non_blocking=True)
