"""What a policy leaves undecided, each with the clause where to look."""

from collections.abc import Iterator
from typing import Literal

from engine.api import Policy
from engine.check.clauses import citations
from engine.scaffold.reopen import borrowed_numbers
from grammar import syntax as s
from grammar.diagnostic import Words
from grammar.frozen import dataclass

UNFILLED = "待填"
Sort = Literal["parameter", "start", "target", "number", "clause"]


@dataclass(frozen=True, slots=True)
class Undecided:
    """One thing to decide or to confirm: what it is, the clauses that should say it, what to do."""

    sort: Sort
    name: str
    clauses: tuple[str, ...]
    layer: str
    words: Words

    def as_json(self) -> dict[str, object]:
        """As ``--format json`` tells it."""
        return {
            "sort": self.sort,
            "name": self.name,
            "clauses": list(self.clauses),
            "layer": self.layer,
            "words": self.words.zh,
        }


def undecided(policy: Policy, *, borrowed: bool = False) -> tuple[Undecided, ...]:
    """Everything a policy leaves undecided; with ``borrowed`` also the numbers its rules took over from another county."""
    return (
        *_start(policy),
        *_parameters(policy),
        *_targets(policy),
        *_numbers(policy, borrowed=borrowed),
        *_clauses(policy),
    )


def _start(policy: Policy) -> Iterator[Undecided]:
    for line in policy.loaded.own.document.header.lines:
        if isinstance(line, s.Effective) and line.cite is None and line.reason is None:
            words = Words(
                f"施行日暂写 {line.period.start.text}，没有写依据；改成文件的施行日，写上条号",
                f"in force from {line.period.start.text} for the time being; write the document's day and its clause",
            )
            yield Undecided("start", "施行", (), policy.loaded.name, words)


def _parameters(policy: Policy) -> Iterator[Undecided]:
    for parameter in policy.scheme().parameters.values():
        if parameter.state in {"open", "referred"}:
            kind, title = parameter.kind.words, parameter.referred
            words = Words(
                f"{kind.zh}，转引《{title}》" if title else f"{kind.zh}，未定",
                f"{kind.en}, referred to 《{title}》" if title else f"{kind.en}, open",
            )
            yield Undecided("parameter", parameter.name, parameter.clauses, parameter.layer, words)


def _targets(policy: Policy) -> Iterator[Undecided]:
    for figure in policy.scheme().figures.values():
        if figure.target is not None and figure.target.condition is None:
            words = Words("指标，目标未定", "an indicator without a target")
            yield Undecided("target", figure.name, figure.clauses, figure.layer, words)


def _numbers(policy: Policy, *, borrowed: bool) -> Iterator[Undecided]:
    for name, number, cite in borrowed_numbers(policy.loaded.own.document) if borrowed else ():
        locators = tuple(locator.text for locator in cite.locators) if cite else ()
        words = Words(
            f"规则里照抄的 {number}；对照本县文件改", f"{number} taken over in the rule; hold it against the document"
        )
        yield Undecided("number", name, locators, policy.loaded.name, words)


def _clauses(policy: Policy) -> Iterator[Undecided]:
    found = {
        locator.text: None
        for citation in citations(policy.loaded.own.document)
        for locator in citation.locators
        if locator.text.startswith(UNFILLED)
    }
    for locator in found:
        words = Words(
            "换成本县文件的条号，source.yaml 里一起换", "put the document's own number here and in source.yaml"
        )
        yield Undecided("clause", locator, (locator,), policy.loaded.name, words)
