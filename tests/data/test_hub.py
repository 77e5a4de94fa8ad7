"""Hub datasets through the real libraries, against a Hub on loopback."""

from __future__ import annotations

import gzip
import io
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tests.fixtures.hub_server import HubServer
from xtreme_harness.cards import HubSource
from xtreme_harness.data.hub import hub_revision, read_hub
from xtreme_harness.errors import DataError

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[2]
OLD, NEW, OTHER = "a" * 40, "b" * 40, "c" * 40

# Reads (source, split, language) triples and prints one JSON line each.
SCRIPT = """
import json, sys, time
from xtreme_harness.cards import HubSource
from xtreme_harness.data.hub import hub_revision, read_hub
from xtreme_harness.errors import DataError
for raw, split, language in json.load(sys.stdin):
    source, start = HubSource.model_validate(raw), time.monotonic()
    try:
        table = read_hub(source, split, language)
        found = {"rows": [r.values for r in table.rows], "pool": [r.values for r in table.pool],
                 "places": [r.place for r in table.rows], "revision": hub_revision(source)}
    except DataError as error:
        found = {"error": list(error.faults)}
    print(json.dumps({**found, "seconds": time.monotonic() - start}))
"""

Question = tuple[dict[str, Any], str, str]
Answer = dict[str, Any]
Columns = dict[str, list[Any]]


def ask(questions: Mapping[str, Question], url: str, home: Path, **environment: str) -> dict[str, Answer]:
    """Answers by key, from a new process; nothing but them may be printed."""
    unset = ("HF_", "HUGGINGFACE_", "TRANSFORMERS_OFFLINE", "XDG_CACHE_HOME")
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(unset)}
    ours = {"HF_ENDPOINT": url, "HF_HOME": str(home), "NO_PROXY": "127.0.0.1", "PYTHONPATH": str(ROOT), **environment}
    sent = json.dumps(list(questions.values()))
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT],
        input=sent,
        capture_output=True,
        text=True,
        env={**inherited, **ours},
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    return dict(zip(questions, [json.loads(line) for line in done.stdout.splitlines()], strict=True))


def parquet(columns: Mapping[str, list[Any]], **classes: list[str]) -> bytes:
    """A parquet file; the named columns hold class ids, alone or in lists, whose names the file knows."""
    from datasets import ClassLabel, Dataset, List
    from datasets.utils import disable_progress_bars

    disable_progress_bars()
    data = Dataset.from_dict(dict(columns))
    for name, names in classes.items():
        label = ClassLabel(names=names)
        data = data.cast_column(name, List(label) if isinstance(columns[name][0], list) else label)
    data.to_parquet(buffer := io.BytesIO())
    return buffer.getvalue()


def lines(*rows: Mapping[str, Any]) -> bytes:
    return "".join(json.dumps(row) + "\n" for row in rows).encode()


def zipped(*rows: Mapping[str, Any]) -> bytes:
    return gzip.compress(lines(*rows))


def pairs(mark: str) -> bytes:
    columns: Columns = {"premise": [f"{mark} p0", f"{mark} p1"], "hypothesis": ["h0", "h1"], "label": [2, 0]}
    return parquet(columns, label=["entailment", "neutral", "contradiction"])


def questions(**more: list[Any]) -> bytes:
    answers = {"text": ["Ada"], "answer_start": [5]}
    columns: Columns = {
        "id": ["q"],
        "title": ["t"],
        "context": ["Ada met Eve."],
        "question": ["Who?"],
        "answers": [answers],
    }
    return parquet({**columns, **more})


def repositories() -> dict[tuple[str, str], dict[str, dict[str, bytes]]]:
    xnli = {
        f"{code}/{split}-00000-of-00001.parquet": pairs(f"{code} {split}")
        for code in ("de", "en")
        for split in ("train", "test")
    }
    shards = {f"en/test-0000{i}-of-00002.parquet": pairs(f"shard {i}") for i in range(2)}
    tagged = parquet({"tokens": [["Bonn"], ["am", "Rhein"]], "ner_tags": [[1], [0, 1]]}, ner_tags=["O", "B-LOC"])
    bare = parquet({"tokens": [["Bonn"]], "pos_tags": [[1]]})
    mixed = questions(
        **{"id": ["english-1", "arabic-1"], "title": ["t"] * 2, "context": ["Ada."] * 2, "question": ["Who?"] * 2},
        answers=[{"text": ["Ada"], "answer_start": [0]}] * 2,
    )
    siqa = (
        "---\nconfigs:\n- config_name: default\n  data_files:\n"
        + "".join(f"  - split: {split}\n    path: data/{split}-*\n" for split in ("train", "validation"))
        + "---\n"
    )
    return {
        ("dataset", "facebook/xnli"): {
            OLD: {**xnli, "README.md": b"---\nlicence: other\n---\n", "xnli.py": b"raise SystemExit"},
            NEW: {**xnli, "de/test-00000-of-00001.parquet": pairs("new")},
        },
        ("dataset", "some/shards"): {OLD: shards},
        ("dataset", "unimelb-nlp/wikiann"): {NEW: {"de/test-00000-of-00001.parquet": tagged}},
        ("dataset", "google/xtreme"): {OLD: {"udpos.German/test-00000-of-00001.parquet": bare}},
        ("dataset", "google/xquad"): {OLD: {"xquad.de/validation-00000-of-00001.parquet": questions()}},
        ("dataset", "some/tydiqa"): {OLD: {"secondary_task/validation-00000-of-00001.parquet": mixed}},
        ("dataset", "mteb/tatoeba"): {
            OLD: {"deu-eng/test.jsonl": lines({"s1": "zwei\n", "s2": "two\n"}, {"s1": "eins\n", "s2": "one\n"})}
        },
        ("dataset", "mteb/BUCC"): {
            OLD: {
                "de-en/test.jsonl.gz": zipped({"sentence1": ["eins", "x"], "sentence2": ["y", "one"], "gold": [[1, 2]]})
            }
        },
        ("dataset", "mteb/Flores"): {
            OLD: {"data/devtest-0.parquet": parquet({"eng_Latn": ["two", "one"], "deu_Latn": ["zwei", "eins"]})}
        },
        ("dataset", "jumelet/multiblimp"): {
            OLD: {
                "deu/data.tsv": b"sen\twrong_sen\tmetadata\nNA kommt.\tNA kommst.\t"
                b'"{\'text\': ""NA, ja""}"\nnull\tnan\t1\n'
            }
        },
        ("dataset", "lighteval/siqa"): {
            NEW: {
                "README.md": siqa.encode(),
                "data/train-00000-of-00001.parquet": parquet({"label": ["3"]}),
                "data/validation-00000-of-00001.parquet": parquet({"label": ["1"]}),
            }
        },
        ("dataset", "facebook/mlqa"): {
            OLD: {"mlqa.py": b"raise SystemExit", "README.md": b""},
            NEW: {"mlqa.de.de/test/0000.parquet": questions(context=["I am Ada."])},
        },
        ("dataset", "some/gated"): {OLD: {"default/test-0.parquet": parquet({"label": ["1"]})}},
        ("dataset", "some/broken"): {OLD: {"default/test-0.parquet": b"PAR1 no more"}},
    }


def source(path: str, **keys: Any) -> dict[str, Any]:
    shaped = {"shape": keys["shape"]} if "shape" in keys else {"columns": {"label": "label"}}
    return {"path": path, "splits": {"test": "test"}, **shaped, **keys}


PAIR = {"text_a": "premise", "text_b": "hypothesis", "label": "label"}
XNLI = source("facebook/xnli", revision=OLD, config="{language}", columns=PAIR)
WIKIANN = source("unimelb-nlp/wikiann", config="{language}", columns={"words": "tokens", "tags": "ner_tags"})
XQUAD = source("google/xquad", revision=OLD, config="xquad.{language}", shape="squad", splits={"test": "validation"})
SIQA = source("lighteval/siqa", splits={"dev": "validation"})
MLQA = source("facebook/mlqa", revision=OLD, config="mlqa.{language}.{language}", shape="squad")
FLORES = source(
    "mteb/Flores", revision=OLD, shape="parallel", files="data/{split}-*.parquet", splits={"test": "devtest"},
    columns={"foreign": "{language}", "english": "eng_Latn"},
)  # fmt: skip
QUESTIONS: dict[str, Question] = {
    "xnli": (XNLI, "test", "de"),
    "shards": (source("some/shards", revision=OLD, config="en", columns=PAIR), "test", "en"),
    "wikiann": (WIKIANN, "test", "de"),
    "udpos": (
        source(
            "google/xtreme", revision=OLD, config="udpos.{name}", columns={"words": "tokens", "tags": "pos_tags"},
            names={"tags": ["ADJ", "PROPN"]}, options={"absent": ["pl"]},
        ), "test", "de",
    ),
    "xquad": (XQUAD | {"options": {"check_spans": False}}, "test", "de"),
    "xquad checked": (XQUAD, "test", "de"),
    "tydiqa": (
        source("some/tydiqa", revision=OLD, config="secondary_task", shape="squad", splits={"test": "validation"},
               languages={"en": "english"}, options={"id_prefix": "{code}-"}), "test", "en",
    ),
    "tatoeba": (
        source("mteb/tatoeba", revision=OLD, config="{code}-eng", shape="parallel", files="{config}/{split}*",
               columns={"foreign": "s1", "english": "s2"}, languages={"de": "deu"}), "test", "de",
    ),
    "bucc": (
        source("mteb/BUCC", revision=OLD, config="{language}-en", shape="bucc", files="{config}/{split}*",
               columns={"foreign": "sentence1", "english": "sentence2", "gold": "gold"},
               options={"language": "{language}"}), "test", "de",
    ),
    "one column a language": (FLORES, "test", "deu_Latn"),
    "no column of the language": (FLORES, "test", "zul_Latn"),
    "tsv": (
        source("jumelet/multiblimp", revision=OLD, config="{language}", files="{config}/data.tsv",
               splits={"test": "train"}, columns={"good": "sen", "bad": "wrong_sen", "more": "metadata"}),
        "test", "deu",
    ),
    "siqa": (SIQA, "dev", "en"),
    "converted": (MLQA | {"revision": "refs/convert/parquet", "files": "{config}/{split}/*.parquet"}, "test", "de"),
    "wrong column": (XNLI | {"columns": {"text_a": "premises"}}, "test", "de"),
    "wrong config": (XNLI, "test", "el"),
    "wrong config, no card": (WIKIANN, "test", "ell"),
    "wrong split": (XNLI, "dev", "de"),
    "absent": (source("google/xtreme", revision=OLD, options={"absent": ["pl"]}), "test", "pl"),
    "wrong revision": (XNLI | {"revision": OTHER}, "test", "de"),
    "wrong repository": (source("facebook/xnlli"), "test", "de"),
    "gated": (source("some/gated"), "test", "de"),
    "script": (MLQA, "test", "de"),
    "broken": (source("some/broken", files="{config}/{split}-*"), "test", "de"),
}  # fmt: skip


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("home")


@pytest.fixture(scope="module")
def hub() -> Iterator[HubServer]:
    refs = {("dataset", "facebook/mlqa"): {"main": OLD, "refs/convert/parquet": NEW}}
    with HubServer(repositories(), refs, gated=["some/gated"]) as server:
        yield server


@pytest.fixture(scope="module")
def online(hub: HubServer, home: Path) -> dict[str, Answer]:
    return ask(QUESTIONS, hub.url, home)


def test_the_pinned_commit_is_read_not_main(online: dict[str, Answer]) -> None:
    found = online["xnli"]
    assert found["rows"] == [
        {"text_a": "de test p0", "text_b": "h0", "label": "contradiction"},
        {"text_a": "de test p1", "text_b": "h1", "label": "entailment"},
    ]
    assert found["places"] == ["facebook/xnli@aaaaaaa de/test[0]", "facebook/xnli@aaaaaaa de/test[1]"]
    assert found["revision"] == OLD


def test_only_the_files_of_the_split_are_fetched(hub: HubServer, online: dict[str, Answer]) -> None:
    fetched = [name for name in hub.downloads() if name.endswith(".parquet") and "/train" in name]
    assert online["xnli"]["rows"]
    assert [name for name in fetched if not name.startswith("data/")] == []


def test_shards_follow_one_another(online: dict[str, Answer]) -> None:
    assert [row["text_a"] for row in online["shards"]["rows"]] == [
        "shard 0 p0",
        "shard 0 p1",
        "shard 1 p0",
        "shard 1 p1",
    ]


def test_tags_become_names(online: dict[str, Answer]) -> None:
    assert online["wikiann"]["rows"][1] == {"words": ["am", "Rhein"], "tags": ["O", "B-LOC"]}
    assert online["wikiann"]["revision"] == NEW
    assert online["udpos"]["rows"] == [{"words": ["Bonn"], "tags": ["PROPN"]}]


def test_questions(online: dict[str, Answer]) -> None:
    answers = [{"text": "Ada", "start": 0}]
    assert online["xquad"]["rows"] == [{"id": "q", "question": "Who?", "context": "Ada met Eve.", "answers": answers}]
    assert [row["id"] for row in online["tydiqa"]["rows"]] == ["english-1"]
    assert online["converted"]["rows"][0]["context"] == "I am Ada."
    assert online["converted"]["revision"] == NEW


def test_bitext(online: dict[str, Answer]) -> None:
    assert [(row["text"], row["gold"]) for row in online["tatoeba"]["rows"]] == [("one", ["1"]), ("two", ["0"])]
    assert online["tatoeba"]["pool"] == [{"id": "0", "text": "zwei"}, {"id": "1", "text": "eins"}]
    assert online["bucc"]["rows"][0] == {"id": "de-000000001", "text": "eins", "gold": ["en-000000002"]}


def test_a_table_may_have_a_column_a_language(online: dict[str, Answer]) -> None:
    found = online["one column a language"]
    assert [(row["text"], row["gold"]) for row in found["rows"]] == [("one", ["1"]), ("two", ["0"])]
    assert [row["text"] for row in found["pool"]] == ["zwei", "eins"]


def test_separated_files_are_read_as_they_were_written(online: dict[str, Answer]) -> None:
    assert online["tsv"]["rows"] == [
        {"good": "NA kommt.", "bad": "NA kommst.", "more": "{'text': \"NA, ja\"}"},
        {"good": "null", "bad": "nan", "more": "1"},
    ]


def test_a_repository_of_another_layout_is_left_to_its_own_configs(online: dict[str, Answer]) -> None:
    assert online["siqa"]["rows"] == [{"label": "1"}]


@pytest.mark.parametrize(
    ("key", "parts"),
    [
        ("xquad checked", ["google/xquad@aaaaaaa xquad.de/validation[0] (id 'q'): answer text differs"]),
        ("wrong column", ["facebook/xnli@aaaaaaa de/test: no column 'premises' (did you mean 'premise'?); found"]),
        (
            "no column of the language",
            ["mteb/Flores@aaaaaaa default/devtest: no column 'zul_Latn' (did you mean 'deu_Latn'?); found"],
        ),
        ("wrong split", ["facebook/xnli: does not have the split 'dev'; found test"]),
        ("absent", ["google/xtreme: does not have the language 'pl'"]),
        ("wrong revision", [f"facebook/xnli: the Hub has no revision '{OTHER}'", "hub.revision"]),
        ("wrong repository", ["facebook/xnlli: the Hub (http://127.0.0.1", "has no such dataset", "hub.path"]),
        ("gated", ["some/gated: access is restricted", "/datasets/some/gated", "hf auth login"]),
        ("script", ["facebook/mlqa@aaaaaaa mlqa.de.de/test", "Dataset scripts are no longer supported", "mlqa.py"]),
        ("wrong config", ["facebook/xnli@aaaaaaa el/test: no file 'el/test-*.parquet', and config 'el' cannot"]),
        ("wrong config, no card", ["unimelb-nlp/wikiann@bbbbbbb ell/test", "config 'ell'", "Available: ['default']"]),
        ("broken", ["some/broken@aaaaaaa default/test: test-0.parquet cannot be read"]),
    ],
)  # fmt: skip
def test_refusals_say_what_is_wrong(online: dict[str, Answer], key: str, parts: list[str]) -> None:
    (message,) = online[key]["error"]
    assert [part for part in parts if part not in message] == []
    assert "\n" not in message
    assert online[key]["seconds"] < 5


def test_offline_the_cache_answers(hub: HubServer, home: Path, online: dict[str, Answer]) -> None:
    known = ("xnli", "shards", "wikiann", "xquad", "siqa", "converted")
    before = hub.requests.total()
    found = ask({key: QUESTIONS[key] for key in known}, hub.url, home, HF_HUB_OFFLINE="1")
    assert hub.requests.total() == before
    for key in known:
        assert {**found[key], "seconds": 0} == {**online[key], "seconds": 0}


def test_offline_nothing_else_answers(hub: HubServer, home: Path, online: dict[str, Answer], tmp_path: Path) -> None:
    assert online["shards"]["rows"]
    shutil.copytree(home, tmp_path / "home", symlinks=True)
    (shard,) = tmp_path.glob("home/hub/datasets--some--shards/snapshots/*/en/*-00001-of-00002.parquet")
    shard.unlink()
    asked: dict[str, Question] = {
        "other revision": (XNLI | {"revision": NEW}, "test", "de"),
        "other revision of a config": (SIQA | {"revision": OLD}, "dev", "en"),
        "other language": (XNLI, "test", "en"),
        "other dataset": (source("some/other"), "test", "en"),
        "shard gone": QUESTIONS["shards"],
    }
    found = {key: answer["error"] for key, answer in ask(asked, hub.url, tmp_path / "home", HF_HUB_OFFLINE="1").items()}
    absent = "in the local cache (HF_HUB_OFFLINE is set); use --data samples, --data DIR, or a folder"
    assert f"facebook/xnli@bbbbbbb de/test: no file 'de/test-*.parquet' {absent}" in found["other revision"][0]
    assert f"the local cache has commit {NEW}, expected {OLD}" in found["other revision of a config"][0]
    assert f"facebook/xnli@aaaaaaa en/test: no file 'en/test-*.parquet' {absent}" in found["other language"][0]
    assert f"some/other: revision 'main' is not {absent}" in found["other dataset"][0]
    assert f"some/shards@aaaaaaa en/test: only 1 of the files 'en/test-*.parquet' {absent}" in found["shard gone"][0]


def test_a_silent_hub_is_an_error_at_once_unless_the_pin_is_cached(home: Path, online: dict[str, Answer]) -> None:
    with HubServer({}) as server:
        url = server.url
    again: Question = (WIKIANN, "test", "en")
    asked = {"xnli": QUESTIONS["xnli"], "wikiann": QUESTIONS["wikiann"], "again": again, "en": (XNLI, "test", "en")}
    found = ask(asked, url, home)
    assert found["xnli"]["rows"] == online["xnli"]["rows"]
    for key, path in (("wikiann", WIKIANN["path"]), ("again", WIKIANN["path"]), ("en", XNLI["path"])):
        (message,) = found[key]["error"]
        assert message.startswith(f"{path}: the Hub ({url}) cannot be reached: ")
        assert message.endswith(
            "; use --data samples, --data DIR, or a folder made by `xharness download` where there is a network"
        )
        assert "\n" not in message
        assert found[key]["seconds"] < 5


def test_a_hub_that_fails_is_asked_once(tmp_path: Path) -> None:
    with HubServer(repositories()) as server:
        server.status = 503
        found = ask({"de": QUESTIONS["xnli"], "en": (XNLI, "test", "en")}, server.url, tmp_path)
    assert "503" in found["de"]["error"][0]
    assert found["de"]["error"] == found["en"]["error"]
    assert [number for request, number in server.requests.items() if "/datasets/" in request] == [1]


def test_a_branch_that_moves_meanwhile_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import huggingface_hub

    info = SimpleNamespace(sha=OLD, siblings=[SimpleNamespace(rfilename="de/test-0.parquet")])
    moved = tmp_path / "datasets--unimelb-nlp--wikiann" / "snapshots" / NEW / "de" / "test-0.parquet"
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(tmp_path))
    monkeypatch.setattr(huggingface_hub.constants, "ENDPOINT", "http://moving")
    monkeypatch.setattr(huggingface_hub.HfApi, "dataset_info", lambda *_, **__: info)
    monkeypatch.setattr(huggingface_hub, "hf_hub_download", lambda *_, **__: str(moved))
    wikiann = HubSource.model_validate(WIKIANN)
    assert hub_revision(wikiann) == OLD
    with pytest.raises(DataError, match=f"'main' moved from {OLD} to {NEW} meanwhile; run again"):
        read_hub(wikiann, "test", "de")
