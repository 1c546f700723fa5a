"""The numbers that Word writes before paragraphs by itself: a file of such a document does not hold them as text."""

import re
from collections.abc import Mapping
from dataclasses import field

from engine.load.numerals import chinese_numeral
from grammar.frozen import dataclass


@dataclass(frozen=True, slots=True)
class Placed:
    """What a paragraph says of its numbering: its style, and its list and level where it names them."""

    style: str | None
    number: str | None
    level: str | None


@dataclass(slots=True)
class _Level:
    """One level of a list: where it starts, how its number is written, what stands around it: ``（%2）``."""

    start: int = 1
    form: str = "decimal"
    text: str = ""


@dataclass(slots=True)
class _Style:
    """A paragraph style: the list and level it puts its paragraphs on, and the style it is based on."""

    based: str | None = None
    number: str | None = None
    level: str | None = None


@dataclass(slots=True)
class Numbering:
    """The lists of a document as declared, and how far each has counted."""

    lists: dict[str, dict[int, _Level]] = field(default_factory=dict)
    instances: dict[str, str] = field(default_factory=dict)
    restarts: dict[str, dict[int, int]] = field(default_factory=dict)
    styles: dict[str, _Style] = field(default_factory=dict)
    linked: dict[tuple[str, str], str] = field(default_factory=dict)
    counts: dict[str, dict[int, int]] = field(default_factory=dict)
    _path: list[tuple[str, str]] = field(default_factory=list)

    def start(self, name: str, attributes: Mapping[str, str]) -> None:
        """An element of numbering.xml or styles.xml begins."""
        value = attributes.get("val", "")
        match name:
            case "abstractNum":
                value = attributes.get("abstractNumId", "")
                self.lists.setdefault(value, {})
            case "num":
                value = attributes.get("numId", "")
            case "lvl" | "lvlOverride":
                value = attributes.get("ilvl", "0")
            case "style":
                value = attributes.get("styleId", "")
                self.styles[value] = _Style()
            case _:
                self._note(name, value)
        self._path.append((name, value))

    def end(self, _: str) -> None:
        """An element ends."""
        self._path.pop()

    def label(self, placed: Placed) -> str:
        """The number of the next paragraph so placed, as a reader sees it; empty where it has none."""
        number, level = self._list_of(placed)
        list_ = self.instances.get(number or "")
        levels = self.lists.get(list_ or "", {})
        if list_ is None or level not in levels or levels[level].form == "bullet":
            return ""
        counts = self.counts.setdefault(list_, {})
        restart = self.restarts.get(number or "", {}).pop(level, None)
        counts[level] = restart if restart is not None else counts.get(level, levels[level].start - 1) + 1
        for deeper in [other for other in counts if other > level]:
            del counts[deeper]
        return _SLOT.sub(lambda slot: self._number(levels, counts, int(slot[1]) - 1), levels[level].text)

    def _note(self, name: str, value: str) -> None:
        around = dict(self._path)
        match name:
            case "start" | "numFmt" | "lvlText" if "lvl" in around and "abstractNum" in around:
                level = self.lists[around["abstractNum"]].setdefault(_count(around["lvl"]), _Level())
                if name == "start":
                    level.start = _count(value)
                elif name == "numFmt":
                    level.form = value
                else:
                    level.text = value
            case "pStyle" if "lvl" in around and "abstractNum" in around:
                self.linked[around["abstractNum"], value] = around["lvl"]
            case "abstractNumId" if "num" in around:
                self.instances[around["num"]] = value
            case "startOverride" if "num" in around and "lvlOverride" in around:
                self.restarts.setdefault(around["num"], {})[_count(around["lvlOverride"])] = _count(value)
            case "basedOn" if "style" in around:
                self.styles[around["style"]].based = value
            case "numId" if "style" in around:
                self.styles[around["style"]].number = value
            case "ilvl" if "style" in around:
                self.styles[around["style"]].level = value
            case _:
                pass

    def _list_of(self, placed: Placed) -> tuple[str | None, int]:
        """The list and level of a paragraph: its own, else those of its style or of one that it is based on."""
        number, level = placed.number, placed.level
        name, seen = placed.style, set[str]()
        while name is not None and name in self.styles and name not in seen:
            seen.add(name)
            style = self.styles[name]
            number = number or style.number
            level = level or style.level or self.linked.get((self.instances.get(number or "", ""), name))
            name = style.based
        return number, _count(level or "0")

    @staticmethod
    def _number(levels: Mapping[int, _Level], counts: Mapping[int, int], level: int) -> str:
        declared = levels.get(level, _Level())
        count = counts.get(level, declared.start)
        match declared.form:
            case "none" | "bullet":
                return ""
            case "decimalEnclosedCircle" | "decimalEnclosedCircleChinese" if 1 <= count <= _LAST_CIRCLE:
                return chr(ord("①") + count - 1)
            case form if form in _CHINESE:
                return chinese_numeral(count)
            case _:
                return str(count)


_SLOT = re.compile(r"%([1-9])")
_LAST_CIRCLE = 20
_CHINESE = frozenset({"chineseCounting", "chineseCountingThousand", "ideographDigital", "japaneseCounting",
                      "taiwaneseCounting", "taiwaneseCountingThousand"})  # fmt: skip


def _count(text: str) -> int:
    """A small count as Word writes it; anything else is 0."""
    return int(text) if re.fullmatch("[0-9]{1,4}", text) else 0
