"""Where the figures come from: signatures, environment, lineage, data, what is missing."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from xtreme_harness.plan.cells import Missing
from xtreme_harness.report.markup import Html, el
from xtreme_harness.report.parts import number, run_mark, section, table
from xtreme_harness.results.result import Dataset, Result
from xtreme_harness.results.tables import training_lines

__all__ = ["provenance"]


def provenance(runs: Sequence[Result], names: Sequence[str]) -> Html:
    """All of it, a block a run."""
    blocks = [_block(run, name, i) for i, (run, name) in enumerate(zip(runs, names, strict=True))]
    return section("provenance", "Where the figures come from", blocks)


def _block(run: Result, name: str, colour: int) -> Html:
    return el(
        "article",
        el("h3", run_mark(name, colour)),
        el("p", el("code", run.signature)),
        [el("p", line) for line in training_lines(run.lineage)],
        _details("Signatures of the cells", _signatures(run)),
        _details("Environment", el("pre", run.environment or "not recorded")),
        _details("Command", el("pre", json.dumps(run.config, indent=2, ensure_ascii=False))),
        _details("Lineage", _lineage(run.lineage)) if run.lineage else None,
        _details("Data", _datasets(run.datasets, f"data-{colour}")),
        _details(f"Missing ({len(run.missing)})", _missing(run.missing)) if run.missing else None,
        _details(f"Failed ({len(run.failed)})", _pairs(run.failed)) if run.failed else None,
        class_="card",
    )


def _details(title: str, child: Html) -> Html:
    return el("details", el("summary", title), child)


def _signatures(run: Result) -> Html:
    lines = [el("li", el("b", f"{cell.name} "), el("code", cell.signature)) for cell in run.cells]
    return el("ul", lines, class_="plain")


def _lineage(stages: Sequence[Mapping[str, Any]]) -> Html:
    """The stages as a list; fields that say nothing are left out."""
    lines = []
    for stage in stages:
        told = {key: value for key, value in stage.items() if value not in (None, [], {}, "") and key != "stage"}
        lines.append(el("li", el("b", str(stage.get("stage", "?"))), _values(told)))
    return el("ol", lines, class_="plain")


def _values(told: Mapping[str, Any]) -> Html:
    pairs = [
        part
        for key, value in told.items()
        for part in (el("dt", key.replace("_", " ")), el("dd", el("code", _text(value))))
    ]
    return el("dl", pairs, class_="facts")


def _datasets(found: Mapping[str, Dataset], name: str) -> Html:
    lines = []
    for task, entry in found.items():
        hashes = [f"{file} {value}" for file, value in sorted(entry.sha256.items())]
        files = el("details", el("summary", f"{len(hashes)} files"), el("pre", "\n".join(hashes))) if hashes else None
        lines.append(
            el(
                "tr", el("th", task, scope="row"), el("td", entry.source), el("td", el("code", entry.revision)),
                number(entry.rows, 0), el("td", files),
            )
        )  # fmt: skip
    return table(["task", "source", "revision", "examples", "SHA-256"], lines, name, "", "Data")


def _missing(missing: Sequence[Missing]) -> Html:
    grouped: dict[tuple[str, str], list[str]] = {}
    for one in missing:
        grouped.setdefault((one.key, one.reason), []).append(one.language)
    lines = [el("li", el("b", task), f" {' '.join(codes)}: {reason}") for (task, reason), codes in grouped.items()]
    return el("ul", lines, class_="plain")


def _pairs(found: Mapping[str, str]) -> Html:
    return el("ul", [el("li", el("b", name), f" {text}") for name, text in found.items()], class_="plain")


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
