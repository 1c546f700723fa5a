"""Many runs as they are told: a table for each scheme and kind of rows, and in short the least and the most of each figure."""

from collections.abc import Iterator, Sequence
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.bulk.wide import MARK, PARQUET_STATES, apart, safe
from engine.doors.json_form import findings_json
from engine.nouns.numbers import grouped
from engine.trial.sweep import USUAL_FIGURES
from grammar.diagnostic import Language

if TYPE_CHECKING:
    from engine.bulk.many import Figure
    from engine.nouns.core import Scheme
    from engine.sql.duckdb_engine import DuckDB
    from engine.trial.batch import Job

_HEAD = ("方案", "年度", "情景", "数据", "名称", "险种", "期")


def tables(engine: "DuckDB", jobs: "Sequence[Job]", folder: Path, form: str) -> dict[str, bytes]:
    """File name → file: for each scheme a table of each kind of rows, one line a run, unit and period."""
    labels(engine, jobs)
    kinds: dict[tuple[str, str], list[int]] = {}
    for number, job in enumerate(jobs):
        for kind in job.many.tables:
            kinds.setdefault((job.policy.scheme().id, kind), []).append(number)
    made: dict[str, bytes] = {}
    for number, ((scheme, kind), mine) in enumerate(kinds.items()):
        columns = _columns(jobs, kind, mine)
        query = " UNION ALL ".join(_lines(jobs[each], each, kind, columns, form) for each in mine)
        names = list(apart([*_HEAD, *(name for column, _ in columns for name in _names(column, form))]))
        told = ", ".join(f"c{i} AS {_name(name)}" for i, name in enumerate(names))
        path = folder / f"{number}.{form}"
        options = (
            f"FORMAT parquet, COMPRESSION zstd, KV_METADATA {{'{MARK}': '1'}}" if form == "parquet" else "FORMAT csv"
        )
        engine.run(
            f"COPY (SELECT {told} FROM ({query}) ORDER BY job, run, c1, place, c6) TO {_text(str(path))} ({options})"  # noqa: S608
        )
        data = path.read_bytes()
        path.unlink()
        made[f"{scheme}.{kind}.{form}"] = data if form == "parquet" else b"\xef\xbb\xbf" + data
    return made


def is_batch_table(path: Path) -> bool:
    """Whether a file is a table of many runs as written here, so that a later run may take it away."""
    start = f"\ufeff{','.join(_HEAD)},".encode()
    try:
        with path.open("rb") as file:
            return path.suffix == ".csv" and file.read(len(start)) == start
    except OSError:
        return False


def labels(engine: "DuckDB", jobs: "Sequence[Job]") -> None:
    """What each run is called, as tables in the engine."""
    for number, job in enumerate(jobs):
        engine.run(f"CREATE OR REPLACE TABLE {_name(f'runs {number}')} (run BIGINT, label VARCHAR)")
        engine.fill(f"runs {number}", [(i, run.label) for i, run in enumerate(job.runs)])


def _columns(jobs: "Sequence[Job]", kind: str, mine: list[int]) -> "list[tuple[str, str]]":
    """The figures of a kind over all data of a scheme, each with a type that holds it everywhere."""
    sorts: dict[str, set[str]] = {}
    for number in mine:
        for figure in jobs[number].many.figures[kind]:
            sorts.setdefault(figure.name, set()).add(figure.sort)
    return [(name, next(iter(found)) if len(found) == 1 else "VARCHAR") for name, found in sorts.items()]


def _names(name: str, form: str) -> Iterator[str]:
    yield name
    yield f"{name}·状态"
    if form == "parquet":
        yield f"{name}·缺"


def _lines(job: "Job", number: int, kind: str, columns: list[tuple[str, str]], form: str) -> str:
    """The lines of one scheme on some data, as a query."""
    places = {figure.name: (i, figure) for i, figure in enumerate(job.many.figures[kind])}
    head = [_text(job.policy.scheme().id), "t.year", "r.label", _text(job.data), "t.unit", "t.insurance", "t.period"]
    cells = head if form == "parquet" else [head[0], head[1], *(safe(cell) for cell in head[2:])]
    for name, sort in columns:
        at = places.get(name)
        if at is None:
            cells += [f"CAST(NULL AS {sort})"] * (3 if form == "parquet" else 2)
            continue
        i, figure = at
        state = f"CASE t.s{i} WHEN 0 THEN 'stated' WHEN 1 THEN 'assumed' WHEN 2 THEN 'open' END"
        if form == "parquet":
            cells += [f"CAST(t.v{i} AS {sort})", f"CAST({state} AS {PARQUET_STATES})", f"t.w{i}"]
        else:
            cells += [_csv_cell(f"t.v{i}", figure), state]
    told = ", ".join(f"{cell} AS c{i}" for i, cell in enumerate(cells))
    place = _place(job.policy.scheme(), kind)
    return (
        f"SELECT {number} AS job, t.run AS run, {place} AS place, {told} FROM {_name(job.many.tables[kind])} t "  # noqa: S608
        f"JOIN {_name(f'runs {number}')} r USING (run)"
    )


def _place(scheme: "Scheme", kind: str) -> str:
    """Where a line stands among those of its year and run; merged rows go by their names, as in the results of one run."""
    if kind not in scheme.links:
        return "t.place"
    types = "".join(f" WHEN {_text(name)} THEN {number}" for number, name in enumerate(scheme.insurances, 1))
    rank = f"CASE t.insurance{types} ELSE 0 END" if types else "0"
    return f"row_number() OVER (PARTITION BY t.run, t.year ORDER BY {rank}, t.unit, t.place)"


def _csv_cell(cell: str, figure: "Figure") -> str:
    text = f"CAST({cell} AS VARCHAR)"
    if figure.places is None:
        return safe(text) if figure.sort == "VARCHAR" else text
    return text if figure.is_money else f"rtrim(rtrim({text}, '0'), '.')"


# ---- in short


def summary_json(
    engine: "DuckDB", batch: str, backend: str, jobs: "Sequence[Job]", language: Language
) -> dict[str, Any]:
    """The runs in short: of each scheme and year the least and the most that each figure comes to in all, and under which run."""
    labels(engine, jobs)
    return {
        "batch": batch,
        "engine": backend,
        "runs": sum(len(job.runs) for job in jobs),
        "schemes": [_job_json(engine, job, language) for job in jobs],
    }


def _job_json(engine: "DuckDB", job: "Job", language: Language) -> dict[str, Any]:
    many = job.many
    return {
        "scheme": job.policy.scheme().id,
        "data": job.data,
        "runs": len(job.runs),
        "totals": [total for figure in _tops(job) for total in _totals(engine, job, *figure)],
        "handed_back": {
            "units": many.handed_back,
            "of": many.of,
            "runs": many.by_rows,
            "why": many.why.say(language) if many.why else None,
        },
        "warnings": findings_json(job.warnings, language),
        "refused": [
            {"scenario": job.runs[run].label, "findings": findings_json(found, language)}
            for run, found in sorted(many.refused.items())
        ],
    }


def _tops(job: "Job") -> "Iterator[tuple[str, str, list[tuple[str, int]]]]":
    """The figures that are told in short, each with the tables that have it and are part of no other that has it."""
    scheme = job.policy.scheme()
    has: dict[str, dict[str, int]] = {}
    for kind, figures in job.many.figures.items():
        for i, figure in enumerate(figures):
            if figure.is_money:
                has.setdefault(figure.name, {})[kind] = i
    for name, kinds in has.items():
        found = [
            (kind, i) for kind, i in kinds.items() if kind in scheme.tables and not _above(scheme, kind) & kinds.keys()
        ]
        for id_ in dict.fromkeys(scheme.labels.id(name, kind) for kind, _ in found):
            if id_ in USUAL_FIGURES:
                yield name, id_, [(kind, i) for kind, i in found if scheme.labels.id(name, kind) == id_]


def _above(scheme: Any, kind: str) -> set[str]:
    found: set[str] = set()
    for parent in scheme.tables[kind].parents:
        if parent in scheme.tables:
            found |= {parent} | _above(scheme, parent)
    return found


def _totals(
    engine: "DuckDB", job: "Job", name: str, id_: str, kinds: list[tuple[str, int]]
) -> Iterator[dict[str, Any]]:
    parts = " UNION ALL ".join(
        f"SELECT run, year, v{i} AS v, s{i} AS s FROM {_name(job.many.tables[kind])} WHERE s{i} IS NOT NULL"  # noqa: S608
        for kind, i in kinds
    )
    by_run = f"SELECT run, year, sum(v) AS v, count(*) FILTER (s = 2) AS open FROM ({parts}) GROUP BY run, year"  # noqa: S608
    query = (
        f"SELECT year, count(*), count(*) FILTER (open > 0), min({{'v': v, 'run': run}}) FILTER (open = 0), "  # noqa: S608
        f"max({{'v': v, 'run': -run}}) FILTER (open = 0) FROM ({by_run}) GROUP BY year ORDER BY year"
    )
    for year, runs, waiting, least, most in engine.rows(query):
        yield {
            "year": year,
            "figure": name,
            "id": id_,
            "runs": runs,
            "open": waiting,
            "least": None if least is None else f"{Decimal(least['v']):f}",
            "least_scenario": None if least is None else job.runs[least["run"]].label,
            "most": None if most is None else f"{Decimal(most['v']):f}",
            "most_scenario": None if most is None else job.runs[-most["run"]].label,
        }


def summary_text(summary: dict[str, Any], language: Language) -> str:
    """The summary for people: a paragraph for each scheme."""
    zh = language == "zh"
    lines = [f"共 {summary['runs']:,} 次运行" if zh else f"{summary['runs']:,} runs"]
    for job in summary["schemes"]:
        lines += [
            "",
            f"{job['scheme']}　{job['data']}" + (f"　{job['runs']:,} 次" if zh else f"  {job['runs']:,} runs"),
        ]
        for total in job["totals"]:
            lines.append(_total_text(total, zh=zh))
        back = job["handed_back"]
        if back["units"]:
            lines.append(
                f"  交回逐行计算的单位 {back['units']:,}" if zh else f"  {back['units']:,} units settled row by row"
            )
        if back["why"]:
            lines.append(
                f"  {back['runs']:,} 次没有一起算，逐行计算：{back['why']}"
                if zh
                else f"  {back['runs']:,} runs settled one by one, row by row: {back['why']}"
            )
        for refused in job["refused"]:
            first = refused["findings"][0]
            lines.append(
                f"  {'没有算出' if zh else 'refused'}：{refused['scenario']}　[{first['code']}] {first['message']}"
            )
    return "\n".join(lines) + "\n"


def _total_text(total: dict[str, Any], *, zh: bool) -> str:
    name = total["figure"] if zh else total["id"]
    start = f"  {total['year']} {name}"
    waits = ""
    if total["open"]:
        waits = f"；{total['open']:,} 次未定" if zh else f"; open in {total['open']:,}"
    if total["least"] is None:
        return start + (f"：{total['open']:,} 次都未定" if zh else f": open in all {total['open']:,}")
    least, most = grouped(total["least"]), grouped(total["most"])
    if least == most:
        return start + (f"：都是 {least}" if zh else f": {least} in all") + waits
    if zh:
        return start + f"：最少 {least}（{total['least_scenario']}），最多 {most}（{total['most_scenario']}）" + waits
    return start + f": from {least} ({total['least_scenario']}) to {most} ({total['most_scenario']})" + waits


def _name(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _text(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
