"""XQuAD-R and Mewsli-X."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest

from xtreme_harness.data.formats import FORMATS
from xtreme_harness.errors import DataError
from xtreme_harness.records import Table


def written(folder: Path, name: str, *objects: Any) -> Path:
    path = folder / name
    path.write_text("".join(json.dumps(obj) + "\n" for obj in objects), encoding="utf-8")
    return path


def xquad_r(tmp_path: Path, contents: dict[str, Any], language: str, **options: Any) -> Table:
    paths = {code: written(tmp_path, f"{code}.json", content) for code, content in contents.items()}
    return FORMATS["xquad_r"]({"rows": [paths[language]], "all": list(paths.values())}, options)


def passage(
    start: int | None, context: str = "ja.\nja. ok", breaks: Any = ((0, 3), (4, 7), (8, 10)), text: str | None = None
) -> dict[str, Any]:
    answers = [] if start is None else [{"text": text or context[start : start + 2], "answer_start": start}]
    qa = {"id": "q", "question": "?", "answers": answers}
    return {"data": [{"paragraphs": [{"context": context, "sentence_breaks": breaks, "qas": [qa]}]}]}


def test_pool_and_relevant_sentences_of_all_languages(tmp_path: Path) -> None:
    table = xquad_r(tmp_path, {"xx": passage(0), "yy": passage(8)}, "yy")
    pool = [row.values for row in table.pool]
    assert [p["id"] for p in pool] == [f"{code}_1_{i}" for code in ("xx", "yy") for i in range(3)]
    assert [p["text"] for p in pool[:3]] == ["ja.ja.ja. ok", "ja.ja.ja. ok", "okja.ja. ok"]
    (row,) = table.rows
    assert row.values == {"id": "q_yy", "text": "?", "relevant": ("xx_1_0", "xx_1_1", "yy_1_2")}
    assert row.place == f"{tmp_path}/yy.json:data[0].paragraphs[0].qas[0]"


def test_paragraphs_without_usable_question_give_no_candidates(tmp_path: Path) -> None:
    content = passage(7, "ab cd  ef", [[0, 2], [3, 5], [7, 9]])
    content["data"][0]["paragraphs"].insert(0, passage(6, "ab cd  ef", [[0, 2]])["data"][0]["paragraphs"][0])
    content["data"][0]["paragraphs"][0]["qas"][0]["id"] = "skipped"
    table = xquad_r(tmp_path, {"xx": content}, "xx")
    assert [row.values["id"] for row in table.rows] == ["q_xx"]
    assert [row.values["id"] for row in table.pool] == ["xx_2_0", "xx_2_1", "xx_2_2"]


def test_a_changed_file_is_read_again(tmp_path: Path) -> None:
    assert xquad_r(tmp_path, {"xx": passage(0)}, "xx").rows[0].values["relevant"] == ("xx_1_0", "xx_1_1")
    assert xquad_r(tmp_path, {"xx": passage(8, "ja.\nja. okay")}, "xx").rows[0].values["relevant"] == ("xx_1_2",)


AT = "/xx.json:data[0].paragraphs[0]"
BAD = [
    pytest.param(passage(0, breaks=None), f"{AT}: found no sentence_breaks, expected a list", id="no breaks"),
    pytest.param(
        passage(0, breaks=[[0, 99]]), f"{AT}: found sentence break [0, 99], expected [start, end]", id="break"
    ),
    pytest.param(passage(None), f"{AT}.qas[0] (id 'q'): found 0 answers, expected exactly one", id="no answer"),
    pytest.param(passage(0, text="ok"), f"{AT}.qas[0] (id 'q'): answer text differs from the context at 0", id="text"),
    pytest.param(passage(9, text="kk"), f"{AT}.qas[0] (id 'q'): answer span outside the context", id="span"),
    pytest.param({"data": []}, "/xx.json: found no usable question", id="no question"),
]


@pytest.mark.parametrize(("content", "message"), BAD)
def test_faults_of_xquad_r(tmp_path: Path, content: Any, message: str) -> None:
    with pytest.raises(DataError) as caught:
        xquad_r(tmp_path, {"xx": content}, "xx")
    assert str(caught.value).startswith(f"{tmp_path}{message}")


def test_repeated_questions_and_a_file_beside_the_pool(tmp_path: Path) -> None:
    content = passage(0)
    content["data"] *= 2
    with pytest.raises(DataError, match=r"qas\[0\]: found id 'q' again \(first at"):
        xquad_r(tmp_path, {"xx": content}, "xx")
    one, other = written(tmp_path, "yy.json", passage(0)), written(tmp_path, "zz.json", passage(0))
    with pytest.raises(DataError, match="found a file that is not in the pool"):
        FORMATS["xquad_r"]({"rows": [one], "all": [other]}, {})


def test_recorded_questions_and_candidates(tmp_path: Path, shared: Path) -> None:
    case = json.loads((shared / "spec/micro/lareqa_map.json").read_text())
    tables = {
        code: xquad_r(tmp_path, case["squad_per_lang"], code, check_spans=False) for code in case["squad_per_lang"]
    }
    rows = [row.values for table in tables.values() for row in table.rows]
    assert [row["id"] for row in rows] == case["question_uids"]
    assert all(sorted(row["relevant"]) == case["targets"][row["id"].rpartition("_")[0]] for row in rows)
    for table in tables.values():
        assert [row.values["id"] for row in table.pool] == case["candidate_uids"]
        assert [row.values["text"] for row in table.pool] == case["candidate_texts_for_encoding"]


def test_real_xquad_r(shared: Path) -> None:
    files = [shared / f"realdata/lareqa/xquad-r/{code}.json" for code in ("de", "en")]
    for path in files:
        table = FORMATS["xquad_r"]({"rows": [path], "all": files}, {})
        codes = [row.values["id"][:2] for row in table.pool]
        assert (len(table.rows), codes.count("en"), codes.count("de")) == (1190, 1180, 1276)
        assert {tuple(i[:2] for i in row.values["relevant"]) for row in table.rows} == {("de", "en")}


DOCUMENT: dict[str, Any] = {
    "context": {
        "text": "Ann saw {Bob}. Ann ran.",
        "sentence_spans": [{"start": 0, "end": 14}, {"start": 15, "end": 23}],
    },
    "mentions": [
        {"example_id": "m1", "mention_span": {"start": 0, "end": 3, "text": "Ann"}, "entity_id": "Q1"},
        {"example_id": "m2", "mention_span": {"start": 15, "end": 18, "text": "Ann"}, "entity_id": "Q2"},
    ],
}
ENTITY: dict[str, Any] = {"entity_id": "Q1", "description": "A\nname. x", "sentence_spans": [{"start": 0, "end": 7}]}


def changed(value: Any, **changes: Any) -> Any:
    """Copy a nested value with leaves replaced; keys are paths with `__` between steps."""
    value = copy.deepcopy(value)
    for path, leaf in changes.items():
        *steps, last = [int(step) if step.isdigit() else step for step in path.split("__")]
        inner = value
        for step in steps:
            inner = inner[step]
        inner[last] = leaf
    return value


def mewslix(tmp_path: Path, document: Any = DOCUMENT, entities: Any = (ENTITY,), labels: Any = None) -> Table:
    files = {
        "rows": [written(tmp_path, "mentions", document)],
        "candidates": [written(tmp_path, "entities", *entities)],
    }
    if labels is not None:
        files["labels"] = [written(tmp_path, "labels", labels)]
    return FORMATS["mewslix"](files, {})


def test_mentions_and_entities(tmp_path: Path) -> None:
    table = mewslix(tmp_path)
    assert [row.values for row in table.rows] == [
        {"id": "m1", "text": "Ann: { Ann } saw (Bob).", "relevant": ("Q1",)},
        {"id": "m2", "text": "Ann: { Ann } ran.", "relevant": ("Q2",)},
    ]
    assert [(row.values, row.place) for row in table.pool] == [
        ({"id": "Q1", "text": "A name."}, f"{tmp_path}/entities:1")
    ]
    assert list(table.pool) == list(table.pool), "the pool can be read again"


def test_labels_in_a_file_of_their_own(tmp_path: Path) -> None:
    blank = changed(DOCUMENT, mentions__0__entity_id="", mentions__1__entity_id="")
    assert [row.values["relevant"] for row in mewslix(tmp_path, blank).rows] == [None, None]
    found = mewslix(tmp_path, blank, labels={"m2": ["Q7"], "m1": ["Q8"]})
    assert [row.values["relevant"] for row in found.rows] == [("Q8",), ("Q7",)]


BAD_DOCUMENTS = [
    pytest.param({"context": 3}, "/mentions:1: found nothing under 'mentions', expected a list", id="no mentions"),
    pytest.param(
        changed(DOCUMENT, mentions__1__mention_span__end=99),
        "/mentions:1 (example_id 'm2'): found span 15 to 99 outside the text, expected 0 to 23",
        id="span outside",
    ),
    pytest.param(
        changed(DOCUMENT, mentions__1__mention_span__text="Bob"),
        "/mentions:1 (example_id 'm2'): found mention 'Bob', expected 'Ann' as in the text at 15",
        id="other text",
    ),
    pytest.param(
        changed(DOCUMENT, context__sentence_spans__0__end=2),
        "/mentions:1 (example_id 'm1'): found mention 'Ann' in no one sentence",
        id="across sentences",
    ),
    pytest.param(changed(DOCUMENT, mentions__1__example_id="m1"), "/mentions:1: found id 'm1' again", id="id twice"),
    pytest.param(
        changed(DOCUMENT, mentions__1=3), "/mentions:1: found int in 'mentions', expected an object", id="number"
    ),
    pytest.param(changed(DOCUMENT, mentions__1__entity_id=""), "/mentions: found no entity for 'm2'", id="blank"),
]


@pytest.mark.parametrize(("document", "message"), BAD_DOCUMENTS)
def test_faults_of_mentions(tmp_path: Path, document: Any, message: str) -> None:
    with pytest.raises(DataError) as caught:
        mewslix(tmp_path, document)
    assert str(caught.value).startswith(f"{tmp_path}{message}")


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        pytest.param([], "/labels: found a JSON list, expected {example id: [entity id]}", id="list"),
        pytest.param({"m1": ["Q1"]}, "/labels: found no label of 'm2', expected one a mention", id="too few"),
        pytest.param({"m1": ["Q1"], "m2": ["Q1"], "m3": ["Q1"]}, "/labels: found unknown 'm3'", id="unknown"),
        pytest.param({"m1": "Q1", "m2": ["Q1"]}, "/labels: found 'Q1' for 'm1', expected a list", id="text"),
    ],
)
def test_faults_of_labels(tmp_path: Path, labels: Any, message: str) -> None:
    with pytest.raises(DataError) as caught:
        mewslix(tmp_path, labels=labels)
    assert str(caught.value).startswith(f"{tmp_path}{message}")


def test_faults_of_entities_come_together_when_the_pool_is_read(tmp_path: Path) -> None:
    entities = (ENTITY, changed(ENTITY, sentence_spans__0__start=7), ENTITY, {"entity_id": "Q3"})
    pool = iter(mewslix(tmp_path, entities=entities).pool)
    assert next(pool).values["id"] == "Q1"
    with pytest.raises(DataError) as caught:
        next(pool)
    assert [fault.split(", expected")[0] for fault in caught.value.faults] == [
        f"{tmp_path}/entities:2 (entity_id 'Q1'): found span 7 to 7 outside the text",
        f"{tmp_path}/entities:2: found entity 'Q1' again",
        f"{tmp_path}/entities:3: found entity 'Q1' again",
        f"{tmp_path}/entities:4: found nothing under 'description'",
    ]


def test_missing_candidates_are_found_at_once(tmp_path: Path) -> None:
    rows = written(tmp_path, "mentions", DOCUMENT)
    with pytest.raises(DataError, match="found no readable file"):
        FORMATS["mewslix"]({"rows": [rows], "candidates": [tmp_path / "none"]}, {})


def test_pairs(tmp_path: Path) -> None:
    pair = {
        "contextual_mention": {"context": DOCUMENT["context"], "mention": DOCUMENT["mentions"][0]},
        "entity": ENTITY,
    }
    path = written(tmp_path, "pairs", pair, pair)
    rows = FORMATS["mewslix_pairs"]({"rows": [path]}, {}).rows
    values = {"id": "m1", "text": "Ann: { Ann } saw (Bob).", "passage": "A name.", "entity_id": "Q1"}
    assert [(row.values, row.place) for row in rows] == [(values, f"{path}:1"), (values, f"{path}:2")]
    with pytest.raises(DataError, match="pairs:1: found nothing under 'contextual_mention', expected an object"):
        FORMATS["mewslix_pairs"]({"rows": [written(tmp_path, "pairs", {"entity": ENTITY})]}, {})


def test_recorded_texts(tmp_path: Path, shared: Path) -> None:
    case = json.loads((shared / "spec/micro/preprocess.json").read_text())["mewslix"]
    table = mewslix(tmp_path, case["doc"], (case["entity"],), case["dev_labels_ar"])
    assert [row.values["text"] for row in table.rows] == case["query_strings"]
    assert [row.values["relevant"] for row in table.rows] == [("Q1",), ("Q2",), ("Q3",)]
    assert [row.values["text"] for row in table.pool] == [case["entity_string"]]
    test = mewslix(tmp_path, case["test_mentions_ar"], (case["entity"],), case["test_labels_ar"])
    assert {row.values["relevant"] for row in test.rows} == {None}


def test_real_mentions(tmp_path: Path, shared: Path) -> None:
    path = shared / "realdata/mewslix_example/example_mentions.jsonl"
    files = {"rows": [path], "candidates": [written(tmp_path, "entities", ENTITY)]}
    rows = FORMATS["mewslix"](files, {}).rows
    assert [row.place for row in rows] == [f"{path}:1", f"{path}:2", f"{path}:2"]
    assert rows[0].values["text"].startswith("Helsinki: In { Helsinki } , the Finnish trade union")
    assert rows[0].values["relevant"] == ("Q1757",)
