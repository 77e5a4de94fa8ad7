"""What a command will do, found without weights."""

from __future__ import annotations

from pathlib import Path

import pytest

from xtreme_harness import CardError, DataError
from xtreme_harness.data.sources import Data, parse_data
from xtreme_harness.plan.cells import BY_NAME, Plan, all_cards, make_plan, scopes_of, select

CARDS = all_cards()
SAMPLES = parse_data(["samples"], CARDS.tasks)


def planned(*names: str, data: Data = SAMPLES, split: str = "test", languages: tuple[str, ...] = ()) -> Plan:
    return make_plan(select(CARDS, names), data, split, languages)


class TestSelect:
    """Names to targets."""

    @pytest.mark.parametrize(
        ("name", "tasks"),
        [
            ("xtreme", ["pawsx", "xnli", "panx", "udpos", "bucc2018", "tatoeba", "xquad", "mlqa", "tydiqa"]),
            ("tagging", ["udpos", "panx"]),
            ("qa", ["xquad", "mlqa", "tydiqa"]),
            ("tagging@world", ["uner", "masakhaner_en"]),
            ("tagging@xtreme-r", ["udpos", "panx"]),
            ("xnli", ["xnli"]),
            ("x[a-q]*", ["xcopa", "xnli", "xquad"]),
            ("tatoeba@xtreme-r", ["tatoeba@xtreme-r"]),
            ("tatoeba@xtreme", ["tatoeba"]),
        ],
    )
    def test_suites_groups_tasks_and_globs(self, name: str, tasks: list[str]) -> None:
        assert [target.key for target in select(CARDS, [name])] == tasks

    def test_a_bare_task_means_the_languages_of_all_its_suites(self) -> None:
        (bare,) = select(CARDS, ["udpos"])
        (first,) = [t for t in select(CARDS, ["xtreme"]) if t.key == "udpos"]
        (second,) = [t for t in select(CARDS, ["xtreme-r"]) if t.key == "udpos"]
        assert set(bare.languages) == set(first.languages) | set(second.languages)
        assert (bare.scope, first.scope) == (BY_NAME, "xtreme")

    def test_xtreme_r_reads_tatoeba_from_the_squad_model(self) -> None:
        units = {t.key: t.unit for suite in ("xtreme", "xtreme-r") for t in select(CARDS, [suite])}
        assert units["tatoeba"] is None
        assert units["tatoeba@xtreme-r"] == "squad"
        assert (units["xquad"], units["mlqa"], units["tydiqa"]) == ("squad", "squad", "tydiqa")
        assert (units["lareqa"], units["mewslix"], units["bucc2018"]) == ("lareqa", "mewslix", None)
        assert units["xcopa"] == "xcopa"

    def test_names_that_are_given_twice_count_once(self) -> None:
        assert len(select(CARDS, ["xnli", "xnli", "xn*"])) == 1

    @pytest.mark.parametrize(
        ("name", "message"),
        [
            ("xnlli", "unknown task 'xnlli' (did you mean 'xnli'?); see `xharness tasks list`"),
            ("xtrem", "unknown task 'xtrem' (did you mean 'xtreme'?); see `xharness tasks list`"),
            ("z*", "unknown task 'z*'; see `xharness tasks list`"),
            ("xnli@nowhere", "unknown task 'xnli@nowhere': xnli is in the suites xtreme, xtreme-r"),
            ("bucc2018@xtreme-r", "unknown task 'bucc2018@xtreme-r': bucc2018 is in the suites xtreme"),
        ],
    )
    def test_unknown_names(self, name: str, message: str) -> None:
        with pytest.raises(CardError) as raised:
            select(CARDS, ["xnli", name])
        assert raised.value.faults == (message,)

    def test_all_unknown_names_together(self) -> None:
        with pytest.raises(CardError) as raised:
            select(CARDS, ["foo", "xnli", "bar"])
        assert len(raised.value.faults) == 2

    def test_no_name(self) -> None:
        with pytest.raises(CardError, match="no task named"):
            select(CARDS, [])


class TestMakePlan:
    """Targets and data to cells."""

    def test_both_suites_share_cells(self) -> None:
        plan = planned("xtreme", "xtreme-r", "xnli")
        (cell,) = [c for c in plan.cells if c.name == "xnli de"]
        assert cell.scopes == ("xtreme", "xtreme-r", BY_NAME)
        assert len({c.name for c in plan.cells}) == len(plan.cells) == 100
        assert list(scopes_of(plan)) == ["xtreme", "xtreme-r", BY_NAME]

    def test_cells_by_unit(self) -> None:
        units = planned("xtreme", "xtreme-r").units()
        assert {cell.key for cell in units["squad"]} == {"xquad", "mlqa", "tatoeba@xtreme-r"}
        assert {cell.key for cell in units[None]} == {"bucc2018", "tatoeba"}

    def test_what_the_data_lacks_is_listed(self) -> None:
        plan = planned("pawsx")
        assert [(m.language, m.reason) for m in plan.missing] == [("es", "samples has no test data")]

    def test_another_split_that_is_there_is_named(self) -> None:
        reasons = {m.language: m.reason for m in planned("xnli", split="dev").missing}
        assert reasons["de"] == "samples has no dev data; test is there: --split test"

    def test_lacking_a_language_that_was_asked_for_is_an_error(self) -> None:
        with pytest.raises(DataError) as raised:
            planned("pawsx", "xnli", languages=("es", "de"))
        assert raised.value.faults == ("pawsx es: samples has no test data", "xnli es: samples has no test data")

    @pytest.mark.parametrize(("code", "near"), [("gr", "el"), ("german", "de"), ("cn", "zh")])
    def test_an_unknown_language_has_its_nearest(self, code: str, near: str) -> None:
        with pytest.raises(
            DataError, match=rf"--languages {code}: none of the tasks has it \(did you mean '{near}'\?\)"
        ):
            planned("xnli", languages=(code,))

    @pytest.mark.parametrize("word", ["deu", "deu_Latn", "de-DE", "ger"])
    def test_a_language_is_found_by_its_other_codes(self, word: str) -> None:
        plan = planned("xnli", languages=(word,))
        assert [cell.language for cell in plan.cells] == ["de"]

    def test_a_language_of_one_task_is_no_error_for_another(self) -> None:
        plan = planned("pawsx", "xnli", languages=("hi",))
        assert [cell.name for cell in plan.cells] == ["xnli hi"]

    def test_no_data_at_all(self, tmp_path: Path) -> None:
        with pytest.raises(DataError, match=r"nothing to evaluate: xnli: .* has no test data"):
            planned("xnli", data=Data(tmp_path, name=str(tmp_path)))

    def test_a_task_that_the_hub_lacks_says_where_to_get_it(self) -> None:
        plan = planned("lareqa", "xnli", data=Data())
        reasons = {m.reason for m in plan.missing if m.key == "lareqa"}
        assert len(reasons) == 1
        assert reasons.pop().startswith("not on the Hub; use --data DIR or --data samples. ")

    def test_mining_needs_the_split_that_its_threshold_is_chosen_on(self, samples: Path, tmp_path: Path) -> None:
        (tmp_path / "bucc2018").mkdir()
        for file in (samples / "bucc2018").glob("de-en.test.*"):
            (tmp_path / "bucc2018" / file.name).write_bytes(file.read_bytes())
        with pytest.raises(DataError, match="has no dev data, on which the threshold is chosen"):
            planned("bucc2018", data=Data(tmp_path, name="here"))

    def test_the_tuning_split_is_part_of_the_cell(self) -> None:
        (cell,) = planned("bucc2018", languages=("de",)).cells
        assert cell.tuning is not None
        assert any(".dev." in name for name in cell.tuning.hashes())


def test_a_cell_has_the_labels_of_the_local_file(tmp_path: Path) -> None:
    (tmp_path / "dev.tsv").write_text("Birds sing\tN V\n")
    (tmp_path / "tags_to_id.json").write_text('{"V": 0, "N": 1}')
    data = parse_data([f"ccg={tmp_path}"], CARDS.tasks)
    (cell,) = planned("ccg", data=data, split="dev").cells
    assert cell.card.labels == ("V", "N")
    (tmp_path / "tags_to_id.json").unlink()
    with pytest.raises(DataError, match=r"ccg: .* has no ccg/tags_to_id\.json"):
        planned("ccg", data=data, split="dev")


def test_a_card_of_parts_is_evaluated_by_its_parts() -> None:
    with pytest.raises(DataError, match="evaluate its parts: --tasks snli,mnli,anli"):
        planned("anli_plus", split="dev")
