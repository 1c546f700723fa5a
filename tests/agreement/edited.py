"""Data of the shipped schemes as nobody hands them in: samples and worked cases with random edits, settled by two roads."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from fractions import Fraction
from functools import cache
from pathlib import Path
from random import Random

from roads import Road, Told, interpreted, told
from tables import yuan
from worked import SCHEMES, policy_of

from engine.api import bind_data
from engine.load.tables import RawData
from engine.load.yaml_data import read_yaml
from engine.nouns import kinds as k
from engine.nouns.core import Input, Scheme
from engine.nouns.dataset import Assumption
from engine.nouns.kinds import Base
from engine.trial.run import cases_of
from grammar.diagnostic import FindingsError
from grammar.frozen import dataclass

Row = dict[str, str]
_ROOT = Path(__file__).resolve().parents[2]
_HEADS = frozenset({"名称", "单位", "年度", "险种", "月份", "季度", "半年", "编号", "序号"})
_FEN = (0, 1, 2, 3, 5, 99, 10**4 - 1, 10**4, 10**6 + 5, 10**9, 10**11, 10**15, 10**15 - 1, 2**53, 2**53 + 1)
_RATIOS = ("0%", "0.01%", "1/3", "12.5%", "33.33%", "50%", "66.6667%", "99.99%", "100%", "100.01%", "101%", "-1%")
_DAYS = ("2025-12-31", "2026-01-01", "2026-02-28", "2026-03-01", "2026-03-10", "2026-03-11", "2024-02-29", "2027-01-01")
_PLACES = (
    "基本医保",
    "大病保险",
    "医疗救助",
    "政府兜底",
    "县内",
    "县外",
    "省外",
    "普通门诊",
    "住院",
    "x",
    "'",
    "甲；乙",
)


@dataclass(slots=True)
class Sheet:
    """A dataset as text: what is said of it all, its assumptions, its tables."""

    heads: Row
    assumed: Row
    tables: dict[str, list[Row]]

    def text(self) -> str:
        """The data in YAML."""
        lines = [f"{key}: {value}" for key, value in self.heads.items()]
        lines += [f"假设: {_flow(self.assumed)}"] if self.assumed else []
        for name, rows in self.tables.items():
            lines += [f"{name}:" if rows else f"{name}: []", *(f"  - {_flow(row)}" for row in rows)]
        return "\n".join(lines) + "\n"


def _flow(row: Mapping[str, str]) -> str:
    return "{" + ", ".join(f"{key}: {_cell(value)}" for key, value in row.items()) + "}"


def _cell(value: str) -> str:
    return f"'{value.replace(chr(39), chr(39) * 2)}'" if set(value) & set("'\"{}[],:#&*!|>%@`") else value


@cache
def _sheets(scheme: str) -> tuple[RawData, ...]:
    """The data that edits begin with: the sample, the public cases, the worked cases."""
    paths = sorted((_ROOT / "policies" / scheme).glob("sample*.yaml"))
    paths += sorted((_ROOT / "tests" / "conformance").glob(f"{scheme}-*.yaml"))
    read = [read_yaml(path.read_text(encoding="utf-8"), path.name) for path in paths]
    found = (*read, *(case.data for case in cases_of(policy_of(scheme))))
    return tuple(data for data in found if any("名称" in row.cells for table in data.tables for row in table.rows))


def _sheet(data: RawData) -> Sheet:
    tables = {t.name: [{key: cell.text for key, cell in row.cells.items()} for row in t.rows] for t in data.tables}
    heads = {name: cell.text for name, cell in data.heads.items()}
    return Sheet(heads, {name: cell.text for name, cell in data.assumptions.items()}, tables)


def edited(scheme_name: str, seed: int) -> tuple[Sheet, str | None]:
    """Edited data of a scheme, and the scenario chosen."""
    chance = Random(f"edited {scheme_name} {seed}")  # noqa: S311 - the same chance again
    texts = _sheets(scheme_name)
    scheme = policy_of(scheme_name).scheme()
    sheet = _sheet(chance.choice(texts[:8] if chance.random() < 0.4 else texts))
    hand = _Hand(scheme, sheet, chance)
    for number in range(chance.choice((0, 1, 3, 6))):
        hand.join(_sheet(chance.choice(texts)), f"#{number}")
    if chance.random() < 0.5:
        # With every unit of its own name one refused cell in a hundred would refuse nearly all data.
        hand.fill()
    for _ in range(chance.choice((1, 2, 4, 8, 20, 40))):
        hand.edit()
    if not hand.wild:
        hand.once()
    names = [*scheme.scenarios]
    return sheet, chance.choice(names) if names and chance.random() < 0.3 else None


class _Hand:
    """Who edits, by chance."""

    def __init__(self, scheme: Scheme, sheet: Sheet, chance: Random) -> None:
        self.scheme = scheme
        self.sheet = sheet
        self.chance = chance
        # Most data must be right, else little is settled.
        self.wild = chance.random() < 0.06

    def edit(self) -> None:
        """One edit."""
        ways: list[tuple[int, Callable[[], None]]] = [
            (30, self._cell),
            (12, self._drop),
            (6, self._blank_column),
            (6, self._tie),
            (5, self._assume),
            (2, self._no_row),
            (2, self._copy),
            (1, self._no_table),
            (2, self._year),
            (1, self._insurance),
            (2, self._slips),
        ]
        self.chance.choices([way for _, way in ways], [weight for weight, _ in ways])[0]()

    def join(self, other: Sheet, mark: str) -> None:
        """The rows of other data as well, their units under names of their own."""
        names = {row["名称"] for rows in other.tables.values() for row in rows if "名称" in row}
        for kind, rows in other.tables.items():
            if kind not in self.scheme.tables or kind == "县":
                continue
            for row in rows:
                new = {key: value + mark if value in names else value for key, value in row.items()}
                for head in ("年度", "险种"):
                    if head in other.heads and head not in new and "月份" not in new and "季度" not in new:
                        new[head] = other.heads[head]
                self.sheet.tables.setdefault(kind, []).append(new)

    def fill(self) -> None:
        """Values in many cells that no case has."""
        for kind, row in list(self._rows()):
            for datum in self._data(kind):
                if datum.name not in row and self.chance.random() < 0.15:
                    row[datum.name] = self._value(datum)

    def once(self) -> None:
        """Every unit once in a year or month, none negative, none of nobody: what binding refuses shows nothing of a road."""
        units = {row.get("名称") for _, row in self._rows()}
        for kind, rows in self.sheet.tables.items():
            if self.scheme.tables[kind].grain == "row" if kind in self.scheme.tables else True:
                rows[:] = [row for row in rows if row.get("单位") in units]
                continue
            heads = [[(key, row.get(key, self.sheet.heads.get(key))) for key in sorted(_HEADS)] for row in rows]
            rows[:] = [
                row
                for place, row in enumerate(rows)
                if heads[place] not in heads[:place] and ("单位" not in row or row["单位"] in units)
            ]

    # ---- edits

    def _cell(self) -> None:
        picked = self._any()
        if picked is not None:
            kind, row = picked
            data = self._data(kind)
            if data:
                datum = self.chance.choice(data)
                row[datum.name] = self._value(datum)

    def _drop(self) -> None:
        picked = self._any()
        if picked is not None:
            keys = [key for key in picked[1] if key not in _HEADS and not key.startswith("所属")]
            if self.wild:
                keys = list(picked[1])
            if keys:
                del picked[1][self.chance.choice(keys)]

    def _blank_column(self) -> None:
        picked = self._any()
        if picked is not None:
            kind, row = picked
            keys = [key for key in row if key not in _HEADS and not key.startswith("所属")]
            if keys:
                key = self.chance.choice(keys)
                for each in self.sheet.tables[kind]:
                    each.pop(key, None)

    def _tie(self) -> None:
        """Two cells of money equal, or a fen apart, or one a share of the other."""
        picked = self._any()
        if picked is None:
            return
        kind, row = picked
        money = [d.name for d in self._data(kind) if d.kind.is_money and d.kind.per is None]
        given = [name for name in money if name in row]
        if given:
            fen = _fen(row[self.chance.choice(given)])
            if fen is not None:
                share = self.chance.choice((100, 100, 100, 110, 105, 90, 70, 65, 3, 1))
                row[self.chance.choice(money)] = yuan(fen * share // 100 + self.chance.choice((-1, 0, 0, 1)))

    def _assume(self) -> None:
        name = self.chance.choice([*self.scheme.parameters]) if self.scheme.parameters else ""
        if name in self.sheet.assumed and self.chance.random() < 0.6:
            del self.sheet.assumed[name]
        elif name:
            parameter = self.scheme.parameters[name]
            if parameter.state == "stated" and not self.wild and self.chance.random() < 0.7:
                return
            self.sheet.assumed[name] = self._number(parameter.kind, parameter.range.low, parameter.range.high)

    def _no_row(self) -> None:
        picked = self._any()
        if picked is not None:
            self.sheet.tables[picked[0]].remove(picked[1])

    def _copy(self) -> None:
        """A row once more: of another name, another month, or just once more."""
        picked = self._any()
        if picked is None:
            return
        kind, row = picked
        new = dict(row)
        if "名称" in new and not self.wild:
            new["名称"] = f"{new['名称']}又{self.chance.randrange(100)}"
        if "月份" in new:
            new["月份"] = f"{new['月份'][:4]}-{self.chance.randint(1, 12):02d}"
        if "季度" in new:
            new["季度"] = f"{new['季度'][:4]}-Q{self.chance.randint(1, 4)}"
        self.sheet.tables[kind].append(new)

    def _no_table(self) -> None:
        if self.sheet.tables:
            name = self.chance.choice([*self.sheet.tables])
            if self.chance.random() < 0.3:
                self.sheet.tables[name] = []
            else:
                del self.sheet.tables[name]

    def _year(self) -> None:
        """All of a year as well, or instead, in another."""
        years = {row["年度"] for _, row in self._rows() if "年度" in row}
        if "年度" in self.sheet.heads:
            years.add(self.sheet.heads["年度"])
        if not years or not all(year.isdigit() for year in years):
            return
        old = self.chance.choice(sorted(years))
        new = str(int(old) + self.chance.choice((-1, 1, 1, 2)))
        instead = self.chance.random() < 0.4
        if instead and self.sheet.heads.get("年度") == old:
            self.sheet.heads["年度"] = new
        for rows in self.sheet.tables.values():
            for row in list(rows):
                year = row.get("年度", self.sheet.heads.get("年度"))
                if year != old and not any(str(row.get(p, "")).startswith(old) for p in ("月份", "季度", "半年")):
                    continue
                other = {
                    key: new + value[4:] if key in {"月份", "季度", "半年"} else value for key, value in row.items()
                }
                if not {"月份", "季度", "半年"} & other.keys():
                    other["年度"] = new
                if instead:
                    row.clear()
                    row.update(other)
                elif self.chance.random() < 0.9:
                    rows.append(other)

    def _insurance(self) -> None:
        """Rows of another insurance type as well."""
        for rows in self.sheet.tables.values():
            for row in list(rows):
                if "险种" in row and self.chance.random() < 0.5:
                    rows.append({**row, "险种": "居民" if row["险种"] == "职工" else "职工"})

    def _slips(self) -> None:
        """Single rows under units: claims, admissions."""
        kinds = [kind for kind, table in self.scheme.tables.items() if table.grain == "row"]
        units = [(kind, row) for kind, row in self._rows() if "名称" in row]
        if not kinds or not units:
            return
        kind = self.chance.choice(kinds)
        if self.scheme.tables[kind].merged_into is None and kind in self.scheme.links:
            kind = self.scheme.links[kind].source
        for _ in range(self.chance.choice((1, 3, 8))):
            _, unit = self.chance.choice(units)
            row = {"单位": unit["名称"]}
            for head in ("年度", "险种"):
                value = unit.get(head, self.sheet.heads.get(head))
                if value is not None:
                    row[head] = value
            for datum in self._data(kind):
                if self.chance.random() < 0.8:
                    row[datum.name] = self._value(datum)
            self.sheet.tables.setdefault(kind, []).append(row)

    # ---- picking

    def _rows(self) -> Iterator[tuple[str, Row]]:
        return ((kind, row) for kind, rows in self.sheet.tables.items() for row in rows)

    def _any(self) -> tuple[str, Row] | None:
        kinds = [kind for kind, rows in self.sheet.tables.items() if rows]
        if not kinds:
            return None
        kind = self.chance.choice(kinds)
        return kind, self.chance.choice(self.sheet.tables[kind])

    def _data(self, kind: str) -> Sequence[Input]:
        return [datum for (table, _), datum in self.scheme.inputs.items() if table == kind]

    def _value(self, datum: Input) -> str:
        match datum.kind.base:
            case Base.YES_NO:
                return self.chance.choice(("是", "否"))
            case Base.CHOICE:
                return self.chance.choice(datum.kind.options)
            case Base.TEXT:
                return self.chance.choice(_PLACES)
            case Base.DATE:
                return self.chance.choice(_DAYS)
            case _:
                return self._number(datum.kind, datum.range.low, datum.range.high, datum.step is not None)

    def _number(self, kind: k.Kind, low: object, high: object, whole: bool = False) -> str:
        chance = self.chance
        match kind.base:
            case Base.MONEY | Base.SIGNED:
                signs = (-1, 1) if kind.base is Base.SIGNED or self.wild else (1,)
                if low == 0 and not self.wild:
                    signs = (1,)
                fen = (
                    chance.choice(_FEN) if chance.random() < 0.6 else chance.randrange(10 ** chance.choice((5, 9, 12)))
                )
                return yuan(chance.choice(signs) * fen)
            case Base.RATIO:
                ratios: tuple[str, ...] = _RATIOS if self.wild else _RATIOS[:9]
                if low is not None and high is not None and not self.wild:
                    ratios = (*(r for r in ratios if low <= _ratio(r) <= high), str(low), str(high))  # type: ignore[operator]
                return chance.choice(ratios)
            case Base.HEADS:
                return str(chance.choice((0, 1, 3, 7, 1000, 123457)))
            case Base.SCORE:
                return chance.choice(
                    ("0", "60", "70", "85", "100") if whole else ("0", "59.99", "60", "84.5", "90", "100")
                )
            case _:
                ends = [str(x) for x in (low, high) if x is not None]
                return chance.choice(("0", "1", "2", "3", "7", *ends))


def _ratio(text: str) -> Fraction:
    return Fraction(text.removesuffix("%")) / (100 if text.endswith("%") else 1)


def _fen(text: str) -> int | None:
    scale = 1
    text = text.removesuffix("元")
    for unit, size in (("亿", 10**8), ("万", 10**4)):
        if text.endswith(unit):
            text, scale = text.removesuffix(unit), size
    try:
        whole, _, part = text.partition(".")
        return (int(whole or "0") * 10**4 + int((part + "0000")[:4])) * scale // 100
    except ValueError:
        return None


@dataclass(frozen=True, slots=True)
class Settled:
    """What both roads told of edited data; None for both where binding refuses them."""

    told: tuple[Told, Told] | None
    of: int = 0
    handed_back: int = 0


def settled(road: Road, scheme: str, sheet: Sheet, scenario: str | None) -> Settled:
    """Edited data by the interpreter and by another road."""
    policy = policy_of(scheme)
    chosen = policy.scheme().scenarios[scenario].values.items() if scenario is not None else ()
    try:
        dataset = bind_data(
            policy,
            read_yaml(sheet.text(), "data.yaml"),
            [Assumption(name, value, scenario or "") for name, value in chosen],
        )
    except FindingsError:
        return Settled(None)
    right, _ = told(interpreted, policy, dataset)
    found, left = told(road, policy, dataset)
    return Settled((right, found), left.of if left else 0, left.units if left else 0)


__all__ = ["SCHEMES", "Settled", "Sheet", "edited", "settled"]
