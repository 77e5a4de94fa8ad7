"""Every key of a card, with every wrong type in its place: one line that names the key, and no other exception."""

from __future__ import annotations

import copy
import datetime
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from xtreme_harness.cards import Cards, TaskCard, read_card
from xtreme_harness.cards.expected import FLAG, TEXT, each, like, mapping, number, one_of, path_fault, whole
from xtreme_harness.data.formats.card_options import OPTIONS
from xtreme_harness.data.hub_shapes import SHAPE_OPTIONS
from xtreme_harness.errors import CardError
from xtreme_harness.kinds import KINDS
from xtreme_harness.plan.cells import all_cards
from xtreme_harness.plan.vocabulary import vocabulary

Keys = tuple[str | int, ...]
WORDS, FILE = vocabulary(), Path("mine.yaml")
DAY, DEEP = datetime.date(2020, 1, 1), [[[[[[[["x"]]]]]]]]
HUGE, FAR = 1 << 40_000, 10**30  # a number of 12,000 digits; one that is beyond any size
NAN, INF = float("nan"), float("inf")
ODD: list[Any] = [
    *(None, True, 5, -1, 1.5, NAN, INF, HUGE, FAR, "", "x", "\0", "../x", "/x", "a**b", "a\nb", "\u00b2", "{x"),
    *([], [None], [[]], [5], {}, {"x": None}, {1: 2}, {None: 1}, {"x": NAN}, DAY, b"x", DEEP, "x" * 100_000),
]
WRONG: dict[type, list[Any]] = {  # what may never stand in place of a value
    str: [True, NAN, INF, HUGE, FAR, [None], [[]], {1: 2}, {"x": NAN}, DAY],
    bool: [None, 5, 1.5, NAN, "", "x", "false", [], {}, DAY],
    int: [None, True, -1, 1.5, NAN, INF, HUGE, FAR, "", "x", "5", [], {}, DAY],
    float: [None, True, NAN, INF, HUGE, "", "x", [], {}, DAY],
    list: [True, 5, 1.5, NAN, [None], [[]], {1: 2}, {"x": NAN}, DAY],
    dict: [True, 5, 1.5, NAN, "", "\0", [None], [5], {"x": NAN}, {None: 1}, DAY],
}

ROWS = {
    "columns": {"text_a": "x", "text_b": ["y", "z"]}, "optional": ["label"], "removed": {"label": 0},
    "drop": {"label": ["-"]}, "lists": ["words"],
}  # fmt: skip
TABLE = {
    **ROWS, "header": True, "quoting": "auto", "separator": "\t", "where": {"language": "de"}, "width": 3,
    "short_lines": "drop",
}  # fmt: skip
OBJECTS = {**ROWS, "where": {"a[0].b": "de"}}
JUDGED: dict[str, Any] = {
    "queries": {"id": "q"}, "corpus": {"title": "t"}, "qrels": {"grade": "g"}, "titles": False,
}  # fmt: skip
FORMATS: dict[str, dict[str, Any]] = {
    "tsv": TABLE, "csv": TABLE, "jsonl": OBJECTS, "json": {**OBJECTS, "records": "data"},
    "annotated": {**OBJECTS, "language": "de", "characters": ["zh"]}, "winograd": {"language": "de"},
    "conll": {
        "token": 0, "tag": 1, "separator": "tab", "prefix": True, "width": 2, "documents": "drop", "comments": "drop",
    },
    "conllu": {"tag_column": "upos", "language": "en", "treebanks": {"en": ["ewt"]}},
    "squad": {"check_spans": True, "ids": "unique", "id_prefix": "x"}, "tatoeba": {"sorted": True},
    "xquad_r": {"check_spans": True}, "bucc": {}, "mewslix": {}, "mewslix_pairs": {}, "qrels": JUDGED,
}  # fmt: skip
ON_THE_HUB: dict[str, dict[str, Any]] = {
    "rows": {"absent": ["en"], "drop": {"label": [-1]}}, "parallel": {"absent": ["en"]},
    "squad": {"absent": ["en"], "check_spans": False, "id_prefix": "x"}, "bucc": {"absent": ["en"], "language": "de"},
    "squad_sentences": {"absent": ["en"], "check_spans": True, "id_prefix": ""},
    "annotated": {"absent": ["en"], "drop": {"label": [-1]}, "language": "de", "characters": ["zh"]},
    "qrels": {"absent": ["en"], **JUDGED},
}  # fmt: skip
OF_KINDS: dict[str, dict[str, Any]] = {
    "sequence_classification": {"max_length": 5}, "token_classification": {"max_length": 5, "unpredicted": ["_"]},
    "multiple_choice": {
        "max_length": 5, "choices": ["a", "b"], "text": "{a}", "prompts": {"x": "y"}, "answers": [["A", "B"]],
        "choice": "{a} {choice}", "truncate": "text",
    },
    "extractive_qa": {
        "max_length": 384, "stride": 1, "max_question": 3, "n_best": 2, "max_answer_tokens": 3, "no_answer": True,
        "null_threshold": 0.5,
    },
    "regression": {"max_length": 5, "range": [0, 5.0]}, "similarity": {"max_length": 5, "range": [-1, 1]},
    "minimal_pairs": {
        "variant": "within_word", "bad": ["b"], "choices": ["a", "b"], "slot": "_", "answers": [["A", "B"]],
    },
    "bitext": {"max_length": 4, "mode": "mine", "neighbours": 3, "prompt": "p: "},
    "retrieval": {"max_length": 3, "max_passage": 3, "depth": 3, "query_prompt": "q: ", "passage_prompt": ""},
    "ranking": {"max_length": 3, "max_passage": 3, "depth": 300, "query_prompt": "q: ", "passage_prompt": "p: "},
}  # fmt: skip


def source(name: str) -> dict[str, Any]:
    files: dict[str, Any] = {"test": {"rows": ["x/{language}.tsv", "y/{code}.tsv"]}, "dev": "z.tsv"}
    if name == "qrels":
        files = {"test": {role: ["x/{language}.tsv", "y/{code}.tsv"] for role in ("queries", "corpus", "qrels")}}
    more: dict[str, Any] = {"languages": {"en": "eng"}, "concatenate": True, "optional": ["rows"], "note": "n",
                            "splits": {"dev": "validation"}}  # fmt: skip
    return {"format": name, "files": files, "options": copy.deepcopy(FORMATS[name]), **more}


def card(kind: str, official: str, upstream: str, shape: str) -> dict[str, Any]:
    if kind == "ranking":  # which reads nothing else
        official = upstream = shape = "qrels"
    hub = {
        "path": "a/b", "revision": "0" * 40, "config": "c", "configs": {"corpus": "{language}-x"},
        "splits": {"test": "test"}, "files": "{config}/x",
        "languages": {"en": "x"}, "columns": {"text_a": "a[0].b", "text_b": "c"},
        "names": {"label": ["a"]}, "shape": shape, "options": ON_THE_HUB[shape], "note": "n",
    }  # fmt: skip
    families = {"bert": {"layer": 3}}
    labelled = {"labels_file": "a/b.json", "labels": ["a", "b"], "aliases": {"c": "a"}}
    return copy.deepcopy({
        "name": "mine", "title": "t", "kind": kind, "metric": "accuracy", "licence": "l", "url": "u", "citation": "c",
        "languages": ["en", "de"], "train": ["xnli"], "parts": [], "groups": ["g"], "selection": "dev", "unit": "xnli",
        "train_on": ["de", "en"], "select_on": "target",
        "parallel": True, "counts": {"test": {"en": 5}, "dev": 5}, "calibrate": "dev", "note": "n", "extension": "tsv",
        "presets": {"paper": {"layer": 0.5, "pooling": "mean", "families": families}},
        "suites": {"xtreme": {"languages": ["en"], "train": ["xnli"]}},
        **({} if KINDS[kind].answers == "numbers" else labelled),
        "options": OF_KINDS[kind], "official": source(official), "upstream": source(upstream), "hub": hub,
    })  # fmt: skip


def turned(table: dict[str, Any], i: int) -> str:
    """The name at a place, from the front again after the last."""
    return list(table)[i % len(table)]


WHOLE = [
    card(turned(OF_KINDS, i), turned(FORMATS, i), turned(FORMATS, i + 3), turned(ON_THE_HUB, i))
    for i in range(len(FORMATS))
]


def checked(raw: dict[str, Any]) -> TaskCard:
    return read_card(FILE, WORDS, {FILE: raw})


def keys(value: Any, above: Keys = ()) -> Iterator[tuple[Keys, Any]]:
    """Every key path of a card, and what stands there."""
    if above:
        yield above, value
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, found in inner:
        yield from keys(found, (*above, key))


def changed(raw: dict[str, Any], at: Keys, value: Any) -> dict[str, Any]:
    new: Any = copy.deepcopy(raw)
    holder = new
    for step in at[:-1]:
        holder = holder[step]
    holder[at[-1]] = value
    return dict(new)


def free(at: Keys) -> set[type]:
    """Types that may stand at a key besides that which does."""
    options = at[2:] if "options" in at[:2] else ()
    if options[:1] in (("removed",), ("drop",)) and len(options) > 1:  # values of data: anything that a row may hold
        return {bool, int, float, str, list, dict}
    if at[:2] == ("options", "range") and len(at) == 3:
        return {int, float}
    if at[0] == "counts" and len(at) == 2:
        return {int, dict}
    if options[:1] == ("columns",) and len(options) == 2:
        return {int}
    return {float} if options[:1] == ("where",) else set()


def test_the_tables_have_every_option() -> None:
    assert {name: set(found) for name, found in FORMATS.items()} == {n: set(f) for n, f in OPTIONS.items()}
    assert {name: set(found) for name, found in ON_THE_HUB.items()} == {n: set(f) for n, f in SHAPE_OPTIONS.items()}
    assert {name: set(found) for name, found in OF_KINDS.items()} == {n: set(k.options) for n, k in KINDS.items()}
    assert set(WHOLE[0]) == set(TaskCard.model_fields)


@pytest.mark.parametrize("raw", WHOLE, ids=lambda raw: f"{raw['kind']}-{raw['official']['format']}")
def test_every_key_with_every_odd_value(raw: dict[str, Any]) -> None:
    checked(raw)
    for at, there in keys(raw):
        if at in (("name",), ("official", "format"), ("upstream", "format")):
            continue  # what else stands in the card depends on them
        for odd in ODD:
            wrong = any(odd is w for w in WRONG[type(there)]) and type(odd) not in free(at)
            try:
                checked(changed(raw, at, odd))
            except CardError as error:
                assert all(fault.startswith(f"{FILE}: ") for fault in error.faults)
                assert all("\n" not in fault and len(fault) < 500 for fault in error.faults)
                named = {at[0], "aliases"} if at[0] == "labels" else {at[0]}  # which are of the labels
                assert any(fault.split(": ")[1].startswith(tuple(map(str, named))) for fault in error.faults)
            else:
                assert not wrong, (at, type(odd))


FAULTS: list[tuple[Keys, Any, str]] = [
    (("options", "max_length"), "5", "options.max_length: found '5', expected a whole number from 1 to 1,000,000"),
    (("options", "max_length"), True, "options.max_length: found True: YAML reads no, off, yes, on so; put it in"),
    (("options", "max_lenght"), 5, "options.max_lenght: unknown option 'max_lenght' (did you mean 'max_length'?)"),
    (("official", "options", "columns"), [0], "official.options.columns: found [0], expected a mapping of fields to"),
    (("official", "options", "columns", "a"), [], "official.options.columns.a: found [], expected a whole number from"),
    (("official", "options", "columns", "a"), -1, "official.options.columns.a: found -1, expected a whole number from"),
    (("official", "options", "optional"), "label", "official.options.optional: found 'label', expected a list (each"),
    (("official", "options", "where", "language"), False, "official.options.where.language: found False: YAML reads"),
    (("official", "options", "separator"), "", "official.options.separator: found '', expected characters that part"),
    (("official", "options", "separator"), "\n", r"official.options.separator: found '\n', expected characters that"),
    (("official", "options", "width"), 0, "official.options.width: found 0, expected a whole number from 1 to 10,000"),
    (
        ("official", "options", "quoting"),
        "cvs",
        "official.options.quoting: found 'cvs', expected one of auto, none",
    ),
    (("official", "options", "header"), "false", "official.options.header: found 'false', expected true or false"),
    (
        ("official", "files", "test"),
        "/etc/passwd",
        "official.files.test.rows[0]: expected a path below the data",
    ),
    (("official", "files", "test"), ["a", "b/../../c"], "official.files.test.rows[1]: expected a path below the data"),
    (("official", "files", "test"), "a**b", "official.files.test.rows[0]: expected a path below the data folder with"),
    (("official", "files", "test"), [], "official.files.test.rows: Value should have at least 1 item after validation"),
    (("official", "languages", "en"), "../..", "official: languages.en: expected a code for paths without '..' (found"),
    (("hub", "files"), "../x", "hub.files: expected a path below the data folder without '..' (found '../x')"),
    (("hub", "columns", "text_a"), "a..b", "hub.columns.text_a: found 'a..b', expected keys and indices such as"),
    (("hub", "options", "absnt"), ["en"], "hub.options.absnt: unknown option 'absnt' (did you mean 'absent'?)"),
    (("hub", "options", "absent"), "en", "hub.options.absent: found 'en', expected a list (each text)"),
    (("labels_file",), "../labels.json", "labels_file[0]: expected a path below the data folder without '..'"),
    (("labels",), ["a", "b", "a"], "labels[2]: 'a' stands twice"),
    (("labels",), ["a", "b "], "labels[1]: found 'b ', expected one line without blanks around it"),
    (("presets", "paper", "layer"), NAN, "presets.paper.layer: expected last, the index of a layer such as 8, or a"),
    (("counts", "test", "en"), -5, "counts.test: expected a number of examples, or such numbers by language (found"),
    (("unit",), "../x", "unit: String should match pattern"),
]


@pytest.mark.parametrize(("at", "value", "message"), FAULTS, ids=lambda value: str(value)[:40])
def test_what_is_said(at: Keys, value: Any, message: str) -> None:
    with pytest.raises(CardError) as raised:
        checked(changed(WHOLE[0], at, value))
    (fault,) = raised.value.faults
    assert fault.startswith(f"{FILE}: {message}")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"choices": []}, "options.choices: found [], expected a list (each text, 2 or more)"),
        ({"choices": ["a"]}, "options.choices: found ['a'], expected a list (each text, 2 or more)"),
        ({"choices": None}, "options.choices: found None, expected a list (each text, 2 or more)"),
        ({"answers": [["A", "B", "C"]]}, "options.answers[0]: found 3 spellings, expected 2, one a choice"),
        ({"text": "{a"}, "options.text: found '{a', expected text with fields such as {premise}"),
        ({"text": "{a.b}"}, "options.text: found '{a.b}', expected text with fields such as {premise}"),
        ({"text": "{0}"}, "options.text: found '{0}', expected text with fields such as {premise}"),
        ({"text": "{}"}, "options.text: found '{}', expected text with fields such as {premise}"),
        ({"text": "{a!r:>9}"}, "options.text: found '{a!r:>9}', expected text with fields such as {premise}"),
    ],
)
def test_options_that_do_not_go_together(options: dict[str, Any], message: str) -> None:
    raw = next(raw for raw in WHOLE if raw["kind"] == "multiple_choice")
    with pytest.raises(CardError) as raised:
        checked(changed(raw, ("options",), {**raw["options"], **options}))
    assert raised.value.faults == (f"{FILE}: {message}",)


def test_a_card_without_choices() -> None:
    raw = next(raw for raw in WHOLE if raw["kind"] == "multiple_choice")
    with pytest.raises(CardError, match=r"options\.choices: missing; name the fields that hold the choices"):
        checked(changed(raw, ("options",), {}))


@pytest.mark.parametrize(
    ("expected", "right", "wrong"),
    [
        (FLAG, [True, False], [0, "true", None]),
        (TEXT, ["a"], ["", 1, None]),
        (whole(1, 3), [1, 3], [0, 4, True, 1.0, "1"]),
        (number(), [1, -1.5], [NAN, INF, True, "1", HUGE]),
        (one_of("a", "b"), ["a"], ["c", None, ["a"]]),
        (each(TEXT), [[], ["a"]], ["a", [1], {}]),
        (mapping(TEXT, FLAG, "flags"), [{}, {"a": True}], [[], {1: True}, {"a": 1}]),
        (like({}), [{"a": "b"}], [{"a": 1}]),
        (like(None), [1, "a", None], []),
    ],
)
def test_what_may_stand_where(expected: Any, right: list[Any], wrong: list[Any]) -> None:
    assert [value for value in right if expected.faults("x", value)] == []
    assert [value for value in wrong if not expected.faults("x", value)] == []


@pytest.mark.parametrize("pattern", ["a/b.tsv", "**/x", "a/*/b", "[ab].tsv", "..a", "a..b", "\u6587.tsv"])
def test_paths_below_a_folder(pattern: str) -> None:
    assert path_fault(pattern) == ""


@pytest.mark.parametrize("pattern", ["", "/", "/a", "..", "a/..", "a**", "***", "\0", "a\nb", "x" * 256, "x/" * 600])
def test_paths_that_are_none(pattern: str) -> None:
    assert path_fault(pattern)


class TestChains:
    """Cards that include cards that include cards."""

    def chain(self, folder: Path, length: int) -> Path:
        for i in range(length):
            (folder / f"c{i}.yaml").write_text(f"include: c{i + 1}.yaml\n")
        (folder / f"c{length}.yaml").write_text("include: xnli.yaml\n")
        return folder / "c0.yaml"

    def test_a_long_one_is_read(self, tmp_path: Path) -> None:
        found: Cards = all_cards([self.chain(tmp_path, 90)])
        assert found.tasks["c0"].labels == found.tasks["xnli"].labels

    @pytest.mark.parametrize("length", [100, 1500])
    def test_one_without_end_is_one_line_at_its_start(self, tmp_path: Path, length: int) -> None:
        start = self.chain(tmp_path, length)
        with pytest.raises(CardError) as raised:
            all_cards([start])
        assert raised.value.faults == (
            f"{start}: include: found a chain of more than 100 cards, expected a shorter one",
        )

    @pytest.mark.parametrize("name", [5, None, ["a.yaml"], {"a": 1}, True, "", "x" * 5000, "\0"])
    def test_what_is_no_file(self, name: Any) -> None:
        with pytest.raises(CardError) as raised:
            checked({"include": name})
        (fault,) = raised.value.faults
        assert fault.startswith(f"{FILE}: include: ")
        assert len(fault) < 200
