"""Examples again, of what JSON made of them, and their texts one after the other."""

from __future__ import annotations

import json
from dataclasses import asdict

import pytest

from xtreme_harness.cards import folder
from xtreme_harness.data.sources import Data, locate
from xtreme_harness.data.splits import load_split
from xtreme_harness.kinds import KINDS
from xtreme_harness.kinds.examples import restored, running_texts
from xtreme_harness.kinds.token_classification import TaggedSentence
from xtreme_harness.plan.cells import all_cards

CARDS = all_cards()
SAMPLES = Data(folder() / "samples", name="samples")


@pytest.mark.parametrize("task", ["xnli", "xcopa", "panx", "xquad", "squad_v2", "tatoeba", "bucc2018", "lareqa"])
def test_an_example_survives_json(task: str) -> None:
    card = CARDS.card(task)
    kind, split = KINDS[card.kind], "dev" if task == "squad_v2" else "test"
    language = card.all_languages[0]
    located = locate(card, split, language, SAMPLES)
    assert located is not None
    for example in load_split(card, language, split, located, kind.parse, kind.passage).examples:
        again = restored(kind.example, json.loads(json.dumps(asdict(example))))
        assert again == example and kind.texts(again) == kind.texts(example)


def test_what_is_absent_stays_absent() -> None:
    assert restored(TaggedSentence, {"id": "1", "words": ["a"], "tags": None}) == TaggedSentence("1", ("a",), None)


def test_words_are_one_running_text() -> None:
    kind = KINDS["token_classification"]
    assert running_texts(kind, TaggedSentence("1", ("Die", "See"), None)) == ["Die See"]
