"""The kinds of tasks, and the registry that holds them."""

from __future__ import annotations

from typing import Any

from xtreme_harness.kinds.base import Kind
from xtreme_harness.kinds.bitext import BITEXT
from xtreme_harness.kinds.extractive_qa import EXTRACTIVE_QA
from xtreme_harness.kinds.minimal_pairs import MINIMAL_PAIRS
from xtreme_harness.kinds.multiple_choice import MULTIPLE_CHOICE
from xtreme_harness.kinds.ranking import RANKING
from xtreme_harness.kinds.regression import REGRESSION
from xtreme_harness.kinds.retrieval import RETRIEVAL
from xtreme_harness.kinds.sequence_classification import SEQUENCE_CLASSIFICATION
from xtreme_harness.kinds.similarity import SIMILARITY
from xtreme_harness.kinds.token_classification import TOKEN_CLASSIFICATION

__all__ = ["KINDS", "Kind"]

KINDS: dict[str, Kind[Any, Any, Any]] = {
    "sequence_classification": SEQUENCE_CLASSIFICATION,
    "regression": REGRESSION,
    "similarity": SIMILARITY,
    "multiple_choice": MULTIPLE_CHOICE,
    "token_classification": TOKEN_CLASSIFICATION,
    "extractive_qa": EXTRACTIVE_QA,
    "bitext": BITEXT,
    "retrieval": RETRIEVAL,
    "minimal_pairs": MINIMAL_PAIRS,
    "ranking": RANKING,
}
