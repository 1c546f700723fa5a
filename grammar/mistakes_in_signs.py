"""Questions about brackets, quotes, numbers and signs at a place where reading stopped; None where the answer is no."""

import re
from collections.abc import Iterator

from grammar.characters import code_point, likeness
from grammar.diagnostic import Finding, Words
from grammar.expected import nearest
from grammar.faults import Fault
from grammar.keywords import units, word
from grammar.lexer import Token
from grammar.source import Span

_CLOSERS = {"LPAR": "RPAR", "LBRACE": "RBRACE"}


_SHUT = {"RPAR": ")", "RBRACE": "}"}


def too_big(fault: Fault) -> Finding | None:
    """A statement that is nested too deep or goes on too long."""
    return Finding(fault.too_big[0], fault.here, {"most": fault.too_big[1]}) if fault.too_big else None


def bracket_left_open(fault: Fault) -> Finding | None:
    """A bracket that would have to close here."""
    if not fault.open_:
        return None
    last = fault.open_[-1]
    closer = _CLOSERS[last.terminal]
    if fault.line is not None and not _on_a_new_line(fault, last):
        shut = fault.rest.count(_SHUT[closer]) > fault.rest.count(last.text)
        if shut or not fault.admits(closer, fault.terminal):
            return None
    return Finding("P131", fault.span(last), {"bracket": last.text})


def _on_a_new_line(fault: Fault, opening: Token) -> bool:
    """Whether reading stopped in another statement, as it seems, than the one the bracket was opened in."""
    line = fault.line
    if line is None or line.number == opening.line:
        return False
    return fault.at == line.start or line.indent <= fault.lines[0].indent


def bracket_not_opened(fault: Fault) -> Finding | None:
    """A closing bracket without its other half."""
    if fault.terminal not in _CLOSERS.values():
        return None
    if fault.open_ and _CLOSERS[fault.open_[-1].terminal] == fault.terminal:
        return None
    return Finding("P132", fault.here, {"bracket": fault.rest[0]})


def text_left_open(fault: Fault) -> Finding | None:
    """A text without its closing bracket."""
    if fault.line is None or fault.found is not None or fault.rest[0] not in "「《":
        return None
    closer = {"「": "」", "《": "》"}[fault.rest[0]]
    return Finding("P133", fault.stretch(len(fault.rest)), {"bracket": fault.rest[0], "closer": closer})


def other_quotes(fault: Fault) -> Finding | None:
    """Quotes of another kind."""
    found = re.match(r"""["'‘’『』`][^"'‘’『』`]*["'‘’『』`]?""", fault.rest)
    if not found or fault.found is not None:
        return None
    inner = found.group().strip("\"'‘’『』`")
    return Finding("P134", fault.stretch(len(found.group())), {"inner": inner or "…"})


def currency(fault: Fault) -> Finding | None:
    """A currency sign."""
    found = re.match(r"[¥￥$] ?([0-9][0-9,.]*)?", fault.rest)
    if not found:
        return None
    return Finding("P143", fault.stretch(len(found.group())), {"number": found.group(1) or "100"})


_OPERATORS = {
    "==": "EQUALS", "!=": "IS_NOT", "<>": "IS_NOT", "&&": "AND", "||": "OR", "&": "AND", "!": "NOT",
    ":=": "EQUALS", "=>": "FROM", "=<": "UP_TO", "≧": "FROM", "≦": "UP_TO", "√": None, "^": None, "**": None,
}  # fmt: skip


def operator(fault: Fault) -> Finding | None:
    """An operator of other languages, seen at its first or its second sign."""
    before = fault.touched.text if fault.touched else ""
    for back in (len(before), 0):
        around = (before if back else "") + fault.rest
        for sign, terminal in _OPERATORS.items():
            if around.startswith(sign) and len(sign) > back:
                meant = "=" if terminal == "EQUALS" else word(terminal, 0, fault.language) if terminal else ""
                values: dict[str, object] = {"sign": sign}
                if meant:
                    values["suggestion"] = Words(f"请写 `{meant}`", f"write `{meant}`")
                return Finding("P155", fault.stretch(len(sign), back), values)
    return None


_DATE = re.compile(
    r"[0-9]{2,4}(?:年[0-9]{1,2}月(?:[0-9]{1,2}日)?|年(?!度)"
    r"|/[0-9]{1,2}/[0-9]{1,2}|\.[0-9]{1,2}\.[0-9]{1,2}|-[0-9]{1,2}-[0-9]{1,2})"
)


def date(fault: Fault) -> Finding | None:
    """A date in another form, where reading stops in the middle of it or a date is due."""
    if fault.line is None:
        return None
    for back in _backs(fault):
        found = _DATE.match(fault.line.code, fault.at - back)
        whole = re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", found.group()) if found else None
        if found and not whole and (found.end() > fault.at + 1 or "YEAR" in fault.expected):
            if "年" in found.group() and "月" not in found.group() and not {"YEAR", "SINCE"} & fault.expected:
                continue
            return Finding("P156", fault.stretch(len(found.group()), back), {"found": found.group()})
    if fault.terminal == "QUANTITY" and {"DATE", "YEAR"} & fault.expected and "QUANTITY" not in fault.expected:
        return Finding("P156", fault.here, {"found": fault.found.text if fault.found else ""})
    return None


def _backs(fault: Fault) -> Iterator[int]:
    """How far before the place a number may begin that goes on over it: not at all, or at the words it touches."""
    yield 0
    back = 0
    for token in reversed(fault.trail):
        if fault.line is None or token.line != fault.line.number or token.end_column - 1 != fault.at - back:
            return
        back = fault.at - token.column + 1
        if token.text[0].isdigit() or token.text in ".-/":
            yield back


_NUMBER_FORMS = (
    (re.compile(r"[0-9][0-9.]*[eE][+-]?[0-9]+"), Words("指数写法", "an exponent")),
    (re.compile(r"[0-9][0-9,]*_[0-9_]+"), Words("用 _ 分隔的数", "digits parted by _")),
    (re.compile(r"[0-9][0-9,]*(?:\.[0-9]+){2,}"), Words("有两个小数点的数", "two decimal points")),
    (re.compile(r"[0-9][0-9,]*\.(?![0-9])"), Words("小数点后没有数字", "no digit after the point")),
    (re.compile(r"\.[0-9]+"), Words("小数点前没有数字", "no digit before the point")),
    (re.compile(r"[0-9]+(?:,[0-9]*)+(?:\.[0-9]+)?"), Words("逗号不是每三位一个", "commas not every three digits")),
    (re.compile(r"0[0-9]+"), Words("以 0 开头", "a leading zero")),
)  # fmt: skip


def number(fault: Fault) -> Finding | None:
    """A number in a form that is not taken."""
    if fault.line is None:
        return None
    for back in _backs(fault):
        for pattern, form in _NUMBER_FORMS:
            found = pattern.match(fault.line.code, fault.at - back)
            if found and found.end() > fault.at and (found.group()[0] != "." or _is_value(fault, back)):
                return Finding("P145", fault.stretch(len(found.group()), back), {"found": found.group(), "form": form})
    return None


def _is_value(fault: Fault, back: int) -> bool:
    return back == 0 and "QUANTITY" in fault.expected


_LIKE_DIGITS = str.maketrans("OoQlI", "00011")


def letters_in_number(fault: Fault) -> Finding | None:
    """A number with a letter in it that looks like a digit, a gap in it, or its unit in brackets."""
    last, found = fault.previous, fault.found
    if fault.line is None or last is None:
        return None
    gap = fault.line.code[last.end_column - 1 : fault.at]
    unitless = last.terminal == "QUANTITY" and last.parts is not None and last.parts[1] is None
    if unitless and not gap and found is not None and (match := _LOOKS.match(fault.rest)):
        return _letters(fault, last, last.text + match[0])
    if last.terminal == "NAME" and not gap and re.fullmatch("[OolI][0-9OolI]*", last.text) and fault.rest[0] == "%":
        return _letters(fault, last, last.text + "%")
    if unitless and gap.strip() == "" and gap and fault.terminal == "QUANTITY" and found is not None:
        return _gap(fault, last, last.text + gap + found.text, last.text + found.text)
    if unitless and (match := re.match(r"\( *([^() ]+) *\)", fault.rest)) and match[1] in _unit_words():
        return _gap(fault, last, last.text + gap + match[0], last.text + match[1])
    return None


_LOOKS = re.compile(r"[OolI][0-9OolI,.]*(?:%|元|万元|亿元|分|人)?")


def _unit_words() -> set[str]:
    return {each.word(language) for each in units() for language in ("zh", "en")}


def _letters(fault: Fault, first: Token, text: str) -> Finding:
    meant = text.translate(_LIKE_DIGITS)
    values = {
        "found": text,
        "form": Words("混入了字母", "a letter among the digits"),
        "suggestion": Words(f"是不是 `{meant}`？", f"did you mean `{meant}`?"),
    }
    return Finding("P145", Span(fault.source, first.line, first.column, first.line, first.column + len(text)), values)


def _gap(fault: Fault, first: Token, text: str, meant: str) -> Finding:
    values = {
        "found": text,
        "form": Words("数和单位要连着写", "digits and unit stand together"),
        "suggestion": Words(f"是不是 `{meant}`？", f"did you mean `{meant}`?"),
    }
    return Finding("P145", Span(fault.source, first.line, first.column, first.line, first.column + len(text)), values)


def unit(fault: Fault) -> Finding | None:
    """A word that follows a number and is no unit."""
    last, found = fault.previous, fault.found
    if last is None or last.terminal != "QUANTITY" or last.parts is None or last.parts[1] is not None:
        return None
    if found is None or found.terminal != "NAME" or fault.line is None or fault.at - last.end_column + 1 > 1:
        return None
    values: dict[str, object] = {"unit": found.text}
    near = nearest(found.text, [unit.word(fault.language) for unit in units()])
    if near:
        values["suggestion"] = Words(f"是不是 `{near}`？", f"did you mean `{near}`?")
    return Finding("P144", fault.here, values)


def character(fault: Fault) -> Finding | None:
    """A character that stands for nothing in the language."""
    if fault.line is None or fault.found is not None:
        return None
    char = fault.rest[0]
    values: dict[str, object] = {"char": char, "code_point": code_point(char)}
    if char in _ENDS and (fault.admits("_NL") or fault.admits("CITE")) and _ends_here(fault.rest[1:]):
        values["suggestion"] = Words("删去它：一句话到行末就完了", "delete it: a statement ends with its line")
    elif char in _MEANT:
        values["suggestion"] = Words(f"请写 `{_MEANT[char]}`", f"write `{_MEANT[char]}`")
    else:
        values |= likeness(char)
    return Finding("P112", fault.here, values)


_ENDS = "。;；.．"


def _ends_here(rest: str) -> bool:
    return not rest.strip() or rest.lstrip().startswith(("依据", "per "))


_MEANT = {
    "[": "(", "]": ")", "【": "(", "】": ")", "〔": "(", "〕": ")", ";": "、", "—": "-", "―": "-", "·": "_", "•": "_",
    "．": ".", "✕": "×", "✖": "×", "⨯": "×", "∕": "÷", "⁄": "÷",
}  # fmt: skip
