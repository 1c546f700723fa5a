"""What is compared, as it is named on the command line: a policy, on a day or in a year, under scenarios."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path

from engine.api import Policy
from engine.doors.choices import scenarios_named
from engine.doors.telling import named, stop
from engine.load.policy import LoadedText
from engine.load.values import parse_day
from engine.nouns.core import Scheme
from engine.nouns.dataset import Assumption
from grammar.diagnostic import Finding, Language


@dataclass(frozen=True, slots=True)
class Operand:
    """A policy by the name it goes under in a comparison, and what it is settled under."""

    policy: Policy
    given: tuple[Assumption, ...]

    @property
    def name(self) -> str:
        """What it is called in every form."""
        return self.policy.scheme().id


def operands(texts: Sequence[str], language: Language) -> list[Operand]:
    """Each of ``NAME[@DAY or YEAR][+SCENARIO…]``; no two of one name: where two are, they go as they were written.

    Ends the command where one is not to be found or stands twice. Raises FindingsError where a policy does not check.
    """
    if twice := [text for place, text in enumerate(texts) if text in texts[:place]]:
        stop(f"“{twice[0]}”写了两次" if language == "zh" else f"`{twice[0]}` is named twice")
    found = [_operand(text, language) for text in texts]
    names = [operand.name for operand in found]
    return [
        operand
        if names.count(operand.name) == 1 or operand.name == text
        else replace(operand, policy=_labelled(operand.policy, text))
        for operand, text in zip(found, texts, strict=True)
    ]


def _operand(text: str, language: Language) -> Operand:
    from engine.api import open_policy
    from engine.trial.versions import pinned

    if Path(text).exists():
        return Operand(named(lambda: open_policy(text), language), ())
    whole, *scenarios = text.split("+")
    name, at, when = whole.partition("@")
    policy = named(lambda: open_policy(name), language)
    if at:
        policy = pinned(policy, _day(when, language))
    given = tuple(scenarios_named(policy, tuple(scenarios), language))
    return Operand(_labelled(policy, text) if at or scenarios else policy, given)


def _day(text: str, language: Language) -> date:
    """A day, or the first day of a year."""
    day = date(int(text), 1, 1) if re.fullmatch(r"[12]\d{3}", text) else parse_day(text)
    if day is None:
        stop(
            f"“@”后面写一个日子或者年度，例如 @2026-12-31、@2027，不是“{text}”"
            if language == "zh"
            else f"after `@` comes a day or a year, such as @2026-12-31 or @2027, not `{text}`"
        )
    return day


def _labelled(policy: Policy, name: str) -> Policy:
    return _Labelled(policy.loaded, inner=policy, name=name)


@dataclass(slots=True)
class _Labelled(Policy):
    """A policy under another name."""

    inner: Policy = field(kw_only=True)
    name: str = field(kw_only=True)

    def _texts(self, day: date | None) -> tuple[LoadedText, ...]:
        return self.inner._texts(day)  # noqa: SLF001 - its own kind

    def _states(self) -> list[tuple[LoadedText, ...]]:
        return self.inner._states()  # noqa: SLF001 - its own kind

    def _checked(self, texts: tuple[LoadedText, ...]) -> tuple[Scheme, list[Finding]]:
        if texts not in self.schemes:
            scheme, findings = self.inner._checked(texts)  # noqa: SLF001 - its own kind
            self.schemes[texts] = replace(scheme, id=self.name), findings
        return self.schemes[texts]
