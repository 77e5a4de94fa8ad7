from __future__ import annotations

import json
import random
import re
import string
import unicodedata
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from xtreme_harness.errors import DataError
from xtreme_harness.metrics import Metric, column_sums
from xtreme_harness.metrics.squad import MLQA, SQUAD, SQUAD_V2, Answers, normalise_mlqa, normalise_squad, token_f1

LANGUAGES = ("en", "es", "de", "ar", "hi", "vi", "zh")


def scored(
    metric: Metric[str, Answers], predictions: Sequence[str], golds: Sequence[Answers], language: str = "en"
) -> tuple[float, float]:
    values = metric.reduce(column_sums(metric.rows(predictions, golds, language)))
    return values["exact_match"], values["f1"]


@pytest.mark.parametrize(
    ("prediction", "golds", "exact_match", "f1"),
    [
        pytest.param("The cat!", ("cat",), 100.0, 100.0, id="perfect"),
        pytest.param("dog", ("cat",), 0.0, 0.0, id="wrong"),
        pytest.param("", ("cat",), 0.0, 0.0, id="empty"),
        pytest.param("the", ("a",), 100.0, 0.0, id="both empty after normalising"),
        pytest.param("big cat", ("cat", "big red cat"), 0.0, 100 * (2 * (2 / 3) / (1 + 2 / 3)), id="best gold for F1"),
        pytest.param("cat cat", ("cat",), 0.0, 100 * (2 * 0.5 / 1.5), id="tokens are a multiset"),
        pytest.param("athena", ("thena",), 0.0, 0.0, id="articles are whole words"),
        pytest.param("3.5", ("35",), 100.0, 100.0, id="punctuation leaves no space"),
        pytest.param("北京大学", ("北京",), 0.0, 0.0, id="Chinese is one token"),
        pytest.param("das Haus", ("Haus",), 0.0, 100 * (2 * 0.5 / 1.5), id="German articles stay"),
        pytest.param("«да»", ("да",), 0.0, 0.0, id="other punctuation stays"),
    ],
)
def test_squad(prediction: str, golds: Answers, exact_match: float, f1: float) -> None:
    assert scored(SQUAD, [prediction], [golds], "zh") == (exact_match, f1)


@pytest.mark.parametrize(
    ("language", "prediction", "gold", "exact_match", "f1"),
    [
        pytest.param("en", "The cat", "cat", 100.0, 100.0, id="en articles"),
        pytest.param("es", "¿Los gatos?", "gatos", 100.0, 100.0, id="es articles, punctuation"),
        pytest.param("de", "„Die Katze“", "katze", 100.0, 100.0, id="de articles, quotes"),
        pytest.param("vi", "cái mèo của là", "mèo", 100.0, 100.0, id="vi articles"),
        pytest.param("vi", unicodedata.normalize("NFD", "cái mèo"), "mèo", 0.0, 0.0, id="vi articles are composed"),
        pytest.param("ar", "الكتاب", "كتاب", 100.0, 100.0, id="ar article"),
        pytest.param("ar", "سالم", "س م", 100.0, 100.0, id="ar article inside a word"),
        pytest.param("hi", "एक आदमी।", "एक आदमी", 100.0, 100.0, id="hi has no articles"),
        pytest.param("zh", "北京大学", "北京", 0.0, 100 * (2 * 0.5 / 1.5), id="zh characters"),
        pytest.param("zh", "在2010年。", "在 2010 年", 100.0, 100.0, id="zh digits stay together"),
        pytest.param("zh", "A the 中", "中", 0.0, 100 * (2 * (1 / 3) / (1 / 3 + 1)), id="zh has no articles"),
        pytest.param("de", "$5 + 3 < 9", "5 3 9", 100.0, 100.0, id="ASCII symbols"),
        pytest.param("de", "5 €", "5", 0.0, 100 * (2 * 0.5 / 1.5), id="other symbols stay"),
        pytest.param("de", "the cat", "cat", 0.0, 100 * (2 * 0.5 / 1.5), id="English articles stay"),
    ],
)
def test_mlqa(language: str, prediction: str, gold: str, exact_match: float, f1: float) -> None:
    assert scored(MLQA, [prediction], [(gold,)], language) == (exact_match, f1)


def test_maxima_of_exact_match_and_f1_are_independent() -> None:
    assert SQUAD.rows(["the"], [("a", "the cat")], "en").tolist() == [[1.0, 0.0, 1.0]]


def test_percent_is_taken_before_the_division() -> None:
    assert scored(SQUAD, ["x", "y", "y"], [("x",)] * 3)[0] == 100 * 1 / 3 != 1 / 3 * 100


def test_unknown_language() -> None:
    expected = "MLQA: unknown language 'fr', expected one of en, es, de, ar, hi, vi, zh"
    for call in (lambda: MLQA.rows([], [], "fr"), lambda: normalise_mlqa("x", "fr")):
        with pytest.raises(DataError) as caught:
            call()
        assert str(caught.value) == expected


@pytest.mark.parametrize("metric", [SQUAD, MLQA], ids=lambda metric: metric.name)
def test_a_question_without_answers_is_an_error(metric: Metric[str, Answers]) -> None:
    with pytest.raises(DataError, match=r"question 2 of 2: no gold answer \(1 such\), expected one or more"):
        metric.rows(["a", "b"], [("a",), ()], "en")


def test_official_cases(shared: Path) -> None:
    cases = json.loads((shared / "spec/micro/qa_normalisation.json").read_text(encoding="utf-8"))
    assert cases
    for case in cases:
        assert official(case, SQUAD, normalise_squad, "en") == case["squad"]
        assert set(case["mlqa"]) == set(LANGUAGES)
        for language, expected in case["mlqa"].items():
            found = official(case, MLQA, partial(normalise_mlqa, language=language), language)
            assert found == expected, language


def official(
    case: dict[str, str], metric: Metric[str, Answers], normalise: Callable[[str], str], language: str
) -> dict[str, object]:
    prediction, gold = case["prediction"], case["gold"]
    exact_match, f1, _ = metric.rows([prediction], [(gold,)], language)[0].tolist()
    return {
        "norm_prediction": normalise(prediction),
        "norm_gold": normalise(gold),
        "em": exact_match == 1,
        "f1": f1,
    }


def naive_tokens(text: str, language: str | None) -> list[str]:
    """Tokens of an answer by the written rules, character by character; None for SQuAD."""
    articles = {
        None: "a an the",
        "en": "a an the",
        "es": "un una unos unas el la los las",
        "de": "ein eine einen einem eines einer der die das den dem des",
        "vi": "của là cái chiếc những",
    }.get(language, "")
    kept = ""
    for character in text.lower():
        wide = language is not None and unicodedata.category(character)[0] == "P"
        if not wide and character not in string.punctuation:
            kept += character
    if language == "ar":
        kept = kept.replace("ال", " ")
    words = [" " if word in articles.split() else word for word in re.split(r"(\w+)", kept)]
    spaced = "".join(words)
    if language == "zh":
        spaced = "".join(f" {c} " if 0x4E00 <= ord(c) <= 0x9FA5 else c for c in spaced)
    return spaced.split()


def naive_f1(found: list[str], gold: list[str]) -> float:
    left, same = list(gold), 0
    for token in found:
        if token in left:
            left.remove(token)
            same += 1
    if same == 0:
        return 0.0
    precision, recall = same / len(found), same / len(gold)
    return (2 * precision * recall) / (precision + recall)


PIECES = ["a", "the", "The", "an", "los", "der", "của", "ال", "كتاب", "北", "京", "x", "cat", "3", " ", "  ", "\t"]
PIECES += [".", "-", "'", "$", "€", "«", "。", "।", "_", "é", "ß", "İ", "\u00a0", "\u200b", "龥", "龦"]
TEXT = st.lists(st.sampled_from(PIECES) | st.sampled_from(string.printable), max_size=12).map("".join)


@settings(deadline=None)
@given(TEXT, st.lists(TEXT, min_size=1, max_size=3).map(tuple), st.sampled_from([None, *LANGUAGES]))
def test_against_a_naive_implementation(prediction: str, golds: Answers, language: str | None) -> None:
    metric = SQUAD if language is None else MLQA
    found = naive_tokens(prediction, language)
    exact_match = max(found == naive_tokens(gold, language) for gold in golds)
    f1 = max(naive_f1(found, naive_tokens(gold, language)) for gold in golds)
    assert metric.rows([prediction], [golds], language or "en").tolist() == [[exact_match, f1, 1]]


@settings(deadline=None)
@given(st.lists(st.tuples(TEXT, TEXT), min_size=1, max_size=6), st.randoms())
def test_order_and_repetition_do_not_matter(pairs: list[tuple[str, str]], chance: random.Random) -> None:
    once = scored(SQUAD, [p for p, _ in pairs], [(g,) for _, g in pairs])
    twice = chance.sample(pairs * 2, 2 * len(pairs))
    assert scored(SQUAD, [p for p, _ in twice], [(g, g) for _, g in twice]) == pytest.approx(once)


@settings(deadline=None)
@given(TEXT, TEXT)
def test_f1_is_symmetric(one: str, other: str) -> None:
    assert token_f1(one, other) == pytest.approx(token_f1(other, one))


@pytest.mark.parametrize(
    ("prediction", "gold", "exact", "f1"),
    [
        ("", ("",), 100, 100),
        ("the", ("",), 100, 100),  # nothing is left of it
        ("cat", ("",), 0, 0),
        ("", ("cat",), 0, 0),
        ("", ("the", "cat"), 0, 0),  # "the" counts for no answer
        ("the", ("the",), 100, 100),
        ("a big cat", ("cat", "big cats"), 0, 200 / 3),
    ],
)
def test_squad_v2_counts_nothing_as_an_answer(prediction: str, gold: Answers, exact: float, f1: float) -> None:
    assert scored(SQUAD_V2, [prediction], [gold]) == pytest.approx((exact, f1))


def test_squad_v2_agrees_with_squad_where_there_are_answers() -> None:
    predictions, golds = ["big cat", "", "x"], [("cat",), ("dog",), ("x y", "x")]
    assert scored(SQUAD_V2, predictions, golds) == scored(SQUAD, predictions, golds)
    with pytest.raises(DataError, match="question 1 of 1: no gold answer"):
        scored(SQUAD_V2, [""], [()])
