"""Label folders and imperfect predictions for every file of a suite, from a seed; nasty ones for the official mode."""

from __future__ import annotations

import json
from pathlib import Path
from random import Random
from typing import Any

from tests.second_opinion import ENDINGS, LANGUAGES

WORDS = {
    "en": ["the", "a", "cat", "An", "hat", "house", "1999", "U.S.", "a-b", "the_end", "it's", "₤5", "…"],
    "es": ["el", "La", "gato", "unas", "casa", "¿qué", "niño", "los", "1999"],
    "de": ["der", "Die", "Hund", "eines", "Haus", "groß", "„ja“", "»nein«", "den"],
    "ar": ["ال", "البيت", "العالم", "كتاب", "سؤال", "؟", "في", "1999"],
    "hi": ["घर", "बिल्ली", "।", "नमस्ते", "में", "१९९९"],
    "vi": ["của", "là", "cái", "nhà", "những", "Chiếc", "mèo", "nước"],
    "zh": ["在", "北京", "，", "2010年", "A", "房子", "。", "the"],
    "th": ["บ้าน", "แมว", "the", "ๆ"],
    "ru": ["дом", "«кот»", "и", "The"],
}
NASTY_WORDS = [
    "",
    "  ",
    "\u00a0",
    "$",
    "+",
    "^`|~",
    "—",
    "”",
    "\u3000",
    "ＡＢＣ",
    "İ",
    "ﬁ",
    "a\u0301",
    "\u200b",
    "·",
    "㋿",
]
XNLI = ["contradiction", "entailment", "neutral"]
POS = ["ADJ", "ADP", "AUX", "CCONJ", "DET", "INTJ", "NOUN", "NUM", "PRON", "PUNCT", "SCONJ", "SYM", "VERB", "X"]
NER = ["O", "O", "O", *(f"{p}-{t}" for p in "BI" for t in ("PER", "ORG", "LOC"))]
NASTY_TAGS = ["S-PER", "E-LOC", "O", "I-ORG", ".", "._", "_", "B-PER-LOC", "x", "B", "-", "word\tNOUN", "É"]
Pair = tuple[str, str]  # text of the prediction file, text of the label file


def write_folders(root: Path, suite: str, seed: int, nasty: bool = False, size: int = 12) -> tuple[Path, Path]:
    """Write `predictions` and `labels` below root, every task and language of the suite; LAReQA excepted."""
    for task, languages in LANGUAGES[suite].items():
        for language in languages.split():
            rng = Random(f"{seed} {suite} {task} {language}")
            texts = MAKERS[task](rng, task, language, nasty, size)
            for side, text in zip(("predictions", "labels"), texts, strict=True):
                path = root / side / task / f"test-{language}.{ENDINGS.get(task, 'tsv')}"
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(text.encode())
    return root / "predictions", root / "labels"


def spoilt(rng: Random, lines: list[str], nasty: bool) -> str:
    """Lines as a file; a nasty one has other line ends, blanks around, or no final newline."""
    if not nasty:
        return "".join(f"{line}\n" for line in lines)
    padded = [rng.choice(["", "", " ", "\t", "\u00a0"]) + line + rng.choice(["", "", " ", "\t"]) for line in lines]
    end = rng.choice(["\n", "\r\n", "\r"])
    mark = rng.choice(["", "", "", "\ufeff"])
    return mark + end.join(padded) + (end if rng.random() < 0.7 or not lines or not lines[-1] else "")


def line_pair(rng: Random, task: str, language: str, nasty: bool, size: int) -> Pair:
    known = {"xnli": XNLI, "pawsx": ["0", "1"]}.get(task, [str(i) for i in range(size)])
    golds = rng.sample(known, size) if task == "tatoeba" else rng.choices(known, k=size)
    rate = rng.random() if rng.random() > 0.1 else 0.0
    found = [gold if rng.random() < rate else rng.choice(known) for gold in golds]
    if nasty:
        odd = ["", "[3]", "007", "Neutral", "neutral\tx", "1.0"]
        golds = [rng.choice(odd) if rng.random() < 0.05 else gold for gold in golds]
        found = [rng.choice(odd) if rng.random() < 0.1 else answer for answer in found]
    return spoilt(rng, found, nasty), spoilt(rng, golds, nasty)


def choice_pair(rng: Random, task: str, language: str, nasty: bool, size: int) -> Pair:
    golds: list[Any] = rng.choices([0, 1], k=size)
    found = [gold if rng.random() < 0.7 else 1 - gold for gold in golds]
    if nasty:
        found = [rng.choice([True, 1.0, "1", None, 2, False, [1]]) if rng.random() < 0.2 else x for x in found]
    rows = [json.dumps({"label": x, **({"idx": 3} if nasty else {})}) for x in found]
    return spoilt(rng, rows, False), spoilt(rng, [json.dumps({"premise": "é", "label": x}) for x in golds], False)


def tag_pair(rng: Random, task: str, language: str, nasty: bool, size: int) -> Pair:
    known = POS if task == "udpos" else NER
    golds = [[rng.choice(known) for _ in range(rng.randint(1, 15))] for _ in range(size)]
    rate = rng.choice([0.0, 0.5, 0.9, 0.98])
    found = [[tag if rng.random() < rate else rng.choice(known) for tag in tags] for tags in golds]
    if rng.random() < 0.1:
        found = [["O"] * len(tags) for tags in golds]
    if nasty:
        for tags in rng.sample([*golds, *found], size):
            tags[rng.randrange(len(tags))] = rng.choice(NASTY_TAGS)
        if task == "panx":  # seqeval 1.2, which one may name for udpos, refuses other lengths
            for tags in rng.sample(found, 3):
                del tags[rng.randrange(len(tags)) :]
            rng.choice(found).extend(rng.choices(known, k=2))
            golds[rng.randrange(size)].clear()
    return tag_file(rng, found, nasty), tag_file(rng, golds, nasty)


def tag_file(rng: Random, sentences: list[list[str]], nasty: bool) -> str:
    """A nasty file may have an empty sentence, which is two blank lines in a row, and more blanks."""
    lines = [line for tags in sentences for line in [*tags, ""]]
    if sentences[-1] and rng.random() < 0.7:
        lines.pop()  # the last sentence needs no blank line
    if not nasty:
        return "".join(f"{line}\n" for line in lines)
    end = rng.choice(["\n", "\r\n"])
    return "".join(rng.choice(["", " "]) + line + rng.choice(["", "\u00a0"]) + end for line in lines)


def mined_pair(rng: Random, task: str, language: str, nasty: bool, size: int) -> Pair:
    golds = [f"{language}-{i:09}\ten-{rng.randrange(10**6):09}" for i in range(size)]
    kept = [line for line in golds if rng.random() < 0.7]
    found = [*kept, *(f"{language}-{i:09}\ten-{i:09}" for i in range(5)), *kept[:2]]
    if nasty:
        odd = ["", "x", "x\ty\tz", "en-1\tde-1", "\t", "a\t"]
        found += rng.choices(odd, k=4)
        golds += rng.choices(odd, k=2)
        if rng.random() < 0.3:
            found = ["nothing\tright"]
    rng.shuffle(found)
    return spoilt(rng, found, nasty), spoilt(rng, golds, nasty)


def answer(rng: Random, language: str, nasty: bool) -> str:
    words = WORDS.get(language, WORDS["en"]) + (NASTY_WORDS if nasty else [])
    return rng.choice([" ", " ", "", "-"]).join(rng.choices(words, k=rng.randint(1, 6)))


def answer_pair(rng: Random, task: str, language: str, nasty: bool, size: int) -> Pair:
    golds = {
        f"{task}-{i}": [answer(rng, language, nasty) for _ in range(rng.choice([1, 1, 2, 4]))] for i in range(size)
    }
    found: dict[str, Any] = {
        key: rng.choice([rng.choice(texts), rng.choice(texts) + " the", answer(rng, language, nasty), ""])
        for key, texts in golds.items()
    }
    if nasty:
        for key in rng.sample(list(found), 2):
            del found[key]
        found |= {"unknown": "x", "other": ""}
    questions = [
        {"id": key, "question": "?", "answers": [{"answer_start": 0, "text": text} for text in texts]}
        for key, texts in golds.items()
    ]
    articles = [
        {"paragraphs": [{"context": "c", "qas": questions[:3]}, {"context": "d", "qas": questions[3:5]}]},
        {"title": "t", "paragraphs": [{"context": "e", "qas": questions[5:]}]},
    ]
    return prediction_json(rng, found, nasty), json.dumps({"data": articles, "version": "1.1"}, ensure_ascii=nasty)


def ranking_pair(rng: Random, task: str, language: str, nasty: bool, size: int) -> Pair:
    golds = {f"{language}-{i}": [f"Q{rng.randrange(40)}"] for i in range(size)}
    found: dict[str, Any] = {key: [f"Q{i}" for i in rng.sample(range(40), 20)] for key in golds}
    labels: Any = golds
    if nasty:
        golds = {key: [f" {ids[0]} ", "Q1"] if rng.random() < 0.2 else ids for key, ids in golds.items()}
        keys = rng.sample(list(found), 5)
        del found[keys[0]]
        found |= {keys[1]: [], keys[2]: [f"Q{i}" for i in range(40)], keys[3]: ["Q1", "Q1"], keys[4]: [" Q1"], "x": []}
        labels = {"data": golds, "version": 1} if rng.random() < 0.5 else golds
    return prediction_json(rng, found, nasty), json.dumps(labels)


def prediction_json(rng: Random, found: dict[str, Any], nasty: bool) -> str:
    if nasty and rng.random() < 0.3:
        return json.dumps({"data": found, "other": 1}, indent=rng.choice([None, 2]))
    return json.dumps(found, ensure_ascii=rng.random() < 0.5, indent=rng.choice([None, 1]))


MAKERS = {
    "xnli": line_pair,
    "pawsx": line_pair,
    "tatoeba": line_pair,
    "xcopa": choice_pair,
    "panx": tag_pair,
    "udpos": tag_pair,
    "bucc2018": mined_pair,
    "mewslix": ranking_pair,
    "xquad": answer_pair,
    "mlqa": answer_pair,
    "tydiqa": answer_pair,
}
