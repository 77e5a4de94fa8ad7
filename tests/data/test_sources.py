"""Where a task's data lies."""

from __future__ import annotations

import hashlib
import shutil
from pathlib import Path

import pytest

from xtreme_harness import DataError
from xtreme_harness.cards import TaskCard
from xtreme_harness.data.patterns import filled, pattern_path
from xtreme_harness.data.sources import Data, FilesFound, HubFound, file_hash, locate, parse_data
from xtreme_harness.data.splits import load_split
from xtreme_harness.kinds import KINDS
from xtreme_harness.plan.cells import all_cards

CARDS = all_cards()
TASKS = CARDS.tasks


def found(card: TaskCard, data: Data, split: str = "test", language: str = "de", *asked: str) -> FilesFound:
    located = locate(card, split, language, data, asked)
    assert isinstance(located, FilesFound)
    return located


def size(card: TaskCard, located: FilesFound, split: str = "test", language: str = "de") -> int:
    kind = KINDS[card.kind]
    return len(load_split(card, language, split, located, kind.parse, kind.passage).examples)


class TestParseData:
    """Values of --data."""

    def test_hub_is_the_default(self) -> None:
        assert parse_data([], TASKS) == parse_data(["hub"], TASKS) == Data()

    def test_samples_folder_and_single_tasks(self, samples: Path, tmp_path: Path) -> None:
        assert parse_data(["samples"], TASKS) == Data(samples, name="samples")
        assert parse_data([str(tmp_path)], TASKS) == Data(tmp_path, name=str(tmp_path))
        data = parse_data(["samples", f"xnli={tmp_path}"], TASKS)
        assert (data.default, data.named) == (samples, {"xnli": tmp_path})

    def test_a_folder_with_an_equals_sign_is_a_folder(self, tmp_path: Path) -> None:
        (tmp_path / "a=b").mkdir()
        assert parse_data([str(tmp_path / "a=b")], TASKS).default == tmp_path / "a=b"

    @pytest.mark.parametrize(
        ("values", "fault"),
        [
            (["sampels"], "--data sampels: no such folder; expected hub, samples, a folder, or TASK=FILE_OR_DIR"),
            (["xnl=."], "--data xnl=.: unknown task 'xnl' (did you mean 'xnli'?)"),
            (["xnli=nowhere"], "--data xnli=nowhere: no such file or folder"),
            (
                ["samples", "hub"],
                "--data: the place of all tasks is given twice (samples, hub); give one place for all, and one a task",
            ),
            (
                ["xnli=.", "xnli=.."],
                "--data: the place of xnli is given twice (xnli=., xnli=..); give one place for all, and one a task",
            ),
        ],
    )
    def test_faults(self, values: list[str], fault: str) -> None:
        with pytest.raises(DataError) as raised:
            parse_data(values, TASKS)
        assert raised.value.faults == (fault,)

    def test_all_faults_together(self) -> None:
        with pytest.raises(DataError) as raised:
            parse_data(["nowhere", "foo=.", "xnli=nowhere"], TASKS)
        assert len(raised.value.faults) == 3

    def test_the_same_place_twice_is_no_fault(self) -> None:
        assert parse_data(["samples", "samples"], TASKS).name == "samples"


class TestLocate:
    """Files by the card's patterns."""

    def test_in_the_official_layout(self, samples: Path) -> None:
        located = found(TASKS["xnli"], Data(samples, name="samples"))
        assert located.files == {"rows": (samples / "xnli/test-de.tsv",)}
        assert located.origin == "samples"
        digest = hashlib.sha256((samples / "xnli/test-de.tsv").read_bytes()).hexdigest()
        assert located.hashes() == {"test-de.tsv": digest}

    def test_what_is_not_there_is_none(self, samples: Path, tmp_path: Path) -> None:
        data = Data(samples, name="samples")
        assert locate(TASKS["xnli"], "test", "bg", data) is None
        assert locate(TASKS["xnli"], "dev", "de", data) is None
        assert locate(TASKS["xnli"], "test", "de", Data(tmp_path, name="x")) is None
        assert locate(TASKS["lareqa"], "test", "de", Data()) is None

    def test_on_the_hub(self) -> None:
        located = locate(TASKS["xnli"], "test", "de", Data())
        assert isinstance(located, HubFound)
        assert located.origin == "facebook/xnli@b8dd5d7"
        assert located.hashes() == {"facebook/xnli/de/test": "b8dd5d7af51114dbda02c0e3f6133f332186418e"}

    def test_a_role_of_several_files(self, samples: Path) -> None:
        located = found(TASKS["bucc2018"], Data(samples, name="samples"))
        assert set(located.files) == {"foreign", "english", "gold"}
        assert {path.name for path in located.pool_files()} == {"de-en.test.de", "de-en.test.en"}

    def test_an_optional_role_may_be_absent(self, samples: Path, tmp_path: Path) -> None:
        (tmp_path / "bucc2018").mkdir()
        for name in ("de-en.test.de", "de-en.test.en"):
            shutil.copy(samples / "bucc2018" / name, tmp_path / "bucc2018" / name)
        assert set(found(TASKS["bucc2018"], Data(tmp_path, name="x")).files) == {"foreign", "english"}

    def test_several_files_for_one_role_are_refused(self, samples: Path, tmp_path: Path) -> None:
        (tmp_path / "xnli").mkdir()
        for name in ("test-de.a.tsv", "test-de.b.tsv"):
            shutil.copy(samples / "xnli/test-de.tsv", tmp_path / "xnli" / name)
        with pytest.raises(DataError) as raised:
            locate(TASKS["xnli"], "test", "de", Data(tmp_path, name="x"))
        assert raised.value.faults == (
            f"{tmp_path}: several files for xnli de (xnli/test-de.a.tsv, xnli/test-de.b.tsv); "
            "name one by --data xnli=FILE",
        )

    def test_the_pool_of_all_languages_is_one_pool(self, samples: Path) -> None:
        data = Data(samples, name="samples")
        keys = {found(TASKS["lareqa"], data, "test", code).pool_key() for code in ("de", "en", "zh")}
        assert len(keys) == 1

    def test_pools_of_languages_differ_where_the_files_do(self, samples: Path) -> None:
        data = Data(samples, name="samples")
        assert found(TASKS["bucc2018"], data).pool_key() != found(TASKS["bucc2018"], data, "test", "fr").pool_key()

    def test_upstream_layouts_are_recognised(self, shared: Path) -> None:
        data = Data(shared / "realdata", name="real")
        assert size(TASKS["xnli"], found(TASKS["xnli"], data)) == 5010


class TestNamed:
    """TASK=FILE_OR_DIR."""

    def test_a_folder_may_be_the_tasks_own(self, samples: Path) -> None:
        for place in (samples, samples / "xnli"):
            located = found(TASKS["xnli"], Data(named={"xnli": place}))
            assert located.files == {"rows": (samples / "xnli/test-de.tsv",)}

    def test_a_file_is_told_by_the_cards_pattern(self, samples: Path) -> None:
        data = Data(named={"xnli": samples / "xnli/test-de.tsv"})
        assert size(TASKS["xnli"], found(TASKS["xnli"], data)) == 24
        assert locate(TASKS["xnli"], "test", "fr", data) is None

    def test_a_file_of_all_languages_serves_all(self, tmp_path: Path) -> None:
        header = "language\tgold_label\tsentence1\tsentence2\n"
        rows = "de\tneutral\ta\tb\nde\tentailment\tc\td\nfr\tneutral\te\tf\n"
        (tmp_path / "xnli.test.tsv").write_text(header + rows)
        data = Data(named={"xnli": tmp_path / "xnli.test.tsv"})
        assert size(TASKS["xnli"], found(TASKS["xnli"], data)) == 2
        assert size(TASKS["xnli"], found(TASKS["xnli"], data, "test", "fr"), "test", "fr") == 1

    def test_a_language_in_the_folders_name_counts(self, tmp_path: Path) -> None:
        (tmp_path / "x-final/de").mkdir(parents=True)
        file = tmp_path / "x-final/de/test_2k.tsv"
        file.write_text("id\tsentence1\tsentence2\tlabel\n1\ta\tb\t0\n")
        data = Data(named={"pawsx": file})
        assert size(TASKS["pawsx"], found(TASKS["pawsx"], data)) == 1
        assert locate(TASKS["pawsx"], "test", "fr", data) is None

    def test_a_file_of_any_name_is_told_by_a_code_in_it(self, samples: Path, tmp_path: Path) -> None:
        shutil.copy(samples / "xnli/test-de.tsv", tmp_path / "my.de.part.tsv")
        data = Data(named={"xnli": tmp_path / "my.de.part.tsv"})
        assert size(TASKS["xnli"], found(TASKS["xnli"], data)) == 24

    def test_or_by_the_language_that_is_asked_for(self, samples: Path, tmp_path: Path) -> None:
        shutil.copy(samples / "xnli/test-de.tsv", tmp_path / "mine.tsv")
        data = Data(named={"xnli": tmp_path / "mine.tsv"})
        assert size(TASKS["xnli"], found(TASKS["xnli"], data, "test", "de", "de")) == 24
        with pytest.raises(DataError, match=r"mine.tsv: cannot tell the file's language; name it by --languages"):
            locate(TASKS["xnli"], "test", "de", data)

    def test_a_file_of_another_format_is_refused(self, tmp_path: Path) -> None:
        (tmp_path / "de.docx").write_text("")
        data = Data(named={"xnli": tmp_path / "de.docx"})
        with pytest.raises(DataError, match=r"none of the task's formats is one file ending in '\.docx'"):
            locate(TASKS["xnli"], "test", "de", data)

    def test_other_tasks_keep_their_place(self, samples: Path, tmp_path: Path) -> None:
        data = Data(samples, {"xnli": tmp_path}, "samples")
        assert locate(TASKS["xnli"], "test", "de", data) is None
        assert locate(TASKS["pawsx"], "test", "de", data) is not None


def test_filled_reaches_into_options() -> None:
    value = {"a": ["{language}", {"b": "{code}-{name}"}], "n": 3}
    assert filled(value, "zh", {"zh": "cmn"}) == {"a": ["zh", {"b": "cmn-Chinese"}], "n": 3}
    assert filled({"x": ["{split} {language}"]}, "zh", {}, "dev") == {"x": ["dev zh"]}
    assert filled("{split}", "zh", {}) == "{split}"


def test_pattern_path_is_the_first_plain_pattern() -> None:
    source = TASKS["tatoeba"].upstream
    assert source is not None
    patterns = source.files["test"]["foreign"]
    assert pattern_path(patterns, source, "zh") == "tatoeba/tatoeba.cmn-eng.cmn"


def test_file_hash_follows_the_content(tmp_path: Path) -> None:
    file = tmp_path / "x"
    file.write_text("a")
    first = file_hash(file)
    assert first == hashlib.sha256(b"a").hexdigest()
    file.write_text("bb")
    assert file_hash(file) == hashlib.sha256(b"bb").hexdigest()
