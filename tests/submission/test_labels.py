"""Label folders from public data: the official order, byte by byte."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from xtreme_harness.errors import OutputError
from xtreme_harness.kinds.token_classification import read_tags
from xtreme_harness.plan.evaluate import plan_evaluation
from xtreme_harness.submission.labels import Labelled, write_labels


def labelled(tmp_path: Path, tasks: str, data: str | Path, languages: str = "", split: str = "test") -> list[Labelled]:
    _, plan = plan_evaluation(tasks, str(data), languages, split)
    return write_labels(plan, tmp_path / "labels")


def problems(found: list[Labelled]) -> dict[str, str]:
    return {one.cell.name: one.problem for one in found if one.problem}


def test_tatoeba_sorts_the_english_side(tmp_path: Path) -> None:
    (tmp_path / "tatoeba").mkdir()
    (tmp_path / "tatoeba/tatoeba.deu-eng.deu").write_text("eins\nzwei\ndrei\nvier\n")
    (tmp_path / "tatoeba/tatoeba.deu-eng.eng").write_text("b\na\n b\nA\n")
    assert not problems(labelled(tmp_path, "tatoeba", tmp_path, "de"))
    assert (tmp_path / "labels/tatoeba/test-de.tsv").read_text() == "3\n1\n0\n2\n"


def test_bucc_pairs_in_the_order_of_the_foreign_side(tmp_path: Path) -> None:
    folder = tmp_path / "bucc2018"
    folder.mkdir()
    for split in ("dev", "test"):
        (folder / f"de-en.{split}.de").write_text("de-1\teins\nde-2\tzwei\nde-3\tdrei\n")
        (folder / f"de-en.{split}.en").write_text("en-1\tone\nen-2\ttwo\nen-9\tnine\n")
        (folder / f"de-en.{split}.gold").write_text("de-3\ten-9\nde-1\ten-1\nde-1\ten-2\n")
    assert not problems(labelled(tmp_path, "bucc2018", tmp_path, "de"))
    assert (tmp_path / "labels/bucc2018/test-de.tsv").read_text() == "de-1\ten-1\nde-1\ten-2\nde-3\ten-9\n"


def test_answers_keep_their_ids_texts_and_order(tmp_path: Path) -> None:
    (tmp_path / "MLQA_V1/test").mkdir(parents=True)
    questions = [
        {
            "id": i,
            "question": "Wer?",
            "answers": [{"text": "Hündin", "answer_start": 4}, {"text": "Die", "answer_start": 0}],
        }
        for i in ("b", "a")
    ]
    data = {"data": [{"paragraphs": [{"context": "Die Hündin.", "qas": questions}]}], "version": 1}
    (tmp_path / "MLQA_V1/test/test-context-de-question-de.json").write_text(json.dumps(data))
    assert not problems(labelled(tmp_path, "mlqa", tmp_path, "de"))
    written = json.loads((tmp_path / "labels/mlqa/test-de.json").read_text("utf-8"))
    found = [q for article in written["data"] for p in article["paragraphs"] for q in p["qas"]]
    assert found == questions


def test_a_task_of_both_suites_is_written_once(tmp_path: Path) -> None:
    _, plan = plan_evaluation(["xtreme", "xtreme-r"], "samples")
    found = write_labels(plan, tmp_path)
    assert len(found) == len({(one.cell.card.name, one.cell.language) for one in found})
    assert len(found) == len([path for path in tmp_path.rglob("*") if path.is_file()])


def test_official_files_are_reported_not_written(tmp_path: Path) -> None:
    for name, text in (
        ("xnli/test-de.tsv", "a\tb\n"),
        ("panx/test-de.tsv", "Wort\n\nWort\n"),
        ("xquad/xquad.de.json", json.dumps({"data": [{"paragraphs": [{"context": "c", "qas": [
            {"id": "q", "question": "?", "answers": [{"text": "", "answer_start": 0}]}]}]}]})),
        ("tatoeba/de-en.de", "a\n"),
        ("tatoeba/de-en.en", "b\n"),
    ):  # fmt: skip
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    found = labelled(tmp_path, "xnli,panx,xquad,tatoeba", tmp_path, "de")
    assert {name: problem.rpartition(" has ")[2] for name, problem in problems(found).items()} == dict.fromkeys(
        ["xnli de", "panx de", "xquad de", "tatoeba de"], "no gold: the organisers removed it"
    )
    assert not (tmp_path / "labels").exists()


# With real data.


def beginning(task: str, ours: Path, recorded: Path) -> bool:
    """Does a label file begin as the mock one of the benchmark, which has some of its examples?"""
    if task == "xquad":
        found, wanted = answers(ours), answers(recorded)
        return bool(wanted) and wanted.items() <= found.items()
    read = read_tags if task == "udpos" else str.splitlines
    found_lines, wanted_lines = read(ours.read_text("utf-8")), read(recorded.read_text("utf-8"))
    return bool(wanted_lines) and found_lines[: len(wanted_lines)] == wanted_lines


def answers(file: Path) -> dict[str, tuple[str, ...]]:
    articles = json.loads(file.read_text("utf-8"))["data"]
    questions = [q for article in articles for p in article["paragraphs"] for q in p["qas"]]
    return {q["id"]: tuple(a["text"] for a in q["answers"]) for q in questions}


@pytest.mark.parametrize(
    ("task", "place", "languages"),
    [
        ("tatoeba", "realdata", "af,ar,bn,de,eu,fi,kk,ru,sw,ta,tr,zh"),
        ("udpos", "realdata/ud", "ta,yo"),  # of others, other treebanks come first
        ("xnli", "realdata", "de,en,sw"),
        ("pawsx", "realdata", "de,zh"),
        ("xquad", "realdata", "ar,de,en,zh"),
    ],
)
def test_labels_are_those_of_the_benchmark(shared: Path, tmp_path: Path, task: str, place: str, languages: str) -> None:
    found = labelled(tmp_path, task, shared / place, languages)
    assert not problems(found)
    for one in found:
        (recorded,) = (shared / f"realdata/xtreme_mock/labels/{task}").glob(f"test-{one.cell.language}.*")
        assert beginning(task, tmp_path / "labels" / task / recorded.name, recorded), one.cell.language


def test_tags_of_a_raw_treebank_are_those_of_the_benchmark(shared: Path, tmp_path: Path) -> None:
    assert not problems(labelled(tmp_path, "udpos", shared / "realdata/ud", "ta", "dev"))
    text = (shared / "realdata/udpos_xtreme/dev-ta.tsv").read_text("utf-8")
    recorded = read_tags("".join(line.rpartition("\t")[2] + "\n" for line in text.splitlines()))
    assert read_tags((tmp_path / "labels/udpos/dev-ta.tsv").read_text("utf-8")) == recorded
    assert len(recorded) == 80


def test_real_data_without_gold_is_reported(shared: Path, tmp_path: Path) -> None:
    found = labelled(tmp_path, "tydiqa", shared / "realdata", "en,sw")
    assert list(problems(found)) == ["tydiqa en", "tydiqa sw"]
    assert not (tmp_path / "labels").exists()


@pytest.mark.parametrize(
    ("task", "place", "languages"),
    [
        ("udpos", "realdata/ud", "de,ta,tr,yo,zh"),
        ("xnli", "realdata", "de,en,sw"),
        ("pawsx", "realdata", "de,zh"),
        ("xquad", "realdata", "ar,de,en,zh"),
        ("xcopa", "realdata", "et,sw,ta,zh"),
        ("lareqa", "realdata", "de,en"),
    ],
)
def test_labels_of_real_data(shared: Path, tmp_path: Path, task: str, place: str, languages: str) -> None:
    found = labelled(tmp_path, task, shared / place, languages)
    assert not problems(found)
    assert [one.cell.language for one in found] == sorted(
        languages.split(","), key=[o.cell.language for o in found].index
    )
    for one in found:
        if one.cell.card.count("test", one.cell.language) is not None and task != "udpos":
            assert one.rows == one.cell.card.count("test", one.cell.language)


def test_a_file_that_cannot_be_written_is_told_and_the_others_are_written(tmp_path: Path) -> None:
    (tmp_path / "labels/xnli/test-de.tsv").mkdir(parents=True)
    found = labelled(tmp_path, "xnli", "samples", "de,en")
    assert list(problems(found)) == ["xnli de"]
    assert "xnli/test-de.tsv: cannot be written (a folder is in the way)" in problems(found)["xnli de"]
    assert (tmp_path / "labels/xnli/test-en.tsv").read_text().count("\n") == 24


def test_a_folder_that_cannot_be_written_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "labels").write_text("mine")
    with pytest.raises(OutputError) as error:
        labelled(tmp_path, "xnli", "samples")
    assert len(error.value.faults) == 1
    assert "labels: a file is in the way" in error.value.faults[0]
