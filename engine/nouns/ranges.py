"""Ranges in words, as findings name them: each end, and whether it belongs to the range."""

from fractions import Fraction

from engine.nouns import kinds as k
from engine.nouns.core import Range
from engine.nouns.kinds import Kind
from engine.nouns.numbers import Number, ratio_text
from grammar.diagnostic import Words


def range_words(limits: Range, kind: Kind) -> Words:
    """A range in words, each end with whether it belongs to it."""
    low, high = limits.low, limits.high
    if low is not None and high is not None:
        ends = number_text(low, kind), number_text(high, kind)
        zh = [
            f"{end}（不含）" if out else end for end, out in zip(ends, (limits.open_low, limits.open_high), strict=True)
        ]
        en = [
            f"{end} (excluded)" if out else end
            for end, out in zip(ends, (limits.open_low, limits.open_high), strict=True)
        ]
        return Words(" 至 ".join(zh).replace("） ", "）"), " to ".join(en))
    if low is not None:
        text = f"{'>' if limits.open_low else '≥'} {number_text(low, kind)}"
    else:
        text = f"{'<' if limits.open_high else '≤'} {number_text(high, kind)}" if high is not None else "—"
    return Words(text, text)


def number_text(value: Number, kind: Kind) -> str:
    """A bound or step as a reader writes it."""
    number = Fraction(value) * 100 if kind.base in {k.Base.RATIO, k.Base.POINTS} else value
    unit = "%" if kind.base is k.Base.RATIO else kind.unit or ""
    return ratio_text(Fraction(number, kind.scale))[0] + unit
