"""Boards: what is compared with what, ranks, means, filters, sorting."""

from __future__ import annotations

import json
from collections.abc import Mapping

import pytest

from xtreme_harness.cards import Cards
from xtreme_harness.errors import CardError
from xtreme_harness.leaderboard.board import Board, View
from xtreme_harness.leaderboard.formats import to_csv, to_json, to_latex, to_markdown
from xtreme_harness.leaderboard.sections import build_board
from xtreme_harness.leaderboard.submissions import Submission, load_submissions
from xtreme_harness.plan.cells import all_cards

XTREME = View(suites=("xtreme",))
SEVEN = ("pawsx", "xnli", "panx", "udpos", "xquad", "mlqa", "tydiqa")


@pytest.fixture(scope="module")
def cards() -> Cards:
    return all_cards()


def metrics(cards: Cards, task: str, value: float, f1_alone: bool = False) -> dict[str, float]:
    from xtreme_harness.metrics import METRICS

    main = METRICS[cards.card(task).metric].main
    return {"f1": value} if f1_alone and len(main) > 1 else dict.fromkeys(main, value)


def row(
    cards: Cards, slug: str, value: float, tasks: tuple[str, ...] = SEVEN, f1_alone: bool = False, **more: object
) -> Submission:
    figures: Mapping[str, Mapping[str, float]] = {t: metrics(cards, t, value, f1_alone) for t in tasks}
    given: dict[str, object] = {"tasks": figures, "suite": "xtreme", "split": "test", "setting": "zero-shot"} | more
    return Submission(slug=slug, kind="published", model=slug.upper(), source="paper", **given)  # type: ignore[arg-type]


def ranks(board: Board) -> list[list[tuple[int | None, str]]]:
    return [[(r.rank, r.submission.slug) for r in section.rows] for section in board.sections]


def test_rows_with_the_same_tasks_are_ranked_and_ties_share_a_rank(cards: Cards) -> None:
    rows = [row(cards, "a", 50), row(cards, "b", 70), row(cards, "c", 50), row(cards, "d", 40)]
    assert ranks(build_board(rows, cards, XTREME)) == [[(1, "b"), (2, "a"), (2, "c"), (4, "d")]]


def test_different_tasks_conventions_and_splits_never_share_a_ranking(cards: Cards) -> None:
    nine = cards.suites["xtreme"].tasks
    rows = [
        row(cards, "seven", 90),
        row(cards, "f1", 95, f1_alone=True),
        row(cards, "dev", 99, split="dev"),
        row(cards, "nine", 10, tasks=nine),
        row(cards, "six", 80, tasks=SEVEN[1:]),
    ]
    board = build_board(rows, cards, XTREME)
    assert ranks(board)[0] == [(1, "nine")]
    assert sorted(ranks(board)) == sorted([[(1, slug)] for slug in ("nine", "seven", "f1", "dev", "six")])
    titles = {s.rows[0].submission.slug: s.title for s in board.sections}
    assert titles["nine"] == "xtreme: all 9 tasks (test)"
    assert titles["seven"] == "xtreme: 7 tasks (without bucc2018, tatoeba) (test)"
    assert titles["f1"] == "xtreme: 7 tasks (without bucc2018, tatoeba); xquad, mlqa, tydiqa: f1 alone (test)"
    assert titles["dev"].endswith("(dev)")
    notes = {s.rows[0].submission.slug: s.notes for s in board.sections}
    assert notes["nine"] == ()
    assert all("not comparable" in notes[slug][0] for slug in ("seven", "f1", "dev", "six"))


def test_means_are_those_of_the_suite_or_say_what_they_are(cards: Cards) -> None:
    nine = row(cards, "nine", 60, tasks=cards.suites["xtreme"].tasks)
    seven, f1 = row(cards, "seven", 60), row(cards, "f1", 60, f1_alone=True)
    found = {s.rows[0].submission.slug: s.rows[0] for s in build_board([nine, seven, f1], cards, XTREME).sections}
    assert found["nine"].means == {"overall": 60.0}
    assert set(found["nine"].groups) == {"classification", "tagging", "qa", "retrieval"}
    assert list(found["seven"].means) == ["mean of 7: pawsx xnli panx udpos xquad mlqa tydiqa"]
    assert set(found["seven"].groups) == {"classification", "tagging", "qa"}
    assert list(found["f1"].means) == [
        "mean of 7: pawsx xnli panx udpos xquad mlqa tydiqa (f1 alone: xquad mlqa tydiqa)"
    ]
    assert set(found["f1"].groups) == {"classification", "tagging"}


def test_qa_figure_is_the_mean_of_exact_match_and_f1(cards: Cards) -> None:
    figures = {"xquad": {"exact_match": 60.0, "f1": 80.0}}
    given = Submission("a", "published", "A", "xtreme", "paper", "zero-shot", "test", figures)
    (section,) = build_board([given], cards, View(tasks=("xquad",))).sections
    assert section.rows[0].figures["xquad"].value == 70.0


def test_xtreme_r_has_means_of_its_own(cards: Cards) -> None:
    suite = cards.suites["xtreme-r"]
    rows = [row(cards, "ten", 30, tasks=suite.tasks, suite="xtreme-r")]
    rows += [row(cards, "nine", 40, tasks=suite.means["xtreme_r_mean_9"], suite="xtreme-r")]
    ten, nine = build_board(rows, cards, View(suites=("xtreme-r",))).sections
    assert ten.means == ("xtreme_r_mean_9", "xtreme_r_mean_10")
    assert nine.means == ("xtreme_r_mean_9",)
    assert "overall" not in ten.means


def test_task_filter_compares_what_all_have(cards: Cards) -> None:
    rows = [row(cards, "seven", 50), row(cards, "f1", 60, f1_alone=True), row(cards, "one", 70, tasks=("xnli",))]
    board = build_board(rows, cards, View(tasks=("xnli",)))
    assert ranks(board) == [[(1, "one"), (2, "f1"), (3, "seven")]]
    assert board.sections[0].means == ()
    qa = build_board(rows, cards, View(groups=("qa",)))
    assert ranks(qa) == [[(1, "seven")], [(1, "f1")]]
    assert qa.sections[0].rows[0].groups == {"qa": 50.0}


def test_language_filter_reads_single_languages_and_hides_the_doubtful(cards: Cards) -> None:
    cells = {"xnli": {"sw": {"accuracy": 40.0}, "de": {"accuracy": 60.0}}}
    rows = [
        row(cards, "a", 0, tasks=(), languages=cells),
        row(cards, "b", 0, tasks=(), languages=cells, doubtful={"xnli": ("sw",)}),
    ]
    board = build_board(rows, cards, View(languages=("sw", "de"), tasks=("xnli",)))
    assert [c.name for c in board.sections[0].columns] == ["xnli_sw", "xnli_de"]
    assert ranks(board) == [[(1, "a")], [(1, "b")]]
    assert board.sections[0].rows[0].means == {"mean of 2: xnli_sw xnli_de": 50.0}
    assert set(board.sections[1].rows[0].figures) == {"xnli_de"}
    hidden = build_board(rows, cards, XTREME)
    assert hidden.sections == ()
    assert hidden.notes == ("Not shown, with figures in some languages only (--language shows them): a, b",)


def test_task_without_a_printed_mean_has_one_where_all_languages_are_there(cards: Cards) -> None:
    codes = cards.card("pawsx").suites["xtreme"].languages
    cells = {"pawsx": {code: {"accuracy": float(i)} for i, code in enumerate(codes)}}
    (section,) = build_board([row(cards, "a", 0, tasks=(), languages=cells)], cards, XTREME).sections
    assert section.rows[0].figures["pawsx"].value == 3.0


def test_incomplete_run_is_shown_and_not_ranked(cards: Cards) -> None:
    cells = {"xnli": {"sw": {"accuracy": 40.0}, "de": {"accuracy": 60.0}}}
    mine = row(cards, "out", 0, tasks=(), languages=cells, missing=("xnli in 2 of 15 languages",))
    board = build_board([row(cards, "a", 70), mine], cards, XTREME)
    last = board.sections[-1]
    assert (last.title, last.rows[0].rank) == ("xtreme: incomplete runs (test)", None)
    assert last.notes == ("Not ranked: out is incomplete (xnli in 2 of 15 languages).",)
    assert last.rows[0].means == {}
    assert "50.0 (2/15)" in to_markdown(board)


def test_sort_orders_rows_and_keeps_ranks(cards: Cards) -> None:
    good, bad = row(cards, "good", 60), row(cards, "bad", 50)
    bad.tasks["xnli"]["accuracy"] = 99.0  # type: ignore[index]
    assert ranks(build_board([good, bad], cards, View(sort="xnli"))) == [[(2, "bad"), (1, "good")]]
    assert ranks(build_board([bad, good], cards, View(sort="model"))) == [[(2, "bad"), (1, "good")]]
    assert ranks(build_board([bad, good], cards, View(sort="overall"))) == [[(1, "good"), (2, "bad")]]


def test_settings_that_differ_are_said(cards: Cards) -> None:
    rows = [row(cards, "a", 50), row(cards, "b", 60, setting="translate-train")]
    assert "settings of the systems differ" in build_board(rows, cards, XTREME).sections[0].notes[0]


def test_unknown_names_come_together_with_the_nearest(cards: Cards) -> None:
    view = View(("xtrem",), ("xnlli",), ("quality",), ("qq",))
    with pytest.raises(CardError) as error:
        build_board([], cards, view)
    assert "--suite xtrem: unknown suite (did you mean 'xtreme'?)" in str(error.value)
    assert [fault.split(":")[0] for fault in error.value.faults] == [
        "--suite xtrem",
        "--task xnlli",
        "--group quality",
        "--language qq",
    ]
    with pytest.raises(CardError, match=r"--sort xnlii: no such column \(did you mean 'xnli'\?\)"):
        build_board([row(cards, "a", 1)], cards, View(sort="xnlii"))


def test_formats_of_an_empty_board() -> None:
    empty = Board((), ())
    assert json.loads(to_json(empty)) == {"sections": [], "notes": []}
    assert to_csv(empty).startswith("suite,split,section,rank")
    assert to_markdown(empty) == to_latex(empty) == "\n"


def test_special_characters_are_escaped(cards: Cards) -> None:
    one = row(cards, "a", 50)
    odd = Submission("a", "published", r"A&B 5% x_y #1 {z} $|\^~", "xtreme", "p|q", "zero-shot", "test", one.tasks)
    board = build_board([odd], cards, XTREME)
    assert r"A\&B 5\% x\_y \#1 \{z\} \$|\textbackslash{}\textasciicircum{}\textasciitilde{}" in to_latex(board)
    assert r"p\|q" in to_markdown(board)


def test_published_systems_rank_as_their_tables_say(cards: Cards) -> None:
    board = build_board(load_submissions(cards), cards, XTREME)
    seven = next(s for s in board.sections if s.title == "xtreme: 7 tasks (without bucc2018, tatoeba) (test)")
    names = [r.submission.model for r in seven.rows]
    assert names[:5] == ["FILTER", "RemBERT", "VECO", "X-STILTs (XLM-R Large)", "XLM-R Large"]
    assert seven.rows[3].value(seven.means[-1]) == pytest.approx(72.66, abs=0.005)
    assert [s.rows[0].submission.slug for s in board.sections if s.whole] == ["xlm-r-large-xtreme-leaderboard"]
    assert any(note.startswith("filter-rembert-paper: its source prints mean 74.9") for note in board.notes)
