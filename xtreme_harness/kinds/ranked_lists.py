"""What the kinds that rank passages share: the pool as it is read, and files of ranked lists."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import islice
from random import Random
from typing import Any, Protocol

from xtreme_harness.cards import TaskCard
from xtreme_harness.errors import PredictionError, listed
from xtreme_harness.files.shown import shown
from xtreme_harness.kinds.prediction_text import id_faults, json_object, keyed, read_object, told
from xtreme_harness.kinds.prompts import prompted
from xtreme_harness.kinds.row_fields import identifier, refuse, text
from xtreme_harness.models.tokenizer import Tokenizer
from xtreme_harness.records import Encoded, Features, Passage, Row, Split

__all__ = [
    "JUDGED", "ROLES", "EncodedPool", "Ids", "drawn", "featurized", "first_ones", "layouts", "passage", "ranked_faults",
    "read_lists", "written",
]  # fmt: skip

Ids = tuple[str, ...]
JUDGED = "qrels"  # the layout of relevance judgements, in files and on the Hub
ROLES = ("queries", "corpus", "qrels")  # of its files
_BLOCK = 4096  # passages tokenised at a time


class _Named(Protocol):
    @property
    def id(self) -> str: ...


def layouts(card: TaskCard) -> dict[str, str]:
    """The layouts that a card reads, by the key that names them."""
    files = {"official": card.official, "upstream": card.upstream}
    found = {f"{name}.format": source.format for name, source in files.items() if source}
    return found | ({"hub.shape": card.hub.shape} if card.hub else {})


def passage(row: Row, card: TaskCard) -> Passage:
    """A row of the pool; DataError where it has no id or no text."""
    faults: list[str] = []
    found = Passage(identifier(row, faults), text(row, "text", faults))
    refuse(faults)
    return found


@dataclass(frozen=True, slots=True)
class EncodedPool:
    """The pool's sequences, tokenised block by block each time it is iterated."""

    passages: Iterable[Passage]
    tokenizer: Tokenizer
    length: int
    prompt: str = ""

    def __iter__(self) -> Iterator[Encoded]:
        passages = iter(self.passages)
        while block := list(islice(passages, _BLOCK)):
            sequences = self.tokenizer.ids(prompted(self.prompt, (p.text for p in block)))
            for p, ids in zip(block, sequences, strict=True):
                yield replace(self.tokenizer.one(ids, self.length), name=p.id)


def featurized(split: Split[Any], tokenizer: Tokenizer, card: TaskCard) -> Features:
    """Queries, and the pool as it is read; what encodes passages is the detail."""
    options = card.options
    queries = tokenizer.ids(prompted(options["query_prompt"], (e.text for e in split.examples)))
    length, prompt = int(options["max_passage"]), options["passage_prompt"]
    encode = partial(EncodedPool, tokenizer=tokenizer, length=length, prompt=prompt)
    return Features(
        [tokenizer.one(ids, int(options["max_length"])) for ids in queries],
        detail=encode,
        pool=encode(split.pool),
        pool_key=split.pool_key,
        language=split.language,
    )


def first_ones(split: Split[_Named], card: TaskCard) -> dict[str, Ids]:
    """The first passages of the pool, whatever the query."""
    first = tuple(p.id for p in islice(split.pool, int(card.options["depth"])))
    return {e.id: first for e in split.examples}


def drawn(split: Split[_Named], card: TaskCard, rng: Callable[[str], Random]) -> dict[str, Ids]:
    """Passages by chance; the pool is read twice and never held."""
    size = sum(1 for _ in split.pool)
    depth = min(size, int(card.options["depth"]))
    places = {e.id: rng(e.id).sample(range(size), depth) for e in split.examples}
    wanted = {place for own in places.values() for place in own}
    names = {i: p.id for i, p in enumerate(split.pool) if i in wanted}
    return {key: tuple(names[i] for i in own) for key, own in places.items()}


def written(split: Split[_Named], found: Mapping[str, Any], card: TaskCard) -> str:
    """A JSON object: example id -> ids, best first; of gold with grades, id -> grade."""
    plain = {e.id: found[e.id] if isinstance(found[e.id], dict) else list(found[e.id]) for e in split.examples}
    return json.dumps(plain, ensure_ascii=False, indent=1) + "\n"


def read_lists(text: str, place: str, ids: Sequence[str] = (), card: TaskCard | None = None) -> dict[str, Ids]:
    """The inverse of `written`.

    Raises:
        PredictionError: what stands under an id is no list; an item that is no text matches no id.
    """
    found = json_object(text, place)
    wrong = [
        f"{place}: {key}: found {shown(value)}, expected a list of ids"
        for key, value in found.items()
        if not isinstance(value, list)
    ]
    if wrong:
        raise PredictionError(*listed(wrong))
    return {key: tuple(value) for key, value in found.items()}


def ranked_faults(text: str, place: str, golds: Mapping[str, Any] | None, card: TaskCard) -> list[str]:
    """Faults of a JSON object of example id: at most so many ids, best first."""
    found, faults = read_object(text, place)
    if found is None:
        return faults
    depth, wrong = int(card.options["depth"]), {}
    for key, ranked in found.items():
        if not isinstance(ranked, list) or not all(isinstance(item, str) for item in ranked):
            wrong[key] = f"found {json.dumps(ranked)[:60]}, expected a list of ids"
        elif len(ranked) > depth:
            wrong[key] = f"{len(ranked)} ids, expected at most {depth}"
        elif padded := next((item for item in ranked if item != item.strip()), None):
            wrong[key] = f"id '{padded}' has blanks around it, and matches no label"
    wrongly = keyed(wrong, text, place, "lists of another form")
    return [*faults, *told(wrongly, place), *id_faults(found, golds, place, "example")]
