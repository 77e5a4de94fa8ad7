"""Search and mining against recorded cases, and by hand."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.fixtures.letters import LETTERS
from tests.fixtures.prediction_faults import faults_of, numbered
from xtreme_harness.errors import DataError, PredictionError
from xtreme_harness.kinds import KINDS
from xtreme_harness.kinds.bitext import BITEXT, BitextExample
from xtreme_harness.plan.cells import all_cards
from xtreme_harness.records import Arrays, Features, Passage, Split
from xtreme_harness.search.margin import mine
from xtreme_harness.search.nearest import normalised

KIND, TASKS = KINDS["bitext"], all_cards().tasks
SEARCH, MINE = TASKS["tatoeba"], TASKS["bucc2018"]


def lines(file: Path) -> list[str]:
    return file.read_text("utf-8").rstrip("\n").split("\n")


@pytest.fixture(scope="module")
def bucc(shared: Path) -> tuple[Path, Split[Any], Arrays, Features]:
    case = shared / "spec" / "micro" / "bucc_mining"
    gold: dict[str, list[str]] = {}
    for line in lines(case / "gold"):
        gold.setdefault(line.split("\t")[0], []).append(line.split("\t")[1])
    queries = zip(lines(case / "src.id"), lines(case / "src.txt"), strict=True)
    examples = tuple(BitextExample(i, text, tuple(gold.get(i, ()))) for i, text in queries)
    pool = tuple(Passage(i, text) for i, text in zip(lines(case / "trg.id"), lines(case / "trg.txt"), strict=True))
    arrays = Arrays(np.load(case / "src_emb.npy"), pool=np.load(case / "trg_emb.npy"))
    return case, Split("bucc2018", "de", "dev", examples, pool), arrays, Features([], detail=pool)


def test_candidates_are_the_recorded_ones(bucc: Any) -> None:
    case, split, arrays, _ = bucc
    texts, pool = [e.text for e in split.examples], [p.text for p in split.pool]
    found = mine(normalised(arrays.values), normalised(arrays.pool), texts, pool)
    recorded = [line.split("\t") for line in lines(case / "expected_candidates.tsv")]
    once = [r for r in recorded if texts.count(r[1]) == 1 == pool.count(r[2])]
    assert [(texts[c.query], pool[c.item]) for c in found] == [(r[1], r[2]) for r in once]
    assert np.abs(np.array([c.score for c in found]) - [float(r[0]) for r in once]).max() < 1e-6


def test_threshold_and_predictions_are_the_recorded_ones(bucc: Any) -> None:
    case, split, arrays, features = bucc
    recorded = json.loads((case / "expected_result.json").read_text())
    assert KIND.calibrate is not None
    threshold = KIND.calibrate(arrays, features, split, MINE)
    assert threshold == pytest.approx(recorded["best-threshold"], abs=1e-6)
    found = KIND.decode(replace(arrays, calibration=threshold), features, split, MINE)
    assert {(key, item) for key, ids in found.items() for item in ids} == {
        tuple(line.split("\t")) for line in lines(case / "expected_predictions_dev.tsv")
    }


def test_search_is_the_recorded_one(shared: Path) -> None:
    case = shared / "spec" / "micro" / "tatoeba_search"
    foreign, english = np.load(case / "foreign_emb.npy"), np.load(case / "english_emb.npy")
    split = Split("tatoeba", "de", "test", tuple(BitextExample(str(i), "", None) for i in range(len(english))))
    features = Features([], detail=tuple(Passage(str(i), "") for i in range(len(foreign))))
    found = KIND.decode(Arrays(english, pool=foreign), features, split, SEARCH)
    assert [ids[0] for ids in found.values()] == lines(case / "expected_predictions.tsv")
    assert KIND.dumps(split, found, SEARCH) == (case / "expected_predictions.tsv").read_text().rstrip("\n") + "\n"


def test_mining_needs_a_threshold_and_gold(bucc: Any) -> None:
    _, split, arrays, features = bucc
    with pytest.raises(DataError, match="mining needs a threshold, chosen on the dev split"):
        KIND.decode(arrays, features, split, MINE)
    blind = replace(split, examples=tuple(replace(e, gold=None) for e in split.examples))
    assert KIND.calibrate is not None
    with pytest.raises(DataError, match="no gold pairs to choose the threshold on"):
        KIND.calibrate(arrays, features, blind, MINE)


def test_official_files_round_trip() -> None:
    split = Split("bucc2018", "de", "test", tuple(BitextExample(i, "", None) for i in ("d1", "d2", "d3")))
    found = {"d1": ("e2",), "d2": (), "d3": ("e1", "e9")}
    text = KIND.dumps(split, found, MINE)
    assert text == "d1\te2\nd3\te1\nd3\te9\n"
    assert KIND.loads(text, "f", ["d1", "d2", "d3"], MINE) == found
    with pytest.raises(PredictionError, match="f: 3 lines, expected 2"):
        KIND.loads("1\n2\n3\n", "f", ["d1", "d2"], SEARCH)
    rows = {"d1": ("4",), "d2": ("0",), "d3": ("12",)}
    assert KIND.loads(KIND.dumps(split, rows, SEARCH), "f", ["d1", "d2", "d3"], SEARCH) == rows


def test_features() -> None:
    split = Split(
        "tatoeba", "zh", "test", (BitextExample("0", "a b", None),), (Passage("7", ""), Passage("8", "深")), "key"
    )
    features = KIND.featurize(split, LETTERS, SEARCH)
    assert [list(e.ids) for e in features.pool] == [[2, 3], [2, LETTERS.ids(["深"])[0][0], 3]]
    assert (features.pool_key, features.language, features.pool_language) == ("key", "zh", "en")
    assert [p.id for p in features.detail] == ["7", "8"] and len(features.inputs[0].ids) == 4


def test_extras_search_from_foreign_to_english() -> None:
    pool = (Passage("0", "x"), Passage("1", "y"))
    examples = (BitextExample("0", "a", ("1",)), BitextExample("1", "b", ("0",)))
    split = Split("tatoeba", "de", "test", examples, pool)
    queries = np.array([[1, 0], [0, 1]], np.float32)
    arrays = Arrays(queries, pool=np.array([[0, 1], [0.6, 0.8]], np.float32))  # both are nearest to the second query
    assert BITEXT.extras is not None
    found = BITEXT.extras(arrays, Features([], detail=pool), split, all_cards().card("tatoeba"))
    assert found == {"accuracy_foreign_to_english": 50.0}
    assert BITEXT.extras(arrays, Features([], detail=pool), split, all_cards().card("bucc2018")) == {}


def test_faults_of_line_numbers() -> None:
    golds = numbered(("1",), ("0",))
    assert faults_of("tatoeba", "0\n1\n", golds) == []
    assert faults_of("tatoeba", "[0]\n-1\n01\n1.0\n٣\nx") == [
        ":1: found '[0]', expected a plain line number; write 0 without brackets",
        ":2: found '-1', expected a plain line number",
        ":3: found '01', expected a plain line number",
        ":4: found '1.0', expected a plain line number",
        ":5: found '٣', expected a plain line number",
        ":6: found 'x', expected a plain line number",
    ]
    assert faults_of("tatoeba", "2\n1\n", golds) == [":1: found 2, expected a line number from 0 to 1"]
    assert faults_of("tatoeba", "900\n1\n", numbered(("998",), ("0",))) == []  # some lines of a longer file


def test_faults_of_pairs() -> None:
    golds = {"fr-1": ("en-2",), "fr-3": ("en-4", "en-5")}
    assert faults_of("bucc2018", "fr-1\ten-2\nfr-9\ten-9\nfr-1\ten-2\n", golds) == []
    assert faults_of("bucc2018", "en-2\tfr-1\n\nfr-1 en-2\nfr-1\ten-2\t1.1\n") == [
        ":1: the columns are reversed: the foreign id stands first, then the English id",
        ":2: blank line, expected a foreign id, a tab, an English id",
        ":3: 1 columns, expected 2: a foreign id, a tab, an English id",
        ":4: 3 columns, expected 2: a foreign id, a tab, an English id",
    ]
    assert faults_of("bucc2018", "de-1\ten-2\nfr-1\tfr-2\n", golds) == [
        ":1: found 'de-1' and 'en-2', expected ids that begin with fr- and en-",
        ":2: found 'fr-1' and 'fr-2', expected ids that begin with fr- and en-",
    ]


def test_faults_of_pairs_of_ids_without_a_language() -> None:
    golds = {"17": ("4",), "18": ("5",)}
    assert faults_of("bucc2018", "17\t4\n1\t2\n", golds) == []
    assert faults_of("bucc2018", "4\t17\n", golds) == [
        ":1: the columns are reversed: the foreign id stands first, then the English id"
    ]


def test_gold_pairs_that_are_none_are_told_with_their_lines() -> None:
    card = all_cards().card("bucc2018")
    text = "de-1\ten-1\n\nde-2\nde-3\ten-3\ten-4\n"
    expected = "expected a foreign id, a tab, an English id"
    assert BITEXT.label_faults(text, "f", card) == [
        f
        "f:2: found a blank line, {expected}", f"f:3: found 1 columns, {expected}", f"f:4: found 3 columns, {expected}",
    ]  # fmt: skip
    assert BITEXT.label_faults("de-1\ten-1\n", "f", card) == []
    assert BITEXT.label_faults("1\n\n", "f", all_cards().card("tatoeba")) == []
