"""How far a policy is from ready: counts of what is decided, indexed, held against the text and tried by cases."""

from collections.abc import Iterable, Iterator

from engine.api import Policy, bind_data, settle
from engine.check.clauses import Coverage, Indexed, citations, cover
from engine.check.rules import fold_locator
from engine.load.cases_book import worked_cases
from engine.load.source import read_index
from engine.nouns.core import Identity, Read, node_fields
from engine.nouns.pipeline import Derive
from engine.nouns.possible import is_point
from engine.nouns.settlement import Settlement
from engine.nouns.world import Row
from engine.scaffold.undecided import UNFILLED
from grammar.diagnostic import FindingsError, Words
from grammar.frozen import dataclass


@dataclass(frozen=True, slots=True)
class Part:
    """One thing that is counted: how many of how many, and what is left."""

    id: str
    words: Words
    done: int
    of: int
    left: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Readiness:
    """The parts that a policy has; the score is the mean of their shares in percent, rounded down."""

    policy: str
    parts: tuple[Part, ...]

    @property
    def score(self) -> int:
        """0 to 100; 100 only where nothing is left in any part."""
        counted = [part for part in self.parts if part.of]
        return sum(part.done * 100 // part.of for part in counted) // len(counted) if counted else 0

    def as_json(self) -> dict[str, object]:
        """As ``--format json`` tells it."""
        parts = [{"id": p.id, "name": p.words.zh, "done": p.done, "of": p.of, "left": list(p.left)} for p in self.parts]
        return {"policy": self.policy, "score": self.score, "parts": parts}


def readiness(policy: Policy) -> Readiness:
    """Count; raises FindingsError where the clause index or the cases cannot be read."""
    return Readiness(policy.loaded.name, (_decided(policy), *_clauses(policy), *_tried(policy)))


def _decided(policy: Policy) -> Part:
    parameters = policy.scheme().parameters.values()
    left = tuple(p.name for p in parameters if p.state in {"open", "referred"})
    return Part(
        "parameters", Words("参数定了", "parameters decided"), len(parameters) - len(left), len(parameters), left
    )


def _clauses(policy: Policy) -> Iterator[Part]:
    index = read_index(policy.loaded.folder, policy.loaded.name)
    clauses = index.clauses if index else ()
    document = policy.loaded.own.document
    coverage: Coverage = cover(document, [Indexed(c.locator, c.roles == ("仅作要求",), c.later) for c in clauses])[0]
    real = [c.locator for c in clauses if not c.locator.startswith(UNFILLED)]
    left = tuple(each for each in coverage.uncovered if each in real)
    # Without a clause of the document's own nothing is done yet: one is due at least.
    yield Part(
        "clauses",
        Words("条款有规则、缓办或只作要求", "clauses with a rule or a reason for none"),
        len(real) - len(left),
        len(real) or 1,
        left,
    )
    known = {fold_locator(each) for each in real}
    cited = {fold_locator(each.text): each.text for cite in citations(document) for each in cite.locators}
    unknown = tuple(text for key, text in cited.items() if key not in known)
    yield Part(
        "citations",
        Words("规则引用的条号在目录里", "cited clauses that are indexed"),
        len(cited) - len(unknown),
        len(cited) or 1,
        unknown,
    )
    bare = tuple(c.locator for c in clauses if not c.digest)
    yield Part(
        "digests",
        Words("条款对过原文", "clauses held against the text"),
        len(clauses) - len(bare),
        len(clauses) or 1,
        bare,
    )


def _tried(policy: Policy) -> Iterator[Part]:
    """What the worked cases reach: rules, exceptions, both answers of a gate, identities with both sides known."""
    runs = list(_runs(policy))
    steps = [step for step in policy.pipeline().steps if isinstance(step, Derive) and step.figure.sort != "met"]
    seen = [*{id(result.row): result.row for run in runs for result in run.figures}.values()]
    known = {(row.table, name) for row in seen for name, value in row.columns.items() if is_point(value.now)}
    decided = {(row.table, name, i) for row in seen for name, hits in row.decided.items() for i in hits}
    rules = {f"{s.table}.{s.column}": (s.table, s.column) in known for s in steps}
    yield _part("rules", Words("规则有案例", "rules with a worked case"), rules)
    branches = {
        f"{s.table}.{s.column} 除非（{i + 1}）": (s.table, s.column, i) in decided
        for s in steps
        for i in range(len(s.exceptions))
    }
    yield _part("exceptions", Words("例外有案例", "exceptions with a worked case"), branches)
    gates = {(step.table, step.column) for step in steps if step.figure.sort == "gate"}
    answers = {
        (row.table, name, row.columns[name].now)
        for row in seen
        for table, name in gates
        if table == row.table and name in row.columns
    }
    both = {
        f"{table}.{name} {'是' if answer else '否'}": (table, name, answer) in answers
        for table, name in sorted(gates)
        for answer in (True, False)
    }
    yield _part("gates", Words("准入答是、答否有案例", "gates tried with yes and with no"), both)
    identities = {f"{i.table}：{i.text}": _is_held(i, seen) for i in policy.scheme().identities}
    yield _part("identities", Words("校核等式有案例核过", "identities held by a worked case"), identities)


def _is_held(identity: Identity, rows: Iterable[Row]) -> bool:
    """Whether on some row both sides of an identity were known."""
    reads = {*_reads(identity.left), *_reads(identity.right)}
    return any(
        row.table == identity.table and all(name in row.columns and is_point(row.columns[name].now) for name in reads)
        for row in rows
    )


def _reads(node: object) -> Iterator[str]:
    if isinstance(node, Read):
        yield node.column
    for _, value in node_fields(node) if hasattr(node, "__dataclass_fields__") else ():
        for each in value if isinstance(value, tuple) else (value,):
            yield from _reads(each)


def _part(id_: str, words: Words, found: dict[str, bool]) -> Part:
    left = tuple(name for name, is_there in found.items() if not is_there)
    return Part(id_, words, len(found) - len(left), len(found), left)


def _runs(policy: Policy) -> Iterator[Settlement]:
    for case in worked_cases(policy.loaded.folder, policy.loaded.name):
        if case.pending:
            continue
        try:
            yield settle(policy, bind_data(policy, case.data))
        except FindingsError:
            # A case of wrong data is there for its findings; it reaches no rule.
            continue
