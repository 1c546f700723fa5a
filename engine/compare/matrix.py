"""The rule matrix: what each scheme says of each topic, read off its checked rules and its index of clauses."""

from collections.abc import Callable, Iterable, Mapping
from typing import Literal

from engine.compare.topics import Topic
from engine.load.source import Clause, SourceIndex
from engine.nouns import core as c
from engine.nouns.core import Core, NoFigure, Scheme
from engine.nouns.possible import Possible
from engine.nouns.printed import spoken
from grammar.diagnostic import Language
from grammar.frozen import dataclass
from grammar.source import source_text

CellState = Literal["stated", "referred", "open", "not_applicable"]


@dataclass(frozen=True, slots=True)
class Cell:
    """What a scheme says of a topic: its state, the value in short, our words for it, the clauses."""

    scheme: str
    state: CellState
    value: str
    text: str
    citations: tuple[str, ...]
    open_items: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Side:
    """A scheme to be compared, with the index of clauses of its document and of those it stands on, if any."""

    scheme: Scheme
    indexes: tuple[SourceIndex, ...]


def matrix(topics: Iterable[Topic], sides: Iterable[Side], language: Language) -> list[tuple[Topic, list[Cell]]]:
    """Every topic with a cell for each scheme; a cell is never blank."""
    sides = list(sides)
    return [(topic, [_Reader(side, language).cell(topic) for side in sides]) for topic in topics]


class _Reader:
    def __init__(self, side: Side, language: Language) -> None:
        self.scheme, self.indexes, self.language = side.scheme, side.indexes, language
        self.clauses: Mapping[str, Clause] = {
            _plain(clause.locator): clause for index in reversed(side.indexes) for clause in index.clauses
        }

    def cell(self, topic: Topic) -> Cell:
        if topic.structure:
            return self._structures[topic.structure](self)
        if topic.figures or topic.parameters or topic.inputs:
            cell = self._by_rules(topic)
            if cell.state != "open" or cell.value or not topic.rows:
                return cell
        return self._by_rows(topic)

    # ---- by rules

    def _by_rules(self, topic: Topic) -> Cell:
        scheme = self.scheme
        figures = [f for f in scheme.figures.values() if f.sort != "met" and self._id(f.name, f.table) in topic.figures]
        parts = [a for a in scheme.allocations if self._id(a.part, a.receivers[0]) in topic.figures]
        inputs = [d for d in scheme.inputs.values() if self._id(d.name, d.table) in topic.inputs]
        named = [p for p in scheme.parameters.values() if self._id(p.name) in topic.parameters]
        read = [p for f in figures for p in self._parameters(f)]
        parameters = list({p.name: p for p in (*named, *read)}.values())
        if topic.kinds and not any(self._is_used(kind) for kind in topic.kinds):
            return self._none("not_applicable")
        if not (figures or parts or inputs or parameters):
            return self._none("open")
        clauses = [x for f in figures for x in _clauses(f)] + [x for a in parts for x in a.clauses]
        clauses += [x for d in inputs for x in d.clauses] + [x for p in parameters for x in p.clauses]
        values = [*self._figures_said(figures), *(self._allocated(a) for a in parts)]
        values += [self._parameter(p) for p in parameters]
        if not values:
            values = list(dict.fromkeys(self._name(d.name) for d in inputs))
        return self._cell(_worst(parameters), values, clauses, [p.name for p in parameters if _is_open(p)])

    def _figures_said(self, figures: list[c.Figure]) -> list[str]:
        """Each rule once, with the kinds it is for."""
        kinds: dict[tuple[str, str], list[str]] = {}
        for figure in figures:
            rule = self._formula(figure)
            if figure.target is not None:
                condition = figure.target.condition
                rule = self._rule(condition) if condition is not None else self._pick("没有界限", "no limit given")
            kinds.setdefault((figure.name, rule), []).append(self._name(figure.table))
        joint = self._pick("、", ", ")
        return [
            self._pick(
                f"{joint.join(tables)}的{self._name(name)}：{rule}",
                f"{self._name(name)} of {joint.join(tables)}: {rule}",
            )
            for (name, rule), tables in kinds.items()
            if rule
        ]

    def _formula(self, figure: c.Figure) -> str:
        if isinstance(figure.default, NoFigure):
            return ""
        text = self._rule(figure.default)
        names = [self._rule(b.condition) for b in figure.exceptions if not isinstance(b.value, NoFigure)]
        if not names:
            return text
        return text + self._pick(f"（除非{'、'.join(names)}）", f" (unless {', '.join(names)})")

    def _rule(self, node: Core) -> str:
        """A rule in the author's words; in English with each name in its English words."""
        if self.language == "en":
            return rule_in_english(node, self.scheme)
        if isinstance(node, c.Choose):
            rows = [f"{self._rule(b.condition)}时 {self._value(b.value)}" for b in node.branches]
            if node.otherwise is not None:
                rows.append(f"其余 {self._value(node.otherwise)}")
            return "，".join(rows)
        return " ".join(source_text(node.span).split())

    def _value(self, node: Core | NoFigure) -> str:
        return self._pick("无", "none") if isinstance(node, NoFigure) else self._rule(node)

    def _allocated(self, a: c.Allocation) -> str:
        ways = {
            "equally": ("平均分", "shared equally"),
            "by_weight": ("按权重分", "shared by weight"),
            "in_order": ("依次分", "in order"),
        }
        return f"{self._name(a.part)}{self._pick('：', ': ')}{self._pick(*ways[a.method])}"

    def _parameters(self, figure: c.Figure) -> Iterable[c.Parameter]:
        """The parameters a rule reads, through figures that no topic of their own speaks of."""
        seen: set[str] = set()
        queue = [figure]
        while queue:
            here = queue.pop()
            nodes = [b.condition for b in here.exceptions]
            nodes += [v for v in (here.default, *(b.value for b in here.exceptions)) if not isinstance(v, NoFigure)]
            for root in nodes:
                for node in c.walk(root):
                    if isinstance(node, c.ReadParameter):
                        yield self.scheme.parameters[node.name]
                    elif isinstance(node, c.Read) and node.column not in seen:
                        seen.add(node.column)
                        below = self.scheme.figures.get((here.table, node.column))
                        if below is not None and self._id(below.name, below.table) not in _TOPICS_OF_THEIR_OWN:
                            queue.append(below)

    def _parameter(self, p: c.Parameter) -> str:
        name = self._name(p.name)
        if p.state == "referred":
            return self._pick(
                f"{name}：转引{p.referred or ''}", f"{name}: referred to {p.referred or 'another document'}"
            )
        if p.state == "not_applicable":
            return self._pick(f"{name}：不适用", f"{name}: not applicable")
        if not p.entries:
            return self._pick(f"{name}：未规定", f"{name}: not stated")
        values = list(dict.fromkeys(self._amount(e.value, p) for e in p.entries))
        return f"{name} {self._pick('、', ', ').join(values)}"

    def _amount(self, value: Possible, p: c.Parameter) -> str:
        return spoken(value, p.kind) if self.language == "zh" else spoken(value, p.kind).replace(" 元", " yuan")

    def _is_used(self, kind: str) -> bool:
        return any(table == kind for table, _ in self.scheme.figures) or any(
            table == kind for table, _ in self.scheme.inputs
        )

    def _by_rows(self, topic: Topic) -> Cell:
        """Clauses by their rows in the catalogue of rules, where the rule itself is not money of a unit."""
        found = [x for x in self.clauses.values() if topic.rows & set(x.rows)]
        if not found:
            return self._none("open")
        values = [x.says.say(self.language) for x in found]
        unsaid = [] if all(values) else [self._pick("", "stated; see the clause")]
        return self._cell("stated", values + unsaid, [x.locator for x in found], [o for x in found for o in x.open])

    # ---- by what a scheme is made of

    def _units(self) -> Cell:
        tables = [t for t in self.scheme.tables if (t, "结余或超支") in self.scheme.figures]
        clauses = [x for t in tables for x in self.scheme.figures[t, "结余或超支"].clauses]
        return self._cell("stated", [self._pick("、", ", ").join(self._name(t) for t in tables)], clauses)

    def _document(self) -> Cell:
        text = self.scheme.document
        draft = "征求意见" in text
        return self._cell(
            "stated",
            [self._pick(text, "a draft for comment" if draft else text) or self._pick("没有写文号", "no number given")],
            [],
        )

    def _dates(self) -> Cell:
        start, end = self.scheme.start, self.scheme.end
        if start is None:
            return self._none("open")
        text = self._pick(f"{start} 起", f"from {start}") + (self._pick(f"，至 {end}", f" to {end}") if end else "")
        return self._cell("stated", [text], [])

    def _insurances(self) -> Cell:
        scheme = self.scheme
        if not scheme.insurances:
            return self._none("open")
        names = self._pick("、", ", ").join(self._name(i) for i in scheme.insurances)
        apart = (
            self._pick("，分别核算", ", settled apart")
            if scheme.separate
            else self._pick("，合并核算", ", settled together")
        )
        return self._cell("stated", [names + apart], [])

    def _gates(self) -> Cell:
        gates = [f for f in self.scheme.figures.values() if f.gate is not None]
        if not gates:
            return self._none("open")
        values = []
        for figure in gates:
            assert figure.gate is not None
            tests = [self._rule(t.condition) for t in figure.gate.tests]
            word = self._pick("全部满足：", "all of: ") if figure.gate.every else self._pick("满足一项：", "one of: ")
            values.append(word + self._pick("、", ", ").join(tests))
        clauses = [
            x for f in gates if f.gate is not None for x in (*f.clauses, *(y for t in f.gate.tests for y in t.clauses))
        ]
        return self._cell("stated", values, clauses)

    def _base(self) -> Cell:
        index = next((i for i in self.indexes if i.base), None)
        if index is None:
            return self._none("open")
        base = self._pick(index.base, _BASES.get(index.base, index.base))
        return self._cell("stated", [base], [index.base_clause] if index.base_clause else [])

    def _indicators(self) -> Cell:
        found = [f for f in self.scheme.figures.values() if f.sort == "indicator"]
        if not found:
            return self._none("open")
        values, without = [], 0
        for figure in found:
            condition = figure.target.condition if figure.target is not None else None
            without += condition is None
            target = self._target(condition) if condition is not None else self._pick("没有界限", "no limit given")
            values.append(f"{self._name(figure.name)}{self._pick('：', ': ')}{target}")
        state: CellState = "open" if without == len(found) else "stated"
        return self._cell(state, values, [x for f in found for x in f.clauses])

    def _target(self, condition: Core) -> str:
        return self._rule(condition)

    def _uses(self) -> Cell:
        if not self.scheme.uses:
            return self._none("open")
        values = []
        for uses in self.scheme.uses:
            allowed = (
                self._pick("、", ", ").join(uses.allowed)
                if self.language == "zh"
                else f"{len(uses.allowed)} uses listed"
            )
            values.append(f"{self._name(uses.name)}{self._pick('：', ': ')}{allowed}")
        return self._cell("stated", list(dict.fromkeys(values)), [x for u in self.scheme.uses for x in u.clauses])

    _structures: Mapping[str, Callable[["_Reader"], Cell]] = {
        "units": _units, "document": _document, "dates": _dates, "insurances": _insurances, "gates": _gates,
        "base": _base, "indicators": _indicators, "uses": _uses,
    }  # fmt: skip

    # ---- words

    def _cell(
        self, state: CellState, values: list[str], clauses: Iterable[str], open_items: Iterable[str] = ()
    ) -> Cell:
        cited = tuple(dict.fromkeys(clauses))
        summaries = [self.clauses[_plain(x)].says.say(self.language) for x in cited if _plain(x) in self.clauses]
        text = self._pick("；", "; ").join(dict.fromkeys(filter(None, summaries)))
        said = self._pick("；", "; ").join(dict.fromkeys(v for v in values if v))
        return Cell(self.scheme.id, state, said, text or said, cited, tuple(dict.fromkeys(open_items)))

    def _none(self, state: CellState) -> Cell:
        word = {"open": ("文件没有规定", "not regulated"), "not_applicable": ("不适用", "not applicable")}[state]
        return Cell(self.scheme.id, state, "", self._pick(*word), ())

    def _id(self, name: str, table: str | None = None) -> str:
        return self.scheme.labels.id(name, table)

    def _name(self, name: str) -> str:
        labels = self.scheme.labels
        return labels.here(name) if self.language == "zh" else labels.words(name)

    def _pick(self, zh: str, en: str) -> str:
        return zh if self.language == "zh" else en


def rule_in_english(node: Core, scheme: Scheme) -> str:
    """A rule with its names in English words and the signs of arithmetic."""
    labels = scheme.labels

    def say(part: Core, outer: int = 0) -> str:
        match part:
            case c.Constant(value=value, kind=kind):
                if isinstance(value, str):
                    return labels.words(value)
                return spoken(value, kind).replace(" 元", " yuan").replace("是", "yes").replace("否", "no")
            case c.Read(column=name) | c.ReadParameter(name=name) | c.AsGiven(column=name):
                return labels.words(name)
            case (
                c.ReadUp(column=name)
                | c.Before(column=name)
                | c.History(column=name)
                | c.Gather(column=name)
                | c.Rank(column=name)
            ):
                return labels.words(name)
            case c.Given(column=name):
                return f"{labels.words(name)} given"
            case c.Remaining():
                return "the rest"
            case c.Round(value=inner) | c.LeftOut(read=inner):
                return say(inner, outer)
            case c.Choose():
                return "by case"
            case c.Apply(operator=operator, args=args):
                sign, binds = _SIGNS.get(operator, (f" {operator.replace('_', ' ')} ", 1))
                if len(args) == 1:
                    text = f"{sign.strip()} {say(args[0], binds)}"
                else:
                    text = sign.join(say(arg, binds + (i > 0)) for i, arg in enumerate(args))
                return f"({text})" if outer > binds else text
            case _:
                return "…"

    return say(node)


# Figures every scheme has, each spoken of under a topic of its own.
_TOPICS_OF_THEIR_OWN = frozenset({
    "budget", "adjusted_budget", "cleared", "balance", "surplus", "overspend", "retained", "carried", "agency_retained",
    "fund_share", "provider_share", "retention_cap", "deposit_withheld", "deposit_returned", "reserve", "paid",
})  # fmt: skip
_SIGNS = {
    "add": (" + ", 3), "subtract": (" − ", 3), "multiply": (" × ", 5), "part": (" × ", 5), "divide": (" ÷ ", 5),
    "most": (", at most ", 2), "least": (", at least ", 2), "over": (" over ", 1), "up_to": (" at most ", 1),
    "from": (" at least ", 1), "below": (" below ", 1), "negate": ("−", 6), "not": ("not", 6), "and": (" and ", 0), "or": (" or ", 0),
    "is": (" is ", 1), "is_not": (" is not ", 1), "equal": (" equals ", 1),
}  # fmt: skip
_BASES = {"机构口径": "by institution", "人头口径": "by head"}


def _clauses(figure: c.Figure) -> list[str]:
    return [*figure.clauses, *(x for b in figure.exceptions if not isinstance(b.value, NoFigure) for x in b.clauses)]


def _is_open(p: c.Parameter) -> bool:
    return p.state in {"open", "referred"} and not p.entries


def _worst(parameters: Iterable[c.Parameter]) -> CellState:
    states = {p.state for p in parameters if _is_open(p)}
    return "referred" if "referred" in states else "open" if "open" in states else "stated"


def _plain(locator: str) -> str:
    return locator.replace("（", "(").replace("）", ")").replace(" ", "")
