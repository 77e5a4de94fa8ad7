"""results.json and the official leaderboard files."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from datetime import UTC, datetime
from importlib.resources import files
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from xtreme_harness import DataError, evaluate
from xtreme_harness.jobs import Watch
from xtreme_harness.plan.cells import all_cards
from xtreme_harness.results.json_file import to_json

CARDS = all_cards()


def schema(name: str) -> jsonschema.Draft202012Validator:
    read = json.loads((files("xtreme_harness.results") / f"{name}.schema.json").read_text("utf-8"))
    jsonschema.Draft202012Validator.check_schema(read)
    return jsonschema.Draft202012Validator(read)


def faults(out: Path) -> list[str]:
    """What the schemas say against the files that a run left."""
    found = []
    for path in [out / "results.json", *sorted(out.glob("leaderboard-*.json"))]:
        validator = schema("results" if path.name == "results.json" else "leaderboard")
        found += [f"{path.name}: {e.json_path}: {e.message}" for e in validator.iter_errors(read(path))]
    return found


def read(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(path.read_text("utf-8"))
    return found


class TestSchemas:
    """Every file written is checked, also those of runs that went wrong."""

    def test_complete_runs(self, oracle_run: Path, demo_run: Path) -> None:
        assert faults(oracle_run) == []
        assert faults(demo_run) == []

    @pytest.mark.slow
    @pytest.mark.parametrize(
        "options",
        [
            {"limit": 1}, {"split": "dev"}, {"languages": "de"}, {"model": "random"}, {"model": "majority"},
            {"tasks": ["xnli", "tatoeba@xtreme-r", "qa"]}, {"tasks": ["xtreme", "xtreme-r", "x*", "tagging"]},
        ],
        ids=str,
    )  # fmt: skip
    def test_partial_and_limited_runs(self, tmp_path: Path, options: Mapping[str, Any]) -> None:
        ask: dict[str, Any] = {"model": "oracle", "tasks": ["xtreme", "xtreme-r"], "data": "samples", **options}
        evaluate(output=tmp_path, **ask)
        assert faults(tmp_path) == []

    def test_runs_with_faults_without_gold_or_interrupted(self, samples: Path, tmp_path: Path) -> None:
        data = tmp_path / "data"
        for task in ("pawsx", "xnli"):
            shutil.copytree(samples / task, data / task)
        (data / "pawsx/test-de.tsv").write_text("x\n")
        lines = (data / "xnli/test-de.tsv").read_text("utf-8").splitlines()
        (data / "xnli/test-de.tsv").write_text("".join(line.rpartition("\t")[0] + "\n" for line in lines), "utf-8")
        evaluate("majority", "xtreme", data=str(data), output=tmp_path / "out")
        assert faults(tmp_path / "out") == []
        own = read(tmp_path / "out/results.json")["xharness"]
        statuses = {(c["task"], c["language"]): c["status"] for c in own["cells"]}
        assert statuses["xnli", "de"] == "unscored"
        assert "pawsx de" in own["failed"]
        with pytest.raises(DataError):
            evaluate("oracle", "pawsx", data=str(data), output=tmp_path / "all-failed", languages="de")
        assert faults(tmp_path / "all-failed") == []

        def stop(done: Any) -> None:
            raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            evaluate("majority", "xnli", data=str(data), output=tmp_path / "out", watch=Watch(cell=stop))
        assert faults(tmp_path / "out") == []

    def test_refuses_what_does_not_belong(self, oracle_run: Path) -> None:
        found = read(oracle_run / "results.json")
        found["xharness"]["extra"] = 1
        found["xharness"]["cells"][0]["extra"] = 1
        found["xharness"]["cells"][1]["metrics"]["accuracy"] = 101
        assert len(list(schema("results").iter_errors(found))) == 3
        board = read(oracle_run / "leaderboard-xtreme.json")
        board["xharness"]["note"] = "x"
        board["all_task"] = -101
        assert len(list(schema("leaderboard").iter_errors(board))) == 2


class TestLmEvalKeys:
    """What lm-eval's own tools read."""

    def test_top_level_keys(self, oracle_run: Path) -> None:
        assert list(read(oracle_run / "results.json")) == [
            "results", "groups", "group_subtasks", "configs", "versions", "n-shot", "higher_is_better", "n-samples",
            "config", "git_hash", "date", "pretty_env_info", "transformers_version", "model_source", "model_name",
            "model_name_sanitized", "total_evaluation_time_seconds", "xharness",
        ]  # fmt: skip

    def test_figures_are_fractions_here_and_percents_in_our_block(self, demo_run: Path) -> None:
        found = read(demo_run / "results.json")
        cell = next(c for c in found["xharness"]["cells"] if (c["task"], c["language"]) == ("pawsx", "de"))
        entry = found["results"]["pawsx_de"]
        assert set(entry) == {"alias", "acc,none", "acc_stderr,none"}
        assert entry["acc,none"] == cell["metrics"]["accuracy"] / 100
        p, n = entry["acc,none"], cell["n"]
        assert entry["acc_stderr,none"] == pytest.approx((p * (1 - p) / (n - 1)) ** 0.5, rel=1e-6)

    def test_groups_have_subtasks(self, oracle_run: Path) -> None:
        found = read(oracle_run / "results.json")
        assert set(found["groups"]) == set(found["group_subtasks"])
        assert found["group_subtasks"]["pawsx"][0] == "pawsx_de"
        assert found["group_subtasks"]["classification"] == ["pawsx", "xnli"]
        assert found["group_subtasks"]["xtreme"] == list(CARDS.suites["xtreme"].tasks)
        for name in ("xnli", "xnli@xtreme-r", "classification", "classification@xtreme-r", "tatoeba@xtreme-r"):
            assert name in found["groups"]
            assert found["results"][name] == found["groups"][name]

    def test_every_cell_stands_in_every_table(self, oracle_run: Path) -> None:
        found = read(oracle_run / "results.json")
        names = {f"{c['task']}_{c['language']}" for c in found["xharness"]["cells"]}
        for table in ("configs", "versions", "n-shot", "higher_is_better", "n-samples"):
            assert set(found[table]) == names
        assert found["n-samples"]["xnli_de"] == {"original": 5010, "effective": 24}

    def test_two_main_values_have_a_score_of_their_own(self, oracle_run: Path) -> None:
        entry = read(oracle_run / "results.json")["groups"]["xquad"]
        assert set(entry) == {"alias", "exact_match,none", "f1,none", "score,none", "score_stderr,none"}


class TestOwnBlock:
    """What lm-eval's keys cannot say."""

    def test_limited(self, tmp_path: Path) -> None:
        evaluate("oracle", "xtreme", data="samples", output=tmp_path, limit=2)
        own = read(tmp_path / "results.json")["xharness"]
        assert own["limited"] is True
        assert own["complete"] is False
        assert "|limit:2|" in own["signature"]
        assert read(tmp_path / "leaderboard-xtreme.json")["xharness"]["limited"] is True
        assert all("|limit:2|" in cell["signature"] for cell in own["cells"])

    def test_complete_needs_every_language(self, tmp_path: Path) -> None:
        full = evaluate("oracle", "bucc2018", data="samples", output=tmp_path / "a")
        assert full.complete
        assert not evaluate("oracle", "pawsx", data="samples", output=tmp_path / "b").complete

    def test_transfer_gap(self, demo_run: Path) -> None:
        own = read(demo_run / "results.json")["xharness"]
        scores = {c["language"]: c["metrics"]["accuracy"] for c in own["cells"] if c["task"] == "pawsx"}
        others = [scores[code] for code in scores if code != "en"]
        assert own["transfer_gap"]["pawsx"] == pytest.approx(scores["en"] - sum(others) / len(others))
        assert "xcopa" not in own["transfer_gap"]  # no English there
        assert "bucc2018" not in own["transfer_gap"]

    def test_lineage_and_datasets(self, demo_run: Path) -> None:
        own = read(demo_run / "results.json")["xharness"]
        assert {stage["stage"] for stage in own["lineage"]} <= {"base", "intermediate", "target"}
        assert {Path(stage["checkpoint"]).name for stage in own["lineage"]} == {
            "encoder", "xnli", "pawsx", "xcopa", "udpos", "panx", "squad", "tydiqa", "lareqa", "mewslix",
        }  # fmt: skip
        assert own["datasets"]["pawsx"]["source"] == "samples"
        assert own["datasets"]["pawsx"]["rows"] == 120
        assert set(own["datasets"]["pawsx"]["sha256"]) == {
            f"test-{c}.tsv" for c in ("de", "en", "fr", "ja", "ko", "zh")
        }

    def test_uncertainty_has_every_mean_with_an_interval_around_it(self, demo_run: Path) -> None:
        scopes = read(demo_run / "results.json")["xharness"]["uncertainty"]["scopes"]
        assert set(scopes) == {"xtreme", "xtreme-r"}
        assert set(scopes["xtreme"]["groups"]) == {"classification", "tagging", "qa", "retrieval", "xtreme"}
        assert "xtreme_r_mean_10" in scopes["xtreme-r"]["groups"]
        for scope in scopes.values():
            for entry in [*scope["tasks"].values(), *scope["groups"].values()]:
                low, high = entry["interval"]
                assert low <= entry["value"] <= high
                assert high - entry["value"] == pytest.approx(min(1.96 * entry["standard_error"], 100 - entry["value"]))

    def test_same_inputs_same_bytes(self, tmp_path: Path) -> None:
        now = datetime(2026, 1, 1, tzinfo=UTC)
        one, two = (evaluate("oracle", "pawsx", data="samples", output=tmp_path / name) for name in "ab")
        texts = []
        for result in (one, two):
            found = to_json(result, 1.0, now)
            for cell in found["xharness"]["cells"]:
                cell["seconds"] = 0
            texts.append(json.dumps(found))
        assert texts[0] == texts[1]
