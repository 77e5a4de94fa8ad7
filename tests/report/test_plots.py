"""Single figures."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest

from xtreme_harness.errors import MissingDependency, OutputError
from xtreme_harness.report import plots
from xtreme_harness.report.fertility import Fertility
from xtreme_harness.report.gaps import Gap
from xtreme_harness.results.curves import Curve
from xtreme_harness.results.frame import frame, means, scores
from xtreme_harness.results.read import read_result

pytestmark = pytest.mark.slow


def texts(figure: plots.Figure, path: Path) -> list[str]:
    """Everything that is written in a figure."""
    plots.save(figure, path, "svg")
    return re.findall(r"<text[^>]*>([^<]*)</text>", path.read_text("utf-8"))


def test_heat_map_has_every_language_and_figure(oracle_run: Path, tmp_path: Path) -> None:
    found = scores(frame([read_result(oracle_run)]), "oracle")
    written = texts(plots.heat_map(found, "Oracle"), tmp_path / "a.svg")
    assert {"Swahili (sw)", "xnli", "lareqa", "Oracle"} <= set(written)
    assert written.count("100.0") == sum(map(len, found.values()))


def test_a_bar_a_task_and_run(tmp_path: Path) -> None:
    gaps = {"one": [Gap("xnli", 80, 70, 3, {})], "two": [Gap("xnli", 80, 75.5, 3, {}), Gap("xquad", 60, 61, 2, {})]}
    written = texts(plots.gap_bars(gaps), tmp_path / "a.svg")
    assert {"one", "two", "xnli", "xquad", "10.0", "4.5", "-1.0"} <= {text.replace("−", "-") for text in written}


def test_intervals_have_a_panel_a_suite(oracle_run: Path, demo_run: Path, tmp_path: Path) -> None:
    written = texts(plots.interval_dots(means([read_result(oracle_run), read_result(demo_run)])), tmp_path / "a.svg")
    assert {"xtreme", "xtreme-r", "oracle", "checkpoint", "tatoeba@xtreme-r"} <= set(written)


def test_curves_with_and_without_bands(tmp_path: Path) -> None:
    lines = [Curve("plain", (1, 2), (3, 4)), Curve("band", (1, 2), (3, 4), (2, 3), (4, 5))]
    figure = plots.curves({"loss": lines[:1], "score": lines}, "percent")
    assert {"loss", "score", "plain", "band", "step"} <= set(texts(figure, tmp_path / "a.svg"))
    assert [len(axes.collections) for axes in figure.axes] == [0, 1]


def test_fertility_stands_by_unit(tmp_path: Path) -> None:
    cuts = {"de": Fertility("de", 30, 20, "word", 3), "sw": Fertility("sw", 50, 20, "word", 0),
            "th": Fertility("th", 9, 10, "character", 0), "ja": Fertility("ja", 0, 0, "character", 0)}  # fmt: skip
    written = texts(plots.fertility_bars(cuts), tmp_path / "a.svg")
    assert [text for text in written if text.endswith(")")] == ["Swahili (sw)", "German (de)", "Thai (th)"]
    assert {"2.50", "1.50, 10.0 % unknown", "0.90", "tokens a word", "tokens a character"} <= set(written)


def test_the_same_figure_gives_the_same_bytes(tmp_path: Path) -> None:
    for form in ("svg", "png"):
        made = []
        for name in ("a", "b"):
            plots.save(plots.curves({"x": [Curve("c", (1, 2), (3, 4))]}, "y"), tmp_path / name, form)
            made.append((tmp_path / name).read_bytes())
        assert made[0] == made[1], form


def test_a_file_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "a.png").mkdir()
    with pytest.raises(OutputError, match=r"a\.png: cannot be written"):
        plots.save(plots.curves({"x": [Curve("c", (1, 2), (3, 4))]}, "y"), tmp_path / "a.png", "png")
    assert [path.name for path in tmp_path.iterdir()] == ["a.png"]


def test_without_matplotlib_the_install_line_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(MissingDependency, match=r"pip install 'xtreme-harness\[plots\]'"):
        plots.curves({"x": [Curve("c", (1, 2), (3, 4))]}, "y")
