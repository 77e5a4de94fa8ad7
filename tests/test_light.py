"""What must run without the heavy libraries: everything that computes nothing with a model."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tests.fixtures.generated_folders import write_folders
from tests.fixtures.made_runs import accuracy_rows, made_run, write_run

pytestmark = pytest.mark.slow
ROOT = Path(__file__).parents[1]
HEAVY = (
    "torch", "transformers", "datasets", "faiss", "huggingface_hub", "seqeval", "sklearn", "scipy", "pandas",
    "safetensors", "tokenizers", "tqdm", "sacrebleu", "peft", "accelerate", "pyarrow", "sentencepiece",
    "submitit", "ray", "filelock",
)  # fmt: skip
PROGRAM = f"""
import sys

class Refuse:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {HEAVY!r}:
            raise ModuleNotFoundError(f"No module named {{name!r}} (refused)", name=name)

sys.meta_path.insert(0, Refuse())
from xtreme_harness.cli.main import main
main(sys.argv[1:])
"""


def light(*args: object) -> subprocess.CompletedProcess[str]:
    """Run a command in a Python that refuses the heavy libraries."""
    command = [sys.executable, "-W", "error", "-c", PROGRAM, *map(str, args)]
    return subprocess.run(command, capture_output=True, text=True, cwd=ROOT, timeout=120, check=False)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("light")
    write_folders(root, "xtreme-r", 1, size=6)
    return root


def test_the_hook_refuses() -> None:
    run = subprocess.run(
        [sys.executable, "-c", PROGRAM.replace("from xtreme_harness.cli.main import main", "import torch")],
        capture_output=True, text=True, cwd=ROOT, timeout=60, check=False,
    )  # fmt: skip
    assert "No module named 'torch' (refused)" in run.stderr


def test_score(folder: Path) -> None:
    sides = ["--predictions", folder / "predictions", "--labels", folder / "labels", "--suite", "xtreme-r"]
    run = light("score", *sides, "-o", folder / "scores.json")
    assert (run.returncode, run.stderr) == (0, "")
    assert (folder / "scores.json").exists()


@pytest.mark.parametrize(
    "args",
    [
        ["--help"], ["--version"], ["score", "--help"], ["submission", "--help"], ["submission", "labels", "--help"],
        ["tasks", "list"], ["leaderboard"], ["compare", "--help"], ["gate", "--show-rules"],
    ],
    ids=" ".join,
)  # fmt: skip
def test_command(args: list[str]) -> None:
    run = light(*args)
    assert (run.returncode, run.stderr) == (0, "")
    assert run.stdout


def test_compare_and_gate(tmp_path: Path) -> None:
    rows = {("xnli", code): accuracy_rows(np.arange(60) % 3 > 0) for code in ("de", "sw")}
    old, new = (write_run(made_run(rows, name), tmp_path / name) for name in ("old", "new"))
    compared, judged = light("compare", old, new, "--paired-ar", 100), light("gate", old, new)
    assert (compared.returncode, compared.stderr, judged.returncode, judged.stderr) == (0, "", 0, "")


def test_submission_check(folder: Path) -> None:
    run = light("submission", "check", folder / "predictions", "--suite", "xtreme-r", "--labels", folder / "labels")
    assert (run.returncode, run.stderr) == (0, "")


def test_submission_labels(tmp_path: Path) -> None:
    run = light("-q", "submission", "labels", "--data", "samples", "--suite", "xtreme", "--to", tmp_path)
    assert run.returncode == 0, run.stderr
    assert run.stdout.endswith(f"label files in {tmp_path}\n")


def test_report(oracle_run: Path, tmp_path: Path) -> None:
    run = light("report", oracle_run, oracle_run / "results.json", "-o", tmp_path / "report.html")
    assert (run.returncode, run.stderr) == (0, "")
    assert (tmp_path / "report.html").exists()


@pytest.mark.parametrize("form", ["lm-eval", "eee", "markdown", "latex", "csv"])
def test_export(oracle_run: Path, form: str) -> None:
    run = light("export", oracle_run, "--format", form)
    assert (run.returncode, run.stderr) == (0, "")


def test_export_for_the_hub_says_what_it_needs(oracle_run: Path) -> None:
    run = light("export", oracle_run, "--format", "model-index")
    assert (run.returncode, run.stderr) == (
        2, "error: huggingface_hub is not installed: pip install huggingface_hub\n",
    )  # fmt: skip


def test_a_command_that_needs_torch_says_so_in_one_line(checkpoint: Path, tmp_path: Path) -> None:
    run = light("eval", "--model", checkpoint, "--tasks", "xnli", "--data", "samples", "-o", tmp_path)
    assert run.returncode == 2
    assert run.stderr == "error: torch is not installed, and this command needs it: pip install torch\n"
