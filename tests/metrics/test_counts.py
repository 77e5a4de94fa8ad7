from __future__ import annotations

import pytest

from xtreme_harness.metrics.counts import precision_recall_f1


@pytest.mark.parametrize(
    ("counts", "f1", "precision", "recall"),
    [
        pytest.param((4, 4, 4), 100.0, 100.0, 100.0, id="perfect"),
        pytest.param((0, 3, 5), 0.0, 0.0, 0.0, id="wrong"),
        pytest.param((0, 0, 5), 0.0, 0.0, 0.0, id="nothing predicted"),
        pytest.param((0, 5, 0), 0.0, 0.0, 0.0, id="nothing to find"),
        pytest.param((0, 0, 0), 0.0, 0.0, 0.0, id="nothing at all"),
        pytest.param((2, 4, 8), 2 * 0.5 * 0.25 / 0.75 * 100, 50.0, 25.0, id="by hand"),
    ],
)
def test_counts(counts: tuple[int, int, int], f1: float, precision: float, recall: float) -> None:
    found = precision_recall_f1(*counts)
    assert list(found.items()) == [("f1", f1), ("precision", precision), ("recall", recall)]
