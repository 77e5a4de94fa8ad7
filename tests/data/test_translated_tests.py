"""Translate-test: which file is read for which cell, what is refused, and what is recorded."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.fixtures.many_languages import WORDS, rows, write_task
from xtreme_harness import DataError, evaluate
from xtreme_harness.cards import folder
from xtreme_harness.data.translated_tests import translated_test
from xtreme_harness.kinds import KINDS
from xtreme_harness.plan.cells import all_cards

Run = Callable[..., Any]
ENGLISH = rows(WORDS["en"].split(), "test", 5)


@pytest.fixture
def task(tmp_path: Path) -> tuple[Path, Path]:
    return write_task(tmp_path / "task")


@pytest.fixture
def translated(tmp_path: Path) -> Path:
    """Five German examples in English, and a Swahili file without the split in its name."""
    place = tmp_path / "mt/agree"
    place.mkdir(parents=True)
    (place / "test-de.tsv").write_text(ENGLISH)
    (place / "sw.tsv").write_text(ENGLISH)
    return place.parent


def result(out: Path) -> dict[str, Any]:
    own: dict[str, Any] = json.loads((out / "results.json").read_text("utf-8"))["xharness"]
    return own


def run(model: str, task: tuple[Path, Path], translated: Path | None, out: Path, **options: Any) -> Any:
    card, data = task
    return evaluate(model, "agree", include=card, data=data, translated=translated, output=out, **options)


def test_translations_are_read_instead_and_english_as_ever(
    task: tuple[Path, Path], translated: Path, tmp_path: Path
) -> None:
    found = run("oracle", task, translated, tmp_path / "out", log_samples=True)
    assert {cell.language: cell.n for cell in found.cells} == {"en": 8, "de": 5, "sw": 5}
    assert {task.spread.value for task in found.tasks} == {100.0}
    (absent,) = found.missing
    assert (absent.language, absent.reason) == ("yo", f"no translation: {translated} has no agree/test-yo file")
    (german, *_) = (tmp_path / "out/samples/agree/de.jsonl").read_text("utf-8").splitlines()
    assert json.loads(german)["input"]["text_a"].startswith("cat")


def test_signature_and_fingerprint_name_the_translation(
    task: tuple[Path, Path], translated: Path, tmp_path: Path
) -> None:
    run("oracle", task, translated, tmp_path / "out")
    cells = {cell["language"]: cell for cell in result(tmp_path / "out")["cells"]}
    name = cells["de"]["translated"]
    assert name.startswith("mt@") and len(name) == len("mt@") + 8
    assert f"|translated:{name}|" in cells["de"]["signature"]
    assert "translated" not in cells["en"] and "translated" not in cells["en"]["signature"]
    (translated / "agree/test-de.tsv").write_text(ENGLISH.replace("cat", "dog"))
    run("oracle", task, translated, tmp_path / "out")
    changed = {cell["language"]: cell for cell in result(tmp_path / "out")["cells"]}
    assert changed["de"]["translated"] != name and changed["sw"] == cells["sw"] | {"seconds": changed["sw"]["seconds"]}


def test_the_same_run_keeps_its_cells_and_another_says_what_changed(
    xharness: Run, task: tuple[Path, Path], translated: Path, tmp_path: Path
) -> None:
    flags = ("eval", "-m", "random", "-t", "agree", "--include-path", task[0], "--data", task[1], "-o", tmp_path / "o")
    assert xharness(*flags, "--translated", translated).status == 0
    assert "kept all 3 of 3 cells" in xharness(*flags, "--translated", translated).out
    done = xharness(*flags)
    assert "agree de: computed anew, because data, translated changed" in done.err
    assert "agree en" not in done.err


def test_a_language_that_the_data_place_lacks_may_be_translated(
    task: tuple[Path, Path], translated: Path, tmp_path: Path
) -> None:
    (task[1] / "agree/de/test.tsv").unlink()
    found = run("oracle", task, translated, tmp_path / "out", languages="de")
    assert [cell.language for cell in found.cells] == ["de"]


def test_the_dev_split_has_names_of_its_own(task: tuple[Path, Path], translated: Path, tmp_path: Path) -> None:
    (translated / "agree/dev-de.tsv").write_text(ENGLISH)
    found = run("oracle", task, translated, tmp_path / "out", split="dev")
    assert {cell.language: cell.n for cell in found.cells} == {"en": 6, "de": 5}


def test_runs_with_and_without_are_not_comparable(
    xharness: Run, task: tuple[Path, Path], translated: Path, tmp_path: Path
) -> None:
    for code in ("de", "sw"):
        (translated / f"agree/{'test-' if code == 'de' else ''}{code}.tsv").write_text(
            (task[1] / f"agree/{code}/test.tsv").read_text("utf-8").replace("Katze", "cat")
        )
    run("random", task, None, tmp_path / "one")
    run("random", task, translated, tmp_path / "two")
    done = xharness("compare", tmp_path / "one", tmp_path / "two", "--include-path", task[0])
    assert (done.status, len(done.errors)) == (2, 1)
    assert "agree: translated differs: none and mt@" in done.errors[0]
    forced = xharness("compare", tmp_path / "one", tmp_path / "two", "--include-path", task[0], "--force")
    assert forced.status == 0


@pytest.mark.parametrize(
    ("name", "languages", "fault"),
    [
        ("agree/test-xx-yy-zz.tsv", (), "cannot tell a language of agree; name the file test-<lang>.tsv or <lang>.tsv"),
        ("agree/test-fr.tsv", (), "cannot tell a language of agree"),
        ("agree/test-en.tsv", (), "is English, and no translation; English data are named by --data"),
        ("agree/test-deu.tsv", (), "several files of de test (test-de.tsv, test-deu.tsv); keep one of them"),
        ("agree/yo.json", (), "agree has no test format of one file with this ending; expected .tsv"),
        ("agree/x/y.tsv", ("yo",), "agree yo: no translation: "),
    ],
)
def test_what_is_refused(
    task: tuple[Path, Path], translated: Path, tmp_path: Path, name: str, languages: tuple[str, ...], fault: str
) -> None:
    (translated / name).parent.mkdir(exist_ok=True)
    (translated / name).write_text(ENGLISH)
    with pytest.raises(DataError) as raised:
        run("oracle", task, translated, tmp_path / "out", languages=languages)
    assert len(raised.value.faults) == 1
    assert fault in str(raised.value)


def test_no_folder_is_one_line(task: tuple[Path, Path], tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"^--translated .*nowhere: no such folder$"):
        run("oracle", task, tmp_path / "nowhere", tmp_path / "out")


def test_answers_are_scored_by_the_rules_of_english(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """MLQA takes away the articles of the language: in a translation those are `the`, and not `der`."""
    place = tmp_path / "mt/mlqa"
    place.mkdir(parents=True)
    context = "They saw the tower."
    answers = [{"text": "the tower", "answer_start": context.index("the tower")}]
    paragraph = {"context": context, "qas": [{"id": "q", "question": "What?", "answers": answers}]}
    (place / "test-de.json").write_text(json.dumps({"data": [{"title": "t", "paragraphs": [paragraph]}]}))
    kind = KINDS[all_cards().card("mlqa").kind]
    monkeypatch.setitem(KINDS, kind.name, replace(kind, perfect=lambda example: "tower"))
    found = evaluate(
        "oracle", "mlqa", translated=tmp_path / "mt", data=folder() / "samples", languages="de", output=tmp_path / "out"
    )
    assert {cell.headline for cell in found.cells} == {100.0}


def test_ids_and_filters_stay_those_of_the_language(tmp_path: Path) -> None:
    (tmp_path / "xnli").mkdir()
    (tmp_path / "xnli/de.tsv").write_text("")
    card = all_cards().card("xnli").model_copy(update={"official": None})
    found = translated_test(card, "test", "de", tmp_path)
    assert found is not None
    assert (found.options["where"], found.origin) == ({"language": "de"}, str(tmp_path))
