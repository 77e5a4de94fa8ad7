"""Logged examples."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from xtreme_harness.errors import OutputError
from xtreme_harness.results.read import read_result
from xtreme_harness.results.samples import Sample, read_samples, texts


@pytest.fixture
def copied(oracle_run: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(oracle_run, tmp_path / "run"))


def test_every_example_of_the_oracle_is_right(oracle_run: Path) -> None:
    run = read_result(oracle_run)
    for (task, code), cell in run.scored.items():
        found = read_samples(run, task, code)
        assert len(found) == cell.n
        assert all(sample.right for sample in found), f"{task} {code}"


def test_a_run_without_samples_has_none(demo_run: Path) -> None:
    assert read_samples(read_result(demo_run), "xnli", "de") == []
    assert read_samples(read_result(demo_run), "nothing", "de") == []


def test_an_answer_is_right_by_the_metric_not_by_its_spelling(copied: Path) -> None:
    run = read_result(copied)
    path = copied / "samples/xquad/en.jsonl"
    record = json.loads(path.read_text("utf-8").splitlines()[0])
    wrong = {**record, "prediction": "no", "statistics": {"exact_match": 0, "f1": 0.5, "n": 1}}
    other = {**record, "prediction": "The " + record["gold"][0]}
    path.write_text("\n".join(map(json.dumps, (wrong, other))) + "\n", "utf-8")
    assert [sample.right for sample in read_samples(run, "xquad", "en")] == [False, True]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("{", "not JSON"), ('{"id": 1}', "no logged example"),
        ('{"id": "1", "input": {}, "gold": "", "prediction": "\\ud800"}', r"not JSON \(half a surrogate pair"),
        ('{"id": "1", "input": [], "gold": "", "prediction": ""}', r"input: found \[\], expected an object"),
        ('{"id": "1", "input": {}, "gold": "a", "prediction": "", "statistics": {"n": 1}}', "no statistic 'correct'"),
        ('{"id": "1", "input": {}, "gold": "a", "prediction": "", "statistics": {"n": 1, "correct": -1}}',
         "statistics.correct: found -1, expected a number from 0"),
        ('{"id": "1", "input": {"text_a": 1}, "gold": 0, "prediction": 0, "kind": "sequence_classification"}',
         "input.text_b: missing"),
        ('{"id": "1", "input": {"text_a": 1, "text_b": "", "label": null}, "gold": 0, "prediction": 0, '
         '"kind": "sequence_classification"}', "input.text_a: found 1, expected a text"),
    ],
    ids=["cut off", "another file", "half", "list", "statistic", "below 0", "lacking", "number"],
)  # fmt: skip
def test_a_broken_line_is_named(copied: Path, line: str, message: str) -> None:
    run = read_result(copied)
    (copied / "samples/xnli/de.jsonl").write_text(line, "utf-8")
    with pytest.raises(OutputError, match=rf"de\.jsonl:1: {message}"):
        read_samples(run, "xnli", "de")


READ = {
    ("xnli", "de"): lambda given: [(given["text_a"],), (given["text_b"],)],
    ("xcopa", "it"): lambda given: [(given["text"],), *((choice,) for choice in given["choices"])],
    ("panx", "de"): lambda given: [tuple(given["words"])],
    ("xquad", "de"): lambda given: [(given["question"],), (given["context"],)],
    ("tatoeba", "de"): lambda given: [(given["text"],)],
    ("lareqa", "de"): lambda given: [(given["text"],)],
}


@pytest.mark.parametrize("said", [True, False], ids=["now", "by 0.1.0"])
@pytest.mark.parametrize(("task", "code"), READ)
def test_texts_are_what_a_model_reads(copied: Path, task: str, code: str, said: bool) -> None:
    run = read_result(copied)
    path = copied / "samples" / task / f"{code}.jsonl"
    records = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    if not said:
        lines = [json.dumps({name: value for name, value in one.items() if name != "kind"}) for one in records]
        path.write_text("\n".join(lines) + "\n", "utf-8")
    found = [list(texts(sample)) for sample in read_samples(run, task, code)]
    assert found == [READ[task, code](one["input"]) for one in records]


def test_an_example_of_a_kind_that_nobody_knows_has_no_texts() -> None:
    assert list(texts(Sample("t", "en", "1", {"sound": "x"}, None, None, False))) == []
