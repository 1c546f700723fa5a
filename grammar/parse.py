"""Reading a rule file: from its text to its tree, or to everything that is wrong with its text."""

from collections import deque
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from grammar.build import Builder
from grammar.build_expressions import MAX_NESTING
from grammar.characters import foreign_letter, unseen_characters
from grammar.diagnostic import Finding, FindingsError, Place, Words, in_order
from grammar.expected import nearest
from grammar.faults import Fault, is_opener
from grammar.keywords import word
from grammar.layout import Line, lay_out
from grammar.lexer import Lexer, Token, language_of
from grammar.reader import Machine, Mark
from grammar.source import Source, Span
from grammar.syntax import Document
from grammar.tables import END

MAX_BYTES = 1 << 20
MAX_LINES = 12_000
MAX_WORDS = 160_000
MAX_STATEMENT = 4_000  # words of one statement
MAX_DEPTH = 8
MAX_FINDINGS = 20
MAX_JOINED = 200  # lines one statement may go on over

_MAX_STACK = 320  # states on the machine's stack; the deepest text that is taken needs fewer
_NEAR = 20  # lines before a misplaced one in which a tab may be to blame
_STEP = 50  # words after which the size of a statement is looked at again
_LOOK_BACK = 4  # moments before a fault that the questions about it may go back to

_BRACKETS = {"LPAR": "RPAR", "LBRACE": "RBRACE"}


def read_source(path: Path, name: str) -> Source:
    """The text of a rule file, called ``name`` in findings: strict UTF-8, with or without BOM, LF or CRLF."""
    if path.stat().st_size > MAX_BYTES:
        raise FindingsError([_too_long(Place(name), "字节", "bytes", path.stat().st_size, MAX_BYTES)])
    raw = path.read_bytes()
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise FindingsError([Finding("P108", Place(name), {"byte": error.start + 1})]) from None
    return Source(name, text.replace("\r\n", "\n"))


def parse(source: Source) -> Document:
    """The tree of a rule file; raises FindingsError with everything that is wrong with its text."""
    start = Span(source, 1, 1, 1, 1)
    size = len(source.text.encode("utf-8", "surrogatepass"))
    if size > MAX_BYTES:
        raise FindingsError([_too_long(start, "字节", "bytes", size, MAX_BYTES)])
    if source.text.count("\n") > MAX_LINES:
        raise FindingsError([_too_long(start, "行", "lines", len(source.lines), MAX_LINES)])
    return _Reading(source).document()


def _too_long(where: Span | Place, zh: str, en: str, size: int, most: int) -> Finding:
    said = {"size": Words(f"{size:,} {zh}", f"{size:,} {en}"), "most": Words(f"{most:,} {zh}", f"{most:,} {en}")}
    return Finding("P101", where, said)


@dataclass(slots=True)
class _Level:
    """A depth of indentation, the statement that opened it and the one it came to last."""

    indent: int
    before_opener: Mark
    last: Line | None
    before_last: Mark
    children_lost: bool = False  # lines under the last statement were left out


class _Reading:
    """One reading of one source; after a fault it goes on with the next statement."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._lines, self._comments = lay_out(source)
        self._language = language_of(self._lines)
        self._lexer = Lexer(self._language)
        self._builder = Builder(source)
        self._machine = Machine(self._builder)
        self._findings: list[Finding] = []
        self._levels: list[_Level] = []
        self._next = 0
        self._words = 0

    def document(self) -> Document:
        """The tree, if nothing is wrong."""
        unseen = list(islice(unseen_characters(self._source), MAX_FINDINGS))
        if not self._lines:
            self._tell(Finding("P102", Span(self._source, 1, 1, 1, 1)))
        else:
            self._read()
        hidden = {found.where.line for found in unseen if isinstance(found.where, Span)}
        told = [*self._findings, *self._builder.findings]
        found = in_order([*unseen, *(f for f in told if not isinstance(f.where, Span) or f.where.line not in hidden)])
        if found:
            raise FindingsError(found[:MAX_FINDINGS])
        at, header, items = self._machine.result()
        return Document(self._language, header, items, tuple(self._comments), at)

    def _read(self) -> None:
        """Every statement, then the end of the text."""
        self._begin()
        while self._next < len(self._lines):
            if len(self._findings) >= MAX_FINDINGS or self._words > MAX_WORDS:
                if self._words > MAX_WORDS:
                    self._tell(Finding("P107", self._first_word(self._lines[self._next]), {"most": MAX_WORDS}))
                return
            line = self._lines[self._next]
            if self._takes_place(line):
                self._statement(line)
        self._mend_block()
        while len(self._levels) > 1:
            self._close()
        self._machine.feed(self._layout(END))

    def _begin(self) -> None:
        """The base of the indentation, and a header even where the text has none."""
        line = self._lines[0]
        if line.indent:
            self._tell(Finding("P121", self._first_word(line)))
        mark = self._machine.mark()
        self._levels.append(_Level(line.indent, mark, None, mark))
        if self._lexer.token(line.number, line.code, line.start, self._machine.admitted) is None:
            words = [word(terminal, 0, self._language) for terminal in self._machine.admitted]
            meant = nearest(self._first_text(line), words)
            self._tell(Finding("P103", self._first_word(line), _did_you_mean(meant) if meant else {}))
            self._pretend_header()
            if not is_opener(line, self._language):
                self._next = 1
                self._skip_deeper(line.indent)

    def _pretend_header(self) -> None:
        """Go on as if a header had been read, so that the rest of the text is looked at too."""
        for terminal in ("SCHEME", "NAME", "STRING", "_NL"):
            self._machine.feed(Token(terminal, "「」", 1, 1, 1))

    def _takes_place(self, line: Line) -> bool:
        """Open or close blocks for a line; False where it is left out because it cannot stand there."""
        level = self._levels[-1]
        if line.indent > level.indent:
            if not self._machine.admits("_INDENT"):
                self._tell(self._too_deep(line))
            elif len(self._levels) > MAX_DEPTH:
                self._tell(Finding("P104", self._first_word(line), {"most": MAX_DEPTH}))
            else:
                self._machine.feed(self._layout("_INDENT"))
                mark = self._machine.mark()
                self._levels.append(_Level(line.indent, level.before_last, None, mark))
                return True
            level.children_lost = True
            self._skip_deeper(level.indent)
            return False
        self._mend_block()
        while line.indent < self._levels[-1].indent and len(self._levels) > 1:
            self._close()
        if line.indent == self._levels[-1].indent:
            return True
        self._tell(self._misplaced(line))
        self._levels[-1].children_lost = True
        self._skip_deeper(self._levels[-1].indent)
        if self._lines[self._next : self._next + 1] == [line]:
            self._next += 1
        return False

    def _mend_block(self) -> None:
        """Where the last statement still needs lines under it, say so and take it back."""
        if list(self._machine.admitted) != ["_INDENT"]:
            return
        level = self._levels[-1]
        if not level.children_lost and level.last is not None:
            self._tell(Finding("P111", self._first_word(level.last), {"word": self._first_text(level.last)}))
        self._machine.back_to(level.before_last)

    def _close(self) -> None:
        """End a block; one that lost all its lines is taken back with what opened it, without a word."""
        level = self._levels.pop()
        if not self._machine.feed(self._layout("_DEDENT")):
            self._machine.back_to(level.before_opener)

    def _too_deep(self, line: Line) -> Finding:
        """A line indented too far; where a tab made it so, the tab is what to mend."""
        return self._misplaced(line) if line.tabbed else Finding("P122", self._first_word(line))

    def _misplaced(self, line: Line) -> Finding:
        depths = "、".join(str(level.indent) for level in self._levels)
        tabbed = any(near.tabbed for near in self._lines[max(0, self._next - _NEAR) : self._next + 1])
        return Finding("P124" if tabbed else "P123", self._first_word(line), {"found": line.indent, "depths": depths})

    def _skip_deeper(self, indent: int) -> None:
        while self._next < len(self._lines) and self._lines[self._next].indent > indent:
            self._next += 1

    def _statement(self, line: Line) -> None:
        """Read one statement, or tell what is wrong with it and leave it out with the lines under it."""
        level = self._levels[-1]
        if len(self._levels) == 1:
            self._builder.end_item()
        mark = self._machine.mark()
        level.last, level.before_last, level.children_lost = line, mark, False
        fault = self._read_words(mark)
        if fault is None:
            return
        from grammar.mistakes import explained

        finding = explained(fault)
        self._tell(finding)
        if isinstance(finding.where, Span):
            self._go_on_after(finding.where.line)
        self._machine.back_to(mark)
        if len(mark.states) == 1:
            self._pretend_header()
        self._skip_deeper(line.indent)

    def _read_words(self, mark: Mark) -> Fault | None:
        """Feed the words of a statement, over as many lines as it has; the fault that stops it, if any."""
        trail: list[Token] = []
        open_: list[Token] = []
        first = self._next
        while True:
            line = self._lines[self._next]
            if open_ and self._next > first and (is_opener(line, self._language) or self._next - first > MAX_JOINED):
                return self._fault(mark, trail, open_)
            self._next += 1
            fault = self._read_line(line, mark, trail, open_)
            if fault is not None:
                return fault
            goes_on = bool(open_) or (bool(trail) and trail[-1].terminal == "SEP")
            if not goes_on or self._next == len(self._lines):
                break
        end = self._layout("_NL", trail[-1])
        if open_ or not self._machine.feed(end):
            return self._fault(mark, trail, open_)
        return None

    def _read_line(self, line: Line, mark: Mark, trail: list[Token], open_: list[Token]) -> Fault | None:
        code, at = line.code, line.start
        machine, lexer = self._machine, self._lexer
        while at < len(code):
            if code[at] in " \t":
                at += 1
                continue
            token = lexer.token(line.number, code, at, machine.admitted)
            if token is None or (len(trail) % _STEP == 0 and self._too_big(trail)) or not machine.feed(token):
                return self._fault(mark, trail, open_, line, at)
            self._words += 1
            trail.append(token)
            if token.terminal == "NAME" and (foreign := foreign_letter(token.text, self._builder.span(token))):
                self._tell(foreign)
            if token.terminal in _BRACKETS:
                open_.append(token)
            elif open_ and token.terminal == _BRACKETS[open_[-1].terminal]:
                open_.pop()
            at = token.end_column - 1
        return None

    def _fault(
        self, mark: Mark, trail: list[Token], open_: list[Token], line: Line | None = None, at: int = 0
    ) -> Fault:
        """What is known where reading stopped."""
        self._machine.back_to(mark)
        states = deque([self._machine.mark().states], maxlen=_LOOK_BACK)
        for token in trail:
            self._machine.feed(token)
            states.append(self._machine.mark().states)
        first = self._levels[-1].last
        lines = [each for each in self._lines[: self._next] if first and each.number >= first.number]
        return Fault(self._source, self._language, lines, trail, states, open_, line, at, self._too_big(trail))

    def _too_big(self, trail: list[Token]) -> tuple[str, int] | None:
        """The code and the limit of a statement that is nested too deep or goes on too long."""
        if self._machine.depth > _MAX_STACK:
            return "P105", MAX_NESTING
        return ("P113", MAX_STATEMENT) if len(trail) >= MAX_STATEMENT else None

    def _go_on_after(self, number: int) -> None:
        """Go on after the line of a finding, leaving out the lines it goes on over."""
        while self._lines[self._next - 1].number > number:
            self._next -= 1
        while self._next < len(self._lines) and self._lines[self._next - 1].code.endswith((",", "、")):
            if is_opener(self._lines[self._next], self._language):
                return
            self._next += 1

    def _tell(self, finding: Finding) -> None:
        self._findings.append(finding)

    def _layout(self, terminal: str, after: Token | None = None) -> Token:
        """A word that is not in the text: the end of a line, the beginning or end of a block."""
        line, column = (after.line, after.end_column) if after else self._machine.end
        return Token(terminal, "", line, column, column)

    def _first_word(self, line: Line) -> Span:
        end = line.start + max(1, len(self._first_text(line)))
        return Span(self._source, line.number, line.start + 1, line.number, end + 1)

    def _first_text(self, line: Line) -> str:
        return line.code[line.start :].split(maxsplit=1)[0]


def _did_you_mean(word: str) -> dict[str, object]:
    return {"suggestion": Words(f"是不是 `{word}`？", f"did you mean `{word}`?")}
