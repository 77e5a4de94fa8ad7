"""Dropout whose mask costs little on a processor.

torch draws one number after the other there, in 32 bits each, which takes longer than all else that dropout does; here
a word of 64 random bits decides four elements (SFC64, one chance in 65,536 as the unit). The seed comes from torch's
generator, so that `torch.manual_seed` makes a run repeatable, and a layer that is computed again for its gradient
drops the same elements. On other devices torch's own is used.
"""

from __future__ import annotations

import numpy as np
import torch

__all__ = ["Dropout", "dropped", "replace_dropout"]

_UNITS = 1 << 16


def dropped(x: torch.Tensor, share: float) -> torch.Tensor:
    """Put 0 in the place of a share of the elements, drawn by chance, and scale the others so that the mean stays.

    Args:
        x: on a processor.
        share: of the elements, to a unit of 1 / 65,536; below 1.
    """
    threshold = round(share * _UNITS)
    seed = int(torch.randint(1 << 62, ()))
    words = np.random.SFC64(seed).random_raw(x.numel() // 4 + 1)
    kept = torch.from_numpy(words.view(np.uint16)[: x.numel()] >= threshold).view(x.shape)
    return x * kept * (_UNITS / (_UNITS - threshold))


class Dropout(torch.nn.Dropout):
    """As torch's."""

    def forward(self, input: torch.Tensor) -> torch.Tensor:
        """Drop elements in training."""
        if not self.training or not 0 < self.p < 1 or input.device.type != "cpu":
            return super().forward(input)
        return dropped(input, self.p)


def replace_dropout(network: torch.nn.Module) -> None:
    """Put it in the place of torch's own, everywhere in a network."""
    for parent in list(network.modules()):
        for name, child in list(parent.named_children()):
            if type(child) is torch.nn.Dropout:
                setattr(parent, name, Dropout(child.p))
