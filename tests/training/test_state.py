"""The saved state of a run: whole or not there."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch

from xtreme_harness.errors import OutputError
from xtreme_harness.training.selection import Best
from xtreme_harness.training.state import Saver, State, load_state, save_state, save_weights


def pair(seed: int = 0) -> tuple[torch.nn.Module, torch.optim.Optimizer]:
    """A network and its optimiser, one step on."""
    torch.manual_seed(seed)
    network = torch.nn.Linear(3, 2)
    optimizer = torch.optim.AdamW(network.parameters(), lr=0.1)
    network(torch.ones(1, 3)).sum().backward()
    optimizer.step()
    return network, optimizer


def load(folder: Path, key: str = "k") -> tuple[State, torch.nn.Module, torch.optim.Optimizer]:
    """What another process finds."""
    network, optimizer = pair(seed=1)
    return load_state(folder, key, network, optimizer, torch.device("cpu")), network, optimizer


def test_it_comes_back(tmp_path: Path) -> None:
    network, optimizer = pair()
    save_weights(tmp_path, 4, network)
    best = Best(4, 71.5, 1, 70.0, {"xnli": 71.5})
    save_state(tmp_path, State(7, best), "k", network, optimizer)
    state, other, moments = load(tmp_path)
    assert (state.step, state.best) == (7, best)
    assert torch.equal(other.weight, network.weight)
    one, two = (o.state_dict()["state"][0]["exp_avg"] for o in (optimizer, moments))
    assert torch.equal(one, two)


def test_the_scale_of_float16_comes_back(tmp_path: Path) -> None:
    network, optimizer = pair()
    scaler = torch.amp.GradScaler("cpu", init_scale=64.0)
    save_state(tmp_path, State(1, Best()), "k", network, optimizer, scaler)
    other = torch.amp.GradScaler("cpu", init_scale=2.0)
    load_state(tmp_path, "k", *pair(seed=1), torch.device("cpu"), other)
    assert other.get_scale() == 64.0


@pytest.mark.parametrize(
    "spoil",
    [
        lambda file: file.write_bytes(file.read_bytes()[:-200]),
        lambda file: file.write_bytes(b""),
        lambda file: file.write_bytes(b"no state"),
        lambda file: torch.save({}, file),
        lambda file: torch.save([1], file),
        lambda file: file.unlink(),
        lambda file: (file.parent / "best-4.safetensors").unlink(),
    ],
    ids=["truncated", "empty", "garbage", "another dictionary", "a list", "gone", "its best weights are gone"],
)
def test_what_is_no_state_starts_anew(tmp_path: Path, spoil: Any) -> None:
    network, optimizer = pair()
    save_weights(tmp_path, 4, network)
    save_state(tmp_path, State(7, Best(4, 71.5)), "k", network, optimizer)
    spoil(tmp_path / "state.pt")
    state, other, _ = load(tmp_path)
    assert (state.step, state.best) == (0, Best())
    assert torch.equal(other.weight, pair(seed=1)[0].weight), "untouched"


def test_another_run_is_not_continued(tmp_path: Path) -> None:
    save_state(tmp_path, State(7, Best()), "k", *pair())
    assert load(tmp_path, "other")[0].step == 0


def test_what_a_killed_writer_left_is_passed_over(tmp_path: Path) -> None:
    save_state(tmp_path, State(7, Best()), "k", *pair())
    (tmp_path / ".state.pt.0123.tmp").write_bytes((tmp_path / "state.pt").read_bytes()[:100])
    assert load(tmp_path)[0].step == 7
    save_state(tmp_path, State(9, Best()), "k", *pair())
    assert load(tmp_path)[0].step == 9


def test_a_full_disk_leaves_the_state_before(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    save_state(tmp_path, State(7, Best()), "k", *pair())

    def full(whole: Any, path: Path) -> None:
        path.write_bytes(b"the first half")
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(torch, "save", full)
        with pytest.raises(OutputError) as caught:
            save_state(tmp_path, State(8, Best()), "k", *pair())
    assert str(caught.value) == (
        f"{tmp_path / 'state.pt'}: cannot be written (No space left on device); what was saved before is untouched"
    )
    assert load(tmp_path)[0].step == 7
    assert [p.name for p in tmp_path.iterdir()] == ["state.pt"]


def test_selected_weights_of_earlier_steps_go_once_a_state_refers_to_later_ones(tmp_path: Path) -> None:
    network, optimizer = pair()
    for step in (2, 4):
        save_weights(tmp_path, step, network)
    save_state(tmp_path, State(5, Best(4, 1.0)), "k", network, optimizer)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["best-4.safetensors", "state.pt"]


@pytest.mark.parametrize(
    "change",
    [{"step": "x"}, {"best": 1}, {"best": {"nosuch": 1}}, {"weights": {}}, {"weights": None}, {"optimizer": {}},
     {"optimizer": {"state": {}, "param_groups": []}}],
    ids=str,
)  # fmt: skip
def test_a_state_that_was_changed_is_passed_over(tmp_path: Path, change: dict[str, Any]) -> None:
    save_state(tmp_path, State(7, Best()), "k", *pair())
    torch.save({**torch.load(tmp_path / "state.pt", weights_only=True), **change}, tmp_path / "state.pt")
    state, network, _ = load(tmp_path)
    assert state.step == 0 and torch.equal(network.weight, pair(seed=1)[0].weight)


def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "state.pt")
    assert load(tmp_path)[0].step == 0
    os.mkfifo(tmp_path / "best-3.safetensors")
    saver = Saver(tmp_path, "k", *pair(), SimpleNamespace(is_main_process=True, scaler=None))
    with pytest.raises(OutputError, match=r"best-3.safetensors: cannot be read \(found a pipe, expected a file\)"):
        saver.restore(3)
