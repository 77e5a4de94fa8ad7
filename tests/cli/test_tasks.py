"""`xharness tasks`."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from xtreme_harness.plan.cells import all_cards

Run = Callable[..., Any]
CARDS = all_cards()


def test_list_has_every_task_suite_and_group(xharness: Run) -> None:
    ended = xharness("tasks", "list")
    assert (ended.status, ended.err) == (0, "")
    assert all(f"| {task} " in ended.out for task in CARDS.tasks)
    assert "suite xtreme: " in ended.out
    assert "  group multi_choice: xcopa" in ended.out


@pytest.mark.parametrize("task", sorted(CARDS.tasks))
def test_show_every_card(xharness: Run, task: str) -> None:
    ended = xharness("tasks", "show", task)
    assert ended.status == 0
    assert ended.out.startswith(f"{task}: ")
    assert "  licence: " in ended.out


@pytest.mark.parametrize("task", sorted(CARDS.tasks.keys() - {"ccg"}))
def test_check_finds_no_fault_in_the_samples(xharness: Run, task: str) -> None:
    ended = xharness("tasks", "check", task, "--data", "samples")
    assert (ended.status, ended.err) == (0, "")
    assert ended.out.endswith("no faults\n")


def test_check_of_faulty_data_is_1_with_a_line_a_fault(xharness: Run, samples: Path, tmp_path: Path) -> None:
    shutil.copytree(samples / "pawsx", tmp_path / "pawsx")
    (tmp_path / "pawsx/test-de.tsv").write_text("one\n")
    ended = xharness("tasks", "check", "pawsx", "--data", tmp_path)
    assert ended.status == 1
    faults = [line for line in ended.err.splitlines() if "officially" not in line]
    assert len(faults) == 1
    assert faults[0].startswith(f"pawsx test de: {tmp_path}/pawsx/test-de.tsv:1: ")


def test_check_of_a_broken_card_is_wrong_use(xharness: Run, tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text("include: pawsx.yaml\nmetric: acuracy\n")
    ended = xharness("tasks", "check", tmp_path / "mine.yaml", "--data", "samples")
    assert ended.status == 2
    assert ended.errors == [f"error: {tmp_path}/mine.yaml: metric: unknown metric 'acuracy' (did you mean 'accuracy'?)"]


def test_check_of_a_card_by_path(xharness: Run, tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text("include: pawsx.yaml\ntitle: mine\n")
    ended = xharness("validate", tmp_path / "mine.yaml", "--data", "samples")
    assert ended.status == 0
    assert "mine test de: 20 examples; " in ended.out


@pytest.mark.parametrize("data", ["hub", "samples"])
def test_check_of_a_licensed_set_says_how_to_get_it_and_what_is_open(xharness: Run, data: str) -> None:
    ended = xharness("tasks", "check", "ccg", "--data", data)
    assert ended.status == 1
    (line,) = ended.err.splitlines()
    assert all(part in line for part in ("LDC2005T13", "--data ccg=DIR", "ud_xpos"))


def test_check_of_a_licensed_set_takes_the_labels_from_its_folder(xharness: Run, tmp_path: Path) -> None:
    (tmp_path / "train.tsv").write_text("Birds sing\tN V\n")
    (tmp_path / "tags_to_id.json").write_text('{"V": 0, "N": 1}')
    ended = xharness("tasks", "check", "ccg", "--data", f"ccg={tmp_path}")
    assert (ended.status, ended.err) == (0, "")
    assert ended.out.startswith("ccg train en: 1 examples; id=0 | words=Birds sing | tags=N V")


def test_check_of_parts_names_those_that_are_missing(xharness: Run, samples: Path) -> None:
    ended = xharness("tasks", "check", "anli_plus", "--data", f"anli_plus={samples / 'snli'}")
    assert ended.status == 1
    assert "has no English train data of mnli, anli, expected those of all parts" in ended.err


def test_show_names_parts_and_the_file_of_labels(xharness: Run) -> None:
    ended = xharness("tasks", "show", "anli_plus", "ccg")
    assert "  parts:     snli, mnli, anli\n" in ended.out
    assert "  labels:    in the data folder: ccg/tags_to_id.json\n" in ended.out


class TestReach:
    """`check --model`: which gold answers can be given with a checkpoint's tokenizer."""

    def test_share_of_every_language(self, xharness: Run, checkpoint: Path) -> None:
        ended = xharness("tasks", "check", "xquad", "--data", "samples", "--model", checkpoint)
        assert (ended.status, ended.err) == (0, "")
        said = [line for line in ended.out.splitlines() if "gold answers can be given" in line]
        assert len(said) == ended.out.count(" examples; ") == 6
        given = r"\d+\.\d % of 21 gold answers can be given to the letter, 100\.0 % in whole tokens"
        assert re.fullmatch(f"xquad test en: {given}", said[0])

    def test_tasks_without_answers_in_a_text(self, xharness: Run, checkpoint: Path) -> None:
        ended = xharness("tasks", "check", "xnli", "--data", "samples", "--model", checkpoint)
        assert ended.status == 0
        assert "--model: no answers here are cut from a text" in ended.out
        assert "gold answers can" not in ended.out

    @pytest.mark.parametrize(
        ("model", "said"),
        [("oracle", "--model oracle: has no tokenizer; give a checkpoint"), ("./none", "./none: no such folder")],
    )
    def test_models_without_a_tokenizer(self, xharness: Run, model: str, said: str) -> None:
        ended = xharness("tasks", "check", "xquad", "--data", "samples", "--model", model)
        assert ended.status == 2
        assert len(ended.errors) == 1 and said in ended.errors[0]


def test_check_reads_what_is_searched(xharness: Run, samples: Path, tmp_path: Path) -> None:
    shutil.copytree(samples / "mewslix", tmp_path / "mewslix")
    (tmp_path / "mewslix/candidate_set_entities.jsonl").write_text('{"entity_id": 5}\n', "utf-8")
    ended = xharness("tasks", "check", "mewslix", "--data", tmp_path)
    assert ended.status == 1
    assert "candidate_set_entities.jsonl:1: found int 5 under 'entity_id', expected text" in ended.err


def test_new_writes_a_card_that_check_explains(xharness: Run, tmp_path: Path) -> None:
    ended = xharness("tasks", "new", "mine", "--like", "xnli", "--to", tmp_path)
    assert (ended.status, ended.err) == (0, "")
    assert ended.out == f"{tmp_path}/mine.yaml: like xnli; next: xharness tasks check {tmp_path}/mine.yaml --data DIR\n"
    checked = xharness("tasks", "check", tmp_path / "mine.yaml", "--data", tmp_path)
    assert checked.status == 1
    assert checked.err.splitlines() == [
        "mine: title: still to be written ('TO WRITE: what is asked')",
        "mine: licence: still to be written ('TO WRITE: may the data be used, by whom?')",
        f"mine test -: {tmp_path}: no data there; expected {tmp_path}/mine/test-en.tsv",
    ]


@pytest.mark.parametrize(
    ("name", "like", "message"),
    [
        ("mine", "xnly", "error: unknown task 'xnly' (did you mean 'xnli'?); see `xharness tasks list`"),
        ("xnli", "pawsx", "error: tasks new xnli: is the name of "),
        ("old", "xnli", "error: {}/old.yaml: is there already; choose another name, or remove it"),
    ],
)
def test_new_refuses(xharness: Run, tmp_path: Path, name: str, like: str, message: str) -> None:
    (tmp_path / "old.yaml").write_text("name: old\n")
    ended = xharness("tasks", "new", name, "--like", like, "--to", tmp_path)
    assert ended.status == 2
    assert len(ended.errors) == 1
    assert ended.errors[0].startswith(message.replace("{}", str(tmp_path)))
    assert [file.name for file in tmp_path.iterdir()] == ["old.yaml"]


def test_check_asks_all_examples_where_the_first_alone_cannot_score(
    xharness: Run, samples: Path, tmp_path: Path
) -> None:
    """A sentence without a name scores 0, found or not: that is no fault of the card, but a file of such is."""
    shutil.copytree(samples / "panx", tmp_path / "panx")
    file = tmp_path / "panx" / "test-de.tsv"
    file.write_text("de:der\tO\n\n" + file.read_text("utf-8"), "utf-8")
    ended = xharness("tasks", "check", "panx", "--data", tmp_path)
    assert "metric entity_f1" not in ended.err
    file.write_text("de:der\tO\n\nde:die\tO\n", "utf-8")
    ended = xharness("tasks", "check", "panx", "--data", tmp_path)
    assert "panx test de: metric entity_f1: the gold of 2 examples scores f1 0.0, not 100" in ended.err
