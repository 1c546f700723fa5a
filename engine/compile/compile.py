"""Compile: the checked scheme becomes a pipeline; sugar and readings of other rows become steps of their own."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from heapq import heapify, heappop, heappush

from engine.nouns import core as c
from engine.nouns.core import Core, NoFigure, Scheme
from engine.nouns.pipeline import (
    GIVEN,
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
from grammar.source import source_text

Key = tuple[str, str]
_WITHIN_YEAR = frozenset({"half", "quarter", "month"})


def compile_(scheme: Scheme, reading: str | None = None) -> Pipeline:
    """The pipeline of a scheme, or of the scheme under one of its other readings."""
    return _Compiling(read_as(scheme, reading) if reading else scheme).run()


def readings(scheme: Scheme) -> tuple[str, ...]:
    """The names of all other readings, in the order of the rules."""
    names: dict[str, None] = {}
    for parameter in scheme.parameters.values():
        names.update(dict.fromkeys(r.name for r in parameter.readings))
    for figure in scheme.figures.values():
        names.update(dict.fromkeys(r.name for r in figure.readings))
    return tuple(names)


def read_as(scheme: Scheme, reading: str) -> Scheme:
    """The scheme with every figure and parameter that has this reading changed to it, together."""
    figures = {key: _figure_as(figure, reading) for key, figure in scheme.figures.items()}
    parameters = {name: _parameter_as(parameter, reading) for name, parameter in scheme.parameters.items()}
    return replace(scheme, figures=figures, parameters=parameters)


def _figure_as(figure: c.Figure, reading: str) -> c.Figure:
    for other in figure.readings:
        if other.name != reading:
            continue
        if other.branch is None:
            figure = replace(figure, default=other.value, clauses=other.clauses or figure.clauses)
        else:
            branches = list(figure.exceptions)
            branches[other.branch] = replace(branches[other.branch], value=other.value)
            figure = replace(figure, exceptions=tuple(branches))
    return figure


def _parameter_as(parameter: c.Parameter, reading: str) -> c.Parameter:
    for other in parameter.readings:
        if other.name == reading:
            entry = c.Entry(other.value, None, None, (), other.clauses, other.span)
            return replace(parameter, state="stated", entries=(entry,))
    return parameter


@dataclass(slots=True)
class _Compiling:
    scheme: Scheme
    steps: list[tuple[Step, str | None]] = field(default_factory=list)
    helpers: dict[tuple[str, Core], str] = field(default_factory=dict)
    names: dict[str, Core] = field(default_factory=dict)
    needs: dict[Key, bool] = field(default_factory=dict)

    def run(self) -> Pipeline:
        """All figures in order, then what is checked at the end."""
        for link in self.scheme.links.values():
            self._link(link)
        allocated: set[int] = set()
        parts = {(r, a.part): a for a in self.scheme.allocations for r in a.receivers}
        parts |= {(a.table, a.left): a for a in self.scheme.allocations if a.left is not None}
        for key in self.scheme.order:
            allocation = parts.get(key)
            if allocation is not None:
                if id(allocation) not in allocated:
                    allocated.add(id(allocation))
                    self._allocate(allocation)
                continue
            figure = self.scheme.figures[key]
            self._derive(figure)
            met = self.scheme.figures.get((figure.table, f"{figure.name}·达标"))
            if met is not None:
                self._derive(met)
        self._checks()
        steps, stages = self._with_ledgers()
        data = frozenset(key for key in (*self.scheme.figures, *parts, *self.scheme.inputs) if self._needs_data(key))
        return Pipeline(self.scheme, steps, stages, data)

    def _link(self, link: c.Link) -> None:
        """Rows are linked before anything is worked out of them; what the row before has is a column by its own name."""
        before: dict[str, str] = {}
        bound = self._of_two_rows(link.bound, before)
        unless = tuple(self._of_two_rows(node, before) for node in link.unless)
        self._add(
            Link(link.table, link.source, link.keys, link.start, link.end, bound, link.within, unless, before, link),
            None,
        )

    def _of_two_rows(self, node: Core, before: dict[str, str]) -> Core:
        match node:
            case c.Before(column=column, kind=kind, span=span):
                before[describe(node)] = column
                return c.Read(describe(node), kind, span)
            case c.Apply(args=args):
                return replace(node, args=tuple(self._of_two_rows(arg, before) for arg in args))
            case _:
                return node

    def _derive(self, figure: c.Figure) -> None:
        stage = self.scheme.stages[figure.stage]
        if figure.gate is not None:
            tests = tuple(
                replace(t, condition=self._lower(t.condition, figure.table, stage)) for t in figure.gate.tests
            )
            figure = replace(figure, gate=replace(figure.gate, tests=tests))
        default = (
            figure.default if isinstance(figure.default, NoFigure) else self._lower(figure.default, figure.table, stage)
        )
        exceptions = tuple(self._branch(b, figure.table, stage) for b in figure.exceptions)
        remaining = None
        if figure.part is not None:
            above = tuple(c.Read(n, figure.part.whole.kind, figure.span) for n in figure.part.above)
            remaining = self._lower(
                c.Remaining(figure.part.whole, above, figure.part.whole.kind, figure.span), figure.table, stage
            )
        self._add(
            Derive(
                figure.table, figure.name, default, exceptions, figure.kind, figure.mode,
                None if figure.unrounded else figure.step, remaining, figure.when_blank, figure,
            ),
            stage,
        )  # fmt: skip

    def _branch(self, branch: c.Branch, table: str, stage: str) -> c.Branch:
        value = branch.value if isinstance(branch.value, NoFigure) else self._lower(branch.value, table, stage)
        return replace(branch, condition=self._lower(branch.condition, table, stage), value=value)

    def _allocate(self, a: c.Allocation) -> None:
        stage = self.scheme.stages[a.stage]
        weight = {t: self._lower(node, t, stage) for t, node in a.weight.items()}
        each = {t: self._lower(node, t, stage) for t, node in a.each.items()}
        whole = self._lower(a.whole, a.table, stage)
        self._add(
            Allocate(a.table, a.part, whole, a.receivers, a.method, weight, each, a.left, a.spare, a.kind, a), stage
        )

    def _checks(self) -> None:
        for limit in self.scheme.limits:
            node = self._lower(limit.condition, limit.table, None)
            self._add(Check(limit.table, "limit", node, None, "", limit.name, limit.clauses), None)
        for identity in self.scheme.identities:
            left, right = (self._lower(side, identity.table, None) for side in (identity.left, identity.right))
            self._add(Check(identity.table, "identity", left, right, identity.text, "", identity.clauses), None)
        for uses in self.scheme.uses:
            self._add(Inspect(uses.table, uses), None)

    def _add(self, step: Step, stage: str | None) -> None:
        self.steps.append((step, stage))

    # ---- lowering: what comes from other rows becomes a helper column

    def _lower(self, node: Core, table: str, stage: str | None) -> Core:
        match node:
            case c.Gather() | c.ReadUp() | c.Before() | c.History() | c.Rank():
                return self._helper(node, table, stage)
            case c.Given(grain=grain) if grain is not None:
                return self._helper(node, table, stage)
            case c.AsGiven(column=column, kind=kind, span=span):
                return c.Read(GIVEN + column, kind, span)
            case c.Apply(operator=operator, args=args):
                lowered = tuple(self._neutral(self._lower(arg, table, stage), operator, table) for arg in args)
                return replace(node, args=lowered)
            case c.Remaining(whole=whole, parts=parts, kind=kind, span=span):
                total = self._lower(whole, table, stage)
                for part in parts:
                    total = c.Apply("subtract", (total, part), kind, "余下", span=span)
                return total
            case c.Choose(branches=branches, otherwise=otherwise):
                other = otherwise
                if otherwise is not None and not isinstance(otherwise, NoFigure):
                    other = self._lower(otherwise, table, stage)
                return replace(
                    node, branches=tuple(self._branch_in(b, table, stage) for b in branches), otherwise=other
                )
            case c.Round(value=value):
                return replace(node, value=self._lower(value, table, stage))
            case _:
                return node

    def _branch_in(self, branch: c.Branch, table: str, stage: str | None) -> c.Branch:
        value = branch.value if isinstance(branch.value, NoFigure) else self._lower(branch.value, table, stage)
        return replace(branch, condition=self._lower(branch.condition, table, stage), value=value)

    def _neutral(self, node: Core, operator: str, table: str) -> Core:
        """暂不计: a missing factor is left out as 1, a missing term as 0."""
        if operator not in {"multiply", "part", "add", "subtract"} or not self._left_out(node, table):
            return node
        return c.LeftOut(node, 1 if operator in {"multiply", "part"} else 0, node.kind, node.span)

    def _left_out(self, node: Core, table: str) -> bool:
        match node:
            case c.ReadParameter(name=name):
                return self.scheme.parameters[name].left_out
            case c.Read(column=name):
                datum = self.scheme.inputs.get((table, name))
                return datum is not None and datum.left_out
            case _:
                return False

    def _helper(self, node: Core, table: str, stage: str | None) -> Core:
        """The helper column that holds what a node reads from other rows, made once; one name on every kind of rows."""
        name = self.helpers.get((table, node))
        if name is None:
            name, number = describe(node), 1
            while self.names.setdefault(name, node) != node:
                number += 1
                name = f"{describe(node)} ({number})"
            self.helpers[(table, node)] = name
            self._add(self._helper_step(node, table, name, stage), stage)
        return c.Read(name, node.kind, node.span)

    def _helper_step(self, node: Core, table: str, name: str, stage: str | None) -> Step:
        match node:
            case c.Gather(function=function, tables=tables, column=column, where=where, kind=kind):
                filters = [self._lower(where, t, stage) for t in tables] if where is not None else [None]
                from_data = all(self._needs_data((t, column)) and not self._shared_out((t, column)) for t in tables)
                return Aggregate(table, name, function, tables, column, filters[0], from_data, kind)
            case c.ReadUp(table=above, column=column, kind=kind):
                return Spread(table, name, above, column, kind)
            case c.Before(grain=grain, column=column, opening=opening, kind=kind):
                lowered = self._lower(opening, table, stage) if opening is not None else None
                return Carry(table, name, "value", grain, 1, column, None, lowered, kind)
            case c.Given(grain=grain, column=column, kind=kind):
                assert grain is not None
                return Carry(table, name, "exists", grain, 1, column, None, None, kind)
            case c.History(function=function, count=count, grain=grain, table=child, column=column, kind=kind):
                return Carry(table, name, function, grain, count, column, child, None, kind)
            case c.Rank(column=column, highest_first=highest_first, kind=kind):
                return Sequence(table, name, column, highest_first, kind)
            case _:
                raise AssertionError(node)

    # ---- what rests on data of its own row

    def _needs_data(self, key: Key) -> bool:
        """Whether a column rests on data of its own kind of rows, so that a row without data has nothing to say."""
        if key[0] in self.scheme.links:
            # A row that is made of rows of the data is there because of them.
            return True
        if key not in self.needs:
            seen, queue = {key}, [key]
            while queue and queue[-1] not in self.scheme.inputs:
                new = [k for k in self._rests_on(queue.pop()) if k not in seen]
                seen.update(new)
                queue.extend(new)
            self.needs[key] = bool(queue)
        return self.needs[key]

    def _shared_out(self, key: Key, seen: frozenset[Key] = frozenset()) -> bool:
        """Whether a column rests on a part of an allocation: a period without data has its part all the same."""
        if key in seen:
            return False
        if any(a.part == key[1] and key[0] in a.receivers for a in self.scheme.allocations):
            return True
        return any(self._shared_out(other, seen | {key}) for other in self._rests_on(key))

    def _rests_on(self, key: Key) -> Iterator[Key]:
        """The columns of its own row that a column reads."""
        if key in self.scheme.figures:
            yield from ((key[0], name) for name in _own_reads(self.scheme.figures[key]))
            return
        for a in self.scheme.allocations:
            if a.part == key[1] and key[0] in a.receivers and key[0] in a.weight:
                yield from ((key[0], n.column) for n in c.walk(a.weight[key[0]]) if isinstance(n, c.Read))

    # ---- ledgers

    def _with_ledgers(self) -> tuple[tuple[Step | Ledger, ...], tuple[str | None, ...]]:
        """Steps that wait for one another's earlier period become a ledger; all others stay columns, each in its place."""
        made = {column: index for index, (step, _) in enumerate(self.steps) for column in columns_of(step)}
        reads = [
            {made[key] for key in _reads(step, self.scheme) if key in made} - {index}
            for index, (step, _) in enumerate(self.steps)
        ]
        group = list(range(len(self.steps)))
        for index, (step, _) in enumerate(self.steps):
            if isinstance(step, Carry) and any(later > index for later in reads[index]) and group[index] == index:
                loop = _reached(index, reads)
                readers = _reached(index, _turned(reads))
                for member in loop & readers:
                    group[member] = min(loop & readers)
        members: dict[int, list[int]] = {}
        for index, first in enumerate(group):
            members.setdefault(first, []).append(index)
        result: list[tuple[Step | Ledger, str | None]] = []
        for first in _sorted({g: {group[r] for i in own for r in reads[i]} - {g} for g, own in members.items()}):
            step, stage = self.steps[first]
            inner = tuple(self.steps[index][0] for index in members[first])
            result.append((step if len(inner) == 1 else Ledger(inner), stage))
        return tuple(step for step, _ in result), tuple(stage for _, stage in result)


def columns_of(step: Step) -> Iterator[Key]:
    """The columns a step makes."""
    match step:
        case Derive() | Aggregate() | Spread() | Carry() | Sequence():
            yield step.table, step.column
        case Allocate(receivers=receivers, column=column, table=table, left=left):
            for receiver in receivers:
                yield receiver, column
            if left is not None:
                yield table, left
        case Link() | Check() | Inspect():
            return


def describe(node: Core) -> str:
    """What a helper column is called: what it holds, in the words of the rule file."""
    match node:
        case c.Gather(function=function, tables=tables, column=column, where=where):
            name = f"{_FUNCTIONS[function]} {'、'.join(tables)}.{column}"
            return f"{name} 其中 {_text(where)}" if where is not None else name
        case c.ReadUp(table=above, column=column):
            return f"{above or '所属'}.{column}"
        case c.Before(grain=grain, column=column):
            return f"{_BEFORE[grain]} {column}"
        case c.Given(grain=grain, column=column):
            return f"已填 {_BEFORE[grain or 'year']} {column}"
        case c.History(function=function, count=count, grain=grain, table=child, column=column):
            window = f"前{count}{_GRAINS[grain]}" if count is not None else "本年至今"
            return f"{_FUNCTIONS[function]} {window} {child + '.' if child else ''}{column}"
        case c.Rank(column=column, highest_first=highest_first):
            return f"排名 {column} {'从高到低' if highest_first else '从低到高'}"
        case _:
            raise AssertionError(node)


_FUNCTIONS: Mapping[c.Function, str] = {
    "sum": "合计",
    "mean": "平均",
    "largest": "最大",
    "smallest": "最小",
    "count": "个数",
    "only": "唯一",
    "every": "全部",
    "some": "任一",
}
_BEFORE: Mapping[c.Grain, str] = {"year": "上年", "half": "上半年", "quarter": "上季", "month": "上月", "row": "上笔"}
_GRAINS: Mapping[c.Grain, str] = {"year": "年", "half": "半年", "quarter": "季", "month": "月", "row": "笔"}


def _text(node: Core) -> str:
    """The author's words for a node; only its first line."""
    return source_text(node.span)


def _own_reads(figure: c.Figure) -> Iterator[str]:
    nodes: list[Core] = [b.condition for b in figure.exceptions]
    nodes += [v for v in (figure.default, *(b.value for b in figure.exceptions)) if not isinstance(v, NoFigure)]
    if figure.part is not None:
        nodes.append(figure.part.whole)
        yield from figure.part.above
    for root in nodes:
        for node in c.walk(root):
            match node:
                case c.Read(column=column) | c.AsGiven(column=column) | c.Given(column=column, grain=None):
                    yield column
                case c.Before(column=column) | c.Rank(column=column) | c.History(table=None, column=column):
                    yield column
                case _:
                    pass


def _reads(step: Step, scheme: Scheme) -> Iterator[Key]:
    """The columns a step reads in the same year, its own rows' and others'."""
    nodes: list[tuple[str, Core]] = []
    match step:
        case Derive(table=table, default=default, exceptions=exceptions, remaining=remaining):
            values = (default, *(b.value for b in exceptions), *((remaining,) if remaining is not None else ()))
            nodes = [(table, b.condition) for b in exceptions]
            nodes += [(table, value) for value in values if not isinstance(value, NoFigure)]
        case Aggregate(tables=tables, source=source, where=where):
            yield from ((t, source) for t in tables)
            nodes = [(t, where) for t in tables if where is not None]
        case Spread(table=table, above=above, source=source):
            yield from ((t, source) for t in ((above,) if above is not None else scheme.tables[table].parents))
        case Carry(table=table, grain=grain, count=count, source=source, child=child, opening=opening):
            if child is None and (count is None or grain in _WITHIN_YEAR):
                yield table, source
            nodes = [(table, opening)] if opening is not None else []
        case Sequence(table=table, source=source):
            yield table, source
        case Allocate(table=table, whole=whole, weight=weight, each=each):
            nodes = [(table, whole), *weight.items(), *each.items()]
        case Check(table=table, left=left, right=right):
            nodes = [(table, node) for node in (left, right) if node is not None]
        case Link() | Inspect():
            pass
    for table, root in nodes:
        yield from ((table, n.column) for n in c.walk(root) if isinstance(n, c.Read))


def _reached(start: int, edges: list[set[int]]) -> set[int]:
    """What can be reached from a step, the step included."""
    seen, queue = {start}, [start]
    while queue:
        new = edges[queue.pop()] - seen
        seen |= new
        queue.extend(new)
    return seen


def _turned(edges: list[set[int]]) -> list[set[int]]:
    turned: list[set[int]] = [set() for _ in edges]
    for index, targets in enumerate(edges):
        for target in targets:
            turned[target].add(index)
    return turned


def _sorted(waits: Mapping[int, set[int]]) -> Iterator[int]:
    """Each after all it waits for, else in the order it had."""
    left = {key: len(others) for key, others in waits.items()}
    readers: dict[int, list[int]] = {}
    for key, others in waits.items():
        for other in others:
            readers.setdefault(other, []).append(key)
    ready = [key for key, count in left.items() if not count]
    heapify(ready)
    while ready:
        here = heappop(ready)
        yield here
        for reader in readers.get(here, ()):
            left[reader] -= 1
            if not left[reader]:
                heappush(ready, reader)
