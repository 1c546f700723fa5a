"""A notice of settlement to one unit: paragraphs in the order a bureau writes them, a table, and the main figures explained."""

from collections.abc import Iterator, Mapping
from fractions import Fraction

from engine.explain.capitals import capitals
from engine.explain.clauses import locator_text
from engine.explain.explain import Explainer
from engine.explain.explanation import Explanation
from engine.explain.headline import sign_of
from engine.explain.templating import words
from engine.nouns import kinds as k
from engine.nouns.numbers import grouped, money_text, ratio_text
from engine.nouns.possible import is_point
from engine.nouns.settlement import FigureResult
from engine.nouns.world import Row
from grammar.diagnostic import Language
from grammar.frozen import dataclass


@dataclass(frozen=True, slots=True)
class NoticeRow:
    """A line of the table: what, how much, by which clauses, with which mark."""

    item: str
    amount: str
    clauses: str
    remark: str


@dataclass(frozen=True, slots=True)
class Notice:
    """A notice of one unit, insurance type and year."""

    title: str
    salutation: str
    paragraphs: tuple[str, ...]
    table_title: str
    columns: tuple[str, ...]
    rows: tuple[NoticeRow, ...]
    signatures: tuple[str, ...]
    explained_title: str
    explanations: tuple[Explanation, ...]


@dataclass(frozen=True, slots=True)
class NoticeTerms:
    """What a bureau adds of its own: the days for objections and whom to ask; empty to be filled in by hand."""

    days: str = ""
    contact: str = ""


def notice(whole: Explainer, row: Row, language: Language, terms: NoticeTerms) -> Notice:
    """The notice for a unit's row of a year."""
    return _Notice(whole, row, language, terms).made()


_MAIN = ("retained", "carried", "fund_share", "provider_share", "final_due")
_HANDLED = ("retained", "carried", "agency_retained", "fund_share", "provider_share")
_TABLE_INPUTS = ("年度总额预算", "预算调整额", "年度清算总额", "违规扣款", "已拨付")


class _Notice:
    def __init__(self, whole: Explainer, row: Row, language: Language, terms: NoticeTerms) -> None:
        self.whole, self.row, self.language, self.terms = whole, row, language, terms
        self.settlement = whole.background.settlement
        mine = [r for r in self.settlement.figures if r.row is row]
        self.figures: Mapping[str, FigureResult] = {r.id: r for r in mine}
        self.scheme = mine[0].pipeline.scheme if mine else self.settlement.scheme

    def made(self) -> Notice:
        words_ = self._say
        main = [self.figures[i] for i in _MAIN if i in self.figures and not self._is_nothing(self.figures[i])]
        return Notice(
            title=words_("title", str(self.row.period.year)),
            salutation=words_("salutation", self.row.unit),
            paragraphs=tuple(p for p in self._paragraphs() if p),
            table_title=words_("table"),
            columns=tuple(words_("columns").split("|")),
            rows=tuple(self._rows()),
            signatures=(words_("signature"), words_("confirmed")),
            explained_title=words_("explained"),
            explanations=tuple(self.whole.explain(r, self.language) for r in main),
        )

    def _paragraphs(self) -> Iterator[str]:
        insurance = self.row.insurance or ""
        if insurance:
            insurance = f"{insurance}医保" if self.language == "zh" else _INSURANCES.get(insurance, insurance)
        clauses = self._locators(self.figures["balance"].citations) if "balance" in self.figures else ""
        status = self._status()
        yield self._say("basis", self.scheme.title, status, clauses, str(self.row.period.year), insurance)
        if self.row.refused:
            yield self._say("refused", "")
        else:
            yield self._say("result", list(self._result()))
            handled = list(self._handled())
            yield self._say("handled", handled) if handled else ""
            yield self._say("money", list(self._money()))
        yield self._say("rest", list(self._rest()))
        yield self._say("objection", self.terms.days, self.terms.contact)

    def _result(self) -> Iterator[str]:
        for name in ("年度总额预算", "年度清算总额"):
            value = self.row.columns.get(name)
            if value is not None and isinstance(value.now, int):
                yield self._say("amount", self._name(name), self._figures(value.now), capitals(value.now))
        for identifier in ("adjusted_budget", "surplus", "overspend"):
            result = self.figures.get(identifier)
            if (
                result is None
                or not isinstance(result.value.now, int)
                or (identifier != "adjusted_budget" and not result.value.now)
            ):
                continue
            if identifier == "adjusted_budget" and result.value.now == self._column("年度总额预算"):
                continue
            now = result.value.now
            yield self._say("amount", self._name(result.name), self._figures(now), capitals(now))
            base = self._column("调整后预算")
            if identifier != "adjusted_budget" and base:
                rate = self._name(result.name) + ("率" if self.language == "zh" else " rate")
                yield self._say("rate", rate, self._percent(Fraction(now, base)))

    def _handled(self) -> Iterator[str]:
        for identifier in _HANDLED:
            result = self.figures.get(identifier)
            if result is not None and not self._is_nothing(result):
                yield self._told(result)

    def _money(self) -> Iterator[str]:
        for name in ("已拨付", "保证金扣留", "保证金返还", "违规扣款", "资金池结余份额", "资金池超支份额"):
            value = self.row.columns.get(name)
            if value is None or value.is_absent or not is_point(value.now) or value.now == 0:
                continue
            assert isinstance(value.now, int)
            result = next((r for r in self.figures.values() if r.name == name), None)
            assumed = self._assumed(result) if result is not None else ""
            yield self._say("by", "", self._name(name), self._figures(value.now), assumed)
        due = self.figures.get("final_due")
        if due is None:
            return
        if not isinstance(due.value.now, int):
            yield self._open(due)
            return
        now = due.value.now
        sign = sign_of(now)
        yield self._say(
            "due",
            self._name(due.name),
            self._figures(abs(now)),
            capitals(abs(now)) if now else "",
            sign,
            self._assumed(due),
        )

    def _told(self, result: FigureResult) -> str:
        if not isinstance(result.value.now, int):
            return self._open(result)
        return self._say(
            "by",
            self._locators(result.citations),
            self._name(result.name),
            self._figures(result.value.now),
            self._assumed(result),
        )

    def _open(self, result: FigureResult) -> str:
        missing = [self._name(n) for n in sorted(result.value.missing)]
        joined = "、".join(missing) if self.language == "zh" else ", ".join(missing)
        return self._say("unknown", self._name(result.name), joined)

    def _rest(self) -> Iterator[str]:
        missing = {name for r in self.figures.values() if r.value.state == "open" for name in r.value.missing}
        for item in self.settlement.open:
            if item.name in missing:
                clause = self._locators(tuple(item.clause.split("、"))) if item.clause else ""
                yield self._say("undecided", self._name(item.name), clause)
        if "征求意见" in self.scheme.document:
            yield self._say("draft", self._status())

    def _rows(self) -> Iterator[NoticeRow]:
        for name in _TABLE_INPUTS:
            value = self.row.columns.get(name)
            if value is not None and isinstance(value.now, int) and name not in {r.name for r in self.figures.values()}:
                datum = self.scheme.inputs.get((self.row.table, name))
                clauses = self._locators(datum.clauses) if datum is not None and datum.clauses else ""
                yield NoticeRow(self._name(name), self._figures(value.now), clauses, "")
        for result in self.figures.values():
            if not result.kind.is_money or result.row.period.grain != "year":
                continue
            now = result.value.now
            amount = self._figures(now) if isinstance(now, int) else ("—")
            yield NoticeRow(
                self._name(result.name),
                amount,
                self._locators(result.citations),
                self._say("state", result.value.state),
            )

    # ---- words

    def _is_nothing(self, result: FigureResult) -> bool:
        return result.value.state != "open" and result.value.now == 0

    def _column(self, name: str) -> int | None:
        value = self.row.columns.get(name)
        return (
            value.now if value is not None and isinstance(value.now, int) and not isinstance(value.now, bool) else None
        )

    def _assumed(self, result: FigureResult) -> str:
        if result.value.state != "assumed":
            return ""
        said = []
        for name in sorted(result.value.assumed):
            assumption = self.settlement.assumptions.get(name)
            parameter = self.scheme.parameters.get(name)
            ratio = parameter is not None and parameter.kind.base is k.Base.RATIO
            value = assumption.value if assumption is not None and ratio else None
            share = f" {self._percent(Fraction(value))}" if isinstance(value, int | Fraction) else ""
            said.append(self._name(name) + share)
        return ("、" if self.language == "zh" else ", ").join(said)

    def _status(self) -> str:
        if self.language == "zh" or not self.scheme.document:
            return self.scheme.document
        return "a draft for comment" if "征求意见" in self.scheme.document else self.scheme.document

    def _name(self, name: str) -> str:
        labels = self.scheme.labels
        return labels.here(name) if self.language == "zh" else labels.words(name, self.row.table)

    def _figures(self, fen: int) -> str:
        return grouped(money_text(fen))

    def _percent(self, share: Fraction) -> str:
        text, exact = ratio_text(share * 100)
        if exact is None:
            return f"{text}%"
        return f"{ratio_text(Fraction(round(share * 10_000), 100))[0]}%"

    def _locators(self, clauses: tuple[str, ...]) -> str:
        said = [locator_text(clause, self.language) for clause in clauses]
        return ("、" if self.language == "zh" else ", ").join(said)

    def _say(self, sentence: str, *parts: object) -> str:
        return str(getattr(words("notice", self.language), sentence)(*parts)).strip()


_INSURANCES = {"职工": "employee scheme", "居民": "resident scheme"}
