"""What was executed, as a person would say it: sums and products flattened, limits and choices by what they decided."""

from collections.abc import Callable

from engine.nouns import core as c
from engine.nouns import kinds as k
from engine.nouns.core import Core, NoFigure
from engine.nouns.kinds import Kind
from engine.nouns.possible import Possible
from engine.nouns.value import Value
from grammar.frozen import dataclass

ValueOf = Callable[[Core], Value]


@dataclass(frozen=True, slots=True)
class Leaf:
    """A value with a name: a column of the row or a parameter; a value written in the rule file has no name."""

    name: str | None
    value: Value
    kind: Kind
    parameter: bool = False


@dataclass(frozen=True, slots=True)
class Work:
    """An operation and what it was applied to.

    ``sort`` is ``sum`` (``signs`` says plus or minus), ``product`` (``signs`` says multiply, part or divide), ``most``,
    ``least``, ``positive`` (a least of nothing), ``slice``, ``choice`` (a condition and the value that goes with it),
    ``otherwise`` (conditions that failed, then the value), ``negate``, or the name of a comparison or of a yes/no operator.
    """

    sort: str
    parts: tuple["Term", ...]
    value: Value
    kind: Kind
    signs: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()


Term = Leaf | Work

_FEW = 3
COMPARISONS = frozenset({"over", "up_to", "from", "below", "equal", "is", "is_not"})


def term(node: Core, value_of: ValueOf) -> Term:
    """An expression with what each of its parts came to."""
    match node:
        case c.Constant(value=value, kind=kind):
            return Leaf(None, Value(value, value), kind)
        case c.Read(column=column, kind=kind):
            return Leaf(column, value_of(node), kind)
        case c.ReadParameter(name=name, kind=kind):
            return Leaf(name, value_of(node), kind, parameter=True)
        case c.LeftOut(read=read):
            return term(read, value_of)
        case c.Round(value=value):
            return term(value, value_of)
        case c.Given(column=column, kind=kind):
            return Work("given", (), value_of(node), kind, (column,))
        case c.Choose():
            return _choice(node, value_of)
        case c.Apply():
            return _applied(node, value_of)
        case _:
            raise AssertionError(node)


def leaves(node: Term) -> list[Leaf]:
    """The named values a term stands on, each once, in the order they are read."""
    found: dict[tuple[str, bool], Leaf] = {}

    def visit(part: Term) -> None:
        if isinstance(part, Leaf):
            if part.name is not None:
                found.setdefault((part.name, part.parameter), part)
            return
        for inner in part.parts:
            visit(inner)

    visit(node)
    return list(found.values())


def _choice(node: c.Choose, value_of: ValueOf) -> Term:
    whole = value_of(node)
    for branch in node.branches:
        if value_of(branch.condition).now is True and not isinstance(branch.value, NoFigure):
            parts = (term(branch.condition, value_of), term(branch.value, value_of))
            return Work("choice", parts, whole, node.kind)
    if node.otherwise is not None and not isinstance(node.otherwise, NoFigure):
        # What did not hold is part of the reason, where it is known: of a long table only the rest row is said.
        failed = [b.condition for b in node.branches if value_of(b.condition).now is False]
        value = term(node.otherwise, value_of)
        if len(failed) != len(node.branches) or len(failed) > _FEW:
            return value
        return Work("otherwise", (*(term(f, value_of) for f in failed), value), whole, node.kind)
    return Leaf(None, whole, node.kind)


def _applied(node: c.Apply, value_of: ValueOf) -> Term:
    value = value_of(node)
    match node.operator:
        case "add" | "subtract":
            return _sum(node, value, value_of)
        case "multiply" | "part" | "divide":
            return _product(node, value, value_of)
        case "least" if _is_nothing(node.args[1]):
            return Work("positive", (term(node.args[0], value_of),), value, node.kind)
        case "day":
            return Leaf(None, value, node.kind)
        case operator:
            parts = tuple(term(arg, value_of) for arg in node.args)
            return Work("slice" if operator == "slice_above" else operator, parts, value, node.kind)


def _is_nothing(node: Core) -> bool:
    return isinstance(node, c.Constant) and node.value == 0 and not isinstance(node.value, bool)


def _sum(node: c.Apply, value: Value, value_of: ValueOf) -> Term:
    """A chain of plus and minus as one sum; a term that was left out, or a slice that nothing fell in, is not said."""
    terms: list[tuple[str, Term]] = []
    left_out: list[str] = []

    def visit(part: Core, sign: str) -> None:
        if isinstance(part, c.Apply) and part.operator in {"add", "subtract"}:
            visit(part.args[0], sign)
            turned = sign if part.operator == "add" else ("minus" if sign == "plus" else "plus")
            visit(part.args[1], turned)
        elif _missing(part, value_of):
            left_out.append(_name(part))
        else:
            terms.append((sign, term(part, value_of)))

    visit(node, "plus")
    said = [(s, t) for s, t in terms if not _is_empty_slice(t)] or terms[:1]
    if len(said) == 1 and said[0][0] == "plus" and not left_out:
        return said[0][1]
    return Work("sum", tuple(t for _, t in said), value, node.kind, tuple(s for s, _ in said), tuple(left_out))


def _product(node: c.Apply, value: Value, value_of: ValueOf) -> Term:
    factors: list[tuple[str, Term]] = []
    left_out: list[str] = []

    def visit(part: Core, sign: str) -> None:
        # Only the left arm is a chain: what is divided by, or taken a part of, stands by itself.
        if isinstance(part, c.Apply) and part.operator in {"multiply", "part", "divide"} and sign == "first":
            visit(part.args[0], "first")
            visit(part.args[1], part.operator)
        elif _missing(part, value_of):
            left_out.append(_name(part))
        else:
            factors.append((sign, term(part, value_of)))

    visit(node, "first")
    if len(factors) == 1:
        only = factors[0][1]
        if isinstance(only, Work):
            return Work(only.sort, only.parts, only.value, only.kind, only.signs, (*only.left_out, *left_out))
        return Work("sum", (only,), value, node.kind, ("plus",), tuple(left_out))
    signs = tuple("multiply" if s == "first" and i else s for i, (s, _) in enumerate(factors))
    return Work("product", tuple(t for _, t in factors), value, node.kind, signs, tuple(left_out))


def _missing(node: Core, value_of: ValueOf) -> bool:
    return isinstance(node, c.LeftOut) and value_of(node.read).state == "open"


def _name(node: Core) -> str:
    assert isinstance(node, c.LeftOut)
    return node.read.column if isinstance(node.read, c.Read) else node.read.name  # type: ignore[union-attr]


def _is_empty_slice(node: Term) -> bool:
    """The part of a band that no amount fell in."""
    first = node.parts[0] if isinstance(node, Work) and node.parts else None
    return isinstance(first, Work) and first.sort == "slice" and _nothing(first.value.now)


def _nothing(value: Possible) -> bool:
    return value == 0 and not isinstance(value, bool)


def is_ratio(kind: Kind) -> bool:
    """Whether a value is a share of something."""
    return kind.base is k.Base.RATIO and kind.per is None
