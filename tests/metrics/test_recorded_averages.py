"""The thirteen averages that the benchmark's own test expects of its mock submission, to the last bit."""

from __future__ import annotations

import json
from collections.abc import Callable
from itertools import groupby
from pathlib import Path
from typing import Any

import pytest

from xtreme_harness.metrics import METRICS, column_sums

Pair = tuple[list[Any], list[Any]]  # predictions, golds


def read_lines(path: Path) -> list[str]:
    return [line.strip() for line in path.read_text(encoding="utf-8").splitlines()]


def label_pair(predictions: Path, labels: Path) -> Pair:
    return read_lines(predictions), read_lines(labels)


def tag_pair(predictions: Path, labels: Path) -> Pair:
    def sentences(path: Path) -> list[tuple[str, ...]]:
        return [tuple(lines) for filled, lines in groupby(read_lines(path), bool) if filled]

    return sentences(predictions), sentences(labels)


def bitext_pair(predictions: Path, labels: Path) -> Pair:
    found, wanted = [[line.split("\t") for line in read_lines(path)] for path in (predictions, labels)]
    ids = sorted({foreign for foreign, _ in found + wanted})
    sides = [[tuple(english for foreign, english in side if foreign == i) for i in ids] for side in (found, wanted)]
    return sides[0], sides[1]


def answer_pair(predictions: Path, labels: Path) -> Pair:
    found = json.loads(predictions.read_text(encoding="utf-8"))
    articles = json.loads(labels.read_text(encoding="utf-8"))["data"]
    questions = [qa for article in articles for paragraph in article["paragraphs"] for qa in paragraph["qas"]]
    golds = [tuple(answer["text"] for answer in qa["answers"]) for qa in questions]
    return [found[qa["id"]] for qa in questions], golds


def ranked_pair(predictions: Path, labels: Path) -> Pair:
    found, wanted = [json.loads(path.read_text(encoding="utf-8")) for path in (predictions, labels)]
    return [tuple(found[i]) for i in wanted], [tuple(gold) for gold in wanted.values()]


PANX = (
    "ar he vi id jv ms tl eu ml ta te af nl en de el bn hi mr ur fa fr it pt es bg ru ja ka ko th sw yo my zh kk tr et "
    "fi hu"
)
UDPOS = "af ar bg de el en es et eu fa fi fr he hi hu id it ja kk ko mr nl pt ru ta te th tl tr ur vi yo zh"
TATOEBA = "ar he vi id jv tl eu ml ta te af nl de el bn hi mr ur fa fr it pt es bg ru ja ka ko th sw zh kk tr et fi hu"
XNLI = "ar bg de el en es fr hi ru sw th tr ur vi zh"
MLQA = "en es de ar hi vi zh"
TYDIQA = "en ar bn fi id ko ru sw te"

XNLI_EXPECTED = {"accuracy": 30.666666666666668}
MLQA_EXPECTED = {"exact_match": 57.142857142857146, "f1": 81.76870748299321}
TYDIQA_EXPECTED = {"exact_match": 88.88888888888889, "f1": 97.22222222222223}

CASES = {  # task: metric, languages in the order in which they are added, reader, expected averages
    "pawsx": ("accuracy", "de en es fr ja ko zh", label_pair, {"accuracy": 51.42857142857143}),
    "xnli": ("accuracy", XNLI, label_pair, XNLI_EXPECTED),
    "panx": (
        "entity_f1",
        PANX,
        tag_pair,
        {"f1": 57.50793650793652, "precision": 54.729166666666664, "recall": 62.750000000000014},
    ),
    "udpos": (
        "chunk_f1",
        UDPOS,
        tag_pair,
        {"f1": 70.21746048354693, "precision": 71.02232625883823, "recall": 69.54982073976082},
    ),
    "bucc2018": ("pair_f1", "de fr ru zh", bitext_pair, {"f1": 55.0, "precision": 55.0, "recall": 55.0}),
    "tatoeba": ("accuracy", TATOEBA, label_pair, {"accuracy": 53.611111111111114}),
    "xquad": (
        "squad",
        "en es de el ru tr ar vi th zh hi",
        answer_pair,
        {"exact_match": 77.27272727272727, "f1": 79.9586776859504},
    ),
    "mlqa": ("mlqa", MLQA, answer_pair, MLQA_EXPECTED),
    "tydiqa": ("squad", TYDIQA, answer_pair, TYDIQA_EXPECTED),
    "mewslix": ("reciprocal_rank", "ar de en es fa ja pl ro ta tr uk", ranked_pair, {"map@20": 14.39025156130419}),
}


def averaged(
    folder: Path, task: str, metric: str, languages: str, read: Callable[[Path, Path], Pair]
) -> dict[str, float]:
    """Means over the languages, added from first to last."""
    totals = dict.fromkeys(METRICS[metric].official, 0.0)
    for language in languages.split():
        paths = [next(iter((folder / side / task).glob(f"test-{language}.*"))) for side in ("predictions", "labels")]
        rows = METRICS[metric].rows(*read(paths[0], paths[1]), language)
        values = METRICS[metric].reduce(column_sums(rows))
        for name in totals:
            totals[name] += values[name]
    return {name: total / len(languages.split()) for name, total in totals.items()}


@pytest.mark.parametrize("task", CASES)
def test_recorded_average(shared: Path, task: str) -> None:
    metric, languages, read, expected = CASES[task]
    assert averaged(shared / "realdata/xtreme_mock", task, metric, languages, read) == expected


def test_recorded_average_of_the_later_convention(shared: Path) -> None:
    found = averaged(shared / "realdata/xtreme_mock", "udpos", "chunk_f1_seqeval_1_2", UDPOS, tag_pair)
    assert found["f1"] == 70.39805810699043


def test_entities_do_not_depend_on_the_convention(shared: Path) -> None:
    _, languages, read, expected = CASES["panx"]
    folder = shared / "realdata/xtreme_mock"
    assert averaged(folder, "panx", "chunk_f1_seqeval_1_2", languages, read) == expected
