"""What fuzzing breaks: rule files, data in every form, cases, clause indexes, documents, receipts, command lines."""

import contextlib
import csv
import io
import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

import click
from click.testing import CliRunner
from mutations import NASTY, broken
from office_files import pdf_file, word_file

from engine.doors.command import cli
from engine.load.tables import RawData
from engine.load.yaml_data import data_in
from engine.load.yaml_text import read_tree

HERE = Path(__file__).parent
POLICIES = HERE.parent / "policies"
NAMES = tuple(sorted(path.parent.name for path in POLICIES.glob("*/rules.policy")))
_SETTLE_FORMS = (("--format", "json"), ("--format", "csv"), (), ("--readings",), ("--format", "json", "--lang", "en"))


@dataclass(frozen=True)
class Trial:
    """A command and the files of the folder it is typed in."""

    subject: str
    command: tuple[str, ...]
    files: Mapping[str, bytes] = field(default_factory=dict)


@cache
def text_of(path: Path) -> str:
    """A file's text."""
    return path.read_text(encoding="utf-8")


@cache
def rule_texts() -> tuple[str, ...]:
    """Every rule file there is to take lines and words from."""
    return tuple(text_of(path) for path in sorted(POLICIES.glob("*/*.policy")))


@cache
def data_texts() -> tuple[str, ...]:
    """Every file of data there is to take lines and words from."""
    return tuple(
        text_of(path) for path in sorted([*POLICIES.glob("*/sample.yaml"), *(HERE / "conformance").glob("*.yaml")])
    )


# ---- data: one line for each form it may come in


def _as_csv(random: Random, text: str) -> Mapping[str, bytes]:
    """A folder with a CSV for every table and the heads in a YAML, one or two of them broken."""
    data = _tables(text)
    heads = {name: cell.text for name, cell in data.heads.items()}
    assumed = {name: cell.text for name, cell in data.assumptions.items()}
    files = {"data/案.yaml": json.dumps({**heads, "假设": assumed}, ensure_ascii=False) + "\n"}
    for table in data.tables:
        columns = list(dict.fromkeys(name for row in table.rows for name in row.cells))
        out = io.StringIO()
        writer = csv.writer(out)
        writer.writerow(columns)
        for row in table.rows:
            writer.writerow([row.cells[name].text if name in row.cells else "" for name in columns])
        files[f"data/{table.name}.csv"] = out.getvalue()
    chosen = set(random.sample(sorted(files), min(len(files), random.randint(1, 2))))
    others = list(files.values())
    return {name: broken(random, body, others) if name in chosen else body.encode() for name, body in files.items()}


def _as_yaml(random: Random, text: str) -> Mapping[str, bytes]:
    """One YAML file, broken."""
    return {"data.yaml": broken(random, text, data_texts())}


DATA_FORMS: Mapping[str, tuple[str, Callable[[Random, str], Mapping[str, bytes]]]] = {
    "yaml": ("data.yaml", _as_yaml),
    "csv": ("data", _as_csv),
}
"""Where the data of a form lies, and what writes it broken: a new loader is one more line."""


@cache
def _tables(text: str) -> RawData:
    return data_in(read_tree(text, "data"), "data")


def _data(random: Random, form: str) -> Trial:
    name = random.choice(NAMES)
    place, written = DATA_FORMS[form]
    files = written(random, text_of(POLICIES / name / "sample.yaml"))
    return Trial(f"data {form}", ("settle", name, "--data", place, *random.choice(_SETTLE_FORMS)), files)


# ---- everything else


def _rules(random: Random) -> Trial:
    """A policy's rule file, broken; what is done with it varies."""
    name = random.choice(NAMES)
    files = _folder(name)
    files[f"{name}/rules.policy"] = broken(random, text_of(POLICIES / name / "rules.policy"), rule_texts())
    commands = (
        ("check", name, "--format", "json"), ("check", name), ("check", name, "--lang", "en"), ("plan", name),
        ("plan", name, "--format", "json"), ("fmt", name), ("fmt", name, "--lang", "en"), ("fmt", name, "--check"),
        ("settle", name, "--data", f"{name}/sample.yaml", *random.choice(_SETTLE_FORMS)),
    )  # fmt: skip
    return Trial("rules", random.choice(commands), files)


def _parent(random: Random) -> Trial:
    """A child beside a parent and a vocabulary, any one of the three broken."""
    files = {**_folder("jilin"), **_folder("qingshan"), "common/vocabulary.policy": _read("common/vocabulary.policy")}
    files["qingshan/补充.policy"] = (
        "修订 qingshan 「补充」\n  施行 2027-01-01 起\n\n改 参数 扣减系数 = 40%  依据 一\n".encode()
    )
    path = random.choice(sorted(path for path in files if path.endswith(".policy")))
    files[path] = broken(random, files[path].decode(), rule_texts())
    commands = (("check", "qingshan"), ("settle", "qingshan", "--data", "qingshan/sample.yaml", "--format", "json"))
    return Trial("inherited", random.choice(commands), files)


def _cases(random: Random) -> Trial:
    """A few worked cases, broken."""
    name = random.choice(NAMES)
    files = _folder(name)
    cases = re.split(r"(?m)^(?=- 案例)", text_of(POLICIES / name / "cases.yaml"))[1:]
    text = "".join(random.sample(cases, min(3, len(cases))))
    return Trial("cases", ("test", name), {**files, f"{name}/cases.yaml": broken(random, text, cases)})


def _index(random: Random) -> Trial:
    """A clause index, broken, checked and held against a document."""
    files = _qingxi()
    files["qingxi/source.yaml"] = broken(random, files["qingxi/source.yaml"].decode(), data_texts())
    commands = (
        ("check", "qingxi", "--format", "json"), ("source", "attach", "qingxi", "qingxi.md"),
        ("source", "digest", "qingxi", "qingxi.md", "--write"), ("source", "digest", "qingxi", "qingxi.md", "--format", "json"),
    )  # fmt: skip
    return Trial("index", random.choice(commands), files)


def _document(random: Random) -> Trial:
    """A copy of a document in any form, its words or its bytes broken."""
    text = (HERE / "documents" / "qingxi.md").read_text(encoding="utf-8")
    lines = broken(random, text, [text]).decode("utf-8", "replace")
    form = random.choices(("md", "txt", "docx", "pdf"), (4, 4, 4, 0.2))[0]
    plain = [re.sub(r"[\x00-\x08\x0b-\x1f\ud800-\udfff\ufffe\uffff]", "", line) for line in lines.splitlines()]
    match form:
        case "docx":
            data = _damaged(random, word_file(line for line in plain if not line.startswith("<")))
        case "pdf":
            data = _damaged(random, pdf_file([plain[:20]]))
        case _:
            data = broken(random, lines, [text])
    command = ("source", "attach", "qingxi", f"文件.{form}", *random.choice(((), ("--format", "json"))))
    return Trial("document", command, {**_qingxi(), f"文件.{form}": data})


def _damaged(random: Random, data: bytes) -> bytes:
    """A file of bytes, as often as not with some of them changed or its end lost."""
    if random.random() < 1 / 2:
        return data
    spoilt = bytearray(data)
    for _ in range(random.randint(1, 6)):
        spoilt[random.randrange(len(spoilt))] = random.randrange(256)
    return bytes(spoilt[: random.choice((len(spoilt), random.randrange(len(spoilt))))])


def _receipt(random: Random) -> Trial:
    """A receipt, broken."""
    name = random.choice(NAMES)
    sample = (POLICIES / name / "sample.yaml").read_bytes()
    files = {
        "r.json": broken(random, _receipt_of(name), [_receipt_of(other) for other in NAMES]),
        "sample.yaml": sample,
    }
    return Trial("receipt", ("verify", "r.json", *random.choice(((), ("--format", "json")))), files)


@cache
def _receipt_of(name: str) -> str:
    with TemporaryDirectory() as folder, contextlib.chdir(folder):
        Path("sample.yaml").write_bytes((POLICIES / name / "sample.yaml").read_bytes())
        words = ["settle", name, "--data", "sample.yaml", "--receipt", "r.json", "--format", "json"]
        CliRunner().invoke(cli, words)
        return Path("r.json").read_text(encoding="utf-8")


def _scenario(random: Random) -> Trial:
    """A file of assumptions, broken, and a value on the command line that may be anything."""
    text = "假设: {超支分担比例: 60%, 特殊超支分担比例: 80%}\n"
    files = {"s.yaml": broken(random, text, data_texts()), "data.yaml": _read("gaotai/sample.yaml")}
    given = f"{random.choice(('超支分担比例', 'overspend_share_rate', '留用上限比例', random.choice(NASTY)))}={random.choice(NASTY)}"
    more = random.choice(((), ("--assume", given.replace("\x00", ""))))
    return Trial("scenario", ("settle", "gaotai", "--data", "data.yaml", "--scenario", "s.yaml", *more), files)


def _command_line(random: Random) -> Trial:
    """Any command with any of its options, and words that fit nowhere."""
    words: list[str] = []
    command: click.Command = cli
    while isinstance(command, click.Group):
        name = random.choice(sorted(command.commands))
        words.append(name)
        command = command.commands[name]
    for param in command.params:
        values = (
            tuple(param.type.choices) if isinstance(param.type, click.Choice) else _USUAL.get(param.name or "", _VALUES)
        )
        for _ in range(random.choices((0, 1, 2), (3, 6, 1))[0]):
            value = random.choice(values if random.random() < _LIKELY else _VALUES)
            if isinstance(param, click.Argument):
                words.append(value)
            else:
                words += [random.choice(param.opts)] + ([] if getattr(param, "is_flag", False) else [value])
    if random.random() < 1 / 10:
        words.insert(random.randrange(len(words) + 1), random.choice(_VALUES))
    # The system itself refuses a zero byte or half a character in a command line.
    words = [word for word in words if "\x00" not in word]
    files = {**_folder("gaotai"), **_folder("jilin"), "r.json": _receipt_of("gaotai").encode(), "file": b"x"}
    return Trial("command", tuple(words), files)


_LIKELY = 0.9
_SAMPLES, _POLICIES = (
    ("gaotai/sample.yaml", "jilin/sample.yaml", "gaotai", "nowhere"),
    ("gaotai", "jilin", "common", "./jilin"),
)
_USUAL: Mapping[str, tuple[str, ...]] = {
    "name": _POLICIES, "names": _POLICIES, "paths": _POLICIES, "policy": _POLICIES, "data": _SAMPLES, "receipt": ("r.json",),
    "file": ("file", "gaotai/sample.yaml"), "year": ("2026", "2030", "-1"), "years": ("2026..2027", "2026", "2027..2026"),
    "code": ("linshui", "gaotai"), "origin": ("blank", "gaotai", "jilin", "file"), "start": ("2026-01-01",), "out": ("结果", "file"),
    "assume": ("超支分担比例=60%", "留用上限比例=x"), "scenarios": ("基金承担六成", "gaotai/sample.yaml"),
}  # fmt: skip
_VALUES = (
    "gaotai", "jilin", "common", "gaotai/rules.policy", "gaotai/sample.yaml", "jilin/sample.yaml", "r.json", "file", ".",
    "..", "", " ", "nowhere", "nowhere/x", "file/x", "结果", "结果/一", "结余留用", "retained", "2026", "2026..2027", "0", "-1",
    "99999", "超支分担比例=60%", "=", "--", "-h", "--help", "a" * 300, "gaotai\\x", *NASTY,
)  # fmt: skip


def _folder(name: str) -> dict[str, bytes]:
    return {f"{name}/{path.name}": path.read_bytes() for path in (POLICIES / name).iterdir() if path.is_file()}


def _qingxi() -> dict[str, bytes]:
    paths = [*(HERE / "documents" / "qingxi").iterdir(), HERE / "documents" / "qingxi.md"]
    return {path.relative_to(HERE / "documents").as_posix(): path.read_bytes() for path in paths if path.is_file()}


def _read(name: str) -> bytes:
    return (POLICIES / name).read_bytes()


SUBJECTS: Mapping[str, tuple[float, Callable[[Random], Trial]]] = {
    "rules": (6, _rules),
    "inherited": (2, _parent),
    **{f"data {form}": (4, lambda random, form=form: _data(random, form)) for form in DATA_FORMS},  # type: ignore[misc]
    "cases": (2, _cases),
    "index": (2, _index),
    "document": (2, _document),
    "receipt": (1, _receipt),
    "scenario": (1, _scenario),
    "command": (3, _command_line),
}
"""How often each is drawn, and what makes a trial of it."""


def draw(seed: int, subject: str = "") -> Iterator[Trial]:
    """Trials without end; a trial depends on the seed and its number alone."""
    chosen = {name: each for name, each in SUBJECTS.items() if name.startswith(subject)}
    weights = [weight for weight, _ in chosen.values()]
    number = 0
    while True:
        random = Random(f"{seed}:{number}")  # noqa: S311  # nothing secret is drawn
        yield chosen[random.choices(list(chosen), weights)[0]][1](random)
        number += 1
