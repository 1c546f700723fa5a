"""The page of a finding: why it matters, an example that gives it, what is then told, and the example put right."""

import re
from collections.abc import Mapping
from pathlib import Path

from grammar.diagnostic import Language, Words
from grammar.frozen import dataclass

EXAMPLES = Path(__file__).with_name("examples")


@dataclass(frozen=True, slots=True)
class Example:
    """What ``examples/CODE.md`` holds; ``wrong`` and ``right`` are files by what stands after their fence.

    ``right`` has only the files that differ. ``command`` is what is typed where a file alone does not show it, and
    ``setting`` says what surrounds it. ``also`` are codes that cannot but be found beside this one.
    """

    code: str
    why: Words
    setting: Words | None
    related: tuple[str, ...]
    also: tuple[str, ...]
    wrong: Mapping[str, str]
    told: Words
    right: Mapping[str, str]
    command: tuple[str, str] | None


def example_of(code: str) -> Example:
    """The example of a code, read when it is asked for; raises OSError where there is none."""
    text = (EXAMPLES / f"{code}.md").read_text(encoding="utf-8")
    head, wrong_text, right_text = re.split(r"(?m)^## [错对]$", text)
    wrong, right = dict(_FENCE.findall(wrong_text)), dict(_FENCE.findall(right_text))
    lines = dict(re.findall(r"(?m)^(\w+)(?:：|: )(.+)$", head))
    setting = Words(lines["情形"], lines["Setting"]) if "情形" in lines else None
    commands = [part.pop("console", "").removeprefix("$ ").strip() for part in (wrong, right)]
    return Example(
        code,
        Words(lines["为什么"], lines["Why"]),
        setting,
        tuple(lines.get("相关", "").split()),
        tuple(lines.get("同时报出", "").split()),
        wrong,
        Words(*(wrong.pop(language, "") for language in _LANGUAGES)),
        right,
        (commands[0], commands[1]) if commands[0] else None,
    )


_FENCE = re.compile(r"(?ms)^```([^\n`]+)\n(.*?)^```$")
_LANGUAGES: tuple[Language, Language] = ("zh", "en")
