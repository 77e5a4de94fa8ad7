"""Gains as tables: intermediates by targets, English and the others, the best of every target, suite scores."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from xtreme_harness.cards import Suite
from xtreme_harness.grid.gain_rows import BASELINE, GainRow
from xtreme_harness.grid.gain_summary import (
    OverSeeds,
    SuiteScore,
    TargetGain,
    best_intermediates,
    over_seeds,
    suite_scores,
    target_gains,
)
from xtreme_harness.scoring.means import left_to_right_mean
from xtreme_harness.tables.markdown import pipe_table

__all__ = ["gain_table", "summary_json"]


def gain_table(rows: Sequence[GainRow], suites: Mapping[str, Suite] | None = None) -> str:
    """All that a grid found, as markdown tables, for every base and suite.

    Args:
        rows: what `grid_rows` made.
        suites: the suites by name, which say what their overall means are; without them: the mean of all targets.
    """
    gains = target_gains(rows)
    parts = []
    for base, suite in dict.fromkeys((one.base, one.suite) for one in gains):
        own = [one for one in gains if (one.base, one.suite) == (base, suite)]
        splits = " and ".join(dict.fromkeys(row.split for row in rows if (row.base, row.suite) == (base, suite)))
        parts.append("\n\n".join(_section(base, suite, splits, own, suites or {})))
    return "\n\n".join(parts)


def summary_json(rows: Sequence[GainRow], suites: Mapping[str, Suite]) -> dict[str, Any]:
    """The same as plain values: targets, the best of each, suite scores."""
    gains = target_gains(rows)
    return {
        "targets": [{key: value for key, value in asdict(one).items() if key != "cells"} for one in gains],
        "best": [
            {"base": one.base, "suite": one.suite, "target": one.target, "intermediate": one.intermediate}
            for one in best_intermediates(gains)
        ],
        "suites": [asdict(one) for one in suite_scores(gains, suites)],
    }


def _section(base: str, suite: str, splits: str, own: Sequence[TargetGain], suites: Mapping[str, Suite]) -> list[str]:
    where = f"{base}, {suite}, {splits} split" if suite != "tasks" else f"{base}, {splits} split"
    seeds = max((len(one.scores) for one in own), default=0)
    spread = f"; mean ± standard deviation of {seeds} seeds" if seeds > 1 else ""
    parts = [f"{where}: points gained over no intermediate training (languages in brackets){spread}", _main(own)]
    if any(one.english and one.others for one in own):
        parts.append(f"{where}: points gained in English / mean of the other languages")
        parts.append(_english(own))
    parts.append(f"{where}: the best intermediate of every target, chosen by these {splits} scores themselves")
    parts.append(_best(best_intermediates(own)))
    scores = suite_scores(own, suites)
    if scores:
        parts.append(_suites(scores))
    left = [f"{o.target} {' '.join(o.left_out)}" for o in {o.target: o for o in own}.values() if o.left_out]
    if left:
        parts.append(f"left out of all means, because an arm or a seed lacks them: {', '.join(left)}")
    return parts


def _main(own: Sequence[TargetGain]) -> str:
    """One line an intermediate, one column a target; the first line holds the baseline's scores."""
    targets, intermediates, cells = _sides(own)
    rows = []
    for intermediate in intermediates:
        row = [cells.get((intermediate, target)) for target in targets]
        if intermediate == BASELINE:
            shown = [_plain(over_seeds(one.scores)) if one else "" for one in row]
            rows.append([f"{BASELINE} (score)", *shown, _plain(_mean([one.scores for one in row if one], len(row)))])
            continue
        shown = [_signed(over_seeds(one.gains)) if one else "" for one in row]
        rows.append([intermediate, *shown, _signed(_mean([one.gains for one in row if one], len(row)))])
    counts = {one.target: len(one.languages) for one in own}
    return _markdown(rows, ["intermediate", *(f"{target} ({counts[target]})" for target in targets), "mean"])


def _english(own: Sequence[TargetGain]) -> str:
    targets, intermediates, cells = _sides(own)
    rows = [
        [i, *(_both(cells[i, target]) if (i, target) in cells else "" for target in targets)]
        for i in intermediates
        if i != BASELINE
    ]
    return _markdown(rows, ["intermediate", *targets])


def _best(best: Sequence[TargetGain]) -> str:
    rows = [
        [one.target, one.intermediate, _plain(over_seeds(one.scores)), _signed(over_seeds(one.gains)), _both(one)]
        for one in best
    ]
    return _markdown(rows, ["target", "best intermediate", "score", "gain", "English / others"])


def _suites(scores: Sequence[SuiteScore]) -> str:
    rows = []
    for one in scores:
        single = f"{_plain(one.single_score)} ({_signed(one.single_gain)}, {one.single})" if one.single else ""
        every = f"{_plain(one.best_score)} ({_signed(one.best_gain)})"
        rows.append([f"mean of {one.name}", _plain(one.baseline), single, every])
    return _markdown(rows, [scores[0].suite, "no intermediate", "best single intermediate", "every target its best"])


def _sides(
    own: Sequence[TargetGain],
) -> tuple[list[str], list[str], dict[tuple[str, str], TargetGain]]:
    """Targets, intermediates with the baseline first, and what stands where they meet."""
    intermediates = list(dict.fromkeys([BASELINE, *(one.intermediate for one in own)]))
    cells = {(one.intermediate, one.target): one for one in own}
    return list(dict.fromkeys(one.target for one in own)), intermediates, cells


def _mean(parts: Sequence[Mapping[int, float]], wanted: int) -> OverSeeds | None:
    """The mean of all targets, over the seeds that all have; None where a target is not there."""
    if len(parts) < wanted:
        return None
    seeds = [seed for seed in parts[0] if all(seed in part for part in parts)]
    return over_seeds({seed: left_to_right_mean(part[seed] for part in parts) for seed in seeds})


def _plain(value: OverSeeds | None) -> str:
    return _shown(value, "{:.2f}")


def _signed(value: OverSeeds | None) -> str:
    return _shown(value, "{:+.2f}")


def _shown(value: OverSeeds | None, form: str) -> str:
    if value is None:
        return ""
    return form.format(value.mean) + (f" ± {value.deviation:.2f}" if value.deviation is not None else "")


def _both(one: TargetGain) -> str:
    """Gain in English and mean gain of the others: "+1.20 / +0.80"."""
    means = [over_seeds(one.english), over_seeds(one.others)]
    return " / ".join(f"{m.mean:+.2f}" if m else "-" for m in means)


def _markdown(rows: Sequence[Sequence[str]], headers: Sequence[str]) -> str:
    return pipe_table(rows, headers)
