"""Parameters and data: their kinds of value, states, ranges, dated values and defaults."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, timedelta

from engine.check.expressions import Typer
from engine.check.fold import fold
from engine.check.scope import Scope
from engine.check.symbols import RawInput, Symbols
from engine.nouns import core as c
from engine.nouns import kinds as k
from engine.nouns.core import Entry, Input, Parameter, Range
from engine.nouns.kinds import Kind
from engine.nouns.numbers import Number
from engine.nouns.periods import day_of
from engine.nouns.possible import Scalar
from grammar import syntax as s
from grammar.source import Span


@dataclass(slots=True)
class Declared:
    """Works out parameters and data on demand, each once; ``start`` and ``end`` are the scheme's own 施行."""

    symbols: Symbols
    start: date | None
    end: date | None
    kind_of: Callable[[str, str], Kind | None]
    parameters: dict[str, Parameter | None] = field(default_factory=dict)
    busy: set[str] = field(default_factory=set)
    typer: Typer = field(init=False)

    def __post_init__(self) -> None:
        self.typer = Typer(self.symbols, self.kind_of, self.kind_of_parameter)

    def kind_of_parameter(self, name: str) -> Kind | None:
        """The kind of a parameter; None where it could not be worked out (told already)."""
        parameter = self.parameter(name)
        return parameter.kind if parameter else None

    def stated(self, name: str) -> Scalar | None:
        """The value of a parameter that has one value at all times; None otherwise."""
        parameter = self.parameter(name)
        if parameter is None or parameter.state != "stated" or len(parameter.entries) != 1:
            return None
        return parameter.entries[0].value

    def constant(self, node: s.Expr, kind: Kind | None, scope: Scope | None = None) -> Scalar | None:
        """A value that must be known at check time, of a kind."""
        core = self.typer.expression(node, scope or Scope(None, options=kind.options if kind else ()))
        if core is None:
            return None
        if kind is not None and not k.fits(core.kind, kind):
            code = "C302" if core.kind.base is k.Base.NUMBER and kind.is_number else "C301"
            self.symbols.tell(code, node.span, got=core.kind.words, wanted=kind.words)
            return None
        value = fold(core, self.stated)
        if value is None:
            self.symbols.tell("C303", node.span)
        return value

    def kind_of_value(self, node: s.KindOfValue) -> Kind | None:
        """The kind of value a declaration names."""
        if node.name is None:
            return Kind(k.Base.CHOICE, None, tuple(dict.fromkeys(n.text for n in node.options)))
        base = k.reserved(node.name.text)
        per = k.reserved(node.per.text) if node.per is not None else None
        for word, found in ((node.name, base), (node.per, per)):
            if word is not None and found is None:
                names = [b.value for b in k.Base if b is not k.Base.CHOICE]
                self.symbols.tell("C304", word.span, name=word.text, **self.symbols.near(word.text, names))
                return None
        assert base is not None
        return Kind(base, per)

    def parameter(self, name: str) -> Parameter | None:
        """A parameter, checked; None where it is wrong (told already) or its value reads itself."""
        if name in self.parameters:
            return self.parameters[name]
        if name in self.busy:
            self.symbols.tell("C305", self.symbols.parameters[name].node.name.span, name=name)
            return None
        self.busy.add(name)
        self.parameters[name] = self._parameter(name)
        return self.parameters[name]

    def _parameter(self, name: str) -> Parameter | None:
        raw = self.symbols.parameters[name]
        node, inherited = raw.node, raw.inherited
        term = self.symbols.terms.get(name)
        typed = node.type or (inherited.type if inherited else None) or (term.type if term else None)
        kind = self.kind_of_value(typed) if typed else None
        if typed is not None and kind is None:
            return None
        value_core = None
        if node.value is not None:
            value_core = self.typer.expression(node.value, Scope(None, options=kind.options if kind else ()))
            if value_core is None:
                return None
            kind = kind or value_core.kind
        dated = [line for line in node.lines if isinstance(line, s.Dated)]
        if kind is None and dated:
            first = self.typer.expression(dated[0].value, Scope(None))
            kind = first.kind if first else None
        if kind is None:
            self.symbols.tell("C306", node.name.span, name=name)
            return None
        state = self._state(node, bool(value_core or dated))
        entries = self._entries(node, kind, dated)
        attributes = (*(inherited.attributes if inherited else ()), *node.attributes)
        self._once(node.attributes, None)
        limits = self.range_of(attributes, kind, None)
        for entry in entries:
            self.in_range(entry.value, limits, entry.span, name, kind)
        assumed = self._assumed(node, kind, limits, name)
        reasons = [line.text.text for line in node.lines if isinstance(line, s.Reason)]
        readings = tuple(self._readings(node, kind, limits))
        self.symbols.once((r.name, r.span) for r in readings)
        if readings and not reasons:
            self.symbols.tell("C307", node.span, name=name)
        flags = {a.terminal for a in node.attributes if isinstance(a, s.Flag)}
        for attribute in node.attributes:
            if isinstance(attribute, s.Default | s.Grain | s.Flag) and (
                not isinstance(attribute, s.Flag) or attribute.terminal == "ALL_INSURANCES"
            ):
                self.symbols.tell("C308", attribute.span, name=name)
        return Parameter(
            name=name,
            kind=kind,
            state=state,
            entries=tuple(entries),
            range=limits,
            assumed=assumed,
            left_out="LEFT_OUT" in flags and state != "stated",
            at_end="AT_END" in flags,
            referred=next((a.document for a in node.attributes if isinstance(a, s.Referred)), None),
            clauses=clauses(node.cite),
            layer=raw.layer,
            readings=readings,
            reason=reasons[0] if reasons else None,
            span=node.name.span,
        )

    def _state(self, node: s.Parameter, has_value: bool) -> c.ParameterState:
        found: list[tuple[c.ParameterState, Span]] = []
        for attribute in node.attributes:
            match attribute:
                case s.Flag(terminal="OPEN", span=span):
                    found.append(("open", span))
                case s.Flag(terminal="NOT_APPLICABLE", span=span):
                    found.append(("not_applicable", span))
                case s.Referred(span=span):
                    found.append(("referred", span))
                case _:
                    pass
        if has_value:
            # 假设 and 暂不计 speak of what has no value.
            found += [
                ("open", a.span)
                for a in node.attributes
                if isinstance(a, s.Assumed) or (isinstance(a, s.Flag) and a.terminal == "LEFT_OUT")
            ]
        if (has_value and found) or len(found) > 1:
            self.symbols.tell("C309", found[-1][1], name=node.name.text)
        if has_value:
            return "stated"
        if not found:
            self.symbols.tell("C310", node.name.span, name=node.name.text)
            return "open"
        return found[0][0]

    def _assumed(self, node: s.Parameter, kind: Kind, limits: Range, name: str) -> Scalar | None:
        for attribute in node.attributes:
            if isinstance(attribute, s.Assumed):
                value = self.constant(attribute.value, kind)
                if value is not None:
                    self.in_range(value, limits, attribute.span, name, kind)
                return value
        return None

    def _readings(self, node: s.Parameter, kind: Kind, limits: Range) -> list[c.ParameterReading]:
        found = []
        for line in node.lines:
            if isinstance(line, s.Reading):
                value = self.constant(line.value, kind)
                for sub in line.subs:
                    self.symbols.tell("C311", sub.span)
                if value is not None:
                    self.in_range(value, limits, line.value.span, node.name.text, kind)
                    found.append(c.ParameterReading(line.name.text, value, clauses(line.cite), line.span))
        return found

    def in_range(self, value: Scalar, limits: Range, span: Span, name: str, kind: Kind) -> None:
        """Tell a value that lies outside the range of what it is given to."""
        if kind.is_number and not isinstance(value, str | date) and not limits.holds(value):
            self.symbols.tell("C312", span, name=name)

    # ---- dated values

    def _entries(self, node: s.Parameter, kind: Kind, dated: list[s.Dated]) -> list[Entry]:
        if node.value is not None:
            value = self.constant(node.value, kind)
            return [] if value is None else [Entry(value, None, None, (), clauses(node.cite), node.value.span)]
        entries = []
        for line in dated:
            entry = self._entry(line, kind, node)
            if entry is not None:
                entries.append(entry)
        if len(entries) == len(dated) and entries:
            return self._chained(node.name.text, entries)
        return entries

    def _entry(self, line: s.Dated, kind: Kind, node: s.Parameter) -> Entry | None:
        for name in line.when.insurances:
            if name.text not in self.symbols.insurances:
                self.symbols.tell(
                    "C313", name.span, name=name.text, **self.symbols.near(name.text, self.symbols.insurances)
                )
                return None
        start = end = None
        if line.when.period is not None:
            start = day_of(line.when.period.start.text, last=False)
            if start is None:
                self.symbols.tell("C207", line.when.span, text=line.when.period.start.text)
                return None
            if line.when.period.end is not None:
                end = day_of(line.when.period.end.text, last=True)
                if end is None or end < start:
                    self.symbols.tell("C314", line.when.span)
                    return None
        value = self.constant(line.value, kind)
        cited = clauses(line.cite) or clauses(node.cite)
        names = tuple(n.text for n in line.when.insurances)
        return None if value is None else Entry(value, start, end, names, cited, line.span)

    def _chained(self, name: str, entries: list[Entry]) -> list[Entry]:
        """Each value until the next of the same 险种; a gap or an overlap is told with its first day."""
        own = {i for e in entries for i in e.insurances}
        result: dict[int, Entry] = {}
        for insurance in (*self.symbols.insurances, None) if self.symbols.insurances else (None,):
            if insurance is None and self.symbols.insurances and all(i in own for i in self.symbols.insurances):
                continue
            mine = [e for e in entries if (insurance in e.insurances if insurance in own else not e.insurances)]
            if not mine:
                if insurance is not None:
                    self.symbols.tell("C315", entries[0].span, name=name, witness=insurance)
                continue
            self._chain(name, sorted(mine, key=lambda e: e.start or date.min), result, entries)
        return [result.get(i, e) for i, e in enumerate(entries)]

    def _chain(self, name: str, mine: list[Entry], result: dict[int, Entry], entries: list[Entry]) -> None:
        first = mine[0].start
        if first is not None and (self.start is None or first > self.start):
            witness = self.start.isoformat() if self.start else "—"
            self.symbols.tell("C315", mine[0].span, name=name, witness=witness)
        for here, following in zip(mine, [*mine[1:], None], strict=True):
            end = here.end
            after = following.start or date.min if following else None
            if after is not None:
                if after == (here.start or date.min) or (end is not None and end >= after):
                    witness = max(after, self.start or after).isoformat()
                    self.symbols.tell("C316", following.span if following else here.span, name=name, witness=witness)
                elif end is not None and end + timedelta(days=1) < after:
                    gap = end + timedelta(days=1)
                    self.symbols.tell("C315", here.span, name=name, witness=gap.isoformat())
                end = end or (after - timedelta(days=1) if after > date.min else None)
            elif end is not None and (self.end is None or end < self.end):
                gap = end + timedelta(days=1)
                self.symbols.tell("C315", here.span, name=name, witness=gap.isoformat())
            start = None if here.start is None or (self.start and here.start <= self.start) else here.start
            result[next(i for i, e in enumerate(entries) if e is here)] = Entry(
                here.value, start, end, here.insurances, here.clauses, here.span
            )

    # ---- ranges

    def range_of(self, attributes: tuple[s.Attribute, ...], kind: Kind, scope: Scope | None) -> Range:
        """The range that attributes declare, or the kind's own; bounds that name figures are left to ``limits_of``."""
        low, high, open_low, open_high = _natural(kind)
        for attribute in attributes:
            match attribute:
                case s.Between(low=a, high=b):
                    first, second = self._number(a, kind), self._number(b, kind)
                    low, high, open_low, open_high = first, second, False, False
                    if first is not None and second is not None and first > second:
                        self.symbols.tell("C317", attribute.span)
                case s.Bounds(bounds=bounds):
                    for bound in bounds:
                        if scope is not None and self.names_figure(bound, scope):
                            continue
                        value = self._number(bound.value, kind)
                        match bound.word.terminal:
                            case "OVER":
                                low, open_low = value, True
                            case "FROM":
                                low, open_low = value, False
                            case "UP_TO":
                                high, open_high = value, False
                            case _:
                                high, open_high = value, True
                case _:
                    pass
        return Range(low, high, open_low, open_high)

    def declared_range(self, table: str, name: str, kind: Kind) -> Range | None:
        """The ends that a name's own declarations write (名词, 数据); None where they write none."""
        term, raw = self.symbols.terms.get(name), self.symbols.inputs.get((table, name))
        attributes = (*(term.attributes if term else ()), *(raw.node.attributes if raw else ()))
        if not kind.is_number:
            return None
        scope = Scope(table)
        said = set[str]().union(*(self._says(a, scope) for a in attributes))
        if not said & {"最低", "最高"}:
            return None
        limits = self.range_of(attributes, kind, scope)
        return limits if "最低" in said else Range(None, limits.high, open_high=limits.open_high)

    def _once(self, attributes: tuple[s.Attribute, ...], scope: Scope | None) -> None:
        """Tell what is said twice of one name: the one would take the place of the other without a word."""
        seen: set[str] = set()
        for attribute in attributes:
            words = self._says(attribute, scope)
            for word in words & seen:
                self.symbols.tell("C110", attribute.span, name=word)
            seen |= words

    def _says(self, attribute: s.Attribute, scope: Scope | None) -> set[str]:
        match attribute:
            case s.Assumed():
                return {"假设"}
            case s.Default():
                return {"缺省"}
            case s.Grain():
                return {"到"}
            case s.Between():
                return {"最低", "最高"}
            case s.Bounds(bounds=bounds):
                own = [b for b in bounds if scope is None or not self.names_figure(b, scope)]
                return {"最低" if b.word.terminal in {"OVER", "FROM"} else "最高" for b in own}
            case _:
                return set()

    def names_figure(self, bound: s.Bound, scope: Scope) -> bool:
        """Whether a bound names something on the row rather than a constant."""
        return (
            any(
                isinstance(p, s.Path) and (p.kind is not None or p.owner or p.name.text not in self.symbols.parameters)
                for p in paths(bound.value)
            )
            and scope.table is not None
        )

    def _number(self, node: s.Expr, kind: Kind) -> Number | None:
        value = self.constant(node, kind)
        return value if isinstance(value, int) or (value is not None and not isinstance(value, str | date)) else None

    # ---- data

    def terms(self) -> None:
        """Check the vocabulary's own declarations, also of names that nothing uses."""
        for term in self.symbols.terms.values():
            self.kind_of_value(term.type)
            self._only_for_data(term.attributes, term.name.text)

    def _only_for_data(self, attributes: tuple[s.Attribute, ...], name: str) -> None:
        for attribute in attributes:
            if isinstance(attribute, s.Referred | s.Assumed) or (
                isinstance(attribute, s.Flag) and attribute.terminal not in {"LEFT_OUT", "ALL_INSURANCES", "LOCKED"}
            ):
                self.symbols.tell("C318", attribute.span, name=name)

    def input(self, raw: RawInput) -> Input | None:
        """A datum of a kind of rows, checked."""
        node = raw.node
        term = self.symbols.terms.get(node.name.text)
        attributes = (*(term.attributes if term else ()), *node.attributes)
        if raw.event is not None:
            evidence = raw.event.evidence.text if raw.event.evidence else None
            return Input(
                raw.table, node.name.text, k.YES_NO, Range(), None, False, False, False, True, evidence,
                clauses(node.cite), node.name.span,
            )  # fmt: skip
        kind = self.kind_of(raw.table, node.name.text)
        if kind is None:
            return None
        flags = {a.terminal for a in attributes if isinstance(a, s.Flag)}
        self._once(node.attributes, Scope(raw.table))
        self._only_for_data(node.attributes, node.name.text)
        limits = self.range_of(attributes, kind, Scope(raw.table))
        default: Scalar | None = None
        step: Number | None = None
        for attribute in attributes:
            if isinstance(attribute, s.Default):
                default = self.constant(attribute.value, kind)
            if isinstance(attribute, s.Grain):
                step = self._number(attribute.step, kind)
                if step is not None and step <= 0:
                    self.symbols.tell("C351", attribute.span)
        if default is not None and "LEFT_OUT" in flags:
            self.symbols.tell("C319", node.name.span, name=node.name.text)
        return Input(
            raw.table, node.name.text, kind, limits, step, default, "LEFT_OUT" in flags, "ALL_INSURANCES" in flags,
            False, None, clauses(node.cite), node.name.span,
        )  # fmt: skip


def _natural(kind: Kind) -> tuple[Number | None, Number | None, bool, bool]:
    """What a value of the kind is without a declared range: nothing is below zero but signed money and changes."""
    if not kind.is_number or kind.base in {k.Base.SIGNED, k.Base.POINTS}:
        return None, None, False, False
    return 0, None, False, False


def clauses(cite: s.Citation | None) -> tuple[str, ...]:
    """The locators of a citation."""
    return tuple(locator.text for locator in cite.locators) if cite else ()


def paths(node: object) -> list[s.Path]:
    """Every path in an expression."""
    if isinstance(node, s.Path):
        return [node]
    found: list[s.Path] = []
    for _, value in c.node_fields(node) if hasattr(node, "__dataclass_fields__") else ():
        for item in value if isinstance(value, tuple) else (value,):
            found.extend(paths(item))
    return found
