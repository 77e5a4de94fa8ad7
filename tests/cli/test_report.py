"""`xharness report`."""

from __future__ import annotations

from pathlib import Path

import pytest


def test_a_page_of_two_runs(xharness, oracle_run: Path, demo_run: Path, tmp_path: Path) -> None:
    done = xharness("report", demo_run, oracle_run, "-o", tmp_path / "page.html", "--title", "Mine & yours")
    assert (done.status, done.err) == (0, "")
    assert done.out.startswith(f"report: {tmp_path / 'page.html'} (")
    page = (tmp_path / "page.html").read_text("utf-8")
    assert "<title>Mine &amp; yours</title>" in page


def test_the_tokenizer_is_shown(xharness, oracle_run: Path, checkpoint: Path, tmp_path: Path) -> None:
    done = xharness("report", oracle_run, "-o", tmp_path / "page.html", "--tokenizer", checkpoint)
    assert (done.status, done.err) == (0, "")
    assert "Tokenizer fertility" in (tmp_path / "page.html").read_text("utf-8")
    rows = tmp_path / "rows.csv"
    tokenizer = ["--tokenizer", checkpoint]
    assert not xharness("report", oracle_run, "--format", "csv", "--figure", "fertility", *tokenizer, "-o", rows).status
    assert "\nzh,Chinese,character," in rows.read_text("utf-8")


def test_every_absent_run_is_one_line(xharness, tmp_path: Path) -> None:
    done = xharness("report", tmp_path / "a", tmp_path / "b", "-o", tmp_path / "page.html")
    assert done.status == 2
    assert len(done.errors) == 2
    assert not (tmp_path / "page.html").exists()


@pytest.mark.slow
@pytest.mark.parametrize("figure", ["languages", "intervals", "transfer"])
def test_a_figure_and_its_rows(xharness, demo_run: Path, tmp_path: Path, figure: str) -> None:
    for form, start in (("png", b"\x89PNG"), ("svg", b"<?xml"), ("csv", b"run,")):
        path = tmp_path / f"a.{form}"
        done = xharness("report", demo_run, "--format", form, "--figure", figure, "-o", path)
        assert (done.status, done.out, done.err) == (0, f"figure: {path}\n", "")
        assert path.read_bytes().startswith(start)


@pytest.mark.parametrize("figure", ["training", "series", "fertility"])
def test_what_there_is_nothing_for_is_said(xharness, demo_run: Path, tmp_path: Path, figure: str) -> None:
    done = xharness("report", demo_run, "--format", "png", "--figure", figure, "-o", tmp_path / "a.png")
    assert done.status == 2
    assert done.errors[0].startswith(f"error: --figure {figure}: n")
    assert not list(tmp_path.iterdir())


def test_the_command_knows_every_figure() -> None:
    from xtreme_harness.cli import report
    from xtreme_harness.report.single_figures import FIGURES

    assert tuple(FIGURES) == report.FIGURES
