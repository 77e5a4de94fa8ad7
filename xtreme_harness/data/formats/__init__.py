"""File formats: paths and options of a task card -> rows.

Every reader takes the files by role (most formats have one role, `rows`, whose files are read in order) and the options
of the card's source. A malformed file is refused with all its faults; nothing is skipped in silence. Text is UTF-8 (see
`text`), rows know their file and line.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from xtreme_harness.data.formats.annotated import read_annotated
from xtreme_harness.data.formats.bitext import read_bucc, read_tatoeba
from xtreme_harness.data.formats.card_options import OPTIONS, PATH
from xtreme_harness.data.formats.conllu import read_conllu
from xtreme_harness.data.formats.delimited import read_csv, read_tsv
from xtreme_harness.data.formats.jsonlines import read_json, read_jsonl
from xtreme_harness.data.formats.mewslix import read_mewslix, read_mewslix_pairs
from xtreme_harness.data.formats.qrels import read_qrels
from xtreme_harness.data.formats.squad import read_squad
from xtreme_harness.data.formats.tagging import read_conll
from xtreme_harness.data.formats.winograd import read_winograd
from xtreme_harness.data.formats.xquad_r import read_xquad_r
from xtreme_harness.records import Json, Table

__all__ = ["FORMATS", "OPTIONS", "PATH", "Reader"]

Reader = Callable[[Mapping[str, Sequence[Path]], Mapping[str, Json]], Table]

FORMATS: dict[str, Reader] = {
    "annotated": read_annotated,
    "bucc": read_bucc,
    "conll": read_conll,
    "conllu": read_conllu,
    "csv": read_csv,
    "json": read_json,
    "jsonl": read_jsonl,
    "mewslix": read_mewslix,
    "mewslix_pairs": read_mewslix_pairs,
    "qrels": read_qrels,
    "squad": read_squad,
    "tatoeba": read_tatoeba,
    "tsv": read_tsv,
    "winograd": read_winograd,
    "xquad_r": read_xquad_r,
}
