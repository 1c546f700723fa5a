"""Explanations as text for a terminal, as Markdown and as one self-contained page; the words are the explanation's own."""

import re
from collections.abc import Iterable
from functools import cache

from jinja2 import Environment, PackageLoader, StrictUndefined, Template
from jinja2.sandbox import SandboxedEnvironment

from engine.explain.explanation import Explanation
from engine.nouns.core import Scheme
from grammar.diagnostic import Language


def text_of(explanations: Iterable[Explanation]) -> str:
    """Each explanation under its title: the headline, then a paragraph for each section."""
    return "\n".join(_text(explanation) for explanation in explanations)


def markdown_of(explanations: Iterable[Explanation], scheme: Scheme, language: Language) -> str:
    """One Markdown text; what Markdown would read as marks is escaped."""
    parts = [f"# {escaped(scheme.title)}", ""]
    if scheme.document:
        parts += [f"*{escaped(_status(scheme, language))}*", ""]
    for explanation in explanations:
        parts += [f"## {escaped(explanation.title)}", "", f"**{escaped(explanation.headline)}**", ""]
        for section in explanation.sections:
            lead = f"**{escaped(section.heading)}** " if section.heading else ""
            parts += [lead + escaped(_joined(section.sentences, language)), ""]
    return "\n".join(parts)


def html_of(explanations: list[Explanation], scheme: Scheme, language: Language) -> str:
    """One page that asks nothing of the network; names and values are data to its template."""
    return _page().render(
        language=language,
        title=scheme.title,
        status=_status(scheme, language),
        explanations=explanations,
        contents="目录" if language == "zh" else "Contents",
        working="怎么算" if language == "zh" else "How it is worked out",
    )


def _text(explanation: Explanation) -> str:
    lines = [f"【{explanation.title}】", explanation.headline]
    for section in explanation.sections:
        body = _joined(section.sentences, explanation.language)
        if section.sort in {"how", "inputs"} and len(section.sentences) > 1:
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
    return f"文件状态：{scheme.document}" if language == "zh" else f"Document: {scheme.document}"


def escaped(text: str) -> str:
    """A text in which Markdown finds no marks of its own."""
    return re.sub(r"([\\`*_{}\[\]<>#|])", r"\\\1", text)


@cache
def _page() -> Template:
    environment: Environment = SandboxedEnvironment(
        loader=PackageLoader("engine.doors"), autoescape=True, undefined=StrictUndefined, trim_blocks=True,
        lstrip_blocks=True,
    )  # fmt: skip
    return environment.get_template("explanations.html.j2")
