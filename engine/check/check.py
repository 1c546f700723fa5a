"""Check: the texts of a policy become one scheme, or every finding at once."""

from collections.abc import Iterable, Mapping
from datetime import date

from engine.check.links import Links
from engine.check.order import Graph, expressions
from engine.check.parameters import Declared
from engine.check.rules import Ruled
from engine.check.scope import Scope
from engine.check.statements import Statements
from engine.check.symbols import BUILT_INS, GRAINS, Symbols, declare
from engine.check.witness import Prover
from engine.nouns import core as c
from engine.nouns import kinds as k
from engine.nouns.core import NoFigure, Scheme
from engine.nouns.possible import Scalar
from grammar import syntax as s
from grammar.diagnostic import Finding, FindingsError, has_errors, in_order
from grammar.frozen import dataclass
from grammar.keywords import is_keyword
from grammar.source import Span, source_text


@dataclass(frozen=True, slots=True)
class Given:
    """A text to check: its tree (names in Chinese), the layer it is, its digest, its 施行."""

    document: s.Document
    layer: str
    digest: str
    start: date | None
    end: date | None


def check(texts: Iterable[Given]) -> tuple[Scheme, list[Finding]]:
    """The checked scheme with warnings and notes; raises FindingsError with everything found where one is an error."""
    given = list(texts)
    scheme, findings = _Checking(given).run()
    findings = _without_echoes(in_order(findings))
    if scheme is None or has_errors(findings):
        raise FindingsError(findings)
    return scheme, findings


def _without_echoes(findings: list[Finding]) -> list[Finding]:
    """The findings without "kind not known" (C215) where another error can be why: told again once those are mended."""
    others = [f for f in findings if f.code != "C215"]
    return others if has_errors(others) else findings


class _Checking:
    """One run of the checker over the texts of one policy."""

    def __init__(self, given: list[Given]) -> None:
        self.given = given
        self.symbols = declare([(g.document, g.layer) for g in given])
        self.own = next((g for g in reversed(given) if g.document.header.sort == "scheme"), given[-1])
        start, end = self.own.start, self.own.end
        self.ruled = Ruled(self.symbols)
        self.declared = Declared(self.symbols, start, end, self.ruled.kind_of)
        self.ruled.declared = self.declared

    def run(self) -> tuple[Scheme | None, list[Finding]]:
        """Check everything that can be checked; a scheme only where nothing is missing from it."""
        symbols, ruled, declared = self.symbols, self.ruled, self.declared
        self._header()
        self.declared.terms()
        parameters = {name: p for name in symbols.parameters if (p := declared.parameter(name)) is not None}
        inputs = {key: i for key, raw in symbols.inputs.items() if (i := declared.input(raw)) is not None}
        figures = {key: f for key, raw in symbols.figures.items() if (f := ruled.figure(raw)) is not None}
        figures.update(_met_figures(figures))
        links = dict(Links(symbols, declared).all())
        statements = Statements(declared.typer)
        allocations = tuple(a for raw in symbols.allocations if (a := statements.allocation(raw)) is not None)
        uses = tuple(statements.uses())
        identities = tuple(statements.identities())
        limits = tuple(self._limits())
        scenarios = self._scenarios(inputs)
        labels = self._labels(figures)
        if has_errors(symbols.findings):
            return None, symbols.findings
        graph = Graph(symbols, {key: f for key, f in figures.items() if f.sort != "met"}, allocations)
        order = graph.order()
        self._indicators(figures, graph)
        prover = Prover(symbols, inputs, declared.stated, figures)
        for figure in figures.values():
            prover.figure(figure)
        self._parameter_reads(parameters, figures, allocations, links)
        self._left_out(parameters, inputs, figures, allocations)
        self._double_rounding(figures)
        regions = [line.text for g in self.given for line in g.document.header.lines if isinstance(line, s.Region)]
        papers = [line.text for line in self.own.document.header.lines if isinstance(line, s.DocumentLine)]
        header = self.own.document.header
        scheme = Scheme(
            id=header.name.text,
            title=header.title.text,
            region=regions[-1].strip() if regions else "",
            document=papers[-1].strip() if papers else "",
            start=self.own.start,
            end=self.own.end,
            insurances=symbols.insurances,
            separate=symbols.separate,
            stages=symbols.stages,
            tables=symbols.tables,
            rosters=symbols.rosters,
            parameters=parameters,
            inputs=inputs,
            limits=limits,
            figures=figures,
            allocations=allocations,
            uses=uses,
            identities=identities,
            scenarios=scenarios,
            order=order,
            labels=labels,
            layers=tuple(c.Layer(g.layer, g.document.header.title.text, g.digest) for g in self.given),
            links=links,
        )
        return scheme, symbols.findings

    def _header(self) -> None:
        header = self.own.document.header
        if header.sort == "scheme" and self.own.start is None:
            self.symbols.tell("C150", header.span)
        for given in self.given:
            if given.start is not None and given.end is not None and given.end < given.start:
                line = next(x for x in given.document.header.lines if isinstance(x, s.Effective))
                self.symbols.tell("C151", line.period.span)
        for given in self.given:
            told: set[type[object]] = set()
            for part in given.document.header.lines:
                if type(part) in told and not isinstance(part, s.Inherits):
                    self.symbols.tell("C110", part.span, name=source_text(part.span).split()[0])
                told.add(type(part))
        if not self.symbols.stages:
            self.symbols.tell("C152", header.span)

    # ---- data

    def _limits(self) -> Iterable[c.Limit]:
        """Bounds of data that name a figure, as conditions checked once the figure is known."""
        for (table, name), raw in self.symbols.inputs.items():
            scope = Scope(table)
            for attribute in raw.node.attributes:
                if not isinstance(attribute, s.Bounds):
                    continue
                for bound in attribute.bounds:
                    kind = self.ruled.kind_of(table, name)
                    if kind is None or not self.declared.names_figure(bound, scope):
                        continue
                    read = c.Read(name, kind, bound.span)
                    condition = self.declared.typer.bound(read, bound, scope)
                    if condition is not None:
                        cited = raw.node.cite
                        yield c.Limit(
                            table, name, condition, tuple(x.text for x in cited.locators) if cited else (), bound.span
                        )

    def _scenarios(self, inputs: Mapping[tuple[str, str], c.Input]) -> Mapping[str, c.Scenario]:
        found = {}
        for scenario in self.symbols.scenarios.values():
            values: dict[str, Scalar] = {}
            for line in scenario.assumptions:
                name = line.name.text
                if self._stated_since(name, scenario):
                    continue
                kind = self._assumable(line.name)
                if kind is None:
                    continue
                value = self.declared.constant(line.value, kind)
                if value is not None:
                    parameter = self.declared.parameter(name) if name in self.symbols.parameters else None
                    declared = (
                        [parameter] if parameter is not None else [d for (_, n), d in inputs.items() if n == name]
                    )
                    for limits in dict.fromkeys(x.range for x in declared):
                        self.declared.in_range(value, limits, line.value.span, name, kind)
                    if name in values:
                        self.symbols.tell("C110", line.name.span, name=name)
                    values[name] = value
            found[scenario.name.text] = c.Scenario(
                scenario.name.text, scenario.title.text if scenario.title else "", values
            )
        return found

    def _stated_since(self, name: str, scenario: s.Scenario) -> bool:
        """Whether a later text states what an inherited scenario assumed: then there is nothing left to assume."""
        raw = self.symbols.parameters.get(name)
        layer = next(layer for document, layer in self.symbols.texts if scenario in document.items)
        return raw is not None and raw.layer != layer and raw.inherited is not None

    def _assumable(self, name: s.Name) -> k.Kind | None:
        """The kind of a name a scenario may give: an open or referred parameter, or one left out while it is missing."""
        parameter = self.declared.parameter(name.text) if name.text in self.symbols.parameters else None
        if parameter is not None:
            if parameter.state == "stated":
                self.symbols.tell("C380", name.span, name=name.text)
                return None
            return parameter.kind
        tables = [t for t, n in self.symbols.inputs if n == name.text]
        if tables:
            return self.ruled.kind_of(tables[0], name.text)
        known = [*self.symbols.parameters, *(n for _, n in self.symbols.inputs)]
        self.symbols.tell("C201", name.span, name=name.text, **self.symbols.near(name.text, known))
        return None

    # ---- names

    def _labels(self, figures: Mapping[tuple[str, str], c.Figure]) -> c.Labels:
        symbols = self.symbols
        ids: dict[tuple[str | None, str], str] = {}
        english: dict[tuple[str | None, str], str] = {}
        lines: dict[tuple[str | None, str], Span] = {}
        known = self._every_name()
        for document, _ in symbols.texts:
            for item in document.items:
                for line in item.lines if isinstance(item, s.Translations) else ():
                    key = (line.kind.text if line.kind else None, line.name.text)
                    if key in ids and ids[key] != line.identifier.text:
                        symbols.tell("C390", line.span, name=line.name.text, id=ids[key])
                        continue
                    lines[key] = line.span
                    if not line.identifier.text.isascii() or is_keyword(line.identifier.text):
                        symbols.tell("C391", line.identifier.span, id=line.identifier.text)
                    kinds = (*symbols.tables, *symbols.groups)
                    if line.kind is not None and line.kind.text not in kinds:
                        symbols.tell("C392", line.kind.span, name=line.kind.text, **symbols.near(line.kind.text, kinds))
                    if line.name.text not in known and document.header.sort != "vocabulary":
                        symbols.tell("C392", line.name.span, name=line.name.text, **symbols.near(line.name.text, known))
                    ids[key] = line.identifier.text
                    if line.words is not None:
                        english[key] = line.words.text
        labels = c.Labels(ids, english, symbols.called, symbols.also)
        self._distinct_ids(labels, lines)
        made = [(table, name, f.span) for (table, name), f in figures.items() if f.sort != "met"]
        for raw in symbols.allocations:
            made += [(table, raw.node.part.text, raw.node.part.span) for table in raw.receivers[:1] if raw.node.part]
            made += [(raw.table, raw.node.left.text, raw.node.left.span)] if raw.node.left else []
        for table, name, span in made:
            if labels.id(name, table) == name and not name.isascii():
                symbols.tell("C393", span, name=name)
        return labels

    def _every_name(self) -> set[str]:
        symbols = self.symbols
        names = {n for _, n in (*symbols.inputs, *symbols.figures)} | set(symbols.parameters) | set(symbols.tables)
        names |= set(symbols.groups) | set(symbols.scenarios) | set(symbols.stages) | set(symbols.insurances)
        names |= set(symbols.terms) | set(BUILT_INS) | set(GRAINS) | {b.value for b in k.Base}
        for raw in symbols.figures.values():
            if isinstance(raw.node, s.Figure):
                names |= {sub.name.text for sub in raw.node.subs if isinstance(sub, s.Reading)}
            for exception in raw.exceptions:
                names |= {sub.name.text for sub in exception.node.subs if isinstance(sub, s.Reading)}
        for parameter in symbols.parameters.values():
            names |= {line.name.text for line in parameter.node.lines if isinstance(line, s.Reading)}
        for key in (*symbols.inputs, *symbols.figures):
            kind = self.ruled.kind_of(*key)
            names |= set(kind.options) if kind else set()
        for name in symbols.parameters:
            kind = self.declared.kind_of_parameter(name)
            names |= set(kind.options) if kind else set()
        return names

    def _distinct_ids(self, labels: c.Labels, lines: Mapping[tuple[str | None, str], Span]) -> None:
        """One id stands for one name among the columns of a row and the parameters."""
        for table in self.symbols.tables:
            taken: dict[str, str] = {}
            for name in (*dict.fromkeys(self.symbols.columns(table)), *self.symbols.parameters):
                identifier = labels.id(name, table)
                other = taken.setdefault(identifier, name)
                if other != name:
                    spans = [lines[key] for n in (name, other) for key in ((table, n), (None, n)) if key in lines]
                    last = max(
                        spans, key=lambda span: (span.source is self.own.document.span.source, span.line), default=None
                    )
                    self.symbols.tell("C394", last, id=identifier, name=name, other=other)

    # ---- the whole

    def _indicators(self, figures: Mapping[tuple[str, str], c.Figure], graph: Graph) -> None:
        for key, figure in figures.items():
            if figure.target is None:
                continue
            money = graph.money_that_depends_on(key)
            if figure.target.consequence == "none" and money:
                self.symbols.tell("C372", figure.span, name=figure.name, money=money[0][1])
            if figure.target.consequence == "money" and not money:
                self.symbols.tell("C373", figure.span, name=figure.name)

    def _parameter_reads(
        self,
        parameters: Mapping[str, c.Parameter],
        figures: Mapping[tuple[str, str], c.Figure],
        allocations: tuple[c.Allocation, ...],
        links: Mapping[str, c.Link],
    ) -> None:
        """Parameters never read, read though not applicable, or changing inside a period that reads them."""
        read = set(self.declared.typer.read_parameters)
        own = self.own.layer
        for name, parameter in parameters.items():
            idle = name not in read and not parameter.left_out and parameter.state != "not_applicable"
            if idle and parameter.layer == own:
                self.symbols.tell("C374", parameter.span, name=name)
        nodes = [(f.table, node) for f in figures.values() for node in expressions(f)]
        nodes += [(a.table, a.whole) for a in allocations]
        nodes += [(t, node) for a in allocations for m in (a.weight, a.each) for t, node in m.items()]
        nodes += [(link.source, node) for link in links.values() for node in (link.bound, *link.unless)]
        told: set[tuple[str, date | str]] = set()
        for table, root in nodes:
            for node in c.walk(root):
                if not isinstance(node, c.ReadParameter):
                    continue
                parameter = parameters[node.name]
                if parameter.state == "not_applicable" and (node.name, "n.a.") not in told:
                    told.add((node.name, "n.a."))
                    self.symbols.tell("C375", node.span, name=node.name)
                self._inside(parameter, self.symbols.tables[table].grain, table, told)

    def _inside(self, parameter: c.Parameter, grain: c.Grain, table: str, told: set[tuple[str, date | str]]) -> None:
        """A value that starts inside a period needs 期初取值 or 期末取值: nothing is prorated silently."""
        if parameter.at_end or self._chosen(parameter.name):
            return
        for entry in parameter.entries:
            start = entry.start
            if start is None or _opens(start, grain) or (parameter.name, start) in told:
                continue
            told.add((parameter.name, start))
            self.symbols.tell("C376", entry.span, name=parameter.name, day=start.isoformat(), table=table)

    def _chosen(self, name: str) -> bool:
        return any(
            isinstance(a, s.Flag) and a.terminal in {"AT_START", "AT_END"}
            for a in self.symbols.parameters[name].node.attributes
        )

    def _left_out(
        self,
        parameters: Mapping[str, c.Parameter],
        inputs: Mapping[tuple[str, str], c.Input],
        figures: Mapping[tuple[str, str], c.Figure],
        allocations: tuple[c.Allocation, ...],
    ) -> None:
        """暂不计 only where leaving out has one meaning: a whole factor of a product or a whole term of a sum."""
        names = {n for n, p in parameters.items() if p.left_out}
        columns = {key for key, i in inputs.items() if i.left_out}
        nodes = [(f.table, node) for f in figures.values() for node in expressions(f)]
        nodes += [(a.table, a.whole) for a in allocations]
        nodes += [(t, node) for a in allocations for m in (a.weight, a.each) for t, node in m.items()]
        for table, root in nodes:
            pairs = [(None, root), *((node, child) for node in c.walk(root) for child in c.children(node))]
            for node, child in pairs:
                factor = isinstance(node, c.Apply) and node.operator in {"multiply", "part", "add", "subtract"}
                match child:
                    case c.ReadParameter(name=name) if name in names and not factor:
                        self.symbols.tell("C377", child.span, name=name)
                    case c.Read(column=name) if (table, name) in columns and not factor:
                        self.symbols.tell("C377", child.span, name=name)
                    case _:
                        pass

    def _double_rounding(self, figures: Mapping[tuple[str, str], c.Figure]) -> None:
        """A rounded helper that is multiplied again: one expression, 不取整, or an explicit rounding."""
        made = {
            key
            for key, f in figures.items()
            if f.kind.is_money
            and not f.unrounded
            and f.sort == "figure"
            and f.name not in self.symbols.terms
            and not f.clauses
            and not _explicit(self.symbols, key)
            and isinstance(f.default, c.Apply)
            and f.default.operator in {"multiply", "divide", "part"}
        }
        for figure in figures.values():
            if figure.unrounded or isinstance(figure.default, NoFigure) or not figure.kind.is_money:
                continue
            for node in c.walk(figure.default):
                if isinstance(node, c.Apply) and node.operator in {"multiply", "divide", "part"}:
                    for arg in node.args:
                        if isinstance(arg, c.Read) and (figure.table, arg.column) in made:
                            self.symbols.tell("C378", arg.span, name=arg.column, figure=figure.name)


def _explicit(symbols: Symbols, key: tuple[str, str]) -> bool:
    node = symbols.figures[key].node
    return isinstance(node, s.Figure) and isinstance(node.body, s.Rounded)


def _met_figures(figures: Mapping[tuple[str, str], c.Figure]) -> dict[tuple[str, str], c.Figure]:
    """``X 达标`` beside each indicator whose target is stated."""
    found = {}
    for (table, name), figure in figures.items():
        if figure.target is not None and figure.target.condition is not None:
            met = f"{name}·达标"
            found[(table, met)] = c.Figure(
                table, met, k.YES_NO, figure.stage, figure.target.condition, (), "half_up", None, False, False, False,
                False, figure.clauses, "met", layer=figure.layer, span=figure.span,
            )  # fmt: skip
    return found


def _opens(day: date, grain: c.Grain) -> bool:
    """Whether a day is the first of a period of the grain."""
    months = {"year": (1,), "half": (1, 7), "quarter": (1, 4, 7, 10)}.get(grain)
    return day.day == 1 and (months is None or day.month in months)
