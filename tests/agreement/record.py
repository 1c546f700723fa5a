"""What the long run has done so far, kept line by line so that it can go on where it stopped; and the report of it."""

import json
import os
import platform
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from hashlib import sha256
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from roads import Tally

from grammar.frozen import dataclass

ENGINES = {"duckdb": "DuckDB", "postgres": "PostgreSQL", "spark": "Spark"}
_ROOT = Path(__file__).resolve().parents[2]
# No road of the run goes through these: what becomes of them leaves what was run as it is.
APART = (
    "engine/doors", "engine/explain", "engine/compare", "engine/scaffold",
    *(f"engine/bulk/{name}.py" for name in (
        "choose", "lay_out", "many", "one_unit", "plain_data", "print_sql", "staged", "straight", "warned", "wide",
    )),
)  # fmt: skip
_TAKES_PART = ("engine/doors/__init__.py", "engine/doors/json_form.py")
_REASONS = 20


@dataclass(frozen=True, slots=True)
class Piece:
    """A piece of the run: what was run on which engine, from where to where, and what came of it."""

    sort: str
    engine: str
    start: int
    stop: int
    seconds: float
    result: Any
    name: str = ""


class Record:
    """The pieces done, in a file that belongs to this very code: what other code did says nothing of it."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.code = _fingerprint()
        self._file = folder / f"{self.code}.jsonl"
        self.pieces: list[Piece] = []
        if self._file.exists():
            with suppress(json.JSONDecodeError):
                # A line cut short by a run that was ended is done again.
                for line in self._file.read_text(encoding="utf-8").splitlines():
                    self.pieces.append(Piece(**json.loads(line)))

    def add(self, piece: Piece) -> None:
        """Keep a piece."""
        self.pieces.append(piece)
        told = {name: getattr(piece, name) for name in Piece.__slots__}
        with self._file.open("a", encoding="utf-8") as file:
            file.write(json.dumps(told, ensure_ascii=False) + "\n")

    def of(self, sort: str, engine: str) -> list[Piece]:
        """The pieces of a sort on an engine."""
        return [piece for piece in self.pieces if (piece.sort, piece.engine) == (sort, engine)]

    def left(self, sort: str, engine: str, whole: range) -> Iterator[range]:
        """What of a range of seeds, in steps of it, is not done."""
        done = self.of(sort, engine)
        for start in whole:
            stop = min(start + whole.step, whole.stop)
            # A shorter run may have ended within a piece of this one.
            begun = max((piece.stop for piece in done if start <= piece.start < stop), default=start)
            if begun < stop:
                yield range(begun, stop)

    def tally(self, engine: str) -> Tally:
        """What came of all programs on an engine."""
        whole = Tally()
        for piece in self.of("programs", engine):
            whole.take(Tally.from_json(piece.result["tally"]))
        return whole

    def wrong(self) -> int:
        """How many differences there are of any sort."""
        programs = sum(len(self.tally(engine).different) for engine in ENGINES)
        others = [p for p in self.pieces if p.sort != "programs"]
        return programs + sum(len(piece.result["different"]) for piece in others)


def _fingerprint() -> str:
    """What the roads and the programs drawn are made of."""
    digest = sha256()
    for folder in ("engine", "grammar", "policies", "tests/agreement"):
        for path in sorted((_ROOT / folder).rglob("*")):
            sort = path.suffix in {".py", ".toml", ".policy", ".yaml", ".lark"}
            if sort and path.name not in {"agree.py", "record.py"} and not is_apart(path.relative_to(_ROOT).as_posix()):
                digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def is_apart(file: str) -> bool:
    """Whether no road goes through a file of the project."""
    return file not in _TAKES_PART and any(file == name or file.startswith(f"{name}/") for name in APART)


# ---- the report


def report(record: Record, asked: dict[tuple[str, str], int], absent: dict[str, str]) -> str:
    """The whole report; ``absent`` says of an engine why it was not used."""
    day = datetime.now(UTC).date().isoformat()
    lines = [
        "# Engines against the interpreter",
        "",
        f"Written by `make agree` on {day}, on {_machine()}.",
        "Each engine settles the same random programs over the same random data as the interpreter; figures, states, marks, citations",
        f"and findings must be the same to the last character. What was not run is not counted. The code went by `{record.code}`.",
        "",
        *_programs(record, asked, absent),
        *_roundings(record, asked, absent),
        *_cases(record, absent),
    ]
    for engine in ENGINES:
        lines += _handed_back(engine, record.tally(engine))
    lines += _constructs(record)
    for piece in record.pieces:
        if piece.sort == "programs" and piece.result["first"]:
            lines += [f"## A difference on {ENGINES[piece.engine]}", "", "```", piece.result["first"], "```", ""]
    return "\n".join(lines).rstrip("\n") + "\n"


def _programs(record: Record, asked: dict[tuple[str, str], int], absent: dict[str, str]) -> Iterator[str]:
    yield from ("## Random programs", "")
    yield "| engine | run of asked | seeds | settled | refused by both | data that do not fit | figures | **differences** | s |"
    yield "|---|---|---|---|---|---|---|---|---|"
    for engine, title in ENGINES.items():
        pieces, tally = record.of("programs", engine), record.tally(engine)
        count = sum(piece.stop - piece.start for piece in pieces)
        if engine in absent:
            yield f"| {title} | 0 of {asked['programs', engine]:,}: {absent[engine]} | | | | | | | |"
            continue
        figures = ", ".join(f"{n:,} {state}" for state, n in sorted(tally.figures.items()))
        seconds = sum(piece.seconds for piece in pieces)
        yield (
            f"| {title} | {count:,} of {asked['programs', engine]:,} | {_seeds(pieces)} | {tally.settled:,} | {tally.refused:,} | "
            f"{tally.unsound:,} | {figures} | **{len(tally.different)}** | {seconds:,.0f} |"
        )
    yield ""


def _seeds(pieces: list[Piece]) -> str:
    """The seeds that were run: from the first to the last, with what is between them and was not."""
    spans: list[list[int]] = []
    for start, stop in sorted((piece.start, piece.stop) for piece in pieces):
        if spans and spans[-1][1] == start:
            spans[-1][1] = stop
        else:
            spans.append([start, stop])
    return ", ".join(f"{start:,}–{stop - 1:,}" for start, stop in spans)


def _roundings(record: Record, asked: dict[tuple[str, str], int], absent: dict[str, str]) -> Iterator[str]:
    yield from ("## Adversarial roundings, quotients and products against Fractions", "")
    yield from ("| engine | figures worked out | asked | **wrong** | s |", "|---|---|---|---|---|")
    for engine, title in ENGINES.items():
        pieces = record.of("roundings", engine)
        if engine in absent:
            yield f"| {title} | 0: {absent[engine]} | {asked['roundings', engine]:,} | | |"
            continue
        done, wrong = sum(p.result["done"] for p in pieces), sum(len(p.result["different"]) for p in pieces)
        seconds = sum(piece.seconds for piece in pieces)
        yield f"| {title} | {done:,} | {asked['roundings', engine]:,} | **{wrong}** | {seconds:,.0f} |"
    yield ""


def _cases(record: Record, absent: dict[str, str]) -> Iterator[str]:
    yield from ("## Worked cases of the shipped schemes", "")
    yield from ("| engine | scheme | cases | **differences** | units settled in SQL |", "|---|---|---|---|---|")
    for engine, title in ENGINES.items():
        if engine in absent:
            yield f"| {title} | not run: {absent[engine]} | | | |"
        for piece in sorted(record.of("cases", engine), key=lambda piece: piece.name):
            told = piece.result
            own = told["units"] - told["handed_back"]
            yield f"| {title} | {piece.name} | {told['tried']} | **{len(told['different'])}** | {own} of {told['units']} |"
    yield ""


def _handed_back(engine: str, tally: Tally) -> Iterator[str]:
    if not tally.roots:
        return
    own = tally.roots - tally.handed_back
    yield from (f"## What {ENGINES[engine]} hands back to the interpreter", "")
    yield (
        f"Of {tally.roots:,} units that stand alone {own:,} ({own / tally.roots:.1%}) are settled in SQL. "
        f"{tally.whole_cases_handed_back:,} programs are handed back whole, for what SQL cannot say in them; "
        "the other units are those in doubt: a finding, a number past what is proved."
    )
    yield ""
    for why, count in tally.reasons.most_common(_REASONS):
        yield f"- {count:,} programs: {why}"
    yield ""


def _constructs(record: Record) -> Iterator[str]:
    tallies = {engine: record.tally(engine).constructs for engine in ENGINES}
    names = sorted({name for tally in tallies.values() for name in tally})
    if not names:
        return
    yield from ("## Constructs, and in how many programs each was drawn", "")
    yield f"| construct | {' | '.join(ENGINES.values())} |"
    yield "|---|---|---|---|"
    for name in names:
        yield f"| {name} | {' | '.join(f'{tallies[engine][name]:,}' for engine in ENGINES)} |"
    yield ""


def _machine() -> str:
    """What the run stands on."""
    model = platform.processor() or platform.machine()
    with suppress(OSError):
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
        model = next((line.partition(": ")[2] for line in lines if line.startswith("model name")), model)
    versions = []
    for package in ("duckdb", "pyspark", "psycopg", "sqlglot"):
        with suppress(PackageNotFoundError):
            versions.append(f"{package} {version(package)}")
    return f"{model}, {os.cpu_count()} cores, {platform.system()}, Python {platform.python_version()}, {', '.join(versions)}"
