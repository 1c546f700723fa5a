"""The clauses of a document by their Chinese numbering: 一、 （一） 1. （1） ① and 一是…二是… within a paragraph.

The kind of a number gives its level, whatever heading or list Markdown or Word makes of it. A locator is the numbers
from the outermost in, as ``五(四)④``; a number used twice under the same parent is marked ``〔第二处〕``. Beside these:
``首段`` (what stands between the title and the first number), ``末段`` (the closing paragraph on when the document takes
effect), ``印发通知`` (the notice that issues it), ``附件1`` (annexes, whole).
"""

import itertools
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import field
from unicodedata import normalize

from engine.load.document import Line
from engine.load.folded import folded, plain_radicals
from engine.load.numerals import chinese_numeral, numeral_value
from grammar.frozen import dataclass

NOTICE, FIRST, LAST = "印发通知", "首段", "末段"


@dataclass(frozen=True, slots=True)
class FoundClause:
    """A numbered place of a document: its heading, its own words up to the next number, and where it stands.

    ``label`` is the number as written; ``parent`` is the place in the list of the clause around it.
    """

    locator: str
    label: str
    heading: str
    words: str
    line: int
    parent: int | None

    @property
    def own(self) -> str:
        """Heading and words."""
        return f"{self.heading}\n{self.words}" if self.heading and self.words else self.heading or self.words

    @property
    def is_structure(self) -> bool:
        """Whether it holds no more than a heading, on a line of its own or run into the line as one short sentence."""
        return not self.words or (not self.heading and bool(_RUN_IN_HEADING.fullmatch(self.words)))


def clauses_of(lines: Sequence[Line], title: str = "") -> tuple[FoundClause, ...]:
    """The clauses of a document in order; none where nothing is numbered. The title shows where an issuing notice ends."""
    plain = _plain_lines(lines)
    begin = _after_title(plain, title)
    first = _first_section(plain, begin)
    if first is None:
        return ()
    reader = _Reader()
    reader.read(plain[first:])
    return tuple(reader.clauses(_before(plain[:begin], plain[begin:first])))


def has_title(lines: Sequence[Line], title: str) -> bool:
    """Whether the document bears the title: on lines of its own, or within one."""
    wanted = folded(title)
    return bool(wanted) and wanted in folded("".join(line.text for line in lines))


# ---- lines


def _plain_lines(lines: Iterable[Line]) -> list[Line]:
    """The lines without marks of Markdown, page numbers and lines of a table of contents."""
    found = []
    for line in lines:
        text = plain_radicals(normalize("NFC", line.text)).replace("\u3000", " ")
        text = _MARKS.sub("", _HEAD_MARKS.sub("", text)).strip()
        if text and not (len(text) <= _LONGEST_FURNITURE and _FURNITURE.fullmatch(text)):
            found.append(Line(text, line.number))
    return found


_HEAD_MARKS = re.compile(r"^\s*(?:>\s*)*(?:#{1,6}\s+|[-+]\s+(?=\S*\w))?")
_MARKS = re.compile(r"\*+|\\(?=[.*#_()\[\]-])|`+")
_LONGEST_FURNITURE = 200
# A page number alone, or a heading with the page where it stands.
_FURNITURE = re.compile(
    r"[-—–\s·]*(?:第\s*)?[0-9]{1,4}(?:\s*页.*)?[-—–\s·]*|.*(?:…{2,}|\.{4,}|·{4,}|\t)\s*[0-9]{1,4}|[-—_=\s]+"
)


@dataclass(frozen=True, slots=True)
class _Mark:
    """A number at the head of a line: its level, its value, how a locator writes it, the number and the rest as written."""

    rank: int
    value: int
    locator: str
    label: str
    rest: str


_NUMERALS = "[一二三四五六七八九十]{1,3}"
_SHAPES = (
    # «二、三级» opens a line where a list of ranks was broken in two; it is no number of a clause.
    (1, re.compile(rf"({_NUMERALS})\s*[、.．](?!{_NUMERALS}[、级类等])\s*")),
    (2, re.compile(rf"[(（]\s*({_NUMERALS})\s*[)）][、.．]?\s*")),
    (3, re.compile(r"([0-9０-９]{1,2})\s*[.．、](?![0-9０-９])\s*")),
    (4, re.compile(r"[(（]\s*([0-9０-９]{1,2})\s*[)）][、.．]?\s*")),
    (5, re.compile(r"([①-⑳])[、.．]?\s*")),
)
_FORMS = {1: "{}", 2: "({})", 3: "{}", 4: "({})", 5: "{}"}
_ONE_SIGN = re.compile("[⑴-⒛㈠-㈩]")


def _mark(text: str) -> _Mark | None:
    # ⒈, ⑴ and ㈠ are one sign each for what others write as 1. and (1) and (一).
    spelled = normalize("NFKC", text[0]) + text[1:] if _ONE_SIGN.match(text) else text
    for rank, shape in _SHAPES:
        match = shape.match(spelled)
        if match is None:
            continue
        number = normalize("NFKC", match[1])
        value = numeral_value(number)
        if value:
            return _Mark(rank, value, _FORMS[rank].format(match[1] if rank == _CIRCLED else number),
                         match[0].strip(), spelled[match.end() :])  # fmt: skip
    return None


_CIRCLED = 5


def _ended(text: str) -> bool:
    return text.endswith(_ENDS)


_ENDS = ("。", "！", "？", "；", "：", "!", "?", ";", ":", "”", "）", ")", "》", "…")


# ---- before the first number


def _after_title(lines: Sequence[Line], title: str) -> int:
    """Where the document itself begins: after its title, the last one that a section 一、 follows; 0 where it has none."""
    wanted = folded(title)
    last_start = max((at for at, line in enumerate(lines) if (mark := _mark(line.text)) and mark.value == 1), default=0)
    pieces = [folded(line.text) for line in lines[:last_start]] if wanted else []
    begin = 0
    for at, piece in enumerate(pieces):
        if piece and wanted.startswith(piece):
            for end in range(at + 1, min(at + _TITLE_LINES, last_start) + 1):
                if "".join(pieces[at:end]) == wanted:
                    begin = end
    return begin


_TITLE_LINES = 4


def _first_section(lines: Sequence[Line], begin: int) -> int | None:
    """The first line numbered one, of the outermost kind of number that there is."""
    for rank, _ in _SHAPES:
        for at in range(begin, len(lines)):
            mark = _mark(lines[at].text)
            if mark is not None and (mark.rank, mark.value) == (rank, 1):
                return at
    return None


def _before(notice: Sequence[Line], preamble: Sequence[Line]) -> Iterator[FoundClause]:
    """The issuing notice before the title, and the paragraphs between the title and the first number."""
    issued = _sentences(notice)
    if issued and any("印发" in line.text for line in issued):
        yield _unnumbered(NOTICE, issued)
    opening = _sentences(preamble)
    if opening:
        yield _unnumbered(FIRST, opening)


def _sentences(lines: Sequence[Line]) -> list[Line]:
    """The paragraphs that are sentences: not a title, a number, a date, a signature or whom it is sent to."""
    return [
        line
        for line in _paragraphs(lines)
        if line.text.endswith(("。", "：", ":"))
        and len(line.text) >= _SHORTEST_SENTENCE
        and not _SENT_TO.match(line.text)
    ]


_SHORTEST_SENTENCE = 12
_SENT_TO = re.compile(r"(?:各|全)[^。]*[：:]$")


def _unnumbered(locator: str, lines: Sequence[Line]) -> FoundClause:
    return FoundClause(locator, "", "", "\n".join(line.text for line in lines), lines[0].number, None)


def _paragraphs(lines: Iterable[Line]) -> list[Line]:
    """The lines with those put together that a page or a screen broke in the midst of a sentence."""
    found: list[list[Line]] = []
    for line in lines:
        if found and _breaks_off(found[-1][-1].text):
            found[-1].append(line)
        else:
            found.append([line])
    return [Line("".join(line.text for line in broken), broken[0].number) for broken in found]


def _breaks_off(text: str) -> bool:
    """Whether a sentence goes on after the line: it has no end, and is none of the short lines that need none."""
    return not _ended(text) and (len(text) >= _LONG_LINE or any(stop in text for stop in "，。；"))


_LONG_LINE = 40


# ---- the numbered part


@dataclass(slots=True)
class _Node:
    """A numbered place being read."""

    mark: _Mark
    locator: str
    parent: "_Node | None"
    lines: list[Line]
    line: int
    last: dict[int, int] = field(default_factory=dict)


@dataclass(slots=True)
class _Reader:
    """One passage over the numbered part, giving each line to the number it stands under."""

    nodes: list[_Node] = field(default_factory=list)
    open: list[_Node] = field(default_factory=list)
    tops: dict[int, int] = field(default_factory=dict)
    times: dict[str, int] = field(default_factory=dict)
    annexes: list[tuple[str, list[Line]]] = field(default_factory=list)

    def read(self, lines: Sequence[Line]) -> None:
        main, self.annexes = _without_annexes(lines)
        previous = ""
        for line in _without_signature(main):
            mark = _mark(line.text)
            if mark is not None and self._opens(mark, previous):
                self._open(mark, line)
            else:
                self.open[-1].lines.append(line)
            previous = line.text

    def clauses(self, before: Iterable[FoundClause]) -> list[FoundClause]:
        """All clauses in order, those found before the numbered part first."""
        closing = self._closing()
        found = list(before)
        places: dict[int, int] = {}
        for node in self.nodes:
            places[id(node)] = len(found)
            parent = places[id(node.parent)] if node.parent is not None else None
            found.extend(_written(node, parent, len(found)))
        if closing:
            found.append(_unnumbered(LAST, closing))
        for locator, lines in self.annexes:
            words = _paragraphs(lines)
            if words:
                found.append(_unnumbered(self._told(locator), words))
        return found

    def _opens(self, mark: _Mark, previous: str) -> bool:
        """Whether a number opens a clause: it follows the one before it, or the line before it has come to an end.

        What looks like a number and does neither is the rest of a sentence that a page broke.
        """
        if not self.nodes:
            return True
        _, last = self._around(mark.rank)
        before = _mark(previous)
        heading = before is not None and not any(stop in previous for stop in "，。；")
        return mark.value == last.get(mark.rank, 0) + 1 or _ended(previous) or heading

    def _around(self, rank: int) -> tuple[_Node | None, dict[int, int]]:
        """The clause that a number of this rank stands in, and the last number of each rank in it."""
        for node in reversed(self.open):
            if node.mark.rank < rank:
                return node, node.last
        return None, self.tops

    def _open(self, mark: _Mark, line: Line) -> None:
        parent, last = self._around(mark.rank)
        last[mark.rank] = mark.value
        locator = self._told((parent.locator if parent else "") + mark.locator)
        node = _Node(mark, locator, parent, [Line(mark.rest, line.number)] if mark.rest else [], line.number)
        self.open = [*itertools.takewhile(lambda one: one.mark.rank < mark.rank, self.open), node]
        self.nodes.append(node)

    def _told(self, locator: str) -> str:
        self.times[locator] = self.times.get(locator, 0) + 1
        times = self.times[locator]
        return locator if times == 1 else f"{locator}〔第{chinese_numeral(times)}处〕"

    def _closing(self) -> list[Line]:
        """The closing paragraphs, taken from the last clause; they stand after words of its own."""
        lines = self.nodes[-1].lines
        for at in range(1, len(lines)):
            if _CLOSING.match(lines[at].text) and _ended(lines[at - 1].text):
                self.nodes[-1].lines = lines[:at]
                return _paragraphs(lines[at:])
        return []


_CLOSING = re.compile(
    r"[本该此][^，。；]{0,12}(?:方案|办法|细则|通知|意见|规定|规程|制度|决定|文件|规则|标准)[^，。；]{0,16}(?:自|由|从|有效期|试行期|未尽)|"
    r"[自从][^，。；]{1,25}起(?:施行|执行|实施|生效)|特此|(?:以前|此前|以往|过去|原)[^。；]{0,40}(?:为准|废止)"
)


def _without_annexes(lines: Sequence[Line]) -> tuple[list[Line], list[tuple[str, list[Line]]]]:
    """The lines up to the first annex, and each annex with its own; what stands below the text on a site is in neither."""
    cut = next((at for at, line in enumerate(lines) if at and _BELOW.match(line.text)), len(lines))
    main: list[Line] = []
    annexes: list[tuple[str, list[Line]]] = []
    for line in lines[:cut]:
        head = _ANNEX.fullmatch(line.text)
        if head is not None:
            annexes.append((f"附件{head[1] or ''}", []))
        else:
            (annexes[-1][1] if annexes else main).append(line)
    return main, annexes


_ANNEX = re.compile(rf"附\s*件\s*([0-9]{{1,2}}|{_NUMERALS})?\s*[：:]?")


def _without_signature(lines: Sequence[Line]) -> list[Line]:
    """The lines up to where the text ends: without the list of annexes, the signature and the date."""
    listed = next((at for at, line in enumerate(lines) if at and _LISTS_ANNEXES.match(line.text)), len(lines))
    # Below such a list no sentence follows; where one does, the line belongs to a clause.
    kept = list(lines[:listed] if not any(line.text.endswith("。") for line in lines[listed:]) else lines)
    while len(kept) > 1 and _is_signature(kept[-1].text):
        kept.pop()
    return kept


def _is_signature(text: str) -> bool:
    """Whether a line names who signs or when, or stands in brackets below: ``（此件公开发布）``."""
    if len(text) > _LONGEST_SIGNATURE:
        return False
    return bool(_DATE.fullmatch(text) or _IN_BRACKETS.fullmatch(text)) or all(
        _BODY.fullmatch(name) or _DATE.fullmatch(name) for name in text.split()
    )


_LISTS_ANNEXES = re.compile(rf"附\s*件\s*(?:[0-9]{{1,2}}|{_NUMERALS})?\s*[：:.、]")
_BELOW = re.compile(
    r"[\[【（(]?\s*(?:原文链接|查看原文|阅读原文|(?:信息)?来源[:：]|免责声明|版权声明|相关(?:链接|阅读|文章|附件|新闻)|上一[篇条][:：]|下一[篇条][:：]|"
    r"责任编辑|编辑[:：]|扫一扫|分享到|打印本页|关闭窗口|返回顶部|主办单位?[:：]|版权所有|抄送[:：]|[-—=_*·\s]{3,}分[隔割]线)"
)
_LONGEST_SIGNATURE = 100
_DATE = re.compile(r"(?:[0-9]{4}|[一二三四五六七八九〇零○O]{4})\s*年\s*\w{1,3}\s*月\s*\w{1,3}\s*日")
_IN_BRACKETS = re.compile("[（(].{0,20}[)）]")
_BODY = re.compile("[\u4e00-\u9fff（）()]{2,30}(?:局|委员会|委|政府|办公室|厅|部|中心)")


def _written(node: _Node, parent: int | None, place: int) -> Iterator[FoundClause]:
    """A clause, and those that it lists within its words as 一是…二是…."""
    lines = node.lines
    heading = ""
    if (
        lines
        and len(lines[0].text) <= _LONGEST_HEADING
        and not _STOPS.search(lines[0].text)
        and lines[0].number == node.line
    ):
        heading, lines = lines[0].text, lines[1:]
    words = "\n".join(line.text for line in _paragraphs(lines))
    parts = _listed(words)
    lead = words[: parts[0][1]].rstrip() if parts else words
    yield FoundClause(node.locator, node.mark.label, heading, lead, node.line, parent)
    ends = [begin for _, begin, _ in parts[1:]] + [len(words)]
    for (number, _, start), end in zip(parts, ends, strict=False):
        locator = node.locator + chinese_numeral(number)
        yield FoundClause(locator, f"{chinese_numeral(number)}是", "", words[start:end].strip(), node.line, place)


_LONGEST_HEADING = 60
_STOPS = re.compile("[，。；：！？,;:!?]")
_RUN_IN_HEADING = re.compile("[^。；！？]{1,40}[。：]")
_ITEM = re.compile(rf"(?:^|(?<=[。；：，;:,\n]))\s*({_NUMERALS})是")


def _listed(words: str) -> list[tuple[int, int, int]]:
    """Where 一是, 二是 … stand in order, at least two of them: the number, where it begins, where its words begin."""
    found: list[tuple[int, int, int]] = []
    for item in _ITEM.finditer(words):
        if numeral_value(item[1]) == len(found) + 1:
            found.append((len(found) + 1, item.start(1), item.end()))
    return found if len(found) > 1 else []
