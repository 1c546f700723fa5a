"""Curves in words and as JSON: straight parts with what a yuan saved is worth, kinks with their clauses."""

from collections.abc import Iterator, Mapping
from fractions import Fraction
from typing import Any

from engine.api import SideBySide
from engine.compare.curve import Curve, Kink, Segment
from engine.nouns.core import Labels
from engine.nouns.numbers import grouped, money_text, ratio_text
from grammar.diagnostic import Language, Words

TITLE = Words(
    "曲线（清算总额从调整后预算的 60% 到 120%，机构得失占预算多少；不计取整）",
    "Curves (cleared amount from 60% to 120% of the adjusted budget; what the provider gains or bears, of the budget)",
)


def curve_json(curve: Curve, told: SideBySide, language: Language) -> dict[str, Any]:
    """A curve; every number exact, as a decimal, or as a fraction where it has no end."""
    labels = labels_of(told)[curve.scheme]
    return {
        "scheme": curve.scheme, "unit": None if curve.invented else curve.unit, "insurance": curve.insurance,
        "period": curve.period or None, "invented": curve.invented, "scenario": curve.scenario or None,
        "budget": None if curve.budget is None else money_text(curve.budget),
        "why": None if curve.why is None else curve.why.say(language), "left_out": list(curve.left_out),
        "segments": [
            {
                "from": _exact(s.start), "to": _exact(s.end), "first": None if s.slope is None else _exact(s.first),
                "last": None if s.slope is None else _exact(s.last), "per_yuan_saved": None if s.slope is None else _exact(-s.slope),
                "open": [_name(labels, name, language) for name in s.waits],
            }
            for s in curve.segments
        ],
        "kinks": [
            {
                "x": _exact(k.x), "words": k.words.say(language), "citations": list(k.citations), "jump": _exact(k.jump),
                "before": None if k.before is None else _exact(-k.before), "after": None if k.after is None else _exact(-k.after),
            }
            for k in curve.kinks
        ],
    }  # fmt: skip


def curve_lines(told: SideBySide, language: Language) -> list[str]:
    """Every curve in words."""
    if not told.curves:
        return []
    lines = ["", TITLE.say(language)]
    for curve in told.curves:
        lines.append(f"  {curve.scheme}　{unit_words(curve, labels_of(told)[curve.scheme], language)}".rstrip("　"))
        lines += [f"    {line}" for line in told_in_words(curve, labels_of(told)[curve.scheme], language)]
    return lines


def told_in_words(curve: Curve, labels: Labels, language: Language) -> Iterator[str]:
    """A sentence for each straight part and each kink; why there is none."""
    zh = language == "zh"
    if curve.why is not None:
        yield f"没有线：{curve.why.zh}" if zh else f"no line: {curve.why.en}"
        return
    if curve.left_out:
        names = [_name(labels, name, language) for name in curve.left_out]
        yield f"{'、'.join(names)}按没有填算" if zh else f"{', '.join(names)} taken as not reported"
    kinks = {kink.x: kink for kink in curve.kinks}
    for segment in curve.segments:
        if segment.start in kinks:
            yield kink_words(kinks[segment.start], language)
        yield segment_words(segment, labels, language)


def segment_words(segment: Segment, labels: Labels, language: Language) -> str:
    """A straight part: between what, from what to what, what a yuan saved is worth."""
    zh = language == "zh"
    span = f"{percent(segment.start)} {'至' if zh else 'to'} {percent(segment.end)}"
    if segment.slope is None:
        names = [_name(labels, name, language) for name in segment.waits]
        if zh:
            return f"{span}：未定" + (f"，还缺{'、'.join(names)}" if names else "，不能画成直线")
        return f"{span}: open" + (f", waits for {', '.join(names)}" if names else ", no straight line")
    ends = dict.fromkeys((percent(segment.first), percent(segment.last)))
    if zh:
        return f"{span}：得失占预算 {' 到 '.join(ends)}；{worth(segment.slope, language)}"
    return f"{span}: {' to '.join(ends)} of the budget; {worth(segment.slope, language)}"


def worth(slope: Fraction, language: Language) -> str:
    """The marginal incentive."""
    size = yuan(abs(slope))
    if language == "zh":
        return f"每少花 1 元，机构{'不多得' if not slope else f'多得 {size} 元' if slope < 0 else f'少得 {size} 元'}"
    gain = "nothing more" if not slope else f"{size} yuan {'more' if slope < 0 else 'less'}"
    return f"each yuan less spent gives the provider {gain}"


def kink_words(kink: Kink, language: Language) -> str:
    """Where a line turns or jumps, what meets there, by which clauses."""
    zh = language == "zh"
    cited = f"〔{'、'.join(kink.citations)}〕" if kink.citations else ""
    name = ("断点" if kink.jump else "拐点") if zh else ("cliff" if kink.jump else "kink")
    jump = ""
    if kink.jump:
        size = percent(abs(kink.jump))
        up = kink.jump > 0
        jump = (
            f"，跳{'升' if up else '降'}预算的 {size}" if zh else f", {'up' if up else 'down'} by {size} of the budget"
        )
    return f"{name} {percent(kink.x)}{'：' if zh else ': '}{kink.words.say(language)}{jump}{cited}"


def unit_words(curve: Curve, labels: Labels, language: Language) -> str:
    """On whom a line stands: a unit of the data, or an invented one with what was assumed."""
    zh = language == "zh"
    if curve.invented:
        said = ["虚构的单位，预算 1 亿元" if zh else "an invented unit with a budget of 100 million yuan"]
        if curve.scenario:
            name = _name(labels, curve.scenario, language)
            said.append(f"按情景“{name}”" if zh else f"scenario: {name}")
    else:
        said = [curve.unit, curve.insurance or "", curve.period]
    if curve.budget is not None:
        money = grouped(money_text(curve.budget))
        said.append(f"调整后预算 {money} 元" if zh else f"adjusted budget {money} yuan")
    return " · ".join(x for x in said if x)


def labels_of(told: SideBySide) -> Mapping[str, Labels]:
    """The names of each scheme."""
    return {scheme.id: scheme.labels for scheme in (policy.scheme() for policy in told.policies)}


def percent(part: Fraction) -> str:
    """A part of the budget: exact, or to four decimals with a mark where it has no end."""
    text, exact = ratio_text(part * 100)
    return f"{text}%" if exact is None else f"≈{ratio_text(Fraction(round(part * 1_000_000), 10_000))[0]}%"


def yuan(amount: Fraction) -> str:
    """What a yuan is worth, in yuan."""
    text, exact = ratio_text(amount)
    return text if exact is None else f"≈{ratio_text(Fraction(round(amount * 10_000), 10_000))[0]}"


def _exact(number: Fraction) -> str:
    text, exact = ratio_text(number)
    return text if exact is None else exact


def _name(labels: Labels, name: str, language: Language) -> str:
    return labels.here(name) if language == "zh" else labels.words(name)
