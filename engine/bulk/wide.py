"""The figures of a run as they stand in an engine: wide tables in files, their digest, and what open ones wait for."""

import hashlib
from collections import deque
from collections.abc import Collection, Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

from engine.bulk.staged import ident, literal
from engine.nouns.pipeline import Pipeline
from engine.sql.duckdb_engine import DuckDB
from engine.sql.layout import ROW
from engine.sql.program import Program
from engine.sql.scope import Names
from engine.sql.told import FEN_PLACES, Told, mask_of
from grammar.frozen import dataclass

STATES = ("stated", "assumed", "open")
PARQUET_STATES = "ENUM('stated', 'assumed', 'open')"
MARK = "xiance.table"
_MARK_OF_ORDER = "\ufeff"
# What a spreadsheet takes for a formula, and what it takes for a number all the same.
_FORMULA, _NUMBER = r"^[=+\-@\t\r\n＝＋－＠]", r"-?[0-9]+(\.[0-9]+)?"


@dataclass(frozen=True, slots=True)
class _Part:
    """The rows of one kind in one year, with the figures told of them."""

    year: int
    kind: str
    source: str
    told: tuple[Told, ...]


class Wide:
    """The figures of the years that are told; nothing of them is in doubt."""

    def __init__(
        self, engine: DuckDB, program: Program, pipelines: Mapping[int, Pipeline], years: Collection[int]
    ) -> None:
        self.engine = engine
        self.program = program
        self.pipelines = pipelines
        # Parents stand before what belongs to them, as rows are made.
        self.parts = [
            _Part(year, kind, rows.frame.source, program.told[year, kind])
            for year, kinds in program.years.items()
            if year in years
            for kind, rows in kinds.items()
            if program.told[year, kind] and rows.relation.years.get(year)
        ]

    def _ask(self, query: str) -> list[tuple[object, ...]]:
        return list(self.engine.rows(query))

    # ---- what is open

    def waits(self) -> dict[str, int]:
        """How many open figures wait for each name."""
        found: dict[str, int] = {}
        for part in self.parts:
            for told in part.told:
                if not told.missing:
                    continue
                query = (
                    f"SELECT {', '.join(map(ident, told.missing))}, count(*) FROM {ident(part.source)} "  # noqa: S608
                    f"WHERE {ident(told.state)} = 2 GROUP BY ALL"
                )
                for *words, count in self._ask(query):
                    for name in self.program.names.of(mask_of(words)):
                        found[name] = found.get(name, 0) + int(str(count))
        return found

    # ---- the digest

    def digest(self) -> str:
        """The digest of all figures in their order, the same that the interpreter's have."""
        digest, first = hashlib.sha256(), True
        digest.update(b"[")
        with ThreadPoolExecutor(1) as ahead:
            waiting: deque[Future[bytes]] = deque()
            for query in self._lines():
                # While lines are taken in here the engine makes the next ones.
                waiting.append(ahead.submit(self._text, query))
                if len(waiting) > 1:
                    first = _added(digest, waiting.popleft().result(), first=first)
            while waiting:
                first = _added(digest, waiting.popleft().result(), first=first)
        digest.update(b"]")
        return f"sha256:{digest.hexdigest()}"

    def _text(self, query: str) -> bytes:
        return b"".join(line for (line,) in self.engine.rows(query))

    def _lines(self) -> Iterator[str]:
        """Queries for all figures, a line a row; every figure begins with a comma."""
        for part in self.parts:
            short = self._short(part)
            line = f"concat({', '.join(self._line(told, told.name in short) for told in part.told)})"
            ((low, high),) = self._ask(f"SELECT min({ROW}), max({ROW}) FROM {ident(part.source)}")  # noqa: S608
            for start in range(int(str(low)), int(str(high)) + 1, _LINES):
                # Long lines are put in order a part at a time: nobody need hold them all.
                within = f"BETWEEN {start} AND {start + _LINES - 1}"
                keyed = f"SELECT f.*, {self._key(part)} AS key_text FROM {self._labelled(part, within)}"  # noqa: S608
                yield f"SELECT encode({line}) AS line FROM ({keyed}) f WHERE line <> ''::BLOB ORDER BY f.{ROW}"  # noqa: S608

    def _short(self, part: _Part) -> frozenset[str]:
        """The amounts that all fit a decimal of 64 bits, which is the quickest to write out."""
        told = [each for each in part.told if each.places == FEN_PLACES and each.sort == "BIGINT"]
        if not told:
            return frozenset()
        asked = ", ".join(f"max(abs({ident(each.value)}))" for each in told)
        (most,) = self._ask(f"SELECT {asked} FROM {ident(part.source)}")  # noqa: S608 - our own names
        return frozenset(each.name for each, size in zip(told, most, strict=True) if int(str(size or 0)) < 10**_SHORT)

    def _line(self, told: Told, is_short: bool) -> str:
        """One figure as it stands in the digest, nothing where the row has none."""
        ends = [literal(f',"{state}"]') for state in STATES]
        words = " ".join(f"WHEN {i} THEN {end}" for i, end in enumerate(ends))
        value, state = f"f.{ident(told.value)}", f"f.{ident(told.state)}"
        if told.sort == "BOOLEAN":
            shown = f"CASE WHEN {value} THEN 'true' WHEN NOT {value} THEN 'false' ELSE 'null' END"
        else:
            if told.places is None:
                text = f"replace(replace(CAST({value} AS VARCHAR), '\\', '\\\\'), '\"', '\\\"')"
            elif is_short:
                text = f"CAST(CAST({value} AS DECIMAL({_SHORT}, 0)) * 0.01 AS VARCHAR)"
            else:
                text = _number(told)
            shown = f"CASE WHEN {value} IS NULL THEN 'null' ELSE concat('\"', {text}, '\"') END"
        name = literal(f',"{told.name}",')
        whole = f"concat(key_text, {name}, {shown}, CASE {state} {words} END)"
        return f"CASE WHEN {state} IS NULL THEN '' ELSE {whole} END"

    def _key(self, part: _Part) -> str:
        """What a row goes by, as it stands in the digest."""
        table = self.pipelines[part.year].scheme.tables[part.kind]
        owner = "coalesce(p.unit, 'None')" if table.grain != "year" else "'None'"
        kind = literal(f',[["{part.kind}","')
        return (
            f"concat({kind}, {owner}, '\",\"', l.unit, '\",\"', coalesce(l.insurance, 'None'), '\",\"', "
            f"{self._period(part)}, '\"]')"
        )

    def _period(self, part: _Part) -> str:
        grain = self.pipelines[part.year].scheme.tables[part.kind].grain
        year = literal(f"{part.year:04d}")
        match grain:
            case "month":
                return f"{year} || '-' || lpad(CAST(l.number AS VARCHAR), 2, '0')"
            case "quarter":
                return f"{year} || '-Q' || l.number"
            case "half":
                return f"{year} || '-H' || l.number"
            case _:
                return year

    def _labelled(self, part: _Part, within: str | None = None) -> str:
        """The rows of a kind with whose they are; ``within`` says which numbers of rows."""
        table = self.pipelines[part.year].scheme.tables[part.kind]
        source, kept = ident(part.source), ident(f"kept {part.kind}")
        if within is not None:
            source, kept = (f"(FROM {each} WHERE {ROW} {within})" for each in (source, kept))
        joined = f"{source} f JOIN {kept} l USING ({ROW})"
        if table.grain == "year" or not table.parents:
            return joined
        parents = " UNION ALL ".join(
            f"SELECT {i} AS parent_kind, {ROW} AS parent, unit FROM {ident(f'kept {parent}')}"  # noqa: S608 - our own names
            for i, parent in enumerate(table.parents)
        )
        return f"{joined} LEFT JOIN ({parents}) p ON p.parent_kind = l.parent_kind AND p.parent = l.parent"

    # ---- files

    def write(self, folder: Path, form: str) -> dict[str, Path]:
        """A file for each kind that has figures, with one row a unit and period, as kinds are told first."""
        kinds: dict[str, list[_Part]] = {}
        for part in self.parts:
            if self._tells(part):
                kinds.setdefault(part.kind, []).append(part)
        files: dict[str, Path] = {}
        for number, (kind, parts) in enumerate(kinds.items()):
            names = self._names(parts)
            path = folder / f"{number}.{form}"
            if form == "parquet":
                self._parquet(path, parts, names)
            else:
                self._csv(path, parts, names)
            files[f"{kind}.{form}"] = path
        return files

    def _tells(self, part: _Part) -> bool:
        """Whether some row has a figure."""
        there = " OR ".join(f"{ident(told.state)} IS NOT NULL" for told in part.told)
        return bool(self._ask(f"SELECT 1 FROM {ident(part.source)} WHERE {there} LIMIT 1"))  # noqa: S608 - our own names

    def _names(self, parts: list[_Part]) -> list[str]:
        """The figures that some row has, in the order in which rows tell them first."""
        found: dict[str, tuple[int, int, int]] = {}
        for at, part in enumerate(parts):
            asked = ", ".join(f"min({ROW}) FILTER ({ident(told.state)} IS NOT NULL)" for told in part.told)
            (firsts,) = self._ask(f"SELECT {asked} FROM {ident(part.source)}")  # noqa: S608 - our own names
            for place, (told, first) in enumerate(zip(part.told, firsts, strict=True)):
                if first is not None:
                    found.setdefault(told.name, (at, int(str(first)), place))
        return sorted(found, key=lambda name: found[name])

    def _rows(self, parts: list[_Part], names: list[str], cells: Mapping[str, list[str]], keys: list[str]) -> str:
        """A query for the rows of a kind in their order; ``cells`` are the columns of each figure, by its name."""
        queries = []
        for at, part in enumerate(parts):
            by_name = {told.name: told for told in part.told}
            there = " OR ".join(f"f.{ident(told.state)} IS NOT NULL" for told in part.told)
            columns = [f"{at} AS part", f"f.{ROW} AS {ROW}", "l.unit", "l.insurance", f"{self._period(part)} AS period"]
            for name in names:
                columns += self._cells(part, by_name.get(name), cells[name])
            queries.append(f"SELECT {', '.join(columns)} FROM {self._labelled(part)} WHERE {there}")  # noqa: S608
        together = " UNION ALL ".join(queries)
        kept = ", ".join(keys)
        return f"SELECT {kept} FROM ({together}) AS t ORDER BY part, {ROW}"  # noqa: S608 - our own names

    def _cells(self, part: _Part, told: Told | None, sorts: list[str]) -> list[str]:
        if told is None:
            return [f"CAST(NULL AS {sort})" for sort in sorts]
        words = " ".join(f"WHEN {i} THEN {literal(state)}" for i, state in enumerate(STATES))
        state = f"CASE f.{ident(told.state)} {words} END"
        if len(sorts) == len(("value", "state")):
            return [self._csv_cell(told), state]
        return [f"CAST({decimal(told)} AS {sorts[0]})", f"CAST({state} AS {sorts[1]})", self._waiting(part, told)]

    def _waiting(self, part: _Part, told: Told) -> str:
        """What a figure waits for, as people read it."""
        return waiting(self.engine, ident(part.source), told, self.program.names)

    def _parquet(self, path: Path, parts: list[_Part], names: list[str]) -> None:
        sorts = {told.name: _sort(told) for part in parts for told in part.told}
        cells = {name: [sorts[name], PARQUET_STATES, "VARCHAR"] for name in names}
        columns = ["名称", "险种", "期"]
        for name in names:
            columns += [name, f"{name}·状态", f"{name}·缺"]
        query = self._rows(parts, names, cells, ["* EXCLUDE (part, row)"])
        named = ", ".join(map(ident, apart(columns)))
        self.engine.run(
            f"COPY (SELECT * FROM ({query}) AS t ({named})) TO {literal(str(path))} "  # noqa: S608 - our own names
            f"(FORMAT parquet, COMPRESSION zstd, KV_METADATA {{'{MARK}': '1'}})"
        )

    def _csv(self, path: Path, parts: list[_Part], names: list[str]) -> None:
        cells = {name: ["VARCHAR", "VARCHAR"] for name in names}
        columns = ["名称", "险种", "期"]
        for name in names:
            columns += [name, f"{name}·状态"]
        keys = [safe("unit") + " AS unit", "insurance", "period", "* EXCLUDE (part, row, unit, insurance, period)"]
        query = self._rows(parts, names, cells, keys)
        named = ", ".join(map(ident, apart(columns)))
        bare = path.with_suffix(".bare")
        self.engine.run(
            f"COPY (SELECT * FROM ({query}) AS t ({named})) TO {literal(str(bare))} "  # noqa: S608 - our own names
            "(FORMAT csv, HEADER false, NULLSTR '')"
        )
        with path.open("wb") as whole, bare.open("rb") as rows:
            whole.write((_MARK_OF_ORDER + ",".join(columns) + "\n").encode())
            while piece := rows.read(1 << 20):
                whole.write(piece)
        bare.unlink()

    def _csv_cell(self, told: Told) -> str:
        if told.places is not None:
            return _number(told)
        text = f"CAST(f.{ident(told.value)} AS VARCHAR)"
        return safe(text) if told.sort == "VARCHAR" else text


def waiting(engine: DuckDB, source: str, told: Told, names: Names) -> str:
    """What the rows ``f`` of a source wait for as people read it, in SQL: the names of their marks, where the figure is open."""
    if not told.missing:
        return "CAST(NULL AS VARCHAR)"
    state, columns = f"f.{ident(told.state)}", [f"f.{ident(name)}" for name in told.missing]
    asked = f"SELECT DISTINCT {', '.join(columns)} FROM {source} f WHERE {state} = 2"  # noqa: S608 - our own names
    cases = "".join(
        f" WHEN {' AND '.join(f'{column} = {word}' for column, word in zip(columns, words, strict=True))} "
        f"THEN {literal('、'.join(sorted(names.of(mask_of(words)))))}"
        for words in engine.rows(asked)
        if any(words)
    )
    return f"CASE WHEN {state} = 2 THEN CASE{cases} END END" if cases else "CAST(NULL AS VARCHAR)"


def _sort(told: Told) -> str:
    """The type of a figure in a Parquet file."""
    return told.sort if told.places is None else f"DECIMAL(38,{told.places})"


def decimal(told: Told) -> str:
    """A told whole number of a row ``f`` as a decimal; what has more digits than it may have before the point is refused."""
    column = f"f.{ident(told.value)}"
    if told.places is None:
        return column
    unit = f"CAST('{_last(told.places)}' AS DECIMAL({told.places}, {told.places}))"
    # A product of decimals is exact, but a factor has no more digits than are left beside the unit's.
    digits = 38 - told.places
    short = f"CAST({column} AS DECIMAL({digits}, 0)) * {unit}"
    if told.sort == "BIGINT":
        return short
    one = f"CAST(1{'0' * told.places} AS HUGEINT)"
    ones = f"CAST({column} // {one} AS DECIMAL(38, {told.places}))"
    long = f"{ones} + CAST({column} % {one} AS DECIMAL({told.places}, 0)) * {unit}"
    return f"CASE WHEN abs({column}) < CAST(1{'0' * digits} AS HUGEINT) THEN {short} ELSE {long} END"


def _last(places: int) -> str:
    return f"0.{'0' * (places - 1)}1"


def _number(told: Told) -> str:
    """A told number as text: amounts with two decimals, others without zeros at the end where they end there."""
    text = f"CAST({decimal(told)} AS VARCHAR)"
    if told.places == FEN_PLACES:
        return text
    short = f"rtrim(rtrim({text}, '0'), '.')"
    return short if told.ends is None else f"CASE WHEN f.{ident(told.ends)} THEN {short} ELSE {text} END"


def safe(cell: str) -> str:
    """A cell that no spreadsheet takes for a formula."""
    formula = f"regexp_matches({cell}, {literal(_FORMULA)}) AND NOT regexp_full_match({cell}, {literal(_NUMBER)})"
    return f"CASE WHEN {formula} THEN '''' || {cell} ELSE {cell} END"


def apart(names: Iterable[str]) -> Iterator[str]:
    """Names that also differ for who takes small and capital letters for the same, as many readers of tables do."""
    seen: set[str] = set()
    for name in names:
        unlike, number = name, 1
        while unlike.casefold() in seen:
            number += 1
            unlike = f"{name}_{number}"
        seen.add(unlike.casefold())
        yield unlike


def _added(digest: "hashlib._Hash", lines: bytes, *, first: bool) -> bool:
    """Take lines in; whether none have been yet."""
    digest.update(lines[1:] if first else lines)
    return first and not lines


# So many rows are written out at a time, and so many digits an amount of 64 bits has with two more behind them.
_LINES, _SHORT = 50_000, 16
