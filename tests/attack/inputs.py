"""Bad inputs by file kind: which command reads a file, beside what, and what is to come of it."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from tests.attack.box import Case, lay_out
from tests.attack.places import PLACES
from tests.attack.spoils import SPOILS, keyed_spoils

__all__ = ["TARGETS", "Target", "cases_of", "clean_case"]

FAULT = r"[^ ]+: |not written|\S+ (test|dev|train) "  # a line of a check: its place comes first


@dataclass(frozen=True)
class Target:
    """A file that a command reads.

    Attributes:
        kind: of the file.
        form: of its content: json, yaml, jsonl, lines, bytes.
        files: what lies in the box: its name there -> its name in the stock.
        file: that is spoilt.
        argv: the command.
        statuses: of a refusal.
        lenient: names of spoils that are rightly accepted; "*": all.
        keys: at how many keys a wrong value is tried.
        told: the beginnings of other lines on stderr.
        tolerates: names of places that are rightly accepted.
    """

    kind: str
    form: str
    files: dict[str, str]
    file: str
    argv: str
    statuses: tuple[int, ...] = (2,)
    lenient: tuple[str, ...] = ()
    keys: int = 40
    told: str = ""
    tolerates: tuple[str, ...] = ("nothing",)
    working: bool = False
    same: tuple[str, ...] = ()
    without: tuple[str, ...] = field(default=())

    def lay(self, stock: Path, box: Path) -> None:
        """Lay the valid files out."""
        lay_out(stock, box, self.files)


def _card_target(kind: str, files: dict[str, str], file: str, name: str) -> Target:
    return Target(
        kind, "yaml", {**files, "samples/xnli": "samples/xnli"}, file,
        f"-q eval -m oracle -t {name} --data samples --languages de -o out", tolerates=(), working=True,
    )  # fmt: skip


def _suite_targets() -> list[Target]:
    """A file of suites, and a suite alone in its file."""
    return [
        Target(
            kind, "yaml", {file: file, "samples/xnli": "samples/xnli", "samples/tatoeba": "samples/tatoeba"}, file,
            f"-q eval -m oracle -t {file} --data samples -o out", tolerates=(), working=True,
        )
        for kind, file in (("suites", "suites.yaml"), ("suite alone", "suite.yaml"))
    ]  # fmt: skip


def _data(kind: str, form: str, task: str, file: str, folder: str = "", languages: str = "", **more: object) -> Target:
    folder = folder or f"samples/{task}"
    spoken = f" --languages {languages}" if languages else ""
    return Target(
        f"data: {kind}", form, {f"data/{Path(folder).name}": folder}, f"data/{Path(folder).name}/{file}",
        f"-q eval -m oracle -t {task} --data data{spoken} -o out", statuses=(2, 3), working=True, **more,  # type: ignore[arg-type]
    )  # fmt: skip


def _checked(
    kind: str, form: str, task: str, file: str, folder: str = "", languages: str = "en", **more: object
) -> Target:
    folder = folder or f"samples/{task}"
    return Target(
        f"data: {kind}", form, {f"data/{Path(folder).name}": folder}, f"data/{Path(folder).name}/{file}",
        f"-q eval -m oracle -t {task} --split dev --data data --languages {languages} -o out",
        statuses=(2, 3), working=True, **more,  # type: ignore[arg-type]
    )  # fmt: skip


def _sides(kind: str, form: str, file: str, side: str, **more: object) -> list[Target]:
    """A prediction or label file: of `score` and of `submission check`."""
    files = {"p": "xtreme-r/predictions", "l": "xtreme-r/labels"}
    if "bucc" in file:
        files = {"p": "xtreme/predictions", "l": "xtreme/labels"}
    suite = "xtreme" if "bucc" in file else "xtreme-r"
    where = f"{'p' if side == 'predictions' else 'l'}/{file}"
    return [
        Target(f"{side}: {kind}", form, files, where,
               f"score --predictions p --labels l --suite {suite} -o out/s.json", **more),  # type: ignore[arg-type]
        Target(f"{side}: {kind} (check)", form, files, where,
               f"submission check p --labels l --suite {suite}", statuses=(1,), told=r"[pl]/",
               tolerates=("nothing",) if side == "labels" else (), **more),  # type: ignore[arg-type]
    ]  # fmt: skip


def _model(kind: str, form: str, source: str, file: str, task: str, **more: object) -> Target:
    return Target(
        f"checkpoint: {kind}", form, {"m": source, "base": "ckpt/xnli"}, f"m/{file}",
        f"-q eval -m m -t {task} --languages de --limit 2 --data samples --train never --device cpu -o out",
        statuses=(2, 3), working=True, tolerates=("nothing",), **more,  # type: ignore[arg-type]
    )  # fmt: skip


def _run(kind: str, form: str, file: str, argv: str, **more: object) -> Target:
    return Target(
        f"results: {kind}", form,
        {"run": "runs/oracle", "other": "runs/random", "series": "runs/series", "trained": "runs/trained"},
        file, argv, **more,  # type: ignore[arg-type]
    )  # fmt: skip


NOWHERE = ("nothing", "a dangling link", "a link to itself")
ABSENT = tuple(name for name in PLACES if name != "no permission")  # what is no file is not there, as gold may not be

TARGETS: tuple[Target, ...] = (
    _card_target("task card", {"mycard.yaml": "mycard.yaml"}, "mycard.yaml", "mycard.yaml"),
    _card_target("included card", {"above.yaml": "above.yaml", "base.yaml": "base.yaml"}, "base.yaml", "above.yaml"),
    *_suite_targets(),
    *(Target(name, form, {"pairs.yaml": "pairs.yaml", "pairs": "pairs"}, file,
             "-q eval -m oracle -t pairs.yaml --data . --languages de -o out", statuses=(2, 3),
             tolerates=tolerates, working=True)
      for name, form, file, tolerates in (("task card: minimal pairs", "yaml", "pairs.yaml", ()),
                                          ("data: minimal pairs", "lines", "pairs/test-de.tsv", ("nothing",)))),
    Target("recipe", "yaml", {"r.yaml": "recipe.yaml", "base": "ckpt/encoder"}, "r.yaml",
           "-q train -m base -t xnli --data samples --recipe r.yaml --dry-run -o out", tolerates=()),
    Target("gate rules", "yaml", {"r.yaml": "rules.yaml", "run": "runs/oracle"}, "r.yaml",
           "gate run run --rules r.yaml --paired-bs 100", tolerates=(), statuses=(1, 2)),
    Target("grid", "yaml", {"g.yaml": "grid.yaml", "base": "ckpt/encoder"}, "g.yaml",
           "-q train --grid g.yaml --dry-run -o out", tolerates=()),
    Target("metadata.yaml (pack)", "yaml", {"p": "xtreme-r/predictions", "m.yaml": "metadata.yaml"}, "m.yaml",
           "submission pack p --suite xtreme-r --metadata m.yaml -o out/packed", tolerates=()),
    Target("metadata.yaml (leaderboard)", "yaml", {"subs": "subs"}, "subs/mine/metadata.yaml",
           "leaderboard --suite xtreme --submissions subs", tolerates=()),
    Target("scores.json", "json", {"subs": "subs"}, "subs/mine/scores.json",
           "leaderboard --suite xtreme --submissions subs", tolerates=(), lenient=("an empty object",)),
    _data("tsv", "lines", "xnli", "test-de.tsv", languages="de"),
    _data("tsv, trained on", "lines", "pawsx", "test-de.tsv", languages="de"),
    _checked("csv", "lines", "cosmosqa", "valid.csv"),
    _data("jsonl", "jsonl", "xcopa", "test-id.jsonl", languages="id"),
    _checked("jsonl (siqa)", "jsonl", "siqa", "socialIQa_v1.4_dev.jsonl"),
    _checked("jsonl (hellaswag)", "jsonl", "hellaswag", "hellaswag_val.jsonl"),
    _data("CoNLL", "lines", "panx", "test-de.tsv", languages="de"),
    _data("CoNLL-U", "lines", "udpos", "UD_German-GSD/de_gsd-ud-test.conllu", folder="ud", languages="de"),
    _data("SQuAD", "json", "xquad", "xquad.de.json", languages="de"),
    _data("LAReQA", "json", "lareqa", "xquad-r/de.json", languages="de"),
    _data("Mewsli-X mentions", "jsonl", "mewslix", "wikinews_mentions/test-de.jsonl", languages="de"),
    _data("Mewsli-X pool", "jsonl", "mewslix", "candidate_set_entities.jsonl", languages="de"),
    _data("BUCC", "lines", "bucc2018", "de-en.test.de", languages="de"),
    _checked("BUCC gold", "lines", "bucc2018", "de-en.dev.gold", languages="de", tolerates=ABSENT),
    _data("Tatoeba", "lines", "tatoeba", "tatoeba.deu-eng.deu", languages="de", lenient=("*",)),
    _data("annotated slots", "jsonl", "massive_slots", "1.0/data/zh-CN.jsonl", folder="samples/massive",
          languages="zh-CN"),
    _data("Winograd schemas", "lines", "xwinograd", "dataset.tsv", folder="winograd/xwinograd", languages="en"),
    _checked("labels_file", "json", "ccg", "tags_to_id.json", folder="ccg"),
    *_sides("classification", "lines", "xnli/test-de.tsv", "predictions"),
    *_sides("tags", "lines", "panx/test-de.tsv", "predictions"),
    *_sides("answers", "json", "xquad/test-de.json", "predictions"),
    *_sides("choices", "jsonl", "xcopa/test-id.jsonl", "predictions"),
    *_sides("entities", "json", "mewslix/test-de.json", "predictions"),
    *_sides("mined pairs", "lines", "bucc2018/test-de.tsv", "predictions"),
    *_sides("nearest sentences", "lines", "tatoeba/test-de.tsv", "predictions"),
    *_sides("classification", "lines", "xnli/test-de.tsv", "labels"),
    *_sides("tags", "lines", "panx/test-de.tsv", "labels"),
    *_sides("answers", "json", "xquad/test-de.json", "labels"),
    *_sides("entities", "json", "mewslix/test-de.json", "labels"),
    *_sides("mined pairs", "lines", "bucc2018/test-de.tsv", "labels"),
    *_sides("nearest sentences", "lines", "tatoeba/test-de.tsv", "labels"),
    _run("results.json (report)", "json", "run/results.json", "report run -o out/r.html", tolerates=()),
    _run("results.json (compare)", "json", "run/results.json", "compare run other --paired-bs 100", tolerates=()),
    _run("results.json (gate)", "json", "run/results.json", "gate other run --paired-bs 100 --force",
         tolerates=(), statuses=(1, 2)),
    _run("results.json (export)", "json", "run/results.json", "export run --format csv", tolerates=()),
    _run("results.json (leaderboard)", "json", "run/results.json", "leaderboard --with run", tolerates=()),
    _run("cell (report)", "json", "run/cells/xnli/de.json", "report run -o out/r.html", tolerates=NOWHERE),
    _run("cell (compare)", "json", "run/cells/xnli/de.json", "compare run other --paired-bs 100", tolerates=NOWHERE),
    _run("samples", "jsonl", "run/samples/xnli/de.jsonl", "report run -o out/r.html", lenient=("*",)),
    _run("series.json", "json", "series/series.json", "report series -o out/r.html"),
    _run("train.jsonl", "jsonl", "trained/models/xnli/train.jsonl", "report trained -o out/r.html", lenient=("*",)),
    _model("config.json", "json", "ckpt/xnli", "config.json", "xnli", lenient=("a byte-order mark",)),
    _model("tokenizer.json", "json", "ckpt/xnli", "tokenizer.json", "xnli", keys=40, lenient=("*",)),
    _model("tokenizer_config.json", "json", "ckpt/xnli", "tokenizer_config.json", "xnli", lenient=("*",)),
    _model("model.safetensors", "bytes", "ckpt/xnli", "model.safetensors", "xnli"),
    _model("modules.json", "json", "sentence", "modules.json", "tatoeba", lenient=("a list",)),  # of no modules
    _model("pooling", "json", "sentence", "1_Pooling/config.json", "tatoeba"),
    _model("sentence_bert_config.json", "json", "sentence", "sentence_bert_config.json", "tatoeba", lenient=("*",)),
    _model("config_sentence_transformers.json", "json", "sentence", "config_sentence_transformers.json", "tatoeba",
           lenient=("*",)),
    _model("xharness.json", "json", "runs/trained/models/xnli", "xharness.json", "xnli"),
    _model("adapter_config.json", "json", "adapter", "adapter_config.json", "xnli"),
    _model("adapter weights", "bytes", "adapter", "adapter_model.safetensors", "xnli"),
    Target("--mlm text", "lines", {"t": "texts", "base": "base"}, "t/de.txt",
           "-q train -m base -t xnli --data samples --mlm t --recipe fast --dry-run -o out", lenient=("*",)),
    Target("translated data", "lines", {"mt/xnli/de.tsv": "samples/xnli/train-en.tsv", "base": "ckpt/encoder"},
           "mt/xnli/de.tsv",
           "-q train -m base -t xnli --data samples --translated mt --recipe fast --dry-run -o out"),
    Target("translated tests", "lines", {"mt/xnli/test-de.tsv": "samples/xnli/test-en.tsv"}, "mt/xnli/test-de.tsv",
           "-q eval -m oracle -t xnli --languages de --data samples --translated mt --dry-run -o out"),
)  # fmt: skip


def clean_case(target: Target) -> Case:
    """The valid files: they must be accepted, or nothing that follows says anything."""
    return Case(
        target.kind, "valid", target.lay, lambda box: None, tuple(target.argv.split()), "same", told=target.told
    )


def cases_of(target: Target, stock: Path, each: int) -> Iterator[Case]:
    """Every spoil and every place of a target.

    Args:
        target: the file.
        stock: of valid files.
        each: wrong values at a key.
    """
    found = {one: there for one, there in target.files.items() if target.file.startswith(one)}
    name, source = max(found.items())
    raw = (stock / source / Path(target.file).relative_to(name)).read_bytes()
    table = dict(SPOILS[target.form])
    if target.form in ("json", "yaml", "jsonl"):
        table |= keyed_spoils(raw, target.form, target.keys, each)
    common = {"argv": tuple(target.argv.split()), "statuses": target.statuses, "told": target.told}
    common["working"] = target.working

    def case(what: str, spoil: Callable[[Path], None], expect: str, user: bool = False) -> Case:
        return Case(target.kind, what, target.lay, spoil, expect=expect, user=user, **common)  # type: ignore[arg-type]

    for what, (spoil, expect) in table.items():
        lenient = what in target.lenient or target.lenient == ("*",)
        yield case(what, _written(target.file, raw, spoil), "any" if lenient else expect)
    for what, stand in PLACES.items():
        tolerated = what in target.tolerates or target.lenient == ("*",)
        spoil_place = _standing(target.file, stand)
        yield case(what, spoil_place, "any" if tolerated else "refused", what == "no permission")
    yield case("a link to the file", _linked(target.file), "same")
    parent = str(Path(target.file).parent)
    if parent != ".":
        tolerated = "nothing" in target.tolerates
        what = "a folder without permission"
        yield case(what, lambda box: (box / parent).chmod(0), "any" if tolerated else "refused", True)


def _written(file: str, raw: bytes, spoil: Callable[[bytes], bytes]) -> Callable[[Path], None]:
    return lambda box: (box / file).write_bytes(spoil(raw)) and None


def _standing(file: str, stand: Callable[[Path], None]) -> Callable[[Path], None]:
    return lambda box: stand(box / file)


def _linked(file: str) -> Callable[[Path], None]:
    def link(box: Path) -> None:
        place = box / file
        kept = box / "elsewhere"
        shutil.move(place, kept)
        place.symlink_to(kept)

    return link
