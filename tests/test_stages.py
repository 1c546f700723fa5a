"""The pages in tests/stages: what goes in, and all that comes of it, phase by phase.

A page is tests/stages/PHASE/NAME.md. Each ``## sentence`` on it is a case: fenced blocks that go in (``policy``, and
others a phase asks for, by what stands after the fence) and one block ``result``.
``pytest tests/test_stages.py --accept`` writes the results anew; the diff is the review. A new phase is a line in PHASES.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import fields, is_dataclass
from pathlib import Path

import pytest
from run_pages import compiled, explained, figured, ranged, reasoned
from samples import found_by_check, found_by_run, language_of, rendered

from grammar import syntax as s
from grammar.diagnostic import FindingsError, Language, render
from grammar.parse import parse
from grammar.printer import print_document
from grammar.respell import names_of, respell
from grammar.source import Source

PAGES = Path(__file__).parent / "stages"
Blocks = Mapping[str, str]


def parsed(blocks: Blocks) -> str:
    """The tree, without what every rule file has: its header where nothing stands under it."""
    document = parse(Source("page.policy", blocks["policy"]))
    header = [document.header] if document.header.lines else []
    return "\n".join(_shown(node) for node in (*header, *document.items))


def printed(blocks: Blocks) -> str:
    """The canonical layout, and the same in the other spelling."""
    document = parse(Source("page.policy", blocks["policy"]))
    language = document.language
    other: Language = "en" if language == "zh" else "zh"
    respelt = respell(document, other, names_of(document))
    return f"{print_document(document, language)}# ---\n{print_document(respelt, other)}"


def checked(blocks: Blocks) -> str:
    """What the checker finds, in the language of the rules."""
    return rendered(found_by_check(blocks), language_of(blocks))


def settled(blocks: Blocks) -> str:
    """What is found where data meets the rules: in its cells and rows, and in the figures that come of it."""
    return rendered(found_by_run(blocks), language_of(blocks))


PHASES: dict[str, Callable[[Blocks], str]] = {
    "parse": parsed,
    "print": printed,
    "check": checked,
    "data": settled,
    "compile": compiled,
    "ranges": ranged,
    "settle": figured,
    "reason": reasoned,
    "explain": explained,
}


def cases() -> Iterator[tuple[Path, str]]:
    """Every case of every page of a phase that is known."""
    for page in sorted(PAGES.glob("*/*.md")):
        if page.parent.name in PHASES:
            yield from ((page, title) for title in re.findall(r"(?m)^## (.+)$", page.read_text(encoding="utf-8")))


@pytest.mark.parametrize(
    ("page", "title"), [pytest.param(p, t, id=f"{p.parent.name}/{p.stem}: {t}") for p, t in cases()]
)
def test_the_page_tells_what_comes_of_it(page: Path, title: str, request: pytest.FixtureRequest) -> None:
    text = page.read_text(encoding="utf-8")
    start = text.index(f"\n## {title}\n")
    case = re.split(r"\n## ", text[start + 1 :], maxsplit=1)[0]
    blocks = dict(_FENCE.findall(case))
    expected = blocks.pop("result", None)
    try:
        result = PHASES[page.parent.name](blocks)
    except FindingsError as error:
        result = "\n".join(render(finding, "zh") for finding in error.findings)
    result = result.rstrip("\n") + "\n"
    if request.config.getoption("--accept"):
        told = case if expected is not None else f"{case.rstrip()}\n\n```result\n```\n"
        told = re.sub(r"(?ms)^```result\n.*?^```", lambda _: f"```result\n{result}```", told)
        page.write_text(text.replace(case, told), encoding="utf-8")
    else:
        assert result == expected, "if this is right, run: pytest tests/test_stages.py --accept"


def test_every_page_belongs_to_a_phase() -> None:
    assert {page.parent.name for page in PAGES.glob("*/*.md")} <= PHASES.keys()


_FENCE = re.compile(r"(?ms)^```([^\n`]+)\n(.*?)^```")
_WIDTH = 110


def _shown(node: object, depth: int = 0, label: str = "") -> str:
    """A tree as indented lines; a part that fits on one line stands on one."""
    lead = "  " * depth + label
    whole = lead + _inline(node)
    if len(whole) <= _WIDTH and not isinstance(node, s.Stage | s.Block | s.Figure | s.Inputs):
        return whole
    parts = [(name, value) for name, value in _parts(node) if name]
    flat = [f"{name}={_inline(value)}" for name, value in parts if not _nested(value)]
    lines = [lead + " ".join([type(node).__name__, *flat])]
    for name, value in parts:
        if isinstance(value, tuple) and _nested(value):
            lines += [_shown(each, depth + 1, f"{name}: ") for each in value]
        elif _nested(value):
            lines.append(_shown(value, depth + 1, f"{name}: "))
    return "\n".join(lines)


def _nested(value: object) -> bool:
    return (isinstance(value, tuple) and any(map(_nested, value))) or (
        is_dataclass(value) and not isinstance(value, _WORDS)
    )


_WORDS = (s.Name, s.Text, s.Locator, s.Word, s.Quantity, s.YesNo, s.Citation)


def _parts(node: object) -> list[tuple[str, object]]:
    """The fields of a node that say something."""
    given = [(f.name, getattr(node, f.name)) for f in fields(node) if f.name != "span"]  # type: ignore[arg-type]
    return [(name, value) for name, value in given if value is not None and value is not False and value != ()]


def _inline(node: object) -> str:
    match node:
        case s.Name(text=text) | s.Locator(text=text):
            return text
        case s.Text(text=text):
            return f"「{text}」"
        case s.Quantity(number=number, unit=unit, per=per):
            return f"{number}{unit or ''}{'/' + per if per else ''}"
        case s.Word(terminal=terminal, choice=choice):
            return f"{terminal}.{choice}"
        case s.YesNo(value=value):
            return "是" if value else "否"
        case tuple():
            return f"[{', '.join(map(_inline, node))}]"
        case _ if is_dataclass(node):
            parts = _parts(node)
            values = [_inline(value) if len(parts) == 1 else f"{name}={_inline(value)}" for name, value in parts]
            return f"{type(node).__name__}({', '.join(values)})"
        case _:
            return str(node)
