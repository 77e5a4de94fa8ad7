"""Workers, GPUs and threads."""

from __future__ import annotations

import os

import pytest
import torch

from xtreme_harness.jobs.local.devices import visible_gpus, worker_environments

MIG = "MIG-GPU-b1c2/1/0"


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch):
    """Set what torch counts, and the variables."""

    def set_up(count: int, **variables: str) -> None:
        monkeypatch.setattr(torch.cuda, "device_count", lambda: count)
        monkeypatch.setattr(torch.cuda, "_lazy_init", lambda: pytest.fail("CUDA was set up"))
        for name in ("CUDA_VISIBLE_DEVICES", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
            monkeypatch.delenv(name, raising=False)
        for name, value in variables.items():
            monkeypatch.setenv(name, value)

    return set_up


@pytest.mark.parametrize(
    ("told", "count", "found"),
    [
        (None, 0, ()), (None, 2, ("0", "1")), ("", 0, ()), ("-1", 0, ()), ("NoDevFiles", 0, ()), ("3", 1, ("3",)),
        ("2, 0", 2, ("2", "0")), ("GPU-8932f937,GPU-7", 2, ("GPU-8932f937", "GPU-7")), (MIG, 1, (MIG,)),
        ("1,-1,0", 1, ("1",)), ("0,7", 1, ("0",)), ("1,,0", 1, ("1",)), ("0,0", 0, ()), ("0,1", 0, ()),
    ],
)  # fmt: skip
def test_gpus_are_those_that_cuda_sees(machine, told: str | None, count: int, found: tuple[str, ...]) -> None:
    machine(count, **({} if told is None else {"CUDA_VISIBLE_DEVICES": told}))
    assert visible_gpus() == found


def gpus_of(environments: list[dict[str, str]]) -> list[str | None]:
    return [one.get("CUDA_VISIBLE_DEVICES") for one in environments]


@pytest.mark.parametrize("device", ["auto", "cuda"])
def test_one_worker_a_gpu(machine, device: str) -> None:
    machine(4)
    found = worker_environments(None, device, 16)
    assert gpus_of(found) == ["0", "1", "2", "3"]
    assert {one["OMP_NUM_THREADS"] for one in found} == {"4"}


def test_workers_take_turns_over_the_gpus(machine) -> None:
    machine(3, CUDA_VISIBLE_DEVICES="5,GPU-aa,2")
    assert gpus_of(worker_environments(5, "auto", 16)) == ["5", "GPU-aa", "2", "5", "GPU-aa"]
    assert gpus_of(worker_environments(2, "auto", 16)) == ["5", "GPU-aa"]


def test_several_workers_on_one_gpu_share_it(machine) -> None:
    machine(1)
    assert worker_environments(None, "auto", 8) == [{}]
    assert gpus_of(worker_environments(2, "auto", 8)) == [None, None]


@pytest.mark.parametrize("device", ["cpu", "cuda:1"])
def test_a_device_that_is_named_is_never_another(machine, device: str) -> None:
    machine(4)
    assert worker_environments(None, device, 8) == [{}]
    assert gpus_of(worker_environments(3, device, 8)) == [None, None, None]


def test_workers_on_a_processor_divide_its_threads(machine) -> None:
    machine(0)
    assert worker_environments(None, "auto", 8) == [{}]
    assert worker_environments(1, "auto", 8) == [{}]
    assert worker_environments(3, "auto", 8) == [{"OMP_NUM_THREADS": "2", "MKL_NUM_THREADS": "2"}] * 3
    assert worker_environments(16, "cpu", 8) == [{"OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}] * 16


def test_fewer_threads_that_the_user_set_stay(machine) -> None:
    machine(0, OMP_NUM_THREADS="1", MKL_NUM_THREADS="64")
    assert worker_environments(2, "cpu", 8) == [{"OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "4"}] * 2
    machine(0, OMP_NUM_THREADS="3,2", MKL_NUM_THREADS="all")
    assert worker_environments(2, "cpu", 8) == [{"OMP_NUM_THREADS": "3", "MKL_NUM_THREADS": "4"}] * 2


def test_this_process_keeps_its_environment(machine) -> None:
    machine(2)
    before = dict(os.environ)
    worker_environments(4, "auto", 8)
    assert dict(os.environ) == before
