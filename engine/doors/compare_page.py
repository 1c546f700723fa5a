"""A comparison as one page that asks nothing of the network and reads in black and white."""

from functools import cache
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined, Template
from jinja2.sandbox import SandboxedEnvironment

from engine.api import SideBySide
from engine.doors import compare_drawing as drawing
from engine.doors.compare_form import (
    FIGURE_IDS,
    SHOWN,
    STATES,
    amount_words,
    conservation_lines,
    figure_words,
    frame_rows,
    mapped_lines,
    open_words,
    outside_lines,
    results_by_unit,
    signed,
    topic_names,
    topic_words,
    total_rows,
    unlike_bases,
)
from engine.doors.curve_form import TITLE, labels_of, told_in_words, unit_words
from engine.nouns.core import Scheme
from grammar.diagnostic import Language


def comparison_page(told: SideBySide, language: Language, *, only_differences: bool = False) -> str:
    """The page; names and values are data to its template. ``only_differences`` sets its filter from the start."""
    return _page().render(
        only_differences=only_differences,
        say=lambda zh, en: zh if language == "zh" else en,
        schemes=[_scheme(policy.scheme(), told, language) for policy in told.policies],
        topics=_topics(told, language),
        unlike=unlike_bases(told),
        units=_units(told, language),
        asked=bool(told.settlements or told.refused),
        totals=total_rows(told, language),
        settled=list(told.settlements),
        outside=[*conservation_lines(told, language), *outside_lines(told, language), *mapped_lines(told, language)],
        differences=differences_of(told, language),
        curve_title=TITLE.say(language),
        plot=drawing.plot(told),
        small=drawing.plot(told, drawing.SMALL),
        small_names=[
            f"{curve.scheme} · {unit_words(curve, labels_of(told)[curve.scheme], language)}"
            for curve in drawing.drawn_curves(told)
        ],
        curves=[
            {
                "scheme": curve.scheme,
                "unit": unit_words(curve, labels_of(told)[curve.scheme], language),
                "lines": list(told_in_words(curve, labels_of(told)[curve.scheme], language)),
            }
            for curve in told.curves
        ],
        d=drawing,
        frame=frame_rows(told, language),
        frame_name=told.frame,
    )


def _scheme(scheme: Scheme, told: SideBySide, language: Language) -> dict[str, Any]:
    draft = "征求意见" in scheme.document
    if language == "zh":
        document = scheme.document or "没有写文号"
    else:
        document = "a draft for comment" if draft else scheme.document or "no number given"
    return {
        "id": scheme.id, "title": scheme.title, "document": document, "draft": draft, "open": open_words(told, scheme, language),
        "start": "" if scheme.start is None else str(scheme.start),
    }  # fmt: skip


def _topics(told: SideBySide, language: Language) -> list[dict[str, Any]]:
    return [
        {
            "name": topic.words.say(language),
            "same": len({(cell.state, cell.value) for cell in cells}) == 1,
            "cells": [
                {
                    "state": cell.state, "label": STATES[cell.state].say(language), "value": cell.value,
                    "text": cell.text if cell.text != cell.value and cell.value else "", "cited": "、".join(cell.citations),
                }
                for cell in cells
            ],
        }
        for topic, cells in told.matrix
    ]  # fmt: skip


def _units(told: SideBySide, language: Language) -> list[dict[str, Any]]:
    units = []
    for who, results in results_by_unit(told).items():
        rows = []
        for identifier in SHOWN:
            found = [results.get((scheme, identifier)) for scheme in told.settlements]
            known = next((result for result in found if result is not None), None)
            if known is not None:
                cells = ["—" if result is None else amount_words(result, language) for result in found]
                rows.append({"name": figure_words(known, language), "cells": cells})
        units.append({"name": " · ".join(x for x in who if x), "schemes": list(told.settlements), "rows": rows})
    return units


def differences_of(told: SideBySide, language: Language) -> list[dict[str, Any]]:
    """Every difference that has steps, with what its drawing needs."""
    names = topic_names(told, language)
    return [
        {
            "who": " · ".join(x for x in (a.row.unit, a.row.insurance, str(a.row.period)) if x),
            "figure": a.figure if language == "zh" else FIGURE_IDS[a.figure], "source": a.source, "target": a.target,
            "total": signed(a.total, language), "fall": drawing.waterfall(a, names, language),
            "steps": [
                {"topic": topic_words(p, names), "delta": signed(p.delta, language), "cited": "、".join(p.citations)} for p in a.parts
            ],
        }
        for a in told.attributions
        if a.parts
    ]  # fmt: skip


@cache
def _page() -> Template:
    environment: Environment = SandboxedEnvironment(
        loader=PackageLoader("engine.doors"), autoescape=True, undefined=StrictUndefined, trim_blocks=True,
        lstrip_blocks=True,
    )  # fmt: skip
    return environment.get_template("comparison.html.j2")
