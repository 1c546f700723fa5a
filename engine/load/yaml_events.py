"""What a YAML text says, event by event; and the events of its plain form, read line by line.

Nearly every data file is plain: keys at the margin, under each a value, a few more keys, or rows on one line each. Such
a file is read many times as fast here as by the YAML parser, which need not even be loaded.
"""

import re
from typing import Literal, NamedTuple


class Event(NamedTuple):
    """A scalar, or the beginning or end of something; lines and columns from 1."""

    sort: Literal["document", "scalar", "mapping", "sequence", "end", "other"]
    line: int
    column: int
    text: str = ""
    quoted: bool = False
    in_braces: bool = False
    anchored: bool = False
    tagged: bool = False


def plain_events(text: str) -> list[Event] | None:
    """The events of a text in the plain form; None where any line of it is otherwise, be it right or wrong."""
    plain = _Plain()
    lines = text.split("\n")
    for number, line in enumerate(lines, start=1):
        if len(line) > _LONGEST_LINE or not (line.isprintable() and plain.takes(number, line)):
            return None
    return plain.told(len(lines), len(lines[-1]) + 1)


# The parser looks only so far for the colon of a key.
_LONGEST_LINE = 1000

# What means itself to YAML wherever it stands: no sign of YAML's in it, and a letter or digit at its head. A key may not
# hold a colon; a value may, inside: `sha256:1f2e`.
_SIGN = r"[^\s!-$&'*,:<>?@[-^`{-~]"
_HEAD = r"[^\s!-/:-@[-^`{-~]"
_KEY = rf"-?{_HEAD}{_SIGN}*(?: +{_SIGN}+)*"
_VALUE = rf"-?{_HEAD}(?:{_SIGN}|:(?=[\w/]))*(?: +{_SIGN}(?:{_SIGN}|:(?=[\w/]))*)*"
_BLANK = re.compile(r" *(?:#.*)?")
_KEY_LINE = re.compile(rf"( *)({_KEY}):(?: +({_VALUE}|(?=[{{\[])))?")
_ROW = re.compile(r"( *)- +(?=\{)")
_PAIR = re.compile(rf"({_KEY}): +(?:({_VALUE})|(?=\[))")
_ITEM = re.compile(_VALUE)
_NEXT = re.compile(r", +")
_END = re.compile(r" *(?: #.*)?")


class _Plain:
    """One passage over lines.

    ``inner`` is what stands under the last key at the margin, ``indent`` how far in; ``lone_key`` that the last key has
    no value yet.
    """

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.inner: Literal["nothing", "rows", "keys"] = "nothing"
        self.indent = 0
        self.lone_key = False

    def told(self, line: int, column: int) -> list[Event] | None:
        """The events of all lines; None where there was none with a word on it."""
        if not self.events:
            return None
        self._close(line, column)
        self.events.append(Event("end", 0, 0))
        return self.events

    def takes(self, number: int, line: str) -> bool:
        """Take a line; False where it is not of the plain form."""
        if _BLANK.fullmatch(line):
            return True
        if row := _ROW.match(line):
            return self._row(number, line, len(row[1]), row.end())
        key = _KEY_LINE.match(line)
        return key is not None and self._key(number, line, key)

    def _row(self, number: int, line: str, indent: int, at: int) -> bool:
        if self.inner == "nothing" and self.lone_key:
            self.events.append(Event("sequence", number, indent + 1))
            self.inner, self.indent, self.lone_key = "rows", indent, False
        if self.inner != "rows" or indent != self.indent:
            return False
        return self._ends(line, self._braces(number, line, at))

    def _key(self, number: int, line: str, key: re.Match[str]) -> bool:
        indent = len(key[1])
        if not indent:
            if not self.events:
                self.events += (Event("document", number, 1), Event("mapping", number, 1))
            self._close(number, 1)
        elif self.inner == "nothing" and self.lone_key:
            self.events.append(Event("mapping", number, indent + 1))
            self.inner, self.indent, self.lone_key = "keys", indent, False
        elif self.inner != "keys" or indent != self.indent:
            return False
        else:
            self._no_value(number, indent + 1)
        self.events.append(Event("scalar", number, indent + 1, key[2]))
        at = key.end()
        if key[3]:
            self.events.append(Event("scalar", number, key.start(3) + 1, key[3]))
        elif key[3] is None:
            self.lone_key = True
        else:
            at = self._braces(number, line, at) if line[at] == "{" else self._brackets(number, line, at)
        return self._ends(line, at)

    def _no_value(self, line: int, column: int) -> None:
        """The value of a key that nothing stands after or under: nothing, where the parser places it, at what follows."""
        if self.lone_key:
            self.events.append(Event("scalar", line, column))
            self.lone_key = False

    def _close(self, line: int, column: int) -> None:
        """The end of what stands under a key at the margin."""
        self._no_value(line, column)
        if self.inner != "nothing":
            self.events.append(Event("end", line, column))
            self.inner = "nothing"

    def _ends(self, line: str, at: int) -> bool:
        return at >= 0 and _END.fullmatch(line, at) is not None

    def _braces(self, number: int, line: str, at: int) -> int:
        """``{名称: 甲, 作用: [计算, 校验]}``: the place after it, -1 where it is not of the plain form."""
        self.events.append(Event("mapping", number, at + 1, in_braces=True))
        at += 1
        while pair := _PAIR.match(line, at):
            self.events.append(Event("scalar", number, at + 1, pair[1]))
            at = pair.end()
            if pair[2]:
                self.events.append(Event("scalar", number, pair.start(2) + 1, pair[2]))
            elif (at := self._brackets(number, line, at)) < 0:
                return -1
            if line.startswith("}", at):
                self.events.append(Event("end", 0, 0))
                return at + 1
            if not (comma := _NEXT.match(line, at)):
                return -1
            at = comma.end()
        return -1

    def _brackets(self, number: int, line: str, at: int) -> int:
        """``[计算, 校验]``: the place after it, -1 where it is not of the plain form."""
        self.events.append(Event("sequence", number, at + 1))
        at += 1
        while item := _ITEM.match(line, at):
            self.events.append(Event("scalar", number, at + 1, item[0]))
            at = item.end()
            if line.startswith("]", at):
                self.events.append(Event("end", 0, 0))
                return at + 1
            if not (comma := _NEXT.match(line, at)):
                return -1
            at = comma.end()
        return -1
