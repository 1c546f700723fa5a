"""Small breaks of a text, as slips, damage and malice make them: of words, lines, characters and bytes."""

import re
from collections.abc import Callable, Sequence
from random import Random

from grammar.keywords import keywords, units

Mutation = Callable[[Random, str, Sequence[str]], str]

NASTY = (
    "", " ", "\t", "\n", "\u3000", "\u200b", "\ufeff", "\x00", "\x1b[2J", "\r", "\u2028", "\u202e", "😀", "é́", "ﬁ",
    "0", "-0", "-1", "00", "1e400", "1E-400", "NaN", "inf", "-Infinity", "0x10", "1_000", "９９", "²", "½", "٣", "一百",
    "9" * 30, "9" * 400, "0." + "3" * 60, "1,23", "1，200", "1200万万元", "1.2亿元", "100%%", "1e3%", "30％", "¥5", "(5)",
    "2026-13-01", "2026-02-30", "0000-01-01", "99999-01-01", "2026-Q5", "2026-00", "20260101", "明天",
    "是", "否", "true", "no", "~", "null", "*a", "&a", "!!python/object:os.system", "<<", "{", "}", "[", "]", "{}", "[]",
    ": ", "- ", "# ", "---\n", "...\n", "%YAML 9.9\n", "|", ">", "'", '"', '""', "「", "」", "《", "》", "『", "\\", "/",
    "../x", "/etc/passwd", "C:\\x", "$(id)", "{{7*7}}", "{%raw%}", "=1+1", "(" * 40, "a." * 20, "甲" * 200, ",", "，", ";",
)  # fmt: skip
"""What stands where nobody expects it."""


def words_of_the_language() -> list[str]:
    """Every keyword and unit, in both spellings."""
    words = [word for keyword in keywords().values() for word in (*keyword.zh, *keyword.en)]
    return [*words, *(unit.zh for unit in units())]


def broken(random: Random, text: str, others: Sequence[str], at_most: int = 4) -> bytes:
    """The text with a few breaks; ``others`` lend words and lines."""
    for _ in range(random.choice((1, 1, 1, *range(1, at_most + 1)))):
        text = random.choices(_MUTATIONS, _WEIGHTS)[0](random, text, others)
    data = text.encode("utf-8", "surrogatepass")
    return _bytes(random, data) if random.random() < _DAMAGE else data


_DAMAGE = 0.04


def _bytes(random: Random, data: bytes) -> bytes:
    """Bytes as a bad disk, another encoding or half a download leaves them."""
    at = random.randrange(len(data) + 1)
    match random.randrange(5):
        case 0:
            return data[:at]
        case 1:
            return data[:at] + bytes(random.randrange(256) for _ in range(random.randint(1, 4))) + data[at:]
        case 2:
            return data.decode("utf-8", "replace").encode("gb18030", "replace")
        case 3:
            return data.decode("utf-8", "replace").encode("utf-16")
        case _:
            return b"\xef\xbb\xbf" + data.replace(b"\n", b"\r\n")


def _pieces(text: str) -> list[str]:
    return re.findall(r"\w+|\s+|.", text)


def _word(random: Random, text: str, others: Sequence[str]) -> str:
    """A word put in the place of another, left out, said twice, or changed with its neighbour."""
    pieces = _pieces(text)
    if not pieces:
        return random.choice(NASTY)
    at = random.randrange(len(pieces))
    match random.randrange(5):
        case 0:
            pieces[at] = random.choice(NASTY)
        case 1:
            pieces[at] = random.choice(_pieces(random.choice(others)) or [""]) if others else ""
        case 2:
            pieces[at] *= random.choice((0, 2, 30))
        case 3:
            pieces.insert(at, random.choice(NASTY))
        case _:
            other = random.randrange(len(pieces))
            pieces[at], pieces[other] = pieces[other], pieces[at]
    return "".join(pieces)


def _alike(random: Random, text: str, others: Sequence[str]) -> str:
    """A word in the place of another of its kind, so that the text still reads and means something else."""
    words = list(_WORD.finditer(text))
    if not words:
        return text
    found = random.choice(words)
    lender = random.choice(others) if others and random.random() < 1 / 4 else text
    alike = [word[0] for word in _WORD.finditer(lender) if _sort(word[0]) == _sort(found[0])]
    return text[: found.start()] + random.choice(alike or [""]) + text[found.end() :]


_WORD = re.compile(r"[0-9][0-9,.]*[%万亿元]*|\w+|[-+×÷=<>≥≤]")


def _sort(word: str) -> str:
    return "number" if word[0].isdigit() else "word" if word[0].isalpha() else "sign"


def _keyword(random: Random, text: str, others: Sequence[str]) -> str:
    """A word of the language put somewhere."""
    del others
    pieces = _pieces(text)
    at = random.randrange(len(pieces) + 1)
    pieces[at : at + random.randint(0, 1)] = [random.choice(("", " ")) + random.choice(words_of_the_language()) + " "]
    return "".join(pieces)


def _line(random: Random, text: str, others: Sequence[str]) -> str:
    """A line left out, said twice, moved, moved in or out, or taken from another text."""
    lines = text.split("\n")
    at = random.randrange(len(lines))
    match random.randrange(6):
        case 0:
            del lines[at : at + random.randint(1, 5)]
        case 1:
            lines[at:at] = lines[at : at + random.randint(1, 5)]
        case 2:
            other = random.randrange(len(lines))
            lines[at], lines[other] = lines[other], lines[at]
        case 3:
            lines[at] = " " * random.choice((1, 2, 3, 9)) + lines[at]
        case 4:
            lines[at] = lines[at][random.choice((1, 2, 4)) :]
        case _:
            lines.insert(at, random.choice(random.choice(others).split("\n")) if others else "")
    return "\n".join(lines)


def _character(random: Random, text: str, others: Sequence[str]) -> str:
    """A character left out, put in or changed."""
    del others
    at = random.randrange(len(text) + 1)
    new = random.choice(("", chr(random.choice((random.randrange(0xD800), random.randrange(0x3000, 0xA000), 0x1F600)))))
    return text[:at] + new + text[at + random.randint(0, 1) :]


def _number(random: Random, text: str, others: Sequence[str]) -> str:
    """A number changed a little, or into what is hardly one."""
    del others
    numbers = list(re.finditer(r"[0-9][0-9.,]*", text))
    if not numbers:
        return text
    found = random.choice(numbers)
    new = random.choice((*NASTY, found[0] + "0", f"-{found[0]}", "0", found[0][:-1], f"{found[0]}.{found[0]}"))
    return text[: found.start()] + new + text[found.end() :]


def _stretch(random: Random, text: str, others: Sequence[str]) -> str:
    """A stretch cut out, or put in from another text."""
    at = random.randrange(len(text) + 1)
    length = random.choice((3, 20, 200))
    if random.random() < 1 / 2 or not others:
        return text[:at] + text[at + length :]
    other = random.choice(others)
    start = random.randrange(len(other) + 1)
    return text[:at] + other[start : start + length] + text[at:]


_MUTATIONS: tuple[Mutation, ...] = (_alike, _word, _keyword, _line, _character, _number, _stretch)
_WEIGHTS = (16, 4, 2, 6, 2, 4, 2)
