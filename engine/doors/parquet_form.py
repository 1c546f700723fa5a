"""A settlement as Parquet: one table per kind of rows, the figures as typed columns, beside each its state and what it waits for."""

import errno
import os
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from sqlglot import exp

from engine.bulk.wide import MARK, PARQUET_STATES, apart
from engine.doors.json_form import figure_json
from engine.nouns.kinds import Base
from engine.nouns.settlement import FigureResult, Settlement


def tables_parquet(settlement: Settlement) -> dict[str, bytes]:
    """File name → file: a table per kind, one row a unit and period; money is DECIMAL(38,2) in 元, other numbers have twelve decimals."""
    import duckdb

    from engine.sql.duckdb_engine import DuckDB

    kinds: dict[str, list[FigureResult]] = {}
    for result in settlement.figures:
        kinds.setdefault(result.row.table, []).append(result)
    with TemporaryDirectory(prefix="xiance-") as name:
        folder = Path(name)
        # One thread writes the rows in their order, so the same figures are the same bytes.
        engine = DuckDB(threads=1, open_to=[folder])
        try:
            return {
                f"{kind}.parquet": _written(engine, folder / f"{number}.parquet", f"t{number}", results)
                for number, (kind, results) in enumerate(kinds.items())
            }
        except duckdb.IOException as error:
            raise OSError(errno.EIO, os.strerror(errno.EIO)) from error
        finally:
            engine.close()


def is_parquet_table(path: Path) -> bool:
    """Whether a file is a table as written here, so that a later run may take it away."""
    try:
        with path.open("rb") as file:
            size = file.seek(0, os.SEEK_END)
            if path.suffix != ".parquet" or size < _TAIL:
                return False
            file.seek(size - _TAIL)
            tail = file.read(_TAIL)
            footer = int.from_bytes(tail[:4], "little")
            if tail[4:] != b"PAR1" or footer > size - _TAIL:
                return False
            file.seek(size - _TAIL - footer)
            return MARK.encode() in file.read(footer)
    except OSError:
        return False


_TAIL = 8


def _written(engine: Any, path: Path, table: str, results: list[FigureResult]) -> bytes:
    by_name: dict[str, list[FigureResult]] = {}
    rows: dict[int, dict[str, FigureResult]] = {}
    for result in results:
        by_name.setdefault(result.name, []).append(result)
        rows.setdefault(id(result.row), {})[result.name] = result
    sorts = {name: _sort(of_name) for name, of_name in by_name.items()}
    columns = [("名称", "VARCHAR"), ("险种", "VARCHAR"), ("期", "VARCHAR")]
    for name, sort in sorts.items():
        columns += [(name, sort), (f"{name}·状态", PARQUET_STATES), (f"{name}·缺", "VARCHAR")]
    names = list(apart(name for name, _ in columns))
    quoted = [exp.to_identifier(name, quoted=True).sql(dialect="duckdb") for name in names]
    defined = ", ".join(f"{name} {sort}" for name, (_, sort) in zip(quoted, columns, strict=True))
    engine.run(f"CREATE TABLE {table} ({defined})")
    engine.fill(table, (tuple(_line(figures, sorts)) for figures in rows.values()))
    target = str(path).replace("'", "''")
    engine.run(f"COPY {table} TO '{target}' (FORMAT parquet, COMPRESSION zstd, KV_METADATA {{'{MARK}': '1'}})")
    return path.read_bytes()


def _sort(results: list[FigureResult]) -> str:
    """The type of a column; text where a value does not fit, or where an amendment changed the kind."""
    kinds = {"DECIMAL(38,2)" if r.kind.is_money else _SORTS.get(r.kind.base, "DECIMAL(38,12)") for r in results}
    sort = kinds.pop()
    if kinds:
        return "VARCHAR"
    if sort.startswith("DECIMAL"):
        most = 10 ** (36 if sort == "DECIMAL(38,2)" else 26)
        values = (figure_json(r)["value"] for r in results)
        if any(value is not None and abs(Decimal(value)) >= most for value in values):
            return "VARCHAR"
    return sort


_SORTS = {Base.YES_NO: "BOOLEAN", Base.DATE: "DATE", Base.TEXT: "VARCHAR", Base.CHOICE: "VARCHAR"}


def _line(figures: dict[str, FigureResult], sorts: dict[str, str]) -> Iterator[object]:
    row = next(iter(figures.values())).row
    yield from (row.unit, row.insurance, str(row.period))
    for name, sort in sorts.items():
        if name not in figures:
            yield from (None, None, None)
            continue
        form = figure_json(figures[name])
        yield _value(form["value"], sort)
        yield form["state"]
        yield "、".join(form["missing"]) or None


def _value(value: Any, sort: str) -> object:
    if value is None or isinstance(value, bool):
        return value if value is None or sort == "BOOLEAN" else str(value).lower()
    if sort.startswith("DECIMAL"):
        return Decimal(value)
    return date.fromisoformat(value) if sort == "DATE" else value
