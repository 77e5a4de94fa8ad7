"""The table of languages."""

from __future__ import annotations

import re

import pytest

from xtreme_harness.languages import LANGUAGES, english_of, is_code, language, meant, nearest_code
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
    ("code", "name", "script", "family", "resources", "spaced"),
    [
        ("eng_Latn", "English", "Latn", "Indo-European:Germanic", 5, True),
        ("arb_Arab", "Arabic", "Arab", "Afro-Asiatic", 5, True),
        ("zho_Hant", "Chinese (Traditional)", "Hant", "Sino-Tibetan", 5, False),
        ("zh-TW", "Chinese (Taiwan)", "Hant", "Sino-Tibetan", 5, False),
        ("kor_Hang", "Korean", "Hang", "Koreanic", 4, True),
        ("kn", "Kannada", "Knda", "unknown", None, True),  # not in the table: no guess from its neighbours
        ("arz_Arab", "Egyptian Arabic", "Arab", "unknown", None, True),  # no Arabic of the table
        ("ace_Arab", "Acehnese (Arabic)", "Arab", "unknown", None, True),
        ("khm_Khmr", "Khmer", "Khmr", "unknown", None, False),
        ("tpn", "Tupinambá", "Zyyy", "unknown", None, True),  # CLDR says no script, and would fall back on Latin
        ("grc", "Ancient Greek", "Grek", "Indo-European:Greek", None, True),  # which CLDR writes in Cypriot
        ("qaf", "qaf", "Zyyy", "unknown", None, True),  # of private use
        ("ayr_Latn", "Aymara", "Latn", "Aymaran", 1, True),
    ],
)
def test_any_code_is_described(
    code: str, name: str, script: str, family: str, resources: int | None, spaced: bool
) -> None:
    facts = language(code)
    found = (facts.code, facts.name, facts.script, facts.family, facts.resources, facts.spaced)
    assert found == (code, name, script, family, resources, spaced)


@pytest.mark.parametrize("code", ["jp", "gr", "xx", "xyz", "", "e", "en us", "en/US", "../en", "en_", "a" * 40, "und"])
def test_what_is_no_code(code: str) -> None:
    assert not is_code(code)


@pytest.mark.parametrize(
    ("word", "codes", "found"),
    [
        ("en", ["eng_Latn", "arb_Arab"], ["eng_Latn"]),
        ("eng", ["en-US", "de-DE"], ["en-US"]),
        ("swh_Latn", ["sw"], ["sw"]),
        ("swa", ["swh_Latn"], ["swh_Latn"]),
        ("arb_Arab", ["ar"], ["ar"]),
        ("ar", ["arz_Arab", "ary_Arab"], []),  # varieties of their own
        ("zh", ["zho_Hant", "zho_Hans"], ["zho_Hans"]),
        ("zh-TW", ["zho_Hant", "zho_Hans"], ["zho_Hant"]),
        ("zho_Hant", ["zh"], []),
        ("zh", ["zho_Hant"], ["zho_Hant"]),  # the only one there is
        ("pt", ["pt-PT", "pt-BR"], ["pt-BR"]),
        ("pt-PT", ["pt-BR"], []),
        ("en-GB", ["en"], ["en"]),
        ("ko", ["kor_Hang"], ["kor_Hang"]),
        ("tw", ["aka_Latn", "twi_Latn"], ["twi_Latn"]),
        ("nob", ["no"], ["no"]),
        ("sr", ["sr-Latn", "sr-Cyrl"], ["sr-Cyrl"]),
        ("tl", ["fil"], ["fil"]),
        ("qu", ["quy_Latn"], []),
        ("jp", ["ja"], []),
        ("jp", ["jp"], ["jp"]),
    ],
)
def test_who_is_meant(word: str, codes: list[str], found: list[str]) -> None:
    assert list(meant(word, codes)) == found


def test_the_english_of_a_card() -> None:
    assert [english_of(codes) for codes in (["de", "en"], ["fr-FR", "en-US"], ["eng_Latn"], ["sw"], [])] == [
        "en", "en-US", "eng_Latn", "en", "en",
    ]  # fmt: skip


def test_every_language_of_the_table_is_found_by_its_other_codes() -> None:
    codes = list(LANGUAGES)
    lost = {code: meant(f"{facts.iso3}_{facts.script}", codes) for code, facts in LANGUAGES.items()}
    assert {code: found for code, found in lost.items() if found != (code,)} == {}


@pytest.mark.parametrize(
    ("word", "code"),
    [
        ("kannada", "kn"),
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
