"""Every gold answer of the real files can be given with tokenizers of every kind."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.fixtures.tokenizer_kinds import transformers_tokenizer
from xtreme_harness.data.sources import Data, locate
from xtreme_harness.data.splits import load_split
from xtreme_harness.kinds import KINDS
from xtreme_harness.models.tokenizer import Tokenizer
from xtreme_harness.plan.cells import all_cards
from xtreme_harness.records import Split

CARDS = all_cards()
KIND = KINDS["extractive_qa"]
WHOLE: dict[str, Any] = {"max_length": 1 << 16, "max_answer_tokens": 1 << 12}  # no window and no limit cuts an answer
NAMES = (
    "bert cased", "bert uncased", "accents off", "nfkc metaspace", "nfkd accents off lower", "scripts", "nfd",
    "without unknown", "words before bytes, roberta", "blanks before bytes, trimmed twice", "bytes, trimmed",
)  # fmt: skip


def splits(folder: Path) -> list[Split[Any]]:
    """The questions of every language that is there."""
    found = []
    for task in ("xquad", "mlqa", "tydiqa"):
        card = CARDS.card(task)
        data = Data(folder, name="real")
        for name in ("test", "dev"):
            places = [(code, locate(card, name, code, data)) for code in card.all_languages]
            found += [
                load_split(card, code, name, place, KIND.parse, None) for code, place in places if place is not None
            ]
    return found


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_every_gold_answer_of_the_real_files_can_be_given(shared: Path, name: str) -> None:
    cells = splits(shared / "realdata")
    assert {cell.task for cell in cells} == {"xquad", "mlqa", "tydiqa"}
    corpus = tuple(dict.fromkeys(e.context for cell in cells for e in cell.examples))[::20]
    tokenizer = Tokenizer(transformers_tokenizer(name, corpus), 1 << 16, name=name)
    assert KIND.reach is not None
    answers = 0
    for cell in cells:
        part = Split(cell.task, cell.language, cell.name, cell.examples[::3])
        card = CARDS.card(cell.task).with_options(WHOLE)
        found = KIND.reach(KIND.featurize(part, tokenizer, card), part, card)
        assert found.whole == found.answers, (cell.task, cell.language)
        answers += found.answers
    assert answers > 2000
