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
        return Finding("P122", fault.span(keyword))
    return Finding("P159", fault.span(keyword), {"word": keyword.text, "suggestion": PLACES[keyword.terminal]})


def _under_a_figure(fault: Fault) -> bool:
    """Whether the line stands where only exceptions, readings and their like do."""
    return not fault.trail and "READING" in fault.expected


def figure_outside(fault: Fault) -> Finding | None:
    """A figure where only declarations stand."""
    if fault.trail or fault.terminal != "NAME" or "NAME" in fault.expected or "=" not in fault.rest:
        return None
    if _under_a_figure(fault):
        return Finding("P122", fault.here)
    return Finding("P159", fault.here, {"word": fault.rest.split("=")[0].strip(), "suggestion": PLACES["SPLIT"]})


def first_word(fault: Fault) -> Finding | None:
    """A line that begins with a word no statement begins with."""
    if fault.trail or fault.found is None:
        return None
    return Finding("P152", fault.here, {"word": fault.found.text, "expected": said(fault.expected)})


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
    return Finding("P160", fault.here, {"found": fault.found.text})


def unexpected(fault: Fault) -> Finding:
    """Whatever else cannot stand here."""
    found = fault.found.text if fault.found else fault.rest[:1]
    return Finding("P199", fault.here, {"found": found, "expected": said(fault.expected)})


def _after_previous(fault: Fault) -> Span:
    """The place after the word before, where something is left out; the word found where there is none before."""
    last = fault.previous
    if last is None:
        return fault.here
    return Span(fault.source, last.line, last.end_column, last.line, last.end_column + 1)
