"""Schemes side by side as JSON in the contract's shape, as a table for a terminal and as Markdown."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from engine.api import SideBySide
from engine.compare.attribute import EVENTS, Attribution, Part
from engine.compare.frame import RELATIONS, Relation, against
from engine.compare.matrix import Cell
from engine.compare.totals import conservation, totals
from engine.doors.curve_form import curve_json, curve_lines
from engine.doors.explain_form import escaped
from engine.nouns.core import Scheme
from engine.nouns.numbers import grouped, money_text
from engine.nouns.possible import is_point
from engine.nouns.printed import plain, spoken
from engine.nouns.settlement import FigureResult
from grammar.diagnostic import Language, Words

STANDARD = (
    "budget", "adjusted_budget", "balance", "surplus", "overspend", "retained", "carried", "agency_retained", "fund_share",
    "provider_share", "pool_surplus_share", "pool_overspend_share", "deposit_withheld", "deposit_returned",
    "deposit_forfeited", "entitlement", "final_due", "admitted",
)  # fmt: skip
STATES = {
    "stated": Words("明确规定", "stated"), "referred": Words("援引", "referred"), "open": Words("未规定", "not stated"),
    "not_applicable": Words("不适用", "not applicable"),
}  # fmt: skip
# Figures that a bureau lays beside one another, unit by unit.
SHOWN = ("adjusted_budget", "retained", "carried", "agency_retained", "fund_share", "provider_share", "entitlement")


def comparison_json(told: SideBySide, language: Language) -> dict[str, Any]:
    """The whole comparison; ``unlike`` names bases that must not be ranked together, ``refused`` schemes the data does not fit."""
    names = topic_names(told, language)
    form: dict[str, Any] = {
        "schemes": [policy.scheme().id for policy in told.policies],
        "topics": [
            {"topic": topic.words.say(language), "id": topic.id, "cells": [_cell(cell) for cell in cells]}
            for topic, cells in told.matrix
        ],
        "completeness": [_completeness(told, policy.scheme().id) for policy in told.policies],
        "results": [*_results(told), *_outside(told)],
        "attribution": [_attribution(a, names) for a in told.attributions],
    }
    if told.settlements:
        form["totals"], form["conservation"] = list(_totals_json(told)), list(_conservation_json(told))
    if told.frame is not None:
        form["frame"] = {
            "scheme": told.frame,
            "topics": [
                {
                    "topic": a.topic.words.say(language), "id": a.topic.id, "scheme": a.cell.scheme, "relation": a.relation,
                }
                for a in against(told.matrix, told.frame)
            ],
        }  # fmt: skip
    if any(told.mapped.values()):
        form["mapped"] = [
            {"scheme": scheme, "kind": m.kind, "taken_for": m.taken_for, "rows": m.rows}
            for scheme, found in told.mapped.items()
            for m in found
        ]
    if told.curves:
        form["curves"] = [curve_json(curve, told, language) for curve in told.curves]
    if bases := unlike_bases(told):
        form["unlike"] = bases
    if told.refused:
        form["refused"] = [
            {"scheme": name, "findings": [f.as_json(language) for f in findings if f.severity == "error"]}
            for name, findings in told.refused.items()
        ]
    return form


def comparison_text(told: SideBySide, language: Language, *, only_differences: bool = False) -> str:
    """Topic by topic a line for each scheme, then results and what makes the differences."""
    zh = language == "zh"
    lines: list[str] = []
    for topic, cells in told.matrix:
        if only_differences and len({(cell.state, cell.value) for cell in cells}) == 1:
            continue
        lines.append(f"【{topic.words.say(language)}】")
        for cell in cells:
            cited = f"〔{'、'.join(cell.citations)}〕" if cell.citations else ""
            lines.append(f"  {cell.scheme:<10} {STATES[cell.state].say(language)}　{cell.value}{cited}".rstrip("　 "))
    lines.append("")
    lines.append(
        "制度完备度：没有规定或援引他处的项目" if zh else "Completeness: what is not stated or referred elsewhere"
    )
    for policy in told.policies:
        items = open_words(told, policy.scheme(), language)
        lines.append(f"  {policy.scheme().id:<10} {len(items)}　{('、' if zh else ', ').join(items)}".rstrip("　 "))
    lines += _frame_lines(told, language)
    if bases := unlike_bases(told):
        said = ("；" if zh else "; ").join(f"{name} {base}" for name, base in bases.items())
        lines += [
            "",
            f"预算口径不同，不能直接比高低：{said}" if zh else f"Budgets of unlike bases, not to be ranked: {said}",
        ]
    lines += _result_lines(told, language)
    lines += _attribution_lines(told, language)
    lines += curve_lines(told, language)
    return "\n".join(lines) + "\n"


def comparison_markdown(told: SideBySide, language: Language, *, only_differences: bool = False) -> str:
    """The matrix as a table, what is open, the results as tables, then differences and curves as lists."""
    zh = language == "zh"
    lines = [f"# {'方案比较' if zh else 'Schemes side by side'}", ""]
    lines += [f"- {escaped(line)}" for line in _scheme_lines(told, language)]
    lines += ["", f"## {'规则逐项对照' if zh else 'Rules by topic'}", ""]
    lines += _table([("项目" if zh else "topic"), *(policy.scheme().id for policy in told.policies)])
    for topic, cells in told.matrix:
        if only_differences and len({(cell.state, cell.value) for cell in cells}) == 1:
            continue
        said = [f"**{STATES[c.state].say(language)}** {escaped(c.value)} {escaped(_cited(c))}".strip() for c in cells]
        lines.append(f"| {topic.words.say(language)} | " + " | ".join(said) + " |")
    if rows := frame_rows(told, language):
        lines += ["", f"## {f'对照框架 {told.frame}' if zh else f'Against the frame {told.frame}'}", ""]
        heads = (
            ("方案", "关系", "项目", "框架", "方案自己")
            if zh
            else ("scheme", "relation", "topic", "frame", "the scheme's own")
        )
        lines += _table(heads)
        lines += ["| " + " | ".join(escaped(text) for text in row.values()) + " |" for row in rows]
    if told.settlements or told.refused:
        lines += ["", f"## {'同一份数据的结果' if zh else 'Results on the same data'}", ""]
        lines += _result_tables(told, language)
        if rows_ := total_rows(told, language):
            lines += _table([("合计" if zh else "in all"), *told.settlements])
            lines += [
                f"| {period} {name} | " + " | ".join(x or "—" for x in said) + " |" for period, name, said in rows_
            ]
            lines.append("")
        lines += [f"- {escaped(line)}" for line in conservation_lines(told, language)]
        lines += [f"- {escaped(line)}" for line in (*mapped_lines(told, language), *outside_lines(told, language))]
    for body in (_attribution_lines(told, language), curve_lines(told, language)):
        for line in body:
            inner = line.lstrip()
            depth = (len(line) - len(inner)) // 2
            if not inner:
                lines.append("")
            elif depth:
                lines.append(f"{'  ' * (depth - 1)}- {escaped(inner)}")
            else:
                lines += [f"## {escaped(inner)}", ""]
    return "\n".join(lines) + "\n"


def _scheme_lines(told: SideBySide, language: Language) -> list[str]:
    """Each scheme with its title, its document and what it leaves open; bases that are not to be ranked."""
    zh = language == "zh"
    lines = []
    for policy in told.policies:
        scheme = policy.scheme()
        items = open_words(told, scheme, language)
        draft = ("，草案" if zh else ", a draft") if "征求意见" in scheme.document else ""
        left = f"没有规定或援引他处 {len(items)} 项" if zh else f"{len(items)} not stated or referred elsewhere"
        named = ("：" + "、".join(items) if zh else f": {', '.join(items)}") if items else ""
        lines.append(f"{scheme.id} {scheme.title}{draft}{'；' if zh else '; '}{left}{named}")
    if bases := unlike_bases(told):
        said = ("；" if zh else "; ").join(f"{name} {base}" for name, base in bases.items())
        lines.append(
            f"预算口径不同，不能直接比高低：{said}" if zh else f"Budgets of unlike bases, not to be ranked: {said}"
        )
    return lines


def _table(heads: Sequence[str]) -> list[str]:
    return ["| " + " | ".join(heads) + " |", "|---" * len(heads) + "|"]


def _result_tables(told: SideBySide, language: Language) -> list[str]:
    lines: list[str] = []
    for who, results in results_by_unit(told).items():
        lines += [
            f"### {escaped(' · '.join(x for x in who if x))}",
            "",
            *_table(["数" if language == "zh" else "figure", *told.settlements]),
        ]
        for identifier in SHOWN:
            found = [results.get((scheme, identifier)) for scheme in told.settlements]
            known = next((result for result in found if result is not None), None)
            if known is not None:
                cells = ["—" if result is None else amount_words(result, language) for result in found]
                lines.append("| " + " | ".join([figure_words(known, language), *cells]) + " |")
        lines.append("")
    return lines


def frame_rows(told: SideBySide, language: Language) -> list[dict[str, str]]:
    """Each scheme against the frame, topic by topic; empty where no frame was named."""
    if told.frame is None:
        return []
    return [
        {
            "scheme": a.cell.scheme, "relation": RELATION_WORDS[a.relation].say(language), "topic": a.topic.words.say(language),
            "frame": a.frame.value or STATES[a.frame.state].say(language),
            "own": a.cell.value or STATES[a.cell.state].say(language),
        }
        for relation in RELATIONS
        for a in sorted(against(told.matrix, told.frame), key=lambda a: a.cell.scheme)
        if a.relation == relation
    ]  # fmt: skip


RELATION_WORDS: Mapping[Relation, Words] = {
    "has": Words("一致", "has"), "fills": Words("已补", "fills in"), "differs": Words("不同", "differs"),
    "lacks": Words("缺", "lacks"), "beyond": Words("框架没有", "beyond"),
}  # fmt: skip


def _frame_lines(told: SideBySide, language: Language) -> list[str]:
    """Against the frame: by scheme and relation the topics, in one line each."""
    if told.frame is None:
        return []
    rows = frame_rows(told, language)
    joint = "、" if language == "zh" else ", "
    lines = ["", f"对照框架 {told.frame}" if language == "zh" else f"Against the frame {told.frame}"]
    for scheme in dict.fromkeys(row["scheme"] for row in rows):
        lines.append(f"  {scheme}")
        for words in RELATION_WORDS.values():
            topics = [r["topic"] for r in rows if (r["scheme"], r["relation"]) == (scheme, words.say(language))]
            if topics:
                lines.append(f"    {words.say(language)} {len(topics)}　{joint.join(topics)}")
    return lines


def mapped_lines(told: SideBySide, language: Language) -> list[str]:
    """What kinds of rows a scheme settles as another kind, as declared; such results are not like for like."""
    zh = language == "zh"
    return [
        f"{scheme} 把“{m.kind}”当作“{m.taken_for}”来算（{m.rows} 行，按 --map）：口径不同，不比高低"
        if zh
        else f"{scheme} takes `{m.kind}` for `{m.taken_for}` ({m.rows} rows, by --map): not like for like, not to be ranked"
        for scheme, found in told.mapped.items()
        for m in found
    ]


def open_items(told: SideBySide, scheme: str) -> list[str]:
    """What a scheme leaves open or refers elsewhere, each once, in the order of the topics."""
    items: dict[str, None] = {}
    for _, cells in told.matrix:
        for cell in cells:
            if cell.scheme == scheme and cell.state in {"open", "referred"}:
                items.update(dict.fromkeys(cell.open_items))
    return list(items)


def open_words(told: SideBySide, scheme: Scheme, language: Language) -> list[str]:
    """The same in the reader's words: the names of parameters in English where they have one."""
    items = open_items(told, scheme.id)
    return items if language == "zh" else list(dict.fromkeys(scheme.labels.words(item) for item in items))


def unlike_bases(told: SideBySide) -> dict[str, str]:
    """The bases of the schemes' budgets where they are not all the same."""
    cells = next((cells for topic, cells in told.matrix if topic.id == "budget_base"), [])
    bases = {cell.scheme: cell.value or cell.text for cell in cells}
    return bases if len(set(bases.values())) > 1 else {}


def _completeness(told: SideBySide, scheme: str) -> dict[str, Any]:
    items = open_items(told, scheme)
    return {"scheme": scheme, "open": len(items), "items": items}


def _cell(cell: Cell) -> dict[str, Any]:
    return {
        "scheme": cell.scheme, "state": cell.state, "value": cell.value or None, "text": cell.text,
        "citations": list(cell.citations), "open": list(cell.open_items),
    }  # fmt: skip


def _cited(cell: Cell) -> str:
    return f"〔{'、'.join(cell.citations)}〕" if cell.citations else ""


def _results(told: SideBySide) -> Iterator[dict[str, Any]]:
    for scheme, settlement in told.settlements.items():
        for result in settlement.figures:
            if result.id in STANDARD and result.row.period.grain == "year":
                yield {
                    "scheme": scheme, "kind": result.row.table, "unit": result.row.unit, "insurance": result.row.insurance,
                    "period": str(result.row.period), "id": result.id, "value": _value(result), "state": result.value.state,
                }  # fmt: skip


def _outside(told: SideBySide) -> Iterator[dict[str, Any]]:
    for scheme, rows in told.outside.items():
        for row in dict.fromkeys(rows):
            yield {
                "scheme": scheme, "kind": row.table, "unit": row.unit, "insurance": row.insurance, "period": None,
                "id": None, "value": None, "state": "not_applicable",
            }  # fmt: skip


def _value(result: FigureResult) -> str | bool | None:
    return None if result.value.state == "open" else plain(result.value.now, result.kind)


def _attribution(a: Attribution, names: dict[str, str]) -> dict[str, Any]:
    scheme = a.row
    return {
        "from": a.source, "to": a.target, "unit": scheme.unit, "insurance": scheme.insurance, "period": str(scheme.period),
        "id": FIGURE_IDS[a.figure], "total": money_text(a.total),
        "steps": [
            {"topic": topic_words(part, names), "id": part.topic, "delta": money_text(part.delta), "citations": list(part.citations)}
            for part in a.parts
        ],
    }  # fmt: skip


FIGURE_IDS = {
    "结余留用": "retained", "结余留转": "carried", "经办机构留用": "agency_retained", "基金分担": "fund_share",
    "机构承担": "provider_share", "应得合计": "entitlement",
}  # fmt: skip


def topic_names(told: SideBySide, language: Language) -> dict[str, str]:
    """The words of the topics that steps of a difference belong to, by id."""
    return {topic.id: topic.words.say(language) for topic, _ in told.matrix} | {EVENTS: _EVENTS.say(language)}


_EVENTS = Words("事项", "events")


def topic_words(part: Part, names: dict[str, str]) -> str:
    """A step's topic."""
    return names.get(part.topic, part.topic)


def _result_lines(told: SideBySide, language: Language) -> list[str]:
    if not told.settlements and not told.refused:
        return []
    zh = language == "zh"
    lines = ["", "同一份数据的结果" if zh else "Results on the same data"]
    for (unit, insurance, period), results in results_by_unit(told).items():
        lines.append(f"  {' · '.join(x for x in (unit, insurance, period) if x)}")
        for identifier in SHOWN:
            said = [
                f"{scheme} {amount_words(results[scheme, identifier], language)}"
                for scheme in told.settlements
                if (scheme, identifier) in results
            ]
            if said:
                name = figure_words(next(r for (_, i), r in results.items() if i == identifier), language)
                lines.append(f"    {name}{'：' if zh else ': '}{'；'.join(said) if zh else '; '.join(said)}")
    for period, name, amounts in total_rows(told, language):
        whole = [f"{scheme} {amount}" for scheme, amount in zip(told.settlements, amounts, strict=True) if amount]
        head = f"  {'合计' if zh else 'in all'} · {period} · {name}{'：' if zh else ': '}"
        lines.append(head + ("；" if zh else "; ").join(whole))
    lines += [f"  {line}" for line in conservation_lines(told, language)]
    lines += [f"  {line}" for line in (*mapped_lines(told, language), *outside_lines(told, language))]
    return lines


def total_rows(told: SideBySide, language: Language) -> list[tuple[str, str, list[str]]]:
    """Each figure over all units: year, name, and by scheme its sum in words, empty where the scheme has no such figure."""
    zh = language == "zh"
    of = {
        scheme: {(total.period, total.result.id): total for total in totals(settlement, SHOWN)}
        for scheme, settlement in told.settlements.items()
    }
    keys = sorted({key for each in of.values() for key in each}, key=lambda key: (key[0], SHOWN.index(key[1])))
    found = []
    for key in keys:
        name = figure_words(next(each[key] for each in of.values() if key in each).result, language)
        amounts = []
        for each in of.values():
            total = each.get(key)
            text = ""
            if total is not None:
                text = f"{grouped(money_text(total.fen))} {'元' if zh else 'yuan'}{'※' if total.assumed else ''}"
                if total.open:
                    text += f"（另有 {total.open} 处未定）" if zh else f" ({total.open} more open)"
            amounts.append(text)
        found.append((key[0], name, amounts))
    return found


def conservation_lines(told: SideBySide, language: Language) -> list[str]:
    """For each scheme, whether what it hands out is what there was."""
    zh = language == "zh"
    lines = []
    for scheme, settlement in told.settlements.items():
        for c in conservation(settlement):
            name, there = figure_words(c.whole, language), grouped(money_text(c.there))
            left = f"（{c.open} 家未定，没有算进来）" if zh else f" ({c.open} units open, left out)"
            said = (
                f"{scheme} {c.period} 年{name}合计 {there} 元，{'全部分清，不多不少' if c.holds else f'分出去 {grouped(money_text(c.out))} 元，对不上'}"
                if zh
                else f"{scheme} {c.period}: {name} {there} yuan in all, {'shared out to the fen' if c.holds else f'but {grouped(money_text(c.out))} yuan shared out'}"
            )
            lines.append(said + (left if c.open else ""))
    return lines


def _totals_json(told: SideBySide) -> Iterator[dict[str, Any]]:
    for scheme, settlement in told.settlements.items():
        for total in totals(settlement, [x for x in STANDARD if x != "admitted"]):
            yield {
                "scheme": scheme, "period": total.period, "id": total.result.id, "value": money_text(total.fen),
                "known": total.known, "open": total.open, "assumed": total.assumed,
            }  # fmt: skip


def _conservation_json(told: SideBySide) -> Iterator[dict[str, Any]]:
    for scheme, settlement in told.settlements.items():
        for c in conservation(settlement):
            yield {
                "scheme": scheme, "period": c.period, "id": c.whole.id, "there": money_text(c.there), "out": money_text(c.out),
                "holds": c.holds, "units": c.units, "open": c.open,
            }  # fmt: skip


Unit = tuple[str, str | None, str]


def results_by_unit(told: SideBySide) -> dict[Unit, dict[tuple[str, str], FigureResult]]:
    """The figures laid beside one another: of each unit, insurance type and year, by scheme and figure."""
    units: dict[Unit, dict[tuple[str, str], FigureResult]] = {}
    for scheme, settlement in told.settlements.items():
        for result in settlement.figures:
            if result.id in SHOWN and result.row.period.grain == "year":
                key = (result.row.unit, result.row.insurance, str(result.row.period))
                units.setdefault(key, {})[scheme, result.id] = result
    return units


def figure_words(result: FigureResult, language: Language) -> str:
    """A figure's name."""
    return result.name if language == "zh" else result.pipeline.scheme.labels.words(result.name)


def outside_lines(told: SideBySide, language: Language) -> list[str]:
    """What lies outside a scheme, and what a scheme cannot use."""
    zh = language == "zh"
    lines: list[str] = []
    for scheme, rows in told.outside.items():
        if rows:
            apart = "（{}）" if zh else " ({})"
            named = dict.fromkeys(row.unit + (apart.format(row.insurance) if row.insurance else "") for row in rows)
            lines.append(f"{scheme} {'不适用于' if zh else 'does not cover'} {('、' if zh else ', ').join(named)}")
    for scheme, findings in told.refused.items():
        first = next(f for f in findings if f.severity == "error")
        lines.append(
            f"{scheme} {'不能用这份数据' if zh else 'cannot use this data'}[{first.code}]{'：' if zh else ': '}"
            + first.message(language)
        )
    return lines


def amount_words(result: FigureResult, language: Language) -> str:
    """An amount as it stands beside others: open ones said, assumed ones marked."""
    if not is_point(result.value.now):
        return "未定" if language == "zh" else "open"
    text = spoken(result.value.now, result.kind)
    mark = {"assumed": "※"}.get(result.value.state, "")
    return (text if language == "zh" else text.replace(" 元", " yuan")) + mark


def _attribution_lines(told: SideBySide, language: Language) -> Sequence[str]:
    if not told.attributions:
        return []
    names = topic_names(told, language)
    zh = language == "zh"
    lines = ["", "差在哪里（逐项相加等于总差）" if zh else "What makes the difference (the steps add up)"]
    for a in told.attributions:
        if not a.total and not a.parts:
            continue
        who = " · ".join(x for x in (a.row.unit, a.row.insurance, str(a.row.period)) if x)
        lines.append(
            f"  {who} {a.figure if zh else FIGURE_IDS[a.figure]} {a.source} → {a.target} {signed(a.total, language)}"
        )
        lines += [
            f"    {topic_words(part, names)} {signed(part.delta, language)}〔{'、'.join(part.citations)}〕"
            for part in a.parts
        ]
    return lines


def signed(fen: int, language: Language) -> str:
    """A difference in words."""
    size = grouped(money_text(abs(fen)))
    if language == "zh":
        return f"{'多' if fen > 0 else '少' if fen < 0 else '相差'} {size} 元"
    return f"{'+' if fen > 0 else '−' if fen < 0 else ''}{size} yuan"
