"""`make gpu-check`: everything that only a GPU can tell, in one command, and one block of text to report.

The tests that are marked `gpu`; the demo's checkpoint evaluated on the GPU and on the processor; a short benchmark.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from tests.gpu_check.facts import facts
from tests.gpu_check.parts import Part, compare_demo, measure_speed, run_tests

PARTS: dict[str, Callable[[Path], Part]] = {"tests": run_tests, "demo": compare_demo, "speed": measure_speed}
LINE = "-" * 20


def main(arguments: list[str] | None = None) -> int:
    """Run the parts and print what to report; 1 where something is not as it should be, 2 where there is no GPU."""
    parser = argparse.ArgumentParser("python -m tests.gpu_check", description=__doc__)
    parser.add_argument("--only", nargs="+", choices=PARTS, default=list(PARTS), help="these parts alone")
    given = parser.parse_args(arguments)
    import torch

    if not torch.cuda.is_available():
        print(f"error: torch {torch.__version__} finds no GPU; run this where there is one", file=sys.stderr)
        return 2
    found = {name: done(name) for name in given.only}
    print(block(facts(), found))
    return 0 if all(part.well for part in found.values()) else 1


def done(name: str) -> Part:
    """A part carried out; one that breaks off is one that went wrong."""
    print(f"{name} ...", file=sys.stderr)
    with tempfile.TemporaryDirectory(prefix="xharness-gpu-") as folder:
        try:
            return PARTS[name](Path(folder))
        except Exception as error:
            return Part(False, [f"broke off: {type(error).__name__}: {' '.join(str(error).split())[:300]}"])


def block(about: dict[str, str], parts: dict[str, Part]) -> str:
    """What to report, between two lines to copy from and to."""
    lines = [f"{name}: {value}" for name, value in about.items()]
    for name, part in parts.items():
        lines += ["", f"{name}: {'as it should be' if part.well else 'NOT as it should be'}", *part.lines]
    return "\n".join([f"{LINE} report from here {LINE}", *lines, f"{LINE} to here {LINE}"])


if __name__ == "__main__":
    sys.exit(main())
