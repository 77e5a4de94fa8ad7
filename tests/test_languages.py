"""The table of languages."""

from __future__ import annotations

import re

import pytest

from xtreme_harness.languages import LANGUAGES, language, nearest_code
from xtreme_harness.plan.cells import all_cards

XTREME_R = set(
    [
        "af",
        "ar",
        "az",
        "bg",
        "bn",
        "de",
        "el",
        "en",
        "es",
        "et",
        "eu",
        "fa",
        "fi",
        "fr",
        "gu",
        "he",
        "hi",
        "ht",
        "hu",
        "id",
        "it",
        "ja",
        "jv",
        "ka",
        "kk",
        "ko",
        "lt",
        "ml",
        "mr",
        "ms",
        "my",
        "nl",
        "pa",
        "pl",
        "pt",
        "qu",
        "ro",
        "ru",
        "sw",
        "ta",
        "te",
        "th",
        "tl",
        "tr",
        "uk",
        "ur",
        "vi",
        "wo",
        "yo",
        "zh",
    ]
)


def test_has_the_fifty_languages_of_xtreme_r() -> None:
    assert len(XTREME_R) == 50
    assert set(LANGUAGES) >= XTREME_R


def test_suites_speak_these_languages() -> None:
    cards = all_cards().tasks.values()
    spoken = {
        suite: {c for card in cards if suite in card.suites for c in card.suites[suite].languages}
        for suite in ("xtreme", "xtreme-r")
    }
    assert len(spoken["xtreme"]) == 40
    assert spoken["xtreme-r"] == XTREME_R


@pytest.mark.parametrize("code", sorted(LANGUAGES))
def test_every_entry_is_whole(code: str) -> None:
    facts = LANGUAGES[code]
    assert facts.code == code
    assert facts.name[0].isupper()
    assert "_" not in facts.name
    assert re.fullmatch("[a-z]{3}", facts.iso3)
    assert re.fullmatch("[A-Z][a-z]{3}", facts.script)
    assert facts.family
    assert all(part[0].isupper() for part in facts.family.split(":"))


def test_iso_codes_are_distinct() -> None:
    assert len({facts.iso3 for facts in LANGUAGES.values()}) == len(LANGUAGES)


def test_scripts_without_blanks_between_words() -> None:
    assert {code for code, facts in LANGUAGES.items() if not facts.spaced} == {"zh", "ja", "th", "my"}


def test_an_unknown_code_stands_for_itself() -> None:
    facts = language("xx")
    assert (facts.code, facts.name, facts.script, facts.family) == ("xx", "xx", "Zyyy", "unknown")


@pytest.mark.parametrize(
    ("word", "code"),
    [
        ("gr", "el"),
        ("jp", "ja"),
        ("cn", "zh"),
        ("kr", "ko"),
        ("deu", "de"),
        ("cmn", "zh"),
        ("Swahili", "sw"),
        ("EN", "en"),
    ],
)
def test_nearest_code(word: str, code: str) -> None:
    assert nearest_code(word) == f" (did you mean '{code}'?)"


def test_nearest_code_keeps_to_what_is_known() -> None:
    assert nearest_code("gr", ["de", "en"]) == ""
    assert nearest_code("german", ["de", "en"]) == " (did you mean 'de'?)"
