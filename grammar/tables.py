"""The LALR(1) tables of policy.lark, built by lark once and kept as plain JSON in the user's cache folder."""

import json
import os
import sys
from contextlib import suppress
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

from grammar.frozen import dataclass
from grammar.keywords import keywords

if TYPE_CHECKING:
    from lark.grammar import Rule

SIGNS = ("PLUS", "MINUS", "TIMES", "DIVIDE", "EQUALS", "DOT", "BAR", "LPAR", "RPAR", "LBRACE", "RBRACE", "COLON", "SEP")
LITERALS = (
    "NAME", "STRING", "DOCTITLE", "LOCATOR", "REST", "DATE", "YEAR", "DAY_OF", "WINDOW", "QUANTITY",
)  # fmt: skip
LAYOUT = ("_NL", "_INDENT", "_DEDENT")
END = "$END"

_SHAPE = 1  # raised when the JSON's shape changes


@dataclass(frozen=True, slots=True)
class Production:
    """A rule as the reader applies it.

    ``plan`` names the children that are kept: their places, with whether a list is spliced in, or None for a part
    that was left out; of a ``whole`` one all are. A ``unit`` production hands its only child on; one that ``is_list``
    gathers repeated parts.
    """

    origin: str
    size: int
    method: str
    plan: tuple[tuple[int, bool] | None, ...]
    unit: bool
    is_list: bool
    whole: bool


@dataclass(frozen=True, slots=True)
class Tables:
    """For every state what to do on a terminal (shift to ``n``, or reduce by production ``-n - 1``) and where to go."""

    actions: tuple[dict[str, int], ...]
    gotos: tuple[dict[str, int], ...]
    productions: tuple[Production, ...]
    start: int
    end: int


@cache
def tables() -> Tables:
    """The tables, from the cache folder where they are there and fit the grammar of this version."""
    grammar = _grammar()
    digest = sha256(f"{_SHAPE}\n{grammar}".encode()).hexdigest()
    with suppress(OSError, RuntimeError, ValueError, KeyError, TypeError, IndexError):
        return _from_json(json.loads(_cache_file(digest).read_text(encoding="utf-8")), digest)
    raw = build(grammar)
    raw["digest"] = digest
    with suppress(OSError, RuntimeError):
        _keep(_cache_file(digest), json.dumps(raw, separators=(",", ":")))
    return _from_json(raw, digest)


def build(grammar: str | None = None) -> dict[str, object]:
    """The tables as JSON values, worked out by lark."""
    from lark import Lark
    from lark.common import LexerConf
    from lark.lexer import Lexer
    from lark.parsers.lalr_analysis import Shift

    class NoLexer(Lexer):
        """Reading words is the business of grammar.lexer."""

        def __init__(self, lexer_conf: LexerConf) -> None: ...

        def lex(self, lexer_state: object, parser_state: object) -> object:  # type: ignore[override]
            raise NotImplementedError

    lark = Lark(grammar or _grammar(), parser="lalr", lexer=NoLexer, maybe_placeholders=True)
    table = lark.parse_interactive("").parser_state.parse_conf.parse_table
    numbers = {state: number for number, state in enumerate(table.states)}
    rules = {rule: number for number, rule in enumerate(lark.rules)}
    rows = [
        {name: numbers[to] if action is Shift else -rules[to] - 1 for name, (action, to) in row.items()}
        for row in table.states.values()
    ]
    return {
        "actions": [{name: to for name, to in row.items() if name.isupper()} for row in rows],
        "gotos": [{name: to for name, to in row.items() if not name.isupper()} for row in rows],
        "productions": [_production(rule) for rule in lark.rules],
        "start": numbers[table.start_states["start"]],
        "end": numbers[table.end_states["start"]],
    }


def _grammar() -> str:
    text = Path(__file__).with_name("policy.lark").read_text(encoding="utf-8")
    return f"{text}\n%declare {' '.join((*keywords(), *SIGNS, *LITERALS, *LAYOUT))}\n"


def _production(rule: "Rule") -> list[object]:
    """A rule as JSON values: origin, size, method, plan, unit, is_list."""
    plan: list[object] = []
    symbols = iter(enumerate(rule.expansion))
    for left_out in rule.options.empty_indices or (False,) * len(rule.expansion):
        if left_out:
            plan.append(None)
            continue
        place, symbol = next(symbols)
        if not (symbol.is_term and symbol.name.startswith("_")):
            plan.append([place, symbol.name.startswith("_")])
    is_list = rule.origin.name.startswith("_")
    unit = rule.options.expand1 and not rule.alias and len(plan) == 1
    return [rule.origin.name, len(rule.expansion), rule.alias or rule.origin.name, plan, unit, is_list]


def _from_json(raw: dict[str, Any], digest: str) -> Tables:
    if raw["digest"] != digest:
        raise ValueError(digest)
    productions = tuple(_production_of(*each) for each in raw["productions"])
    return Tables(tuple(raw["actions"]), tuple(raw["gotos"]), productions, raw["start"], raw["end"])


def _production_of(
    origin: str, size: int, method: str, plan: list[list[Any] | None], unit: bool, is_list: bool
) -> Production:
    parts = tuple(None if part is None else (part[0], part[1]) for part in plan)
    return Production(
        origin, size, method, parts, unit and size == 1, is_list, parts == tuple((i, False) for i in range(size))
    )


def _cache_file(digest: str) -> Path:
    if sys.platform == "win32":
        home = Path(os.environ.get("LOCALAPPDATA") or Path.home())
    else:
        home = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return home / "xiance" / f"tables-{digest[:16]}.json"


def _keep(path: Path, text: str) -> None:
    """Write a file whole or not at all, so that another process never reads half of it."""
    import tempfile

    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(text)
    Path(name).replace(path)
