"""Each drawing of a comparison as a picture of its own: SVG, or PNG with Chinese letters."""

from functools import cache
from importlib import import_module
from typing import Any, Literal

from jinja2 import PackageLoader, StrictUndefined
from jinja2.sandbox import SandboxedEnvironment

from engine.api import SideBySide
from engine.doors import compare_drawing as drawing
from engine.doors.compare_page import differences_of
from engine.doors.curve_form import TITLE
from grammar.diagnostic import Language

PictureForm = Literal["svg", "png"]
_SHARP = 2


class NoPictureError(Exception):
    """Pictures in dots cannot be made here: ``lacking`` is "library" or "font"."""

    def __init__(self, lacking: Literal["library", "font"]) -> None:
        self.lacking = lacking
        super().__init__(lacking)


def pictures(told: SideBySide, language: Language, form: PictureForm) -> dict[str, bytes]:
    """The pictures by file name: the curves, and a waterfall for every difference. Raises NoPictureError."""
    drawn = {name: text.encode("utf-8") for name, text in _drawn(told, language).items()}
    if form == "svg":
        return {f"{name}.svg": data for name, data in drawn.items()}
    return {f"{name}.png": _dots(data.decode("utf-8")) for name, data in drawn.items()}


def _drawn(told: SideBySide, language: Language) -> dict[str, str]:
    def say(zh: str, en: str) -> str:
        return zh if language == "zh" else en

    found = {}
    if (plot := drawing.plot(told)) is not None:
        template = _templates().get_template("curves.svg.j2")
        found["curves"] = template.render(plot=plot, d=drawing, say=say, title=TITLE.say(language))
    every = differences_of(told, language)
    places = len(str(len(every)))
    for number, difference in enumerate(every, start=1):
        template = _templates().get_template("waterfall.svg.j2")
        found[f"difference-{number:0{places}}"] = template.render(a=difference, d=drawing, say=say)
    return found


def _dots(svg: str) -> bytes:
    """A drawing in dots, twice as fine as it is laid out; never with boxes in place of letters."""
    try:
        library: Any = import_module("resvg_py")
    except ImportError:
        raise NoPictureError("library") from None
    if not _has_letters():
        raise NoPictureError("font")
    return bytes(library.svg_to_bytes(svg_string=svg, zoom=_SHARP))


@cache
def _has_letters() -> bool:
    """Whether this machine has a font with Chinese letters: without one every letter is the same box."""
    library: Any = import_module("resvg_py")
    shape = '<svg xmlns="http://www.w3.org/2000/svg" width="40" height="40"><text x="4" y="30" font-size="24">{}</text></svg>'
    one, other = (bytes(library.svg_to_bytes(svg_string=shape.format(letter))) for letter in "医保")
    return one != other


@cache
def _templates() -> SandboxedEnvironment:
    return SandboxedEnvironment(
        loader=PackageLoader("engine.doors"), autoescape=True, undefined=StrictUndefined, trim_blocks=True,
        lstrip_blocks=True,
    )  # fmt: skip
