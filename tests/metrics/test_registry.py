from __future__ import annotations

import numpy as np
import pytest

from xtreme_harness.metrics import METRICS, Metric


def test_keys_are_the_names() -> None:
    assert {key: metric.name for key, metric in METRICS.items()} == {key: key for key in METRICS}


@pytest.mark.parametrize("metric", METRICS.values(), ids=METRICS.keys())
def test_fields_agree(metric: Metric[object, object]) -> None:
    values = metric.reduce(np.zeros(len(metric.columns)))
    assert set(metric.main) <= set(metric.official) <= set(values)
    assert list(metric.official) == list(values)[: len(metric.official)]
    assert set(metric.lm_eval) == set(values)
    assert set(values.values()) == {0.0}


@pytest.mark.parametrize("metric", METRICS.values(), ids=METRICS.keys())
def test_nothing_gives_no_rows(metric: Metric[object, object]) -> None:
    rows = metric.rows([], [], "en")
    assert rows.shape == (0, len(metric.columns))
    assert rows.dtype == np.float64
