"""Minimal pairs: scores of sentences against plain transformers, one mask at a time; rows, files, refusals."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import transformers

from tests.fixtures.families import CONFIGS, ENCODER_IDS, LANGUAGES, SIZES, TOKENIZERS, build, edit_json, xlm_tokenizer
from tests.fixtures.prediction_faults import numbered
from xtreme_harness import evaluate
from xtreme_harness.cards import TaskCard, read_card
from xtreme_harness.errors import CardError, DataError, ModelError
from xtreme_harness.kinds import KINDS
from xtreme_harness.kinds.minimal_pairs import SentencesExample
from xtreme_harness.models.checkpoint import find_checkpoint
from xtreme_harness.models.head_table import CAUSAL_LM, MASKED_LM, SEQUENCE
from xtreme_harness.models.load import Model, load_model
from xtreme_harness.plan.vocabulary import vocabulary
from xtreme_harness.records import Arrays, Features, Row, Split

KIND = KINDS["minimal_pairs"]
CARD_TEXT = """\
name: pairs
title: Two sentences, one of them right
kind: minimal_pairs
metric: accuracy
licence: CC0
languages: [en, de]
extension: jsonl
official:
  format: tsv
  files: {test: "pairs/test-{language}.tsv"}
  options: {header: true, quoting: csv, columns: {good: sen, bad: wrong_sen, phenomenon: phenomenon}}
"""
SLOTS = """\
options: {choices: [option1, option2], answers: [["1", "2"]]}
"""
MORE: dict[str, Callable[[], Any]] = {
    "roberta": lambda: transformers.RobertaConfig(
        **SIZES, **ENCODER_IDS, max_position_embeddings=130, type_vocab_size=1
    ),
    "distilbert": lambda: transformers.DistilBertConfig(
        vocab_size=SIZES["vocab_size"], dim=32, n_layers=2, n_heads=2, hidden_dim=48, initializer_range=0.15
    ),
    "albert": lambda: transformers.AlbertConfig(
        **SIZES, embedding_size=16, max_position_embeddings=128, pad_token_id=0
    ),
    "deberta-v2, new head": lambda: CONFIGS["deberta-v2"]().__class__(
        **{**CONFIGS["deberta-v2"]().to_dict(), "legacy": False}
    ),
    "mobilebert": lambda: transformers.MobileBertConfig(  # its last layer is a product in its code, no module
        **SIZES, embedding_size=16, intra_bottleneck_size=16, max_position_embeddings=128
    ),
}  # fmt: skip
FAMILIES = (
    "bert", "xlm-roberta", "roberta", "deberta-v2", "deberta-v2, new head", "modernbert", "mmbert", "distilbert",
    "albert", "rembert", "eurobert", "mobilebert", "xlm",
)  # fmt: skip
SENTENCES = (
    "is n't she nice?", "is n't she nicely dressed?", "Die Seen sind  tief , sehr tief.", "a",
    "贝加尔湖是世界上最深的湖。", "ทะเลสาบ ที่ลึกที่สุด", "Yes, lovely creature (2019), unwahrscheinlich!", "☃ she",
)  # fmt: skip


def card_of(folder: Path, text: str = CARD_TEXT) -> TaskCard:
    (folder / "pairs.yaml").write_text(text)
    return read_card(folder / "pairs.yaml", vocabulary())


@pytest.fixture(scope="module")
def card(tmp_path_factory: pytest.TempPathFactory) -> TaskCard:
    return card_of(tmp_path_factory.mktemp("card"))


@pytest.fixture(scope="module")
def slots(tmp_path_factory: pytest.TempPathFactory) -> TaskCard:
    return card_of(tmp_path_factory.mktemp("slots"), CARD_TEXT + SLOTS)


def made(family: str, path: Path) -> Path:
    """A masked LM whose weights are all drawn wide, biases too, so that a layer left out would be seen."""
    torch.manual_seed(0)
    config = {**CONFIGS, **MORE}[family]()
    network = getattr(transformers, MASKED_LM).from_config(config)
    with torch.no_grad():
        for name, value in network.named_parameters():
            norm = "norm" in name.lower() and name.endswith("weight")
            value.normal_(1 if norm else 0, 0.2)
        network.get_input_embeddings().weight[config.pad_token_id] = 0  # MobileBERT reads it behind the last token
    network.save_pretrained(path)
    near = {"roberta": "xlm-roberta", "deberta-v2, new head": "deberta-v2"}.get(family, family)
    (xlm_tokenizer(path) if family == "xlm" else TOKENIZERS.get(near, TOKENIZERS["bert"])()).save_pretrained(path)
    return path


@pytest.fixture(scope="module")
def checkpoints(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    root = tmp_path_factory.mktemp("masked")
    return cache(lambda family: made(family, root / family.replace(", ", "-")))


def loaded(path: Path, **flags: Any) -> Model:
    return load_model(find_checkpoint(str(path), None), MASKED_LM, device="cpu", dtype="float32", **flags)


def split_of(*sentences: str, language: str = "en") -> Split[SentencesExample]:
    """Every sentence against the one after it."""
    pairs = zip(sentences, [*sentences[1:], sentences[0]], strict=True)
    return Split("pairs", language, "test", tuple(SentencesExample(str(i), pair, 0) for i, pair in enumerate(pairs)))


def scores(model: Model, split: Split[SentencesExample], card: TaskCard) -> dict[str, float]:
    """The score of every sentence."""
    features = KIND.featurize(split, model.tokenizer, card)
    values = model.forward(features).values[:, 0].astype(np.float64)
    return {sentence: float(values[own].sum()) for sentence, own in features.detail.items()}


class Plain:
    """The plain loop: AutoModelForMaskedLM, a forward pass a token, everything of it kept."""

    def __init__(self, path: Path) -> None:
        self.tokenizer = transformers.AutoTokenizer.from_pretrained(path)
        self.network = getattr(transformers, MASKED_LM).from_pretrained(path, dtype=torch.float32).eval()

    def score(self, sentence: str, within: bool = False) -> float:
        given = self.tokenizer(sentence, return_special_tokens_mask=True, return_offsets_mapping=within)
        special = given.pop("special_tokens_mask")
        spans = given.pop("offset_mapping", None)
        more = {"langs": torch.full((1, len(special)), LANGUAGES["en"])} if self.tokenizer.__class__ is (
            transformers.XLMTokenizer) else {}  # fmt: skip
        total = 0.0
        for i in (i for i, mark in enumerate(special) if not mark):
            after = [j for j in range(i + 1, len(special)) if within and not special[j]]
            hidden = [i, *(j for j in after if _word(sentence, spans[i][0]) == _word(sentence, spans[j][0]))]
            ids = torch.tensor([given["input_ids"]])
            ids[0, hidden] = self.tokenizer.mask_token_id
            inputs = {name: torch.tensor([value]) for name, value in given.items()} | {"input_ids": ids, **more}
            with torch.no_grad():
                logits = self.network(**inputs).logits
            total += float(logits[0, i].double().log_softmax(-1)[given["input_ids"][i]])
        return total


def _word(sentence: str, at: int) -> int:
    """The number of the word that a character is of, or that follows a blank."""
    while sentence[at].isspace():
        at += 1
    return len(sentence[: at + 1].split())


@pytest.mark.slow
@pytest.mark.parametrize("family", FAMILIES)
def test_scores_are_those_of_a_plain_loop(family: str, checkpoints: Callable[[str], Path], card: TaskCard) -> None:
    path = checkpoints(family)
    plain, model = Plain(path), loaded(path)
    assert (model.packed is not None) == (family in ("bert", "roberta", "xlm-roberta"))
    found = scores(model, split_of(*SENTENCES), card)
    wanted = {sentence: plain.score(sentence) for sentence in SENTENCES}
    assert found == pytest.approx(wanted, rel=0, abs=1e-4)
    assert len({round(value, 2) for value in wanted.values()}) == len(wanted)
    for change in ({"budget": 1}, {"budget": 40}, {"rows": 3}):
        for name, value in change.items():
            setattr(model, name, value)
        assert scores(model, split_of(*reversed(SENTENCES)), card) == pytest.approx(wanted, rel=0, abs=1e-4)


@pytest.mark.slow
@pytest.mark.parametrize("family", ["bert", "xlm-roberta", "modernbert", "mmbert", "deberta-v2"])
def test_later_tokens_of_the_word_are_masked_too(
    family: str, checkpoints: Callable[[str], Path], card: TaskCard
) -> None:
    plain, within = Plain(checkpoints(family)), card.with_options({"variant": "within_word"})
    model = loaded(checkpoints(family))
    ours = {s: value for s, value in scores(model, split_of(*SENTENCES), within).items() if "☃" not in s}
    wanted = {sentence: plain.score(sentence, within=True) for sentence in ours}
    assert ours == pytest.approx(wanted, rel=0, abs=1e-4)
    differ = [
        s for s, value in scores(model, split_of(*SENTENCES), card).items() if abs(value - wanted.get(s, value)) > 0.01
    ]
    assert len(differ) > 3


def test_only_the_wanted_rows_leave_the_network(
    checkpoints: Callable[[str], Path], card: TaskCard, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Logits of a padded network are a row a sequence; the batches follow the budget."""
    model = loaded(checkpoints("distilbert"))
    model.budget = 64
    seen: list[tuple[int, int]] = []
    own = model.network.vocab_projector.forward
    monkeypatch.setattr(model.network.vocab_projector, "forward", lambda x: (seen.append(tuple(x.shape)), own(x))[1])
    features = KIND.featurize(split_of(*SENTENCES[:4]), model.tokenizer, card)
    model.forward(features)
    assert {len(shape) for shape in seen} == {2}
    assert sum(rows for rows, _ in seen) == len(features.inputs) > len(seen) > 1


def test_masks_of_a_sentence_stand_together_and_equal_sentences_once(
    checkpoints: Callable[[str], Path], card: TaskCard
) -> None:
    tokenizer = loaded(checkpoints("bert")).tokenizer
    features = KIND.featurize(split_of("she is", "she are", "she is"), tokenizer, card)
    assert list(features.detail) == ["she is", "she are"]
    mask = tokenizer.mask
    for sentence, own in features.detail.items():
        whole = tokenizer.one(tokenizer.ids([sentence])[0], 512)
        for i, encoded in enumerate(features.inputs[own], start=1):
            assert encoded.keep == (i,) and encoded.targets == (whole.ids[i],) and encoded.ids[i] == mask
            assert [a for j, a in enumerate(encoded.ids) if j != i] == [a for j, a in enumerate(whole.ids) if j != i]
        assert own.stop - own.start == len(whole.ids) - 2


def test_the_highest_score_wins_and_a_tie_is_wrong(card: TaskCard) -> None:
    places = {"a": slice(0, 2), "b": slice(2, 3), "c": slice(3, 5)}
    split = Split("pairs", "en", "test", (
        SentencesExample("0", ("a", "b"), 0, "x"), SentencesExample("1", ("b", "a"), 0, "x"),
        SentencesExample("2", ("a", "c"), 0, "y"), SentencesExample("3", ("c", "b", "a"), 2, ""),
    ))  # fmt: skip
    arrays = Arrays(np.array([[-1], [-1], [-3], [-1.5], [-0.5]], np.float32))
    features = Features([], places)
    assert KIND.decode(arrays, features, split, card) == {"0": 0, "1": 1, "2": -1, "3": -1}
    assert KIND.extras is not None
    assert KIND.extras(arrays, features, split, card) == {"accuracy_x": 50.0, "accuracy_y": 0.0}


def test_rows_name_the_right_sentence(card: TaskCard) -> None:
    row = {"id": 7, "good": "she is", "bad": "she are", "phenomenon": "SV-#"}
    assert KIND.parse(Row(row, "f:1"), card) == SentencesExample("7", ("she is", "she are"), 0, "SV-#")
    assert KIND.parse(Row({**row, "phenomenon": None}, "f:1"), card).phenomenon == ""
    two = card.with_options({"bad": ["worse", "bad"]})
    assert KIND.parse(Row({**row, "worse": "they is"}, "f:1"), two).sentences == ("she is", "they is", "she are")
    with pytest.raises(DataError) as caught:
        KIND.parse(Row({"id": 1, "good": " ", "phenomenon": 3}, "f:1"), card)
    assert caught.value.faults == (
        "f:1: bad: found nothing, expected text", "f:1: good: found ' ', expected a sentence",
        "f:1: phenomenon: found 3, expected text",
    )  # fmt: skip


def test_rows_may_leave_a_slot(slots: TaskCard) -> None:
    row = {"id": "x", "sentence": "The cup is too _.", "option1": "big", "option2": "small", "label": "2"}
    assert KIND.parse(Row(row, "f:1"), slots) == SentencesExample(
        "x", ("The cup is too big.", "The cup is too small."), 1
    )
    assert KIND.parse(Row({**row, "label": None}, "f:1"), slots).label is None
    with pytest.raises(DataError) as caught:
        KIND.parse(Row({**row, "sentence": "no slot", "label": "3"}, "f:1"), slots)
    assert caught.value.faults == (
        "f:1: sentence: found 'no slot' with 0 slots '_', expected one", "f:1: label '3', expected one of 1, 2",
    )  # fmt: skip
    with pytest.raises(DataError, match="with 2 slots '_', expected one"):
        KIND.parse(Row({**row, "sentence": "_ or _"}, "f:1"), slots)


def test_files_are_read_back_as_they_were_written(card: TaskCard, slots: TaskCard) -> None:
    split = split_of("a", "b", "c")
    found = {"0": 0, "1": -1, "2": 1}
    text = KIND.dumps(split, found, card)
    assert text == '{"label": 0}\n{"label": -1}\n{"label": 1}\n'
    assert KIND.loads(text, "test-en.jsonl", ["0", "1", "2"], card) == found
    assert KIND.golds(KIND.gold_text(split, card), "x", card) == {"0": 0, "1": 0, "2": 0}
    assert KIND.faults(text, "p", numbered(0, 0, 0), card) == KIND.faults(text, "p", None, slots) == []
    assert KIND.faults('{"label": 2}\n{"label": -2}\n[]\n', "p", numbered(0, 0), card) == [
        "p: 3 lines, expected 2", "p:1: label 2, expected a number from 0 to 1, or -1: none",
        "p:2: label -2, expected a number from 0 to 1, or -1: none",
        "p:3: found '[]', expected a JSON line such as {\"label\": 0}",
    ]  # fmt: skip


def test_a_constant_answer_prefers_no_sentence(card: TaskCard, slots: TaskCard) -> None:
    split = Split("pairs", "en", "test", tuple(SentencesExample(str(i), ("a", "b"), int(i > 0)) for i in range(3)))
    assert set(KIND.constant(split, card).values()) == {-1}
    assert set(KIND.constant(split, slots).values()) == {1}


def test_what_a_card_may_say(tmp_path: Path) -> None:
    for options, fault in [
        ("{variant: whole}", "options.variant: found 'whole', expected one of original, within_word"),
        ("{choices: [a]}", r"options.choices: found \['a'\], expected two fields or more"),
        ("{answers: [['1', '2']]}", "options.answers: of choices, but options.choices names none"),
        ("{choices: [a, b, c], answers: [['1', '2']]}", r"answers\[0\]: found 2 spellings, expected 3, one a choice"),
        ("{bad: []}", "options.bad: found .*, expected a list"),
    ]:
        with pytest.raises(CardError, match=fault):
            card_of(tmp_path, f"{CARD_TEXT}options: {options}\n")


def test_a_sentence_that_does_not_fit_is_refused(checkpoints: Callable[[str], Path], card: TaskCard) -> None:
    model = loaded(checkpoints("albert"))
    fits = split_of("a b", "c " * 126)
    assert KIND.featurize(fits, model.tokenizer, card).inputs
    long = replace(fits, examples=(*fits.examples, SentencesExample("n", ("a", "c " * 127), 0)))
    fault = "pairs en test: example 'n': a sentence of 127 tokens, but the model reads 126 beside its special ones"
    with pytest.raises(DataError, match=fault):
        KIND.featurize(long, model.tokenizer, card)


def test_a_tokenizer_without_a_mask_is_named(nli_free: Path, card: TaskCard) -> None:
    model = loaded(nli_free)
    with pytest.raises(ModelError, match="its tokenizer has no mask token; give a base model pretrained with one"):
        KIND.featurize(split_of("a"), model.tokenizer, card)


@pytest.fixture
def nli_free(checkpoints: Callable[[str], Path], tmp_path: Path) -> Path:
    """A masked LM whose tokenizer has lost its mask token."""
    path = made("bert", tmp_path / "unmasked")
    edit_json(path / "tokenizer_config.json", mask_token=None)
    return path


@pytest.fixture
def pairs(tmp_path: Path) -> Path:
    """A card and its data."""
    card_of(tmp_path)
    (tmp_path / "pairs").mkdir()
    for code, lines in {
        "en": ["is n't she?\tam n't she?\tSV-P", '"a ""b"" c"\tx\tSV-#'],
        "de": ["er ist\ter sind\tSV-#"],
    }.items():
        text = "sen\twrong_sen\tphenomenon\n" + "".join(f"{line}\n" for line in lines)
        (tmp_path / "pairs" / f"test-{code}.tsv").write_text(text)
    return tmp_path / "pairs.yaml"


@pytest.mark.slow
def test_a_checkpoint_is_evaluated_and_the_variant_is_recorded(
    pairs: Path, tmp_path: Path, checkpoints: Callable[[str], Path]
) -> None:
    asked: dict[str, Any] = {"data": str(tmp_path), "device": "cpu", "dtype": "float32"}
    path = checkpoints("xlm-roberta")
    result = evaluate(path, str(pairs), output=tmp_path / "one", **asked)
    assert not result.failed
    plain, cells = Plain(path), {cell.language: cell for cell in result.cells}
    delta = [plain.score(good) - plain.score(bad) for good, bad in (("is n't she?", "am n't she?"), ('a "b" c', "x"))]
    assert cells["en"].metrics["accuracy"] == 50 * sum(value > 0 for value in delta)
    assert cells["en"].extras == {"accuracy_SV-#": 100.0 * (delta[1] > 0), "accuracy_SV-P": 100.0 * (delta[0] > 0)}
    assert "|pll:original|" in cells["en"].signature and "|len:" not in cells["en"].signature
    pairs.write_text(CARD_TEXT + "options: {variant: within_word}\n")
    other = evaluate(path, str(pairs), output=tmp_path / "two", **asked)
    two = {cell.language: cell for cell in other.cells}["en"]
    assert "|pll:within_word|" in two.signature and two.fingerprint != cells["en"].fingerprint


@pytest.mark.slow
def test_dtype_auto_is_float32_also_where_bfloat16_is_fast(
    pairs: Path, tmp_path: Path, checkpoints: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("xtreme_harness.models.device.bfloat16_is_native", lambda: True)
    path = checkpoints("xlm-roberta")
    found = {
        dtype: evaluate(
            path, str(pairs), data=str(tmp_path), output=tmp_path / dtype, device="cpu", dtype=dtype, log_samples=True
        ).cells
        for dtype in ("auto", "float32", "bfloat16")
    }
    assert [cell.fingerprint for cell in found["auto"]] == [cell.fingerprint for cell in found["float32"]]
    assert "|dtype:fp32|" in found["auto"][0].signature and "|dtype:bf16|" in found["bfloat16"][0].signature
    other = evaluate(path, "tatoeba", data="samples", languages="de", output=tmp_path / "other", device="cpu").cells
    assert "|dtype:bf16|" in other[0].signature


def test_a_dry_run_counts_a_pass_a_token(
    pairs: Path, tmp_path: Path, checkpoints: Callable[[str], Path], xharness: Any
) -> None:
    flags = ("--data", tmp_path, "--languages", "de", "--device", "cpu", "--dry-run", "-o", tmp_path / "out")
    done = xharness("-q", "eval", "-m", checkpoints("bert"), "-t", pairs, *flags)
    tokens = [len(sentence.encode()) // 4 for sentence in ("er ist", "er sind")]
    assert done.status == 0, done.err
    assert f"| {sum(n * (n + 2) for n in tokens)} " in done.out and "| AutoModelForMaskedLM |" in done.out


@pytest.mark.parametrize("model", ["oracle", "random", "majority"])
def test_self_tests(pairs: Path, tmp_path: Path, model: str) -> None:
    result = evaluate(model, str(pairs), data=str(tmp_path), output=tmp_path / "out", log_samples=True)
    found = [cell.metrics["accuracy"] for cell in result.cells]
    assert not result.failed and found == {"oracle": [100, 100], "majority": [0, 0]}.get(model, found)


@pytest.mark.parametrize(
    ("family", "head", "why"),
    [
        ("bert", SEQUENCE, r"no trained masked-LM head .* \(architectures: BertForSequenceClassification\)"),
        ("bert", None, r"no trained masked-LM head in this checkpoint \(architectures: BertModel\)"),
        ("mt5", None, "the family 'mt5' has no masked-LM head"),
        ("qwen2", CAUSAL_LM, "the family 'qwen2' has no masked-LM head"),
    ],
)  # fmt: skip
def test_a_head_that_was_never_trained_is_refused(
    pairs: Path, tmp_path: Path, xharness: Any, family: str, head: str | None, why: str
) -> None:
    path = build(family, head, tmp_path / "model", ("a", "b") if head == SEQUENCE else ())
    for more in ((), ("--dry-run",)):
        done = xharness(
            "-q", "eval", "-m", path, "-t", f"{pairs},xquad", "--data", f"pairs={tmp_path}", "--data", "samples",
            "--train", "never", "-o", tmp_path / "out", *more,
        )  # fmt: skip
        own = [line for line in done.errors if "masked-LM" in line]
        assert done.status == 2 and len(own) == 1, done.err
        assert own[0].startswith(f"error: pairs: {path}: ")
        assert len([line for line in done.errors if "squad: " in line]) == 1


def test_weights_without_the_head_that_the_configuration_names(pairs: Path, tmp_path: Path) -> None:
    path = build("bert", None, tmp_path / "model")
    edit_json(path / "config.json", architectures=["BertForMaskedLM"])
    with pytest.raises(DataError, match="no trained masked-LM head in this checkpoint"):
        evaluate(path, str(pairs), data=str(tmp_path), output=tmp_path / "out", device="cpu")


@pytest.mark.parametrize(("language", "count"), [("eng", 257), ("tur", 194)])
def test_the_authors_files(shared: Path, card: TaskCard, language: str, count: int) -> None:
    from xtreme_harness.data.formats import FORMATS

    file = shared / "realdata" / "world" / "multiblimp" / language / "data.subset.tsv"
    if not file.exists():
        pytest.skip("needs ../shared/realdata/world")
    assert card.official is not None
    table = FORMATS["tsv"]({"rows": [file]}, card.official.options)
    rows = [replace(row, values={**row.values, "id": i}) for i, row in enumerate(table.rows)]
    examples = [KIND.parse(row, card) for row in rows]
    assert len(examples) == count == len({e.id for e in examples})
    assert all(e.sentences[0] != e.sentences[1] and e.phenomenon.startswith(("SV-", "SP-")) for e in examples)
