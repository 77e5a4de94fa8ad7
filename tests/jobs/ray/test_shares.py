"""How much of a Ray cluster a job gets."""

from __future__ import annotations

import pytest

from xtreme_harness.errors import ClusterError
from xtreme_harness.jobs.ray.shares import Share, find_share, fits

GPUS = [{"CPU": 64.0, "GPU": 8.0}, {"CPU": 16.0, "GPU": 4.0}, {"CPU": 96.0}]
PLAIN = [{"CPU": 16.0}, {"CPU": 6.0}, {"memory": 1e9}]


@pytest.mark.parametrize(
    ("nodes", "workers", "device", "share"),
    [
        pytest.param(GPUS, None, "auto", Share(4, 1, 12, None), id="a GPU, and its processors"),
        pytest.param(GPUS, 3, "cuda", Share(4, 1, 12, 3), id="not more at once than asked"),
        pytest.param(GPUS, None, "cpu", Share(16, 0, 11, None), id="GPUs are left alone"),
        pytest.param([{"GPU": 2.0}], None, "auto", Share(0, 1, 2, None), id="GPUs without processors"),
        pytest.param(PLAIN, None, "auto", Share(6, 0, 3, None), id="the smallest node that has any"),
        pytest.param(PLAIN, 1, "auto", Share(16, 0, 1, 1), id="one at once has the largest node"),
        pytest.param(PLAIN, 4, "auto", Share(5, 0, 4, 4), id="as wide as four can be"),
        pytest.param(PLAIN, 99, "cpu", Share(1, 0, 22, 99), id="more than there are processors"),
    ],
)
def test_a_job_gets(nodes: list[dict[str, float]], workers: int | None, device: str, share: Share) -> None:
    assert find_share(nodes, workers, device) == share
    assert any(fits(node, share.cpus, share.gpus) for node in nodes)


@pytest.mark.parametrize(
    ("nodes", "device", "said"),
    [
        (PLAIN, "cuda", "--device cuda: no node of the Ray cluster has a GPU"),
        (GPUS, "cuda:1", "--device cuda:1: Ray says which GPU a job gets; expected auto, cpu or cuda"),
        ([{"CPU": 0.0}], "auto", "no node of the Ray cluster has a processor for jobs"),
        ([], "auto", "no node of the Ray cluster has a processor for jobs"),
    ],
)
def test_what_no_node_has_is_said(nodes: list[dict[str, float]], device: str, said: str) -> None:
    with pytest.raises(ClusterError, match=said):
        find_share(nodes, None, device)
