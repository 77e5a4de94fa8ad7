"""`make gpu-check`, as far as it can be tried without a GPU."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from tests.fixtures.pretended_gpu import pretended_gpu
from tests.gpu_check import __main__ as check
from tests.gpu_check.facts import facts, first_line
from tests.gpu_check.parts import Part, compare_demo, compared, speed, summary


def test_without_a_gpu_it_says_so(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert check.main([]) == 2
    out, err = capsys.readouterr()
    assert not out and err == f"error: torch {torch.__version__} finds no GPU; run this where there is one\n"


@pytest.mark.parametrize(("well", "status", "said"), [(True, 0, "as it should be"), (False, 1, "NOT as it should be")])
def test_the_block_to_report(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], well: bool, status: int, said: str
) -> None:
    def breaks(folder: Path) -> Part:
        assert folder.is_dir()
        raise RuntimeError("CUDA error:\nan illegal memory access")

    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(check, "facts", lambda: {"GPUs": "one", "driver": "550"})
    monkeypatch.setattr(check, "PARTS", {"tests": lambda folder: Part(well, ["3 passed in 1.0s"]), "demo": breaks})
    assert check.main(["--only", "tests"]) == status
    lines = capsys.readouterr().out.splitlines()
    assert lines[1:-1] == ["GPUs: one", "driver: 550", "", f"tests: {said}", "3 passed in 1.0s"]
    assert check.main([]) == 1
    assert "broke off: RuntimeError: CUDA error: an illegal memory access" in capsys.readouterr().out


def test_facts_where_there_is_no_driver() -> None:
    assert first_line("no-such-command") == "unknown"
    assert {"GPUs", "driver", "torch", "packages", "xharness"} <= set(facts())


def test_what_pytest_says_at_its_end() -> None:
    printed = "..F\nFAILED tests/gpu/test_forward.py::x - assert 1 < 0\n1 failed, 2 passed, 9 deselected in 3.21s\n"
    assert summary(printed) == printed.splitlines()[1:]
    assert summary("Killed") == ["pytest has not come to its end"]


def test_prediction_files_side_by_side(tmp_path: Path) -> None:
    for place, xnli, lareqa in (("cpu", "a\n", "{1}"), ("gpu", "a\n", "{2}"), ("off", "b\n", "{1}")):
        for task, text in (("xnli", xnli), ("lareqa", lareqa)):
            file = tmp_path / place / "tasks" / task / "test-en.txt"
            file.parent.mkdir(parents=True)
            file.write_text(text)
    near = compared(tmp_path / "cpu", tmp_path / "gpu")
    assert near.well and near.lines[1:] == ["tasks/lareqa/test-en.txt: other order of what is equally near"]
    wrong = compared(tmp_path / "cpu", tmp_path / "off")
    assert not wrong.well and wrong.lines[1:] == ["tasks/xnli/test-en.txt: differs"]
    assert not compared(tmp_path / "cpu", tmp_path / "none").well
    assert not compared(tmp_path / "none", tmp_path / "cpu").well, "nothing compared is nothing shown"


def test_a_line_of_speed() -> None:
    facts = {"dtype": "bfloat16", "gflop": 50.0}
    line = speed("forward, ours", facts, [1.0, 9.0, 2.0], 1000, {"bfloat16": [100.0]})
    assert line == "forward, ours (bfloat16): 2.000 s, 500 a second, 25 % of the matrix peak"


@pytest.mark.slow
def test_the_demo_on_a_pretended_gpu(tmp_path: Path) -> None:
    with pretended_gpu() as seen:
        found = compare_demo(tmp_path, ["panx", "tatoeba"])
    assert found.well and seen.operations and len(found.lines) == 1, found.lines
