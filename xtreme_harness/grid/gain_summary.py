"""Gains of targets, the best intermediate of each, and suite scores: means over languages, then over seeds."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from math import inf, isnan
from statistics import stdev

from xtreme_harness.cards import Overall, Suite
from xtreme_harness.grid.gain_rows import BASELINE, GainRow
from xtreme_harness.languages import english_of
from xtreme_harness.scoring.means import left_to_right_mean, mean_of_sets, mean_over_languages

__all__ = ["OverSeeds", "SuiteScore", "TargetGain", "best_intermediates", "over_seeds", "suite_scores", "target_gains"]

BySeed = Mapping[int, float]


@dataclass(frozen=True, slots=True)
class OverSeeds:
    """A mean over seeds and the standard deviation between them."""

    mean: float
    deviation: float | None  # n - 1 in the denominator; None for one seed
    seeds: int


@dataclass(frozen=True, slots=True)
class TargetGain:
    """One target after one intermediate training; everything by seed.

    The means are unweighted, over the languages that every arm and seed of this target has, so that the arms of a
    target can be set beside each other even where a cell failed.
    """

    base: str
    suite: str
    target: str
    intermediate: str
    languages: tuple[str, ...]
    left_out: tuple[str, ...]  # languages that some arm or seed lacks
    scores: BySeed
    gains: BySeed  # of seeds that the baseline has too
    english: BySeed  # gains in English; {} where the target has no English
    others: BySeed  # mean gain of the other languages
    cells: Mapping[int, Mapping[str, float]] = field(default_factory=dict, repr=False)  # seed -> language -> score


@dataclass(frozen=True, slots=True)
class SuiteScore:
    """A mean of targets: without intermediate training, with the best single one, with every target's best."""

    base: str
    suite: str
    name: str  # of the mean: "xtreme", "xtreme_r_mean_10", "3 targets"
    targets: tuple[str, ...]
    baseline: OverSeeds
    single: str | None  # the best intermediate for all targets together; None: there is none
    single_score: OverSeeds | None
    single_gain: OverSeeds | None
    best: Mapping[str, str]  # target -> its best intermediate, or the baseline
    best_score: OverSeeds
    best_gain: OverSeeds


def over_seeds(values: BySeed) -> OverSeeds | None:
    """Mean and standard deviation; None of nothing.

    >>> over_seeds({1: 1.0, 2: 3.0})
    OverSeeds(mean=2.0, deviation=1.4142135623730951, seeds=2)
    """
    if not values:
        return None
    found = list(values.values())
    return OverSeeds(left_to_right_mean(found), stdev(found) if len(found) > 1 else None, len(found))


def target_gains(rows: Iterable[GainRow]) -> list[TargetGain]:
    """Every target after every intermediate training, the targets in the order of the rows."""
    groups: dict[tuple[str, str, str], dict[str, dict[int, dict[str, float]]]] = {}
    for row in rows:
        if row.headline:
            arms = groups.setdefault((row.base, row.suite, row.target), {})
            arms.setdefault(row.intermediate, {}).setdefault(row.seed, {})[row.language] = row.score
    return [gain for where, arms in groups.items() for gain in _of_target(where, arms)]


def _of_target(
    where: tuple[str, str, str], arms: Mapping[str, Mapping[int, Mapping[str, float]]]
) -> Iterable[TargetGain]:
    runs = [run for seeds in arms.values() for run in seeds.values()]
    seen = list(dict.fromkeys(language for run in runs for language in run))
    common = tuple(language for language in seen if all(language in run for run in runs))
    left_out = tuple(language for language in seen if language not in common)
    english = english_of(common)
    others = tuple(language for language in common if language != english)
    for intermediate, seeds in arms.items():
        pairs = {seed: (run, arms[BASELINE][seed]) for seed, run in seeds.items() if seed in arms.get(BASELINE, {})}
        yield TargetGain(
            *where, intermediate, common, left_out,
            scores={seed: _mean(run, common) for seed, run in seeds.items() if common},
            gains=_gains(pairs, common),
            english=_gains(pairs, (english,) if english in common else ()),
            others=_gains(pairs, others),
            cells={seed: {code: run[code] for code in common} for seed, run in seeds.items()},
        )  # fmt: skip


def _mean(run: Mapping[str, float], languages: Sequence[str]) -> float:
    return left_to_right_mean(run[language] for language in languages)


def _gains(
    pairs: Mapping[int, tuple[Mapping[str, float], Mapping[str, float]]], languages: Sequence[str]
) -> dict[int, float]:
    return {s: _mean(run, languages) - _mean(base, languages) for s, (run, base) in pairs.items() if languages}


def best_intermediates(gains: Iterable[TargetGain]) -> list[TargetGain]:
    """The intermediate of every base and target with the largest mean gain; the baseline where none gains anything."""
    found: dict[tuple[str, str, str], TargetGain] = {}
    for one in gains:
        where = (one.base, one.suite, one.target)
        if one.gains and (where not in found or _height(one) > _height(found[where])):
            found[where] = one
    return list(found.values())


def _height(one: TargetGain) -> tuple[float, bool]:
    """Mean gain; among equals the baseline stands highest, as it costs nothing. What is not a number is lowest."""
    return _comparable(left_to_right_mean(one.gains.values())), one.intermediate == BASELINE


def _comparable(mean: float) -> float:
    return -inf if isnan(mean) else mean


def suite_scores(gains: Sequence[TargetGain], suites: Mapping[str, Suite]) -> list[SuiteScore]:
    """The means that a suite defines, where all their targets are there; else the mean of the targets there are."""
    found = []
    for base, suite in dict.fromkeys((one.base, one.suite) for one in gains):
        own = [one for one in gains if (one.base, one.suite) == (base, suite)]
        targets = {one.target.partition("@")[0]: one.target for one in own}
        sets = _sets(suites.get(suite))
        whole = {
            name: Overall(tuple(tuple(targets[task] for task in one) for one in overall.sets), overall.over)
            for name, overall in sets.items()
            if set(overall.tasks) <= {*targets}
        }
        for name, overall in (whole or {_count(len(targets)): Overall.of(tuple(targets.values()))}).items():
            score = _suite_score(name, overall, own)
            if score is not None:
                found.append(score)
    return found


def _sets(suite: Suite | None) -> Mapping[str, Overall]:
    """The overall means of a suite, by name."""
    return {} if suite is None else suite.overalls("all tasks")


def _count(n: int) -> str:
    return f"{n} target" if n == 1 else f"{n} targets"


def _suite_score(name: str, overall: Overall, own: Sequence[TargetGain]) -> SuiteScore | None:
    """One mean; None where the baseline lacks a target."""
    members = overall.tasks
    by_place = {(one.intermediate, one.target): one for one in own if one.target in members}
    intermediates = dict.fromkeys(intermediate for intermediate, _ in by_place)
    whole = {
        i: _across({t: by_place[i, t] for t in members}, overall)
        for i in intermediates
        if all((i, t) in by_place for t in members)
    }
    baseline = whole.get(BASELINE) or {}
    best = {one.target: one.intermediate for one in best_intermediates(own) if one.target in members}
    if not baseline or len(best) < len(members):
        return None
    each_best = _across({t: by_place[best[t], t] for t in members}, overall)
    gained = {i: _minus(scores, baseline) for i, scores in whole.items() if i != BASELINE}
    gained = {i: gains for i, gains in gained.items() if gains}
    single = max(gained, key=lambda i: _comparable(left_to_right_mean(gained[i].values())), default=None)
    base_score, best_score, best_gain = (over_seeds(v) for v in (baseline, each_best, _minus(each_best, baseline)))
    if base_score is None or best_score is None or best_gain is None:
        return None
    return SuiteScore(
        own[0].base, own[0].suite, name, tuple(members), base_score, single,
        over_seeds(whole[single]) if single else None, over_seeds(gained[single]) if single else None,
        best, best_score, best_gain,
    )  # fmt: skip


def _across(parts: Mapping[str, TargetGain], overall: Overall) -> dict[int, float]:
    """The mean of targets, by seed; seeds that all of them have."""
    first = parts[overall.tasks[0]]
    seeds = [seed for seed in first.scores if all(seed in one.scores for one in parts.values())]
    if overall.over == "languages":
        return {seed: mean_over_languages({t: one.cells[seed] for t, one in parts.items()}) for seed in seeds}
    return {seed: mean_of_sets(overall.sets, {t: one.scores[seed] for t, one in parts.items()}) for seed in seeds}


def _minus(scores: BySeed, baseline: BySeed) -> dict[int, float]:
    return {seed: value - baseline[seed] for seed, value in scores.items() if seed in baseline}
