"""What arithmetic a machine is given, by tables of machines that are pretended."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from tests.fixtures.pretended_gpu import GPU, MixedDevices, pretended_gpu
from xtreme_harness.cards.recipe import Hyper
from xtreme_harness.errors import ModelError
from xtreme_harness.models.device import choose_device, choose_dtype, out_of_memory, sent
from xtreme_harness.plan.estimate import measured_speed
from xtreme_harness.plan.stage import Manner, precision_of
from xtreme_harness.training.accelerator import accelerator_for, release

CAPABILITIES = {
    (7, 0): "float32", (7, 5): "float32", (8, 0): "bfloat16", (8, 6): "bfloat16", (8, 9): "bfloat16",
    (9, 0): "bfloat16", (10, 0): "bfloat16", (12, 0): "bfloat16",
}  # fmt: skip


@pytest.mark.parametrize(("capability", "expected"), CAPABILITIES.items())
def test_a_gpu_by_its_capability(capability: tuple[int, int], expected: str) -> None:
    with pretended_gpu(capability):
        assert choose_device("auto").type == choose_device("cuda").type == "cuda"
        assert choose_dtype("auto", choose_device("auto")) == expected
        assert precision_of(Hyper(), Manner(dtype="auto", device="auto")) == expected
        assert precision_of(Hyper(precision="float16"), Manner(dtype="auto", device="auto")) == "float16"
        assert precision_of(Hyper(precision="float16"), Manner(dtype="float32", device="auto")) == "float32"
        assert precision_of(Hyper(), Manner(elsewhere=True)) == "auto", "another machine's GPU is not this one's"


@pytest.mark.parametrize(("amx", "avx"), [(True, True), (True, False), (False, True), (False, False)])
def test_a_processor_by_its_instructions(monkeypatch: pytest.MonkeyPatch, amx: bool, avx: bool) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.cpu, "_is_amx_tile_supported", lambda: amx, raising=False)
    monkeypatch.setattr(torch.cpu, "_is_avx512_bf16_supported", lambda: avx, raising=False)
    assert precision_of(Hyper(), Manner(dtype="auto", device="auto")) == ("bfloat16" if amx or avx else "float32")


def test_a_processor_is_not_asked_where_there_is_a_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cpu, "_is_amx_tile_supported", lambda: True, raising=False)
    with pretended_gpu((7, 5)):
        assert precision_of(Hyper(), Manner(dtype="auto", device="auto")) == "float32"
        assert precision_of(Hyper(), Manner(dtype="auto", device="cpu")) == "bfloat16"


@pytest.mark.parametrize(
    ("precision", "mixed", "scaled"), [("float32", "no", False), ("bfloat16", "bf16", False), ("float16", "fp16", True)]
)
def test_mixed_precision_is_the_gpus_and_float16_is_scaled(
    tmp_path: Path, precision: str, mixed: str, scaled: bool
) -> None:
    with pretended_gpu() as seen:
        accelerator = accelerator_for("auto", precision, None, tmp_path, several=False)
        try:
            assert (accelerator.device.type, accelerator.mixed_precision) == ("cuda", mixed)
            assert (accelerator.scaler is not None and accelerator.scaler.is_enabled()) == scaled
            with accelerator.autocast():
                pass
        finally:
            release(accelerator)
    assert seen.autocasts == ({"cuda"} if precision != "float32" else set())


def test_training_keeps_to_the_gpu_that_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    chosen: list[Any] = []
    with pretended_gpu(count=2):
        monkeypatch.setattr(torch.cuda, "set_device", chosen.append)
        for device in ("cuda:1", "cpu", "auto"):
            release(accelerator_for(device, "float32", None, tmp_path, several=False))
        assert chosen == [torch.device("cuda:1")]
        with pytest.raises(ModelError, match="--device cuda:2: torch finds 2 CUDA devices; use --device cpu"):
            accelerator_for("cuda:2", "float32", None, tmp_path, several=False)


def test_only_memory_that_ran_out_is_taken_for_it() -> None:
    assert out_of_memory(torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB"))
    assert out_of_memory(RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory"))
    for other in ("CUDA error: an illegal memory access was encountered", "CUDA error: device-side assert triggered"):
        assert not out_of_memory(RuntimeError(other))


def test_speed_is_measured_on_the_device(monkeypatch: pytest.MonkeyPatch) -> None:
    ones = torch.ones
    monkeypatch.setattr(torch, "ones", lambda *size, **named: ones(8, 8, **named))
    with pretended_gpu() as seen:
        assert measured_speed.__wrapped__("cuda") > 0
    assert seen.operations and sum(seen.waits.values()) == 5, "a product that nobody waits for takes no time"


def test_values_go_to_a_gpu_by_pinned_memory() -> None:
    values = np.arange(3)
    assert sent(values, torch.device("cpu")).tolist() == [0, 1, 2]
    with pretended_gpu() as seen:
        assert sent(values, torch.device("cuda")).device == GPU
        assert seen.pinned == 1 and not seen.waits


class TestThePretendedGPU:
    """What it must refuse and see, so that the tests that use it say something."""

    def test_mixed_devices(self) -> None:
        with pretended_gpu():
            a = torch.ones(3, device="cuda")
            for wrong in (
                lambda: a + torch.ones(3), lambda: torch.cat([a, torch.ones(1)]),
                lambda: torch.stack([torch.ones(3), a]),
                lambda: torch.nn.functional.cross_entropy(a[None], torch.tensor([0])), lambda: a.add_(torch.ones(3)),
                lambda: torch.nn.functional.embedding(torch.tensor([0]), a[None]), lambda: torch.nn.Linear(3, 1)(a),
            ):  # fmt: skip
                with pytest.raises(MixedDevices, match="expected all tensors to be on the same device"):
                    wrong()
            assert (a + torch.tensor(1.0)).device == GPU  # a single number may come from the host
            assert a[torch.tensor([0, 2])].device == GPU  # and so may what is looked up

    def test_what_the_host_cannot_read(self) -> None:
        with pretended_gpu():
            a = torch.ones(3, device="cuda")
            for wrong in (a.numpy, lambda: np.asarray(a), a.pin_memory):
                with pytest.raises((TypeError, RuntimeError), match=r"cannot pin|can't convert cuda:0 device"):
                    wrong()
            with pytest.raises(RuntimeError, match="may be read too early"):
                a.to("cpu", non_blocking=True)
            assert a.cpu().numpy().tolist() == [1, 1, 1]

    def test_every_wait(self) -> None:
        with pretended_gpu() as seen:
            a = torch.ones(3, device="cuda")
            assert not seen.waits
            for waits in (
                a.cpu, a.tolist, lambda: a[0].item(), lambda: float(a.sum()), lambda: bool((a > 0).all()), a.nonzero,
                lambda: a[a > 0], lambda: a.masked_select(a > 0), lambda: a.unique(), lambda: torch.equal(a, a),
                lambda: a.repeat_interleave(torch.tensor([1, 2, 1], device="cuda")), lambda: a.to("cpu"),
            ):  # fmt: skip
                before = sum(seen.waits.values())
                waits()
                assert sum(seen.waits.values()) > before

    def test_gradients_and_modules_stay_there(self) -> None:
        with pretended_gpu():
            layer = torch.nn.Linear(3, 2)
            weight = layer.weight
            layer.to("cuda")
            assert layer.weight is weight and weight.device == GPU
            layer(torch.ones(1, 3, device="cuda")).sum().backward()
            assert weight.grad is not None and weight.grad.device == GPU
            assert weight.grad.cpu().tolist() == [[1, 1, 1]] * 2
        assert torch.ones(1).sum().item() == 1 and not isinstance(torch.zeros(2).to("cpu"), type(weight))
