"""What a run reads from the Hub is fetched before its jobs are handed out: they run where there is no network."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from datasets import ClassLabel, Dataset, Features, Value

from tests.fixtures.families import build
from tests.fixtures.hub_server import HubServer
from tests.fixtures.warm import CLI
from xtreme_harness.plan.cells import all_cards

pytestmark = pytest.mark.slow
ROOT = Path(__file__).parents[2]
COMMIT = "0123456789abcdef0123456789abcdef01234567"
FLAGS = ["-m", "org/tiny", "-t", "pawsx", "--languages", "de", "--recipe", "fast", "--set", "max_steps=2"]
FETCHING = """
import sys
from xtreme_harness.evaluation.graph import evaluation_graph
from xtreme_harness.jobs.provide import provide
from xtreme_harness.plan.evaluate import prepare_evaluation
from xtreme_harness.plan.request import EvalRequest
options = {"languages": "de", "recipe": "fast", "settings": ["max_steps=2"], "output": sys.argv[1]}
there = set()
provide(evaluation_graph(prepare_evaluation(EvalRequest.of("org/tiny", ["pawsx"], **options))).jobs, there)
print("\\n".join(sorted(there)))
"""


def rows(language: str, split: str) -> bytes:
    """As many examples as it takes, as the Hub has them."""
    features = {"id": Value("int32"), "sentence1": Value("string"), "sentence2": Value("string")}
    found: dict[str, Any] = {
        "id": list(range(1, 9)),
        "sentence1": [f"{language} {split} {n}" for n in range(8)],
        "sentence2": [f"{n} {split}" for n in range(8)],
        "label": [n % 2 for n in range(8)],
    }
    stream = io.BytesIO()
    kept = Features({**features, "label": ClassLabel(names=["0", "1"])})
    Dataset.from_dict(found, features=kept).to_parquet(stream)
    return stream.getvalue()


@pytest.fixture
def hub(tmp_path: Path) -> HubServer:
    """An encoder and PAWS-X."""
    source = all_cards().card("pawsx").hub
    assert source is not None and source.revision is not None
    splits = (("en", "train"), ("en", "validation"), ("de", "test"), ("fr", "test"))
    data = {f"{code}/{split}-00000-of-00001.parquet": rows(code, split) for code, split in splits}
    folder = build("xlm-roberta", None, tmp_path / "tiny")
    model = {path.name: path.read_bytes() for path in folder.iterdir()}
    return HubServer({("dataset", source.path): {source.revision: data}, ("model", "org/tiny"): {COMMIT: model}})


def python(*args: object, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, *map(str, args)]
    given = {**os.environ, **environment, "NO_PROXY": "*"}
    return subprocess.run(command, capture_output=True, text=True, cwd=ROOT, env=given, timeout=120, check=False)


def test_what_was_fetched_is_enough_without_a_network(hub: HubServer, tmp_path: Path) -> None:
    home = {"HF_HOME": str(tmp_path / "hf")}
    with hub:
        told = python("-c", FETCHING, tmp_path / "out", HF_ENDPOINT=hub.url, **home)
    assert told.returncode == 0, told.stderr
    data = ["google-research-datasets/paws-x", "org/tiny"]
    assert [line.split()[0].split("@")[0] for line in told.stdout.splitlines()] == [*[data[0]] * 3, data[1]]
    fetched = set(hub.downloads())
    assert {"model.safetensors", "en/train-00000-of-00001.parquet", "de/test-00000-of-00001.parquet"} <= fetched
    assert "fr/test-00000-of-00001.parquet" not in fetched
    ran = python("-c", CLI, "eval", *FLAGS, "-o", tmp_path / "out", HF_HUB_OFFLINE="1", **home)
    assert ran.returncode == 0, ran.stderr
    assert (tmp_path / "out" / "predictions" / "tasks" / "pawsx" / "test-de.tsv").is_file()
