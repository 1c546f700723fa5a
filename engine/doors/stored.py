"""The figures a run left in files, of some units, each with the place it stands at."""

import csv
import json
from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

from engine.doors.csv_form import cell as csv_cell
from engine.doors.csv_form import safe
from engine.doors.json_form import figure_json
from engine.nouns.settlement import FigureResult
from grammar.diagnostic import Finding, Place, Words
from grammar.frozen import dataclass

# A row of a table: its kind, unit, insurance type and period, as they are printed.
Key = tuple[str, str, str, str]


@dataclass(frozen=True, slots=True)
class Stored:
    """What stands of one figure: its cells by what they say, and the place."""

    cells: Mapping[str, object]
    place: Place

    def __str__(self) -> str:
        value = self.cells["value"]
        return str(value) if value not in {None, ""} else str(self.cells["state"])


Lines = dict[Key, list[dict[str, Stored]]]


def stored_in(out: Path, kinds: Iterable[str], units: Collection[str], form: dict[str, Any] | None) -> Lines:
    """The rows of some units; ``form`` is the settlement where it was written as one JSON."""
    found: Lines = {}
    if form is not None:
        _from_json(found, form, str(out), units)
        return found
    for kind in kinds:
        if (out / f"{kind}.parquet").is_file():
            _from_parquet(found, kind, out / f"{kind}.parquet", units)
        elif (out / f"{kind}.csv").is_file():
            _from_csv(found, kind, out / f"{kind}.csv", units)
    return found


def stored_of_one(out: Path, kinds: Iterable[str], units: Collection[str], scheme: str, label: str, data: str) -> Lines:
    """The rows of some units in one of many runs (``settle --batch``)."""
    found: Lines = {}
    chosen = {"方案": scheme, "情景": label, "数据": data}
    for kind in kinds:
        path = out / f"{scheme}.{kind}"
        if (parquet := path.with_name(f"{path.name}.parquet")).is_file():
            _from_parquet(found, kind, parquet, units, chosen)
        elif (table := path.with_name(f"{path.name}.csv")).is_file():
            _from_csv(found, kind, table, units, chosen)
    return found


def differing(figures: Iterable[FigureResult], stored: Lines, out: Path) -> Iterator[Finding]:
    """Every figure that is stored otherwise than it is worked out now, and every one that stands on one side only."""
    now: dict[Key, dict[int, dict[str, FigureResult]]] = {}
    for result in figures:
        key = (result.row.table, result.row.unit, result.row.insurance or "", str(result.row.period))
        now.setdefault(key, {}).setdefault(id(result.row), {})[result.name] = result
    for key, rows in now.items():
        lines = list(stored.get(key, ()))
        # Rows of two owners may go by one name: each is held against the line that is like it.
        others = [row for row in rows.values() if not _taken(row, lines)]
        for row in others:
            line = lines.pop(0) if lines else {}
            yield from _differing(key, row, line, out)
    for key in stored.keys() - now.keys():
        for line in stored[key]:
            name, cell = next(iter(line.items()))
            yield Finding("S131", cell.place, _about(key, name, str(cell), _NONE))


def _taken(row: Mapping[str, FigureResult], lines: list[dict[str, Stored]]) -> bool:
    for line in lines:
        if row.keys() == line.keys() and all(_same(result, line[name]) for name, result in row.items()):
            lines.remove(line)
            return True
    return False


def _differing(key: Key, row: Mapping[str, FigureResult], line: Mapping[str, Stored], out: Path) -> Iterator[Finding]:
    for name in dict.fromkeys([*row, *line]):
        result, cell = row.get(name), line.get(name)
        if result is not None and cell is not None and _same(result, cell):
            continue
        place = cell.place if cell is not None else next((x.place for x in line.values()), Place(str(out)))
        now = _said(result, cell) if result is not None else _NONE
        yield Finding("S131", place, _about(key, name, _NONE if cell is None else _other(result, cell), now))


def _about(key: Key, name: str, stored: object, now: object) -> dict[str, object]:
    kind, unit, insurance, period = key
    return {
        "unit": unit or kind,
        "insurance": insurance or "—",
        "period": period,
        "name": name,
        "then": stored,
        "now": now,
    }


_NONE = Words("没有", "none")


def _same(result: FigureResult, cell: Stored) -> bool:
    form = figure_json(result)
    return all(_alike(form.get(name), value) for name, value in cell.cells.items())


def _alike(now: object, then: object) -> bool:
    """Whether a cell holds what a figure's form says, whatever type the file gives it."""
    if isinstance(then, Decimal):
        return isinstance(now, str) and Decimal(now) == then
    if isinstance(then, date):
        return now == then.isoformat()
    if isinstance(then, str) and isinstance(now, bool | list | None):
        return then in {safe(csv_cell(now)), csv_cell(now)}
    return now == then or (isinstance(then, str) and isinstance(now, str) and then == safe(now))


def _other(result: FigureResult | None, cell: Stored) -> str:
    """What of a cell is other than now, in words."""
    if result is None:
        return str(cell)
    form = figure_json(result)
    return "，".join(
        f"{value}" if value is not None else "—"
        for name, value in cell.cells.items()
        if not _alike(form.get(name), value)
    )


def _said(result: FigureResult, cell: Stored | None) -> str:
    form = figure_json(result)
    names = [n for n, v in cell.cells.items() if not _alike(form.get(n), v)] if cell is not None else ["value"]
    return "，".join(csv_cell(form.get(name)) or "—" for name in names)


# ---- files


def _from_json(found: Lines, form: dict[str, Any], file: str, units: Collection[str]) -> None:
    rows: dict[object, dict[str, Stored]] = {}
    for number, figure in enumerate(form.get("figures", ())):
        unit = figure.get("unit")
        if unit not in units:
            continue
        key: Key = (figure.get("kind"), unit, figure.get("insurance") or "", figure.get("period"))
        lines = found.setdefault(key, [])
        name = figure.get("figure")
        # Figures stand row by row: one that is there already begins the row of another owner.
        line = rows.get(key)
        if line is None or name in line:
            line = rows[key] = {}
            lines.append(line)
        told = {n: figure.get(n) for n in ("value", "state", "missing", "assumptions", "defaults", "exact", "range")}
        line[str(name)] = Stored(told, Place(file, key=f"figures[{number}]"))


def json_of(out: Path) -> dict[str, Any] | None:
    """A settlement as it was written to one JSON file; None where the file is none."""
    try:
        form = json.loads(out.read_bytes())
    except ValueError:
        return None
    return form if isinstance(form, dict) and isinstance(form.get("figures"), list) else None


def _from_parquet(
    found: Lines, kind: str, path: Path, units: Collection[str], chosen: Mapping[str, str] | None = None
) -> None:
    from engine.sql.duckdb_engine import DuckDB

    engine = DuckDB(open_to=[path])
    try:
        engine.read("held", [path])
        names = [name for name, _ in engine.columns("held")]
        where = [f"名称 IN ({', '.join(map(_text, units))})"]
        where += [f"{name} = {_text(value)}" for name, value in (chosen or {}).items()]
        query = (
            f"SELECT * FROM read_parquet({_text(str(path.absolute()))}, file_row_number = true) "  # noqa: S608 - quoted
            f"WHERE {' AND '.join(where)} ORDER BY file_row_number"
        )
        at, head = len(names), names.index("期") + 1
        for cells in engine.rows(query):
            unit, insurance, period = cells[head - len(_KEY) : head]
            line = {
                names[i]: Stored(
                    {"value": cells[i], "state": cells[i + 1], "missing": cells[i + 2] or ""},
                    Place(str(path), row=cells[at] + 1, key=names[i]),
                )
                for i in range(head, at, 3)
                if cells[i + 1] is not None
            }
            found.setdefault((kind, unit, insurance or "", period), []).append(line)
    finally:
        engine.close()


_KEY = ("名称", "险种", "期")


def _text(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _from_csv(
    found: Lines, kind: str, path: Path, units: Collection[str], chosen: Mapping[str, str] | None = None
) -> None:
    with path.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.reader(file)
        names = next(reader, [])
        named = {safe(unit): unit for unit in units}
        if not {*_KEY, *(chosen or {})} <= set(names):
            return
        head = names.index("期") + 1
        wanted = [(names.index(name), safe(value)) for name, value in (chosen or {}).items()]
        for cells in reader:
            if len(cells) != len(names) or any(cells[i] != value for i, value in wanted):
                continue
            unit, insurance, period = cells[head - len(_KEY) : head]
            if unit not in named:
                continue
            line = {
                names[i]: Stored(
                    {"value": cells[i], "state": cells[i + 1]}, Place(str(path), reader.line_num, key=names[i])
                )
                for i in range(head, len(names), 2)
                if cells[i + 1]
            }
            found.setdefault((kind, named[unit], insurance, period), []).append(line)
