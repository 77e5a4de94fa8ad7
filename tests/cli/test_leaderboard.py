"""`xharness leaderboard` from the command line."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest

from tests.fixtures.made_runs import made_figures, write_run
from xtreme_harness.cards import Cards
from xtreme_harness.cli.main import main
from xtreme_harness.metrics import METRICS
from xtreme_harness.plan.cells import all_cards, select


@pytest.fixture(scope="module")
def cards() -> Cards:
    return all_cards()


def called(capsys: pytest.CaptureFixture[str], *args: str) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as stop:
        main(["leaderboard", *args])
    out, err = capsys.readouterr()
    return int(stop.value.code or 0), out, err


def demo(place: Path, cards: Cards, suite: str, languages: int | None = None, **own: Any) -> Path:
    """A results.json of a run over a suite, in all or the first few languages of every task."""
    figures = {
        (target.key, code): dict.fromkeys(METRICS[target.card.metric].main, 50.0)
        for target in select(cards, [suite])
        for code in target.languages[:languages]
    }
    return write_run(made_figures(figures, "my-model", suites=[suite], **own), place)


def test_markdown_says_that_tables_are_apart(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = called(capsys, "--suite", "xtreme")
    assert (code, err) == (0, "")
    assert out.startswith("### xtreme: all 9 tasks (test)\n")
    assert "not comparable" in out
    assert "xtreme-r:" not in out


def test_csv_parses_and_leaves_missing_cells_empty(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = called(capsys, "--format", "csv")
    assert code == 0
    rows = list(csv.DictReader(io.StringIO(out)))
    assert {len(row) for row in rows} == {len(rows[0])}
    stilts = next(row for row in rows if row["slug"] == "x-stilts-rembert-paper")
    assert (stilts["rank"], stilts["xnli"], stilts["bucc2018"], stilts["retrieval"]) == ("4", "80.0", "", "")
    assert stilts["mean_of"].startswith("mean of 7: ")
    assert float(stilts["mean"]) == pytest.approx(72.66, abs=0.005)
    assert "filter-rembert-paper: its source prints" in err


def test_json_parses_and_has_null_for_missing_cells(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = called(capsys, "--format", "json", "--suite", "xtreme")
    found = json.loads(out)
    assert code == 0
    rows = [row for section in found["sections"] for row in section["rows"]]
    mt5 = next(row for row in rows if row["slug"] == "mt5-xxl-mt5-readme")
    assert mt5["figures"]["udpos"] is None
    assert mt5["metrics"]["xquad"] == ["f1"]
    assert all(section["ranked_by"] for section in found["sections"])


def test_latex_is_whole_and_escaped(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = called(capsys, "--format", "latex", "--task", "xnli", "--language", "sw", "--language", "ur")
    assert code == 0
    assert out.count(r"\begin{tabular}") == out.count(r"\end{tabular}") > 0
    lines = out.splitlines()
    head = next(line for line in lines if line.startswith("rank & "))
    assert r"xnli\_sw & xnli\_ur" in head
    body = [line for line in lines if line.endswith(r"\\")]
    assert {line.replace(r"\&", "").count("&") for line in body} <= {5, 6}


def test_languages_may_be_repeated_or_listed(capsys: pytest.CaptureFixture[str]) -> None:
    repeated = called(capsys, "--task", "xnli", "--language", "sw", "--language", "ur", "--format", "csv")
    assert repeated == called(capsys, "--task", "xnli", "--language", "sw,ur", "--format", "csv")


def test_sort_orders_by_a_column(capsys: pytest.CaptureFixture[str]) -> None:
    _, out, _ = called(capsys, "--task", "xnli", "--suite", "xtreme", "--sort", "model", "--format", "json")
    models = [row["model"].casefold() for row in json.loads(out)["sections"][0]["rows"]]
    assert models == sorted(models)


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (["--task", "xnlii"], "--task xnlii: unknown task (did you mean 'xnli'?)"),
        (["--suite", "xtrme"], "--suite xtrme: unknown suite (did you mean 'xtreme'?)"),
        (["--group", "taging"], "--group taging: unknown group (did you mean 'tagging'?)"),
        (["--language", "qqq"], "--language qqq: unknown language"),
        (["--sort", "overal"], "--sort overal: no such column (did you mean 'overall'?)"),
        (["--submissions", "nowhere"], "nowhere: no such folder of submissions"),
        (["--with", "nowhere"], "nowhere: no such file; expected the results.json of `xharness eval`, or its folder"),
        (["--format", "html"], "'html' is not one of"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_wrong_use_is_told_in_a_line(args: list[str], message: str, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = called(capsys, *args)
    assert (code, out) == (2, "")
    assert message in err
    assert "Traceback" not in err


def test_complete_run_is_ranked_beside_the_published(
    cards: Cards, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = demo(tmp_path / "out", cards, "xtreme-r")
    code, text, _ = called(capsys, "--suite", "xtreme-r", "--with", str(out), "--format", "json")
    first = json.loads(text)["sections"][0]
    mine = next(row for row in first["rows"] if row["kind"] == "run")
    assert code == 0
    assert (mine["model"], mine["means"]["xtreme_r_mean_10"]) == ("my-model", 50.0)
    assert len(first["rows"]) == 5
    assert mine["rank"] == 5


def test_incomplete_run_is_marked(cards: Cards, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = demo(tmp_path / "out", cards, "xtreme", languages=2)
    code, text, _ = called(capsys, "--suite", "xtreme", "--with", str(out))
    assert code == 0
    assert "xtreme: incomplete runs (test)" in text
    assert "50.0 (2/15)" in text
    assert "is incomplete (pawsx in 2 of 7 languages" in text


def test_limited_run_is_refused(cards: Cards, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = called(capsys, "--with", str(demo(tmp_path, cards, "xtreme", limited=True)))
    assert (code, out) == (2, "")
    assert "--limit" in err


def test_own_submissions_stand_beside_the_published(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    place = tmp_path / "mine"
    place.mkdir()
    (place / "metadata.yaml").write_text(
        "kind: published\nmodel: Mine\nsuite: xtreme\nsource: note\nsetting: zero-shot\nverified: false\n", "utf-8"
    )
    (place / "scores.json").write_text('{"tasks": {"xnli": {"accuracy": 99.9}}}', "utf-8")
    _, out, _ = called(capsys, "--task", "xnli", "--submissions", str(tmp_path), "--format", "csv")
    first = next(csv.DictReader(io.StringIO(out)))
    assert (first["model"], first["rank"], first["source"]) == ("Mine", "1", "note (not verified)")


def test_nothing_to_show_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = called(capsys, "--task", "tydiqa", "--language", "te", "--format", "json")
    assert code == 0
    assert json.loads(out)["sections"] == []
    assert "no submission has figures for that" in err
