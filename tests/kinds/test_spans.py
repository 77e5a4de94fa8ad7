"""The best spans of many windows at once, against the rule written out pair by pair."""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays as tables

from xtreme_harness.kinds import spans
from xtreme_harness.kinds.spans import Table, Window, best_spans

Case = tuple[list[np.ndarray], list[Window], int, int, int]


def plain(logits: np.ndarray, window: Window, n_best: int, longest: int) -> tuple[float, int, int] | None:
    """The best span of one window, by loops."""
    order = [sorted(range(len(logits)), key=lambda i: (-logits[i, side], i))[:n_best] for side in (0, 1)]
    best = None
    for i, j in product(*order):
        a, b = i - window.offset, j - window.offset
        if not (0 <= a < window.size and 0 <= b < window.size) or not window.owned[a] or not 0 <= b - a < longest:
            continue
        score = float(logits[i, 0]) + float(logits[j, 1])
        if best is None or score > best[0]:
            best = (score, window.first + a, window.first + b)
    if best is None and window.size:
        sums = [logits[window.offset + a, 0] + logits[window.offset + a, 1] for a in range(window.size)]
        a = max(range(window.size), key=lambda a: (sums[a], -a))
        best = (float(sums[a]) - 1e6, window.first + a, window.first + a)
    return best


@st.composite
def cases(draw: Any) -> Case:
    tables_, windows, examples = [], [], draw(st.integers(1, 4))
    for example in sorted(draw(st.lists(st.integers(0, examples - 1), max_size=8))):
        offset, size, after = draw(st.integers(1, 4)), draw(st.integers(0, 12)), draw(st.integers(0, 3))
        numbers = st.integers(-3, 3).map(float) | st.floats(-5, 5, width=32)
        tables_.append(draw(tables(np.float32, (offset + size + after, 2), elements=numbers)))
        windows.append(Window(example, draw(st.integers(0, 99)), size, offset, draw(tables(np.bool_, size))))
    return tables_, windows, examples, draw(st.integers(1, 20)), draw(st.integers(1, 6))


@pytest.mark.slow
@given(cases(), st.sampled_from([1, 50, 1 << 20]))
@settings(max_examples=300, deadline=None)
def test_best_spans_are_the_literal_rule(case: Case, block: int) -> None:
    rows, windows, examples, n_best, longest = case
    logits = np.concatenate([*rows, np.zeros((0, 2), np.float32)])
    offsets = np.cumsum([0, *map(len, rows)])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(spans, "_BLOCK", block)
        found = best_spans(logits, offsets, Table.of(windows), examples, n_best, longest)
    for example in range(examples):
        own = [(row, w) for row, w in zip(rows, windows, strict=True) if w.example == example]
        best = [p for p in (plain(row, w, n_best, longest) for row, w in own) if p is not None]
        wanted = max(best, key=lambda p: p[0], default=(-np.inf, -1, -1))
        assert (found.score[example], found.first[example], found.last[example]) == wanted
        assert found.null[example] == min((float(r[0, 0]) + float(r[0, 1]) for r, _ in own), default=np.inf)


def test_signed_zeros_are_equal() -> None:
    logits = np.array([[-1, -1], [-0.0, 0.0], [0.0, -0.0]], np.float32)
    window = Window(0, 0, 2, 1, np.ones(2, bool))
    found = best_spans(logits, np.array([0, 3]), Table.of([window]), 1, 1, 5)
    assert (found.first.tolist(), found.last.tolist()) == ([0], [0])
