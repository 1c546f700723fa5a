"""What a parameter is, for a reader who asks for it as for a figure: its state, its values, what waits for it."""

from engine.nouns.core import Entry, Parameter, Scheme
from engine.nouns.possible import Scalar
from engine.nouns.printed import spoken
from engine.nouns.ranges import range_words
from engine.nouns.settlement import Settlement
from grammar.diagnostic import Language


def parameter_words(settlement: Settlement, word: str, language: Language) -> str:
    """One sentence on the parameter a word stands for, by its name, id or the document's word; empty where none is."""
    scheme = settlement.scheme
    parameter = next((p for p in scheme.parameters.values() if word in _called(scheme, p.name)), None)
    if parameter is None:
        return ""
    zh = language == "zh"
    clauses = dict.fromkeys((*parameter.clauses, *(x for entry in parameter.entries for x in entry.clauses)))
    cited = (f"〔{'、'.join(clauses)}〕" if zh else f" [{', '.join(clauses)}]") if clauses else ""
    said = f"“{word}”是参数，不是算出来的数：" if zh else f"`{word}` is a parameter, not a figure: "
    said += _state(parameter, language) + cited
    given = settlement.assumptions.get(parameter.name)
    if given is not None:
        value = _value(given.value, parameter, language)
        said += f"；这次按假设 {value} 算" if zh else f"; assumed here to be {value}"
    waiting = dict.fromkeys(
        r.name for r in settlement.figures if parameter.name in r.value.missing | r.value.assumed and not r.row.refused
    )
    names = [scheme.labels.here(x) if zh else scheme.labels.words(x) for x in waiting][:_SHOWN]
    if names:
        said += f"。可以解释的有：{'、'.join(names)}" if zh else f". Figures it bears on: {', '.join(names)}"
    return said


_SHOWN = 6


def _called(scheme: Scheme, name: str) -> set[str]:
    labels = scheme.labels
    return {name, labels.id(name), *labels.called.get(name, ()), *labels.also.get(name, ())}


def _state(parameter: Parameter, language: Language) -> str:
    zh = language == "zh"
    if parameter.entries:
        return ("、" if zh else ", ").join(_dated(entry, parameter, language) for entry in parameter.entries)
    limits = range_words(parameter.range, parameter.kind).say(language)
    match parameter.state:
        case "not_applicable":
            return "不适用" if zh else "not applicable"
        case "referred":
            if zh:
                where = f"《{parameter.referred}》" if parameter.referred else "别的文件"
                return f"这份文件没有写定，转引{where}，{limits}"
            return f"not fixed here, referred to {parameter.referred or 'another document'}, {limits}"
        case _:
            return f"文件没有规定，{limits}" if zh else f"not stated, {limits}"


def _dated(entry: Entry, parameter: Parameter, language: Language) -> str:
    zh = language == "zh"
    when = [*entry.insurances]
    if entry.start is not None:
        when.append(f"{entry.start} 起" if zh else f"from {entry.start}")
    if entry.end is not None:
        when.append(f"至 {entry.end}" if zh else f"to {entry.end}")
    span = (f"（{'，'.join(when)}）" if zh else f" ({', '.join(when)})") if when else ""
    return _value(entry.value, parameter, language) + span


def _value(value: Scalar, parameter: Parameter, language: Language) -> str:
    text = spoken(value, parameter.kind)
    return text if language == "zh" else text.replace(" 元", " yuan")
