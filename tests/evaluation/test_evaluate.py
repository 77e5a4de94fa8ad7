"""The commands as functions."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

import xtreme_harness
from xtreme_harness import CardError, DataError, ModelError, OutputError, Result, XHarnessError, evaluate
from xtreme_harness.cards import folder
from xtreme_harness.cards.names import split_names
from xtreme_harness.plan.evaluate import plan_evaluation
from xtreme_harness.plan.request import default_output


def test_public_names_can_be_had_and_are_listed() -> None:
    for name in xtreme_harness.__all__:
        assert getattr(xtreme_harness, name) is not None
    assert sorted(xtreme_harness.__all__) == xtreme_harness.__all__
    with pytest.raises(AttributeError, match="has no attribute 'nothing'"):
        _ = xtreme_harness.nothing


def test_no_public_name_is_a_module_too() -> None:
    """Python would put a module of the name in the place of the function as soon as it is imported."""
    folder = Path(xtreme_harness.__file__).parent
    inside = {path.stem for path in folder.iterdir() if path.suffix == ".py" or (path / "__init__.py").is_file()}
    assert not inside & set(xtreme_harness.__all__)


def test_evaluate_returns_what_the_files_hold(tmp_path: Path) -> None:
    result = evaluate("oracle", "pawsx", data="samples", output=tmp_path)
    assert isinstance(result, Result)
    own = json.loads((tmp_path / "results.json").read_text("utf-8"))["xharness"]
    assert [c.metrics for c in result.cells] == [c["metrics"] for c in own["cells"]]
    assert result.tasks[0].values == {"accuracy": 100.0}


@pytest.mark.parametrize("tasks", ["pawsx,xnli", ["pawsx", "xnli"], ("pawsx,xnli", "pawsx")])
def test_names_may_be_repeated_or_comma_separated(tasks: Any) -> None:
    assert split_names(tasks) == ["pawsx", "xnli"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"tasks": "xnlli"}, "unknown task 'xnlli' (did you mean 'xnli'?); see `xharness tasks list`"),
        ({"languages": "gr"}, "--languages gr: none of the tasks has it (did you mean 'el'?); they have "),
        ({"languages": "bg"}, "xnli bg: samples has no test data"),
        ({"data": "nowhere"}, "--data nowhere: no such folder; expected hub, samples, a folder, or TASK=FILE_OR_DIR"),
        ({"data": "xnl=x"}, "--data xnl=x: unknown task 'xnl' (did you mean 'xnli'?)"),
        ({"data": "xnli=nowhere"}, "--data xnli=nowhere: no such file or folder"),
        ({"labels": "nowhere"}, "--labels nowhere: no such folder"),
        ({"split": "validation"}, "split validation: expected test or dev"),
        ({"layer": "x"}, "--layer x: expected last, an index such as 8, or a fraction such as 0.67"),
        ({"label_order": ["xnli"]}, "--label-order xnli: expected TASK=A,B,C, for example "),
        ({"label_order": ["foo=a,b"]}, "unknown task 'foo'; see `xharness tasks list`"),
        ({"model": ""}, "--model: empty; give a checkpoint folder, a Hub id, or oracle, majority, random"),
        (
            {"model": "./nowhere"},
            "./nowhere: no such folder; give a checkpoint folder, a Hub id, or oracle, majority, random",
        ),
        ({"dtype": "int8"}, "--dtype int8: expected auto, float32, bfloat16 or float16"),
        ({"limit": 0}, "--limit 0: expected a number from 1"),
        ({"batch_size": -1}, "--batch-size -1: expected a number from 1"),
        (
            {"include": str(Path(__file__).parents[1] / "cli")},
            f"{Path(__file__).parents[1] / 'cli'}: no cards (*.yaml) in this folder",
        ),
        ({"include": "nowhere.yaml"}, "nowhere.yaml: no such card or folder of cards"),
    ],
    ids=str,
)
def test_wrong_use_is_refused_before_a_folder_is_made(tmp_path: Path, options: dict[str, Any], message: str) -> None:
    ask: dict[str, Any] = {"model": "oracle", "tasks": "xnli", "data": "samples", **options}
    with pytest.raises(XHarnessError) as raised:
        evaluate(output=tmp_path / "out", **ask)
    assert raised.value.faults[0].startswith(message)
    assert not (tmp_path / "out").exists()


def test_a_device_that_is_not_there_is_found_before_results_are_touched(checkpoint: Path, tmp_path: Path) -> None:
    import torch

    if torch.cuda.is_available():
        pytest.skip("there is one")
    with pytest.raises(ModelError, match="--device cuda: "):
        evaluate(checkpoint, "xnli", data="samples", output=tmp_path / "out", device="cuda")
    assert not (tmp_path / "out").exists()


def test_an_unknown_option_is_a_mistake_of_the_program_that_calls(tmp_path: Path) -> None:
    with pytest.raises(TypeError, match=r"no argument 'limt' \(did you mean 'limit'\?\)"):
        evaluate("oracle", "xnli", data="samples", output=tmp_path, limt=3)


@pytest.mark.parametrize(
    ("model", "name"),
    [("oracle", "oracle"), ("org/name", "name"), ("a/b/step-10/", "step-10")],
)
def test_default_folder(model: str, name: str) -> None:
    assert default_output(model) == Path("xharness-out") / name


def test_default_folder_of_the_current_folder_has_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert default_output(".").name == tmp_path.name
    assert default_output("..").name == tmp_path.parent.name


class TestOwnCards:
    """Cards that do not ship with the package."""

    @pytest.fixture
    def own(self, samples: Path, tmp_path: Path) -> Path:
        """A folder with a card `mine`, derived from pawsx, and its data."""
        (tmp_path / "cards").mkdir()
        (tmp_path / "cards/mine.yaml").write_text(
            "include: pawsx.yaml\ntitle: mine\nsuites: null\nlanguages: [de, fr]\n"
            "official: {files: {test: 'mine/test-{language}.tsv'}}\n"
        )
        shutil.copytree(samples / "pawsx", tmp_path / "data/mine")
        return tmp_path

    def test_by_path(self, own: Path) -> None:
        result = evaluate("oracle", str(own / "cards/mine.yaml"), data=str(own / "data"), output=own / "out")
        assert [c.key for c in result.cells] == [("mine", "de"), ("mine", "fr")]
        assert (own / "out/predictions/tasks/mine/test-de.tsv").exists()

    def test_by_folder(self, own: Path) -> None:
        shutil.copy(own / "cards/mine.yaml", own / "cards/second.yaml")
        _, plan = plan_evaluation(str(own / "cards"), str(own / "data"))
        assert {cell.key for cell in plan.cells} == {"mine", "second"}

    @pytest.mark.parametrize("form", ["file", "folder", "list"])
    def test_by_include(self, own: Path, form: str) -> None:
        place: Any = {"file": own / "cards/mine.yaml", "folder": own / "cards", "list": [own / "cards"]}[form]
        _, plan = plan_evaluation("mine", str(own / "data"), include=place)
        assert [cell.name for cell in plan.cells] == ["mine de", "mine fr"]

    def test_inherits_and_overrides_key_by_key(self, own: Path) -> None:
        cards, _ = plan_evaluation("mine", str(own / "data"), include=[own / "cards"])
        card, base = cards.tasks["mine"], cards.tasks["pawsx"]
        assert (card.title, card.metric, card.labels) == ("mine", base.metric, base.labels)
        assert card.suites == {}
        assert card.official is not None
        assert base.official is not None
        assert card.official.options == base.official.options

    def test_a_card_of_a_shipped_name_takes_its_place(self, tmp_path: Path) -> None:
        text = (folder() / "pawsx.yaml").read_text("utf-8")
        (tmp_path / "pawsx.yaml").write_text(text.replace('title: "', 'title: "My '))
        cards, _ = plan_evaluation("pawsx", "samples", include=[tmp_path])
        assert cards.tasks["pawsx"].title.startswith("My ")
        assert cards.places["pawsx"] == str(tmp_path / "pawsx.yaml")

    def test_of_an_installed_package(self, own: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        (own / "site/plugin_cards").mkdir(parents=True)
        (own / "site/plugin_cards/__init__.py").write_text(f"PLACE = {str(own / 'cards')!r}\n")
        info = own / "site/plugin_cards-1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text("Metadata-Version: 2.1\nName: plugin-cards\nVersion: 1.0\n")
        (info / "entry_points.txt").write_text("[xtreme_harness.tasks]\ncards = plugin_cards:PLACE\n")
        monkeypatch.syspath_prepend(str(own / "site"))
        result = evaluate("oracle", "mine", data=str(own / "data"), output=own / "out")
        assert len(result.cells) == 2

    def test_of_a_broken_package(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        info = tmp_path / "broken_cards-1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text("Metadata-Version: 2.1\nName: broken-cards\nVersion: 1.0\n")
        (info / "entry_points.txt").write_text("[xtreme_harness.tasks]\ncards = no_such_module:PLACE\n")
        monkeypatch.syspath_prepend(str(tmp_path))
        with pytest.raises(CardError, match="entry point cards = no_such_module:PLACE: ModuleNotFoundError"):
            plan_evaluation("xnli", "samples")

    def test_all_faults_of_all_cards_together(self, own: Path) -> None:
        for name in ("one", "two"):
            (own / f"cards/{name}.yaml").write_text("include: pawsx.yaml\nmetric: acuracy\nkind: nothing\n")
        with pytest.raises(CardError) as raised:
            plan_evaluation("xnli", "samples", include=[own / "cards"])
        assert len(raised.value.faults) == 4


def strip_column(text: str, keep: int) -> str:
    """The first columns of a table; a blank line stays."""
    return "".join("\t".join(line.split("\t")[:keep]) + "\n" for line in text.splitlines())


def last_column(text: str) -> str:
    return "".join(line.rpartition("\t")[2] + "\n" for line in text.splitlines())


def blank_answers(text: str) -> str:
    """What the organisers' conversion leaves of a SQuAD file: one empty answer a question."""
    found = json.loads(text)
    for article in found["data"]:
        for paragraph in article["paragraphs"]:
            for question in paragraph["qas"]:
                question["answers"] = [{"text": "", "answer_start": 0}]
    return json.dumps(found, ensure_ascii=False)


@pytest.fixture(scope="module")
def withheld(samples: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """The samples as the organisers hand them out: data without gold, and the labels that they keep."""
    root = tmp_path_factory.mktemp("withheld")
    data, labels = root / "data", root / "labels"

    def write(place: Path, text: str) -> None:
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text, "utf-8", newline="")

    for task in ("xnli", "pawsx"):
        for file in (samples / task).glob("test-*.tsv"):
            text = file.read_bytes().decode("utf-8")
            write(data / task / file.name, strip_column(text, 2))
            write(labels / task / file.name, last_column(text))
    for task in ("panx", "udpos"):
        for file in (samples / task).glob("test-*.tsv"):
            text = file.read_bytes().decode("utf-8")
            write(data / task / file.name, strip_column(text, 1))
            write(labels / task / file.name, last_column(text))
    spans = {
        "xquad": ("xquad", "xquad.", ".json"),
        "mlqa": ("mlqa/MLQA_V1/test", "test-context-", ".json"),
        "tydiqa": ("tydiqa/tydiqa-goldp-v1.1-dev", "tydiqa.goldp.", ".dev.json"),
    }
    for task, (place, head, _) in spans.items():
        for file in (samples / place).glob("*.json"):
            code = file.name.removeprefix(head)[:2]
            text = file.read_text("utf-8")
            write(data / place / file.name, blank_answers(text))
            write(labels / task / f"test-{code}.json", text)
    from xtreme_harness.languages import LANGUAGES

    for facts in LANGUAGES.values():
        stem = samples / f"tatoeba/tatoeba.{facts.iso3}-eng"
        if not Path(f"{stem}.{facts.iso3}").exists():
            continue
        english = [line.strip() for line in Path(f"{stem}.eng").read_text("utf-8").splitlines()]
        order = sorted(range(len(english)), key=lambda i: english[i])
        write(data / f"tatoeba/{facts.code}-en.{facts.code}", Path(f"{stem}.{facts.iso3}").read_text("utf-8"))
        write(data / f"tatoeba/{facts.code}-en.en", "".join(english[i] + "\n" for i in order))
        write(labels / f"tatoeba/test-{facts.code}.tsv", "".join(f"{i}\n" for i in order))
    for file in (samples / "bucc2018").iterdir():
        if file.name.endswith(".test.gold"):
            write(labels / f"bucc2018/test-{file.name[:2]}.tsv", file.read_text("utf-8"))
        else:
            write(data / "bucc2018" / file.name, file.read_text("utf-8"))
    for file in (samples / "xcopa").glob("*.jsonl"):
        rows = [json.loads(line) for line in file.read_text("utf-8").splitlines()]
        if file.name.startswith("test-"):
            write(labels / "xcopa" / file.name, "".join(json.dumps({"label": row["label"]}) + "\n" for row in rows))
            rows = [{**row, "label": 0} for row in rows]
        write(data / "xcopa" / file.name, "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows))
    shutil.copytree(samples / "mewslix", data / "mewslix")
    for file in (data / "mewslix/wikinews_labels").glob("test-*.json"):
        gold = json.loads(file.read_text("utf-8"))
        write(labels / "mewslix" / file.name, json.dumps(gold))
        write(file, json.dumps({key: [""] for key in gold}))
    for file in (data / "mewslix/wikinews_mentions").glob("test-*.jsonl"):
        documents = [json.loads(line) for line in file.read_text("utf-8").splitlines()]
        for document in documents:
            for mention in document["mentions"]:
                mention["entity_id"] = ""
        write(file, "".join(json.dumps(document, ensure_ascii=False) + "\n" for document in documents))
    return data, labels


OFFICIAL = ("xnli", "pawsx", "panx", "udpos", "xquad", "mlqa", "tydiqa", "tatoeba", "bucc2018", "xcopa", "mewslix")


@pytest.mark.slow
class TestLabels:
    """`--labels`: data as the organisers hand it out, and the gold beside it."""

    @pytest.mark.parametrize("task", OFFICIAL)
    def test_scores_are_those_of_the_samples_with_their_gold(
        self, withheld: tuple[Path, Path], checkpoint: Path, demo_run: Path, tmp_path: Path, task: str
    ) -> None:
        data, labels = withheld
        result = evaluate(checkpoint, task, data=str(data), labels=labels, output=tmp_path)
        cells = json.loads((demo_run / "results.json").read_text("utf-8"))["xharness"]["cells"]
        expected = {c["language"]: c["metrics"] for c in cells if c["task"] == task}
        if task == "tatoeba":  # by name it means the languages of both suites
            other = [c for c in cells if c["task"] == "tatoeba@xtreme-r"]
            expected = {c["language"]: expected.get(c["language"]) for c in other}
        found = {c.language: c.metrics for c in result.cells}
        assert not result.failed
        assert set(found) == set(expected)
        assert {k: v for k, v in found.items() if expected[k]} == {k: v for k, v in expected.items() if v}

    @pytest.mark.parametrize("task", OFFICIAL)
    def test_without_them_predictions_are_written_and_nothing_is_scored(
        self, withheld: tuple[Path, Path], tmp_path: Path, task: str
    ) -> None:
        result = evaluate("random", task, data=str(withheld[0]), output=tmp_path)
        assert {c.status for c in result.cells} == {"unscored"}
        assert not result.tasks
        assert not result.failed
        assert {m.reason for m in result.missing if "gold" in m.reason} == {
            "the data has no gold answers to score with; give --labels DIR"
        }
        assert list((tmp_path / "predictions/tasks" / task).iterdir())

    @pytest.mark.parametrize("task", OFFICIAL)
    def test_oracle_answers_with_them(self, withheld: tuple[Path, Path], tmp_path: Path, task: str) -> None:
        data, labels = withheld
        result = evaluate("oracle", task, data=str(data), labels=labels, output=tmp_path)
        assert result.tasks[0].spread.value == 100

    def test_a_folder_without_the_file_is_named(self, withheld: tuple[Path, Path], tmp_path: Path) -> None:
        (tmp_path / "labels").mkdir()
        result = evaluate(
            "random", "xnli", data=str(withheld[0]), labels=tmp_path / "labels", output=tmp_path / "o", languages="de"
        )
        assert result.missing[0].reason.endswith(f"{tmp_path}/labels/xnli/test-de.tsv is not there")

    def test_with_a_limit(self, withheld: tuple[Path, Path], tmp_path: Path) -> None:
        data, labels = withheld
        result = evaluate("oracle", list(OFFICIAL), data=str(data), labels=labels, output=tmp_path, limit=2)
        assert not result.failed
        assert {c.n for c in result.cells} == {2}

    def test_labels_that_do_not_fit_are_refused(self, withheld: tuple[Path, Path], tmp_path: Path) -> None:
        data, labels = withheld
        shutil.copytree(labels / "xnli", tmp_path / "labels/xnli")
        file = tmp_path / "labels/xnli/test-de.tsv"
        file.write_text(file.read_text("utf-8") + "neutral\n")
        ask: dict[str, Any] = {"data": str(data), "labels": tmp_path / "labels", "output": tmp_path / "out"}
        result = evaluate("random", "xnli", **ask)
        assert result.failed == {"xnli de": f"{file}: 25 labels, expected 24; '24' is not in the data"}
        file.write_text("neutral\n")
        result = evaluate("random", "xnli", **ask)
        assert result.failed["xnli de"].splitlines()[0] == f"{file}: no label for '1'"


def test_demo_in_a_place_that_is_no_folder(tmp_path: Path) -> None:
    (tmp_path / "demo").write_text("")
    with pytest.raises(OutputError, match="demo: a file is in the way"):
        xtreme_harness.demo(tmp_path / "demo")


def test_the_hub_is_not_reached_without_need(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    with pytest.raises(DataError, match="nothing to evaluate"):
        evaluate("oracle", "lareqa", output=tmp_path)


def test_another_models_cells_in_the_folder_are_told(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    evaluate("oracle", "xnli", data="samples", output=tmp_path, languages="de,en")
    evaluate("majority", "xnli", data="samples", output=tmp_path, languages="de")
    assert f"{tmp_path}: 1 cells of oracle stay there, which this run does not ask for" in caplog.messages
