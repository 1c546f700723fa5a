"""The command ``xiance explain``: why a figure is what it is, why not more, and what would change it."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import click

from engine.doors.choices import assumed_values, keep_the_data, scenarios_named, years_chosen
from engine.doors.telling import (
    fail,
    format_option,
    is_utf8,
    language_option,
    named,
    stop,
    tell,
    tell_pieces,
    write_pieces_whole,
)
from grammar.diagnostic import FindingsError, Language

if TYPE_CHECKING:
    from engine.explain.explain import Explainer
    from engine.explain.explanation import Explanation
    from engine.nouns.core import Scheme
    from engine.nouns.settlement import FigureResult


@click.command()
@click.argument("name", required=False)
@click.argument("figure", required=False)
@click.option("--data", "data", metavar="PATH", help="数据：一个文件，或一个文件夹。")
@click.option(
    "--from",
    "stored",
    metavar="OUT",
    help="解释 settle --out 写出的结果：OUT 是那个文件夹或 json，不写 NAME 和 --data。",
)
@click.option(
    "--figure", "chosen_figure", metavar="FIGURE", help="和 --from 一起写：解释哪个数；不写就解释这个单位的全部。"
)
@click.option(
    "--policy", "policy_moved", metavar="NAME|PATH", help="和 --from 一起写：方案搬了地方时，写它现在在哪里。"
)
@click.option("--unit", metavar="名称", help="只解释这个单位的。")
@click.option("--insurance", metavar="险种", help="只解释这个险种的。")
@click.option("--year", type=int, help="只解释这一年。")
@click.option("--years", metavar="Y..Z", help="只解释这几年。")
@click.option("--assume", multiple=True, metavar="名=值", help="假设一个值，可以写多次。")
@click.option("--scenario", "scenarios", multiple=True, metavar="FILE", help="情景：文件，或规则文件里情景的名称。")
@click.option(
    "--depth",
    type=click.Choice(["1", "2", "all"]),
    default="2",
    show_default=True,
    help="1 一句话，2 逐步，all 直到填报的数。",
)
@click.option("--wan", "wan", is_flag=True, help="一万元以上的金额写成万元（中文）。")
@click.option("--why-not", "why_not", is_flag=True, help="逐条说明哪些例外没有适用，差在哪里。")
@click.option("--all", "everything", is_flag=True, help="解释每一个数，不写 FIGURE。")
@format_option("text", "md", "html", "json")
@click.option("--out", metavar="PATH", help="写到文件，不写到屏幕。")
@language_option
def explain(
    name: str | None,
    figure: str | None,
    data: str | None,
    stored: str | None,
    chosen_figure: str | None,
    policy_moved: str | None,
    unit: str | None,
    insurance: str | None,
    year: int | None,
    years: str | None,
    assume: tuple[str, ...],
    scenarios: tuple[str, ...],
    depth: str,
    form: str,
    out: str | None,
    language: Language,
    *,
    wan: bool,
    why_not: bool,
    everything: bool,
) -> None:
    """解释一个数：结论、怎么算、依据、没有规定的、影响。FIGURE 写数的名称或 id。

    用 --from 时，先把这个单位的行逐行重算，与写出的数字核对到分，再解释；数据、规则或数字变了就不解释。
    """
    _check_usage(name, figure, data, stored, unit, chosen_figure or policy_moved, assume, scenarios, language)
    if stored is not None:
        figure = chosen_figure or name
        everything = everything or figure is None
    zh = language == "zh"
    if (figure is None) != everything:
        stop("写一个数的名称，或者写 --all" if zh else "name one figure, or write --all")
    for kept in (data, stored):
        keep_the_data(kept or "", [out] if out and kept else [], language)
    chosen = years_chosen(year, years, language)
    assumed = assumed_values(assume, language)
    from engine.api import bind_data, explainer, open_policy
    from engine.load.read import read_data

    try:
        if stored is not None:
            from engine.doors.explain_from import unit_of_run

            label = scenarios[0] if scenarios else None
            policy, dataset, settled, told_of = unit_of_run(stored, unit or "", policy_moved, data, language, label)
            tell(told_of, language)
            chosen = range(0) if chosen is not None and not set(chosen) & set(settled) else chosen
            whole = explainer(policy, dataset, settled if chosen is None else set(chosen) & set(settled))
        else:
            policy = named(lambda: open_policy(name or ""), language)
            raw = named(lambda: read_data(Path(data or ""), data), language)
            dataset = bind_data(policy, raw, scenarios_named(policy, scenarios, language), assumed)
            whole = explainer(policy, dataset, chosen)
    except FindingsError as error:
        fail(error.findings, form, language)
    results = _chosen(whole, figure, unit, insurance, language)
    if form != "json":
        tell((f for f in whole.background.settlement.warnings if f.severity == "warning"), language)
    levels = {"1": 1, "2": 2, "all": None}[depth]
    # One after another, from the first to the last: nothing waits for the whole, and nothing is kept of what was told.
    whole.wan = wan
    told = (whole.explain(result, language, levels, why_not=why_not) for result in results)
    pieces = _pieces(told, results, form, whole, language, escaped=not out and not is_utf8())
    if out:
        write_pieces_whole(Path(out), pieces, language)
    else:
        tell_pieces(pieces)


def _check_usage(
    name: str | None,
    figure: str | None,
    data: str | None,
    stored: str | None,
    unit: str | None,
    only_stored: str | None,
    assumed: tuple[str, ...],
    scenarios: tuple[str, ...],
    language: Language,
) -> None:
    """End as wrong usage where what is written does not go together."""
    zh = language == "zh"
    if stored is None:
        if name is None:
            raise click.MissingParameter(param=click.Argument(["name"]))
        if data is None:
            raise click.MissingParameter(param=click.Option(["--data"]))
        if only_stored is not None:
            stop("--figure 和 --policy 要和 --from 一起写" if zh else "--figure and --policy go with --from")
        return
    if unit is None:
        stop("--from 要写是哪个单位：加 --unit 名称" if zh else "--from asks for a unit: add --unit NAME")
    if figure is not None or assumed:
        stop(
            "--from 用的是当时的方案、数据和假设，不再写方案名和 --assume"
            if zh
            else "--from takes the policy, data and assumptions of the run; leave out the policy and --assume"
        )
    if len(scenarios) > 1:
        stop(
            "--from 只看一个情景：--scenario 只写一次" if zh else "--from looks at one scenario: write --scenario once"
        )


def _pieces(
    told: "Iterator[Explanation]",
    results: "list[FigureResult]",
    form: str,
    whole: "Explainer",
    language: Language,
    *,
    escaped: bool,
) -> Iterator[str]:
    from engine.doors.explain_form import html_of, json_of, markdown_of, text_of

    scheme = whole.background.settlement.scheme
    match form:
        case "json":
            from engine.explain.trace_form import explanation_json

            return json_of((explanation_json(x, whole.background) for x in told), escaped=escaped)
        case "md":
            return markdown_of(told, scheme, language)
        case "html":
            return html_of(told, [whole.title(r, language) for r in results], scheme, language)
        case _:
            return text_of(told)


def _chosen(
    whole: "Explainer", figure: str | None, unit: str | None, insurance: str | None, language: Language
) -> "list[FigureResult]":
    """The figures asked for; where there is none the command says what there is, as wrong usage."""
    results: Iterable[FigureResult] = whole.background.settlement.figures
    names: set[str] = set()
    if figure is not None:
        names = _names(whole, figure, language)
        results = [r for r in results if r.name in names]
    if unit is not None:
        units = list(dict.fromkeys(r.row.unit for r in whole.background.settlement.figures))
        if unit not in units:
            _unknown(unit, units, language, ("单位", "unit"))
        results = [r for r in results if r.row.unit == unit]
    if insurance is not None:
        known = {i: i for i in whole.background.settlement.scheme.insurances}
        known |= {whole.background.settlement.scheme.labels.id(i): i for i in known}
        if insurance not in known:
            _unknown(insurance, list(known), language, ("险种", "insurance type"))
        insurance = known[insurance]
        results = [r for r in results if r.row.insurance in {insurance, None}]
    found = list(results)
    if not found:
        _none(whole, figure, names, unit, insurance, language)
    return found


def _names(whole: "Explainer", figure: str, language: Language) -> set[str]:
    """The Chinese names a word stands for: the name itself, an id, the document's own word."""
    scheme = whole.background.settlement.scheme
    parts = [(receiver, a.part) for a in scheme.allocations for receiver in a.receivers]
    parts += [(a.table, a.left) for a in scheme.allocations if a.left is not None]
    keys = [*((t, f.name) for (t, _), f in scheme.figures.items() if f.sort != "met" and not f.unrounded), *parts]
    words: dict[str, set[str]] = {}
    for table, name in keys:
        called = (*scheme.labels.called.get(name, ()), *scheme.labels.also.get(name, ()))
        for word in (name, scheme.labels.id(name, table), *called):
            words.setdefault(word, set()).add(name)
    if figure in words:
        return words[figure]
    if figure in _reported(scheme):
        _given(figure, language)
    from engine.explain.parameter import parameter_words

    if said := parameter_words(whole.background.settlement, figure, language):
        stop(said)
    return _unknown(figure, list(words), language, ("数", "figure"))


def _reported(scheme: "Scheme") -> set[str]:
    """The names and ids of what the data reports."""
    return {word for table, name in scheme.inputs for word in (name, scheme.labels.id(name, table))}


def _given(figure: str, language: Language) -> NoReturn:
    if language == "zh":
        stop(f"“{figure}”是填报的数，不是算出来的，不用解释；可以解释用到它的数")
    stop(f"`{figure}` is given in the data, not worked out; explain a figure that reads it")


def _unknown(word: str, known: list[str], language: Language, sort: tuple[str, str]) -> NoReturn:
    from engine.nouns.suggest import closest

    near = closest(word, tuple(known))
    if language == "zh":
        stop(f"没有“{word}”这个{sort[0]}。" + (f"是不是“{near}”？" if near else f"有的是：{'、'.join(known[:40])}"))
    stop(f"no {sort[1]} `{word}`. " + (f"Did you mean `{near}`?" if near else f"Known: {', '.join(known[:40])}"))


def _none(
    whole: "Explainer", figure: str | None, names: set[str], unit: str | None, insurance: str | None, language: Language
) -> NoReturn:
    """Say why there is none: a gate, a rule that takes it away, a kind of rows without it, or no data for what was chosen."""
    from engine.explain.absent import why_absent

    figures = whole.background.settlement.figures
    zh = language == "zh"
    if not figures:
        stop("所选的年度没有数据" if zh else "the data has nothing of the years chosen")
    rows = {
        id(r.row): r
        for r in figures
        if unit in {None, r.row.unit} and insurance in {None, r.row.insurance} and r.row.period.grain == "year"
    }
    if rows and all(r.row.refused for r in rows.values()):
        who = "、".join(dict.fromkeys(r.row.unit for r in rows.values()))
        if zh:
            stop(f"{who}没有通过准入，没有金额可解释；请解释“准入”")
        stop(f"{who} did not pass the gate and has no amounts; explain `admitted`")
    told = [x for r in rows.values() for name in sorted(names) if (x := why_absent(whole, r, name, language))]
    if told:
        stop("\n".join(told))
    if figure is not None and figure in _reported(whole.background.settlement.scheme):
        _given(figure, language)
    asked = f"{unit}（{insurance}）" if unit and insurance else unit or insurance or ""
    kinds = dict.fromkeys(r.row.table for r in figures if r.name in names)
    labels = whole.background.settlement.scheme.labels
    if figure is not None and kinds and not {r.row.table for r in rows.values()} & kinds.keys():
        having = "、".join(labels.here(k) for k in kinds) if zh else ", ".join(labels.words(k) for k in kinds)
        stop(
            f"{asked}没有“{figure}”这个数；有它的是：{having}"
            if zh
            else f"{asked} has no `{figure}`; it belongs to: {having}"
        )
    if zh:
        stop(
            f"{asked}没有{f'“{figure}”这个数' if figure else '可解释的数'}：所选的年度、险种没有数据，或者规则没有给它"
        )
    stop(
        f"{asked} has no {f'`{figure}`' if figure else 'figure'}: no data for the years or insurance chosen, or no rule gives it"
    )
