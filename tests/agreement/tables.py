"""Random tables for a checked program: ties, ends, nothing, blanks, amounts around 2^53 and 10^15 fen, below zero."""

from collections.abc import Mapping, Sequence
from random import Random

from programs import INSURANCES, MEMBER, TEXTS

from engine.nouns import kinds as k
from engine.nouns.core import Input, Scheme
from grammar.frozen import dataclass

Row = Mapping[str, str]
# Ends of months and years, a leap day, and gaps of one day, of nine, ten and eleven.
DAYS = ("2025-12-31", "2026-02-28", "2026-03-01", "2026-03-02", "2026-03-10", "2026-03-12", "2024-02-29", "2027-01-01")
NAMES = {"单位": ("甲", "乙", "丙", "戊"), "机构": ("庚", "辛")}


@dataclass(frozen=True, slots=True)
class Data:
    """The data of a run: assumptions, the scenario chosen, tables of rows of text."""

    assumptions: Row
    scenario: bool
    tables: Mapping[str, tuple[Row, ...]]

    def text(self) -> str:
        """The data in YAML."""
        lines = [f"假设: {_flow(self.assumptions)}"] if self.assumptions else []
        for name, rows in self.tables.items():
            lines += [f"{name}:" if rows else f"{name}: []", *(f"  - {_flow(row)}" for row in rows)]
        return "\n".join(lines) + "\n"


def _flow(row: Row) -> str:
    return "{" + ", ".join(f"{key}: {value}" for key, value in row.items()) + "}"


def tables(scheme: Scheme, seed: int) -> Data:
    """Data for a scheme, of a seed."""
    return _Clerk(scheme, Random(f"tables {seed}")).data()  # noqa: S311 - the same chance again


class _Clerk:
    def __init__(self, scheme: Scheme, chance: Random) -> None:
        self.scheme = scheme
        self.chance = chance
        # Now and then all amounts of a run are near an end; else a run of small amounts would be rare.
        self.size = chance.choice(("small", "small", "usual", "usual", "usual", "large", "ends"))
        self.blank = chance.choice((0.0, 0.0, 0.05, 0.3))
        self.county = chance.random() < 0.85

    def data(self) -> Data:
        """All tables: years of units, members under them, rows within the years."""
        chance, tables = self.chance, {}
        first = chance.choice((2024, 2025, 2026))
        years = [str(first + n) for n in range(chance.choice((1, 1, 1, 2, 3)))]
        insurances = list(INSURANCES) if self.scheme.separate else [""]
        units: dict[str, list[tuple[str, str, str]]] = {}
        for kind in ("单位", "机构"):
            if kind not in self.scheme.tables:
                continue
            names = chance.sample(NAMES[kind], min(chance.choice((1, 2, 2, 3, 4)), len(NAMES[kind])))
            units[kind] = [(n, y, i) for y in years for n in names for i in insurances if chance.random() < 0.9]
            tables[kind] = tuple(self._row(kind, {"名称": n, **_heads(y, i)}) for n, y, i in units[kind])
        if self.county:
            tables["县"] = tuple(self._row("县", {"名称": "某县", **_heads(y, i)}) for y in years for i in insurances)
        for kind in ("台账", "季表", "单据", MEMBER):
            if kind in self.scheme.tables and chance.random() < 0.85:
                parents = [(p, *u) for p in self.scheme.tables[kind].parents for u in units.get(p, ())]
                tables[kind] = tuple(row for unit in parents for row in self._under(kind, *unit))
        tables = {name: rows for name, rows in tables.items() if rows or chance.random() < 0.5}
        return Data(self._assumed(), chance.random() < 0.5, tables)

    def _under(self, kind: str, parent: str, unit: str, year: str, insurance: str) -> list[Row]:
        chance = self.chance
        heads = {"单位": unit, "险种": insurance} if insurance else {"单位": unit}
        match kind:
            case "台账":
                months = sorted(chance.sample(range(1, 13), chance.choice((0, 1, 3, 12))))
                return [self._row(kind, {**heads, "月份": f"{year}-{m:02d}"}) for m in months]
            case "季表":
                quarters = sorted(chance.sample(range(1, 5), chance.choice((0, 2, 4))))
                return [self._row(kind, {**heads, "季度": f"{year}-Q{q}"}) for q in quarters]
            case "单据":
                return [self._row(kind, {**heads, "年度": year}) for _ in range(chance.choice((0, 1, 3, 6)))]
            case _:
                own = {f"所属{parent}": unit, "年度": year} | ({"险种": insurance} if insurance else {})
                return [self._row(kind, {"名称": f"{unit}{n}", **own}) for n in range(chance.choice((0, 1, 2, 3)))]

    def _row(self, kind: str, heads: Row) -> Row:
        row = dict(heads)
        for (table, name), datum in self.scheme.inputs.items():
            if table == kind and self.chance.random() >= self.blank:
                row[name] = self._value(datum)
        return row

    def _assumed(self) -> Row:
        found = {}
        for parameter in self.scheme.parameters.values():
            stated = parameter.state == "stated"
            if parameter.state != "not_applicable" and self.chance.random() < (0.05 if stated else 0.35):
                found[parameter.name] = self._within(parameter.kind, parameter.range.low, parameter.range.high)
        return found

    def _within(self, kind: k.Kind, low: object, high: object) -> str:
        if high is None and low in {0, None}:
            return self._number(kind)
        return {k.Base.RATIO: "20%", k.Base.MONEY: "1.01元"}.get(kind.base, "2")

    def _value(self, datum: Input) -> str:
        chance = self.chance
        match datum.kind.base:
            case k.Base.YES_NO:
                return chance.choice(("是", "否"))
            case k.Base.CHOICE:
                return chance.choice(datum.kind.options)
            case k.Base.TEXT:
                return chance.choice(TEXTS)
            case k.Base.DATE:
                return chance.choice(DAYS)
            case k.Base.SCORE if datum.step is not None:
                return str(chance.choice((0, 60, 69, 70, 84, 85, 86, 100)))
            case _:
                return self._number(datum.kind)

    def _number(self, kind: k.Kind) -> str:
        chance = self.chance
        match kind.base:
            case k.Base.MONEY:
                return yuan(self._fen())
            case k.Base.SIGNED:
                return yuan(chance.choice((-1, 1)) * self._fen())
            case k.Base.RATIO:
                return chance.choice(("0%", "100%", "50%", "33.33%", "12.5%", "0.01%", "7%", "66.6667%", "1/3"))
            case k.Base.HEADS:
                return str(chance.choice((0, 1, 3, 7, 1000, 123457)))
            case k.Base.SCORE:
                return chance.choice(("0", "60", "69.99", "70", "84.5", "85", "100", "33.3"))
            case _:
                return chance.choice(("0", "1", "2", "3", "7", "0.5", "1.25"))

    def _fen(self) -> int:
        chance = self.chance
        match self.size:
            case "small":
                return chance.choice((0, 0, 1, 2, 3, 5, 10, 15, 50, 99, 100, 101, 12345))
            case "large":
                return chance.choice((10**13, 10**13 + 1, 10**14 - 1, chance.randrange(10**14)))
            case "ends":
                return chance.choice((0, 1, 2**53 - 1, 2**53, 2**53 + 1, 10**15, 10**15 - 1, 5 * 10**14 + 5))
            case _:
                return chance.choice((0, 100, 10**6, 10**8, chance.randrange(10**9), chance.randrange(10**11)))


def yuan(fen: int) -> str:
    """An amount as data write it."""
    return f"{'-' if fen < 0 else ''}{abs(fen) // 100}.{abs(fen) % 100:02d}"


def _heads(year: str, insurance: str) -> Row:
    return {"年度": year, "险种": insurance} if insurance else {"年度": year}


Tables = Mapping[str, Sequence[Row]]
