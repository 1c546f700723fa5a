"""The events of any YAML text, from the YAML parser; what it complains of becomes a finding."""

from collections.abc import Iterator

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError
from ruamel.yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    MappingEndEvent,
    MappingStartEvent,
    NodeEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)
from ruamel.yaml.events import Event as ParserEvent

from engine.load.yaml_events import Event
from engine.load.yaml_faults import syntax_finding
from grammar.diagnostic import Finding, FindingsError, Place

# ruamel trips over its own feet on some broken texts, such as the escape `"\UFFFFFFFF"`.
_STUMBLES = (ArithmeticError, AssertionError, AttributeError, LookupError, TypeError, ValueError)


def parsed_events(text: str, file: str) -> Iterator[Event]:
    """The events of a text, those that say nothing left out; raises FindingsError where it cannot be followed."""
    # Events and not ruamel's own trees: those turn `0123` and `1_000` into numbers, and cost several times as much.
    try:
        for event in YAML(typ="safe", pure=True, plug_ins=[]).parse(text):
            yield from _event(event)
    except YAMLError as error:
        raise FindingsError([syntax_finding(error, text, file)]) from None
    except _STUMBLES:
        raise FindingsError([Finding("D010", Place(file))]) from None


def _event(event: ParserEvent) -> Iterator[Event]:
    line, column = event.start_mark.line + 1, event.start_mark.column + 1
    anchored = isinstance(event, AliasEvent) or (isinstance(event, NodeEvent) and event.anchor is not None)
    tagged = getattr(event, "tag", None) is not None
    match event:
        case DocumentStartEvent():
            yield Event("document", line, column, tagged=bool(event.version or event.tags))
        case ScalarEvent():
            quoted = event.style is not None
            yield Event("scalar", line, column, event.value, quoted, anchored=anchored, tagged=tagged)
        case MappingStartEvent():
            yield Event("mapping", line, column, "", False, bool(event.flow_style), anchored, tagged)
        case SequenceStartEvent():
            yield Event("sequence", line, column, anchored=anchored, tagged=tagged)
        case MappingEndEvent() | SequenceEndEvent():
            yield Event("end", line, column)
        case AliasEvent():
            yield Event("other", line, column, anchored=True)
        case _:
            return
