"""What the processor offers."""

from __future__ import annotations

import pytest
import torch

from xtreme_harness import processor


def test_native_means_amx_or_avx512(monkeypatch: pytest.MonkeyPatch) -> None:
    for amx, avx in ((True, False), (False, True), (False, False)):
        monkeypatch.setattr(torch.cpu, "_is_amx_tile_supported", lambda amx=amx: amx, raising=False)
        monkeypatch.setattr(torch.cpu, "_is_avx512_bf16_supported", lambda avx=avx: avx, raising=False)
        assert processor.bfloat16_is_native() == (amx or avx)
