"""Amounts in the capital numerals that Chinese notices and cheques write beside the figures: 壹仟贰佰万元整."""

_DIGITS = "零壹贰叁肆伍陆柒捌玖"
_PLACES = ("", "拾", "佰", "仟")
_GROUPS = ("", "万", "亿", "兆")
_GROUP = 10_000


def capitals(fen: int) -> str:
    """An amount of money in capitals; a negative one with 负 before it."""
    sign, size = ("负", -fen) if fen < 0 else ("", fen)
    yuan, rest = divmod(size, 100)
    jiao, cents = divmod(rest, 10)
    whole = f"{_whole(yuan)}元" if yuan else ""
    if not rest:
        return f"{sign}{whole or '零元'}整"
    tail = f"{_DIGITS[jiao]}角" if jiao else ("零" if yuan else "")
    tail += f"{_DIGITS[cents]}分" if cents else "整"
    # An amount that ends in 零 yuan keeps a 零 before the 角, as the rules for cheques ask.
    gap = "零" if jiao and yuan and yuan % 10 == 0 else ""
    return f"{sign}{whole}{gap}{tail}"


def _whole(number: int) -> str:
    groups: list[int] = []
    while number:
        number, low = divmod(number, _GROUP)
        groups.append(low)
    text = ""
    for place in range(len(groups) - 1, -1, -1):
        group = groups[place]
        if not group:
            continue
        below = text and (group < _GROUP // 10 or groups[place + 1] == 0)
        text += ("零" if below else "") + _four(group) + _GROUPS[place]
    return text


def _four(number: int) -> str:
    """Up to four digits: one 零 for a run of noughts between digits, none at the end."""
    text = ""
    gap = False
    for place in range(3, -1, -1):
        digit = number // 10**place % 10
        if not digit:
            gap = bool(text)
            continue
        text += ("零" if gap else "") + _DIGITS[digit] + _PLACES[place]
        gap = False
    return text
