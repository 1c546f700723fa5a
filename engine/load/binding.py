"""What binding knows and has told so far: the words data may use, findings with their places, rows by kind."""

from dataclasses import field

from engine.load.tables import RawData
from engine.nouns.core import Scheme
from engine.nouns.dataset import DataRow
from grammar.diagnostic import Finding, Place, in_order
from grammar.frozen import dataclass

COUNTY = "县"
START, END = "起始日期", "终止日期"
TOLD_AT_MOST = 1000
# What a row lacks because it could not be read as written was told already.
_LACKING = frozenset({"D072", "D073", "D074", "D075", "D076"})
_SHOWN = 60


@dataclass(slots=True)
class Binding:
    """What is known so far; ``wrong_heads`` are single values that were given and could not be taken."""

    scheme: Scheme
    raw: RawData
    errors: list[Finding] = field(default_factory=list)
    others: list[Finding] = field(default_factory=list)
    untold: int = 0
    rows: dict[str, list[DataRow]] = field(default_factory=dict)
    words: dict[str, str] = field(default_factory=dict)
    wrong_heads: set[str] = field(default_factory=set)
    faulty_rows: frozenset[object] = frozenset()

    def tell(self, code: str, place: Place | None, /, **values: object) -> None:
        """Keep a finding; of more than anybody reads only the number is kept, of errors and of the rest apart."""
        if code in _LACKING and place is not None and not self.faulty_rows.isdisjoint((spot(place), line_of(place))):
            return
        finding = Finding(code, place, {name: short(value) for name, value in values.items()})
        kept = self.errors if finding.severity == "error" else self.others
        if len(kept) < TOLD_AT_MOST:
            kept.append(finding)
        else:
            self.untold += 1

    def mark(self) -> tuple[int, int, int]:
        """How much has been told up to here."""
        return len(self.errors), len(self.others), self.untold

    def told_since(self, mark: tuple[int, int, int]) -> int:
        """How many findings there are since a mark."""
        return len(self.errors) + len(self.others) + self.untold - sum(mark)

    def back_to(self, mark: tuple[int, int, int]) -> None:
        """Take back what was told since a mark."""
        del self.errors[mark[0] :]
        del self.others[mark[1] :]
        self.untold = mark[2]

    def findings(self) -> list[Finding]:
        """Everything told, in order."""
        rest = [Finding("D043", None, {"count": self.untold})] if self.untold else []
        return [*in_order([*self.raw.findings, *self.errors, *self.others]), *rest]


def words_of(scheme: Scheme) -> dict[str, str]:
    """Every word the data may use for a name: the name, its id, the document's own words for it."""
    words: dict[str, str] = {}
    names = [*scheme.tables, *scheme.parameters, *(n for _, n in scheme.inputs), *(n for _, n in scheme.figures)]
    for name in names:
        words[name] = name
        for word in (*scheme.labels.called.get(name, ()), *scheme.labels.also.get(name, ())):
            words.setdefault(word, name)
    for (table, name), identifier in scheme.labels.ids.items():
        if table is None:
            words.setdefault(identifier, name)
    return words


def is_dated(scheme: Scheme, table: str) -> bool:
    """Whether rows of a kind hold from a day to a day (memberships) rather than for a year."""
    return (table, START) in scheme.inputs and scheme.tables[table].grain == "year"


def county_name(scheme: Scheme) -> str:
    """What the county is called where its row does not say."""
    return scheme.region.split()[-1] if scheme.region else COUNTY


def spot(place: Place) -> object:
    """The row a place lies in."""
    return (place.file, place.sheet, place.row)


def line_of(place: Place) -> object:
    """The line a place lies in, for what a text breaks on knows no row; in a workbook there are only rows."""
    return (place.file, place.line) if place.line is not None else spot(place)


def short(value: object) -> object:
    """A text as a finding shows it: the beginning of what is long."""
    return f"{value[:_SHOWN]}…" if isinstance(value, str) and len(value) > 2 * _SHOWN else value


def where(place: Place) -> str:
    """The line or row of another place, as a finding names it."""
    return str(place.line if place.line is not None else place.row or "—")
