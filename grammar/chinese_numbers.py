"""Numbers as people write them in words, 三成 or 百分之三十 or 〇元, as they are written in figures."""

import re

_DIGITS = {char: at for at, char in enumerate("〇一二三四五六七八九")} | {"零": 0, "○": 0, "两": 2}
_PLACES = {"十": 10, "百": 100, "千": 1000}
_NUMBER = f"[{''.join([*_DIGITS, *_PLACES])}]+"
_WRITTEN = re.compile(f"(百分之)?({_NUMBER})(成|%|元|万元|亿元|个百分点|分|人|人次|床日|个月|年|日)?")


def in_figures(text: str) -> str | None:
    """``七成`` as ``70%``; None where a text is no number in words, with or without a unit."""
    match = _WRITTEN.fullmatch(text)
    if match is None or not (match[1] or match[3]):
        return None
    number = _value(match[2])
    if match[3] == "成":
        return f"{number * 10}%"
    return f"{number}%" if match[1] else f"{number}{match[3]}"


def _value(words: str) -> int:
    """What the words come to, read place by place, or digit by digit where no place is named."""
    if not set(words) & _PLACES.keys():
        return int("".join(str(_DIGITS[char]) for char in words))
    total, digit = 0, 1
    for char in words:
        if char in _PLACES:
            total += digit * _PLACES[char]
            digit = 0
        else:
            digit = _DIGITS[char]
    last = words[-1]
    return total + (digit if last not in _PLACES else 0)
