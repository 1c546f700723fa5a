"""Questions about names, keywords and what is left out where reading stopped; None where the answer is no."""

from grammar.characters import foreign_letter
from grammar.diagnostic import Finding, Language, Words
from grammar.expected import COMPARISONS, nearest, said
from grammar.faults import PLACES, Fault
from grammar.keywords import keywords, word
from grammar.lexer import Token
from grammar.source import Span


def foreign_letter_in_name(fault: Fault) -> Finding | None:
    """A name with a letter of another script."""
    found = fault.found
    return foreign_letter(found.text, fault.here) if found and found.terminal == "NAME" else None


def locator(fault: Fault) -> Finding | None:
    """A citation without a clause."""
    last = fault.previous
    if last is None or last.terminal not in ("CITE", "BEFORE") or not fault.admits("LOCATOR"):
        return None
    return Finding("P153", fault.span(last), {"word": last.text})


def other_language(fault: Fault) -> Finding | None:
    """A keyword of the other language, here or just before."""
    for token in (fault.found, fault.previous):
        found = fault.keyword(_OTHER[fault.language], token)
        if found is None:
            continue
        meant = word(found.terminal, found.choice, fault.language)
        language = Words("中文", "Chinese") if fault.language == "zh" else Words("英文", "English")
        return Finding("P146", fault.span(found), {"word": found.text, "meant": meant, "language": language})
    return None


_OTHER: dict[Language, Language] = {"zh": "en", "en": "zh"}


def glued(fault: Fault) -> Finding | None:
    """A name that a keyword ran into, where it reads well with a space between."""
    last = fault.previous
    if last is None or last.terminal != "NAME" or fault.language != "zh" or not fault.terminal:
        return None
    for terminal, text in ((keyword.terminal, text) for keyword in keywords().values() for text in keyword.zh):
        name = last.text.removesuffix(text)
        if "" != name != last.text and fault.admits("NAME", terminal, fault.terminal, back=1):
            values = {"name": last.text, "word": text, "parted": f"{name} {text}"}
            return Finding("P154", fault.span(last), values)
        name = last.text.removeprefix(text)
        if "" != name != last.text and fault.admits(terminal, "NAME", fault.terminal, back=1):
            values = {"name": last.text, "word": text, "parted": f"{text} {name}"}
            return Finding("P154", fault.span(last), values)
    return None


def half_keyword(fault: Fault) -> Finding | None:
    """The beginning of a keyword, or one with a slip in it, in place of the keyword."""
    return _meant(fault, 0, fault.found) or _meant(fault, 1, fault.previous, least=_SURE)


def half_keyword_before(fault: Fault) -> Finding | None:
    """The same a word earlier, where the word is so short that it may as well be a name."""
    return _meant(fault, 1, fault.previous)


_SURE = 3  # letters from which on a slip in a keyword is told from a name


def _meant(fault: Fault, back: int, token: Token | None, least: int = 0) -> Finding | None:
    if token is None or token.terminal != "NAME" or (fault.language == "en" and len(token.text) == 1):
        return None
    can = [t for t in keywords() if fault.admits(t, back=back)]
    words = [text for t in can for text in keywords()[t].words(fault.language)]
    longer = [text for text in words if text.startswith(token.text)]
    meant = min(longer, key=len) if longer else nearest(token.text, words)
    if meant is None or (not longer and len(token.text) < least):
        return None
    return Finding("P147", fault.span(token), {"word": token.text, "meant": meant})


def everyday(fault: Fault) -> Finding | None:
    """A word of everyday speech where the language has another for it."""
    for back, token in ((0, fault.found), (1, fault.previous)):
        if token is None or token.terminal != "NAME" or fault.language != "zh":
            continue
        for terminal in EVERYDAY.get(token.text, ()):
            if fault.admits(terminal, back=back):
                return Finding("P147", fault.span(token), {"word": token.text, "meant": _sign_or_word(terminal)})
    return None


def _sign_or_word(terminal: str) -> str:
    return _SIGNS.get(terminal) or word(terminal, 0, "zh")


_SIGNS = {"TIMES": "×", "DIVIDE": "÷", "PLUS": "+", "MINUS": "-", "EQUALS": "="}
EVERYDAY: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(("大于", "高于", "多于", "超出"), ("OVER",)),
    **dict.fromkeys(("小于", "低于", "少于", "未满", "不足"), ("BELOW",)),
    **dict.fromkeys(("大于等于", "不低于", "不少于", "至少", "不小于"), ("FROM", "AT_LEAST")),
    **dict.fromkeys(("小于等于", "不高于", "至多", "不大于", "不多于"), ("UP_TO", "AT_MOST")),
    **dict.fromkeys(("最大", "最多", "封顶", "上限"), ("AT_MOST",)),
    **dict.fromkeys(("最小", "最少", "保底", "下限"), ("AT_LEAST",)),
    **dict.fromkeys(("并且", "而且", "同时", "以及", "和"), ("AND",)),
    **dict.fromkeys(("或者", "或是"), ("OR",)),
    **dict.fromkeys(("等于", "为"), ("EQUALS", "IS")),
    **dict.fromkeys(("不等于", "不为"), ("IS_NOT",)),
    **dict.fromkeys(("根据", "按照", "出自", "见"), ("CITE",)),
    **dict.fromkeys(("原因", "说明", "备注", "注"), ("REASON",)),
    **dict.fromkeys(("如果", "若", "除了", "但", "例外"), ("UNLESS",)),
    **dict.fromkeys(("待定", "另定", "未明确", "未规定", "不明"), ("OPEN",)),
    **dict.fromkeys(("引用", "参照", "援引"), ("REFERRED",)),
    **dict.fromkeys(("默认", "默认值", "缺省值"), ("DEFAULT",)),
    **dict.fromkeys(("平分", "均分", "平摊"), ("EQUALLY",)),
    **dict.fromkeys(("余数", "尾差", "零头"), ("SPARE_FEN",)),
    **dict.fromkeys(("乘", "乘以", "x", "X"), ("TIMES",)),
    **dict.fromkeys(("除", "除以"), ("DIVIDE",)),
    **dict.fromkeys(("加", "加上"), ("PLUS",)),
    **dict.fromkeys(("减", "减去"), ("MINUS",)),
    **dict.fromkeys(("其他", "其它", "否则"), ("OTHERWISE",)),
    **dict.fromkeys(("剩余", "剩下"), ("REMAINING",)),
    **dict.fromkeys(("分档", "档次", "档位", "分级"), ("BANDED",)),
    "到": ("UNTIL", "TO"),
    "没有": ("NONE",),
}


def opening_word(fault: Fault) -> Finding | None:
    """The keyword that opens a statement, with a slip in it, followed by a name: two names alone say nothing."""
    token = fault.previous
    if len(fault.trail) != 1 or token is None or token.terminal != "NAME" or fault.terminal != "NAME":
        return None
    can = [text for t in keywords() if fault.admits(t, "NAME", back=1) for text in keywords()[t].words(fault.language)]
    near = [text for text in can if len(text) == len(token.text) and _one_letter_off(text, token.text)]
    if not near:
        return None
    return Finding("P147", fault.span(token), {"word": token.text, "meant": near[0]})


def _one_letter_off(one: str, other: str) -> bool:
    return len(one) > 1 and sum(a != b for a, b in zip(one, other, strict=True)) == 1


def glued_here(fault: Fault) -> Finding | None:
    """A name that begins with a keyword, where the keyword and the rest read well with a space between."""
    found = fault.found
    if found is None or found.terminal != "NAME" or fault.language != "zh":
        return None
    for terminal, text in ((keyword.terminal, text) for keyword in keywords().values() for text in keyword.zh):
        name = found.text.removeprefix(text)
        if len(text) + (not fault.trail) > 1 and "" != name != found.text and fault.admits(terminal, "NAME"):
            values = {"name": found.text, "word": text, "parted": f"{text} {name}"}
            return Finding("P154", fault.span(found), values)
    return None


def colon(fault: Fault) -> Finding | None:
    """A colon left out."""
    if not fault.terminal or not fault.admits("COLON", fault.terminal):
        return None
    return Finding("P141", _after_previous(fault))


def equals(fault: Fault) -> Finding | None:
    """An equals sign left out."""
    told = any(token.terminal in ("EQUALS", "UNLESS") for token in fault.trail)
    if told or not fault.terminal or not fault.admits("EQUALS", fault.terminal):
        return None
    return Finding("P142", _after_previous(fault))


def misplaced(fault: Fault) -> Finding | None:
    """The first word of a statement that stands elsewhere, or that was read as a name here."""
    first = fault.trail[0] if fault.trail else fault.found
    keyword = first and (fault.keyword(fault.language, first) or first)
    if keyword is None or keyword.terminal not in PLACES or (fault.trail and first is keyword):
        return None
    if _under_a_figure(fault) and PLACES[keyword.terminal] is PLACES["SPLIT"]:
        return Finding("P122", fault.span(keyword), _tab(fault))
    return Finding("P159", fault.span(keyword), {"word": keyword.text, "suggestion": PLACES[keyword.terminal]})


def _tab(fault: Fault) -> dict[str, object]:
    """What to say of a line that a tab moved too far to the right."""
    words = Words(
        "这里有制表符，一个算四格：改用空格，每层两格", "a tab stands here and counts four: use spaces, two a level"
    )
    return {"suggestion": words} if fault.line is not None and fault.line.tabbed else {}


def _under_a_figure(fault: Fault) -> bool:
    """Whether the line stands where only exceptions, readings and their like do."""
    return not fault.trail and "READING" in fault.expected


def figure_outside(fault: Fault) -> Finding | None:
    """A figure where only declarations stand."""
    if fault.trail or fault.terminal != "NAME" or "NAME" in fault.expected or "=" not in fault.rest:
        return None
    if _under_a_figure(fault):
        return Finding("P122", fault.here, _tab(fault))
    return Finding("P159", fault.here, {"word": fault.rest.split("=")[0].strip(), "suggestion": PLACES["SPLIT"]})


def first_word(fault: Fault) -> Finding | None:
    """A line that begins with a word no statement begins with."""
    if fault.trail or fault.found is None:
        return None
    values: dict[str, object] = {"word": fault.found.text, "expected": said(fault.expected)}
    if fault.terminal in _SIGNS and not fault.rest.startswith("//"):
        values["suggestion"] = Words(
            "这是上一句的续行：接在上一句的行末", "it goes on with the line above: join it to the end of that line"
        )
    if fault.terminal == "UNTIL":
        values["suggestion"] = Words(
            "期间从哪一天起也要写：2026-01-01 起 至 2026-12-31: 30%",
            "a period says from which day it holds as well: `from 2026-01-01 to 2026-12-31: 30%`",
        )
    return Finding("P152", fault.here, values)


def text(fault: Fault) -> Finding | None:
    """Words for the reader without their brackets."""
    if "STRING" not in fault.expected or fault.expected & {"NAME", "REST"} or fault.found is None:
        return None
    return Finding("P158", fault.here, {"word": fault.found.text})


def keyword_as_name(fault: Fault) -> Finding | None:
    """A keyword that was read as a name, since none but a name can stand there."""
    last = fault.keyword(fault.language, fault.previous)
    if last is None:
        return None
    if last.terminal == "CITE":
        # The citation begins where a value is still due.
        before = frozenset(t for t in (*keywords(), "NAME", "QUANTITY", "LPAR", "MINUS") if fault.admits(t, back=1))
        return Finding("P164", fault.span(last), {"expected": said(before)})
    return Finding("P151", fault.span(last), {"word": last.text})


def unfinished(fault: Fault) -> Finding | None:
    """A statement that ends too early."""
    if fault.line is not None:
        return None
    return Finding("P164", fault.here, {"expected": said(fault.expected)})


def chained(fault: Fault) -> Finding | None:
    """A comparison of a comparison."""
    if fault.terminal not in COMPARISONS | {"EQUALS"} or fault.found is None or not fault.admits("AND"):
        return None
    return Finding("P161", fault.here, {"found": fault.found.text})


def too_much(fault: Fault) -> Finding | None:
    """A word after a statement that is complete."""
    if not fault.admits("_NL") or fault.found is None:
        return None
    values: dict[str, object] = {"found": fault.found.text}
    if fault.terminal == "COLON" and fault.admits("DIVIDE"):
        values["suggestion"] = Words("相除写 `÷`，例如 `甲 ÷ 乙`", "division is written `÷`, such as `a ÷ b`")
    return Finding("P160", fault.here, values)


def unexpected(fault: Fault) -> Finding:
    """Whatever else cannot stand here."""
    found = fault.found.text if fault.found else fault.rest[:1]
    values: dict[str, object] = {"found": found, "expected": said(fault.expected)}
    if fault.previous is not None and fault.previous.terminal == "UNLESS":
        values["suggestion"] = Words(
            "先写条件，例如 `除非 超支 超过 0元: 0元`",
            "write the condition first, such as `unless overspend over 0 yuan: 0 yuan`",
        )
    return Finding("P199", fault.here, values)


def _after_previous(fault: Fault) -> Span:
    """The place after the word before, where something is left out; the word found where there is none before."""
    last = fault.previous
    if last is None:
        return fault.here
    return Span(fault.source, last.line, last.end_column, last.line, last.end_column + 1)
