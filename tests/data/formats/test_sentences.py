"""Where sentences end."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from xtreme_harness.data.formats.sentences import sentence_spans


@pytest.mark.parametrize(
    "sentences",
    [
        ["One.", "Two!", "Three?", "Four"],
        ["Dr. Smith met J. R. Hartley and Mrs. J. A. Howe.", "They talked."],
        ["It rose by 3.5 percent to $1.2 billion.", "Then it fell.", "2,000 people left."],
        ["He said \"No.\"", "She left (on foot.)", "\"Why?\" asked Ann.", "‘Because,’ he said."],
        ["In the U.S. Army he served at 5 p.m. Eastern time.", "He left the U.S.", "The year was over."],
        ["Convention No. 81 of Jan. 5 says no.", "Some said the same.", "See Art. 5, cf. Fig. 2."],
        ["Born c. 1800, d. 1850.", "Brown v. Board of Education, e.g. The Times, was Acme Inc. Director then, etc."],
        ["It belongs to Acme Inc.", "It was sold in Jan.", "Nobody knew of vitamin C.", "The end."],
        ["It left.[citation needed]", "Then it rained. [12]", "But no."],
        ["wait... what?!", "Yes...", "No."],
        ["A liter of O\n2 was\nburnt.", "Then no more."],
        ["Élan came.", "Überall war es still."],
        ["no end at all"],
        [],
    ],
    ids=[
        "plain", "titles and initials", "decimals", "quotes", "letters with dots", "numbers", "years and names",
        "abbreviations that end one", "references", "dots", "line breaks", "accents", "one", "none",
    ],
)  # fmt: skip
@pytest.mark.parametrize("blank", [" ", "\n", "  "], ids=["blank", "line break", "two blanks"])
def test_sentences(sentences: list[str], blank: str) -> None:
    text = f" {blank.join(sentences)}\n"
    assert [text[a:b] for a, b in sentence_spans(text)] == sentences


def test_most_breaks_are_the_official_ones(shared: Path) -> None:
    """XQuAD-R's English paragraphs, which are SQuAD's, have the breaks that the authors' program made."""
    data = json.loads((shared / "realdata/lareqa/xquad-r/en.json").read_text("utf-8"))["data"]
    same = alike = official = questions = 0
    for paragraph in (p for article in data for p in article["paragraphs"]):
        theirs, ours = [tuple(span) for span in paragraph["sentence_breaks"]], sentence_spans(paragraph["context"])
        official, same = official + len(theirs), same + len(set(theirs) & set(ours))
        for question in paragraph["qas"]:
            start = question["answers"][0]["answer_start"]
            first, second = ([s for s in spans if s[0] <= start < s[1]] for spans in (theirs, ours))
            questions, alike = questions + 1, alike + (first == second)
    assert (official, questions) == (1180, 1190)
    assert (same, alike) == (1167, 1178)
