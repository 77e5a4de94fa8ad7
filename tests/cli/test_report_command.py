"""`xharness report`."""

from __future__ import annotations

from pathlib import Path


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


def test_every_absent_run_is_one_line(xharness, tmp_path: Path) -> None:
    done = xharness("report", tmp_path / "a", tmp_path / "b", "-o", tmp_path / "page.html")
    assert done.status == 2
    assert len(done.errors) == 2
    assert not (tmp_path / "page.html").exists()
