"""Submissions to a board: tables whose rows may be compared, each ranked on its own.

Averages over different tasks or by different conventions never share a ranking: rows stand in one section only when
they have the same columns, the QA figures of one convention, and the same split.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from xtreme_harness.cards import Cards
from xtreme_harness.errors import CardError, did_you_mean
from xtreme_harness.leaderboard.board import Board, Column, Figure, Row, Section, View
from xtreme_harness.leaderboard.recompute import disagreements, over_languages
from xtreme_harness.leaderboard.submissions import Submission, task_languages
from xtreme_harness.metrics import METRICS
from xtreme_harness.scoring.means import headline, left_to_right_mean, overall_value

__all__ = ["build_board"]


@dataclass(frozen=True, slots=True)
class _Frame:
    """What one suite shows in a view."""

    suite: str
    cards: Cards
    columns: tuple[Column, ...]
    groups: tuple[str, ...]
    by_language: bool
    all_tasks: bool  # of the suite

    @property
    def tasks(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(c.task for c in self.columns))

    def metric(self, task: str) -> str:
        """By which the suite scores a task."""
        return self.cards.member(task, self.suite).card.metric


def build_board(submissions: Sequence[Submission], cards: Cards, view: View) -> Board:
    """Filter, average, part into sections, rank and sort.

    Raises:
        CardError: with every name that is unknown, and the nearest known one.
    """
    faults = _unknown_names(submissions, cards, view)
    if faults:
        raise CardError(*faults)
    sections: list[Section] = []
    notes: list[str] = []
    hidden: list[str] = []
    for suite in view.suites or tuple(cards.suites):
        mine = [s for s in submissions if s.suite == suite]
        frame = _frame(suite, mine, cards, view)
        shown = {s.slug: figures for s in mine if (figures := _figures(s, frame))}
        hidden += [s.slug for s in mine if s.slug not in shown and set(frame.tasks) & set(s.languages)]
        rows = [s for s in mine if s.slug in shown]
        sections += _sections(rows, shown, frame)
        notes += [note for s in rows if not view.languages for note in disagreements(s, cards, frame.tasks)]
    if view.sort:
        _require_heading(view.sort, sections)
        sections = [_sorted(section, view.sort) for section in sections]
    if hidden and not view.languages:
        notes.append(f"Not shown, with figures in some languages only (--language shows them): {', '.join(hidden)}")
    return Board(tuple(sections), tuple(notes))


def _frame(suite: str, submissions: Sequence[Submission], cards: Cards, view: View) -> _Frame:
    """The columns of a suite: its tasks in order, then tasks that only some source's mixture has."""
    own = cards.suites[suite]
    extra = {t for s in submissions for t in [*s.tasks, *s.languages]} - set(own.tasks)
    tasks: tuple[str, ...] = (*own.tasks, *(t for t in cards.tasks if t in extra))
    if view.tasks or view.groups:
        wanted = {*view.tasks, *(t for g in view.groups for t in own.groups.get(g, ()))}
        tasks = tuple(task for task in tasks if task in wanted)
    columns = [
        Column(task, code)
        for task in tasks
        for code in (view.languages or (None,))
        if code is None or code in task_languages(cards, suite, task)
    ]
    groups = () if view.languages else tuple(g for g, members in own.groups.items() if set(members) <= set(tasks))
    return _Frame(suite, cards, tuple(columns), groups, bool(view.languages), set(own.tasks) <= set(tasks))


def _figures(submission: Submission, frame: _Frame) -> dict[str, Figure]:
    found = {column.name: _figure(submission, column, frame) for column in frame.columns}
    return {name: figure for name, figure in found.items() if figure is not None}


def _figure(submission: Submission, column: Column, frame: _Frame) -> Figure | None:
    main = METRICS[frame.metric(column.task)].main
    cells = submission.languages.get(column.task, {})
    share = ""
    if column.language:
        doubtful = column.language in submission.doubtful.get(column.task, ())
        found = {} if doubtful else cells.get(column.language, {})
    elif column.task in submission.tasks:
        found = submission.tasks[column.task]
    else:
        wanted = task_languages(frame.cards, submission.suite, column.task)
        codes = [code for code in wanted if code in cells]
        if len(codes) < len(wanted):
            if not submission.missing:  # published in some languages: nobody's mean
                return None
            share = f"{len(codes)}/{len(wanted)}"
        found = over_languages({code: cells[code] for code in codes}, main)
    names = tuple(name for name in main if name in found)
    return Figure(left_to_right_mean(found[name] for name in names), names, share) if names else None


def _sections(
    submissions: Sequence[Submission], shown: Mapping[str, Mapping[str, Figure]], frame: _Frame
) -> list[Section]:
    parts: dict[tuple[bool, str, tuple[tuple[str, tuple[str, ...]], ...]], list[Submission]] = {}
    for one in submissions:
        partial = bool(one.missing)
        same = () if partial else tuple((name, figure.metrics) for name, figure in shown[one.slug].items())
        parts.setdefault((partial, one.split, same), []).append(one)
    sections = [_section(members, shown, frame) for members in parts.values()]
    order = sorted(sections, key=lambda s: (not s.ranked, not s.whole, s.split != "test", -len(s.rows[0].figures)))
    if len(order) > 1:
        apart = "Ranked on its own: its figures and averages are not comparable with those of the other tables."
        order = [s if s.whole or not s.ranked else _noted(s, apart) for s in order]
    return order


def _section(members: Sequence[Submission], shown: Mapping[str, Mapping[str, Figure]], frame: _Frame) -> Section:
    figures = shown[members[0].slug]
    ranked = not members[0].missing
    lone = _single_metrics(figures, frame) if ranked else {}
    had = [c for c in frame.columns if any(c.name in shown[m.slug] for m in members)]
    own = frame.cards.suites[frame.suite].tasks
    columns = tuple(c for c in frame.columns if c in had or c.task in own or not frame.all_tasks)
    rows = [_row(m, shown[m.slug], frame, lone) for m in members]
    means = tuple(rows[0].means)
    if ranked:
        rows = _ranked(rows, means[-1] if means else had[0].name)
    notes = [f"Not ranked: {m.slug} is incomplete ({'; '.join(m.missing)})." for m in members if m.missing]
    settings = {m.setting for m in members if m.kind == "published" or m.setting}
    if len(settings) > 1:
        notes.append("The settings of the systems differ; see the column.")
    split = members[0].split
    whole = ranked and split == "test" and not lone and len(had) == len(columns)
    title = _title(frame, had, lone, split) if ranked else f"{frame.suite}: incomplete runs ({split})"
    return Section(
        frame.suite, split, title, tuple(notes), columns, frame.groups, means, tuple(rows), ranked, whole
    )  # fmt: skip


def _single_metrics(figures: Mapping[str, Figure], frame: _Frame) -> dict[str, str]:
    """Columns whose figure is less than the task's headline -> the metric that it is."""
    return {
        c.name: "+".join(figures[c.name].metrics)
        for c in frame.columns
        if c.name in figures and figures[c.name].metrics != METRICS[frame.metric(c.task)].main
    }


def _title(frame: _Frame, had: Sequence[Column], lone: Mapping[str, str], split: str) -> str:
    names = [c.name for c in had]
    absent = [c.name for c in frame.columns if c not in had and c.task in frame.cards.suites[frame.suite].tasks]
    if not absent and frame.all_tasks and not frame.by_language:
        what = f"all {len(names)} tasks"
    elif len(absent) < len(names) and not frame.by_language and frame.all_tasks:
        what = f"{len(names)} tasks (without {', '.join(absent)})"
    else:
        what = ", ".join(names)
    convention = f"; {', '.join(lone)}: {next(iter(lone.values()))} alone" if lone else ""
    return f"{frame.suite}: {what}{convention} ({split})"


def _row(submission: Submission, figures: Mapping[str, Figure], frame: _Frame, lone: Mapping[str, str]) -> Row:
    if submission.missing:
        return Row(None, submission, figures, {}, {})
    suite = frame.cards.suites[frame.suite]
    good = {name: figure.value for name, figure in figures.items() if name not in lone}
    groups = {
        name: left_to_right_mean(good[task] for task in suite.groups[name])
        for name in frame.groups
        if all(task in good for task in suite.groups[name])
    }
    return Row(None, submission, figures, groups, _means(submission, figures, good, frame, lone))


def _means(
    submission: Submission,
    figures: Mapping[str, Figure],
    good: Mapping[str, float],
    frame: _Frame,
    lone: Mapping[str, str],
) -> dict[str, float]:
    """Name -> mean; the last one ranks. Of one figure there is no mean."""
    suite = frame.cards.suites[frame.suite]
    if len(figures) < 2:
        return {}
    means = {}
    if not frame.by_language:
        means = {n: left_to_right_mean(good[t] for t in ts) for n, ts in suite.means.items() if set(ts) <= set(good)}
        if suite.overall and set(suite.tasks) == set(figures) == set(good):
            overall = next(iter(suite.overalls("overall").items()))
            value = overall_value(overall[1], good, _headlines(submission, frame))
            if value is not None:
                return {overall[0]: value}
        if any(set(figures) == set(tasks) == set(good) for tasks in suite.means.values()):
            return means
    what = f"mean of {len(figures)}: {' '.join(figures)}"
    if lone:
        what += f" ({next(iter(lone.values()))} alone: {' '.join(lone)})"
    return {**means, what: left_to_right_mean(figure.value for figure in figures.values())}


def _headlines(submission: Submission, frame: _Frame) -> dict[str, dict[str, float]] | None:
    """Task -> language -> headline, percent; None where a cell of the suite lacks or may stand in the wrong column."""
    found: dict[str, dict[str, float]] = {}
    for task in frame.cards.suites[frame.suite].tasks:
        member, cells = frame.cards.member(task, frame.suite), submission.languages.get(task, {})
        metric = METRICS[member.card.metric]
        there = [code for code in member.languages if set(metric.main) <= set(cells.get(code, ()))]
        if len(there) < len(member.languages) or submission.doubtful.get(task):
            return None
        found[task] = {code: headline(metric, cells[code]) for code in there}
    return found


def _ranked(rows: Sequence[Row], by: str) -> list[Row]:
    """Rows from best to worst; equal figures share a rank."""
    ordered = sorted(rows, key=lambda row: (-(row.value(by) or 0.0), row.submission.model, row.submission.slug))
    values = [round(row.value(by) or 0.0, 6) for row in ordered]  # a tie stays one after rounding errors
    return [
        Row(values.index(value) + 1, row.submission, row.figures, row.groups, row.means)
        for row, value in zip(ordered, values, strict=True)
    ]


def _noted(section: Section, note: str) -> Section:
    return replace(section, notes=(note, *section.notes))


def _sorted(section: Section, by: str) -> Section:
    name = section.means[-1] if by in ("mean", "overall") and section.means else by

    def key(row: Row) -> tuple[bool, float, str]:
        if name in ("model", "setting", "source"):
            return False, 0.0, str(getattr(row.submission, name)).casefold()
        value = row.value(name)
        return value is None, -(value or 0.0), ""

    return replace(section, rows=tuple(sorted(section.rows, key=key)))


def _require_heading(name: str, sections: Sequence[Section]) -> None:
    known = ["model", "setting", "source", "mean", "overall"]
    known += [heading for s in sections for heading in [*(c.name for c in s.columns), *s.groups, *s.means]]
    if name not in known:
        shown = ", ".join(k for k in dict.fromkeys(known) if " " not in k)
        raise CardError(f"--sort {name}: no such column{did_you_mean(name, known)}; there are {shown}")


def _unknown_names(submissions: Sequence[Submission], cards: Cards, view: View) -> list[str]:
    suites = [cards.suites[name] for name in view.suites or cards.suites if name in cards.suites]
    mixed = {t for s in submissions if s.suite in (view.suites or cards.suites) for t in [*s.tasks, *s.languages]}
    tasks = list(dict.fromkeys([*(t for suite in suites for t in suite.tasks), *sorted(mixed)]))
    groups = list(dict.fromkeys(g for suite in suites for g in suite.groups))
    codes = list(dict.fromkeys(code for task in tasks for code in cards.card(task).all_languages))
    known = {"suite": list(cards.suites), "task": tasks, "group": groups, "language": codes}
    asked = {"suite": view.suites, "task": view.tasks, "group": view.groups, "language": view.languages}
    return [
        f"--{what} {name}: unknown {what}{did_you_mean(name, known[what])}; known: {', '.join(known[what])}"
        for what, names in asked.items()
        for name in names
        if name not in known[what]
    ]
