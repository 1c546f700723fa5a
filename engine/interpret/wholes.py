"""How large the whole numbers grow that an exact value is worked out with: a value as one whole number over another."""

from collections.abc import Iterable
from dataclasses import field
from fractions import Fraction
from math import ceil, lcm

from engine.nouns import core as c
from engine.nouns import kinds as k
from engine.nouns import possible as p
from engine.nouns.core import Core, NoFigure, Scheme
from engine.nouns.kinds import Kind
from engine.nouns.possible import Possible
from grammar.frozen import dataclass

_MOST = 2**63
_COMPARING = frozenset({"over", "up_to", "from", "below", "equal", "is", "is_not", "in", "not_in"})


@dataclass(frozen=True, slots=True)
class Form:
    """The greatest size of the numerator and of the denominator; ``places`` is a denominator known before any data.

    None is no end that is known.
    """

    above: int | None
    below: int | None
    places: int | None = None

    @property
    def fits(self) -> bool:
        """Whether 64 bits hold it, and the sum by which it is rounded as well."""
        if self.above is None or self.below is None:
            return False
        return (self.above + self.below if self.places is not None else 2 * self.above + self.below) < _MOST


UNKNOWN = Form(None, None)


def static(value: Possible, places: int) -> Form:
    """A value over a denominator that is known."""
    low, high = p.ends(p.number(value))
    if low is None or high is None:
        return Form(None, places, places)
    return Form(ceil(max(low, -low, high, -high) * places), places, places)


def joined(forms: Iterable[Form], value: Possible) -> Form:
    """A value that is one of several."""
    forms = list(forms)
    places = [form.places for form in forms]
    if None not in places:
        return static(value, lcm(*[x for x in places if x is not None]))
    return Form(_largest([f.above for f in forms]), _largest([f.below for f in forms]))


@dataclass(slots=True, eq=False)
class Forms:
    """The forms of a kind of rows: of its columns, and of every expression once the ones inside it are known."""

    scheme: Scheme
    table: str
    decimals: int
    columns: dict[str, Form] = field(default_factory=dict)
    made: dict[int, Form] = field(default_factory=dict)

    def datum(self, datum: c.Input, value: Possible) -> Form:
        """What a datum is stored as: whole fen, or a whole number over its declared step or the decimals it may have."""
        if datum.step is not None:
            return static(value, datum.step.denominator)
        return static(value, self.of_kind(datum.kind))

    def of_kind(self, kind: Kind) -> int:
        """The denominator of what is handed in of a kind."""
        whole = kind.is_money or k.whole_only(kind)
        return 1 if whole else 10**self.decimals

    def of(self, node: Core, value: Possible) -> Form | None:
        """The form of an expression that came to a value; the expressions inside it have theirs already."""
        form = self._form(node, value)
        if form is not None:
            self.made[id(node)] = form
        return form

    def known(self, node: Core | NoFigure | None) -> Form:
        """The form an expression was found to have."""
        return self.made.get(id(node), UNKNOWN)

    def _form(self, node: Core, value: Possible) -> Form | None:
        match node:
            case c.Apply(operator=operator, args=args) if operator in _COMPARING and args[0].kind.is_number:
                return _side_by_side([self.known(arg) for arg in args])
            case _ if not node.kind.is_number:
                return None
            case c.Constant(value=constant):
                return static(value, getattr(constant, "denominator", 1))
            case c.Read(column=column):
                return self._again(self.columns.get(column, UNKNOWN), value)
            case c.ReadParameter(name=name):
                return static(value, self._parameter(name))
            case c.LeftOut(read=read, neutral=neutral):
                return joined([self.known(read), static(neutral, neutral.denominator)], value)
            case c.Round(step=step):
                return static(value, step.denominator)
            case c.Choose(branches=branches, otherwise=otherwise):
                nodes = [x for x in (*(b.value for b in branches), otherwise) if id(x) in self.made]
                return joined([self.known(x) for x in nodes], value) if nodes else UNKNOWN
            case c.Apply(operator="divide", args=(left, c.Constant(value=int() | Fraction() as by))) if by:
                form = self.known(left)
                if form.places is not None:
                    return static(value, form.places * abs(by.numerator))
                return Form(_product(form.above, by.denominator), _product(form.below, abs(by.numerator)))
            case c.Apply(operator=operator, args=args):
                return self._applied(operator, [self.known(arg) for arg in args], value)
            case _:
                return UNKNOWN

    def _applied(self, operator: str, parts: list[Form], value: Possible) -> Form:
        places = [part.places for part in parts]
        match operator:
            case "divide":
                a, b = parts
                return Form(_product(a.above, b.below), _product(b.above, a.below))
            case "multiply" | "part" if None not in places:
                return static(value, (places[0] or 1) * (places[1] or 1))
            case "multiply" | "part":
                a, b = parts
                return Form(_product(a.above, b.above), _product(a.below, b.below))
            case _ if None not in places:
                return static(value, lcm(*[x for x in places if x is not None]))
            case "negate":
                return parts[0]
            case _:
                return _side_by_side(parts)

    def _again(self, form: Form, value: Possible) -> Form:
        """A column read where it may be known more narrowly."""
        return static(value, form.places) if form.places is not None else form

    def _parameter(self, name: str) -> int:
        parameter = self.scheme.parameters[name]
        values = [*(entry.value for entry in parameter.entries), parameter.assumed]
        places = [x.denominator for x in values if isinstance(x, int | Fraction)]
        return lcm(*places, 1 if parameter.state == "stated" else self.of_kind(parameter.kind))


def gathered(function: str, source: Form, value: Possible, rows: int | None = None) -> Form:
    """An aggregate of ``rows``, or of nobody knows how many: a mean divides by how many there are."""
    if function == "count":
        return static(value, 1)
    if function == "mean":
        return UNKNOWN if rows is None or source.places is None else static(value, source.places * rows)
    return static(value, source.places) if source.places is not None else UNKNOWN if function == "sum" else source


def _side_by_side(parts: list[Form]) -> Form:
    """Numbers brought over one denominator to be added or compared."""
    total = parts[0]
    for part in parts[1:]:
        one, other = _product(total.above, part.below), _product(part.above, total.below)
        above = None if one is None or other is None else one + other
        total = Form(above, _product(total.below, part.below))
    return total


def _product(one: int | None, other: int | None) -> int | None:
    return None if one is None or other is None else one * other


def _largest(sizes: list[int | None]) -> int | None:
    known = [size for size in sizes if size is not None]
    return max(known) if len(known) == len(sizes) and known else None
