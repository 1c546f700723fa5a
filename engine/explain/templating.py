"""Our own templates, sandboxed: names and values from files are data to them, never templates."""

from functools import cache
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from jinja2.sandbox import SandboxedEnvironment

from grammar.diagnostic import Language


@cache
def words(name: str, language: Language) -> Any:
    """The macros of one template file in one language: one for each kind of step, of sugar, of sentence."""
    return _environment().get_template(f"{name}.{language}.j2").module


@cache
def _environment() -> Environment:
    environment = SandboxedEnvironment(
        loader=PackageLoader("engine.explain"),
        autoescape=False,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["capitalize_first"] = lambda text: text[:1].upper() + text[1:]
    return environment
