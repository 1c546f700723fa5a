"""What holds whatever the data: nothing is made or lost, no order matters, nothing stated is ever taken back."""

import importlib
import json
import os
import sys
from collections.abc import Iterable, Iterator, Mapping
from fractions import Fraction
from functools import cache
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

import pytest
from hypothesis import HealthCheck, assume, given, reject, settings
from hypothesis import strategies as st

from engine.api import Policy, bind_data, open_policy, settle
from engine.doors.json_form import settlement_json
from engine.load.binding import words_of
from engine.load.policy import policies_folder
from engine.load.tables import Cell
from engine.load.values import header_unit
from engine.load.yaml_data import data_in
from engine.load.yaml_text import Mapping as Entries
from engine.load.yaml_text import Node, Scalar, Sequence
from engine.nouns import kinds as k
from grammar.diagnostic import FindingsError, Place

sys.path.insert(0, str(Path(__file__).parent / "oracle"))

SCHEMES = ("gaotai", "yunxian", "guangdong", "jilin")
EXAMPLES = int(os.environ.get("XIANCE_EXAMPLES", "40"))
PLACE = Place("case.yaml", 1, 1)
UNITS = ("医共体", "非医共体机构")

Rows = list[dict[str, str]]
Figure = dict[str, Any]
Key = tuple[str, str, str | None, str, str]
"""Kind, unit, insurance type, period and id of a figure."""

bounded = settings(
    max_examples=EXAMPLES,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large],
)


class Drawn(NamedTuple):
    """A valid case of a scheme in plain words, and chance for what a test does with it."""

    scheme: str
    case: dict[str, Any]
    rng: Random


@cache
def policy_of(scheme: str) -> Policy:
    return open_policy(scheme)


def drawn(*schemes: str) -> st.SearchStrategy[Drawn]:
    """The cases that the reference calculators are compared on."""

    def case(scheme: str, seed: int) -> Drawn:
        raw = importlib.import_module("generate").random_case(scheme, seed)
        return Drawn(scheme, in_plain_words(scheme, raw), Random(seed))  # noqa: S311 - a test wants the same chance again

    return st.builds(case, st.sampled_from(schemes or SCHEMES), st.integers(0, 10**7))


def in_plain_words(scheme: str, case: Mapping[str, Any]) -> dict[str, Any]:
    """The case with Chinese names for ids, units beside the values and no empty cell."""
    known = policy_of(scheme).scheme()
    words = words_of(known) | {"scheme": "方案", "year": "年度", "insurance": "险种", "assumptions": "假设"}
    plain: dict[str, Any] = {}
    for key, value in case.items():
        name = words.get(key, key)
        if isinstance(value, list):
            ids = {known.labels.id(n, t): n for t, n in known.inputs if t == name}
            plain[name] = [_row(row, words | _KEYS | ids) for row in value]
        elif isinstance(value, dict):
            plain[name] = {words.get(of, of): given for of, given in value.items()}
        else:
            plain[name] = value
    return plain


_KEYS = {"name": "名称", "unit": "单位", "month": "月份", "rank": "序号"}


def _row(row: Mapping[str, str], words: Mapping[str, str]) -> dict[str, str]:
    cells = {}
    for header, text in row.items():
        name, unit = header_unit(header)
        if str(text).strip():
            cells[words.get(name, name)] = f"{text}{unit or ''}"
    return cells


def tree(value: object) -> Node:
    if isinstance(value, Mapping):
        return Entries({str(key): tree(of) for key, of in value.items()}, {str(key): PLACE for key in value}, PLACE)
    if isinstance(value, list):
        return Sequence(tuple(map(tree, value)), PLACE)
    return Scalar(str(value), PLACE)


def settled(
    scheme: str | Policy, case: Mapping[str, Any], given_values: Mapping[str, str] | None = None
) -> dict[str, Any]:
    """The JSON of a settled case."""
    policy = policy_of(scheme) if isinstance(scheme, str) else scheme
    cells = {name: Cell(text, PLACE) for name, text in (given_values or {}).items()}
    dataset = bind_data(policy, data_in(tree(case), "case.yaml"), (), cells)
    return settlement_json(settle(policy, dataset), "zh")


def figures(told: Mapping[str, Any]) -> dict[Key, Figure]:
    return {(f["kind"], f["unit"], f["insurance"], f["period"], f["id"]): f for f in told["figures"]}


def amounts(found: Mapping[Key, Figure]) -> dict[tuple[str, str, str | None, str], dict[str, Fraction]]:
    """The known amounts of every row."""
    rows: dict[tuple[str, str, str | None, str], dict[str, Fraction]] = {}
    for (*row, name), figure in found.items():
        if figure["value_unit"] == "元" and figure["value"] is not None:
            rows.setdefault(tuple(row), {})[name] = Fraction(figure["value"])  # type: ignore[arg-type]
    return rows


# ---- nothing is made or lost

WHOLES = {
    "surplus": ("retained", "carried", "agency_retained"),
    "overspend": ("fund_share", "provider_share"),
    "deposit_withheld": ("deposit_returned", "deposit_forfeited"),
    "reserve": ("reserve_share", "reserve_unused"),
}


@bounded
@given(drawn())
def test_parts_of_a_whole_add_up_to_it(drawn: Drawn) -> None:
    found = figures(settled(drawn.scheme, drawn.case))
    for row, known in amounts(found).items():
        assert min(known.get("surplus", 0), known.get("overspend", 0)) == 0, row
        for whole, names in WHOLES.items():
            listed = [name for name in names if (*row, name) in found]
            if whole in known and listed and all(name in known for name in listed):
                assert sum(known[name] for name in listed) == known[whole], (row, whole)


@bounded
@given(drawn())
def test_what_is_allocated_is_received_to_the_fen(drawn: Drawn) -> None:
    rows = amounts(figures(settled(drawn.scheme, drawn.case)))
    for (kind, unit, insurance, period), known in rows.items():
        of_year = [(key, row) for key, row in rows.items() if key[2] == insurance and key[3][:4] == period]
        for whole, part in ALLOCATED:
            parts = [row[part] for key, row in of_year if part in row and (kind == "县" or key[1] == unit)]
            if whole in known and parts:
                assert sum(parts) == known[whole], (kind, unit, period, whole)


ALLOCATED = (
    ("monthly_payable_total", "monthly_payment"),
    ("pool_surplus", "pool_surplus_share"),
    ("pool_overspend", "pool_overspend_share"),
    ("allocable_total", "computed_budget"),
)


@bounded
@given(drawn())
def test_no_part_is_above_its_cap_and_no_amount_without_a_sign_is_negative(drawn: Drawn) -> None:
    for row, known in amounts(figures(settled(drawn.scheme, drawn.case))).items():
        for name, caps in CAPS.items():
            for cap in caps:
                if name in known and cap in known:
                    assert known[name] <= known[cap], (row, name, cap)
        for name in (*CAPS, "surplus", "overspend", "entitlement"):
            assert known.get(name, 0) >= 0, (row, name)


CAPS = {
    "retained": ("surplus", "retention_cap"),
    "carried": ("surplus",),
    "fund_share": ("overspend",),
    "reserve_share": ("reserve", "overspend"),
    "deposit_returned": ("deposit_withheld",),
}

FEN = st.integers(0, 10**12)
PERCENT = st.integers(0, 10_000).map(lambda hundredths: f"{hundredths / 100}%")


@bounded
@given(FEN, FEN, FEN, st.none() | PERCENT, st.none() | PERCENT)
def test_who_clears_more_never_retains_more(
    budget: int, cleared: int, more: int, factor: str | None, share: str | None
) -> None:
    kept = []
    for fen in (cleared, cleared + more):
        row = {"名称": "甲", "险种": "居民", "年度": "2026", "年度总额预算": yuan(budget), "年度清算总额": yuan(fen)}
        row |= {"考核系数": factor} if factor else {}
        case = {
            "医共体": [row],
            "非医共体机构": [{**row, "名称": "乙"}],
            "假设": {"超支分担比例": share} if share else {},
        }
        kept.append([f["value"] for key, f in figures(settled("gaotai", case)).items() if key[4] == "retained"])
    assert all(Fraction(after) <= Fraction(before) for before, after in zip(*kept, strict=True))


@bounded
@given(drawn(), FEN)
def test_in_any_scheme_who_clears_more_never_retains_more(drawn: Drawn, more: int) -> None:
    rows = [
        (kind, row)
        for kind in UNITS
        for row in drawn.case.get(kind, [])
        if row.get("年度清算总额", "").replace(".", "").isdigit()
    ]
    assume(rows)
    kind, row = drawn.rng.choice(rows)
    before = figures(settled(drawn.scheme, drawn.case))
    row["年度清算总额"] = yuan(int(Fraction(row["年度清算总额"]) * 100) + more)
    after = figures(_or_reject(drawn.scheme, drawn.case))
    for key, figure in before.items():
        same_row = key[:2] == (kind, row["名称"]) and key[3] == row.get("年度", drawn.case.get("年度"))
        if key[4] in {"retained", "carried"} and same_row and figure["value"] is not None and after[key]["value"]:
            assert Fraction(after[key]["value"]) <= Fraction(figure["value"]), key


def yuan(fen: int) -> str:
    return f"{fen // 100}.{fen % 100:02d}"


@bounded
@given(drawn("gaotai"))
def test_rows_of_one_insurance_type_do_not_touch_the_other(drawn: Drawn) -> None:
    alone = {
        kind: [row for row in rows if row.get("险种", drawn.case.get("险种", "居民")) == "居民"]
        for kind, rows in drawn.case.items()
        if isinstance(rows, list)
    }
    assume(any(alone.get(kind) for kind in UNITS))
    both = figures(settled("gaotai", drawn.case))
    one = figures(settled("gaotai", drawn.case | alone))
    years = {key[3] for key in one}
    assert {key: figure for key, figure in both.items() if key[2] == "居民" and key[3] in years} == one


# ---- no order matters


@bounded
@given(drawn())
def test_no_order_of_tables_rows_or_keys_changes_a_byte(drawn: Drawn) -> None:
    before, after = (settled(drawn.scheme, case) for case in (drawn.case, shuffled(drawn.case, drawn.rng)))
    for told in (before, after):
        told["receipt"] = {**told["receipt"], "data": ""}
        # Where a warning points to, and so its place among others, is the one thing that follows the file.
        told["warnings"] = sorted(warning["message"] for warning in told["warnings"])
    assert json.dumps(before, ensure_ascii=False) == json.dumps(after, ensure_ascii=False)


def shuffled(case: Mapping[str, Any], rng: Random) -> dict[str, Any]:
    mixed: dict[str, Any] = {}
    for name in rng.sample(list(case), len(case)):
        part = case[name]
        if isinstance(part, dict):
            part = dict(rng.sample(list(part.items()), len(part)))
        elif isinstance(part, list):
            part = [dict(rng.sample(list(row.items()), len(row))) for row in rng.sample(part, len(part))]
        mixed[name] = part
    return mixed


@pytest.mark.parametrize("scheme", SCHEMES)
def test_no_order_of_statements_or_blocks_in_a_stage_changes_a_figure(scheme: str, tmp_path: Path) -> None:
    generate = importlib.import_module("generate")
    text = (policies_folder() / scheme / "rules.policy").read_text(encoding="utf-8")
    for number in range(4):
        folder = tmp_path / str(number) / scheme
        folder.mkdir(parents=True)
        (folder / "rules.policy").write_text(stirred(text, Random(number)), encoding="utf-8")  # noqa: S311
        policy = open_policy(folder)
        for seed in range(number * 8, number * 8 + 8):
            case = generate.random_case(scheme, seed)
            before, after = (figures(settled(of, case)) for of in (scheme, policy))
            for figure in (*before.values(), *after.values()):
                figure["citations"] = sorted(figure["citations"])
            assert before == after, f"seed {seed}"


def stirred(text: str, rng: Random) -> str:
    """A rule file with the blocks of each stage and the statements of each block in another order."""
    lines = [line for line in text.split("\n") if line.strip() and not line.lstrip().startswith("#")]
    return "\n".join(_stirred(lines, 0, rng)) + "\n"


def _stirred(lines: list[str], indent: int, rng: Random) -> Iterator[str]:
    groups: list[list[str]] = []
    for line in lines:
        if len(line) - len(line.lstrip()) <= indent or not groups:
            groups.append([])
        groups[-1].append(line)
    if indent:
        rng.shuffle(groups)
    for head, *body in groups:
        yield head
        inside = head.startswith("环节") or head.lstrip().startswith("对 ")
        yield from _stirred(body, indent + 2, rng) if inside else body


# ---- nothing stated is taken back


def changed(before: Mapping[Key, Figure], after: Mapping[Key, Figure]) -> list[str]:
    """The stated figures that another run has otherwise; what is given as data is listed no more."""
    return [
        f"{key}: {figure['value']} became {after[key]['value']} {after[key]['state']}"
        for key, figure in before.items()
        if figure["state"] == "stated" and key in after and _answer(figure) != _answer(after[key])
    ]


def _answer(figure: Figure) -> tuple[object, object]:
    return figure["value"], figure["state"]


@bounded
@given(drawn())
def test_another_value_for_an_assumption_changes_no_stated_figure(drawn: Drawn) -> None:
    assume(drawn.case.get("假设"))
    before = figures(settled(drawn.scheme, drawn.case))
    others = {name: f"{drawn.rng.randint(0, 4000) / 100}%" for name in drawn.case["假设"]}
    after = figures(_or_reject(drawn.scheme, drawn.case | {"假设": others}))
    assert changed(before, after) == []
    assert {key for key, figure in before.items() if figure["state"] == "stated"} <= after.keys()


@bounded
@given(drawn())
def test_a_figure_is_stated_just_where_it_needs_no_assumption(drawn: Drawn) -> None:
    # A score factor that nobody gives is left out, so a figure without it is another figure.
    given_rates = {name: rate for name, rate in drawn.case.get("假设", {}).items() if name != "考核系数"}
    assume(given_rates)
    with_them = figures(settled(drawn.scheme, drawn.case | {"假设": given_rates}))
    without = figures(settled(drawn.scheme, drawn.case | {"假设": {}}))
    stated, alone = ({key for key, f in found.items() if f["state"] == "stated"} for found in (with_them, without))
    assert stated == alone
    assert changed(without, with_them) == []


@bounded
@given(drawn())
def test_filling_in_what_is_open_changes_no_stated_figure(drawn: Drawn) -> None:
    before, after, _ = filled(drawn)
    assert changed(before, after) == []


@bounded
@given(drawn())
def test_an_open_figure_is_known_once_all_it_names_is_given(drawn: Drawn) -> None:
    _, after, key = filled(drawn)
    # Given as data it is no figure any more, and by what was given it may turn out that there is none.
    assert key not in after or after[key]["state"] != "open", after[key]["missing"]


@bounded
@given(drawn())
def test_a_range_holds_what_its_figure_comes_to(drawn: Drawn) -> None:
    before, after, _ = filled(drawn)
    for key, figure in before.items():
        known = after.get(key, {}).get("value")
        if "range" in figure and isinstance(known, str):
            low, high = figure["range"]
            assert low is None or Fraction(low) <= Fraction(known), (key, figure["range"], known)
            assert high is None or Fraction(known) <= Fraction(high), (key, figure["range"], known)


def filled(drawn: Drawn) -> tuple[dict[Key, Figure], dict[Key, Figure], Key]:
    """A case settled as it is, and once more with all that one of its open figures waits for; the key of that one."""
    before = figures(settled(drawn.scheme, drawn.case))
    waiting = [key for key, figure in before.items() if figure["state"] == "open"]
    assume(waiting)
    key = drawn.rng.choice(waiting)
    # Growth over nothing stays open whatever is given.
    assume(not any("分母为零" in name for name in before[key]["missing"]))
    filling = Filling(drawn, before)
    for name in before[key]["missing"]:
        filling.give(name)
    return before, figures(_or_reject(drawn.scheme, filling.case, filling.values)), key


def _or_reject(scheme: str, case: Mapping[str, Any], values: Mapping[str, str] | None = None) -> dict[str, Any]:
    """What a changed case settles to; chance may have made it impossible, such as a special part above an overspend."""
    try:
        return settled(scheme, case, values)
    except FindingsError:
        reject()


class Filling:
    """A case in which things that are missing are given: values of parameters, cells, whole tables."""

    def __init__(self, drawn: Drawn, before: Mapping[Key, Figure]) -> None:
        self.known = policy_of(drawn.scheme).scheme()
        self.case: dict[str, Any] = json.loads(json.dumps(drawn.case))
        self.values: dict[str, str] = {}
        self.rng = drawn.rng
        self.before = before
        self.implied = "居民" if drawn.scheme == "yunxian" else None

    def give(self, name: str) -> None:
        """Give a value for a parameter, cells for a datum, rows for a table."""
        if name in self.known.parameters:
            self.values[name] = f"{self.rng.randint(0, 4000) / 100}%"
        elif name in self.known.tables:
            self.case.setdefault(name, []).extend(self._new_rows(name))
        else:
            self._give_cells(name)

    def _new_rows(self, table: str) -> Iterable[dict[str, str]]:
        for row in self._rows(*UNITS):
            heads = self._heads(row)
            match table:
                case "月度":
                    year = heads.pop("年度")
                    for month in ("01", "07"):
                        yield {"单位": row["名称"], "月份": f"{year}-{month}"} | heads | self._values(table)
                case "历史基金使用":
                    yield from self._history(row, heads)
                case "资金池":
                    if heads not in map(self._heads, self._rows(table)):
                        # More than there is to allocate would be no valid case.
                        yield {"名称": "新池"} | heads | {"年度总额预算": "0.01", "年度清算总额": self._value(k.MONEY)}
                case "成员单位":
                    if row in self.case.get("医共体", []):
                        member = {"名称": f"{row['名称']}牵头医院", "所属医共体": row["名称"], "是否牵头": "是"}
                        yield member | heads | {"考核得分": "90"}
                case _:
                    yield {"单位": row["名称"]} | heads | self._values(table)

    def _history(self, row: Mapping[str, str], heads: Mapping[str, str]) -> Iterator[dict[str, str]]:
        told = [(r["单位"], r["年度"], self._heads(r).get("险种")) for r in self._rows("历史基金使用")]
        for year in range(int(heads["年度"]) - 3, int(heads["年度"])):
            if (row["名称"], str(year), heads.get("险种")) not in told:
                yield {"单位": row["名称"], **heads, "年度": str(year), "历年基金使用额": self._value(k.MONEY)}

    def _give_cells(self, name: str) -> None:
        tables = [table for table, datum in self.known.inputs if datum == name]
        pools = [row for row in self._rows("资金池") if name not in row and self._waits("资金池", row, name)]
        if pools and name == "年度总额预算":
            # What the units wait for under this name is the pools'.
            tables = ["资金池"]
        for table in tables:
            if table == "县":
                self._add_counties()
            for row in self._rows(table):
                if name not in row and self._waits(table, row, name):
                    row[name] = self._value(self.known.inputs[table, name].kind)

    def _waits(self, table: str, row: Mapping[str, str], name: str) -> bool:
        """Whether a row has a use for a cell: what it computes and what its year before brings it is not filled in."""
        if (table, name) in self.known.figures:
            heads = self._heads(row)
            place = (table, row["名称"], heads.get("险种") or self.implied, heads["年度"])
            figure = self.before.get((*place, self.known.labels.id(name, table)))
            return figure is None or figure["state"] == "open"
        if name in _STARTS:
            return bool(_STARTS & row.keys())
        if name in _OPENINGS:
            year = str(int(self._heads(row)["年度"]) - 1)
            closed = _OPENINGS[name]
            refused = self.before.get((table, row["名称"], self.implied, year, "admitted"), {}).get("value") is False
            earlier = [r for r in self._rows(table) if (r["名称"], self._heads(r)["年度"]) == (row["名称"], year)]
            brings = any(not refused if closed is None else closed in r for r in earlier)
            return not (_STARTS & row.keys()) and not brings
        return True

    def _add_counties(self) -> None:
        rows = self._rows("县")
        name = rows[0].get("名称") if rows else None
        for row in self._rows(*UNITS):
            if self._heads(row) not in map(self._heads, self._rows("县")):
                named = {"名称": name} if name else {}
                self.case.setdefault("县", []).append(named | self._heads(row))

    def _rows(self, *tables: str) -> Rows:
        return [row for table in tables for row in self.case.get(table, [])]

    def _heads(self, row: Mapping[str, str]) -> dict[str, str]:
        return {key: str(text) for key in ("年度", "险种") if (text := row.get(key) or self.case.get(key))}

    def _values(self, table: str) -> dict[str, str]:
        return {name: self._value(datum.kind) for (t, name), datum in self.known.inputs.items() if t == table}

    def _value(self, kind: k.Kind) -> str:
        match kind.base:
            case k.Base.MONEY | k.Base.SIGNED:
                return yuan(self.rng.randint(0, 10**11))
            case k.Base.RATIO | k.Base.POINTS:
                return f"{self.rng.randint(0, 4000) / 100}%"
            case k.Base.YES_NO:
                return "是"
            case k.Base.CHOICE:
                return self.rng.choice(kind.options)
            case k.Base.TEXT:
                return "基本医保"
            case _:
                return str(self.rng.randint(1, 12))


_STARTS = {"前一年统筹基金支付", "前二年统筹基金支付", "前三年统筹基金支付"}
# What an opening datum stands in for in the year before; None: that year's own row is enough.
_OPENINGS = {"上年付费总额": None, "期初结转": None, "上年异地占比": "本年异地占比"}
