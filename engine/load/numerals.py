"""Chinese numerals as documents number their clauses with them: 一 to 九十九."""

import re

_DIGITS = "零一二三四五六七八九"
_NUMERAL = re.compile("([一二三四五六七八九])?(十)?([一二三四五六七八九])?")


def chinese_numeral(number: int) -> str:
    """A whole number from 1 to 99 in Chinese; any other in figures."""
    if not 0 < number < 100:  # noqa: PLR2004 - two digits
        return str(number)
    tens, ones = divmod(number, 10)
    lead = {0: "", 1: "十"}.get(tens, f"{_DIGITS[tens]}十")
    return lead + (_DIGITS[ones] if ones else "")


def numeral_value(text: str) -> int | None:
    """The number a numeral stands for, in Chinese from 一 to 九十九 or in up to three figures; else None."""
    if re.fullmatch("[0-9]{1,3}", text):
        return int(text)
    match = _NUMERAL.fullmatch(text)
    if match is None or not text:
        return None
    tens, ten, ones = match.groups()
    if ten is None:
        return _DIGITS.index(text) if len(text) == 1 else None
    return (_DIGITS.index(tens) if tens else 1) * 10 + (_DIGITS.index(ones) if ones else 0)
