"""参数与假设: assumptions are assumed; what is said to be stated must be what the rule file states."""

from collections.abc import Mapping

from engine.load.bureau_rows import BureauRow, Taken
from engine.load.bureau_work import Work
from engine.load.tables import Cell
from engine.load.text import name_text
from engine.load.values import Wrong, parse_value
from engine.nouns.core import Parameter
from engine.nouns.printed import spoken
from engine.nouns.suggest import nearest

_STATES = {
    "假设": "assumed", "assumed": "assumed", "测算": "assumed",
    "明确规定": "stated", "明确": "stated", "stated": "stated",
    "援引": "undecided", "转引": "undecided", "referred": "undecided",
    "未规定": "undecided", "未定": "undecided", "open": "undecided",
    "不适用": "nothing", "not_applicable": "nothing",
}  # fmt: skip
_KNOWN = ("假设", "明确规定", "援引", "未规定", "不适用")


def take_parameters(work: Work, given: Mapping[str, Cell]) -> dict[str, Cell]:
    """The assumptions of the data with those of the sheet; ``given`` are those handed in elsewhere."""
    assumptions = dict(given)
    words = _words(work)
    for row in work.rows("parameters"):
        name = words.get(name_text(row.text("参数")), name_text(row.text("参数")))
        state = _STATES.get(row.text("状态"))
        value = row.cells.get("取值")
        if not name:
            work.told.tell("D190", row.place, name="参数")
        elif state is None:
            known = "、".join(_KNOWN)
            work.told.tell("D178", row.at("状态"), text=row.text("状态") or "—", known=known,
                           **nearest(row.text("状态"), _KNOWN))  # fmt: skip
        elif name not in words:
            work.told.tell("D091", row.at("参数"), name=name, **nearest(name, words))
        elif value is None:
            continue
        elif state == "assumed":
            _assume(work, assumptions, words, name, value)
        elif state == "stated":
            _compare(work, row, name, value)
        else:
            work.told.tell("D181", value.cell.place, name=name, state=row.text("状态"), text=value.cell.text)
    return assumptions


def _words(work: Work) -> dict[str, str]:
    scheme = work.scheme
    words: dict[str, str] = {}
    for name in [*scheme.parameters, *(n for _, n in scheme.inputs)]:
        for word in (
            name,
            scheme.labels.id(name),
            *scheme.labels.called.get(name, ()),
            *scheme.labels.also.get(name, ()),
        ):
            words.setdefault(word, name)
    return words


def _assume(work: Work, assumptions: dict[str, Cell], words: Mapping[str, str], name: str, value: Taken) -> None:
    other = next((cell for key, cell in assumptions.items() if words.get(key, key) == name and cell.text), None)
    if other is not None and other.text != value.cell.text:
        work.told.tell("D182", value.cell.place, name=name, one=other.text, other=value.cell.text)
    elif other is None:
        assumptions[name] = value.cell


def _compare(work: Work, row: BureauRow, name: str, value: Taken) -> None:
    parameter = work.scheme.parameters.get(name)
    if parameter is None or parameter.state != "stated":
        work.told.tell("D180", row.at("状态"), name=name)
        return
    found = parse_value(value.cell.text, parameter.kind, value.unit)
    about = {"name": name, "text": value.cell.text}
    if isinstance(found, Wrong):
        work.told.tell(found.code, value.cell.place, kind=parameter.kind.words, unit=value.unit or "",
                       options="、".join(parameter.kind.options), **about)  # fmt: skip
    elif found not in {entry.value for entry in parameter.entries}:
        clauses = "、".join(dict.fromkeys(c for entry in parameter.entries for c in entry.clauses) or parameter.clauses)
        work.told.tell("D179", value.cell.place, stated=_stated(parameter), clauses=clauses or "—", **about)


def _stated(parameter: Parameter) -> str:
    return "、".join(dict.fromkeys(spoken(entry.value, parameter.kind) for entry in parameter.entries))
