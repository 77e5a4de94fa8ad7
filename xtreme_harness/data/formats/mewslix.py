"""Mewsli-X: mentions in news, the entities they may mean, and the training pairs from Wikipedia."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from xtreme_harness.data.formats.checks import files_of, member, place_ids, refuse
from xtreme_harness.data.formats.decoding import json_lines, open_bytes, read_json_file
from xtreme_harness.data.formats.mentions import Mention, entity, mentions
from xtreme_harness.errors import DataError
from xtreme_harness.files.shown import shown
from xtreme_harness.records import Json, Row, Table

__all__ = ["read_mewslix", "read_mewslix_pairs"]


@dataclass(frozen=True, slots=True)
class _Pool:
    """The entities of some files, read anew by every loop, one line in memory."""

    paths: tuple[Path, ...]

    def __iter__(self) -> Iterator[Row]:
        """Yield {"id", "text"}; after the first fault only look for others, and raise DataError at the end."""
        faults: list[str] = []
        seen: set[str] = set()
        for path in self.paths:
            for place, obj in json_lines(path, faults):
                found = entity(obj, place, faults)
                if found is None:
                    continue
                if found.id in seen:
                    faults.append(f"{place}: found entity {shown(found.id)} again, expected each once, remove one")
                seen.add(found.id)
                if not faults:
                    yield Row({"id": found.id, "text": found.text}, place)
        refuse(faults)


def read_mewslix(files: Mapping[str, Sequence[Path]], options: Mapping[str, Json]) -> Table:
    """Read mentions as {"id", "text", "relevant"}; the pool {"id", "text"} of entities is lazy.

    The text of a mention is the mention, ": " and its sentence with the mention in spaced braces; that of an entity are
    the sentences of its description. Relevant is the entity's id, None where the organisers blanked it. Role `labels`,
    if it has a file, gives it instead of the mentions. Role `pairs`, instead of the others, is pairs from Wikipedia to
    train on; the pool is then the entities of these.

    Raises:
        DataError: with all faults of a file; those of the entities when the pool is read.
        CardError: a role has no file.
    """
    if "pairs" in files:
        return _with_pool(read_mewslix_pairs({"rows": files["pairs"]}, options))
    pool = _Pool(files_of(files, "candidates"))
    for path in pool.paths:
        open_bytes(path).close()  # a missing file is found here, not after the queries are encoded
    paths = files_of(files, "rows")
    found: list[Mention] = []
    faults: list[str] = []
    for path in paths:
        for place, obj in json_lines(path, faults):
            found += mentions(obj, place, faults)
    place_ids(((mention.id, mention.place) for mention in found), faults)
    refuse(faults)
    labels = (files.get("labels") or (None,))[0]
    gold = {m.id: m.entity for m in found} if labels is None else _labels(labels, [m.id for m in found])
    blank = [identifier for identifier, target in gold.items() if not target]
    if 0 < len(blank) < len(gold):
        at = labels or paths[0]
        raise DataError(f"{at}: found no entity for '{blank[0]}', expected one as for others, restore it or blank all")
    return Table(tuple(Row(_values(m, gold[m.id]), m.place) for m in found), pool)


def read_mewslix_pairs(files: Mapping[str, Sequence[Path]], options: Mapping[str, Json]) -> Table:
    """Read training pairs as {"id", "text", "passage", "entity_id"}, texts as of `read_mewslix`.

    Raises:
        DataError: with all faults of a file.
        CardError: the role `rows` has no file.
    """
    rows: list[Row] = []
    texts: dict[str, str] = {}  # of entities, so that one which is mentioned often is held once
    for path in files_of(files, "rows"):
        faults: list[str] = []
        for place, obj in json_lines(path, faults):
            pair = member(obj, "contextual_mention", dict, place, faults)
            target = member(obj, "entity", dict, place, faults)
            if pair is None or target is None:
                continue
            passage, one = entity(target, place, faults), member(pair, "mention", dict, place, faults)
            document = {"context": pair.get("context"), "mentions": [] if one is None else [one]}
            for mention in mentions(document, place, faults):
                if passage is not None:
                    values = {"id": mention.id, "text": mention.text}
                    text = texts.setdefault(passage.text, passage.text)
                    rows.append(Row({**values, "passage": text, "entity_id": passage.id}, place))
        refuse(faults)
    return Table(tuple(rows))


def _with_pool(pairs: Table) -> Table:
    """Pairs as queries and a pool of entities; one that is described in two ways is two: `Q1`, `Q1#2`."""
    described: dict[str, dict[str, str]] = {}  # entity -> its texts -> their ids
    pool, rows = [], []
    for pair in pairs.rows:
        entity_id, text = pair.values["entity_id"], pair.values["passage"]
        texts = described.setdefault(entity_id, {})
        if text not in texts:
            texts[text] = f"{entity_id}#{len(texts) + 1}" if texts else entity_id
            pool.append(Row({"id": texts[text], "text": text}, pair.place))
        values = {"id": pair.values["id"], "text": pair.values["text"], "relevant": (texts[text],)}
        rows.append(Row(values, pair.place))
    return Table(tuple(rows), tuple(pool))


def _values(mention: Mention, target: str) -> dict[str, Json]:
    return {"id": mention.id, "text": mention.text, "relevant": (target,) if target else None}


def _labels(path: Path, ids: Iterable[str]) -> dict[str, str]:
    """Return example id -> entity id ("" where blanked) from {example id: [entity id]}."""
    labels, wanted = read_json_file(path), dict.fromkeys(ids)
    if not isinstance(labels, dict):
        raise DataError(f"{path}: found a JSON {type(labels).__name__}, expected {{example id: [entity id]}}, check it")
    faults = [
        f"{path}: found no label of {shown(i)}, expected one a mention, use one release"
        for i in wanted
        if i not in labels
    ]
    faults += [
        f"{path}: found unknown {shown(i)}, expected ids of mentions, use one release"
        for i in labels
        if i not in wanted
    ]
    faults += [
        f"{path}: found {shown(value, 40)} for {shown(i)}, expected a list with one entity id, restore it"
        for i, value in labels.items()
        if not (isinstance(value, list) and len(value) == 1 and isinstance(value[0], str))
    ]
    refuse(faults)
    return {i: labels[i][0].strip() for i in wanted}
