"""Many tests at once: p values that say how many of them chance alone would pass."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

__all__ = ["CORRECTIONS", "benjamini_hochberg", "holm", "two_sided"]

_FEW = 10  # replicates; fewer in a tail say little about it


def holm(p: Sequence[float]) -> list[float]:
    """Adjusted p values that keep the chance of any false discovery below the level (Holm 1979).

    >>> holm([0.01, 0.04, 0.03])
    [0.03, 0.06, 0.06]
    """
    order = sorted(range(len(p)), key=p.__getitem__)
    found, highest = [0.0] * len(p), 0.0
    for rank, i in enumerate(order):
        highest = max(highest, min(1.0, (len(p) - rank) * p[i]))
        found[i] = highest
    return found


def benjamini_hochberg(p: Sequence[float]) -> list[float]:
    """Adjusted p values that keep the share of false discoveries below the level (Benjamini and Hochberg 1995).

    >>> benjamini_hochberg([0.01, 0.04, 0.03])
    [0.03, 0.04, 0.04]
    """
    order = sorted(range(len(p)), key=p.__getitem__, reverse=True)
    found, lowest = [0.0] * len(p), 1.0
    for rank, i in enumerate(order):
        lowest = min(lowest, p[i] * len(p) / (len(p) - rank))
        found[i] = lowest
    return found


CORRECTIONS: dict[str, Callable[[Sequence[float]], list[float]]] = {
    "holm": holm,
    "benjamini-hochberg": benjamini_hochberg,
    "none": list,
}


def two_sided(beyond: int, n: int, z: float, differing: int) -> float:
    """A two-sided p value from replicates.

    Args:
        beyond: replicates in the tail: of the bootstrap those on the other side of 0, the smaller of both sides; of
            approximate randomisation half of those at least as far from 0 as what was observed.
        n: replicates.
        z: the difference over its standard error. A thousand replicates cannot show a p below 0.002, and a correction
            over 250 cells needs 0.0002: where a tail holds fewer than 10, it is taken from Student's distribution.
        differing: items whose answers were scored differently. No test that changes signs can give less than
            2 ** (1 - differing), so neither does this one: what hangs on a handful of items is never significant.

    >>> two_sided(25, 1000, 2.0, 500), two_sided(0, 1000, 9.0, 4)
    (0.05194805194805195, 0.125)
    """
    if differing == 0:
        return 1.0
    counted = 2 * (max(beyond, _FEW) + 1) / (n + 1)
    p = counted if beyond >= _FEW else min(counted, _tails(abs(z), differing - 1))
    floor = 2.0 ** (1 - differing) if differing < 1000 else 0.0
    return min(1.0, max(p, floor))


def _tails(t: float, freedom: int) -> float:
    """Both tails of Student's distribution, by Wallace (1959): within 2 % from 20 degrees of freedom on."""
    df = max(freedom, 1)
    if math.isinf(t):
        return 0.0
    z = (8 * df + 1) / (8 * df + 3) * math.sqrt(df * math.log1p(t * t / df))
    return math.erfc(z / math.sqrt(2))
