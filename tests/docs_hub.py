"""A tiny Hub with what the commands of README and the pages ask for."""

from __future__ import annotations

import io
import json
from typing import Any

from datasets import ClassLabel, Dataset, Features, Value

from xtreme_harness.plan import all_cards

COMMIT = "0123456789abcdef0123456789abcdef01234567"


def repositories() -> dict[tuple[str, str], dict[str, dict[str, bytes]]]:
    """PAWS-X in German at the card's revision, and a model's small files."""
    hub = all_cards().card("pawsx").hub
    assert hub is not None and hub.revision is not None
    files = {"de/test-00000-of-00001.parquet": _pawsx(), "de/validation-00000-of-00001.parquet": _pawsx()}
    config: dict[str, Any] = {
        "model_type": "xlm-roberta",
        "architectures": ["XLMRobertaForMaskedLM"],
        "num_hidden_layers": 12,
    }
    model = {"config.json": json.dumps(config).encode(), "tokenizer.json": b"{}"}
    return {
        ("dataset", hub.path): {hub.revision: files},
        ("model", "FacebookAI/xlm-roberta-base"): {COMMIT: model},
        ("dataset", "mteb/tatoeba-bitext-mining"): {all_cards().card("tatoeba").hub.revision: {}},  # type: ignore[union-attr,dict-item]
    }


def _pawsx() -> bytes:
    features = Features(
        {
            "id": Value("int32"),
            "sentence1": Value("string"),
            "sentence2": Value("string"),
            "label": ClassLabel(names=["0", "1"]),
        }
    )
    rows = {
        "id": [1, 2],
        "sentence1": ["Der Fluss fließt nach Norden.", "Anna schrieb Paul."],
        "sentence2": ["Nach Norden fließt der Fluss.", "Paul schrieb Anna."],
        "label": [1, 0],
    }
    stream = io.BytesIO()
    Dataset.from_dict(rows, features=features).to_parquet(stream)
    return stream.getvalue()
