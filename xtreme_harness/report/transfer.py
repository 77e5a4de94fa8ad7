"""The transfer gap of every task, by family, script and resource class; correlations; the tokenizer's cuts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from xtreme_harness.languages import language
from xtreme_harness.report.fertility import Fertility
from xtreme_harness.report.gaps import GROUPINGS, Correlation, Gap, gap_of, task_correlations, with_fact
from xtreme_harness.report.markup import Html, el
from xtreme_harness.report.parts import bar, figure, language_head, note, number, run_mark, section, table
from xtreme_harness.results.frame import FrameRow, scores

__all__ = ["transfer"]


def transfer(rows: Sequence[FrameRow], names: Sequence[str], cuts: Mapping[str, Fertility]) -> Html | None:
    """The section; None where no run has English beside another language."""
    by_run = {name: scores(rows, name) for name in names}
    gaps = {
        name: [gap for task, cells in found.items() if (gap := gap_of(task, cells)) is not None]
        for name, found in by_run.items()
    }
    if not any(gaps.values()) and not cuts:
        return None
    text = note(
        "English minus the mean of the other languages, percent points: what is lost on the way from the language of "
        "training. Over all languages that were evaluated; tasks without English have none, nor have those that were "
        "trained on other languages too."
    )
    return section(
        "transfer", "Transfer gap", text, _gaps(gaps),
        [_groups(gaps, grouping) for grouping in GROUPINGS] if any(gaps.values()) else None,
        [_correlations(found, name, cuts, len(names) > 1) for name, found in by_run.items()],
        _fertility(cuts) if cuts else None,
    )  # fmt: skip


def _gaps(gaps: Mapping[str, Sequence[Gap]]) -> Html | None:
    every = [gap.gap for mine in gaps.values() for gap in mine]
    if not every:
        return None
    first, last = min(0.0, *every), max(1.0, *every)
    tasks = dict.fromkeys(gap.task for mine in gaps.values() for gap in mine)
    several = len(gaps) > 1
    lines = []
    for task in tasks:
        for i, (name, mine) in enumerate(gaps.items()):
            gap = next((g for g in mine if g.task == task), None)
            if gap is not None:
                lines.append(_gap_row(gap, run_mark(name, i) if several else None, first, last, i))
    headers = ["task", *(["run"] if several else []), "English", "others", "languages", "gap", "points"]
    return table(headers, lines, "gaps", "wide", "Transfer gap by task")


def _gap_row(gap: Gap, run: Html | None, first: float, last: float, colour: int) -> Html:
    return el(
        "tr",
        el("th", gap.task, scope="row"),
        el("td", run) if run else None,
        number(gap.source, 1),
        number(gap.others, 1),
        number(gap.languages, 0),
        number(gap.gap, 1, signed=True),
        bar(gap.gap, first, last, colour),
    )


def _groups(gaps: Mapping[str, Sequence[Gap]], grouping: str) -> Html:
    """Groups of languages by tasks, of every run."""
    groups = sorted({group for mine in gaps.values() for gap in mine for group in gap.groups[grouping]})
    tasks = list(dict.fromkeys(gap.task for mine in gaps.values() for gap in mine))
    several = len(gaps) > 1
    lines = []
    for group in groups:
        for i, (name, mine) in enumerate(gaps.items()):
            found = {gap.task: gap.groups[grouping].get(group) for gap in mine}
            cells = [_group_cell(found.get(task)) for task in tasks]
            head = el("th", group, scope="row")
            lines.append(el("tr", head, el("td", run_mark(name, i)) if several else None, cells))
    headers = [grouping, *(["run"] if several else []), *tasks]
    shown = table(headers, lines, f"gap-{grouping.replace(' ', '-')}", "wide", f"Gap by {grouping}")
    source = note("Classes of Joshi et al. (2020), 0 to 5: how much text of the language there is.")
    return el("details", el("summary", f"By {grouping}"), source if grouping == "resource class" else None, shown)


def _group_cell(found: tuple[float, int] | None) -> Html:
    if found is None:
        return el("td", class_="n none", data_v="")
    return number(found[0], 1, signed=True, title=f"{found[1]} languages")


def _correlations(
    found: Mapping[str, Mapping[str, FrameRow]], name: str, cuts: Mapping[str, Fertility], several: bool
) -> Html | None:
    values = {task: {code: row.value for code, row in cells.items()} for task, cells in found.items()}
    pairs = task_correlations(values)
    facts = {"resource class": with_fact(values, _classes(values))}
    if cuts:
        worded = {code: cut.per_unit for code, cut in cuts.items() if cut.unit == "word" and cut.units}
        facts["tokens a word"] = with_fact(values, worded)
        facts["unknown tokens"] = with_fact(values, {c: cut.unknown_rate for c, cut in cuts.items() if cut.tokens})
    if not pairs and not any(facts.values()):
        return None
    tasks = list(values)
    lines = [
        el("tr", el("th", a, scope="row"), [_rho(pairs.get((a, b)) or pairs.get((b, a))) for b in tasks]) for a in tasks
    ]
    lines += [
        el("tr", el("th", fact, scope="row"), [_rho(one.get(task)) for task in tasks], class_="fact")
        for fact, one in facts.items()
        if one
    ]
    text = note(
        "Spearman's rank correlation over the languages that both have: do two tasks order the languages alike, and "
        "does the order go with a fact of the languages? Left empty under four languages."
    )
    title = f"Correlations{f': {name}' if several else ''}"
    return el("details", el("summary", title), text, table(["task", *tasks], lines, None, "heat", title))


def _classes(values: Mapping[str, Mapping[str, float]]) -> dict[str, float]:
    codes = dict.fromkeys(code for cells in values.values() for code in cells)
    known = {code: language(code).resources for code in codes}
    return {code: float(rank) for code, rank in known.items() if rank is not None}


def _rho(found: Correlation | None) -> Html:
    if found is None:
        return el("td", class_="n none", data_v="")
    share = round(abs(found.rho) * 100)
    side = "pos" if found.rho >= 0 else "neg"
    return number(found.rho, 2, class_=f"n {side}", style=f"--h:{share}%", title=f"{found.n} languages")


def _fertility(cuts: Mapping[str, Fertility]) -> Html:
    lines = [
        el(
            "tr",
            language_head(code, language(code).name),
            number(cut.per_unit),
            el("td", cut.unit),
            number(cut.unknown_rate),
            number(cut.units, 0),
            number(cut.tokens, 0),
        )
        for code, cut in sorted(cuts.items(), key=lambda pair: language(pair[0]).name)
    ]
    headers = ["language", "tokens a unit", "unit", "unknown, %", "units", "tokens"]
    text = note(
        "Tokens a word (a character, where the script writes none apart), and the share of unknown tokens, over the "
        f"logged examples of {len(cuts)} languages. Mean over languages with words: ",
        figure(_mean([cut.per_unit for cut in cuts.values() if cut.unit == "word" and cut.units])),
        ".",
    )
    return el(
        "details", el("summary", "Tokenizer fertility"), text, table(headers, lines, "fertility", "", "Fertility")
    )


def _mean(values: Sequence[float]) -> float | None:
    return sum(values) / len(values) if values else None
