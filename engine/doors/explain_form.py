"""Explanations as text for a terminal, as Markdown and as one self-contained page; the words are the explanation's own."""

import json
import re
import textwrap
from collections.abc import Iterable, Iterator
from functools import cache

from jinja2 import Environment, PackageLoader, StrictUndefined, Template
from jinja2.sandbox import SandboxedEnvironment

from engine.explain.explanation import Explanation, Section
from engine.nouns.core import Scheme
from grammar.diagnostic import Language


def text_of(explanations: Iterable[Explanation]) -> Iterator[str]:
    """Each explanation under its title: the headline, then a paragraph for each section."""
    for number, explanation in enumerate(explanations):
        yield ("\n" if number else "") + _text(explanation)


def markdown_of(explanations: Iterable[Explanation], scheme: Scheme, language: Language) -> Iterator[str]:
    """One Markdown text; what Markdown would read as marks is escaped, steps are a list."""
    yield f"# {escaped(scheme.title)}\n"
    if scheme.document:
        yield f"\n*{escaped(_status(scheme, language))}*\n"
    for explanation in explanations:
        yield f"\n## {escaped(explanation.title)}\n\n**{escaped(explanation.headline)}**\n"
        for section in explanation.sections:
            yield _markdown(section, language)


def html_of(
    explanations: Iterable[Explanation], titles: list[str], scheme: Scheme, language: Language
) -> Iterator[str]:
    """One page that asks nothing of the network; names and values are data to its template."""
    return _page().generate(
        language=language,
        title=scheme.title,
        status=_status(scheme, language),
        explanations=explanations,
        titles=titles,
        contents="目录" if language == "zh" else "Contents",
    )


def json_of(bodies: Iterable[object], *, escaped: bool) -> Iterator[str]:
    """The contract's JSON, one explanation after another; as text the same as of the whole at once."""
    first = True
    for body in bodies:
        piece = textwrap.indent(json.dumps(body, ensure_ascii=escaped, indent=1), "  ")
        yield ('{\n "explanations": [\n' if first else ",\n") + piece
        first = False
    yield '{\n "explanations": []\n}\n' if first else "\n ]\n}\n"


def _markdown(section: Section, language: Language) -> str:
    heading = f"**{escaped(section.heading)}**" if section.heading else ""
    if _is_list(section):
        steps = "".join(f"{number}. {escaped(s)}\n" for number, s in enumerate(section.sentences, start=1))
        return f"\n{heading}\n\n{steps}"
    return f"\n{heading}{' ' if heading else ''}{escaped(_joined(section.sentences, language))}\n"


def _is_list(section: Section) -> bool:
    """Whether the sentences stand one below the other, numbered."""
    return section.sort in {"how", "inputs", "why_not"} and len(section.sentences) > 1 and bool(section.heading)


def _text(explanation: Explanation) -> str:
    lines = [f"【{explanation.title}】", explanation.headline]
    for section in explanation.sections:
        body = _joined(section.sentences, explanation.language)
        if _is_list(section):
            lines.append(f"  {section.heading}")
            lines += [f"    {number}. {sentence}" for number, sentence in enumerate(section.sentences, start=1)]
        else:
            heading = f"{section.heading}{'：' if explanation.language == 'zh' else ': '}" if section.heading else ""
            lines.append(f"  {heading}{body}")
    return "\n".join(lines) + "\n"


def _joined(sentences: tuple[str, ...], language: Language) -> str:
    return ("" if language == "zh" else " ").join(sentences)


def _status(scheme: Scheme, language: Language) -> str:
    if not scheme.document:
        return ""
    if language == "zh":
        return f"文件状态：{scheme.document}"
    return f"Status of the document: {'a draft for comment' if '征求意见' in scheme.document else scheme.document}"


def escaped(text: str) -> str:
    """A text in which Markdown finds no marks of its own."""
    return re.sub(r"([\\`*_{}\[\]<>#|])", r"\\\1", text)


@cache
def _page() -> Template:
    environment: Environment = SandboxedEnvironment(
        loader=PackageLoader("engine.doors"), autoescape=True, undefined=StrictUndefined, trim_blocks=True,
        lstrip_blocks=True,
    )  # fmt: skip
    # A number and its unit stay on one line.
    environment.filters["firm"] = lambda text: re.sub(r"(?<=[0-9]) (?=(?:元|yuan)\b|元)", "\u00a0", text)
    return environment.get_template("explanations.html.j2")
