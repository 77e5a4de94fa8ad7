"""Does SQuAD as intermediate task help TyDiQA-GoldP? `python -m tests.benchmarks.effect`.

A real encoder of 22 million parameters, trained on TyDiQA's English questions with and without SQuAD before, three
seeds.
TyDiQA's English dev answers are blanked in the files at hand, so the last paragraphs of the training file are held out
and stand in for them; nothing is trained on those.
"""

from __future__ import annotations

import argparse
import json
import shutil
from pathlib import Path
from typing import Any

from tests.benchmarks.materials import ENCODER, REAL
from xtreme_harness.cli.training_progress import TrainingProgress
from xtreme_harness.grid.grid import run_grid
from xtreme_harness.grid.schema import Grid


def main() -> None:
    """Prepare the data, run the grid, print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--squad", type=int, default=2000, help="SQuAD questions")
    parser.add_argument("--tydiqa", type=int, default=800, help="TyDiQA questions")
    parser.add_argument("--held-out", type=int, default=440, help="TyDiQA questions that are evaluated")
    parser.add_argument("--epochs", type=float, default=2)
    parser.add_argument("--rate", type=float, default=1e-4, help="learning rate; small encoders want a high one")
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3])
    parser.add_argument("-o", "--output", type=Path, default=Path("effect"))
    given = parser.parse_args()
    data = prepare(given.output / "data", given.held_out)
    grid = Grid.model_validate(
        {
            "bases": [{"model": str(ENCODER), "name": "minilm-l6"}],
            "intermediates": ["squad"],
            "targets": ["tydiqa"],
            "languages": ["en"],
            "seeds": given.seeds,
            "data": str(data),
            "recipe": "xtreme",
            "set": [
                f"epochs={given.epochs}",
                f"lr={given.rate}",
                "warmup_steps=0",
                "warmup_ratio=0.1",
                "max_length=256",
            ],
            "intermediate_limit": given.squad,
            "target_limit": given.tydiqa,
        }
    )
    progress = TrainingProgress()
    result = run_grid(grid, given.output, watch=progress.watch)
    progress.close()
    print(f"\n{result.table}\n")
    for row in result.rows:
        if row.metric == "f1":
            print(f"seed {row.seed}: {row.intermediate}: F1 {row.score:.2f}")
    for name, message in result.failed.items():
        print(f"failed: {name}: {message}")


def prepare(folder: Path, held_out: int) -> Path:
    """A data folder in the official layout: SQuAD's subset, TyDiQA's English questions split in two."""
    source = REAL / "tydiqa" / "tydiqa-goldp-v1.1-train" / "tydiqa.goldp.en.train.json"
    paragraphs = [p for article in json.loads(source.read_text("utf-8"))["data"] for p in article["paragraphs"]]
    test: list[Any] = []
    while sum(len(p["qas"]) for p in test) < held_out:
        test.append(paragraphs.pop())
    for number, question in enumerate(q for p in test for q in p["qas"]):
        question["id"] = f"english-{number}"  # the official files cut the ids, so that they repeat
    _write(folder / "tydiqa" / "tydiqa-goldp-v1.1-train" / "tydiqa.goldp.en.train.json", paragraphs)
    _write(folder / "tydiqa" / "tydiqa-goldp-v1.1-dev" / "tydiqa.goldp.en.dev.json", test)
    squad = folder / "squad" / "train-v1.1.json"
    squad.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(REAL / "squad" / "train-v1.1-subset.tokenised.json", squad)
    return folder


def _write(path: Path, paragraphs: list[Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"version": "1.1", "data": [{"paragraphs": paragraphs}]}, ensure_ascii=False), "utf-8")


if __name__ == "__main__":
    main()
