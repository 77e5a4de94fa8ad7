"""Runs and rules in, a report out."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from math import inf, isnan, nan

from xtreme_harness.cards import Cards
from xtreme_harness.comparison.differences import Comparison, Difference, common_suites, compare_runs, headlines_of
from xtreme_harness.comparison.figures import Figure
from xtreme_harness.errors import DataError
from xtreme_harness.gate.baseline import published_value, require_same_split
from xtreme_harness.gate.completeness import judge_state
from xtreme_harness.gate.judge import Points, judge
from xtreme_harness.gate.lost import lost_figures
from xtreme_harness.gate.places import figures_of
from xtreme_harness.gate.rules import OF_FIGURES, Rule
from xtreme_harness.gate.verdicts import Report, Verdict
from xtreme_harness.gate.worst import with_examples
from xtreme_harness.leaderboard.submissions import Submission
from xtreme_harness.results.read import place_of
from xtreme_harness.results.result import Result
from xtreme_harness.results.values import require_suites, strange_cells

__all__ = ["check_runs", "check_series"]

LIMITED = Rule(limited="forbid", name="limited runs")  # holds unless a rule speaks of limits
CellKey = tuple[str, str]


def check_runs(
    rules: Sequence[Rule],
    old: Sequence[Result] | Submission,
    new: Sequence[Result],
    cards: Cards,
    *,
    resamples: int = 1000,
    trials: int = 0,
    seed: int = 42,
    force: bool = False,
) -> Report:
    """Judge a new run by rules.

    Args:
        rules: what must not happen.
        old: the old runs, one a seed; or published figures, against which only points can be held.
        new: the new runs, one a seed.
        cards: all cards and suites.
        resamples: of the paired bootstrap.
        trials: of approximate randomisation, which then gives the p values.
        seed: of both.
        force: compare results of other data, cards or metrics.

    Raises:
        CardError: for a suite that the cards do not have.
        DataError: for results that cannot be compared.
    """
    every = [*rules, *([] if any(rule.limited for rule in rules) else [LIMITED])]
    runs = () if isinstance(old, Submission) else old
    require_suites(cards, [*runs, *new])
    strange = {key: f"{run.place}: {what}" for run in [*runs, *new] for key, what in strange_cells(run).items()}
    of_figures = [rule for rule in every if any(getattr(rule, name) is not None for name in OF_FIGURES)]
    verdicts: list[Verdict] = []
    warnings: tuple[str, ...] = ()
    points, reason = _published(old, new[0], cards), "published figures have no examples to test with"
    if not isinstance(old, Submission):
        points, reason = _common(old, new, cards), "the runs have no statistics per example (cells/) to test with"
        if not strange and all(run.has_rows for run in [*old, *new]):
            points, warnings = _compared(of_figures, old, new, cards, resamples, trials, seed, force)
            reason = ""
    for rule in every:
        if rule in of_figures:
            both, unknown = points(rule)
            own = _own_figures(rule, new, cards) if rule.floor is not None else {}
            verdicts += judge(rule, own, both, reason, unknown, strange, lost_figures(rule, every, runs, new, cards))
        verdicts += judge_state(rule, runs, new)
    label = old.slug if isinstance(old, Submission) else place_of(old)
    report = Report(label, place_of(new), tuple(verdicts), warnings)
    return report if isinstance(old, Submission) else with_examples(report, old[0], new[0])


def check_series(rules: Sequence[Rule], series: Sequence[Result], cards: Cards, **options: int | bool) -> list[Report]:
    """Judge every run of a series against the one before it, and against the best before it.

    The best is the run with the highest mean over the tasks that all runs have; one without a number is none.
    """
    reports = []
    scores = [-inf if isnan(mean) else mean for mean in (_mean_of_all(run, series) for run in series)]
    for i in range(1, len(series)):
        best = max(range(i), key=lambda j: (scores[j], j))
        for j in dict.fromkeys([i - 1, best]):
            reports.append(check_runs(rules, [series[j]], [series[i]], cards, **options))  # type: ignore[arg-type]
    return reports


_Points = Callable[[Rule], tuple[list[Points], list[Figure]]]  # rule -> figures of both sides, and of the new alone


def _compared(
    rules: Sequence[Rule], old: Sequence[Result], new: Sequence[Result], cards: Cards,
    resamples: int, trials: int, seed: int, force: bool,
) -> tuple[_Points, tuple[str, ...]]:  # fmt: skip
    """Points with intervals and p values, from one comparison for all rules."""
    places: dict[Rule, list[Figure]] = {}

    def means(suites: Sequence[str], cells: Collection[CellKey]) -> list[Figure]:
        places.update({rule: figures_of(rule, cards, suites, cells) for rule in rules})
        return list(dict.fromkeys(figure for figures in places.values() for figure in figures))

    found: Comparison = compare_runs(
        old, [new], cards, resamples=resamples, trials=trials, seed=seed, force=force, means=means
    )
    by_figure: dict[Figure, Difference] = dict(
        zip(dict.fromkeys(f for figures in places.values() for f in figures), found.differences, strict=True)
    )

    def points(rule: Rule) -> tuple[list[Points], list[Figure]]:
        ds = {figure: by_figure[figure] for figure in places[rule]}
        return [Points(figure, d.old, d.new, d.interval, d.p) for figure, d in ds.items()], []

    return points, found.mismatches


def _common(old: Sequence[Result], new: Sequence[Result], cards: Cards) -> _Points:
    """Points of runs without statistics per example; DataError where they have no cell in common."""
    cells = [key for key in new[0].scored if all(key in run.scored for run in [*old, *new])]
    if not cells:
        raise DataError(f"{place_of(old)} and {place_of(new)}: nothing to compare: no finished cell that both have")
    before, after = _values(old, cells), _values(new, cells)

    def points(rule: Rule) -> tuple[list[Points], list[Figure]]:
        figures = figures_of(rule, cards, common_suites(cards, [*old, *new]), cells)
        return [Points(figure, figure.value(before), figure.value(after)) for figure in figures], []

    return points


def _published(old: Sequence[Result] | Submission, new: Result, cards: Cards) -> _Points:
    """Points beside published figures."""
    if not isinstance(old, Submission):
        return lambda rule: ([], [])
    require_same_split(old, new)
    values = _values([new], list(new.scored))

    def points(rule: Rule) -> tuple[list[Points], list[Figure]]:
        known, unknown = [], []
        for figure in figures_of(rule, cards, [old.suite], new.scored):
            value = published_value(figure, old, cards)
            if value is None:
                unknown.append(figure)
            else:
                known.append(Points(figure, value, figure.value(values)))
        return known, unknown

    return points


def _own_figures(rule: Rule, new: Sequence[Result], cards: Cards) -> dict[Figure, float]:
    """The figures of the new run alone, whatever the old one has."""
    cells = [key for key in new[0].scored if all(key in run.scored for run in new)]
    values = _values(new, cells)
    return {figure: figure.value(values) for figure in figures_of(rule, cards, common_suites(cards, new), cells)}


def _values(runs: Sequence[Result], cells: Collection[CellKey]) -> Mapping[CellKey, float]:
    """The headlines; NaN of what is missing or not a number."""
    strange = {key for run in runs for key in strange_cells(run)}
    sound = headlines_of({key: [run.scored[key] for run in runs] for key in cells if key not in strange})
    return {key: sound.get(key, nan) for key in cells}


def _mean_of_all(run: Result, series: Sequence[Result]) -> float:
    """The mean over tasks of the mean over languages, of the cells that all runs of a series have."""
    cells = [key for key in run.scored if all(key in other.scored for other in series)]
    values = _values([run], cells)
    tasks = dict.fromkeys(task for task, _ in cells)
    parts = tuple(tuple(key for key in cells if key[0] == task) for task in tasks)
    return Figure("suite", "", "", parts, len(cells)).value(values) if parts else 0.0
