"""The pipeline as an analyst sees it: the order of settlement as text, JSON, or a Mermaid drawing."""

from collections.abc import Iterator
from typing import Any

from engine.compile.compile import columns_of
from engine.nouns import core as c
from engine.nouns.core import Core, NoFigure
from engine.nouns.pipeline import (
    Aggregate,
    Allocate,
    Carry,
    Check,
    Derive,
    Inspect,
    Ledger,
    Link,
    Pipeline,
    Sequence,
    Spread,
    Step,
)
from grammar.diagnostic import Language, Words
from grammar.source import source_text

_KINDS: dict[type[object], Words] = {
    Derive: Words("推算", "derive"),
    Aggregate: Words("汇总", "aggregate"),
    Spread: Words("下达", "spread"),
    Allocate: Words("分配", "allocate"),
    Carry: Words("结转", "carry"),
    Sequence: Words("排序", "sequence"),
    Link: Words("合并", "link"),
    Check: Words("校核", "check"),
    Inspect: Words("核对用途", "check uses"),
}

# Steps of no stage: what is linked before all, what is checked after all.
_UNSTAGED = {True: Words("先合并", "merged first"), False: Words("最后校核", "checks at the end")}


def plan_text(pipeline: Pipeline, language: Language) -> str:
    """One line a step, under the stage it belongs to."""
    zh = language == "zh"
    lines = [f"{pipeline.scheme.title}" if zh else pipeline.scheme.id]
    stage: str | None = ""
    for number, (step, here) in enumerate(numbered(pipeline), 1):
        if here != stage:
            stage = here
            name = here if zh or here is None else pipeline.scheme.labels.words(here)
            lines.append(f"\n{name or _UNSTAGED[isinstance(step, Link)].say(language)}")
        kind = _KINDS[type(step)].say(language)
        cited = "、".join(_clauses(step))
        clause = (f"〔{cited}〕" if zh else f" [{cited}]") if cited else ""
        lines.append(
            f"  {number:>3}  {kind}  {step.table if zh else pipeline.scheme.labels.id(step.table)}  {_words(step)}{clause}"
        )
    return "\n".join(lines) + "\n"


def plan_json(pipeline: Pipeline) -> dict[str, Any]:
    """Every step with its kind, table, column, what it reads, its clauses and its source line."""
    scheme = pipeline.scheme
    steps = []
    for step, stage in numbered(pipeline):
        column = next((name for _, name in columns_of(step)), None)
        steps.append(
            {
                "step": _KINDS[type(step)].en,
                "stage": stage,
                "table": step.table,
                "table_id": scheme.labels.id(step.table),
                "column": column,
                "id": scheme.labels.id(column, step.table) if column else None,
                "reads": sorted(_reads(step)),
                "words": _words(step),
                "clauses": list(_clauses(step)),
                "line": _line(step),
            }
        )
    return {"scheme": scheme.id, "stages": list(scheme.stages), "steps": steps}


def plan_mermaid(pipeline: Pipeline) -> str:
    """A drawing: stages as boxes, figures as nodes, an arrow from what is read to what reads it."""
    lines = ["flowchart TD"]
    nodes: dict[tuple[str, str], str] = {}
    stages: dict[str, list[str]] = {}
    steps = [(step, stage) for step, stage in numbered(pipeline) if not isinstance(step, Link | Check | Inspect)]
    for step, stage in steps:
        for table, name in columns_of(step):
            key = nodes.setdefault((table, name), f"n{len(nodes)}")
            label = f"{table}·{name}".replace('"', "'")
            stages.setdefault(stage or "", []).append(f'    {key}["{label}"]')
    for stage, members in stages.items():
        lines.append(f'  subgraph s{list(stages).index(stage)}["{stage}"]')
        lines.extend(dict.fromkeys(members))
        lines.append("  end")
    for step, _ in steps:
        for target in columns_of(step):
            for source in sorted(_sources(pipeline, step, target[0])):
                if source in nodes and source != target:
                    lines.append(f"  {nodes[source]} --> {nodes[target]}")
    return "\n".join(dict.fromkeys(lines)) + "\n"


def numbered(pipeline: Pipeline) -> Iterator[tuple[Step, str | None]]:
    """Every step with its stage, those of a ledger one after another."""
    for step, stage in zip(pipeline.steps, pipeline.stages, strict=True):
        if isinstance(step, Ledger):
            yield from ((inner, stage) for inner in step.steps)
        else:
            yield step, stage


def _clauses(step: Step) -> tuple[str, ...]:
    match step:
        case Derive(figure=figure):
            return figure.clauses
        case Allocate(allocation=allocation):
            return allocation.clauses
        case Check(clauses=clauses):
            return clauses
        case Inspect(uses=uses):
            return uses.clauses
        case Link(link=link):
            return link.clauses
        case _:
            return ()


def _line(step: Step) -> int | None:
    match step:
        case Derive(figure=figure):
            return figure.span.line
        case Allocate(allocation=allocation):
            return allocation.span.line
        case Inspect(uses=uses):
            return uses.span.line
        case Link(link=link):
            return link.span.line
        case _:
            return None


def _words(step: Step) -> str:
    """The step in the author's words."""
    match step:
        case Derive(column=column, figure=figure):
            return f"{column} = {source_of(figure.default)}" + "".join(
                f"；除非 {source_of(b.condition)}: {source_of(b.value)}" for b in figure.exceptions
            )
        case Allocate(column=column, allocation=a):
            return f"{column} ← {source_of(a.whole)} → {'、'.join(a.receivers)}"
        case Check(sort="limit", name=name, left=left):
            return f"{name} {source_of(left)}"
        case Check(text=text):
            return text
        case Inspect(uses=uses):
            return f"{uses.name}：{'、'.join(uses.allowed)}"
        case Aggregate(column=column) | Spread(column=column) | Carry(column=column) | Sequence(column=column):
            return column
        case Link(link=link):
            return _written(link)


def source_of(node: Core | NoFigure) -> str:
    """An expression as written; a table on one line, its rows in braces."""
    if isinstance(node, NoFigure):
        return "无"
    if isinstance(node, c.Choose) and node.sort == "cases":
        rows = [f"{_written(b.condition).partition(':')[0]} → {source_of(b.value)}" for b in node.branches]
        rows += [f"其余 → {source_of(node.otherwise)}"] if node.otherwise is not None else []
        return f"{_head(node)} {{{'；'.join(rows)}}}"
    bands = [each for each in c.walk(node) if isinstance(each, c.Apply) and _is_band(each.args[0])]
    if bands:
        return f"{_head(node)} {{{'；'.join(f'{_written(b.args[0])} → {_written(b.args[1])}' for b in bands)}}}"
    return _written(node)


def _is_band(node: Core) -> bool:
    return isinstance(node, c.Apply) and node.operator in {"slice", "slice_above"}


def _head(node: Core) -> str:
    """What a table looks at: the first line of it, without the signs around."""
    return source_text(node.span).split("\n")[0].removeprefix("=").strip().removesuffix(":")


def _written(node: Core | c.Link) -> str:
    return " ".join(source_text(node.span).split())


def _reads(step: Step) -> set[str]:
    names: set[str] = set()
    for node in _expressions(step):
        for inner in c.walk(node):
            match inner:
                case c.Read(column=name) | c.ReadParameter(name=name) | c.Given(column=name):
                    names.add(name)
                case _:
                    pass
    match step:
        case Aggregate(tables=tables, source=source):
            names |= {f"{t}.{source}" for t in tables}
        case Spread(above=above, source=source):
            names.add(f"{above or '所属'}.{source}")
        case Carry(source=source) | Sequence(source=source):
            names.add(source)
        case Link(source=table, keys=keys, start=start, end=end, before=before):
            names -= before.keys()
            names |= {f"{table}.{name}" for name in (*keys, start, end, *before.values())}
        case _:
            pass
    return names


def _sources(pipeline: Pipeline, step: Step, table: str) -> set[tuple[str, str]]:
    """The columns a step reads, with their tables."""
    found: set[tuple[str, str]] = set()
    for name in _reads(step):
        above, dot, column = name.rpartition(".")
        if not dot:
            found.add((table, name))
            found.add((step.table, name))
        elif above == "所属":
            found |= {(parent, column) for parent in pipeline.scheme.tables[step.table].parents}
        else:
            found.add((above, column))
    return found


def _expressions(step: Step) -> Iterator[Core]:
    match step:
        case Derive(default=default, exceptions=exceptions, remaining=remaining):
            if not isinstance(default, NoFigure):
                yield default
            for branch in exceptions:
                yield branch.condition
                if not isinstance(branch.value, NoFigure):
                    yield branch.value
            if remaining is not None:
                yield remaining
        case Allocate(whole=whole, weight=weight, each=each):
            yield whole
            yield from weight.values()
            yield from each.values()
        case Check(left=left, right=right):
            yield left
            if right is not None:
                yield right
        case Aggregate(where=where) if where is not None:
            yield where
        case Link(bound=bound, unless=unless):
            yield bound
            yield from unless
        case Carry(opening=opening) if opening is not None:
            yield opening
        case _:
            return
