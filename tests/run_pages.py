"""What the pages of the engine's later floors show: a policy compiled, data settled, the reason of every figure.

A page's blocks: ``policy`` is the scheme that is run, ``policy province/rules.policy`` a text it stands on, ``data`` the
data (``scheme`` a shipped scheme in place of ``policy``, ``ask`` the figures to explain), ``command`` what would stand on the command line (``--assume``, ``--scenario``, ``--readings``, ``--year``),
``reading`` the reading that is compiled in place of the rules as written.
"""

import re
import shlex
from collections.abc import Iterable, Iterator, Mapping
from itertools import groupby
from pathlib import Path
from tempfile import TemporaryDirectory

from engine.api import Policy, bind_data, explainer, open_policy, settle
from engine.doors.explain_form import text_of
from engine.doors.ranges_form import limits_of, ranges_text
from engine.doors.scenarios import assumptions_of
from engine.explain.explain import Explainer
from engine.explain.reason import Trace, reason
from engine.interpret.bounds import bounds
from engine.interpret.trace import tracer
from engine.load.tables import Cell
from engine.load.yaml_data import read_yaml
from engine.nouns import core as c
from engine.nouns.core import Core, NoFigure
from engine.nouns.numbers import round_to
from engine.nouns.pipeline import (
    Aggregate,
    Allocate,
    Carry,
    Check,
    Derive,
    Inspect,
    Ledger,
    Link,
    Sequence,
    Spread,
    Step,
)
from engine.nouns.possible import Absent, Between, Scalar
from engine.nouns.printed import spoken
from engine.nouns.settlement import FigureResult, Settlement
from engine.nouns.value import Value
from engine.nouns.world import Row
from grammar.diagnostic import FindingsError, Language, Place, render
from grammar.source import source_text

Blocks = Mapping[str, str]


def compiled(blocks: Blocks) -> str:
    """The pipeline: a stage, under it its steps in order, a ledger as a block of its own."""
    with TemporaryDirectory() as folder:
        pipeline = _opened(blocks, Path(folder)).pipeline(reading=blocks.get("reading", "").strip() or None)
    lines: list[str] = []
    stage: str | None = ""
    for step, here in zip(pipeline.steps, pipeline.stages, strict=True):
        if here != stage:
            stage = here
            lines.append(here or ("先" if isinstance(step, Link) else "最后"))
        if isinstance(step, Ledger):
            lines.append("  逐期")
            lines.extend(f"    {_step(inner)}" for inner in step.steps)
        else:
            lines.append(f"  {_step(step)}")
    return "\n".join(lines)


def ranged(blocks: Blocks) -> str:
    """What ``xiance plan --ranges`` shows; a block ``money`` is the largest amount."""
    with TemporaryDirectory() as folder:
        pipeline = _opened(blocks, Path(folder)).pipeline()
    money = blocks.get("money", "").strip() or None
    return ranges_text(pipeline, bounds(pipeline, limits_of(money, None, "zh")), "zh", told_sizes=money is not None)


def figured(blocks: Blocks) -> str:
    """Every row with its figures, what is open, what was found, what other readings would change."""
    with TemporaryDirectory() as folder:
        try:
            settlement = _settled(blocks, Path(folder))
        except FindingsError as error:
            # That a figure has no English id is the business of other pages.
            raise FindingsError([f for f in error.findings if f.code != "C393"]) from None
    return "\n".join(_settlement(settlement))


def reasoned(blocks: Blocks) -> str:
    """Every figure with its reason in both languages."""
    with TemporaryDirectory() as folder:
        settlement = _settled(blocks, Path(folder))
    trace = tracer(settlement)
    rows = [(row, [line for r in results for line in _reason(r, trace)]) for row, results in _by_row(settlement)]
    return "\n".join(_together(rows))


def explained(blocks: Blocks) -> str:
    """What ``xiance explain`` answers to each line of the block ``ask``, in Chinese and in English."""
    whole = explainer_of(blocks)
    answers: list[str] = []
    for line in blocks["ask"].splitlines():
        figure, unit, *rest = shlex.split(line)
        depth = None if "--depth" in rest else 2
        place = [word for word in rest if not word.startswith("--") and word != "all"]
        found = [
            r
            for r in whole.background.settlement.figures
            if figure in {r.name, r.id}
            and r.row.unit == unit
            and all(x in {r.row.insurance, str(r.row.period)} for x in place)
        ]
        assert len(found) == 1, (line, len(found))
        for language in _LANGUAGES:
            told = whole.explain(found[0], language, depth, why_not="--why-not" in rest)
            answers.extend(text_of([told]))
    return "\n".join(answers)


def explainer_of(blocks: Blocks) -> Explainer:
    """What explains the figures of a page."""
    with TemporaryDirectory() as folder:
        policy = open_policy(blocks["scheme"].strip()) if "scheme" in blocks else _opened(blocks, Path(folder))
        return explainer(policy, bind_data(policy, read_yaml(blocks["data"], "data.yaml")))


def _reason(result: FigureResult, trace: Trace) -> Iterator[str]:
    yield f"  {result.name} {_value(result)}"
    yield from (f"    {reason(result, language, trace)}" for language in _LANGUAGES)


_LANGUAGES: tuple[Language, Language] = ("zh", "en")


def _opened(blocks: Blocks, root: Path) -> Policy:
    """The policy of a page, its texts laid out as files; a warning of the check is the business of other pages."""
    for block, text in blocks.items():
        sort, _, name = block.partition(" ")
        if sort == "policy":
            place = root / (name or "sample/rules.policy")
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_text(text, encoding="utf-8")
    return open_policy(root / "sample")


def _settled(blocks: Blocks, root: Path) -> Settlement:
    policy = _opened(blocks, root)
    assume: dict[str, Cell] = {}
    scenarios: list[str] = []
    years: set[int] | None = None
    words = iter(shlex.split(blocks.get("command", "")))
    readings = False
    for word in words:
        match word:
            case "--assume":
                name, _, value = next(words).partition("=")
                assume[name] = Cell(value, Place("--assume", key=name))
            case "--scenario":
                scenarios.append(next(words))
            case "--year":
                years = {int(next(words))}
            case "--readings":
                readings = True
            case _:
                raise AssertionError(word)
    raw = read_yaml(blocks["data"], "data.yaml")
    given = [assumption for name in scenarios for assumption in assumptions_of(policy, name)]
    return settle(policy, bind_data(policy, raw, given, assume), years, other_readings=readings)


# The figures of a run as lines.


def _settlement(settlement: Settlement) -> Iterator[str]:
    yield from _rows(settlement)
    for item in settlement.open:
        clause = f" 〔{item.clause}〕" if item.clause else ""
        yield f"未定: {item.name}{clause} 等着它的 {item.waits} 项"
    for name, assumption in settlement.assumptions.items():
        yield f"假设: {name} {_assumption(settlement, name, assumption.value)} 来自 {assumption.source}"
    for finding in settlement.warnings:
        yield render(finding, "zh")
    for difference in settlement.differences:
        other = _value(difference.other) if difference.other else "无"
        yield f"另解 {difference.reading}: {_heading(difference.result.row)} {difference.result.name} {other}"
    if settlement.tally.identities or settlement.tally.waiting:
        waiting = f"，{settlement.tally.waiting} 条待定" if settlement.tally.waiting else ""
        yield f"校核 {settlement.tally.identities} 条{waiting}"


def _rows(settlement: Settlement) -> Iterator[str]:
    """Each row with its figures."""
    yield from _together(
        [(row, [f"  {r.name} {_value(r)}{_cited(r)}" for r in results]) for row, results in _by_row(settlement)]
    )


def _together(rows: Iterable[tuple[Row, list[str]]]) -> Iterator[str]:
    """Rows under their headings; months that say the same stand together."""
    for (_, lines), run in groupby(rows, key=lambda pair: (_owner(pair[0]), pair[1])):
        first, *others = [row for row, _ in run]
        yield _heading(first) + (f" 至 {others[-1].period}" if others else "")
        yield from lines


def _owner(row: Row) -> tuple[object, ...]:
    own = id(row) if row.period.grain in {"year", "row"} else None
    return (row.table, row.unit, row.insurance, row.parent.unit if row.parent is not None else None, own)


def _cited(result: FigureResult) -> str:
    return f" 〔{'、'.join(result.citations)}〕" if result.citations else ""


def _by_row(settlement: Settlement) -> Iterator[tuple[Row, list[FigureResult]]]:
    rows: dict[int, tuple[Row, list[FigureResult]]] = {}
    for result in settlement.figures:
        rows.setdefault(id(result.row), (result.row, []))[1].append(result)
    yield from rows.values()


def _heading(row: Row) -> str:
    owner = row.parent.unit if row.parent is not None and row.parent.table != "县" else None
    names = (row.table, owner if owner != row.unit else None, row.unit, row.insurance, str(row.period))
    return " ".join(name for name in names if name)


def _value(result: FigureResult) -> str:
    value, kind = result.value, result.kind
    said = {True: " 达标", False: " 未达标", None: ""}[result.reached]
    match value.state:
        case "stated":
            text = _spoken(value, result)
        case "assumed":
            text = f"{_spoken(value, result)} 假设 {'、'.join(sorted(value.assumed))}"
        case _:
            known = isinstance(value.now, Between) and (value.now.low is not None or value.now.high is not None)
            text = f"未定{' ' + spoken(value.now, kind) if known else ''} 缺 {'、'.join(sorted(value.missing))}"
    return text + (f" 缺省 {'、'.join(sorted(value.defaults))}" if value.defaults else "") + said


def _spoken(value: Value, result: FigureResult) -> str:
    return spoken(value.now, result.kind) if not isinstance(value.now, Absent) else "无"


def _assumption(settlement: Settlement, name: str, value: Scalar) -> str:
    scheme = settlement.scheme
    known = scheme.parameters.get(name) or next(i for (_, n), i in scheme.inputs.items() if n == name)
    return spoken(value, known.kind)


# A step of a pipeline as one line.


def _step(step: Step) -> str:
    match step:
        case Derive():
            return _derive(step)
        case Aggregate(table=table, column=column, tables=tables, from_data=from_data):
            return f"汇总 {table}.{column} ← {'、'.join(tables)}{'（只算数据里有的行）' if from_data else ''}"
        case Spread(table=table, column=column):
            return f"下达 {table}.{column}"
        case Allocate(table=table, column=column, receivers=receivers, method=method, left=left):
            rest = f"，余 {left}" if left else ""
            return f"分配 {table} → {'、'.join(receivers)}.{column} {_METHODS[method]}{rest}"
        case Carry(table=table, column=column, opening=opening):
            return f"结转 {table}.{column}{' 期初用 ' + source_text(opening.span) if opening is not None else ''}"
        case Sequence(table=table, column=column):
            return f"排序 {table}.{column}"
        case Link(
            table=table, source=source, keys=keys, start=start, end=end, bound=bound, within=within, unless=unless
        ):
            words = f"合并 {source} → {table} 同 {'、'.join(keys)}，{start} 至 {end} {'不超过' if within else '不满'} {_words(bound)}"
            return words + "".join(f"；除非 {_words(node)}" for node in unless)
        case Check(table=table, text=text, left=left, sort=sort, name=name):
            return f"校核 {table} {text if sort == 'identity' else name + ' ' + source_text(left.span)}"
        case Inspect(table=table, uses=uses):
            return f"用途 {table}.{uses.name} 看 {'、'.join(uses.spending)}"


_METHODS = {"equally": "平均分", "by_weight": "按权重", "in_order": "依次"}


def _derive(step: Derive) -> str:
    words = f"推算 {step.table}.{step.column} = {_words(step.default)}"
    for branch in step.exceptions:
        above = f" 先于第 {'、'.join(str(i + 1) for i in sorted(branch.above))} 条" if branch.above else ""
        words += f"；除非 {_words(branch.condition)}: {_words(branch.value)}{above}"
    if step.remaining is not None:
        words += "；不出余下"
    if step.blank_only:
        words += "；未填时"
    return f"{words}；{_rounding(step)}" if step.kind.is_money or step.step is not None else words


def _rounding(step: Derive) -> str:
    if step.step is None:
        return "不取整"
    size = round_to(step.step, 1, "half_up") if step.step == 1 else step.step
    return f"{_MODES[step.mode]}到 {'分' if size == 1 and step.kind.is_money else spoken(step.step, step.kind)}"


_MODES = {"half_up": "四舍五入", "up": "进位", "down": "舍去", "half_even": "四舍六入"}


def _words(node: Core | NoFigure) -> str:
    """An expression as written; a table with its rows, a condition standing before its value."""
    if isinstance(node, NoFigure):
        return "无"
    if isinstance(node, c.Choose) and node.sort == "cases":
        rows = [f"{_source(b.condition).partition(':')[0]} → {_words(b.value)}" for b in node.branches]
        rows += [f"其余 → {_words(node.otherwise)}"] if node.otherwise is not None else []
        return f"{{{'；'.join(rows)}}}"
    if isinstance(node, c.Choose) and node.otherwise is not None:
        others = "".join(f"；除非 {_source(b.condition)}: {_words(b.value)}" for b in node.branches)
        return f"({_words(node.otherwise)}{others})"
    bands = [
        (part, n.args[1])
        for n in c.walk(node)
        if isinstance(n, c.Apply)
        and isinstance(part := n.args[0], c.Apply)
        and part.operator in {"slice", "slice_above"}
    ]
    if bands:
        rows = [f"{_source(part)} → {_source(rate)}" for part, rate in bands]
        return f"{_source(bands[0][0].args[0])} 分段 {{{'；'.join(rows)}}}"
    return _source(node)


def _source(node: Core) -> str:
    return re.sub(r"\s*\n\s*", " ", source_text(node.span))
