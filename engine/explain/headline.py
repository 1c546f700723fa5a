"""The first line of an explanation: what the figure is, said as its readers would say it."""

from fractions import Fraction

from engine.explain.telling import Telling
from engine.explain.templating import words
from engine.nouns import core as c
from engine.nouns import kinds as k
from engine.nouns.numbers import exact
from engine.nouns.operators import OPERATORS
from engine.nouns.pipeline import Derive
from engine.nouns.possible import is_point


def title(t: Telling) -> str:
    """Whose figure it is and for when: ``县医院 · 2026 年度 · 居民医保 · 结余留用``."""
    p, row = t.phrases, t.result.row
    insurance = (
        "" if row.insurance is None else p.pick(f"{row.insurance}医保", _INSURANCES.get(row.insurance, row.insurance))
    )
    parts = [row.unit, p.period(row.period), insurance, p.name(t.result.name)]
    return " · ".join(part for part in parts if part)


def headline(t: Telling) -> str:
    """The conclusion in one sentence."""
    p, result, row = t.phrases, t.result, t.result.row
    name = p.name(result.name)
    year = row.period.grain in {"year", "row"}
    when = p.pick("本年度" if year else f" {p.period(row.period)}", "" if year else f" in {p.period(row.period)}")
    if row.period.grain == "row":
        when = ""
    macros = words("headlines", t.language)
    if result.value.state == "open":
        return str(macros.open(row.unit, when, name)).strip()
    value = p.amount(result.value.now, result.kind)
    indicator = isinstance(result.step, Derive) and result.step.figure.sort == "indicator"
    macro = getattr(macros, result.id, None) if result.id in _OWN_HEADLINES and _has_all(t, result.id) else None
    if indicator:
        macro = macros.indicator
    if macro is None:
        macro = macros.answer if result.kind.base is k.Base.YES_NO else macros.figure
    return str(macro(row.unit, when, name, value, _facts(t))).strip()


def _has_all(t: Telling, identifier: str) -> bool:
    """Whether the amounts its headline speaks of are known."""
    needed = {"retained": ("结余",), "carried": ("结余",), "agency_retained": ("结余",), "fund_share": ("超支",),
              "provider_share": ("超支",)}.get(identifier, ())  # fmt: skip
    return all(n in t.result.row.columns and is_point(t.result.row.columns[n].now) for n in needed)


def _facts(t: Telling) -> dict[str, object]:
    p, result, columns = t.phrases, t.result, t.result.row.columns
    now = result.value.now
    facts: dict[str, object] = {
        "sign": sign_of(now), "size": "", "holds": now is True, "reached": result.reached, "target": "",
        "has_carried": "结余留转" in columns,
    }  # fmt: skip
    if isinstance(now, int | Fraction) and not isinstance(now, bool):
        facts["size"] = (
            p.amount(exact(abs(Fraction(now))), result.kind) if result.id in {"balance", "final_due"} else ""
        )
    for name, key in (("结余", "surplus"), ("超支", "overspend"), ("经办机构留用", "agency_retained")):
        value = columns.get(name)
        known = value is not None and is_point(value.now)
        said = known and value is not None and result.id in _OWN_HEADLINES
        facts[key] = p.amount(value.now, k.MONEY) if said and value is not None else ""
        facts[f"{key.removesuffix('_retained')}_sign"] = sign_of(value.now) if known and value is not None else "open"
    if isinstance(result.step, Derive) and result.step.figure.target is not None:
        condition = result.step.figure.target.condition
        facts["target"] = _bound(t, condition) if condition is not None else ""
    return facts


def _bound(t: Telling, node: c.Core) -> str:
    p = t.phrases
    match node:
        case c.Apply(operator="and", args=(left, right)):
            return f"{_bound(t, left)}{p.pick('，', ', ')}{_bound(t, right)}"
        case c.Apply(operator=operator, args=(_, limit)):
            return f"{OPERATORS[operator].words.say(t.language)} {p.bare(limit)}"
        case _:
            return p.bare(node)


def sign_of(value: object) -> str:
    """Whether an amount is over, under or nothing: ``plus``, ``minus``, ``zero``; ``open`` where it is not known."""
    if isinstance(value, bool) or not isinstance(value, int | Fraction):
        return "open"
    return "zero" if value == 0 else "plus" if value > 0 else "minus"


_INSURANCES = {"职工": "employee scheme", "居民": "resident scheme"}
_OWN_HEADLINES = frozenset({
    "retained", "carried", "agency_retained", "fund_share", "provider_share", "balance", "surplus", "overspend",
    "pool_surplus_share", "pool_overspend_share", "entitlement", "final_due", "admitted",
})  # fmt: skip
