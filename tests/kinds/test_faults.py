"""What is wrong with a prediction file: line by line, with and without gold."""

from __future__ import annotations

import itertools
import json
from typing import Any

import pytest

from xtreme_harness.kinds import KINDS
from xtreme_harness.kinds import faults as module
from xtreme_harness.kinds.base import official_lines
from xtreme_harness.kinds.token_classification import read_tags
from xtreme_harness.plan.cells import all_cards

CARDS = all_cards()


def found(task: str, text: str, golds: dict[str, Any] | None = None) -> list[str]:
    """The faults of a file of a task, without its name."""
    card = CARDS.card(task)
    return [fault.removeprefix("f") for fault in KINDS[card.kind].faults(text, "f", golds, card)]


def numbered(*golds: Any) -> dict[str, Any]:
    return {str(i): gold for i, gold in enumerate(golds)}


NEUTRAL = "expected one of contradiction, entailment, neutral"


def test_labels() -> None:
    assert found("xnli", "neutral\nentailment\n", numbered("neutral", "neutral")) == []
    assert found("xnli", "neutral\n\n NEUTRAL\nyes\ta\tneutral") == [
        f":2: blank line, {NEUTRAL}",
        f":3: found 'NEUTRAL', {NEUTRAL} (did you mean 'neutral'?)",
        f":4: found 'yes\ta\tneutral', {NEUTRAL}; only the label stands in the line",
    ]
    assert found("pawsx", "0\n1\n", numbered("0")) == [": 2 lines, expected 1"]


@pytest.mark.parametrize("task", ["xnli", "xcopa", "tatoeba"])
def test_a_blank_line_too_many_is_one_fault(task: str) -> None:
    good = {"xnli": "neutral", "xcopa": '{"label": 1}', "tatoeba": "0"}[task]
    golds = {"xnli": "neutral", "xcopa": 1, "tatoeba": ("0",)}[task]
    (fault,) = found(task, f"{good}\n\n{good}\n", numbered(golds, golds))
    assert fault.startswith(":2: blank line, expected ")
    assert len(found(task, f"{good}\n\n{good}\n", numbered(golds))) == 2  # a line too many besides


def test_only_the_first_of_a_sort_are_told() -> None:
    faults = found("xnli", "yes\n" * 15 + "\n" * 12 + "neutral\n")
    assert len(faults) == 22
    assert faults[10] == ": 5 more unknown labels"
    assert faults[21] == ": 2 more blank lines"


def test_choices() -> None:
    assert found("xcopa", '{"label": 0}\n{"label": 1.0, "idx": 4}\n{"label": true}', numbered(0, 1, 1)) == []
    example = 'expected a JSON line such as {"label": 0}'
    assert found(
        "xcopa", '0\n[0]\n{"answer": 1}\n{"label": 2}\n{"label": "1"}\n{"label": null}\n{"label": [1]}\n{'
    ) == [
        f":1: found '0', {example}",
        f":2: found '[0]', {example}",
        f":3: found '{{\"answer\": 1}}', {example}",
        f":8: found '{{', {example}",
        ":4: label 2, expected a number from 0 to 1",
        ':5: label "1", expected a number from 0 to 1',
        ":6: label null, expected a number from 0 to 1",
        ":7: label [1], expected a number from 0 to 1",
    ]


def test_sentences_are_read_as_the_scorer_reads_them() -> None:
    for length in range(7):
        for characters in itertools.product("A\n ", repeat=length):
            text = "".join(characters)
            assert [tuple(tags) for tags in module._sentences(official_lines(text))] == read_tags(text)


def test_tags_without_gold() -> None:
    assert found("udpos", "NOUN\nX\n\nO\n\n") == []
    assert [fault.partition(", expected")[0] for fault in found("udpos", "the\tDET\nnoun\nthe DET\n\nXYZ")] == [
        ":1: found 'the\tDET': only the tag stands in the line, no word",
        ":3: found 'the DET': only the tag stands in the line, no word",
        ":2: found 'noun'",
        ":5: found 'XYZ'",
    ]
    reads = "which the scorer reads as a sentence without words"
    assert found("panx", "\nO\n\n\nO\n\n\n") == [
        f":1: the file begins with a blank line, {reads}",
        f":4: two blank lines in a row, {reads}",
        f":7: two blank lines in a row, {reads}",
    ]


def test_tags_with_gold() -> None:
    gold = numbered(("DET", "NOUN"), ("_",))
    assert found("udpos", "DET\nNOUN\n\n_\n", gold) == []  # what the gold has is known
    assert found("udpos", "DET\nNOUN\n\nX\n\n", gold) == []
    assert found("udpos", "DET\n\nX\nX\n", gold) == [
        ":1: sentence 1 has 1 tags, expected 2",
        ":3: sentence 2 has 2 tags, expected 1",
    ]
    assert found("udpos", "DET\nNOUN\nX\n", gold) == [": 1 sentences, expected 2"]
    assert found("udpos", "DET\n\nNOUN\n\nX\n", gold) == [": 3 sentences, expected 2"]


def test_an_empty_sentence_where_the_gold_has_one() -> None:
    gold = numbered(("O",), (), ("O",))
    assert found("panx", "O\n\n\nO\n", gold) == []
    assert found("panx", "O\n\nO\n", gold) == [": 2 sentences, expected 3"]
    assert found("panx", "O\n\nO\n\nO\n", gold) == [":3: sentence 2 has 1 tags, expected 0"]


def test_answers() -> None:
    golds = {"a": ("x",), "b": ("y",)}
    assert found("xquad", '{"a": "", "b": "y"}', golds) == []
    assert found("xquad", '{"data": {"a": "x", "b": "y"}}', golds) == []
    assert found("xquad", '{\n"a": 1,\n"b": ["x"],\n"c": "x"}', golds) == [
        ":2: a: found 1, expected text",
        ':3: b: found ["x"], expected text',
        ": 1 unknown question ids: 'c'",
    ]
    assert found("xquad", "{}", golds) == [": 2 of 2 question ids missing, which score 0: 'a', 'b'"]
    many = {str(i): ("x",) for i in range(9)}
    assert found("xquad", "{}", many) == [": 9 of 9 question ids missing, which score 0: '0', '1', '2', ..."]
    assert found("xquad", '{"data": {"a": "x"}, "version": 1}', golds) == [
        ": 'version' beside the key 'data': the scorer reads only what is under it"
    ]
    assert found("xquad", '{"data": ["a"]}') == [": found a JSON list, expected an object of id: answer"]
    assert found("xquad", '{"a": "x",\n"b": ', golds) == [":2: not JSON: Expecting value; is the file complete?"]


def test_lines_of_ids_however_they_are_spelt() -> None:
    text = '{\n "é": 1,\n "\\u00e9\\u00e8": 2,\n "x": "y",\n "z": 3,\n "z": 4}'
    assert found("xquad", text) == [
        ":5: z: the id stands twice, and only the last counts",
        ":2: é: found 1, expected text",
        ":3: éè: found 2, expected text",
        ":5: z: found 4, expected text",
    ]


def test_rankings() -> None:
    golds = {"a": ("Q1",)}
    twenty = [f"Q{i}" for i in range(20)]
    assert found("mewslix", json.dumps({"a": twenty}), golds) == []
    assert found("mewslix", json.dumps({"a": ["Q1", "Q1"]}), golds) == []  # a rank is lost, no more
    assert found("mewslix", json.dumps({"a": [], "b": [1], "c": "Q1", "d": [*twenty, "x"], "e": ["Q1", "Q2 "]})) == [
        ":1: b: found [1], expected a list of ids",
        ':1: c: found "Q1", expected a list of ids',
        ":1: d: 21 ids, expected at most 20",
        ":1: e: id 'Q2 ' has blanks around it, and matches no label",
    ]
    assert found("lareqa", "{}", golds) == [": 1 of 1 example ids missing, which score 0: 'a'"]


def test_line_numbers() -> None:
    golds = numbered(("1",), ("0",))
    assert found("tatoeba", "0\n1\n", golds) == []
    assert found("tatoeba", "[0]\n-1\n01\n1.0\n٣\nx") == [
        ":1: found '[0]', expected a plain line number; write 0 without brackets",
        ":2: found '-1', expected a plain line number",
        ":3: found '01', expected a plain line number",
        ":4: found '1.0', expected a plain line number",
        ":5: found '٣', expected a plain line number",
        ":6: found 'x', expected a plain line number",
    ]
    assert found("tatoeba", "2\n1\n", golds) == [":1: found 2, expected a line number from 0 to 1"]
    assert found("tatoeba", "900\n1\n", numbered(("998",), ("0",))) == []  # some lines of a longer file


def test_pairs() -> None:
    golds = {"fr-1": ("en-2",), "fr-3": ("en-4", "en-5")}
    assert found("bucc2018", "fr-1\ten-2\nfr-9\ten-9\nfr-1\ten-2\n", golds) == []
    assert found("bucc2018", "en-2\tfr-1\n\nfr-1 en-2\nfr-1\ten-2\t1.1\n") == [
        ":1: the columns are reversed: the foreign id stands first, then the English id",
        ":2: blank line, expected a foreign id, a tab, an English id",
        ":3: 1 columns, expected 2: a foreign id, a tab, an English id",
        ":4: 3 columns, expected 2: a foreign id, a tab, an English id",
    ]
    assert found("bucc2018", "de-1\ten-2\nfr-1\tfr-2\n", golds) == [
        ":1: found 'de-1' and 'en-2', expected ids that begin with fr- and en-",
        ":2: found 'fr-1' and 'fr-2', expected ids that begin with fr- and en-",
    ]


def test_pairs_of_ids_without_a_language() -> None:
    golds = {"17": ("4",), "18": ("5",)}
    assert found("bucc2018", "17\t4\n1\t2\n", golds) == []
    assert found("bucc2018", "4\t17\n", golds) == [
        ":1: the columns are reversed: the foreign id stands first, then the English id"
    ]
