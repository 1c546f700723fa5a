"""Coverage: which rules, branches, clauses and boundaries of a policy its cases have touched."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from engine.api import Policy
from engine.check.clauses import citations
from engine.check.rules import fold_locator
from engine.interpret.trace import parameter_entry, tracer
from engine.load.source import read_index
from engine.nouns import core as c
from engine.nouns import kinds as k
from engine.nouns.core import Core
from engine.nouns.pipeline import Aggregate, Allocate, Carry, Check, Derive, Ledger, Link, Pipeline, Step
from engine.nouns.possible import Possible, is_point
from engine.nouns.settlement import Settlement
from engine.nouns.value import Value
from engine.nouns.world import Joint, Row, Run
from engine.trial.points import SIDES, Boundary, Key, Side, atoms, boundaries, place_key, roots
from engine.trial.results import Coverage, Measure, Untouched
from grammar import syntax as s
from grammar.diagnostic import Words
from grammar.source import Span, source_text

_Values = Callable[[Core], Value | None]


@dataclass(slots=True)
class Coverer:
    """Gathers what runs touch: every point of the rules is known first, then runs are added one by one."""

    policy: Policy
    rules: dict[Key, Untouched] = field(default_factory=dict)
    exceptions: dict[Key, Untouched] = field(default_factory=dict)
    branches: dict[Key, Untouched] = field(default_factory=dict)
    boundaries: dict[Key, Untouched] = field(default_factory=dict)
    cited: dict[str, dict[Key, Span]] = field(default_factory=dict)
    touched: set[Key] = field(default_factory=set)
    known: dict[int, Pipeline] = field(default_factory=dict)
    read: set[str] = field(default_factory=set)
    files: frozenset[str] = frozenset()
    edges: dict[Key, tuple[Boundary, Side]] = field(default_factory=dict)
    held: dict[tuple[str, str], set[frozenset[int]]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Know the points of the rules as they stand at the end."""
        self.files = frozenset(document.span.source.name for document in own_documents(self.policy))
        self._know(self.policy.pipeline())

    def add(self, run: Run, settlement: Settlement) -> None:
        """Add what a run touched; it was done with ``noting``."""
        trace = tracer(settlement)
        self.touched.add(_ANY)
        for year in run.years:
            self._know(year.pipeline)
            for step in steps_of(year.pipeline):
                for row in year.tables.get(step.table, ()):
                    self._touch(step, row, year.pipeline, trace(year.pipeline, row), trace)
            for table, rows in year.tables.items():
                for row in rows:
                    self.touched.update(("input", table, name) for name in row.given)

    def coverage(self) -> Coverage:
        """The measures of all that was added."""
        return Coverage(
            self._measure(self.rules),
            self._measure(self.exceptions),
            self._measure({**self.exceptions, **self.branches}),
            self._clauses(),
            self._measure(self.boundaries),
        )

    def _measure(self, points: Mapping[Key, Untouched]) -> Measure:
        missing = [point for key, point in points.items() if key not in self.touched]
        missing.sort(key=lambda u: (u.file, u.line, u.what.zh))
        return Measure(len(points), len(points) - len(missing), tuple(missing))

    # ---- what there is to touch

    def _know(self, pipeline: Pipeline) -> None:
        if id(pipeline) in self.known:
            return
        self.known[id(pipeline)] = pipeline
        for step in steps_of(pipeline):
            match step:
                case Derive():
                    self._know_figure(step, pipeline)
                case Aggregate(where=where) if where is not None:
                    self._know_nodes(where, step.column, pipeline)
                case Allocate():
                    for receiver in step.receivers:
                        self._cite(step.allocation.clauses, ("rule", receiver, step.column), step.allocation.span)
                    for node in (step.whole, *step.weight.values(), *step.each.values()):
                        self._know_nodes(node, step.column, pipeline)
                case Carry(opening=opening) if opening is not None:
                    span = opening.span
                    self._point(
                        ("carried", *place_key(opening)),
                        span,
                        _words(step.column, "上期有数", "an earlier period is there"),
                    )
                    self._point(
                        ("opened", *place_key(opening)),
                        span,
                        _words(step.column, "上期没有数，用期初数", "no earlier period: the opening value"),
                    )
                case Link():
                    self._know_link(step, pipeline)
                case Check(sort="limit"):
                    for boundary in boundaries(step.left, pipeline.scheme):
                        # Above its bound a datum is refused: no run stands there.
                        for side in ("below", "at"):
                            self._edge(boundary, side)
                case _:
                    pass
        scheme = pipeline.scheme
        for datum in scheme.inputs.values():
            self._cite(datum.clauses, ("input", datum.table, datum.name), datum.span)
        for parameter in scheme.parameters.values():
            if parameter.name in self.read:
                key: Key = ("parameter", parameter.name)
                for clauses in (parameter.clauses, *(e.clauses for e in parameter.entries)):
                    self._cite(clauses, key, parameter.span)
                for entry in parameter.entries if len(parameter.entries) > 1 else ():
                    text = source_text(entry.span).split("  ")[0]
                    self._point(("entry", *place_key(entry)), entry.span, _words(parameter.name, text, text))

    def _know_figure(self, step: Derive, pipeline: Pipeline) -> None:
        figure, table, name = step.figure, step.table, step.column
        if figure.sort != "met":
            key: Key = ("rule", table, name)
            self.rules.setdefault(key, _untouched(figure.span, Words(f"{table}.{name}", f"{table}.{name}")))
            self._cite(figure.clauses, key, figure.span)
            for test in figure.gate.tests if figure.gate is not None else ():
                self._cite(test.clauses, key, test.span)
        for branch in step.exceptions:
            key = ("exception", table, name, *place_key(branch))
            text = source_text(branch.condition.span)
            self.exceptions.setdefault(
                key, _untouched(branch.span, Words(f"{table}.{name} 除非 {text}", f"{table}.{name} unless {text}"))
            )
            self._cite(branch.clauses, key, branch.span)
        if step.exceptions and not isinstance(step.default, c.NoFigure):
            self._point(
                ("default", table, name),
                figure.span,
                _words(f"{table}.{name}", "没有例外时", "where no exception holds"),
            )
        if step.blank_only:
            self._point(("given", table, name), figure.span, _words(f"{table}.{name}", "数据填了", "the data gives it"))
        for root in roots(step.default, step.exceptions):
            self._know_nodes(root, name, pipeline)

    def _know_link(self, step: Link, pipeline: Pipeline) -> None:
        link, name = step.link, step.table
        key: Key = ("rule", name)
        if link.span.source.name in self.files:
            words = f"{name} 合并自 {step.source}", f"{name} merged from {step.source}"
            self.rules.setdefault(key, _untouched(link.span, Words(*words)))
        self._cite(link.clauses, key, link.span)
        self._point(("linked", name), link.span, _words(name, "有两笔合成一次", "two rows are one"))
        self._point(("apart", name), link.span, _words(name, "有两笔不合", "two rows are not one"))
        for side in SIDES:
            gap = _gap(step)
            if link.span.source.name in self.files:
                self.boundaries.setdefault((*gap.key, side), _untouched(link.span, gap.words(side)))
        for node in step.unless:
            text = source_text(node.span)
            point = _untouched(node.span, Words(f"{name} 除非 {text}", f"{name} unless {text}"))
            if link.span.source.name in self.files:
                self.exceptions.setdefault(("exception", name, *place_key(node)), point)
        for node in (step.bound, *step.unless):
            self._know_nodes(node, name, pipeline)

    def _know_nodes(self, root: Core, name: str, pipeline: Pipeline) -> None:
        for node in atoms(root):
            text = source_text(node.span)
            for holds, zh, en in ((True, "成立", "holds"), (False, "不成立", "does not hold")):
                self._point(("atom", *place_key(node), holds), node.span, _words(f"{name}：{text}", zh, en))
        for node in c.walk(root):
            self._know_node(node, name)
            if isinstance(node, c.ReadParameter):
                self.read.add(node.name)
            for boundary in boundaries(node, pipeline.scheme):
                for side in boundary.sides:
                    self._edge(boundary, side)

    def _know_node(self, node: Core, name: str) -> None:
        match node:
            case c.Choose():
                for branch in node.branches:
                    text = source_text(branch.condition.span)
                    self._point(
                        ("row", *place_key(branch)), branch.span, _words(f"{name}：{text}", "这一行", "this row")
                    )
                    self._cite(branch.clauses, ("row", *place_key(branch)), branch.span)
                if node.otherwise is not None:
                    where = node.otherwise.span
                    self._point(("otherwise", *place_key(node)), where, _words(name, "其余", "otherwise"))
            case c.Apply(operator="most" | "least" as operator):
                word, en = ("最高", "at most") if operator == "most" else ("最低", "at least")
                text = source_text(node.args[1].span)
                self._point(
                    ("limited", *place_key(node)),
                    node.span,
                    _words(f"{name}：{word} {text}", "起作用", f"{en}: the limit decides"),
                )
                self._point(
                    ("free", *place_key(node)),
                    node.span,
                    _words(f"{name}：{word} {text}", "不起作用", f"{en}: the limit does not decide"),
                )
            case c.Apply(operator="slice" | "slice_above"):
                text = source_text(node.span)
                self._point(("band", *place_key(node)), node.span, _words(f"{name}：{text}", "这一段", "this band"))
            case _:
                pass

    def _point(self, key: Key, span: Span, what: Words) -> None:
        if span.source.name in self.files:
            self.branches.setdefault(key, _untouched(span, what))

    def _edge(self, boundary: Boundary, side: Side) -> None:
        # What a policy inherits is measured by its parent's own cases: only its rules and exceptions count here as well.
        if boundary.span.source.name in self.files:
            key = (*boundary.key, side)
            self.boundaries.setdefault(key, _untouched(boundary.span, boundary.words(side)))
            self.edges.setdefault(key, (boundary, side))

    def _cite(self, clauses: Iterable[str], key: Key, span: Span) -> None:
        for clause in clauses:
            self.cited.setdefault(fold_locator(clause), {}).setdefault((span.source.name, key), span)

    # ---- what a run touches

    def _touch(self, step: Step, row: Row, pipeline: Pipeline, value_of: _Values, trace: "_Trace") -> None:
        match step:
            case Derive():
                self._touch_figure(step, row, pipeline)
            case Aggregate(where=where) if where is not None:
                for child in (x for t in step.tables for x in _below(row, t)):
                    self._touch_nodes(where, trace(pipeline, child))
            case Allocate():
                for receiver in step.receivers:
                    for child in _below(row, receiver):
                        if step.column in child.columns and is_point(child.columns[step.column].now):
                            self.touched.add(("rule", receiver, step.column))
                self._touch_nodes(step.whole, value_of)
            case Carry(opening=opening) if opening is not None and is_point(row.columns[step.column].now):
                side = "opened" if row.decided.get(step.column) == () else "carried"
                self.touched.add((side, *place_key(opening)))
            case Link():
                for member in row.children[step.source]:
                    if member.joint is not None:
                        self._touch_joint(step, member.joint, trace(pipeline, member))
            case Check(sort="limit") if step.name in row.given and not row.refused:
                self._touch_nodes(step.left, value_of)
            case _:
                pass

    def _touch_figure(self, step: Derive, row: Row, pipeline: Pipeline) -> None:
        table, name = step.table, step.column
        value = row.columns.get(name)
        if value is None or (row.refused and step.kind.is_money):
            return
        if step.blank_only and name in row.given:
            self.touched.add(("given", table, name))
            return
        notes = {id(node): noted for node, noted in row.notes.get(name, ())}
        decided = row.decided.get(name, ())
        for index in decided:
            self.touched.add(("exception", table, name, *place_key(step.exceptions[index])))
        told = row.from_data or (table, name) not in pipeline.needs_data
        if is_point(value.now) and told:
            self.touched.add(("rule", table, name))
            if not decided and all(_now(notes.get(id(b.condition))) is False for b in step.exceptions):
                self.touched.add(("default", table, name))
        if step.exceptions and all(isinstance(_now(notes.get(id(b.condition))), bool) for b in step.exceptions):
            holding = frozenset(i for i, b in enumerate(step.exceptions) if _now(notes.get(id(b.condition))))
            self.held.setdefault((table, name), set()).add(holding)
        for node, _ in row.notes.get(name, ()):
            entry = parameter_entry(pipeline, node.name, row) if isinstance(node, c.ReadParameter) else None
            if entry is not None:
                self.touched.add(("entry", *place_key(entry)))
        for root in roots(step.default, step.exceptions):
            self._touch_nodes(root, lambda node: notes.get(id(node)))

    def _touch_joint(self, step: Link, joint: Joint, value_of: _Values) -> None:
        """Where two rows meet: whether they are one, how near the bound they lie, what keeps them apart."""
        if joint.joins.now is True:
            self.touched.update({("linked", step.table), ("rule", step.table)})
        elif joint.joins.now is False:
            self.touched.update({("apart", step.table), ("rule", step.table)})
        gap = _gap(step)
        side = gap.side(joint.gap.now, joint.bound.now)
        if side is not None:
            self.touched.add((*gap.key, side))
        near = side == "below" or (side == "at" and step.within) or joint.joins.now is True or _is_less(joint)
        for node, held in zip(step.unless, joint.apart, strict=True):
            if held.now is True and near:
                self.touched.add(("exception", step.table, *place_key(node)))
            self._touch_nodes(node, value_of)
        self._touch_nodes(step.bound, value_of)

    def _touch_nodes(self, root: Core, value_of: _Values) -> None:
        for node in atoms(root):
            now = _now(value_of(node))
            if isinstance(now, bool):
                self.touched.add(("atom", *place_key(node), now))
        for node in c.walk(root):
            if value_of(node) is None:
                continue
            self._touch_node(node, value_of)
            for boundary in boundaries(node, self.policy.scheme()):
                left, right = _now(value_of(boundary.left)), _now(value_of(boundary.right))
                side = boundary.side(left, right) if left is not None and right is not None else None
                if side is not None:
                    self.touched.add((*boundary.key, side))

    def _touch_node(self, node: Core, value_of: _Values) -> None:
        match node:
            case c.Choose(branches=branches):
                holding = [b for b in branches if _now(value_of(b.condition)) is True]
                if len(holding) == 1:
                    self.touched.add(("row", *place_key(holding[0])))
                elif all(_now(value_of(b.condition)) is False for b in branches):
                    self.touched.add(("otherwise", *place_key(node)))
            case c.Apply(operator="most" | "least", args=(left, right)):
                now, limit, value = (_now(value_of(x)) for x in (left, right, node))
                if now is not None and limit is not None and is_point(now) and is_point(limit) and now != limit:
                    self.touched.add(("limited" if value == limit else "free", *place_key(node)))
            case c.Apply(operator="slice" | "slice_above"):
                part = _now(value_of(node))
                if part is not None and is_point(part) and part != 0:
                    self.touched.add(("band", *place_key(node)))
            case c.ReadParameter(name=name):
                self.touched.add(("parameter", name))
            case _:
                pass

    # ---- clauses

    def _clauses(self) -> Measure:
        """The clauses of the policy's own document that do something and that a rule says, decided by a case or not."""
        loaded = self.policy.loaded
        index = read_index(loaded.folder, loaded.name)
        for document in own_documents(self.policy):
            for item in document.items:
                # A parameter that no rule reads decides nothing, and so does the clause that only it cites.
                if isinstance(item, s.Parameter) and item.name.text not in self.read:
                    continue
                for citation in citations(item):
                    for locator in citation.locators:
                        if not self.cited.get(fold_locator(locator.text)):
                            self._cite([locator.text], _ANY, citation.span)
        total, missing = 0, []
        for clause in index.clauses if index is not None else ():
            if clause.later or not {"计算", "校验", "准入"} & set(clause.roles):
                continue
            fold = fold_locator(clause.locator)
            spans = {
                key: span
                for other, keys in self.cited.items()
                if other.startswith(fold)
                for (file, key), span in keys.items()
                if file in self.files
            }
            if not spans:
                continue
            total += 1
            if not any(key in self.touched for key in spans):
                what = Words(f"{clause.locator} {clause.summary}", f"{clause.locator} {clause.english}".rstrip())
                missing.append(_untouched(next(iter(spans.values())), what))
        return Measure(total, total - len(missing), tuple(missing))


def _gap(step: Link) -> Boundary:
    """The days between two rows against the bound."""
    days = c.Read(f"{step.start}至{step.end}", k.NUMBER, step.link.span)
    return Boundary(days, step.bound, 1, SIDES, step.link.span)


def _is_less(joint: Joint) -> bool:
    gap, bound = joint.gap.now, joint.bound.now
    return isinstance(gap, int) and isinstance(bound, int) and gap < bound


_ANY: Key = ("any",)
_Trace = Callable[[Pipeline, Row], Callable[[Core], Value]]


def own_documents(policy: Policy) -> tuple[s.Document, ...]:
    """The rule files in the policy's own folder: its rules and its amendments, not what it inherits."""
    loaded = policy.loaded
    return tuple(
        t.document for t in loaded.texts if t.folder == loaded.own.folder and t.document.header.sort != "vocabulary"
    )


def steps_of(pipeline: Pipeline) -> Iterator[Step]:
    """Every step of a pipeline, those of ledgers among them."""
    for step in pipeline.steps:
        yield from step.steps if isinstance(step, Ledger) else (step,)


def _below(row: Row, table: str) -> Iterator[Row]:
    """The rows of a kind under a row, directly or through others."""
    for name, children in row.children.items():
        for child in children:
            if name == table:
                yield child
            else:
                yield from _below(child, table)


def _now(value: Value | None) -> Possible | None:
    return None if value is None else value.now


def _untouched(span: Span, what: Words) -> Untouched:
    return Untouched(what, span.source.name, span.line)


def _words(subject: str, zh: str, en: str) -> Words:
    return Words(f"{subject}：{zh}" if "：" not in subject else f"{subject} {zh}", f"{subject}: {en}")
