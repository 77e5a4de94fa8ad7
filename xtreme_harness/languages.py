"""Languages: any BCP 47 or ISO 639-3 code, described by one table where it stands there, else by CLDR.

Benchmarks write a language as they like: `zh`, `zho_Hans`, `cmn`, `zh-CN`. `language` describes each of these,
`meant` finds the one that a person asks for by another. Names and scripts come from CLDR by way of `langcodes`; family
and resource class stand in the table here or are unknown: they are never guessed.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from xtreme_harness.errors import did_you_mean

if TYPE_CHECKING:
    import langcodes

__all__ = ["LANGUAGES", "UNKNOWN", "Language", "alike", "english_of", "is_code", "language", "meant", "nearest_code"]

UNKNOWN = "unknown"  # a family that no table gives
_NO_SCRIPT = "Zyyy"  # ISO 15924 for a script that is not known
_CODE = re.compile(r"[A-Za-z0-9]{1,8}([-_][A-Za-z0-9]{1,8})*")
_LONGEST = 35  # characters of a code
_UNSPACED = {"Hans", "Hant", "Hani", "Jpan", "Khmr", "Laoo", "Mymr", "Thai", "Tibt"}  # scripts without blanks
_CONFUSED = {"cn": "zh", "cz": "cs", "dk": "da", "gr": "el", "in": "id", "iw": "he", "jp": "ja", "kr": "ko", "se": "sv",
             "ua": "uk", "vn": "vi", "zh-cn": "zh"}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Language:
    """One language, under the code that a benchmark uses for it."""

    code: str  # "zh", "zho_Hant"
    name: str  # "Chinese", "Chinese (Traditional)"
    iso3: str  # ISO 639-3, as the Tatoeba files name it
    script: str  # ISO 15924; "Zyyy" where nobody says
    family: str  # as XTREME-R's Table 8 groups them; "unknown" of a language that is not in the table
    spaced: bool = True  # are words separated by blanks?
    resources: int | None = None  # 0 (least) to 5: the class that Joshi et al. (2020) put it in; None: not listed there


def _table() -> dict[str, Language]:
    lines = (Path(__file__).parent / "languages.tsv").read_text("utf-8").splitlines()
    found = {}
    for line in lines[1:]:
        code, name, iso3, script, family, resources, spaced = line.split("\t")
        found[code] = Language(code, name, iso3, script, family, spaced == "yes", int(resources) if resources else None)
    return found


# languages.tsv: families as XTREME-R's Table 8 groups them; resources are the classes of Joshi et al. (2020), "The
# State and Fate of Linguistic Diversity and Inclusion in the NLP World", as the authors list them (Norwegian: Bokmål)
LANGUAGES: dict[str, Language] = _table()


def language(code: str) -> Language:
    """Describe a code; one that is no language's stands for itself, in an unknown script.

    >>> language("jv").family, language("jav_Latn").family
    ('Austronesian', 'Austronesian')
    """
    return LANGUAGES.get(code) or _described(code)


def is_code(code: str) -> bool:
    """Is this the code of a language: BCP 47 or ISO 639-3, with `-` or `_` before script and region?

    >>> is_code("ace_Arab"), is_code("pt-BR"), is_code("jp")
    (True, True, False)
    """
    return code in LANGUAGES or _tag(code) is not None


def meant(word: str, codes: Collection[str]) -> tuple[str, ...]:
    """The codes that a word means: itself, or others of its language; () where there is none.

    A script or region that the word names may not be another than theirs. Where it names none and several would do,
    those in the script and region that the language is mostly written in are meant, if there are any.

    >>> meant("zh", ["zho_Hans", "zho_Hant", "yue_Hant"]), meant("deu", ["de", "en"]), meant("zho_Hant", ["zh"])
    (('zho_Hans',), ('de',), ())
    """
    if word in codes:
        return (word,)
    asked = _parts(word)
    if asked is None:
        return ()
    script = _written(language(word).script) if asked.script or asked.region else ""
    found = []
    for code in codes:
        own = _parts(code)
        if own is None or own.base != asked.base or (script and _written(language(code).script) != script):
            continue
        if not (asked.region and own.region) or asked.region == own.region:
            found.append(code)
    return tuple(_usual(word, asked, found))


@cache
def alike(one: str, other: str) -> bool:
    """Do two codes stand for one language, in one script?

    >>> alike("zh", "zho_Hans"), alike("zh", "zho_Hant"), alike("ar", "ary_Arab")
    (True, False, False)
    """
    return one == other or (one in meant(other, [one]) and other in meant(one, [other]))


def english_of(codes: Iterable[str]) -> str:
    """The code among some that means English; "en" where none does.

    >>> english_of(["arb_Arab", "eng_Latn"]), english_of(["sw", "yo"])
    ('eng_Latn', 'en')
    """
    return next(iter(meant("en", list(codes))), "en")


def nearest_code(word: str, known: Iterable[str] | None = None) -> str:
    """Return " (did you mean 'el'?)" for a country's code, an ISO 639-3 code, a name, or a slip of the pen; or "".

    Args:
        word: what was written.
        known: codes that would do; None: all.

    >>> nearest_code("gr"), nearest_code("deu"), nearest_code("German"), nearest_code("??")
    (" (did you mean 'el'?)", " (did you mean 'de'?)", " (did you mean 'de'?)", '')
    """
    codes = list(LANGUAGES if known is None else known)
    plain = word.strip().lower()
    for code in codes:
        facts = language(code)
        if plain in (facts.iso3, facts.name.lower()) or _CONFUSED.get(plain) == code:
            return f" (did you mean '{code}'?)"
    return did_you_mean(plain, codes) or (_named(plain) if known is None else "")


def _named(name: str) -> str:
    """The hint of a language's English name."""
    import langcodes

    try:
        return f" (did you mean '{langcodes.find(name)}'?)"
    except (LookupError, ValueError):  # its table cannot be asked for every text
        return ""


@dataclass(frozen=True, slots=True)
class _Parts:
    base: str  # the language, "ar" for "arb": as CLDR calls what a macrolanguage mostly means
    own: str  # the language as the code has it
    script: str  # "" where the code names none
    region: str


@cache
def _tag(code: str) -> langcodes.Language | None:
    """The code as CLDR reads it; None where it is no language's."""
    if len(code) > _LONGEST or not _CODE.fullmatch(code):
        return None
    import langcodes

    try:
        found = langcodes.Language.get(code, normalize=True)
    except (LookupError, ValueError):
        return None
    return found if found.language and found.is_valid() else None


@cache
def _parts(code: str) -> _Parts | None:
    tag = _tag(code)
    if tag is None:
        return None
    return _Parts(_base(str(tag.language)), str(tag.language), tag.script or "", tag.territory or "")


def _base(own: str) -> str:
    """What a macrolanguage's code mostly means: "ar" for "arb"; "no" for Bokmål, as benchmarks use it."""
    import langcodes

    found = langcodes.Language.get(langcodes.standardize_tag(own, macro=True)).language or own
    return "no" if found == "nb" else found


@cache
def _described(code: str) -> Language:
    tag, parts = _tag(code), _parts(code)
    if tag is None or parts is None:
        return Language(code, code, code, _NO_SCRIPT, UNKNOWN)
    known, likely = _table_by_base().get(parts.base), _likely_script(tag)
    script = parts.script or likely or (known.script if known else _NO_SCRIPT)
    name = _name(tag.update_dict({"script": None}) if parts.script and script == likely else tag)
    try:
        iso3 = tag.to_alpha3()
    except LookupError:  # of private use
        iso3 = parts.own
    spaced = script not in _UNSPACED
    if known is None:
        return Language(code, name, iso3, script, UNKNOWN, spaced)
    if _written(script) == _written(known.script) and not parts.region:
        name, spaced = known.name, known.spaced
    return replace(known, code=code, name=name, iso3=iso3, script=script, spaced=spaced)


@cache
def _table_by_base() -> dict[str, Language]:
    """The languages of the table by what CLDR calls them."""
    return {parts.base: facts for code, facts in LANGUAGES.items() if (parts := _parts(code)) is not None}


def _likely_script(tag: langcodes.Language) -> str:
    """The script in which a language is mostly written there; "" where CLDR does not say."""
    from langcodes.data_dicts import LIKELY_SUBTAGS

    plain = tag.update_dict({"script": None}) if tag.script else tag
    listed = not LIKELY_SUBTAGS.keys().isdisjoint({tag.language, _base(str(tag.language))})
    return (plain.maximize().script or "") if listed else ""


def _name(tag: langcodes.Language) -> str:
    """The English name, with the script and region that the tag has."""
    found = tag.display_name().replace(" (individual language)", "")
    return found if not found.startswith("Unknown language") else str(tag)


def _usual(word: str, asked: _Parts, found: list[str]) -> list[str]:
    """Of several codes of one language those that are nearest to the word."""
    parts = {code: part for code in found if (part := _parts(code)) is not None}
    tag = _tag(word)
    region = (tag.maximize().territory or "") if tag else ""
    script = _written(language(word).script)
    for near in (
        [code for code in found if parts[code].own == asked.own],
        [code for code in found if _written(language(code).script) == script],
        [code for code in found if parts[code].region in ("", region)],
    ):
        both = [code for code in found if code in near]
        found = both or found
    return found


def _written(script: str) -> str:
    """Hangul alone and Korean, which may mix it with Han, are one script here."""
    return "Kore" if script == "Hang" else script
