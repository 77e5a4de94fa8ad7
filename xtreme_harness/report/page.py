"""Puts the sections into one page that needs nothing beside itself."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib.resources import files
from string import Template

from xtreme_harness.comparison.differences import Comparison
from xtreme_harness.report.comparison import comparison, refused
from xtreme_harness.report.explorer import explore, explorer
from xtreme_harness.report.fertility import Fertility
from xtreme_harness.report.heatmap import cells, heatmap
from xtreme_harness.report.inputs import Model
from xtreme_harness.report.lines import series, training
from xtreme_harness.report.markup import Html, el, joined
from xtreme_harness.report.overview import intervals, overview
from xtreme_harness.report.provenance import provenance
from xtreme_harness.report.transfer import transfer
from xtreme_harness.results.curves import read_training
from xtreme_harness.results.frame import frame, run_names
from xtreme_harness.results.result import Result
from xtreme_harness.results.series import Series
from xtreme_harness.signature import VERSION

__all__ = ["EXAMPLES", "Content", "build_page"]

EXAMPLES = 20  # logged examples of a cell on the page


@dataclass(frozen=True, slots=True)
class Content:
    """What a page is about."""

    models: Sequence[Model]
    comparison: Comparison | None = None  # of the other models with the first
    refused: Sequence[str] = ()  # why there is no comparison
    series: Series | None = None  # checkpoints over steps
    cuts: Mapping[str, Fertility] = field(default_factory=dict)  # language -> how the tokenizer cuts it
    examples: int = EXAMPLES  # logged examples of a cell at most; 0 = none
    title: str | None = None

    @property
    def runs(self) -> list[Result]:
        """The figures of each model."""
        return [model.whole for model in self.models]

    def named_runs(self) -> list[tuple[str, Result]]:
        """Every run, one a seed, with a name."""
        named = zip(run_names(self.runs), self.models, strict=True)
        return [pair for name, model in named for pair in zip(model.seed_names(name), model.seeds, strict=True)]


def build_page(content: Content) -> str:
    """The page as one text; the same runs give the same bytes.

    Raises:
        OutputError: when what a run logged cannot be read.
    """
    script = _file("page.js")
    sections = _sections(content)
    title = content.title or f"xharness: {' · '.join(run_names(content.runs))}"
    page = Template(_file("page.html")).substitute(
        policy=_policy(script),
        title=joined(title).text,
        css=_file("page.css"),
        navigation=joined([el("a", text, href=f"#{name}") for name, text, _ in sections]).text,
        sections="\n".join(html.text for _, _, html in sections),
        version=joined(VERSION).text,
        script=script,
    )
    return page.encode("utf-8", "replace").decode("utf-8")  # halves of surrogate pairs, which data may hold


def _sections(content: Content) -> list[tuple[str, str, Html]]:
    """Id, name in the navigation, and markup of what there is to show."""
    names = run_names(content.runs)
    rows = frame(content.runs, names)
    trained = {name: read_training(run) for name, run in content.named_runs()}
    every: list[tuple[str, str, Html | None]] = [
        ("overview", "Overview", overview(content.runs, names)),
        ("series", "Checkpoints", series(content.series) if content.series else None),
        ("languages", "Task by language", heatmap(rows, names)),
        ("intervals", "Intervals", intervals(content.runs, names)),
        ("comparison", "Comparison", _compared(content, names)),
        ("transfer", "Transfer", transfer(rows, names, content.cuts)),
        ("training", "Training", training({name: found for name, found in trained.items() if found})),
        ("cells", "Cells", cells(rows, names)),
        ("examples", "Examples", _examples(content, names)),
        ("provenance", "Provenance", provenance(content.runs, names)),
    ]
    return [(name, text, html) for name, text, html in every if html is not None]


def _compared(content: Content, names: Sequence[str]) -> Html | None:
    if content.comparison is not None:
        return comparison(content.comparison, names)
    return refused(content.refused) if content.refused else None


def _examples(content: Content, names: Sequence[str]) -> Html | None:
    """Of models with several runs, those of the first."""
    if not content.examples:
        return None
    return explorer(explore([model.seeds[0] for model in content.models], content.examples), names)


def _file(name: str) -> str:
    return files("xtreme_harness.report").joinpath(name).read_text("utf-8").strip()


def _policy(script: str) -> str:
    """Nothing is loaded, and no script runs but the page's own, whatever text it may hold."""
    digest = base64.b64encode(hashlib.sha256(f"\n{script}\n".encode()).digest()).decode()
    own = f"style-src 'unsafe-inline'; script-src 'sha256-{digest}'"
    return f"default-src 'none'; {own}; base-uri 'none'; form-action 'none'"
