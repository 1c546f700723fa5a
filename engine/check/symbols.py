"""What the texts declare, put together: later texts fill, override or add, and never delete."""

from collections.abc import Iterable, Iterator
from dataclasses import field, replace
from typing import Literal

from engine.nouns.core import Grain, Table
from engine.nouns.kinds import Kind
from engine.nouns.suggest import nearest
from grammar import syntax as s
from grammar.diagnostic import Finding
from grammar.frozen import dataclass
from grammar.source import Source, Span

GRAINS: dict[str, Grain] = {"月": "month", "季": "quarter", "半年": "half", "笔": "row"}
BUILT_INS = ("年度", "险种", "名称", "期次")
COUNTY = "县"
_UNKNOWN_NAME = frozenset({"C115", "C134", "C138", "C201", "C210", "C216", "C218", "C219", "C230", "C235", "C392"})
Key = tuple[str, str]


@dataclass(slots=True)
class RawParameter:
    """A parameter as declared, with the layer it comes from; ``filled`` where a child stated an inherited open one."""

    node: s.Parameter
    layer: str
    inherited: s.Parameter | None = None


@dataclass(frozen=True, slots=True)
class RawInput:
    """A datum of one kind of rows, as declared."""

    table: str
    node: s.Field
    layer: str
    event: s.Event | None = None


@dataclass(frozen=True, slots=True)
class RawException:
    """An exception of a figure and the layer it comes from."""

    node: s.Unless | s.Exceptions
    layer: str


@dataclass(frozen=True, slots=True)
class RawPart:
    """Where a figure is a part of a split."""

    split: s.Split
    index: int


@dataclass(slots=True)
class RawFigure:
    """The rule of a figure of one kind of rows, with every exception that any text adds to it."""

    table: str
    name: str
    stage: int
    node: s.Figure | s.Indicator | s.Gate | s.Allocate
    layer: str
    sort: Literal["figure", "split", "indicator", "gate", "part", "left"]
    part: RawPart | None = None
    exceptions: list[RawException] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class RawAllocation:
    """An allocation from one kind of rows, as declared."""

    table: str
    stage: int
    node: s.Allocate
    receivers: tuple[str, ...]
    layer: str


@dataclass(frozen=True, slots=True)
class RawLink:
    """Rows linked into rows of another kind, as declared."""

    node: s.Link
    layer: str


@dataclass(slots=True)
class Symbols:
    """Everything declared, by name; ``findings`` gathers what is wrong."""

    findings: list[Finding] = field(default_factory=list)
    texts: list[tuple[s.Document, str]] = field(default_factory=list)
    tables: dict[str, Table] = field(default_factory=dict)
    groups: dict[str, tuple[str, ...]] = field(default_factory=dict)
    rosters: dict[str, tuple[str, ...]] = field(default_factory=dict)
    called: dict[str, tuple[str, ...]] = field(default_factory=dict)
    also: dict[str, tuple[str, ...]] = field(default_factory=dict)
    terms: dict[str, s.Term] = field(default_factory=dict)
    parameters: dict[str, RawParameter] = field(default_factory=dict)
    inputs: dict[tuple[str, str], RawInput] = field(default_factory=dict)
    vocabulary: str | None = None
    figures: dict[tuple[str, str], RawFigure] = field(default_factory=dict)
    allocations: list[RawAllocation] = field(default_factory=list)
    uses: list[tuple[str, s.Uses, str]] = field(default_factory=list)
    links: dict[str, RawLink] = field(default_factory=dict)
    identities: list[tuple[tuple[str, ...] | None, s.Identity, str, bool]] = field(default_factory=list)
    scenarios: dict[str, s.Scenario] = field(default_factory=dict)
    stages: tuple[str, ...] = ()
    insurances: tuple[str, ...] = ()
    separate: bool = False
    kinds: dict[str, Kind] = field(default_factory=dict)
    lost: set[str] = field(default_factory=set)
    ids: dict[str, str] = field(default_factory=dict)

    def tell(self, code: str, span: Span | None, /, **values: object) -> None:
        """Add a finding; a name that is unknown only because its block could not be read is not told again."""
        if code in _UNKNOWN_NAME and values.get("name") in self.lost:
            return
        if span is not None and _is_english(span.source):
            values = {k: self.ids.get(v, v) if isinstance(v, str) else v for k, v in values.items()}
        self.findings.append(Finding(code, span, values))

    def near(self, name: str, known: Iterable[str]) -> dict[str, object]:
        """A ``suggestion`` where a known name, as either language writes it, is near enough."""
        names = list(known)
        return nearest(name, [*names, *(self.ids[n] for n in names if n in self.ids)])

    def once(self, named: Iterable[tuple[str, Span]]) -> None:
        """Tell every name that stands twice where each may stand once."""
        seen: set[str] = set()
        for name, span in named:
            if name in seen:
                self.tell("C110", span, name=name)
            seen.add(name)

    def expand(self, name: s.Name) -> tuple[str, ...]:
        """The kinds of rows a name stands for: itself or the members of the group."""
        if name.text in self.groups:
            return self.groups[name.text]
        if name.text in self.tables:
            return (name.text,)
        known = [*self.tables, *self.groups]
        self.tell("C101", name.span, name=name.text, **self.near(name.text, known))
        return ()

    def expand_all(self, names: Iterable[s.Name]) -> tuple[str, ...]:
        """The kinds of rows several names stand for, each once."""
        return tuple(dict.fromkeys(table for name in names for table in self.expand(name)))

    def ancestors(self, table: str) -> tuple[str, ...]:
        """Every kind above a kind, nearest first."""
        found: dict[str, None] = {}
        queue = list(self.parents(table))
        while queue:
            name = queue.pop(0)
            if name not in found and name in self.tables:
                found[name] = None
                queue.extend(self.parents(name))
        return tuple(found)

    def parents(self, table: str) -> tuple[str, ...]:
        """The kinds directly above a kind: of rows that are linked into others, that kind alone."""
        merged = self.tables[table].merged_into
        return (merged,) if merged is not None else self.tables[table].parents

    def columns(self, table: str) -> list[str]:
        """The names of a kind of rows: data and figures."""
        return [n for t, n in (*self.inputs, *self.figures) if t == table]


def declare(texts: Iterable[tuple[s.Document, str]]) -> Symbols:
    """Put the declarations of the texts together, in order: vocabulary, ancestors, the scheme, amendments."""
    symbols = Symbols(texts=list(texts))
    for document, _ in symbols.texts:
        lines = [line for item in document.items if isinstance(item, s.Translations) for line in item.lines]
        symbols.ids.update((line.name.text, line.identifier.text) for line in lines)
    for document, layer in symbols.texts:
        if document.header.sort == "vocabulary":
            symbols.vocabulary = layer
        _header(symbols, document)
        _kinds(symbols, document, layer)
        for item in document.items:
            _declaration(symbols, item, layer, document)
    for document, layer in symbols.texts:
        for item in document.items:
            if isinstance(item, s.Stage):
                _stage(symbols, item, layer)
    for document, layer in symbols.texts:
        for item in document.items:
            match item:
                case s.Stage():
                    _exceptions(symbols, item, layer)
                case s.Checks():
                    _checks(symbols, item, layer, vocabulary=document.header.sort == "vocabulary")
                case _:
                    pass
    _clashes(symbols)
    return symbols


def _is_english(source: Source) -> bool:
    """Whether a rule file is in the English spelling: its first keyword says so."""
    lines = (line.strip() for line in source.lines)
    return next((line for line in lines if line and not line.startswith("#")), "")[:1].isascii()


def _header(symbols: Symbols, document: s.Document) -> None:
    for line in document.header.lines:
        match line:
            case s.StageOrder(names=names):
                symbols.stages = tuple(n.text for n in names)
                _once(symbols, names)
            case s.Insurances(names=names, separate=separate):
                symbols.insurances = tuple(n.text for n in names)
                symbols.separate = separate
                _once(symbols, names)
            case _:
                pass


def _once(symbols: Symbols, names: tuple[s.Name, ...]) -> None:
    seen: set[str] = set()
    for name in names:
        if name.text in seen:
            symbols.tell("C102", name.span, name=name.text)
        seen.add(name.text)


def _kinds(symbols: Symbols, document: s.Document, layer: str) -> None:
    """Kinds of rows first: everything else names them."""
    items = [item for item in document.items if isinstance(item, s.Kind)]
    here = {name.text for item in items for name in item.names}
    for item in _after_those_they_name(items):
        covers = [n for part in item.parts if part.sort == "covers" for n in part.names]
        parents = [n for part in item.parts if part.sort == "in" for n in part.names]
        grain = [n for part in item.parts if part.sort == "by" for n in part.names]
        if covers:
            _group(symbols, item, covers)
            continue
        for name in item.names:
            _table(symbols, name, parents, grain, here)
    for link in document.items:
        if isinstance(link, s.Link):
            _link(symbols, RawLink(link, layer))


def _link(symbols: Symbols, raw: RawLink) -> None:
    """Rows of a kind linked into rows of a new one: the new kind stands between them and their unit."""
    name, source = raw.node.name, raw.node.source_kind
    table = symbols.tables.get(source.text)
    if name.text in symbols.tables or name.text in symbols.groups:
        symbols.tell("C104", name.span, name=name.text)
        return
    # The rules that use a kind are told nothing more than why it cannot be.
    parents = table.parents if table is not None else ()
    symbols.tables[name.text] = Table(name.text, parents, "row", None, name.span)
    if table is None:
        if source.text in symbols.groups:
            symbols.tell("C182", source.span, name=source.text)
        else:
            symbols.tell("C101", source.span, name=source.text, **symbols.near(source.text, symbols.tables))
    elif table.grain != "row" or source.text in symbols.links:
        symbols.tell("C182", source.span, name=source.text)
    elif table.merged_into is not None:
        symbols.tell("C181", source.span, name=source.text, other=table.merged_into)
    else:
        symbols.links[name.text] = raw
        symbols.tables[source.text] = replace(table, merged_into=name.text)


def _after_those_they_name(items: list[s.Kind]) -> list[s.Kind]:
    """The kinds so that each stands after those it names, whatever the order of the lines; circles stay circles."""
    first = {name.text: item for item in reversed(items) for name in item.names}
    entered: set[int] = set()
    left: dict[int, s.Kind] = {}
    for item in items:
        stack = [item]
        while stack:
            here = stack[-1]
            entered.add(id(here))
            named = [first[n.text] for part in here.parts for n in part.names if n.text in first]
            waits = [other for other in named if id(other) not in entered]
            if waits:
                stack.append(waits[0])
                continue
            left.setdefault(id(here), here)
            stack.pop()
    return list(left.values())


def _group(symbols: Symbols, item: s.Kind, covers: list[s.Name]) -> None:
    for name in covers:
        if name.text in symbols.groups:
            symbols.tell("C103", name.span, name=name.text)
        elif name.text not in symbols.tables:
            symbols.tell("C101", name.span, name=name.text, **symbols.near(name.text, symbols.tables))
    members = tuple(dict.fromkeys(n.text for n in covers if n.text in symbols.tables))
    for name in item.names:
        if symbols.groups.get(name.text, members) != members or name.text in symbols.tables:
            symbols.tell("C104", name.span, name=name.text)
        if name.text not in symbols.tables:
            symbols.groups[name.text] = members


def _table(symbols: Symbols, name: s.Name, parents: list[s.Name], grain: list[s.Name], here: set[str]) -> None:
    above = tuple(dict.fromkeys(member for p in parents for member in symbols.groups.get(p.text, (p.text,))))
    for word in parents:
        if word.text not in symbols.tables and word.text not in symbols.groups and word.text not in here:
            symbols.tell("C101", word.span, name=word.text, **symbols.near(word.text, symbols.tables))
    for parent in above:
        if parent in symbols.tables and symbols.tables[parent].grain == "row":
            symbols.tell("C105", name.span, name=name.text, parent=parent)
    step: Grain = "year"
    for word in grain:
        if word.text not in GRAINS:
            symbols.tell("C106", word.span, name=word.text)
        step = GRAINS.get(word.text, "year")
    table = Table(name.text, tuple(p for p in above if p in symbols.tables and p != name.text), step, None, name.span)
    circle = any(p.text in here and p.text not in symbols.tables and p.text not in symbols.groups for p in parents)
    if circle or name.text in above or any(name.text in symbols.ancestors(p) for p in table.parents):
        symbols.tell("C107", name.span, name=name.text)
        symbols.tables.setdefault(name.text, replace(table, parents=()))
        return
    known = symbols.tables.get(name.text)
    if known is not None and (known.grain, known.parents) != (table.grain, table.parents) and (parents or grain):
        symbols.tell("C104", name.span, name=name.text)
    if known is None:
        symbols.tables[name.text] = table


def _declaration(symbols: Symbols, item: s.Item, layer: str, document: s.Document) -> None:
    match item:
        case s.Roster():
            _roster(symbols, item)
        case s.Alias():
            _alias(symbols, item)
        case s.Term():
            if item.name.text in symbols.terms:
                symbols.tell("C110", item.name.span, name=item.name.text)
            else:
                symbols.terms[item.name.text] = item
        case s.Parameter():
            _parameter(symbols, item, layer)
        case s.Inputs():
            tables = symbols.expand_all(item.kinds)
            if not tables:
                symbols.lost |= {line.name.text for line in item.fields}
            for table in tables:
                for line in item.fields:
                    _input(symbols, RawInput(table, line, layer))
        case s.Event():
            _event(symbols, item, layer)
        case s.Scenario():
            if item.name.text in symbols.scenarios:
                symbols.tell("C110", item.name.span, name=item.name.text)
            symbols.scenarios[item.name.text] = item
        case _:
            if document.header.sort == "vocabulary" and isinstance(item, s.Stage):
                symbols.tell("C111", item.span)


def _roster(symbols: Symbols, item: s.Roster) -> None:
    for table in symbols.expand(item.kind)[:1]:
        if item.kind.text in symbols.groups:
            symbols.tell("C103", item.kind.span, name=item.kind.text)
        if table in symbols.rosters:
            symbols.tell("C112", item.span, name=table)
        if table in symbols.links:
            symbols.tell(
                "C187", item.kind.span, name=table, table=table, source=symbols.links[table].node.source_kind.text
            )
        units: list[str] = []
        for unit in item.units:
            if unit.text in units:
                symbols.tell("C102", unit.span, name=unit.text)
            units.append(unit.text)
        symbols.rosters[table] = tuple(units)


def _alias(symbols: Symbols, item: s.Alias) -> None:
    taken = {w: n for words in (symbols.called, symbols.also) for n, ws in words.items() for w in ws}
    for word in item.words:
        if taken.get(word.text, item.name.text) != item.name.text:
            symbols.tell("C113", word.span, word=word.text, name=taken[word.text])
    target = symbols.called if item.called_here else symbols.also
    words = tuple(w.text for w in item.words)
    target[item.name.text] = words if item.called_here else (*target.get(item.name.text, ()), *words)


def _parameter(symbols: Symbols, item: s.Parameter, layer: str) -> None:
    name = item.name.text
    known = symbols.parameters.get(name)
    if known is None:
        if item.override:
            symbols.tell("C120", item.name.span, name=name, **symbols.near(name, symbols.parameters))
        symbols.parameters[name] = RawParameter(item, layer)
        return
    if known.layer == layer:
        symbols.tell("C110", item.name.span, name=name)
        return
    if is_locked(known.node.attributes):
        symbols.tell("C121", item.name.span, name=name, layer=known.layer)
        return
    settled = known.node.value is not None or any(isinstance(line, s.Dated) for line in known.node.lines)
    if settled and not item.override:
        symbols.tell("C122", item.name.span, name=name, layer=known.layer)
        return
    symbols.parameters[name] = RawParameter(item, layer, known.node)


def is_locked(attributes: Iterable[s.Attribute]) -> bool:
    """Whether 锁定 stands among the attributes."""
    return any(isinstance(a, s.Flag) and a.terminal == "LOCKED" for a in attributes)


def _input(symbols: Symbols, raw: RawInput) -> None:
    key = (raw.table, raw.node.name.text)
    if raw.table in symbols.links:
        source = symbols.links[raw.table].node.source_kind.text
        symbols.tell("C187", raw.node.name.span, name=raw.node.name.text, table=raw.table, source=source)
    known = symbols.inputs.get(key)
    if known is not None and known.layer == raw.layer:
        symbols.tell("C110", raw.node.name.span, name=raw.node.name.text)
        return
    if known is not None and is_locked(known.node.attributes):
        symbols.tell("C121", raw.node.name.span, name=raw.node.name.text, layer=known.layer)
        return
    if known is None and raw.node.override:
        symbols.tell("C120", raw.node.name.span, name=raw.node.name.text)
    symbols.inputs[key] = raw if known is None or raw.node.override else _refined(symbols, known, raw)


def _refined(symbols: Symbols, known: RawInput, raw: RawInput) -> RawInput:
    """A datum that an earlier text declared: what the later one leaves unsaid stays, what it says otherwise needs 改.

    The shared vocabulary only offers its data; a scheme says them its own way.
    """
    old, new = known.node, raw.node
    bound = known.layer != symbols.vocabulary
    retyped = old.type is not None and new.type is not None and old.type != new.type
    theirs = {sort: attribute for attribute in old.attributes for sort in _sorts(attribute)}
    said = {sort: attribute for attribute in new.attributes for sort in _sorts(attribute)}
    differs = retyped or any(sort in theirs and theirs[sort] != attribute for sort, attribute in said.items())
    if bound and (differs or (known.event is None) is not (raw.event is None)):
        symbols.tell("C122", new.name.span, name=new.name.text, layer=known.layer)
        return known
    kept = tuple(a for a in old.attributes if not any(sort in said for sort in _sorts(a)))
    node = replace(new, type=new.type or old.type, attributes=(*kept, *new.attributes), cite=new.cite or old.cite)
    return replace(raw, node=node, event=raw.event or (known.event if bound else None))


def _sorts(attribute: s.Attribute) -> tuple[str, ...]:
    """What an attribute says something about: two of one sort cannot both stand."""
    match attribute:
        case s.Between():
            return ("low", "high")
        case s.Bounds(bounds=bounds):
            return tuple("low" if b.word.terminal in {"OVER", "FROM"} else "high" for b in bounds)
        case s.Flag(terminal=terminal):
            return (terminal,)
        case _:
            return (type(attribute).__name__,)


def _event(symbols: Symbols, item: s.Event, layer: str) -> None:
    tables = symbols.expand_all(item.kinds)
    if not item.kinds:
        symbols.tell("C114", item.span, name=item.name.text)
    if not tables:
        symbols.lost.add(item.name.text)
    node = s.Field(False, item.name, None, (), item.cite, item.span)
    for table in tables:
        _input(symbols, RawInput(table, node, layer, item))


def _stage(symbols: Symbols, stage: s.Stage, layer: str) -> None:
    if stage.name.text not in symbols.stages:
        symbols.tell("C130", stage.name.span, name=stage.name.text, **symbols.near(stage.name.text, symbols.stages))
        symbols.lost |= {name for block in stage.blocks for name in _made_by(block)}
        return
    index = symbols.stages.index(stage.name.text)
    for block in stage.blocks:
        tables = symbols.expand_all(block.kinds)
        if not tables:
            symbols.lost |= set(_made_by(block))
        for table in tables:
            for statement in block.statements:
                _statement(symbols, statement, table, index, layer)


def _made_by(block: s.Block) -> Iterator[str]:
    """The names of the figures that a block defines."""
    for node in block.statements:
        yield from _readings(node.parts if isinstance(node, s.Split) else (node,))
        match node:
            case s.Figure(name=name) | s.Indicator(name=name) | s.Gate(name=s.Name() as name):
                yield name.text
            case s.Split(parts=parts):
                yield from (part.name.text for part in parts)
            case s.Allocate(part=part, left=left):
                yield from (name.text for name in (part, left) if name is not None)
            case _:
                pass


def _readings(nodes: Iterable[s.Statement | s.Sub]) -> Iterator[str]:
    """The names of the other readings under rules."""
    for node in nodes:
        if isinstance(node, s.Reading):
            yield node.name.text
        if isinstance(node, s.Figure | s.Exceptions | s.Unless | s.Reading):
            yield from _readings(node.subs)


def _statement(symbols: Symbols, node: s.Statement, table: str, stage: int, layer: str) -> None:
    match node:
        case s.Figure():
            _figure(symbols, RawFigure(table, node.name.text, stage, node, layer, "figure"), node)
        case s.Split():
            _split(symbols, node, table, stage, layer)
        case s.Allocate():
            _allocate(symbols, node, table, stage, layer)
        case s.Indicator():
            _figure(symbols, RawFigure(table, node.name.text, stage, node, layer, "indicator"), None)
        case s.Gate():
            name = node.name.text if node.name else "准入"
            _figure(symbols, RawFigure(table, name, stage, node, layer, "gate"), None)
        case s.Uses():
            symbols.uses.append((table, node, layer))
        case s.Exceptions():
            pass


def _split(symbols: Symbols, node: s.Split, table: str, stage: int, layer: str) -> None:
    replaced = {
        part.name.text
        for raw in symbols.figures.values()
        if raw.table == table and raw.part is not None and raw.layer != layer
        for part in raw.part.split.parts
        if any(p.name.text == raw.name for p in node.parts)
    }
    for lost in sorted(replaced - {p.name.text for p in node.parts}):
        symbols.tell("C123", node.span, name=lost)
    for index, part in enumerate(node.parts):
        raw = RawFigure(table, part.name.text, stage, part, layer, "split", RawPart(node, index))
        _figure(symbols, raw, part)


def _figure(symbols: Symbols, raw: RawFigure, node: s.Figure | None) -> None:
    """Enter a rule; a later text replaces an earlier one's only with 改, and keeps its exceptions."""
    key = (raw.table, raw.name)
    known = symbols.figures.get(key)
    name = node.name if node else None
    span = name.span if name else raw.node.span
    override = node is not None and node.override
    if known is None:
        if override:
            figures = [name for table, name in symbols.figures if table == raw.table]
            symbols.tell("C120", span, name=raw.name, **symbols.near(raw.name, figures))
        symbols.figures[key] = raw
        return
    if known.layer == raw.layer:
        code = "C133" if known.sort == raw.sort == "gate" else "C131"
        symbols.tell(code, span, name=raw.name, table=raw.table, line=known.node.span.line)
        return
    if _figure_locked(known):
        symbols.tell("C121", span, name=raw.name, layer=known.layer)
        return
    if not override:
        symbols.tell("C122" if node is not None else "C125", span, name=raw.name, layer=known.layer)
        return
    if raw.part is None and known.part is not None:
        raw = replace(raw, part=known.part, sort="split")
    if known.stage != raw.stage:
        symbols.tell("C132", span, name=raw.name, stage=symbols.stages[known.stage])
    raw.exceptions[:0] = known.exceptions
    symbols.figures[key] = raw


def _figure_locked(raw: RawFigure) -> bool:
    return isinstance(raw.node, s.Figure) and any(isinstance(sub, s.Locked) for sub in raw.node.subs)


def _allocate(symbols: Symbols, node: s.Allocate, table: str, stage: int, layer: str) -> None:
    receivers = symbols.expand(node.receiver)
    for receiver in receivers:
        if table not in symbols.ancestors(receiver):
            symbols.tell("C170", node.receiver.span, name=node.receiver.text, table=table)
        elif receiver in symbols.links:
            symbols.tell("C188", node.receiver.span, name=receiver)
    if node.part is None:
        symbols.tell("C171", node.span)
        return
    symbols.allocations.append(RawAllocation(table, stage, node, receivers, layer))
    for receiver in receivers:
        _figure(symbols, RawFigure(receiver, node.part.text, stage, node, layer, "part"), None)
    if node.left is not None:
        _figure(symbols, RawFigure(table, node.left.text, stage, node, layer, "left"), None)


def _exceptions(symbols: Symbols, stage: s.Stage, layer: str) -> None:
    """Exceptions after all rules, so that a clause may stand before the figure it speaks of, and in another text."""
    for block in stage.blocks:
        for table in symbols.expand_all(block.kinds):
            for node in block.statements:
                for name, exception in _standing(node):
                    _exception(symbols, table, name, RawException(exception, layer), stage)


def _standing(node: s.Statement) -> Iterator[tuple[s.Name, s.Unless | s.Exceptions]]:
    match node:
        case s.Exceptions(names=names):
            for name in names:
                yield name, node
        case s.Figure(name=name, subs=subs):
            yield from ((name, sub) for sub in subs if isinstance(sub, s.Unless))
        case s.Split(parts=parts):
            for part in parts:
                yield from ((part.name, sub) for sub in part.subs if isinstance(sub, s.Unless))
        case _:
            return


def _exception(symbols: Symbols, table: str, name: s.Name, raw: RawException, stage: s.Stage) -> None:
    figure = symbols.figures.get((table, name.text))
    if figure is None:
        known = [n for t, n in symbols.figures if t == table]
        symbols.tell("C134", name.span, name=name.text, table=table, **symbols.near(name.text, known))
        return
    if figure.sort not in {"figure", "split"}:
        symbols.tell("C135", name.span, name=name.text)
        return
    if figure.part is not None and figure.part.index == len(figure.part.split.parts) - 1:
        symbols.tell("C162", raw.node.span, name=name.text)
        return
    if raw.layer != figure.layer and _figure_locked(figure):
        symbols.tell("C124", name.span, name=name.text, layer=figure.layer)
        return
    if stage.name.text in symbols.stages and symbols.stages.index(stage.name.text) != figure.stage:
        symbols.tell("C136", name.span, name=name.text, stage=symbols.stages[figure.stage])
    if all(raw.node is not known.node for known in figure.exceptions):
        figure.exceptions.append(raw)


def _checks(symbols: Symbols, item: s.Checks, layer: str, *, vocabulary: bool) -> None:
    for entry in item.entries:
        match entry:
            case s.Identity():
                symbols.identities.append((None, entry, layer, vocabulary))
            case s.IdentityBlock(kinds=kinds, identities=identities):
                tables = symbols.expand_all(kinds)
                symbols.identities.extend((tables, identity, layer, vocabulary) for identity in identities)


def _clashes(symbols: Symbols) -> None:
    """One word for one thing: a parameter is no column, a kind of rows is no figure, a built-in is neither."""
    columns: list[tuple[Key, RawInput | RawFigure]] = [*symbols.inputs.items(), *symbols.figures.items()]
    for (table, name), raw in columns:
        span = raw.node.name.span if isinstance(raw.node, s.Field | s.Figure) else raw.node.span
        if name in symbols.parameters:
            symbols.tell("C140", span, name=name, table=table)
        if name in symbols.tables or name in symbols.groups or name in BUILT_INS:
            symbols.tell("C141", span, name=name)
    for name, parameter in symbols.parameters.items():
        if name in symbols.tables or name in symbols.groups or name in BUILT_INS:
            symbols.tell("C141", parameter.node.name.span, name=name)
    known = {n for _, n in (*symbols.inputs, *symbols.figures)} | {
        *symbols.parameters,
        *symbols.tables,
        *symbols.groups,
    }
    known |= set(symbols.terms)
    for document, _ in symbols.texts:
        for item in document.items:
            if isinstance(item, s.Alias):
                if item.name.text not in known:
                    symbols.tell("C115", item.name.span, name=item.name.text, **symbols.near(item.name.text, known))
                for word in item.words:
                    if word.text in known:
                        symbols.tell("C116", word.span, word=word.text)
