"""Kinds of broken submissions, each with the one message a fault that it must give."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

__all__ = ["BROKEN", "SIZE", "Broken", "write_lareqa"]

SIZE = 6  # examples a file, as the tests generate them
Change = Callable[[Path], None]


@dataclass(frozen=True)
class Broken:
    """A way to break a submission."""

    name: str
    suite: str
    change: Change  # of the folder of predictions
    faults: tuple[str, ...]  # what stands on stderr: {} is the folder, ... anything
    seen: str = "always"  # "labels": only against labels; "check": the scorer may pass over it

    def explains(self, found: list[str], folder: Path) -> bool:
        """Are these the messages, one a fault?"""
        patterns = [re.escape(fault.replace("{}", str(folder))).replace(r"\.\.\.", ".*") for fault in self.faults]
        return len(found) == len(patterns) and all(re.fullmatch(p, f) for p, f in zip(patterns, found, strict=True))


def on_lines(name: str, change: Callable[[list[str]], list[str] | None]) -> Change:
    """Change the lines of a file: in place, or to those that are returned."""

    def apply(folder: Path) -> None:
        lines = (folder / name).read_text("utf-8").splitlines()
        changed = change(lines)
        text = "".join(f"{line}\n" for line in (lines if changed is None else changed))
        (folder / name).write_text(text, "utf-8")

    return apply


def line(name: str, number: int, text: str) -> Change:
    """Put another line in the place of one."""
    return on_lines(name, lambda lines: [*lines[: number - 1], text, *lines[number:]])


def on_json(name: str, change: Callable[[dict[str, Any]], Any]) -> Change:
    """Change the object of a file: in place, or to what is returned."""

    def apply(folder: Path) -> None:
        read = json.loads((folder / name).read_text("utf-8"))
        changed = change(read)
        text = json.dumps(read if changed is None else changed, ensure_ascii=False, indent=1)
        (folder / name).write_text(text, "utf-8")

    return apply


def on_bytes(name: str, change: Callable[[bytes], bytes]) -> Change:
    return lambda folder: void((folder / name).write_bytes(change((folder / name).read_bytes())))


def moved(old: str, new: str) -> Change:
    return lambda folder: void((folder / old).rename(folder / new))


def removed(name: str) -> Change:
    return lambda folder: shutil.rmtree(folder / name) if (folder / name).is_dir() else (folder / name).unlink()


def replaced_by_folder(name: str) -> Change:
    def apply(folder: Path) -> None:
        (folder / name).unlink()
        (folder / name).mkdir()

    return apply


def replaced_by_file(name: str) -> Change:
    def apply(folder: Path) -> None:
        shutil.rmtree(folder / name)
        (folder / name).write_text("x")

    return apply


def void(_: object) -> None:
    """Nothing, of something."""


def nested(folder: Path) -> None:
    """Put everything one folder down."""
    (folder / "best").mkdir()
    for path in [p for p in folder.iterdir() if p.name != "best"]:
        path.rename(folder / "best" / path.name)


def write_lareqa(folder: Path, languages: str) -> None:
    """Write predictions for LAReQA, of which the official script knows nothing."""
    (folder / "lareqa").mkdir()
    for code in languages.split():
        (folder / f"lareqa/test-{code}.json").write_text(json.dumps({f"q_{code}": ["a_1_0", "b_1_0"]}))


def swapped(text: str) -> str:
    return "\t".join(reversed(text.split("\t")))


XNLI = "expected one of contradiction, entailment, neutral"
NER = "expected one of O, B-PER, I-PER, B-ORG, I-ORG, B-LOC, I-LOC"
POS = "expected one of ADJ, ADP, ADV, AUX, CCONJ, DET, INTJ, NOUN, NUM, PART, PRON, PROPN, PUNCT, SCONJ, SYM, VERB, X"
TWO = "expected 2: a foreign id, a tab, an English id"
LABEL = 'expected a JSON line such as {"label": 0}'
NO_WORDS = "which the scorer reads as a sentence without words"

TABLE = [
    Broken(
        "a Tatoeba row in brackets",
        "xtreme",
        line("tatoeba/test-de.tsv", 3, "[4]"),
        ("{}/tatoeba/test-de.tsv:3: found '[4]', expected a plain line number; write 4 without brackets",),
    ),
    Broken(
        "a Tatoeba row with zeros before it",
        "xtreme-r",
        line("tatoeba/test-ro.tsv", 1, "004"),
        ("{}/tatoeba/test-ro.tsv:1: found '004', expected a plain line number",),
    ),
    Broken(
        "Tatoeba rows that count from 1",
        "xtreme",
        line("tatoeba/test-de.tsv", 2, str(SIZE)),
        (f"{{}}/tatoeba/test-de.tsv:2: found {SIZE}, expected a line number from 0 to {SIZE - 1}",),
        "labels",
    ),
    Broken(
        "words left in a tag file",
        "xtreme",
        on_lines(
            "udpos/test-en.tsv", lambda lines: [f"word\t{lines[0]}", f"next {lines[1]}" if lines[1] else "", *lines[2:]]
        ),
        (
            "{}/udpos/test-en.tsv:1: found 'word...': only the tag stands in the line, no word",
            "{}/udpos/test-en.tsv:2: found 'next ...': only the tag stands in the line, no word",
        ),
    ),
    Broken(
        "a tag in lower case",
        "xtreme",
        line("udpos/test-en.tsv", 1, "noun"),
        (f"{{}}/udpos/test-en.tsv:1: found 'noun', {POS} (did you mean 'NOUN'?)",),
    ),
    Broken(
        "an entity of another scheme",
        "xtreme-r",
        line("panx/test-gu.tsv", 1, "B-MISC"),
        (f"{{}}/panx/test-gu.tsv:1: found 'B-MISC', {NER}",),
    ),
    Broken(
        "a sentence less",
        "xtreme",
        on_lines("panx/test-de.tsv", lambda lines: lines[lines.index("") + 1 :]),
        (f"{{}}/panx/test-de.tsv: {SIZE - 1} sentences, expected {SIZE}",),
        "labels",
    ),
    Broken(
        "a sentence that is too short",
        "xtreme",
        on_lines("udpos/test-de.tsv", lambda lines: lines[1:]),
        ("{}/udpos/test-de.tsv:1: sentence 1 has ... tags, expected ...",),
        "labels",
    ),
    Broken(
        "two sentences run together",
        "xtreme",
        on_lines("udpos/test-de.tsv", lambda lines: lines.remove("")),
        (f"{{}}/udpos/test-de.tsv: {SIZE - 1} sentences, expected {SIZE}",),
        "labels",
    ),
    Broken(
        "a blank line too many between sentences",
        "xtreme",
        on_lines("panx/test-de.tsv", lambda lines: lines.insert(lines.index(""), "")),
        ("{}/panx/test-de.tsv:...: two blank lines in a row, " + NO_WORDS,),
    ),
    Broken(
        "a blank line before the first sentence",
        "xtreme",
        on_lines("panx/test-de.tsv", lambda lines: lines.insert(0, "")),
        (f"{{}}/panx/test-de.tsv:1: the file begins with a blank line, {NO_WORDS}",),
    ),
    Broken(
        "a blank line after the last label",
        "xtreme",
        on_lines("xnli/test-sw.tsv", lambda lines: lines.append("")),
        (f"{{}}/xnli/test-sw.tsv:{SIZE + 1}: blank line, {XNLI}",),
    ),
    Broken(
        "a blank line for a label",
        "xtreme",
        line("xnli/test-sw.tsv", 2, ""),
        (f"{{}}/xnli/test-sw.tsv:2: blank line, {XNLI}",),
    ),
    Broken(
        "a label too few",
        "xtreme",
        on_lines("pawsx/test-ko.tsv", lambda lines: void(lines.pop())),
        (f"{{}}/pawsx/test-ko.tsv: {SIZE - 1} lines, expected {SIZE}",),
        "labels",
    ),
    Broken(
        "a label in another case",
        "xtreme",
        line("xnli/test-sw.tsv", 2, "Neutral"),
        (f"{{}}/xnli/test-sw.tsv:2: found 'Neutral', {XNLI} (did you mean 'neutral'?)",),
    ),
    Broken(
        "the label of the XNLI source",
        "xtreme-r",
        line("xnli/test-sw.tsv", 2, "contradictory"),
        (f"{{}}/xnli/test-sw.tsv:2: found 'contradictory', {XNLI} (write 'contradiction')",),
    ),
    Broken(
        "the sentences left beside a label",
        "xtreme",
        line("pawsx/test-ko.tsv", 1, "a b\tc d\t1"),
        ("{}/pawsx/test-ko.tsv:1: found 'a b...1', expected one of 0, 1; only the label stands in the line",),
    ),
    Broken(
        "BUCC columns reversed",
        "xtreme",
        on_lines("bucc2018/test-fr.tsv", lambda lines: [swapped(lines[0]), *lines[1:]]),
        ("{}/bucc2018/test-fr.tsv:1: the columns are reversed: the foreign id stands first, then the English id",),
    ),
    Broken(
        "a blank line among BUCC pairs",
        "xtreme",
        on_lines("bucc2018/test-fr.tsv", lambda lines: lines.append("")),
        ("{}/bucc2018/test-fr.tsv:...: blank line, expected a foreign id, a tab, an English id",),
    ),
    Broken(
        "BUCC pairs with their score",
        "xtreme",
        on_lines("bucc2018/test-fr.tsv", lambda lines: [f"{lines[0]}\t1.2", *lines[1:]]),
        (f"{{}}/bucc2018/test-fr.tsv:1: 3 columns, {TWO}",),
    ),
    Broken(
        "BUCC pairs without a tab",
        "xtreme",
        on_lines("bucc2018/test-fr.tsv", lambda lines: [lines[0].replace("\t", " "), *lines[1:]]),
        (f"{{}}/bucc2018/test-fr.tsv:1: 1 columns, {TWO}",),
    ),
    Broken(
        "BUCC pairs of another language",
        "xtreme",
        line("bucc2018/test-fr.tsv", 1, "de-000000001\ten-000000001"),
        (
            "{}/bucc2018/test-fr.tsv:1: found 'de-000000001' and 'en-000000001', "
            "expected ids that begin with fr- and en-",
        ),
        "labels",
    ),
    Broken(
        "XCOPA as tsv",
        "xtreme-r",
        moved("xcopa/test-et.jsonl", "xcopa/test-et.tsv"),
        ("{}/xcopa/test-et.jsonl: missing; test-et.tsv is there, which the scorer does not read",),
    ),
    Broken(
        "XCOPA as bare numbers",
        "xtreme-r",
        line("xcopa/test-et.jsonl", 2, "1"),
        ("{}/xcopa/test-et.jsonl:2: found '1', " + LABEL,),
    ),
    Broken(
        "an XCOPA label as text",
        "xtreme-r",
        line("xcopa/test-et.jsonl", 2, '{"label": "1"}'),
        ('{}/xcopa/test-et.jsonl:2: label "1", expected a number from 0 to 1',),
    ),
    Broken(
        "an XCOPA label from 1",
        "xtreme-r",
        line("xcopa/test-et.jsonl", 2, '{"label": 2}'),
        ("{}/xcopa/test-et.jsonl:2: label 2, expected a number from 0 to 1",),
    ),
    Broken(
        "a blank line in XCOPA",
        "xtreme-r",
        on_lines("xcopa/test-et.jsonl", lambda lines: lines.append("")),
        (f"{{}}/xcopa/test-et.jsonl:{SIZE + 1}: blank line, " + LABEL,),
    ),
    Broken(
        "more than twenty Mewsli-X ids",
        "xtreme-r",
        on_json("mewslix/test-uk.json", lambda found: found["uk-1"].append("Q9")),
        ("{}/mewslix/test-uk.json:...: uk-1: 21 ids, expected at most 20",),
    ),
    Broken(
        "a Mewsli-X id alone",
        "xtreme-r",
        on_json("mewslix/test-uk.json", lambda found: found.update({"uk-0": "Q9"})),
        ('{}/mewslix/test-uk.json:2: uk-0: found "Q9", expected a list of ids',),
    ),
    Broken(
        "blanks around a Mewsli-X id",
        "xtreme-r",
        on_json("mewslix/test-uk.json", lambda found: found.update({"uk-0": [" Q9"]})),
        ("{}/mewslix/test-uk.json:2: uk-0: id ' Q9' has blanks around it, and matches no label",),
    ),
    Broken(
        "an answer missing",
        "xtreme",
        on_json("mlqa/test-ar.json", lambda found: void(found.pop("mlqa-2"))),
        (f"{{}}/mlqa/test-ar.json: 1 of {SIZE} question ids missing, which score 0: 'mlqa-2'",),
        "labels",
    ),
    Broken(
        "an answer to an unknown question",
        "xtreme",
        on_json("mlqa/test-ar.json", lambda found: found.update(who="x")),
        ("{}/mlqa/test-ar.json: 1 unknown question ids: 'who'",),
        "labels",
    ),
    Broken(
        "an answer that is no text",
        "xtreme",
        on_json("tydiqa/test-sw.json", lambda found: found.update({"tydiqa-1": None})),
        ("{}/tydiqa/test-sw.json:3: tydiqa-1: found null, expected text",),
    ),
    Broken(
        "answers as a list",
        "xtreme",
        on_json("xquad/test-hi.json", lambda found: [found]),
        ("{}/xquad/test-hi.json: found a JSON list, expected an object of id: answer",),
    ),
    Broken(
        "something beside the answers",
        "xtreme-r",
        on_json("xquad/test-ro.json", lambda found: {"data": found, "model": "m"}),
        ("{}/xquad/test-ro.json: 'model' beside the key 'data': the scorer reads only what is under it",),
    ),
    Broken(
        "JSON that was cut off",
        "xtreme",
        on_bytes("xquad/test-hi.json", lambda raw: raw[: len(raw) // 2]),
        ("{}/xquad/test-hi.json:1: not JSON: ...; is the file complete?",),
    ),
    Broken(
        "an id that stands twice",
        "xtreme",
        on_bytes("xquad/test-hi.json", lambda raw: raw.replace(b"{", b'{"xquad-0": "x", ', 1)),
        ("{}/xquad/test-hi.json:1: xquad-0: the id stands twice, and only the last counts",),
    ),
    Broken(
        "a byte-order mark",
        "xtreme",
        on_bytes("xnli/test-en.tsv", lambda raw: b"\xef\xbb\xbf" + raw),
        ("{}/xnli/test-en.tsv:1: begins with a byte-order mark; save it as UTF-8 without",),
    ),
    Broken(
        "a byte-order mark before JSON",
        "xtreme",
        on_bytes("xquad/test-en.json", lambda raw: b"\xef\xbb\xbf" + raw),
        ("{}/xquad/test-en.json:1: begins with a byte-order mark; save it as UTF-8 without",),
    ),
    Broken(
        "line ends of Windows",
        "xtreme",
        on_bytes("udpos/test-fr.tsv", lambda raw: raw.replace(b"\n", b"\r\n")),
        ("{}/udpos/test-fr.tsv:1: line ends with CR LF; write LF alone",),
    ),
    Broken(
        "another encoding",
        "xtreme",
        on_bytes("xquad/test-de.json", lambda raw: raw.replace(b"{", '{"ä": "ä", '.encode("latin-1"), 1)),
        ("{}/xquad/test-de.json:1: not UTF-8 (byte 2 of the file); save it as UTF-8",),
    ),
    Broken(
        "an empty file",
        "xtreme",
        on_bytes("bucc2018/test-zh.tsv", lambda raw: b""),
        ("{}/bucc2018/test-zh.tsv: empty",),
    ),
    Broken(
        "a file of blank lines",
        "xtreme",
        on_bytes("xnli/test-zh.tsv", lambda raw: b"\n\n"),
        ("{}/xnli/test-zh.tsv: empty",),
    ),
    Broken("a language missing", "xtreme", removed("xnli/test-ur.tsv"), ("{}/xnli/test-ur.tsv: missing",)),
    Broken("a task missing", "xtreme-r", removed("xcopa"), ("{}/xcopa: missing, expected a folder with 11 files",)),
    Broken(
        "a task of another name",
        "xtreme",
        moved("bucc2018", "bucc"),
        ("{}/bucc: not a task of xtreme; rename it to bucc2018",),
    ),
    Broken(
        "a file of another name",
        "xtreme",
        moved("xnli/test-de.tsv", "xnli/test_de.tsv"),
        ("{}/xnli/test-de.tsv: missing; test_de.tsv is there, which the scorer does not read",),
    ),
    Broken(
        "a language by another code",
        "xtreme",
        moved("xnli/test-el.tsv", "xnli/test-gr.tsv"),
        ("{}/xnli/test-el.tsv: missing; test-gr.tsv is there, which the scorer does not read",),
    ),
    Broken(
        "an unknown language",
        "xtreme",
        lambda folder: void(shutil.copy(folder / "xnli/test-de.tsv", folder / "xnli/test-xx.tsv")),
        ("{}/xnli/test-xx.tsv: unknown language 'xx'; it is not scored",),
    ),
    Broken(
        "a folder for a file",
        "xtreme",
        replaced_by_folder("xnli/test-de.tsv"),
        ("{}/xnli/test-de.tsv: cannot be read (Is a directory)",),
    ),
    Broken(
        "a file for a folder",
        "xtreme",
        replaced_by_file("pawsx"),
        ("{}/pawsx: is a file, expected a folder with 7 files",),
    ),
    Broken("everything one folder down", "xtreme", nested, ("{}: no task folder here; name {}/best",)),
    Broken(
        "a file that belongs nowhere",
        "xtreme",
        lambda folder: void((folder / "xnli/notes.txt").write_text("x")),
        ("{}/xnli/notes.txt: not read by the scorer; expected test-<lang>.tsv",),
        "check",
    ),
    Broken(
        "a folder that belongs nowhere",
        "xtreme",
        lambda folder: (folder / "old").mkdir(),
        ("{}/old: not a task of xtreme",),
        "check",
    ),
    Broken(
        "half of LAReQA",
        "xtreme-r",
        lambda folder: write_lareqa(folder, "ar de el en es hi ru th tr vi"),
        ("{}/lareqa/test-zh.json: missing; lareqa is optional: give all its languages, or remove the folder",),
    ),
]


BROKEN = [pytest.param(one, id=one.name.replace(" ", "-")) for one in TABLE]
