"""Positions of sequences laid side by side, against transformers' own of a padded batch."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
import torch
from transformers.models.xlm_roberta.modeling_xlm_roberta import XLMRobertaEmbeddings

from xtreme_harness.models.compute.positions import FAMILIES, positions_of

SEQUENCES = [[5, 9, 1, 7], [1, 8], [6, 6, 6], [4]]  # 1 is the padding id, and stands inside a text too
IDS = torch.tensor([i for row in SEQUENCES for i in row])
STARTS = torch.tensor([0, 0, 0, 0, 4, 4, 6, 6, 6, 9])


@pytest.mark.parametrize("family", FAMILIES)
def test_positions(family: str) -> None:
    found = positions_of(IDS, STARTS, SimpleNamespace(model_type=family, pad_token_id=1))
    if FAMILIES[family]:
        rows = [XLMRobertaEmbeddings.create_position_ids_from_input_ids(torch.tensor([row]), 1) for row in SEQUENCES]
        assert torch.equal(found, torch.cat(rows, 1)[0])
    else:
        assert found.tolist() == [at for row in SEQUENCES for at in range(len(row))]
