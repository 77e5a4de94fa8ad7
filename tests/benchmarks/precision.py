"""What bfloat16 costs in score: `python -m tests.benchmarks.precision`.

A real encoder (all-MiniLM-L6-v2, 22 million weights, from the test extra) is trained on English data, and the same
checkpoints are evaluated in float32 and in bfloat16. A cell's score may move by a tenth of its interval's width.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tabulate import tabulate

from tests.benchmarks.materials import ENCODER, REAL
from xtreme_harness import evaluate
from xtreme_harness.cli.training_progress import TrainingProgress
from xtreme_harness.metrics import METRICS
from xtreme_harness.plan.cells import all_cards
from xtreme_harness.scoring.means import headline

TRAINED = ("udpos", "panx", "mlqa")  # what is trained; SQuAD's head serves XQuAD too
ALLOWED = 0.1  # of the interval's width


def main() -> int:
    """Train, evaluate twice, print; 1 where a cell moved too far."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--train", type=int, default=1500, help="training examples of each task")
    parser.add_argument("--epochs", type=float, default=2)
    parser.add_argument("--rate", type=float, default=2e-4, help="learning rate; small encoders want a high one")
    parser.add_argument("--limit", type=int, default=300, help="examples evaluated in each language")
    parser.add_argument("-o", "--output", type=Path, default=Path("precision"))
    given = parser.parse_args()
    if not REAL.is_dir():
        print(f"{REAL}: no real data; the samples are too small to train on", file=sys.stderr)
        return 2
    scope = {"data": str(REAL), "limit": given.limit}
    progress = TrainingProgress()
    settings = [f"epochs={given.epochs}", f"lr={given.rate}", "warmup_steps=0", "warmup_ratio=0.1"]
    evaluate(
        ENCODER, TRAINED, **scope, output=given.output / "trained", dtype="float32", recipe="xtreme", split="dev",
        settings=[*settings, "max_length=256"], limit_train=given.train, watch=progress.watch,
    )  # fmt: skip
    progress.close()
    heads = given.output / "trained" / "models"
    cells = {dtype: evaluated(heads, dtype, given.output / dtype, scope) for dtype in ("float32", "bfloat16")}
    lines = [line(key, one, cells["bfloat16"][key]) for key, one in cells["float32"].items()]
    headers = ["task", "language", "n", "float32", "bfloat16", "moved", "of the interval's width"]
    print(tabulate(lines, headers=headers, tablefmt="pipe", disable_numparse=True))
    worst = max(moved(one, cells["bfloat16"][key]) for key, one in cells["float32"].items())
    print(f"\n{len(lines)} cells; the largest move is {worst:.3f} of an interval's width, {ALLOWED} are allowed")
    return int(worst >= ALLOWED)


def evaluated(heads: Path, dtype: str, output: Path, scope: Mapping[str, Any]) -> dict[tuple[str, str], dict[str, Any]]:
    """The cells of all tasks, by task and language."""
    found = {}
    for model, tasks, split in ((heads, TRAINED, "dev"), (heads, ("xquad",), "test"), (ENCODER, ("tatoeba",), "test")):
        place = output / "+".join(tasks)
        evaluate(model, tasks, **scope, split=split, output=place, dtype=dtype, train="never")
        for cell in json.loads((place / "results.json").read_text("utf-8"))["xharness"]["cells"]:
            found[cell["task"], cell["language"]] = cell
    return found


def moved(one: Mapping[str, Any], other: Mapping[str, Any]) -> float:
    """By how much of the interval's width a cell's main score moved; 0 where an interval has no width."""
    low, high = one["interval"]
    return abs(_main(other) - _main(one)) / (high - low) if high > low else 0.0


def line(key: tuple[str, str], one: Mapping[str, Any], other: Mapping[str, Any]) -> list[str]:
    """One line of the table."""
    change = _main(other) - _main(one)
    figures = [f"{_main(one):.2f}", f"{_main(other):.2f}", f"{change:+.2f}", f"{moved(one, other):.3f}"]
    return [*key, str(one["n"]), *figures]


def _main(cell: Mapping[str, Any]) -> float:
    """The score that the interval belongs to."""
    return headline(METRICS[all_cards().card(cell["task"]).metric], cell["metrics"])


if __name__ == "__main__":
    sys.exit(main())
