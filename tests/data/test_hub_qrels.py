"""Queries, corpus and judgements from three configs of a Hub dataset."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from datasets import Dataset

from tests.data.test_hub import ask, parquet
from tests.fixtures.hub_server import HubServer
from xtreme_harness.cards import HubSource
from xtreme_harness.data import hub_qrels
from xtreme_harness.data.hub_shapes import SHAPES, Loaded
from xtreme_harness.data.sources import HubFound
from xtreme_harness.errors import CardError, DataError
from xtreme_harness.records import Table

Columns = dict[str, list[Any]]
QUERIES: Columns = {"_id": ["q1", "q2", "q3"], "text": ["wapi", "lini", "nani"]}
CORPUS: Columns = {"_id": ["7#0", "7#1"], "title": ["Ziwa", ""], "text": ["maji", "mto"]}
QRELS: Columns = {"query-id": ["q1", "q1", "q2"], "corpus-id": ["7#0", "7#1", "7#1"], "score": [1, 0, 2]}
ROWS = [
    {"id": "q1", "text": "wapi", "judged": {"7#0": 1, "7#1": 0}},
    {"id": "q2", "text": "lini", "judged": {"7#1": 2}},
]
POOL = [{"id": "7#0", "text": "Ziwa maji"}, {"id": "7#1", "text": "mto"}]
COMMIT = "d" * 40
SOURCE: dict[str, Any] = {
    "path": "mteb/MIRACLRetrieval", "revision": COMMIT, "splits": {"test": "dev"}, "shape": "qrels",
    "configs": {role: f"{{language}}-{role}" for role in ("queries", "corpus", "qrels")},
}  # fmt: skip


def shaped(options: dict[str, Any] | None = None, **changed: Columns | None) -> Table:
    parts = {"queries": QUERIES, "corpus": CORPUS, "qrels": QRELS, **changed}
    loaded = {
        role: Loaded(Dataset.from_dict(columns), list(columns), {}, f"x@d sw-{role}/dev", {}, {}, {})
        for role, columns in parts.items()
        if columns is not None
    }
    return SHAPES["qrels"](Loaded({}, (), {}, "x@d sw/dev", {}, {}, options or {}, loaded))


def test_mteb(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hub_qrels, "_ROWS", 2)
    table = shaped()
    assert [row.values for row in table.rows] == ROWS and table.rows[1].place == "x@d sw-queries/dev[1]"
    assert [[row.values for row in table.pool] for _ in range(2)] == [POOL] * 2
    assert list(table.pool)[1].place == "x@d sw-corpus/dev[1]"


def test_columns_by_the_cards_names() -> None:
    corpus: Columns = {"nr": [1], "text": ["maji"]}
    options = {"corpus": {"id": "nr"}}
    judged: Columns = {"query-id": ["q1"], "corpus-id": ["1"], "score": [1]}
    table = shaped(options, corpus=corpus, qrels=judged)
    assert [row.values for row in table.pool] == [{"id": "1", "text": "maji"}]


@pytest.mark.parametrize(
    ("changed", "fault"),
    [
        ({"corpus": None}, "x@d sw/dev: hub.configs: found none for corpus; the shape qrels reads three"),
        ({"queries": {"_id": ["q1"], "frage": ["x"]}}, "x@d sw-queries/dev: no column 'text'; found _id, frage; "
            "expected text, name it under hub.options.queries"),
    ],
)  # fmt: skip
def test_what_a_card_has_wrong(changed: dict[str, Any], fault: str) -> None:
    with pytest.raises(CardError) as error:
        shaped(**changed)
    assert str(error.value) == fault


def test_faults_have_the_row(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(DataError) as error:
        shaped(qrels={**QRELS, "query-id": ["q1", "q1", "q9"], "score": [1, -1, None]})
    assert error.value.faults == ("x@d sw-qrels/dev[2]: found grade None, expected a whole number from 0",)
    with pytest.raises(DataError) as error:
        list(shaped(corpus={**CORPUS, "_id": ["7#1", "7#1"]}).pool)
    assert error.value.faults == (
        "x@d sw-corpus/dev[1]: found document '7#1' again, expected each once, remove one",
    )  # fmt: skip


def test_what_the_fingerprint_names_and_who_shares_a_pool() -> None:
    def found(language: str, **configs: str) -> HubFound:
        return HubFound(
            HubSource.model_validate({**SOURCE, "configs": {**SOURCE["configs"], **configs}}), "test", language
        )

    assert found("sw").hashes() == {
        f"mteb/MIRACLRetrieval/sw-{role}/dev": COMMIT for role in ("queries", "corpus", "qrels")
    }
    assert found("sw", corpus="corpus/all").hashes()["mteb/MIRACLRetrieval/corpus/all"] == COMMIT
    assert found("sw").pool_key() != found("yo").pool_key()
    assert found("sw", corpus="corpus").pool_key() == found("yo", corpus="corpus").pool_key()
    plain = HubFound(HubSource.model_validate({**SOURCE, "configs": {}, "config": "{language}"}), "test", "sw")
    assert plain.hashes() == {"mteb/MIRACLRetrieval/sw/dev": COMMIT}


@pytest.mark.slow
def test_from_a_hub(tmp_path: Path) -> None:
    """The full path: the files of three configs, shards of the corpus, and a corpus that languages share."""
    shards: Sequence[Columns] = [{name: values[i : i + 1] for name, values in CORPUS.items()} for i in (0, 1)]
    files = {
        "sw-queries/dev-00000-of-00001.parquet": parquet(QUERIES),
        "sw-qrels/dev-00000-of-00001.parquet": parquet(QRELS),
        **{f"sw-corpus/dev-0000{i}-of-00002.parquet": parquet(shard) for i, shard in enumerate(shards)},
        "corpus/corpus-00000-of-00001.parquet": parquet(CORPUS),
    }
    shared = {**SOURCE, "configs": {**SOURCE["configs"], "corpus": "corpus/corpus"}}
    with HubServer({("dataset", "mteb/MIRACLRetrieval"): {COMMIT: files}}) as hub:
        questions = {"own": (SOURCE, "test", "sw"), "shared": (shared, "test", "sw"), "none": (SOURCE, "test", "yo")}
        answers = ask(questions, hub.url, tmp_path)
    for key in ("own", "shared"):
        assert answers[key]["rows"] == ROWS and answers[key]["pool"] == POOL, answers[key]
    assert answers["own"]["places"][0] == "mteb/MIRACLRetrieval@ddddddd sw-queries/dev[0]"
    (fault,) = answers["none"]["error"]
    assert fault.startswith("mteb/MIRACLRetrieval@ddddddd yo-queries/dev: no file 'yo-queries/dev-*.parquet'")
