"""What a report must say of the machine: GPUs, driver, versions."""

from __future__ import annotations

import importlib.metadata
import subprocess
from pathlib import Path

from tests.benchmarks.environment import machine

ROOT = Path(__file__).parents[2]
PACKAGES = ("transformers", "accelerate", "peft", "faiss-cpu", "faiss-gpu-cu12", "numpy")


def facts() -> dict[str, str]:
    """Names and values, in the order of the report."""
    import torch

    from xtreme_harness.signature import VERSION

    return {
        "GPUs": "; ".join(gpu(number) for number in range(torch.cuda.device_count())) or "none",
        "driver": first_line("nvidia-smi", "--query-gpu=driver_version", "--format=csv,noheader"),
        "processor": machine(),
        "torch": f"{torch.__version__}, CUDA {torch.version.cuda}, cuDNN {torch.backends.cudnn.version()}",
        "packages": ", ".join(f"{name} {found}" for name in PACKAGES if (found := version(name))),
        "xharness": f"{VERSION}, commit {first_line('git', '-C', str(ROOT), 'rev-parse', '--short=12', 'HEAD')}",
    }


def gpu(number: int) -> str:
    """A GPU in words."""
    import torch

    own = torch.cuda.get_device_properties(number)
    return f"{own.name}, capability {own.major}.{own.minor}, {own.total_memory / 2**30:.0f} GiB"


def version(package: str) -> str:
    """Of an installed package; "" where it is not there."""
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return ""


def first_line(*command: str) -> str:
    """What a command prints first; "unknown" where it cannot."""
    try:
        printed = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True).stdout
    except (OSError, subprocess.SubprocessError):
        return "unknown"
    return (printed.splitlines() or ["unknown"])[0].strip()
