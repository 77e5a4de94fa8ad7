"""Exact match and token F1 of short answers: SQuAD (XQuAD, TyDiQA) and, by language, MLQA.

SQuAD treats all languages as English: an answer without spaces (Chinese, Thai) is one token. MLQA
deletes the punctuation of all scripts and the articles of the language, and splits Chinese into
characters. Letter case and word boundaries follow the Python build; up to 3.13 its versions differ in
letters added by Unicode 15, all of them without case, where one touches an article.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence
from functools import partial

import numpy as np

from xtreme_harness.errors import DataError
from xtreme_harness.metrics.base import Metric
from xtreme_harness.metrics.punctuation import MLQA_PUNCTUATION, SQUAD_PUNCTUATION
from xtreme_harness.records import Rows, Vector

__all__ = [
    "MLQA",
    "SQUAD",
    "SQUAD_V2",
    "exact_match_f1",
    "mlqa_rows",
    "normalise_mlqa",
    "normalise_squad",
    "squad_rows",
    "squad_v2_rows",
    "token_f1",
]

Answers = tuple[str, ...]

_ENGLISH_ARTICLES = re.compile(r"\b(?:a|an|the)\b")

_ARTICLES = {  # the seven languages of MLQA
    "en": _ENGLISH_ARTICLES,
    "es": re.compile(r"\b(?:un|una|unos|unas|el|la|los|las)\b"),
    "de": re.compile(r"\b(?:ein|eine|einen|einem|eines|einer|der|die|das|den|dem|des)\b"),
    # The official pattern finds the article inside words too.
    "ar": re.compile("\u0627\u0644"),
    "hi": None,
    "vi": re.compile(r"\b(?:của|là|cái|chiếc|những)\b"),
    "zh": None,
}

_CHINESE_CHARACTER = re.compile("([\u4e00-\u9fa5])")


def normalise_squad(text: str) -> str:
    """Return an answer lower-cased, without ASCII punctuation and English articles, spaces collapsed.

    Source: `normalize_answer` of google-research/xtreme `third_party/evaluate_squad.py` (838c13b).

    >>> normalise_squad("The  Cat's hat!")
    'cats hat'
    """
    bare = text.lower().translate(SQUAD_PUNCTUATION)
    return " ".join(_ENGLISH_ARTICLES.sub(" ", bare).split())


def normalise_mlqa(text: str, language: str) -> str:
    """Return an answer lower-cased, without punctuation and the language's articles, tokens spaced.

    Raises:
        DataError: MLQA does not have the language.

    Source: `normalize_answer` of google-research/xtreme `third_party/evaluate_mlqa.py` (838c13b), with
    the punctuation of Unicode 14.0.

    >>> normalise_mlqa("Der «Hund»", "de"), normalise_mlqa("在 2010年。", "zh")
    ('hund', '在 2010 年')
    """
    _require_language(language)
    bare = text.lower().translate(MLQA_PUNCTUATION)
    articles = _ARTICLES[language]
    if articles is not None:
        bare = articles.sub(" ", bare)
    if language == "zh":
        bare = _CHINESE_CHARACTER.sub(r" \1 ", bare)
    return " ".join(bare.split())


def token_f1(prediction: str, gold: str) -> float:
    """Return the F1 (0-1) of two normalised answers as multisets of tokens; 0 when they share none.

    Two empty answers therefore get 0, although they match exactly.

    >>> token_f1("the cats hat", "cats hat")
    0.8
    """
    predicted_tokens, gold_tokens = prediction.split(), gold.split()
    same = (Counter(predicted_tokens) & Counter(gold_tokens)).total()
    if not same:
        return 0.0
    precision = same / len(predicted_tokens)
    recall = same / len(gold_tokens)
    return 2 * precision * recall / (precision + recall)


def squad_rows(predictions: Sequence[str], golds: Sequence[Answers], language: str) -> Rows:
    """Return (n, 3): exact match and F1 with the best gold answer for each, and 1 for the question.

    The language is not used.

    Raises:
        DataError: A question has no gold answer.
        ValueError: The sequences differ in length.

    >>> squad_rows(["the big cat"], [("Cat", "big cat")], "en").tolist()
    [[1.0, 1.0, 1.0]]
    """
    return _rows(predictions, golds, normalise_squad)


def squad_v2_rows(predictions: Sequence[str], golds: Sequence[Answers], language: str) -> Rows:
    """Return (n, 3) as `squad_rows`, where the gold of a question without an answer is ("",).

    Nothing on one side alone is wrong, nothing on both sides is right in F1 as well; gold answers of which nothing is
    left after normalisation count for none. The language is not used.

    Source: `get_raw_scores` and `compute_f1` of SQuAD's `evaluate-v2.0.py`.

    Raises:
        DataError: A question has no gold at all, not even "".
        ValueError: The sequences differ in length.

    >>> squad_v2_rows(["", "a cat", ""], [("",), ("",), ("cat",)], "en").tolist()
    [[1.0, 1.0, 1.0], [0.0, 0.0, 1.0], [0.0, 0.0, 1.0]]
    """
    kept = [answers and (tuple(a for a in answers if normalise_squad(a)) or ("",)) for answers in golds]
    rows = _rows(predictions, kept, normalise_squad)
    silent = [answers == ("",) and not normalise_squad(p) for p, answers in zip(predictions, kept, strict=True)]
    rows[silent, 1] = 1
    return rows


def mlqa_rows(predictions: Sequence[str], golds: Sequence[Answers], language: str) -> Rows:
    """Return (n, 3): exact match and F1 with the best gold answer for each, and 1 for the question.

    Args:
        predictions: One answer a question.
        golds: The gold answers of each question, one or more.
        language: Code of the language of context and answers.

    Raises:
        DataError: MLQA does not have the language, or a question has no gold answer.
        ValueError: The sequences differ in length.

    >>> mlqa_rows(["der Hund"], [("Hund",)], "de").tolist()
    [[1.0, 1.0, 1.0]]
    """
    _require_language(language)
    return _rows(predictions, golds, partial(normalise_mlqa, language=language))


def exact_match_f1(sums: Vector) -> dict[str, float]:
    """Return exact match and F1 in percent from the sums (3,); 0.0 where there are no questions.

    >>> exact_match_f1(np.array([1.0, 1.5, 2.0]))
    {'exact_match': 50.0, 'f1': 75.0}
    """
    exact, f1, n = sums.tolist()
    return {"exact_match": 100 * exact / n if n else 0.0, "f1": 100 * f1 / n if n else 0.0}


def _rows(predictions: Sequence[str], golds: Sequence[Answers], normalise: Callable[[str], str]) -> Rows:
    unanswered = [number for number, answers in enumerate(golds, start=1) if not answers]
    if unanswered:
        raise DataError(
            f"question {unanswered[0]} of {len(golds)}: no gold answer ({len(unanswered)} such), "
            "expected one or more; check the labels"
        )
    scores = []
    for prediction, answers in zip(predictions, golds, strict=True):
        found, wanted = normalise(prediction), [normalise(answer) for answer in answers]
        scores.append((found in wanted, max(token_f1(found, gold) for gold in wanted), 1))
    rows: Rows = np.array(scores, dtype=np.float64)
    return rows.reshape(-1, 3)


def _require_language(language: str) -> None:
    if language not in _ARTICLES:
        raise DataError(f"MLQA: unknown language '{language}', expected one of {', '.join(_ARTICLES)}")


SQUAD: Metric[str, Answers] = Metric(
    name="squad",
    main=("exact_match", "f1"),
    official=("exact_match", "f1"),
    columns=("exact_match", "f1", "n"),
    rows=squad_rows,
    reduce=exact_match_f1,
    lm_eval={"exact_match": "exact_match", "f1": "f1"},
    answers="texts",
)

SQUAD_V2: Metric[str, Answers] = Metric(
    name="squad_v2",
    main=("exact_match", "f1"),
    official=("exact_match", "f1"),
    columns=("exact_match", "f1", "n"),
    rows=squad_v2_rows,
    reduce=exact_match_f1,
    lm_eval={"exact_match": "exact_match", "f1": "f1"},
    answers="texts",
)

MLQA: Metric[str, Answers] = Metric(
    name="mlqa",
    main=("exact_match", "f1"),
    official=("exact_match", "f1"),
    columns=("exact_match", "f1", "n"),
    rows=mlqa_rows,
    reduce=exact_match_f1,
    lm_eval={"exact_match": "exact_match", "f1": "f1"},
    answers="texts",
)
