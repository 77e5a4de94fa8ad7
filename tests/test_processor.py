"""What the processor offers."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from xtreme_harness import processor


def test_native_means_amx_or_avx512(monkeypatch: pytest.MonkeyPatch) -> None:
    for amx, avx in ((True, False), (False, True), (False, False)):
        monkeypatch.setattr(torch.cpu, "_is_amx_tile_supported", lambda amx=amx: amx, raising=False)
        monkeypatch.setattr(torch.cpu, "_is_avx512_bf16_supported", lambda avx=avx: avx, raising=False)
        assert processor.bfloat16_is_native() == (amx or avx)


def precisions() -> list[str]:
    parts: list[Any] = [torch.backends.cuda.matmul, torch.backends.cudnn.conv, torch.backends.cudnn.rnn]
    return [part.fp32_precision for part in parts]


@pytest.mark.skipif(not hasattr(torch.backends.cuda.matmul, "fp32_precision"), reason="torch before 2.9")
def test_no_tensorfloat_on_a_gpu_whatever_is_set() -> None:
    matmul: Any = torch.backends.cuda.matmul
    before = precisions()
    matmul.fp32_precision = "tf32"
    try:
        asked = precisions()
        assert asked[:2] == ["tf32", "tf32"], "convolutions take it by default"
        with pytest.raises(KeyError), processor.true_float32("cuda:1"):
            assert precisions() == ["ieee"] * 3
            with processor.true_float32("cuda"):
                pass
            assert precisions() == ["ieee"] * 3
            raise KeyError
        assert precisions() == asked
        with processor.true_float32("cpu"):
            assert precisions() == asked
    finally:
        matmul.fp32_precision = before[0]


def test_no_tensorfloat_by_the_names_of_older_versions(monkeypatch: pytest.MonkeyPatch) -> None:
    class Place:
        allow_tf32 = True

    matmul, cudnn = Place(), Place()
    monkeypatch.setattr("torch.backends.cuda.matmul", matmul)
    monkeypatch.setattr("torch.backends.cudnn", cudnn)
    with processor.true_float32("cuda"):
        assert not matmul.allow_tf32 and not cudnn.allow_tf32
    assert matmul.allow_tf32 and cudnn.allow_tf32
