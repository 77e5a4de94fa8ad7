"""Corrections for many tests, and the p value of replicates."""

from __future__ import annotations

import numpy as np
import pytest

from xtreme_harness.comparison.correction import CORRECTIONS, benjamini_hochberg, holm, two_sided

P = [0.001, 0.04, 0.03, 0.2, 0.0005, 0.04, 1.0]


def test_benjamini_hochberg_agrees_with_scipy() -> None:
    stats = pytest.importorskip("scipy.stats")
    assert benjamini_hochberg(P) == pytest.approx(stats.false_discovery_control(P).tolist())


def test_holm_by_hand() -> None:
    assert holm(P) == pytest.approx([0.006, 0.16, 0.15, 0.4, 0.0035, 0.16, 1.0])


@pytest.mark.parametrize("name", CORRECTIONS)
def test_a_correction_never_makes_surer_and_keeps_the_order(name: str) -> None:
    p = np.random.default_rng(0).random(50).tolist()
    adjusted = CORRECTIONS[name](p)
    assert all(after >= before - 1e-12 for before, after in zip(p, adjusted, strict=True))
    assert np.all(np.diff(np.array(adjusted)[np.argsort(p)]) >= -1e-12)
    assert max(adjusted) <= 1
    assert CORRECTIONS[name]([]) == []


@pytest.mark.parametrize(
    ("beyond", "z", "differing", "p"),
    [
        (25, 2.0, 500, 52 / 1001), (0, 3.0, 500, 0.0028348), (0, 30.0, 5, 2**-4), (0, 30.0, 1, 1.0), (0, 0.0, 0, 1.0),
        (600, 0.0, 500, 1.0), (5, 1.0, 500, 22 / 1001),
    ],
    ids=["counted", "Student's tail", "few items", "one item", "no item", "middle", "tail no heavier than counted"],
)  # fmt: skip
def test_two_sided(beyond: int, z: float, differing: int, p: float) -> None:
    assert two_sided(beyond, 1000, z, differing) == pytest.approx(p, rel=1e-4)
