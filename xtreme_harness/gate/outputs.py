"""Reports for people and machines: plain text, JUnit XML, GitHub's markdown and annotations."""

from __future__ import annotations

import re
from collections.abc import Sequence
from xml.etree import ElementTree

from xtreme_harness.gate.verdicts import Example, Report, Verdict

__all__ = ["as_annotations", "as_junit", "as_markdown", "as_text"]

_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_MOST = 20  # broken verdicts shown in a comment


def as_text(report: Report) -> str:
    """Counts, then every broken verdict with its examples, then what could not be judged."""
    lines = [f"old: {report.old}", f"new: {report.new}", ""]
    for one in report.broken:
        lines.append(f"BROKEN {one.rule}: {one.condition}: {one.place}: {one.message}")
        lines += [f"    {_example(example)}" for example in one.examples]
    examples = [example for one in report.broken for example in one.examples]
    if examples and not any(example.text for example in examples):
        lines.append("(`eval --log-samples` in both runs shows the texts of the examples)")
    lines += [f"skipped {one.rule}: {one.condition}: {one.place}: {one.message}" for one in report.of("skipped")]
    return "\n".join([*lines, summary(report)])


def summary(report: Report) -> str:
    """One line: "gate failed: 2 broken, 40 kept, 1 skipped"."""
    counts = [(len(report.of("broken")), "broken"), (len(report.of("kept")), "kept")]
    skipped = len(report.of("skipped"))
    said = ", ".join(f"{n} {word}" for n, word in [*counts, *([(skipped, "skipped")] if skipped else [])])
    return f"gate {'failed' if report.broken else 'passed'}: {said}"


def as_junit(reports: Sequence[Report]) -> str:
    """JUnit XML: a suite a report, a case a verdict."""
    root = ElementTree.Element(
        "testsuites", {"name": "xharness gate", **_counts([v for r in reports for v in r.verdicts])}
    )
    for report in reports:
        name = _clean(f"{report.new} against {report.old}")
        suite = ElementTree.SubElement(root, "testsuite", {"name": name, "errors": "0", **_counts(report.verdicts)})
        for one in report.verdicts:
            names = {"classname": _clean(one.rule), "name": _clean(f"{one.condition}: {one.place}"), "time": "0"}
            case = ElementTree.SubElement(suite, "testcase", names)
            message = {"message": " ".join(_clean(one.message).split())}
            if one.status == "broken":
                failure = ElementTree.SubElement(case, "failure", {**message, "type": one.condition})
                failure.text = _clean("\n".join([one.message, *(_example(example) for example in one.examples)]))
            elif one.status == "skipped":
                ElementTree.SubElement(case, "skipped", message)
    ElementTree.indent(root)
    return '<?xml version="1.0" encoding="utf-8"?>\n' + ElementTree.tostring(root, encoding="unicode") + "\n"


def as_markdown(reports: Sequence[Report]) -> str:
    """A comment for a pull request, in GitHub's markdown; texts of the data are escaped."""
    sections = []
    for report in reports:
        mark = "❌" if report.broken else "✅"
        lines = [f"### {mark} xharness {summary(report)}", "", f"`{report.new}` against `{report.old}`", ""]
        if report.broken:
            lines += ["| rule | condition | where | old | new | finding |", "|:--|:--|:--|--:|--:|:--|"]
            lines += [_markdown_row(one) for one in report.broken[:_MOST]]
            if len(report.broken) > _MOST:
                lines.append(f"\n... and {len(report.broken) - _MOST} more")
            lines += _details("Worst examples", [_example(e) for one in report.broken for e in one.examples])
        lines += _details(
            "Not judged", [f"{v.rule}: {v.condition}: {v.place}: {v.message}" for v in report.of("skipped")]
        )
        sections.append("\n".join([*lines, *(f"\n> warning: {_escaped(line)}" for line in report.warnings)]))
    return "\n\n".join(sections) + "\n"


def as_annotations(reports: Sequence[Report]) -> list[str]:
    """Lines that GitHub Actions shows at the run: `::error title=...::...`."""
    return [
        f"::error title={_property(f'xharness gate: {one.rule}')}::{_data(f'{report.new}: {one.place}: {one.message}')}"
        for report in reports
        for one in report.broken
    ]


def _counts(verdicts: Sequence[Verdict]) -> dict[str, str]:
    statuses = [one.status for one in verdicts]
    numbers = {"tests": len(statuses), "failures": statuses.count("broken"), "skipped": statuses.count("skipped")}
    return {**{name: str(n) for name, n in numbers.items()}, "time": "0"}


def _example(one: Example) -> str:
    text = f": {one.text}" if one.text else ""
    change = f": {one.old:.0f} -> {one.new:.0f}" if one.old != one.new else ""
    return f"{one.cell}, example {one.id}{change}{text}"


def _markdown_row(one: Verdict) -> str:
    figures = [f"{value:.2f}" if value is not None else "" for value in (one.old, one.new)]
    return (
        "| "
        + " | ".join([*map(_escaped, (one.rule, one.condition, one.place)), *figures, _escaped(one.message)])
        + " |"
    )


def _details(title: str, lines: Sequence[str]) -> list[str]:
    if not lines:
        return []
    body = "\n".join(f"- {_escaped(line)}" for line in lines)
    return ["", f"<details><summary>{title} ({len(lines)})</summary>", "", body, "", "</details>"]


def _escaped(text: str) -> str:
    """Text that markdown and HTML leave as it is, on one line, naming nobody."""
    plain = " ".join(_clean(text).split()).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return re.sub(r"([\\`*_{}\[\]|#~])", r"\\\1", plain).replace("@", "@\u200b")


def _clean(text: str) -> str:
    """Text without the characters that XML cannot hold."""
    return _NOT_XML.sub("\ufffd", text)


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
