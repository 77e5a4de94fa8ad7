"""`xharness train`: bad input, and what a run leaves."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
import transformers

from tests.fixtures.families import build

Run = Callable[..., Any]
SEVERAL = ("-t", "mnli,hellaswag,squad", "--sampling", "uniform")


@pytest.fixture(autouse=True)
def one_thread() -> None:
    """Tiny networks are fastest so."""
    torch.set_num_threads(1)


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny encoder without any head."""
    return build("bert", None, tmp_path_factory.mktemp("base") / "bert")


@pytest.fixture
def trained(xharness: Run, base: Path, tmp_path: Path) -> Run:
    """`xharness train` for three steps on the samples, into `out`."""

    def run(*args: object, model: Path = base, data: str = "samples", steps: int = 3) -> Any:
        command = ("train", "-m", model, "--recipe", "fast", "-o", tmp_path / "out", "--set", f"max_steps={steps}")
        return xharness(*command, *(("--data", data) if data else ()), *args)

    return run


@pytest.mark.parametrize(
    ("args", "line"),
    [
        (["-t", "xnil"], "error: unknown task 'xnil' (did you mean 'xnli'?); see `xharness tasks list`"),
        (["-t", "xnli", "--set", "epoch=1"], "error: --set epoch=1: unknown key 'epoch' (did you mean 'epochs'?)"),
        (["-t", "xnli", "--set", "lr"], "error: --set lr: expected KEY=VALUE, for example lr=1e-5"),
        (["-t", "xnli", "--set", "lr=-1"], "error: --set lr=-1: Input should be greater than 0 (found '-1')"),
        (["-t", "xnli", "--recipe", "fsat"], "error: --recipe fsat: no such recipe (did you mean 'fast'?); shipped: "),
        (["-t", "tatoeba"], "error: tatoeba: has no training data; the encoder is evaluated as it is"),
        (["-t", "xnli", "--seeds", "1,1"], "error: --seeds 1,1: a seed stands twice"),
        (["-t", "xnli", "--mlm", "nowhere"], "error: --mlm nowhere: no such folder"),
        (["-t", "xnli", "--translated", "nowhere"], "error: --translated nowhere: no such folder"),
        (["-t", "mnli,squad", "--sampling", "specified"], "error: mixture.weights: none for mnli; sampling specified "),
        (["-t", "mnli,xcopa"], "error: --tasks mnli,xcopa: xcopa is trained in two stages, and on its own; name siqa"),
        (["-t", "xnli", "-m", "oracle"], "error: --model oracle: a self-test has no weights to train; give a "),
        (["-t", "xnli", "-m", "./nowhere"], "error: ./nowhere: no such folder; give a checkpoint folder, a Hub id, or"),
        (["-t", "xnli", "--device", "tpu"], "error: --device tpu: expected auto, cpu, cuda or cuda:N"),
        ([], "error: xharness train: Missing option '--tasks'"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_bad_input_is_one_line_and_leaves_nothing(trained: Run, tmp_path: Path, args: list[str], line: str) -> None:
    done = trained(*args)
    assert (done.status, len(done.errors), done.out) == (2, 1, "")
    assert done.errors[0].startswith(line)
    assert not (tmp_path / "out").exists()


def test_a_misspelt_key_of_a_recipe_file_is_named_with_the_file(trained: Run, tmp_path: Path) -> None:
    recipe = tmp_path / "mine.yaml"
    recipe.write_text("defaults: {warmup_ration: 0.1}\ntasks: {xnil: {lr: 1}}\n", "utf-8")
    done = trained("-t", "xnli", "--recipe", recipe)
    assert done.status == 2
    assert done.errors == [
        f"error: {recipe}: defaults.warmup_ration: unknown key (did you mean 'warmup_ratio'?)",
        f"error: {recipe}: tasks.xnil: unknown task (did you mean 'xnli'?)",
    ]
    assert not (tmp_path / "out").exists()


def test_a_data_folder_without_the_file_is_named(trained: Run, tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    done = trained("-t", "xnli", data=str(tmp_path / "data"))
    assert (done.status, len(done.errors)) == (2, 1)
    assert str(tmp_path / "data") in done.errors[0]
    assert "has no English training data" in done.errors[0]
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("data", ["samples", "hub"])
def test_ccg_asks_for_a_local_copy_and_names_the_substitute(trained: Run, tmp_path: Path, data: str) -> None:
    done = trained("-t", "ccg", data=data)
    assert (done.status, len(done.errors)) == (2, 1)
    for part in ("LDC2005T13", "--data ccg=DIR", "ud_xpos"):
        assert part in done.errors[0]
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("family", "line"),
    [
        (
            "bert",
            "--mlm: no trained masked-LM head in this checkpoint (architectures: BertModel); give the base ",
        ),
        ("qwen2", "--mlm: the family 'qwen2' has no masked-LM head"),
    ],
    ids=["an encoder alone", "a decoder"],
)
def test_mlm_needs_a_masked_lm_head(trained: Run, tmp_path: Path, family: str, line: str) -> None:
    base = build(family, None, tmp_path / family)
    (tmp_path / "texts").mkdir()
    (tmp_path / "texts" / "en.txt").write_text("One.\nTwo.\n", "utf-8")
    done = trained("-t", "xnli", "--mlm", tmp_path / "texts", model=base)
    assert (done.status, len(done.errors)) == (2, 1)
    assert done.errors[0].startswith(f"error: {base}: {line}")
    assert trained("-t", "xnli").status == 0, "nothing is left that would be in the way of the next command"


@pytest.mark.parametrize(
    ("files", "line"),
    [
        ({}, "error: --mlm {0}: no texts; expected {0}/<lang>.txt, or {0}/<lang>/*.txt"),
        ({"gr.txt": "a\n"}, "error: {0}/gr.txt: unknown language 'gr' (did you mean 'el'?)"),
    ],
    ids=["none", "an unknown language"],
)
def test_mlm_needs_texts(trained: Run, tmp_path: Path, files: dict[str, str], line: str) -> None:
    texts = tmp_path / "texts"
    texts.mkdir()
    for name, text in files.items():
        (texts / name).write_text(text, "utf-8")
    done = trained("-t", "xnli", "--mlm", texts)
    assert (done.status, done.errors) == (2, [line.format(texts)])
    assert not (tmp_path / "out").exists()


@pytest.mark.slow
def test_a_loss_that_is_no_number_ends_the_run_and_says_what_to_do(trained: Run, tmp_path: Path) -> None:
    done = trained("-t", "xnli", "--set", "lr=1e9")
    assert (done.status, len(done.errors)) == (2, 1)
    assert done.errors[0].startswith("error: xnli: the loss is not a number at step 2 of 3 (lr ")
    assert "lower it by --set lr=" in done.errors[0]
    assert not (tmp_path / "out" / "xharness.json").exists()
    assert trained("-t", "xnli").status == 0, "the same folder, with a rate that is sane"


@pytest.mark.slow
def test_another_run_is_not_trained_over_without_force(trained: Run, tmp_path: Path) -> None:
    assert trained("-t", "xnli").status == 0
    before = {p: p.read_bytes() for p in (tmp_path / "out").rglob("*") if p.is_file()}
    done = trained("-t", "xnli", "--seed", "7")
    assert (done.status, len(done.errors)) == (2, 1)
    assert "holds another run (seed differ" in done.errors[0]
    assert {p: p.read_bytes() for p in (tmp_path / "out").rglob("*") if p.is_file()} == before
    assert trained("-t", "xnli", "--seed", "7", "--force").status == 0
    assert _notes(tmp_path / "out")["lineage"][-1]["seed"] == 7


def test_a_folder_with_other_files_is_left_alone(trained: Run, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "thesis.tex").write_text("mine", "utf-8")
    done = trained("-t", "xnli")
    assert (done.status, len(done.errors)) == (2, 1)
    assert "is not empty (thesis.tex)" in done.errors[0]
    assert [p.name for p in (tmp_path / "out").iterdir()] == ["thesis.tex"]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("task", "auto"),
    [
        ("xnli", "AutoModelForSequenceClassification"),
        ("udpos", "AutoModelForTokenClassification"),
        ("squad", "AutoModelForQuestionAnswering"),
        ("hellaswag", "AutoModelForMultipleChoice"),
    ],
)
def test_one_task_leaves_a_checkpoint_of_plain_transformers(trained: Run, tmp_path: Path, task: str, auto: str) -> None:
    from xtreme_harness.plan.cells import all_cards

    done = trained("-t", task)
    assert done.status == 0, done.err
    assert done.out.splitlines()[-1] == f"checkpoint:  {tmp_path / 'out'}/"
    loaded, info = getattr(transformers, auto).from_pretrained(tmp_path / "out", output_loading_info=True)
    assert not info["missing_keys"]
    assert not info["unexpected_keys"]
    labels = all_cards().card(task).labels
    if labels:
        assert [loaded.config.id2label[i] for i in range(len(labels))] == list(labels)
    transformers.AutoTokenizer.from_pretrained(tmp_path / "out")
    assert not (tmp_path / "out" / "training").exists()
    assert json.loads((tmp_path / "out" / "train.jsonl").read_text().splitlines()[-1])["step"] == 3


def test_the_same_command_keeps_what_is_there(trained: Run, tmp_path: Path) -> None:
    trained("-t", "xnli")
    before = (tmp_path / "out" / "model.safetensors").stat()
    done = trained("-t", "xnli")
    assert (done.status, done.errors) == (0, [])
    assert f"kept {tmp_path / 'out'}: trained before from the same things" in done.err
    assert (tmp_path / "out" / "model.safetensors").stat().st_mtime_ns == before.st_mtime_ns


@pytest.mark.slow
def test_several_tasks_leave_an_encoder_and_their_heads(trained: Run, tmp_path: Path) -> None:
    assert trained(*SEVERAL, steps=6).status == 0
    heads = tmp_path / "out" / "heads"
    assert sorted(p.name for p in heads.iterdir()) == ["hellaswag", "mnli", "squad"]
    assert all((heads / task / "head.safetensors").exists() for task in ("hellaswag", "mnli", "squad"))
    encoder = transformers.AutoModel.from_pretrained(tmp_path / "out")
    assert type(encoder).__name__ == "BertModel"
    assert _notes(tmp_path / "out")["lineage"][-1]["steps_by_task"] == {"mnli": 2, "hellaswag": 2, "squad": 2}


@pytest.mark.slow
def test_every_seed_has_a_folder_of_its_own(trained: Run, tmp_path: Path) -> None:
    done = trained("-t", "xnli", "--seeds", "1,2")
    assert done.status == 0
    places = sorted(p.name for p in (tmp_path / "out").iterdir())
    assert places == ["seed-1", "seed-2"]
    weights = [(tmp_path / "out" / place / "model.safetensors").read_bytes() for place in places]
    assert weights[0] != weights[1]
    assert [_notes(tmp_path / "out" / place)["lineage"][-1]["seed"] for place in places] == [1, 2]


def test_a_dry_run_shows_the_steps_and_writes_nothing(trained: Run, tmp_path: Path) -> None:
    done = trained(*SEVERAL, "--dry-run", steps=6)
    assert (done.status, done.err) == (0, "")
    assert [line.split("|")[1].strip() for line in done.out.splitlines()[2:5]] == ["mnli", "hellaswag", "squad"]
    assert "; nothing was trained\n\ngraph: 1 job: 1 training\n" in done.out
    assert not (tmp_path / "out").exists()


def _notes(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / "xharness.json").read_text("utf-8"))
    return found
