"""Tables written and read back: what `xharness download` leaves is what the readers take."""

from __future__ import annotations

from pathlib import Path

import pytest

from xtreme_harness import DataError
from xtreme_harness.cards import folder
from xtreme_harness.data.formats import FORMATS
from xtreme_harness.data.official_files import exported, target_source
from xtreme_harness.data.patterns import pattern_path
from xtreme_harness.data.sources import Data, FilesFound, locate
from xtreme_harness.languages import english_of
from xtreme_harness.plan.cells import all_cards
from xtreme_harness.records import Row, Table

CARDS = all_cards().tasks
SAMPLES = Data(folder() / "samples", name="samples")
ENGLISH = {task: english_of(card.all_languages) for task, card in CARDS.items()}
UNITS = {unit for card in CARDS.values() for unit in card.train if locate(CARDS[unit], "train", ENGLISH[unit], SAMPLES)}
OTHERS = {"lareqa", "mewslix", "belebele"}  # read out of files that are not the card's own rows, or of another layout
TRAINED = sorted(UNITS - OTHERS)


@pytest.mark.parametrize("task", TRAINED)
def test_training_data_round_trip(tmp_path: Path, task: str) -> None:
    card, language = CARDS[task], ENGLISH[task]
    located = locate(card, "train", language, SAMPLES)
    source = target_source(card)
    assert source is not None and isinstance(located, FilesFound)
    table = located.read()
    file = tmp_path / pattern_path(source.files["train"]["rows"], source, language)
    file.parent.mkdir(parents=True)
    file.write_text(exported(source, table, task)["rows"], "utf-8")
    found = locate(card, "train", language, Data(tmp_path, name="here"))
    assert found is not None
    again = found.read().rows
    fields = again[0].values.keys()  # tagged files have no ids
    assert {field for row in table.rows for field in row.values} - fields <= {"id"}
    assert [row.values for row in again] == [{f: row.values[f] for f in fields} for row in table.rows]


def test_csv_quotes_what_it_must(tmp_path: Path) -> None:
    source = CARDS["cosmosqa"].official
    assert source is not None
    values = {field: f'a "{field}", b' for field in source.options["columns"]}
    (tmp_path / "x.csv").write_text(exported(source, Table((Row(values, "p"),)), "p")["rows"], "utf-8")
    assert FORMATS["csv"]({"rows": [tmp_path / "x.csv"]}, source.options).rows[0].values == values


def test_a_tab_inside_a_field_is_refused() -> None:
    source = CARDS["qqp"].official
    assert source is not None
    with pytest.raises(DataError, match="a tab or line break inside 'a\\\\tb' cannot be written as tsv"):
        exported(source, Table((Row({"text_a": "a\tb", "text_b": "", "label": "0"}, "p"),)), "p")
