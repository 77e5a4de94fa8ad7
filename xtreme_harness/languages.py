"""The languages of the benchmarks: one table."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from xtreme_harness.errors import did_you_mean

__all__ = ["LANGUAGES", "Language", "language", "nearest_code"]

_CONFUSED = {"cn": "zh", "cz": "cs", "dk": "da", "gr": "el", "in": "id", "iw": "he", "jp": "ja", "kr": "ko", "se": "sv",
             "ua": "uk", "vn": "vi", "zh-cn": "zh"}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Language:
    """One language, under the code that the benchmarks use for it."""

    code: str  # "zh"
    name: str  # "Chinese"
    iso3: str  # ISO 639-3, as the Tatoeba files name it
    script: str  # ISO 15924
    family: str  # as XTREME-R's Table 8 groups them
    spaced: bool = True  # are words separated by blanks?
    resources: int | None = None  # 0 (least) to 5: the class that Joshi et al. (2020) put it in; None: not listed there


_TABLE = """
af Afrikaans      afr Latn Indo-European:Germanic
ar Arabic         ara Arab Afro-Asiatic
az Azerbaijani    aze Latn Turkic
bg Bulgarian      bul Cyrl Indo-European:Slavic
bn Bengali        ben Beng Indo-European:Indo-Aryan
de German         deu Latn Indo-European:Germanic
el Greek          ell Grek Indo-European:Greek
en English        eng Latn Indo-European:Germanic
es Spanish        spa Latn Indo-European:Romance
et Estonian       est Latn Uralic
eu Basque         eus Latn Basque
fa Persian        pes Arab Indo-European:Iranian
fi Finnish        fin Latn Uralic
fr French         fra Latn Indo-European:Romance
gu Gujarati       guj Gujr Indo-European:Indo-Aryan
he Hebrew         heb Hebr Afro-Asiatic
hi Hindi          hin Deva Indo-European:Indo-Aryan
ht Haitian_Creole hat Latn Creole
hu Hungarian      hun Latn Uralic
id Indonesian     ind Latn Austronesian
it Italian        ita Latn Indo-European:Romance
ja Japanese       jpn Jpan Japonic           unspaced
jv Javanese       jav Latn Austronesian
ka Georgian       kat Geor Kartvelian
kk Kazakh         kaz Cyrl Turkic
ko Korean         kor Kore Koreanic
lt Lithuanian     lit Latn Indo-European:Baltic
ml Malayalam      mal Mlym Dravidian
mr Marathi        mar Deva Indo-European:Indo-Aryan
ms Malay          msa Latn Austronesian
my Burmese        mya Mymr Sino-Tibetan      unspaced
nl Dutch          nld Latn Indo-European:Germanic
pa Punjabi        pan Guru Indo-European:Indo-Aryan
pl Polish         pol Latn Indo-European:Slavic
pt Portuguese     por Latn Indo-European:Romance
qu Quechua        que Latn Quechuan
ro Romanian       ron Latn Indo-European:Romance
ru Russian        rus Cyrl Indo-European:Slavic
sw Swahili        swh Latn Niger-Congo
ta Tamil          tam Taml Dravidian
te Telugu         tel Telu Dravidian
th Thai           tha Thai Kra-Dai           unspaced
tl Tagalog        tgl Latn Austronesian
tr Turkish        tur Latn Turkic
uk Ukrainian      ukr Cyrl Indo-European:Slavic
ur Urdu           urd Arab Indo-European:Indo-Aryan
vi Vietnamese     vie Latn Austro-Asiatic
wo Wolof          wol Latn Niger-Congo
yo Yoruba         yor Latn Niger-Congo
zh Chinese        cmn Hans Sino-Tibetan      unspaced
gn Guarani        gug Latn Tupian
nah Nahuatl       nah Latn Uto-Aztecan
quy Ayacucho_Quechua quy Latn Quechuan
aym Aymara        aym Latn Aymaran
bzd Bribri        bzd Latn Chibchan
cni Ashaninka     cni Latn Arawakan
hch Wixarika      hch Latn Uto-Aztecan
oto Otomi         oto Latn Oto-Manguean
shp Shipibo-Konibo shp Latn Panoan
tar Raramuri      tar Latn Uto-Aztecan
ha Hausa          hau Latn Afro-Asiatic
ig Igbo           ibo Latn Niger-Congo
am Amharic        amh Ethi Afro-Asiatic
no Norwegian      nor Latn Indo-European:Germanic
sv Swedish        swe Latn Indo-European:Germanic
da Danish         dan Latn Indo-European:Germanic
cs Czech          ces Latn Indo-European:Slavic
"""

# How much labelled and unlabelled text there is: Joshi et al. (2020), "The State and Fate of Linguistic Diversity and
# Inclusion in the NLP World", ACL; the authors' list of languages. Norwegian as its Bokmål.
_RESOURCES = {
    5: "ar de en es fr ja zh",
    4: "cs eu fa fi hi hu it ko nl pl pt ru sv tr vi",
    3: "af bg bn da el et he id ka kk lt ms ro ta th tl uk ur",
    2: "am ha ht mr pa sw wo yo",
    1: "aym az gn gu ig jv ml my nah no qu te",
}


def _read(table: str) -> dict[str, Language]:
    classes = {code: rank for rank, codes in _RESOURCES.items() for code in codes.split()}
    found = {}
    for line in table.strip().splitlines():
        code, name, iso3, script, family, *rest = line.split()
        found[code] = Language(code, name.replace("_", " "), iso3, script, family, not rest, classes.get(code))
    return found


LANGUAGES: dict[str, Language] = _read(_TABLE)


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
    return did_you_mean(plain, codes)


def language(code: str) -> Language:
    """Return the language of a code; an unknown code stands for itself, in an unknown script.

    >>> language("jv").family
    'Austronesian'
    """
    return LANGUAGES.get(code) or Language(code, code, code, "Zyyy", "unknown")
