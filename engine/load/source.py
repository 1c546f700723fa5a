"""The index of a document's clauses beside a policy: locators, own-words summaries, what each does and leaves open."""

from collections import abc
from collections.abc import Collection
from dataclasses import field, replace
from itertools import zip_longest
from pathlib import Path

from engine.load.text import read_beside
from engine.load.yaml_text import Mapping, Node, Scalar, Sequence, read_tree
from engine.nouns.suggest import nearest
from grammar.diagnostic import Finding, FindingsError, Words
from grammar.frozen import dataclass

SOURCE = "source.yaml"
ENGLISH = "source.en.yaml"
ROLES = ("计算", "校验", "准入", "仅作要求")


@dataclass(frozen=True, slots=True)
class Clause:
    """A clause: where it stands, what it says in our own words, what it does, what it leaves open.

    ``rows`` are the rows of the project's own catalogue of rules; ``later`` says why a rule is not encoded yet;
    ``digest`` is that of its text, empty where nobody took it; ``english`` and ``open_english`` say the summary and what
    is open in English, empty where nobody wrote it.
    """

    locator: str
    summary: str
    roles: tuple[str, ...]
    rows: tuple[str, ...]
    open: tuple[str, ...]
    later: str
    digest: str = ""
    english: str = ""
    open_english: tuple[str, ...] = ()

    @property
    def says(self) -> Words:
        """Its summary in both languages; empty where nobody wrote it."""
        return Words(self.summary, self.english)

    @property
    def leaves_open(self) -> tuple[Words, ...]:
        """What it leaves open, item by item, in both languages; empty where nobody wrote it."""
        return tuple(Words(zh, en) for zh, en in zip_longest(self.open, self.open_english, fillvalue=""))


@dataclass(frozen=True, slots=True)
class SourceIndex:
    """A document as the project knows it: its title, number and status, and every clause.

    ``base`` says whether budgets go by institutions or by heads, with its clause; empty where the text does not say.
    """

    title: str
    number: str
    status: str
    clauses: tuple[Clause, ...]
    base: str = ""
    base_clause: str = ""


def read_index(folder: Path, shown: str) -> SourceIndex | None:
    """The clause index beside a policy; None where there is none. Raises FindingsError where its shape is wrong."""
    path = folder / SOURCE
    if not path.is_file():
        return None
    name = f"{shown}/{SOURCE}"
    shape = _Shape()
    index = shape.index(read_tree(read_beside(path, name), name))
    if not shape.findings and (folder / ENGLISH).is_file():
        beside = f"{shown}/{ENGLISH}"
        index = shape.with_english(index, read_tree(read_beside(folder / ENGLISH, beside), beside))
    if shape.findings:
        raise FindingsError(shape.findings)
    return index


@dataclass(slots=True)
class _Shape:
    """The index as it is read from its tree; whatever has another shape is a finding."""

    findings: list[Finding] = field(default_factory=list)

    def index(self, tree: Node) -> SourceIndex:
        whole = self._entries(tree, (), _WHOLE, _WHOLE)
        document = self._entries(whole.get("文件"), ("文件",), _DOCUMENT, None)
        clauses = whole.get("条款", Sequence((), tree.place))
        if not isinstance(clauses, Sequence):
            self._wrong(clauses, ("条款",))
            clauses = Sequence((), tree.place)
        return SourceIndex(
            self._text(document, "名称", ("文件",)),
            self._text(document, "文号", ("文件",)),
            self._text(document, "状态", ("文件",)),
            tuple(self._clause(node, ("条款", str(number))) for number, node in enumerate(clauses.items, start=1)),
            self._text(document, "预算口径", ("文件",)),
            self._text(document, "口径依据", ("文件",)),
        )

    def with_english(self, index: SourceIndex, tree: Node) -> SourceIndex:
        """The index with the English of its clauses: every locator is one of its own, and what is open is said item for item."""
        said = self._entries(tree, (), (), [clause.locator for clause in index.clauses])
        clauses = []
        for clause in index.clauses:
            node = said.get(clause.locator)
            entries = self._entries(node, (clause.locator,), ("summary",), ("summary", "open"))
            items = self._texts(entries, "open", (clause.locator,))
            if node is not None and len(items) != len(clause.open):
                counts = {"name": clause.locator, "said": str(len(items)), "count": str(len(clause.open))}
                self.findings.append(Finding("L112", node.place, counts))
            clauses.append(
                replace(clause, english=self._text(entries, "summary", (clause.locator,)), open_english=items)
            )
        return replace(index, clauses=tuple(clauses))

    def _clause(self, node: Node, where: tuple[str, ...]) -> Clause:
        entries = self._entries(node, where, _CLAUSE, _CLAUSE_MAY)
        locator, roles = self._text(entries, "条", where), self._texts(entries, "作用", where)
        if "作用" in entries and (not roles or not set(roles) <= set(ROLES)):
            self.findings.append(Finding("L111", entries["作用"].place, {"name": locator, "roles": "、".join(ROLES)}))
        return Clause(
            locator,
            self._text(entries, "摘要", where),
            roles,
            self._texts(entries, "规则", where),
            self._texts(entries, "未定", where),
            self._text(entries, "缓办", where),
            self._text(entries, "指纹", where),
        )

    def _entries(
        self, node: Node | None, where: tuple[str, ...], needed: Collection[str], known: Collection[str] | None
    ) -> abc.Mapping[str, Node]:
        """The entries of a mapping that has all it needs, and no key that is not known (None: any may stand there)."""
        if node is None:
            return {}
        if not isinstance(node, Mapping):
            self._wrong(node, where)
            return {}
        unknown = [key for key in node.keys if known is not None and key not in known]
        for key in needed:
            # A key with a slip in it is told as such, not as missing too.
            if key not in node.entries and not nearest(key, unknown):
                self._wrong(node, (*where, key))
        for key, place in node.keys.items():
            if known is not None and key not in known:
                near = nearest(key, [each for each in known if each not in node.entries])
                self.findings.append(Finding("L110", place, {"where": " → ".join((*where, key)), **near}))
        return node.entries

    def _text(self, entries: abc.Mapping[str, Node], key: str, where: tuple[str, ...]) -> str:
        node = entries.get(key)
        if isinstance(node, Scalar):
            return node.text
        if node is not None:
            self._wrong(node, (*where, key))
        return ""

    def _texts(self, entries: abc.Mapping[str, Node], key: str, where: tuple[str, ...]) -> tuple[str, ...]:
        node = entries.get(key)
        if node is None:
            return ()
        if isinstance(node, Sequence) and all(isinstance(item, Scalar) for item in node.items):
            return tuple(item.text for item in node.items if isinstance(item, Scalar))
        self._wrong(node, (*where, key))
        return ()

    def _wrong(self, node: Node, where: tuple[str, ...]) -> None:
        self.findings.append(Finding("L110", node.place, {"where": " → ".join(where)}))


_WHOLE = ("文件", "条款")
_DOCUMENT = ("名称",)
_CLAUSE = ("条", "摘要", "作用")
_CLAUSE_MAY = (*_CLAUSE, "规则", "未定", "缓办", "指纹")
