"""Figures to be worked out by an engine and in Python alike: where roundings tie, signs turn and types end."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from fractions import Fraction
from itertools import product
from random import Random
from typing import get_args

from sqlglot import exp

from engine.nouns.numbers import Mode, round_to
from engine.sql.engines import Engine, table_of
from engine.sql.whole import SHORT, Arithmetic, Unproved, Whole, ends

Row = Mapping[str, int]
Meaning = Callable[[Row], int]
Figure = tuple[Whole, Meaning]

MODES: tuple[Mode, ...] = get_args(Mode)
# Money of a county, of a country, of no country; counts; divisors of both signs.
ENDS = {
    "money": (-(10**15), 10**15),
    "paid": (0, 10**15),
    "owed": (-(10**15), 0),
    "large": (-(10**18), 10**18),
    "long": (-SHORT, SHORT),
    "wide": (-(2**75), 2**75),
    "count": (1, 10**4),
    "share": (1, 10**15),
    "loss": (-(10**9), -1),
    "either": (-(10**6), 10**6),
}
_RATES = [(3, 10), (1, 2), (17, 200), (1, 3), (-7, 40), (999_999, 1_000_000), (5, 1), (2, -4)]
_TOGETHER = 60
_TURNS = [0, 2**31, 2**53, 10**15, 10**18, SHORT, 2**64, 2**72]


def columns(arithmetic: Arithmetic) -> dict[str, Whole]:
    """The columns of the rows."""
    return {name: arithmetic.column(name, *ends) for name, ends in ENDS.items()}


def rows(count: int, seed: int) -> list[dict[str, int]]:
    """So many rows, most of them near where something turns; no divisor among them is 0."""
    random = Random(seed)  # noqa: S311 - examples, not secrets
    made = []
    for _ in range(count):
        row = {name: _value(random, low, high) for name, (low, high) in ENDS.items()}
        row["either"] = row["either"] or 1
        if random.random() < 0.3:
            # A tie, or its neighbour, of the quotients below that divide by a column.
            by = row["either"] = row["either"] * 2 if abs(row["either"]) <= 500_000 else 2
            row["money"] = by * random.randrange(10**8) + by // 2 + random.choice((-1, 0, 0, 1))
            row["wide"] = by * random.randrange(2**54) + by // 2 + random.choice((-1, 0, 0, 1))
        made.append(row)
    return made


def _value(random: Random, low: int, high: int) -> int:
    kind = random.random()
    if kind < 0.4:
        value = random.choice((-1, 1)) * random.choice([*_TURNS, low, high]) + random.randrange(-3, 4)
    elif kind < 0.7:
        value = random.randrange(-300, 301)
    else:
        value = int(random.choice((-1, 1)) * 2 ** (random.random() * high.bit_length()))
    return min(max(value, low), high)


def wrong(
    engine: Engine, table: str, of: Mapping[str, Whole], data: Sequence[Row], told: Sequence[Figure]
) -> list[str]:
    """What an engine makes of figures over rows where Python makes something else; every row is answered."""
    arithmetic = Arithmetic(engine.dialect)
    types = [(name, arithmetic.type_of(column.low, column.high)) for name, column in of.items()]
    engine.create(table, [("n", exp.DataType.build("BIGINT")), *types])
    engine.fill(table, [(n, *(row[name] for name in of)) for n, row in enumerate(data)])
    found = []
    # Engines work out a few hundred columns at a time no sooner than some at a time, and Spark far later.
    for part in range(0, len(told), _TOGETHER):
        some = told[part : part + _TOGETHER]
        asked = [exp.alias_(arithmetic.stored(whole), f"f{n}") for n, (whole, _) in enumerate(some)]
        answers = list(engine.rows(exp.select("n", *asked).from_(table_of(table)).order_by("n")))
        assert len(answers) == len(data)
        for n, *values in answers:
            for (whole, meaning), value in zip(some, values, strict=True):
                right, (low, high) = meaning(data[n]), ends(whole)
                if value != right or type(value) is not int or not low <= right <= high:
                    found.append(f"{whole.sql.sql(engine.dialect)} = {value!r}, not {right} for {data[n]}")
    return found


def at_ends(of: Mapping[str, Whole]) -> list[Row]:
    """Every column at its ends, and as near to 0 as it comes, each with each."""
    turns = [sorted({low, high, min(max(0, low), high)}) for low, high in map(ends, of.values())]
    return [dict(zip(of, values, strict=True)) for values in product(*turns)]


def random_ends(random: Random) -> tuple[int, int]:
    """Ends of a column: of few bits or of many, of one sign or of both."""
    low, high = sorted(
        random.choice((-1, 1)) * random.randrange(2 ** random.choice((1, 8, 31, 32, 53, 62, 63, 80))) for _ in "lh"
    )
    return random.choice([(low, high), (0, abs(high)), (-abs(low), 0), (-SHORT, SHORT), (high, high)])


def figures(arithmetic: Arithmetic) -> Iterator[Figure]:
    """Roundings, quotients and products of all columns in all modes."""
    of = columns(arithmetic)
    constant, multiply = arithmetic.constant, arithmetic.multiply
    for name, (p, q), mode in product(("money", "paid", "owed", "large", "long", "wide"), _RATES, MODES):
        yield (
            arithmetic.quotient(multiply(of[name], constant(p)), constant(q), mode),
            lambda row, name=name, rate=Fraction(p, q), mode=mode: _rounded(row[name] * rate, mode),  # type: ignore[misc]
        )
    for name, by, mode in product(("money", "owed", "large", "wide"), ("count", "share", "loss", "either"), MODES):
        yield (
            arithmetic.quotient(of[name], of[by], mode),
            lambda row, name=name, by=by, mode=mode: _rounded(Fraction(row[name], row[by]), mode),  # type: ignore[misc]
        )
    for by, mode in product(("share", "loss", "either"), MODES):
        yield (
            arithmetic.quotient(multiply(of["money"], of["count"]), of[by], mode),
            lambda row, by=by, mode=mode: _rounded(Fraction(row["money"] * row["count"], row[by]), mode),  # type: ignore[misc]
        )
    for name, by in product(("money", "paid", "owed", "wide"), ("count", "share")):
        yield (
            arithmetic.floor(of[name], of[by]),
            lambda row, name=name, by=by: row[name] // row[by],  # type: ignore[misc]
        )
        yield multiply(of[name], of[by]), lambda row, name=name, by=by: row[name] * row[by]  # type: ignore[misc]


def _rounded(value: Fraction, mode: Mode) -> int:
    return int(round_to(value, 1, mode))


def trees(arithmetic: Arithmetic, of: Mapping[str, Whole], count: int, seed: int) -> Iterator[Figure]:
    """So many figures of every operation upon every other, over columns whose ends are given; no divisor is 0."""
    random = Random(seed)  # noqa: S311 - examples, not secrets
    while count:
        try:
            yield _tree(arithmetic, of, random, random.randrange(1, 4))
        except Unproved:
            continue
        count -= 1


def _tree(arithmetic: Arithmetic, of: Mapping[str, Whole], random: Random, depth: int) -> Figure:
    if depth == 0 or random.random() < 0.15:
        if random.random() < 0.3:
            number = random.choice((-1, 1)) * random.choice([0, 1, 2, 3, 10, 100, 2**31, SHORT, SHORT + 1])
            return arithmetic.constant(number), lambda _: number
        name = random.choice(sorted(of))
        return of[name], lambda row: row[name]
    a, mean_a = _tree(arithmetic, of, random, depth - 1)
    b, mean_b = _tree(arithmetic, of, random, depth - 1)
    match random.choice(
        ("add", "subtract", "multiply", "negate", "absolute", "least", "greatest", "quotient", "floor", "choose")
    ):
        case "add":
            return arithmetic.add(a, b), lambda row: mean_a(row) + mean_b(row)
        case "subtract":
            return arithmetic.subtract(a, b), lambda row: mean_a(row) - mean_b(row)
        case "multiply":
            return arithmetic.multiply(a, b), lambda row: mean_a(row) * mean_b(row)
        case "negate":
            return arithmetic.negate(a), lambda row: -mean_a(row)
        case "absolute":
            return arithmetic.absolute(a), lambda row: abs(mean_a(row))
        case "least":
            return arithmetic.least(a, b), lambda row: min(mean_a(row), mean_b(row))
        case "greatest":
            return arithmetic.greatest(a, b), lambda row: max(mean_a(row), mean_b(row))
        case "quotient":
            by, mean_by = _tree(arithmetic, of, random, depth - 1)
            mode = random.choice(MODES)
            # Nothing divides by 0: what is 0 counts as 1.
            guarded = arithmetic.choose([(arithmetic.equal(by, arithmetic.constant(0)), arithmetic.constant(1))], by)
            return (
                arithmetic.quotient(a, guarded, mode),
                lambda row: _rounded(Fraction(mean_a(row), mean_by(row) or 1), mode),
            )
        case "floor":
            number = random.choice((1, 2, 7, 10, 1000, 2**40))
            return arithmetic.floor(a, arithmetic.constant(number)), lambda row: mean_a(row) // number
        case _:
            c, mean_c = _tree(arithmetic, of, random, depth - 1)
            return (
                arithmetic.choose([(arithmetic.over(a, b), c), (arithmetic.from_(b, c), a)], b),
                lambda row: (
                    mean_c(row)
                    if mean_a(row) > mean_b(row)
                    else mean_a(row)
                    if mean_b(row) >= mean_c(row)
                    else mean_b(row)
                ),
            )
