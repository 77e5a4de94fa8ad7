"""Universal Dependencies treebanks, converted as XTREME converts them.

A multi-word token takes the place of its words, with its own form and the tag of one of them: the word with the fewest
ancestors, where enhanced dependencies count as edges too, and of several such words the one whose part of speech ranks
first. Sentences whose forms are masked are dropped, spaces and U+200C are taken out of forms. Source: XTREME's
`third_party/ud-conversion-tools/lib/conll.py` and `utils_preprocess.py` (838c13b).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from xtreme_harness.data.formats.checks import choice, files_of, index, refuse
from xtreme_harness.data.formats.decoding import read_lines
from xtreme_harness.files.shown import shown
from xtreme_harness.records import Json, Row, Table

__all__ = ["read_conllu"]

# Parts of speech by preference; the official code stops at a tie of others, here they come last.
_RANKS = {
    "default": (
        *("VERB", "NOUN", "PROPN", "PRON", "ADJ", "NUM", "ADV", "INTJ"),
        *("AUX", "ADP", "DET", "PART", "CCONJ", "SCONJ", "X", "PUNCT"),
    ),
    "es": ("VERB", "AUX", "PRON", "ADP", "DET"),
    "fr": ("VERB", "AUX", "PRON", "NOUN", "ADJ", "ADV", "ADP", "DET", "PART", "SCONJ", "CONJ"),
    "it": ("VERB", "AUX", "ADV", "PRON", "ADP", "DET", "INTJ"),
}
_ID = re.compile(r"([0-9]{1,9})(?:([-.])([0-9]{1,9}))?")
_UPOS, _XPOS, _HEAD, _DEPS = 3, 4, 6, 8


@dataclass(slots=True)
class _Sentence:
    place: str
    words: list[list[str]] = field(default_factory=list)  # ten columns each; word i has the id i + 1
    lines: list[int] = field(default_factory=list)  # of the words
    fused: list[tuple[int, int, str, int]] = field(default_factory=list)  # first id, last id, form, line


def read_conllu(files: Mapping[str, Sequence[Path]], options: Mapping[str, Json]) -> Table:
    """Read tagged sentences as {"words", "tags"} from treebanks, in the order of their file names.

    A word may become empty, as officially, where its form held nothing but such spaces.

    Options: `tag_column` (`upos` or `xpos`), `language` (its code; es, fr and it rank parts of speech their own way),
    `treebanks` (language -> names: the treebanks of the release that the benchmark took the language from).

    Raises:
        DataError: with all faults of a file; a treebank that is none of the release's; no sentence is left.
        CardError: an option is wrong.
    """
    tag = _UPOS if choice(options, "tag_column", ("upos", "xpos"), "upos") == "upos" else _XPOS
    ranks = _RANKS.get(str(options.get("language", "default")), _RANKS["default"])
    rows: list[Row] = []
    paths = sorted(files_of(files, "rows"), key=lambda path: path.name)
    _refuse_strangers(paths, str(options.get("language", "")), options.get("treebanks") or {})
    for path in paths:
        faults: list[str] = []
        for sentence in _sentences(path, faults):
            words = _fused(sentence, tag, ranks, faults)
            masked = sum(form == "_" for form, _, _ in words)
            if masked == 0 or masked < len(words) - 1:
                forms = tuple(form.replace("\u200c", "").replace(" ", "") for form, _, _ in words)
                values = {"words": forms, "tags": tuple(t for _, t, _ in words)}
                rows.append(Row(values, sentence.place, tuple(line for _, _, line in words)))
        refuse(faults, rows)
    if not rows:
        names = ", ".join(str(path) for path in paths)
        refuse([f"{names}: found masked sentences alone (forms '_'), expected words, use a treebank that has its text"])
    return Table(tuple(rows))


def _refuse_strangers(paths: Sequence[Path], language: str, treebanks: Mapping[str, Sequence[str]]) -> None:
    """Refuse files such as `ta_mwtt-ud-test.conllu` whose treebank the release does not have."""
    known = treebanks.get(language)
    if known is None:
        return
    refuse([
        f"{path}: found treebank '{name}', expected one of {', '.join(known)} (the release that the benchmark uses), "
        "move the folder away"
        for path in paths
        if (name := path.name.partition("-ud-")[0].partition("_")[2]) not in known
    ])  # fmt: skip


def _sentences(path: Path, faults: list[str]) -> Iterator[_Sentence]:
    """Yield the sentences that have no fault."""
    sentence, clean = _Sentence(""), len(faults)
    for number, line in enumerate([*read_lines(path), ""], 1):
        if line.startswith("#"):
            continue
        if line.strip():
            place = f"{path}:{number}"
            sentence.place = sentence.place or place
            _add(sentence, line.split("\t"), place, number, faults)
            continue
        faults.extend(
            f"{path}:{at}: found range {first}-{last}, expected one up to word {len(sentence.words)}, correct its id"
            for first, last, _, at in sentence.fused
            if last > len(sentence.words)
        )
        if sentence.words and len(faults) == clean:
            yield sentence
        sentence, clean = _Sentence(""), len(faults)


def _add(sentence: _Sentence, columns: list[str], place: str, line: int, faults: list[str]) -> None:
    if len(columns) != 10:
        faults.append(f"{place}: 10 columns expected, {len(columns)} found, restore the line from the original file")
        return
    parts = _ID.fullmatch(columns[0])
    following = len(sentence.words) + 1
    if not parts or not (columns[1] and columns[_UPOS] and columns[_XPOS]):
        wrong = "an empty column" if parts else f"id {shown(columns[0])}"
        faults.append(
            f"{place}: found {wrong}, expected a word, a range as 1-2 or an empty node as 1.1, correct the line"
        )
        sentence.words.append(columns)
        sentence.lines.append(line)
    elif parts[2] == "-":
        first, last = int(parts[1]), int(parts[3])
        taken = sentence.fused[-1][1] if sentence.fused else 0
        if first != following or last <= first or first <= taken:
            faults.append(f"{place}: found range {columns[0]}, expected one from word {following} on, correct its id")
        sentence.fused.append((first, last, columns[1].strip(), line))
    elif parts[2] is None:
        if int(parts[1]) != following:
            faults.append(f"{place}: found word {columns[0]}, expected word {following}, correct its id")
        sentence.words.append(columns)
        sentence.lines.append(line)


def _fused(sentence: _Sentence, tag: int, ranks: Sequence[str], faults: list[str]) -> list[tuple[str, str, int]]:
    """Return (form, tag, line of the tag) of every surface token."""
    pairs = zip(sentence.words, sentence.lines, strict=True)
    words = [(columns[1].strip(), columns[tag].strip(), line) for columns, line in pairs]
    if not sentence.fused:
        return words
    parents = _parents(sentence, faults)
    for first, last, form, _ in reversed(sentence.fused):
        span = range(first, last + 1)
        depth = {i: _ancestors(i, parents) for i in span}
        highest = [i for i in span if depth[i] == min(depth.values())]
        head = min(highest, key=lambda i: _rank(sentence.words[i - 1][_UPOS], ranks))
        words[first - 1 : last] = [(form, *words[head - 1][1:])]
    return words


def _rank(pos: str, ranks: Sequence[str]) -> int:
    return ranks.index(pos) if pos in ranks else len(ranks)


def _parents(sentence: _Sentence, faults: list[str]) -> list[set[int]]:
    """Return the parents of every id, by basic and enhanced edges; 0 is the root, empty nodes are left out."""
    parents: list[set[int]] = [set()]
    for number, columns in enumerate(sentence.words, 1):
        enhanced = [] if columns[_DEPS] == "_" else [edge.split(":")[0] for edge in columns[_DEPS].split("|")]
        heads = [columns[_HEAD], *(head for head in enhanced if "." not in head)]
        known = {head: index(head) for head in heads}
        wrong = [head for head, at in known.items() if at is None or at > len(sentence.words)]
        if wrong:
            faults.append(
                f"{sentence.place}: word {number}: found head {shown(wrong[0])}, expected a word of its sentence or 0, "
                "correct the head"
            )
        parents.append({at for head, at in known.items() if at is not None and head not in wrong})
    return parents


def _ancestors(node: int, parents: Sequence[set[int]]) -> int:
    """Count the nodes from which a path leads to the node, itself left out."""
    seen, open_nodes = {node}, [node]
    while open_nodes:
        new = parents[open_nodes.pop()] - seen
        seen |= new
        open_nodes += new
    return len(seen) - 1
