"""Windows, the max-context rule, the best span, and answers cut from the passage."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fixtures.letters import LETTERS
from tests.fixtures.prediction_faults import faults_of
from tests.fixtures.tokenizer_kinds import KINDS_OF_TOKENIZERS, tokenizer_kind
from xtreme_harness.errors import DataError, PredictionError
from xtreme_harness.kinds import KINDS
from xtreme_harness.kinds.base import Reach
from xtreme_harness.kinds.extractive_qa import Answer, QAExample
from xtreme_harness.kinds.spans import max_context, windows
from xtreme_harness.models.tokenizer import Tokenizer
from xtreme_harness.plan.cells import all_cards
from xtreme_harness.records import Arrays, Row, Split

KIND, CARD = KINDS["extractive_qa"], all_cards().tasks["xquad"]


def split(*examples: tuple[str, str]) -> Split[QAExample]:
    made = tuple(QAExample(str(i), question, context, None) for i, (question, context) in enumerate(examples))
    return Split("xquad", "zh", "test", made)


@pytest.mark.slow
@given(st.dictionaries(st.text(min_size=1).filter(lambda key: key != "data"), st.text(), min_size=1, max_size=5))
def test_official_file_round_trip(found: dict[str, str]) -> None:
    cell: Split[Any] = Split("xquad", "zh", "test", tuple(QAExample(key, "q", "c", None) for key in found))
    text = KIND.dumps(cell, found, CARD)
    assert KIND.loads(text, "f", list(found), CARD) == found == json.loads(text)


def test_files_and_rows() -> None:
    with pytest.raises(PredictionError, match="f: 1: found 2, expected text"):
        KIND.loads('{"1": 2}', "f", ["1"], CARD)
    with pytest.raises(PredictionError, match=r"f:1: not JSON: .*; is the file complete"):
        KIND.loads('{"1": "x"', "f", ["1"], CARD)
    row = Row({"id": "1", "question": "q", "context": "c d", "answers": [{"text": "d", "start": 2}]}, "f:1")
    assert KIND.parse(row, CARD) == QAExample("1", "q", "c d", (Answer("d", 2),))
    with pytest.raises(DataError, match="f:1: no answer"):
        KIND.parse(Row({**row.values, "answers": []}, "f:1"), CARD)
    golds = KIND.golds('{"data": [{"paragraphs": [{"qas": [{"id": "1", "answers": [{"text": "d"}]}]}]}]}', "f", CARD)
    assert golds == {"1": ("d",)}


@given(st.integers(0, 200), st.integers(1, 40), st.integers(1, 40))
def test_windows_are_the_literal_rule(size: int, room: int, stride: int) -> None:
    wanted, first = [], 0
    while first < size:
        length = min(size - first, room)
        wanted.append((first, length))
        if first + length == size:
            break
        first += min(length, stride)
    assert windows(size, room, stride) == (wanted or [(0, 0)])


@given(st.integers(1, 150), st.integers(1, 40), st.integers(1, 40))
def test_max_context_is_the_literal_rule(size: int, room: int, stride: int) -> None:
    spans = windows(size, room, stride)
    found = max_context(spans, size)
    for position in range(size):
        best, owner = None, None
        for index, (first, length) in enumerate(spans):
            if not first <= position < first + length:
                continue
            score = min(position - first, first + length - 1 - position) + 0.01 * length
            if best is None or score > best:
                best, owner = score, index
        for index, (first, length) in enumerate(spans):
            if first <= position < first + length:
                assert found[index][position - first] == (index == owner)


ZH = ("在西伯利亚?", "贝加尔湖在西伯利亚,是世界上最深的湖。")
TH = ("ลึกที่สุด?", "ทะเลสาบไบคาลอยู่ในรัสเซีย ลึกที่สุด")
EN = ("where?", "  Baikal  lies in\tSiberia .")


WHOLE = [(ZH, "西伯利亚"), (ZH, "最深的湖"), (TH, "รัสเซีย"), (TH, "รัสเซีย ลึก"), (EN, "Baikal  lies"), (EN, "in\tSiberia")]


@pytest.mark.parametrize(
    ("example", "answer", "length"), [(*case, 384) for case in WHOLE] + [(*case, 24) for case in WHOLE[:3]]
)
def test_answers_are_cut_from_the_passage(example: tuple[str, str], answer: str, length: int) -> None:
    card = CARD.with_options({"max_length": length, "stride": 2, "max_question": 6})
    cell = split(example)
    features = KIND.featurize(cell, LETTERS, card)
    assert (len(features.inputs) > 1) == (length == 24) and all(len(e.ids) <= length for e in features.inputs)
    at = example[1].index(answer)
    places = [a for a, _ in features.detail.spans[0]]
    first, last = places.index(at), places.index(at + len(answer) - 1)
    logits = [np.zeros((len(e.ids), 2), np.float32) for e in features.inputs]
    for window, table in zip(features.detail.windows, logits, strict=True):
        for token, column in ((first, 0), (last, 1)):
            if window.first <= token < window.first + window.size:
                table[window.offset + token - window.first, column] = 5
    offsets = np.cumsum([0, *map(len, logits)])
    assert KIND.decode(Arrays(np.concatenate(logits), offsets), features, cell, card) == {"0": answer}


def test_windows_hold_the_question_and_their_part() -> None:
    card = CARD.with_options({"max_length": 20, "stride": 5, "max_question": 4})
    features = KIND.featurize(split(EN, ZH), LETTERS, card)
    ids = LETTERS.ids([EN[1], ZH[1]])
    question = LETTERS.ids([EN[0], ZH[0]])
    assert features.language == "zh" and {w.example for w in features.detail.windows} == {0, 1}
    for window, encoded in zip(features.detail.windows, features.inputs, strict=True):
        part = ids[window.example][window.first : window.first + window.size]
        assert list(encoded.ids) == [2, *question[window.example][:4], 3, 3, *part, 3]
        assert list(encoded.ids)[window.offset : window.offset + window.size] == part


def test_texts_that_are_empty_or_leave_no_room() -> None:
    cell = split(("q?", ""), ("", "ab"))
    features = KIND.featurize(cell, LETTERS, CARD)
    lengths = [len(e.ids) for e in features.inputs]
    values = np.zeros((sum(lengths), 2), np.float32)
    found = KIND.decode(Arrays(values, np.cumsum([0, *lengths])), features, cell, CARD)
    assert found["0"] == "" and found["1"] in ("a", "ab")
    with pytest.raises(DataError, match="max_length 4 leaves no room for the passage"):
        KIND.featurize(cell, LETTERS, CARD.with_options({"max_length": 4}))


def test_a_token_is_given_where_no_pair_is_a_span() -> None:
    cell = split(("q", "ab"))
    features = KIND.featurize(cell, LETTERS, CARD)
    values = np.array([[0, 0], [0, 0], [0, 0], [0, 0], [0, 9], [9, 1], [0, 0]], np.float32)  # end before start
    card = CARD.with_options({"n_best": 1})
    assert KIND.decode(Arrays(values, np.array([0, 7])), features, cell, card) == {"0": "b"}


def test_no_answer_only_where_the_card_allows_it() -> None:
    cell = split(("q", "ab"))
    features = KIND.featurize(cell, LETTERS, CARD)
    values = np.zeros((7, 2), np.float32)  # <s> q </s> </s> a b </s>
    values[4] = 3, 2
    allowed = CARD.with_options({"no_answer": True})
    for null, wanted in ((4, "a"), (5, "a"), (6, "")):
        values[0, 0] = null
        arrays = Arrays(values, np.array([0, 7]))
        assert KIND.decode(arrays, features, cell, CARD) == {"0": "a"}
        assert KIND.decode(arrays, features, cell, allowed) == {"0": wanted}


@pytest.mark.parametrize(("threshold", "found"), [(-9.0, ""), (0.5, ""), (1.0, "a"), (9.0, "a")])
def test_no_answer_is_given_above_the_threshold(threshold: float, found: str) -> None:
    cell = split(("q", "ab"))
    features = KIND.featurize(cell, LETTERS, CARD)
    values = np.zeros((7, 2), np.float32)
    values[4], values[0, 0] = (3, 2), 6  # the span scores 5, nothing 6
    card = CARD.with_options({"no_answer": True, "null_threshold": threshold})
    assert KIND.decode(Arrays(values, np.array([0, 7])), features, cell, card) == {"0": found}


class TestNoAnswer:
    """Questions that the passage does not answer."""

    card = CARD.with_options({**CARD.options, "no_answer": True})
    row = Row({"id": "1", "question": "q", "context": "c d", "answers": ()}, "f:1")

    def test_the_gold_is_the_empty_answer(self) -> None:
        example = KIND.parse(self.row, self.card)
        assert (example.answers, KIND.gold(example), KIND.perfect(example)) == ((), ("",), "")

    def test_without_the_option_it_is_refused(self) -> None:
        with pytest.raises(DataError, match=r"f:1: no answer; .*option no_answer allows none"):
            KIND.parse(self.row, CARD)

    def test_label_files_round_trip(self) -> None:
        example = KIND.parse(self.row, self.card)
        cell: Split[Any] = Split("x", "en", "dev", (example,))
        golds = KIND.golds(KIND.gold_text(cell, self.card), "f", self.card)
        assert golds == {"1": ("",)}
        assert KIND.relabel(example, golds["1"]) == example


def test_faults_of_answers() -> None:
    golds = {"a": ("x",), "b": ("y",)}
    assert faults_of("xquad", '{"a": "", "b": "y"}', golds) == []
    assert faults_of("xquad", '{"data": {"a": "x", "b": "y"}}', golds) == []
    assert faults_of("xquad", '{\n"a": 1,\n"b": ["x"],\n"c": "x"}', golds) == [
        ":2: a: found 1, expected text",
        ':3: b: found ["x"], expected text',
        ": 1 unknown question ids: 'c'",
    ]
    assert faults_of("xquad", "{}", golds) == [": 2 of 2 question ids missing, which score 0: 'a', 'b'"]
    many = {str(i): ("x",) for i in range(9)}
    assert faults_of("xquad", "{}", many) == [": 9 of 9 question ids missing, which score 0: '0', '1', '2', ..."]
    assert faults_of("xquad", '{"data": {"a": "x"}, "version": 1}', golds) == [
        ": 'version' beside the key 'data': the scorer reads only what is under it"
    ]
    assert faults_of("xquad", '{"data": ["a"]}') == [": found a JSON list, expected an object of id: answer"]
    assert faults_of("xquad", '{"a": "x",\n"b": ', golds) == [":2: not JSON: Expecting value; is the file complete?"]


SCRIPTS = (
    "Anna", "1822", "5", "U.S.", "(x-ray)", "5%", "café", "cafe\u0301", "Vie\u0302\u0323t", "ﬁne", "½", "Ⅳ", "İß",
    "हिंदी", "क़िला", "ท่านน้ำ", "เก้า", "مَدْرَسَةٌ", "می\u200cخواهم", "\u200fשָׁלוֹם", "x\u00ady", "a\x00b",
    "贝加尔湖", "가각", "\u1100\u1161\u11a8", "\uff76\uff9e", "カ", "👨\u200d👩\u200d👧", "👩🏽", "🇩🇪", "𐍈𝒳",
)  # fmt: skip
SPLIT_OTHERWISE = ("without unknown", "nmt")  # drops what it does not know; makes blanks of format characters


class TestReach:
    """Which gold answers the goals of training give back."""

    def reach(self, tokenizer: Tokenizer, context: str, *answers: str, **options: Any) -> tuple[int, int, int]:
        card = CARD.with_options(options)
        golds = tuple(Answer(text, context.index(text)) for text in answers)
        cell: Split[Any] = Split("xquad", "en", "test", (QAExample("0", "who?", context, golds),))
        assert KIND.reach is not None
        found = KIND.reach(KIND.featurize(cell, tokenizer, card), cell, card)
        return found.answers, found.exact, found.whole

    def test_letters(self) -> None:
        assert self.reach(LETTERS, "Anna Berg came.", "Anna", "nna B", "came") == (3, 3, 3)
        assert self.reach(LETTERS, "x" * 40 + " y", "x" * 30, "x" * 31, "y") == (3, 2, 2)  # 30 tokens are the most
        assert self.reach(LETTERS, "x " * 40 + "y", "y", max_length=24, stride=8) == (1, 1, 1)

    def test_within_a_token(self) -> None:
        assert self.reach(tokenizer_kind("words"), "Anna Berg came.", "Anna", "nna B") == (2, 1, 2)

    def test_no_gold(self) -> None:
        cell = split(EN)
        assert KIND.reach is not None
        assert KIND.reach(KIND.featurize(cell, LETTERS, CARD), cell, CARD) == Reach(0, 0, 0)

    @pytest.mark.parametrize("name", KINDS_OF_TOKENIZERS)
    @settings(max_examples=15, deadline=None)
    @given(st.lists(st.sampled_from(SCRIPTS), min_size=1, max_size=8), st.data())
    def test_tokenizers_of_every_kind_reach_every_word(self, name: str, words: list[str], data: st.DataObject) -> None:
        first = data.draw(st.integers(0, len(words) - 1))
        last = data.draw(st.integers(first, len(words) - 1))
        begin, end = data.draw(st.integers(0, len(words[first]) - 1)), data.draw(st.integers(1, len(words[last])))
        context, lead = " ".join(words), sum(len(word) + 1 for word in words[:first])
        whole = " ".join(words[first : last + 1])
        part = whole[begin : len(whole) - len(words[last]) + end]
        card = CARD.with_options({"max_answer_tokens": 400, "max_length": 500})
        golds = (Answer(whole, lead), *([Answer(part, lead + begin)] if part.strip() == part != "" else []))
        cell: Split[Any] = Split("xquad", "en", "test", (QAExample("0", "who?", context, golds),))
        assert KIND.reach is not None
        found = KIND.reach(KIND.featurize(cell, tokenizer_kind(name), card), cell, card)
        assert found.whole == found.answers == len(golds)
        assert found.exact >= 1 or name in SPLIT_OTHERWISE
