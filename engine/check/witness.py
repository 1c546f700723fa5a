"""Gaps, overlaps, unreachable rows and clashing exceptions, each proved by a witness value."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import field
from fractions import Fraction
from itertools import pairwise, product

from engine.check.fold import evaluate, fold
from engine.check.symbols import Symbols
from engine.nouns import core as c
from engine.nouns import kinds as k
from engine.nouns.core import Core, Input, NoFigure
from engine.nouns.kinds import Kind
from engine.nouns.numbers import Number, decimal_text, grouped, money_text, ratio_text
from engine.nouns.possible import Possible, Scalar
from grammar.diagnostic import Words
from grammar.frozen import dataclass
from grammar.keywords import units
from grammar.source import source_text

MOST_TRIALS = 20_000
_COMPARISONS = frozenset({"over", "up_to", "from", "below", "equal", "is", "is_not", "in", "not_in"})
_OTHER_TEXT = "（其他）"


@dataclass(frozen=True, slots=True)
class Axis:
    """One thing conditions look at, and values that stand for every way it can come out.

    ``free`` where any of the values can occur in the data whatever the others are.
    """

    subject: Core
    values: tuple[Scalar, ...]
    free: bool


@dataclass(slots=True)
class Prover:
    """Tries conditions on values that stand for all others; ``inputs`` gives ranges and grains."""

    symbols: Symbols
    inputs: Mapping[tuple[str, str], Input]
    stated: Callable[[str], Scalar | None]
    figures: Mapping[tuple[str, str], c.Figure] = field(default_factory=dict)
    seen: set[tuple[object, ...]] = field(default_factory=set)

    def figure(self, figure: c.Figure) -> None:
        """Prove the tables and exceptions of a figure."""
        if not isinstance(figure.default, NoFigure):
            for node in c.walk(figure.default):
                if isinstance(node, c.Choose) and node.sort == "cases":
                    self._table(figure.table, node)
            self._bands(figure)
        self._exceptions(figure)

    # ---- tables

    def _table(self, table: str, node: c.Choose) -> None:
        """Exactly one row must hold, whatever the values."""
        trials = self._trials(table, [b.condition for b in node.branches])
        if trials is None:
            return
        axes, cases = trials
        # Two worked-out figures may hang together (结余 and 超支 are never both above nothing): then only a run can tell.
        bound = sum(not axis.free for axis in axes)
        sure = bound == 0 or (bound == 1 and _is_subject_table(node))
        reached = [False] * len(node.branches)
        told: set[object] = set()
        for case in cases:
            holding = [i for i, b in enumerate(node.branches) if self._holds(b.condition, case) is True]
            for index in holding:
                reached[index] = True
            if not holding and node.otherwise is None and sure and "gap" not in told:
                told.add("gap")
                self.symbols.tell("C360", node.span, witness=self._words(case))
            if len(holding) > 1 and sure and (holding[0], holding[1]) not in told:
                told.add((holding[0], holding[1]))
                self.symbols.tell(
                    "C361",
                    node.branches[holding[1]].span,
                    witness=self._words(case),
                    line=node.branches[holding[0]].span.line,
                )
        for index, hit in enumerate(reached):
            if not hit:
                self.symbols.tell("C362", node.branches[index].span)

    def _bands(self, figure: c.Figure) -> None:
        """Bands of 分段: each begins where the one before ends, the first at nothing, and the last goes on."""
        assert not isinstance(figure.default, NoFigure)
        slices = [
            n for n in c.walk(figure.default) if isinstance(n, c.Apply) and n.operator in {"slice", "slice_above"}
        ]
        rows: list[tuple[Number, Number | None, c.Apply]] = []
        for node in slices:
            ends = [_band_end(arg, self.stated) for arg in node.args[1:]]
            if any(e is None for e in ends):
                return
            known = [e for e in ends if e is not None]
            rows.append((known[0], known[1] if len(known) > 1 else None, node))
        if not rows:
            return
        unit = self._band_kind(slices[0])
        rows.sort(key=lambda row: (row[0], row[1] is None))
        expected: Number | None = 0
        last = rows[0][2]
        for low, high, node in rows:
            if high is not None and high <= low:
                self.symbols.tell("C362", node.span)
                continue
            if expected is None or low < expected:
                self.symbols.tell(
                    "C361", node.span, witness=value_words(_between(low, expected), unit), line=last.span.line
                )
            elif low > expected:
                self.symbols.tell("C360", node.span, witness=value_words(_between(expected, low), unit))
            expected, last = high, node
        if expected is not None:
            self.symbols.tell("C360", figure.span, witness=value_words(expected * 2 or 1, unit))

    def _band_kind(self, node: c.Apply) -> Kind:
        bound = node.args[-1]
        return k.RATIO if isinstance(bound, c.Apply) and bound.written == "为基数" else node.kind

    # ---- exceptions

    def _exceptions(self, figure: c.Figure) -> None:
        """Two exceptions that can hold together, differ and are not ranked, clash."""
        branches = figure.exceptions
        for index, branch in enumerate(branches):
            trials = self._trials(figure.table, [branch.condition])
            if trials is not None and not any(self._holds(branch.condition, case) for case in trials[1]):
                self.symbols.tell("C363", branch.span, name=figure.name)
            for other in range(index + 1, len(branches)):
                self._pair(figure, index, other)

    def _pair(self, figure: c.Figure, one: int, other: int) -> None:
        first, second = figure.exceptions[one], figure.exceptions[other]
        if other in first.above or one in second.above or self._same(first.value, second.value):
            return
        trials = self._trials(figure.table, [first.condition, second.condition])
        if trials is None:
            self.symbols.tell("C365", second.span, name=figure.name, line=first.span.line)
            return
        axes, cases = trials
        for case in cases:
            if self._holds(first.condition, case) is True and self._holds(second.condition, case) is True:
                sure = all(axis.free for axis in axes)
                self.symbols.tell(
                    "C364" if sure else "C365",
                    second.span,
                    name=figure.name,
                    line=first.span.line,
                    witness=self._words(case),
                )
                return

    def _same(self, one: Core | NoFigure, other: Core | NoFigure) -> bool:
        if one == other:
            return True
        if isinstance(one, NoFigure) or isinstance(other, NoFigure):
            return False
        values = fold(one, self.stated), fold(other, self.stated)
        return values[0] is not None and values[0] == values[1]

    # ---- trials

    def _trials(self, table: str, conditions: list[Core]) -> tuple[list[Axis], list[dict[Core, Scalar]]] | None:
        """Every combination of the axes the conditions look at; None where there are too many."""
        axes = self._axes(table, conditions)
        total = 1
        for axis in axes:
            total *= len(axis.values)
        if total > MOST_TRIALS:
            return None
        subjects = [axis.subject for axis in axes]
        return axes, [dict(zip(subjects, values, strict=True)) for values in product(*(axis.values for axis in axes))]

    def _axes(self, table: str, conditions: list[Core]) -> list[Axis]:
        points: dict[Core, set[Scalar]] = {}
        for atom in _atoms(conditions):
            if not isinstance(atom, c.Apply) or atom.operator not in _COMPARISONS:
                points.setdefault(atom, set())
                continue
            subject, *others = atom.args
            known = [fold(o, self.stated) for o in others]
            if all(x is not None for x in known) and fold(subject, self.stated) is None:
                points.setdefault(subject, set()).update(x for x in known if x is not None)
            elif len(others) == 1 and fold(subject, self.stated) is not None:
                points.setdefault(others[0], set()).add(fold(subject, self.stated))  # type: ignore[arg-type]
            elif not isinstance(subject, c.Constant):
                points.setdefault(_difference(subject, others[0]), set()).add(0)
        return [self._axis(table, subject, values) for subject, values in points.items()]

    def _axis(self, table: str, subject: Core, points: set[Scalar]) -> Axis:
        name = subject.column if isinstance(subject, c.Read) else None
        datum = self.inputs.get((table, name)) if name is not None else None
        free = datum is not None and (table, name) not in self.symbols.figures
        if subject.kind.base is k.Base.YES_NO:
            return Axis(subject, (False, True), free)
        if subject.kind.base is k.Base.CHOICE:
            return Axis(subject, subject.kind.options, free or name == "险种")
        if subject.kind.base in {k.Base.TEXT, k.Base.DATE}:
            extra: tuple[Scalar, ...] = (_OTHER_TEXT,) if subject.kind.base is k.Base.TEXT else ()
            return Axis(subject, (*sorted(points, key=str), *extra), free)
        # One amount less another may lie on either side of 0.
        either = subject.kind.base in _SIGNED or (isinstance(subject, c.Apply) and subject.operator == "difference")
        limits = datum.range if datum else c.Range(*((None, None) if either else (0, None)))
        step = datum.step if datum else (1 if k.whole_only(subject.kind) and free else None)
        step = step or self._step(table, subject)
        numbers = sorted(x for x in points if isinstance(x, int | Fraction))
        return Axis(subject, tuple(_representatives(numbers, limits, step)) or (0,), free)

    def _step(self, table: str, subject: Core) -> Number | None:
        """The grain of what is worked out: places and counts are whole, a rounded figure is a multiple of its rounding."""
        fen = 1 if subject.kind.is_money else None
        if isinstance(subject, c.Rank) or (isinstance(subject, c.Gather) and subject.function == "count"):
            return 1
        if not isinstance(subject, c.Read):
            return fen
        figure = self.figures.get((table, subject.column))
        if figure is None or figure.also_input:
            return 1 if subject.column in {"期次", "年度"} else fen
        if figure.unrounded or figure.step is not None or figure.exceptions or isinstance(figure.default, NoFigure):
            return figure.step
        return self._step(table, figure.default)

    def _holds(self, condition: Core, case: Mapping[Core, Scalar]) -> Possible | None:
        def look(node: Core) -> Possible | None:
            if node in case:
                return case[node]
            if isinstance(node, c.Apply) and node.operator in _COMPARISONS and len(node.args) == 2:  # noqa: PLR2004 - left and right
                key = _difference(node.args[0], node.args[1])
                if key in case:
                    return _from_sign(node.operator, case[key])
            if isinstance(node, c.ReadParameter):
                return self.stated(node.name)
            return None

        return evaluate(condition, look)

    def _words(self, case: Mapping[Core, Scalar]) -> Words:
        said = [self._said(subject, value) for subject, value in case.items()]
        return Words("，".join(words.zh for words in said), ", ".join(words.en for words in said))

    def _said(self, subject: Core, value: Scalar) -> Words:
        match subject:
            case c.Read(column=name) | c.ReadParameter(name=name) | c.ReadUp(column=name):
                words = value_words(value, subject.kind)
                return Words(f"{name} = {words.zh}", f"{self._id(name)} = {words.en}")
            case c.Given(column=name):
                words = value_words(value, k.YES_NO)
                return Words(f"已填 {name} = {words.zh}", f"given {self._id(name)} = {words.en}")
            case c.Apply(operator="difference"):
                sign = "=" if value == 0 else ">" if isinstance(value, int) and value > 0 else "<"
                one, other = (_name(each) for each in subject.args[:2])
                return Words(f"{one} {sign} {other}", f"{self._id(one)} {sign} {self._id(other)}")
            case _:
                return value_words(value, subject.kind)

    def _id(self, name: str) -> str:
        return self.symbols.ids.get(name, name)


def value_words(value: Scalar, kind: Kind) -> Words:
    """A value as an author would write it in either language: ``0.01元`` and ``0.01 yuan``, ``30%``, ``是`` and ``yes``."""
    if isinstance(value, bool):
        return Words("是", "yes") if value else Words("否", "no")
    if isinstance(value, int | Fraction):
        if kind.base in k.MONEYS and kind.per is None:
            whole = Fraction(value).denominator == 1
            number = grouped(money_text(value)) if whole else decimal_text(Fraction(value, 100), 4)
            return Words(f"{number}元", f"{number} yuan")
        if kind.base is k.Base.RATIO:
            return Words(*[ratio_text(value * 100)[0] + "%"] * 2)
        if kind.base is k.Base.POINTS:
            number = ratio_text(value * 100)[0]
            return Words(f"{number}个百分点", f"{number} pp")
        number = ratio_text(Fraction(value, kind.scale))[0]
        unit = next((each.en for each in units() if each.zh == kind.unit), kind.unit or "")
        return Words(number + (kind.unit or ""), f"{number} {unit}".strip())
    return Words(_OTHER_TEXT, "(other)") if value == _OTHER_TEXT else Words(str(value), str(value))


_SIGNED = frozenset({k.Base.SIGNED, k.Base.POINTS})


def _is_subject_table(node: c.Choose) -> bool:
    """Whether every row looks at the same subjects, as 定档 does: then the rows must part the subject's own axis."""
    subjects = [
        frozenset(a.args[0] for a in _atoms([b.condition]) if isinstance(a, c.Apply) and a.operator in _COMPARISONS)
        for b in node.branches
    ]
    plain = all(
        isinstance(a, c.Apply) and a.operator in _COMPARISONS for b in node.branches for a in _atoms([b.condition])
    )
    return plain and len({s for group in subjects for s in group}) == max((len(s) for s in subjects), default=0)


def _atoms(conditions: Iterable[Core]) -> list[Core]:
    found: dict[Core, None] = {}
    for condition in conditions:
        if isinstance(condition, c.Apply) and condition.operator in {"and", "or", "not"}:
            found.update(dict.fromkeys(_atoms(condition.args)))
        elif not isinstance(condition, c.Constant):
            found[condition] = None
    return list(found)


def _difference(left: Core, right: Core) -> Core:
    return c.Apply("difference", (left, right), k.NUMBER, span=left.span)


def _from_sign(operator: str, sign: Scalar) -> bool:
    assert isinstance(sign, int | Fraction)
    return {
        "over": sign > 0,
        "up_to": sign <= 0,
        "from": sign >= 0,
        "below": sign < 0,
        "equal": sign == 0,
        "is": sign == 0,
        "is_not": sign != 0,
    }.get(operator, False)


def _representatives(points: list[Number], limits: c.Range, step: Number | None) -> list[Number]:
    """Values that stand for every part of a number line cut at the points: each point and one between each two."""
    found: set[Number] = set(points)
    unit: Number = step or 1
    found.update((points[0] - unit, points[-1] + unit) if points else (limits.low or 0, (limits.low or 0) + unit))
    for low, high in pairwise(points):
        found.update((low + step, high - step) if step else (Fraction(low + high) / 2,))
    for end in (limits.low, limits.high):
        if end is not None:
            found.add(end)
    fits = sorted(x for x in found if limits.holds(x) and (step is None or Fraction(x, 1) / step % 1 == 0))
    return [int(x) if Fraction(x).denominator == 1 else x for x in fits]


def _band_end(node: Core, stated: Callable[[str], Scalar | None]) -> Number | None:
    value = fold(node.args[1] if isinstance(node, c.Apply) and node.written == "为基数" else node, stated)
    return value if isinstance(value, int | Fraction) else None


def _between(low: Number, high: Number | None) -> Number:
    return low if high is None else Fraction(low + high) / 2


def _name(node: Core) -> str:
    match node:
        case c.Read(column=name) | c.ReadParameter(name=name) | c.ReadUp(column=name):
            return name
        case _:
            return source_text(node.span)
