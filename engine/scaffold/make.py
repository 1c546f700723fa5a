"""The files of a new policy: a child that takes in its province's rules, a copy of another county's, or a plain beginning."""

import re
import shutil
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import date
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Literal

from jinja2 import Environment, PackageLoader, StrictUndefined
from jinja2.sandbox import SandboxedEnvironment

from engine.api import Policy, open_policy
from engine.check.check import Given, check
from engine.check.clauses import citations
from engine.check.rules import fold_locator
from engine.load.cases import CASES
from engine.load.policy import RULES, VOCABULARY, policies_folder
from engine.load.source import SOURCE, Clause, read_index
from engine.scaffold.reopen import reopened
from engine.scaffold.undecided import UNFILLED
from engine.trial.run import cases_of, try_cases
from grammar import syntax as s
from grammar.diagnostic import Finding, FindingsError
from grammar.frozen import dataclass
from grammar.keywords import keywords
from grammar.parse import parse
from grammar.printer import print_document
from grammar.source import Source

SAMPLE = "sample.yaml"
BLANK = "blank"
Way = Literal["inherit", "copy", "blank"]


@dataclass(frozen=True, slots=True)
class Scaffold:
    """The files of a new policy by name, how they came about, and how many cases of the origin no longer hold."""

    code: str
    way: Way
    files: Mapping[str, str]
    cases_left_out: int


def is_code(code: str) -> bool:
    """Whether a word may name a policy: small letters, figures, underlines; on any system a folder's name."""
    words = {word for keyword in keywords().values() for word in keyword.en}
    return bool(_CODE.fullmatch(code)) and code not in {*_RESERVED, *words}


_CODE = re.compile(r"[a-z][a-z0-9_]{1,30}")
_RESERVED = {
    "con",
    "prn",
    "aux",
    "nul",
    "common",
    "blank",
    *(f"{port}{n}" for port in ("com", "lpt") for n in range(10)),
}


def make(
    code: str,
    title: str,
    origin: Policy | None,
    place: Path,
    start: date | None,
    way: Way | None = None,
    found: Sequence[str] = (),
) -> Scaffold:
    """A policy that checks and whose cases hold, to be put into the folder ``place``; raises FindingsError where it cannot be.

    Without an origin it is a plain beginning. A frame of a province or a city is inherited, rules of a county are copied
    with all it decided open again, unless ``way`` says otherwise. ``found`` are the locators of the new document.
    """
    if origin is None:
        year = (start or date.today()).year  # noqa: DTZ011  # the user's own calendar
        values = {"code": code, "title": title, "start": start or date(year, 1, 1), "year": year, "unfilled": UNFILLED}
        files = {name: _filled(f"blank_{name}", values) for name in (RULES, SOURCE, CASES, SAMPLE)}
        files[SOURCE] = _listed(files[SOURCE], found)
        return Scaffold(code, "blank", {**files, RULES: _laid_out(files[RULES])}, 0)
    chosen = way or _way(origin)
    files = (_child if chosen == "inherit" else _copy)(code, title, origin, start)
    files[RULES], files[SOURCE] = _laid_out(files[RULES]), _listed(files[SOURCE], found)
    return _tried(code, chosen, files, origin, place)


def _listed(index: str, found: Sequence[str]) -> str:
    """A clause index with a line for each clause of a document that it does not have yet; its words stay outside."""
    known = {fold_locator(each) for each in re.findall(r"\{条: '?([^',]+)", index)}
    lines = [
        f"  - {{条: {_quoted(each)}, 摘要: 待写, 作用: [计算]}}\n" for each in found if fold_locator(each) not in known
    ]
    return index.replace("条款: []", "条款:") + "".join(lines) if lines else index


def _laid_out(text: str) -> str:
    return print_document(parse(Source(RULES, text)), "zh")


def _way(origin: Policy) -> Way:
    """A text for a whole province or city is a frame for counties; one for a county is a neighbour's."""
    regions = [line.text for line in origin.loaded.own.document.header.lines if isinstance(line, s.Region)]
    return "inherit" if regions and len(regions[0].split()) <= _A_CITY else "copy"


_A_CITY = 2


def _child(code: str, title: str, origin: Policy, start: date | None) -> dict[str, str]:
    """Rules that take in the origin's and list each parameter it leaves open, still open, to be filled in."""
    scheme = origin.scheme()
    open_ = [p for p in scheme.parameters.values() if p.state in {"open", "referred"} and not p.left_out]
    values = {
        "code": code,
        "title": title,
        "start": start or scheme.start,
        "origin": origin.loaded.folder.resolve().name,
        "origin_title": scheme.title,
        "parameters": [
            {"name": p.name, "declared": _declared(origin, p.name), "clause": _locator(p.clauses), "from": p.clauses}
            for p in open_
        ],
        "left_out": [p.name for p in scheme.parameters.values() if p.left_out],
        "clauses": dict.fromkeys(_locator(p.clauses) for p in open_),
    }
    return {
        RULES: _filled(f"child_{RULES}", values),
        SOURCE: _filled(f"child_{SOURCE}", values),
        **_examples(code, origin),
    }


def _locator(clauses: Sequence[str]) -> str:
    return f"{UNFILLED}({clauses[0]})" if clauses else UNFILLED


def _declared(origin: Policy, name: str) -> str:
    """A parameter's kind, range and state as its own text declares them."""
    found = next(
        item
        for text in reversed(origin.loaded.texts)
        for item in text.document.items
        if isinstance(item, s.Parameter) and item.name.text == name
    )
    ranges = tuple(a for a in found.attributes if isinstance(a, s.Between | s.Bounds | s.Grain))
    referred = tuple(a for a in found.attributes if isinstance(a, s.Referred))
    attributes = (*ranges, *(referred or (s.Flag("OPEN", found.span),)))
    bare = s.Parameter(False, found.name, found.type, None, attributes, None, (), found.span)
    return _printed(bare, origin).partition(":")[2].strip()


def _printed(item: s.Item, origin: Policy) -> str:
    document = origin.loaded.own.document
    return print_document(s.Document("zh", document.header, (item,), (), document.span), "zh").splitlines()[-1]


def _copy(code: str, title: str, origin: Policy, start: date | None) -> dict[str, str]:
    """The origin's rules with every number of its own open, under its numbers of clauses until they are replaced."""
    document = reopened(origin.loaded.own.document, origin.scheme(), code, title, _firm(origin))
    text = print_document(document, "zh")
    if start is not None:
        text = re.sub(r"(?m)^  施行 \S+ 起.*$", f"  施行 {start} 起", text, count=1)
    index = read_index(origin.loaded.folder, origin.loaded.name)
    cited = [locator.text for cite in citations(document) for locator in (*cite.locators, *cite.before)]
    known = {fold_locator(each) for each in cited}
    clauses = [
        {"locator": c.locator, "summary": c.summary, "roles": c.roles, "open": c.open, "later": _later(c, known)}
        for c in (index.clauses if index else ())
    ] or [
        {"locator": each, "summary": "", "roles": ("计算",), "open": (), "later": ""} for each in dict.fromkeys(cited)
    ]
    values = {
        "code": code,
        "title": title,
        "origin": origin.loaded.name,
        "rules": text,
        "clauses": clauses,
        "quoted": _quoted,
    }
    return {
        RULES: _filled(f"copy_{RULES}", values),
        SOURCE: _filled(f"copy_{SOURCE}", values),
        **_examples(code, origin),
    }


def _firm(origin: Policy) -> set[str]:
    """The parameters without whose value the rules do not check."""
    own, above = origin.loaded.own, [text for text in origin.loaded.texts if text is not origin.loaded.own]
    names = {item.name.text for item in own.document.items if isinstance(item, s.Parameter)}
    found: set[str] = set()
    for name in sorted(names):
        trial = reopened(own.document, origin.scheme(), own.layer, "-", names - {name})
        try:
            check(Given(t.document, t.layer, t.digest, t.start, t.end) for t in (*above, replace(own, document=trial)))
        except FindingsError:
            found.add(name)
    return found


def _later(clause: Clause, cited: Collection[str]) -> str:
    """Why a clause has no rule: as the origin says, or that what cited it was left out here."""
    is_cited = any(each.startswith(fold_locator(clause.locator)) for each in cited)
    return clause.later or ("" if is_cited or clause.roles == ("仅作要求",) else "对照本县文件再写")


def _examples(code: str, origin: Policy) -> dict[str, str]:
    """The origin's cases and sample under the new name; what the sample assumes is left out."""
    found = {}
    for name in (CASES, SAMPLE):
        path = origin.loaded.folder / name
        if path.is_file():
            text = re.sub(r"(?m)^( *)(方案|scheme): .*$", rf"\g<1>\g<2>: {code}", path.read_text(encoding="utf-8-sig"))
            found[name] = _as_sample(text, origin.loaded.name) if name == SAMPLE else text
    return found


def _as_sample(text: str, origin: str) -> str:
    """A sample without what it assumes and what it says of the origin."""
    lines = re.sub(r"(?m)^(假设|assumptions): \{.*\}$\n?|^ *#.*\n", "", text)
    return f"# 单位和金额照 {origin} 的示例，都是虚构的，只用来试算；换成本县的。没有定的比例没有给。\n{lines}"


def _quoted(text: str) -> str:
    """A text as a YAML value in quotes, whatever stands in it."""
    return "'" + text.replace("'", "''").replace("\n", " ") + "'"


def _tried(code: str, way: Way, files: dict[str, str], origin: Policy, place: Path) -> Scaffold:
    """The files with the cases that hold, after they were checked as they will stand in their place."""
    with TemporaryDirectory() as name:
        desk = Path(name)
        own = origin.loaded.folder.resolve().name
        for above in {text.folder.resolve().name for text in origin.loaded.texts} - ({own} if way == "copy" else set()):
            _lend(desk, place, above)
        folder = desk / code
        folder.mkdir()
        for file, text in files.items():
            (folder / file).write_text(text, encoding="utf-8")
        policy = open_policy(folder)
        head, *cases = re.split(r"(?m)^(?=- )", files.get(CASES, ""))
        held = _held(policy, cases) if cases else ""
        files[CASES] = _filled(CASES, {"origin": origin.loaded.name, "cases": held.rstrip("\n")}) if held else "[]\n"
        del head
    return Scaffold(code, way, files, len(cases) - len(re.findall(r"(?m)^- ", held)))


def _lend(desk: Path, place: Path, name: str) -> None:
    """Copies of the rule files that the new policy takes in, found as they will be: beside it, else installed."""
    for folder in (place / name, policies_folder() / name):
        if (folder / RULES).is_file() or (folder / VOCABULARY).is_file():
            (desk / name).mkdir()
            for path in folder.glob("*.policy"):
                shutil.copy(path, desk / name)
            return
    raise FindingsError([Finding("L231", None, {"name": name, "place": str(place)})])


def _held(policy: Policy, cases: Sequence[str]) -> str:
    """The texts of the cases that hold under the policy."""
    passed = {result.case.name for result in try_cases(policy).results if result.passed}
    return "".join(text for text, case in zip(cases, cases_of(policy), strict=True) if case.name in passed)


def _filled(name: str, values: Mapping[str, object]) -> str:
    """One of our own templates, sandboxed; names and texts are data to it."""
    return _environment().get_template(f"{name}.j2").render(values)


@cache
def _environment() -> Environment:
    return SandboxedEnvironment(
        loader=PackageLoader("engine.scaffold"),
        autoescape=False,  # rule files, not pages
        undefined=StrictUndefined,
        keep_trailing_newline=True,
        trim_blocks=True,
        lstrip_blocks=True,
    )
