"""`xharness eval`."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Run = Callable[..., Any]


@pytest.fixture
def evaluated(xharness: Run, tmp_path: Path) -> Run:
    """`xharness eval` on the samples."""

    def run(*args: object, model: str = "oracle", tasks: str = "xnli") -> Any:
        return xharness("eval", "-m", model, "-t", tasks, "--data", "samples", "-o", tmp_path / "out", *args)

    return run


@pytest.mark.parametrize(
    ("args", "line"),
    [
        (["--tasks", "xnlli"], "error: unknown task 'xnlli' (did you mean 'xnli'?); see `xharness tasks list`"),
        (
            ["--languages", "gr"],
            "error: --languages gr: none of the tasks has it (did you mean 'el'?); they have ar, bg, ",
        ),
        (["--languages", "bg"], "error: xnli bg: samples has no test data"),
        (["--langauges", "de"], "error: xharness eval: No such option '--langauges'"),
        (
            ["--batch-size", "x"],
            "error: xharness eval: Invalid value for --batch-size: found 'x', expected auto or a number from 1",
        ),
        (
            ["--batch_size", "0"],
            "error: xharness eval: Invalid value for --batch-size: found '0', expected auto or a number from 1",
        ),
        (["--limit", "0"], "error: xharness eval: Invalid value for '--limit' / '-L': 0 is not in the range x>=1"),
        (
            ["--split", "train"],
            "error: xharness eval: Invalid value for '--split': 'train' is not one of 'test', 'dev'",
        ),
        (["--dtype", "int8"], "error: xharness eval: Invalid value for '--dtype': 'int8' is not one of "),
        (["--labels", "nowhere"], "error: --labels nowhere: no such folder"),
        (["--data", "xnl=x"], "error: --data xnl=x: unknown task 'xnl' (did you mean 'xnli'?)"),
        (["--data", "xnli=nowhere"], "error: --data xnli=nowhere: no such file or folder"),
        (["--data", "nowhere"], "error: --data: the place of all tasks is given twice (samples, nowhere)"),
        (["--model", "./nowhere"], "error: ./nowhere: no such folder; give a checkpoint folder, a Hub id, or oracle, "),
        (["--layer", "x"], "error: --layer x: expected last, an index such as 8, or a fraction such as 0.67"),
        (
            ["--trust-remote-code"],
            "error: --trust-remote-code: runs the checkpoint's own code, so pin it by --revision COMMIT (40 hex)",
        ),
        (["--include-path", "nowhere"], "error: nowhere: no such card or folder of cards"),
        (["--label-order", "xnli"], "error: --label-order xnli: expected TASK=A,B,C"),
    ],
    ids=str,
)
def test_wrong_use_is_2_and_the_fault_is_the_first_error_line(
    evaluated: Run, tmp_path: Path, args: list[str], line: str
) -> None:
    ended = evaluated(*args)
    assert ended.status == 2
    assert ended.errors[0].startswith(line)
    assert "Traceback" not in ended.err
    assert ended.out == ""
    assert not (tmp_path / "out").exists()


def test_every_fault_has_one_line(evaluated: Run) -> None:
    ended = evaluated(tasks="foo,xnli,bar")
    assert [line.partition(";")[0] for line in ended.err.splitlines()] == [
        "error: unknown task 'foo'",
        "error: unknown task 'bar'",
    ]


def test_table_and_paths_come_last(evaluated: Run, tmp_path: Path) -> None:
    out = tmp_path / "out"
    lines = evaluated(tasks="xtreme").out.splitlines()
    assert lines[0].startswith("| Tasks ")
    assert lines[-3:] == [
        f"results:     {out}/results.json",
        f"leaderboard: {out}/leaderboard-xtreme.json",
        f"predictions: {out}/predictions/xtreme/",
    ]


def test_what_the_data_lacks_is_listed_and_the_status_is_0(evaluated: Run) -> None:
    ended = evaluated()
    assert ended.status == 0
    assert "missing: xnli bg el es fr th tr ur vi: samples has no test data" in ended.err.splitlines()
    assert "xnli (7 of 15 languages)" in ended.out


def test_progress_goes_to_stderr_and_quiet_stops_it(evaluated: Run, xharness: Run, tmp_path: Path) -> None:
    assert "[7/7] xnli zh: 100.00 (24 examples, " in evaluated().err
    quiet = xharness("-q", "eval", "-m", "oracle", "-t", "xnli", "--data", "samples", "-o", tmp_path / "q")
    assert quiet.err == ""
    assert "| tasks: xnli" in quiet.out


def test_the_second_time_says_that_all_is_kept(evaluated: Run) -> None:
    evaluated()
    ended = evaluated()
    assert "kept all 7 of 7 cells from the last run" in ended.out
    assert "xnli zh" not in ended.err
    assert "kept 7 of 13 cells from the last run" in evaluated(tasks="xnli,pawsx").out


def test_a_change_is_said_in_one_line_a_cell(evaluated: Run) -> None:
    evaluated()
    ended = evaluated("--limit", 3)
    assert "xnli de: computed anew, because limit changed" in ended.err.splitlines()


def test_limited_is_marked_everywhere(evaluated: Run, tmp_path: Path) -> None:
    ended = evaluated("-L", 2, "--by-language", tasks="xtreme")
    assert "LIMITED to 2 examples each" in ended.err
    assert ended.out.startswith("LIMITED to 2 examples a cell: not comparable with anything")
    assert ended.out.count("(LIMITED to 2)") == 3
    for name in ("results.json", "leaderboard-xtreme.json"):
        assert json.loads((tmp_path / "out" / name).read_text("utf-8"))["xharness"]["limited"] is True


def test_by_language(evaluated: Run) -> None:
    assert re.search(r"\| Tasks +\| ar +\| de +\| en +\|", evaluated("--by-language").out)


def test_log_samples(evaluated: Run, tmp_path: Path) -> None:
    evaluated("--log_samples")
    assert len(list((tmp_path / "out/samples/xnli").iterdir())) == 7


def test_split_dev(evaluated: Run, tmp_path: Path) -> None:
    ended = evaluated("--split", "dev")
    assert ended.status == 0
    assert [p.name for p in (tmp_path / "out/predictions/tasks/xnli").iterdir()] == ["dev-en.tsv"]
    assert "missing: xnli ar de hi ru sw zh: samples has no dev data; test is there: --split test" in ended.err


def test_log_txt_tells_what_happened(evaluated: Run, tmp_path: Path) -> None:
    evaluated()
    text = (tmp_path / "out/log.txt").read_text("utf-8")
    assert "INFO oracle: 7 cells, data samples" in text
    assert "INFO xnli de: done" in text


@pytest.mark.parametrize("spelling", ["--output-path", "--output_path", "-o"])
def test_long_flags_with_either_line(xharness: Run, tmp_path: Path, spelling: str) -> None:
    ended = xharness("eval", "--model", "oracle", "--tasks", "pawsx", "--data", "samples", spelling, tmp_path / "out")
    assert ended.status == 0
    assert (tmp_path / "out/results.json").exists()


def test_every_flag_can_come_from_the_environment(
    xharness: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    values = {
        "MODEL": "random",
        "TASKS": "pawsx,xnli",
        "DATA": "samples",
        "OUTPUT_PATH": tmp_path / "out",
        "LIMIT": 3,
        "SEED": 5,
        "LANGUAGES": "de,en",
        "LOG_SAMPLES": 1,
        "BY_LANGUAGE": "true",
        "BATCH_SIZE": 4,
    }
    for name, value in values.items():
        monkeypatch.setenv(f"XHARNESS_EVAL_{name}", str(value))
    ended = xharness("eval")
    assert ended.status == 0
    found = json.loads((tmp_path / "out/results.json").read_text("utf-8"))
    assert (found["model_name"], found["config"]["limit"], found["config"]["random_seed"]) == ("random", 3, 5)
    assert {(c["task"], c["language"]) for c in found["xharness"]["cells"]} == {
        ("pawsx", "de"),
        ("pawsx", "en"),
        ("xnli", "de"),
        ("xnli", "en"),
    }
    assert (tmp_path / "out/samples/xnli/de.jsonl").exists()
    assert xharness("eval", "-m", "oracle").status == 0
    assert json.loads((tmp_path / "out/results.json").read_text("utf-8"))["model_name"] == "oracle"


def test_the_folder_without_a_flag(xharness: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert xharness("eval", "-m", "oracle", "-t", "pawsx", "--data", "samples").status == 0
    assert (tmp_path / "xharness-out/oracle/results.json").exists()


def test_data_without_gold_ends_well_and_says_where_the_predictions_are(
    xharness: Run, samples: Path, tmp_path: Path
) -> None:
    (tmp_path / "xnli").mkdir()
    lines = (samples / "xnli/test-de.tsv").read_text("utf-8").splitlines()
    (tmp_path / "xnli/test-de.tsv").write_text("".join(line.rpartition("\t")[0] + "\n" for line in lines), "utf-8")
    ended = xharness("eval", "-m", "majority", "-t", "xnli", "--data", tmp_path, "-o", tmp_path / "out")
    assert ended.status == 0
    assert "missing: xnli de: the data has no gold answers to score with; give --labels DIR" in ended.err
    assert ended.out.splitlines()[-1] == f"predictions: {tmp_path}/out/predictions/tasks/"


class TestDryRun:
    """The plan, without weights."""

    def test_prints_the_plan_and_leaves_nothing(self, evaluated: Run, checkpoint: Path, tmp_path: Path) -> None:
        ended = evaluated("--dry-run", model=str(checkpoint), tasks="xnli,tatoeba@xtreme-r")
        assert ended.status == 0
        assert not (tmp_path / "out").exists()
        rows = [[part.strip() for part in line.split("|")] for line in ended.out.splitlines()]
        header = rows[0]
        found = {row[1]: dict(zip(header, row, strict=True)) for row in rows if len(row) == len(header)}
        xnli = found["xnli"]
        assert (xnli["cells"], xnli["examples"], xnli["languages"]) == ("7", "168", "ar de en hi ru sw zh")
        assert xnli["checkpoint"].endswith("checkpoint/xnli")
        assert int(xnli["tokens (roughly)"].replace(",", "")) > 1000
        assert found["tatoeba@xtreme-r"]["checkpoint"].endswith("checkpoint/squad")
        assert "19 cells" in ended.out
        assert "nothing will be trained; under a minute of compute" in ended.out
        assert "missing: xnli bg el es fr th tr ur vi: samples has no test data" in ended.out

    def test_knows_the_limit(self, evaluated: Run) -> None:
        ended = evaluated("--dry-run", "-L", 2)
        assert "| 14 " in ended.out
        assert "7 cells, LIMITED to 2 examples each" in ended.out

    def test_finds_what_is_wrong(self, evaluated: Run, checkpoint: Path, tmp_path: Path) -> None:
        config = checkpoint / "xnli"
        ended = evaluated("--dry-run", "--train", "never", model=str(config), tasks="xnli,udpos,xquad")
        assert ended.status == 2
        assert [line.partition(" (")[0] for line in ended.errors] == [
            f"error: udpos: {config}: no head for AutoModelForTokenClassification",
            f"error: squad: {config}: no head for AutoModelForQuestionAnswering",
        ]

    def test_shows_what_will_be_trained(self, evaluated: Run, checkpoint: Path) -> None:
        ended = evaluated("--dry-run", model=str(checkpoint / "encoder"), tasks="xquad,mlqa,xcopa")
        assert ended.status == 0
        trained = [
            line.split("|")[1:3]
            for line in ended.out.splitlines()
            if line.startswith(("| squad", "| siqa", "| xcopa", "| copa"))
        ]
        assert [(task.strip(), stage.strip()) for task, stage in trained][:3] == [
            ("squad", "target"), ("siqa", "intermediate"), ("copa", "target"),
        ]  # fmt: skip
        assert "trains squad, xcopa first" in ended.out

    def test_reads_the_counts_of_the_hub_from_the_card(self, xharness: Run) -> None:
        ended = xharness("eval", "-m", "oracle", "-t", "pawsx", "--dry-run")
        assert ended.status == 0
        assert "| 14,000 " in ended.out


@pytest.mark.parametrize("model", ["oracle", "majority", "random"])
@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("garbage\n", "candidate_set_entities.jsonl:1: found broken JSON"),
        ('{"entity_id": "Q1"}\n', "candidate_set_entities.jsonl:1: found nothing under 'description', expected text"),
        ("", "candidate_set_entities.jsonl: found an empty file, expected data"),
    ],
    ids=["no json", "another object", "empty"],
)
def test_a_self_test_reads_what_is_searched(
    xharness: Run, samples: Path, tmp_path: Path, model: str, text: str, message: str
) -> None:
    shutil.copytree(samples / "mewslix", tmp_path / "mewslix")
    pool = tmp_path / "mewslix/candidate_set_entities.jsonl"
    pool.write_text(text if not text else pool.read_text("utf-8") + text, "utf-8")
    if text:  # the last line, beyond those that an answer needs
        message = message.replace(":1:", f":{pool.read_text('utf-8').count(chr(10))}:")
    ended = xharness(
        "eval", "-m", model, "-t", "mewslix", "--languages", "de", "--data", tmp_path, "-o", tmp_path / "out"
    )
    assert ended.status == 2  # no cell was evaluated
    assert len(ended.errors) == 1
    assert message in ended.errors[0]
