"""Cosines of sentence vectors: as a plain loop computes them, whatever the scale of the gold."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.fixtures.families import build
from tests.fixtures.letters import LETTERS
from tests.fixtures.own_cards import ratings
from xtreme_harness import evaluate
from xtreme_harness.errors import DataError
from xtreme_harness.kinds import KINDS
from xtreme_harness.kinds.numbers import RatedExample
from xtreme_harness.plan.cells import all_cards
from xtreme_harness.records import Arrays, Features, Row, Split
from xtreme_harness.results.read import read_result
from xtreme_harness.results.samples import read_samples

KIND = KINDS["similarity"]
FLAGS: dict[str, Any] = {"device": "cpu", "dtype": "float32", "log_samples": True}


def test_both_texts_are_sequences_of_their_own(tmp_path: Path) -> None:
    card = all_cards([ratings(tmp_path, "similarity")]).card("ratings")
    split = Split("ratings", "de", "test", (RatedExample("7", "ab", "c", 1.0), RatedExample("8", "d", "ef", 2.0)))
    features = KIND.featurize(split, LETTERS, card)
    assert [LETTERS.raw.decode(list(e.ids), skip_special_tokens=True) for e in features.inputs] == [
        "a b",
        "c",
        "d",
        "e f",
    ]
    vectors = np.array([[3, 4], [3, 4], [1, 0], [-1, 1]], np.float32)
    found = KIND.decode(Arrays(vectors), Features([]), split, card)
    assert found == {"7": pytest.approx(1, abs=1e-6), "8": pytest.approx(-(0.5**0.5), abs=1e-6)}


@pytest.mark.parametrize(("model", "low", "high"), [("oracle", 100, 100), ("majority", 0, 0), ("random", -50, 50)])
def test_self_tests(tmp_path: Path, model: str, low: float, high: float) -> None:
    file = ratings(tmp_path, "similarity", "spearman")
    result = evaluate(model, str(file), data=str(tmp_path), output=tmp_path / "out")
    assert not result.failed and len(result.cells) == 4
    assert all(low <= cell.headline <= high for cell in result.cells)


@pytest.mark.slow
@pytest.mark.parametrize(("given", "pooling", "layer"), [({}, "mean", 1), ({"pooling": "cls", "layer": 2}, "cls", 2)])
def test_a_plain_loop_finds_the_same(tmp_path: Path, given: dict[str, Any], pooling: str, layer: int) -> None:
    import torch
    from transformers import AutoModel, AutoTokenizer

    stats = pytest.importorskip("scipy.stats")
    presets = {"paper": {"layer": 1}}
    file, base = ratings(tmp_path, "similarity", "spearman", presets=presets), build("bert", None, tmp_path / "base")
    result = evaluate(base, str(file), data=str(tmp_path), output=tmp_path / "out", **given, **FLAGS)
    assert not result.failed
    model, tokenizer = AutoModel.from_pretrained(base).eval(), AutoTokenizer.from_pretrained(base)

    def vector(text: str) -> Any:
        with torch.no_grad():
            states = model(**tokenizer(text, return_tensors="pt"), output_hidden_states=True).hidden_states[layer][0]
        return states.mean(0) if pooling == "mean" else states[0]

    samples = read_samples(read_result(tmp_path / "out"), "ratings", "en")
    cosines = [
        float(torch.cosine_similarity(vector(s.input["text_a"]), vector(s.input["text_b"]), dim=0)) for s in samples
    ]
    assert [s.prediction for s in samples] == pytest.approx(cosines, abs=1e-5)
    expected = 100 * stats.spearmanr([s.prediction for s in samples], [s.gold for s in samples])[0]
    english = next(cell for cell in result.cells if cell.language == "en")
    assert english.metrics["spearman"] == pytest.approx(expected, abs=1e-9)
    assert expected > 30  # texts of the same words are alike even to chance's weights


def test_one_text_is_nothing_to_compare(tmp_path: Path) -> None:
    row = Row({"id": "1", "text_a": "x"}, "f:1")
    with pytest.raises(DataError, match="f:1: text_b: found nothing, expected a second text to compare with"):
        KIND.parse(row, all_cards([ratings(tmp_path, "similarity", single=True)]).card("ratings"))
    with pytest.raises(DataError, match="f:1: text_b: found nothing, expected text"):
        KIND.parse(row, all_cards([ratings(tmp_path, "similarity")]).card("ratings"))
