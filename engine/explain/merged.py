"""Rows merged into one (合并自): which rows they are, the days between them, and why one begins anew."""

from typing import Any

from engine.explain.explanation import Section
from engine.explain.phrases import Phrases, plural
from engine.explain.telling import Telling
from engine.nouns import core as c
from engine.nouns import kinds as k
from engine.nouns.possible import Possible, is_point
from engine.nouns.printed import plain
from engine.nouns.value import Value
from engine.nouns.world import Joint, Row

LISTED_AT_MOST = 8


def merged(t: Telling) -> Section:
    """What the row is made of, of a figure on a row that others are merged into."""
    row = t.result.row
    link = t.result.pipeline.scheme.links.get(row.table)
    if link is None:
        return t.section("how", [])
    members = row.children[link.source]
    phrases = t.phrases_of(members[0])
    certain = [x for x in members if _answer(None if row.members is None else row.members.get(x)) is True]
    rows = [_told(phrases, x, link) for x in certain[:LISTED_AT_MOST]]
    left_out = phrases.count(len(certain) - len(rows)) if len(certain) > len(rows) else ""
    number = phrases.count(len(certain))
    source = phrases.kind(link.source)
    source = phrases.pick(source, source if len(certain) == 1 else plural(source))
    sentences = [t.say("merged", phrases.kind(row.table), source, number, rows, left_out)]
    joints = [x.joint for x in members[:LISTED_AT_MOST] if x.joint is not None]
    if joints:
        sentences.append(_rule(t, phrases, link))
    sentences.extend(_met(t, phrases, link, joint) for joint in joints)
    return t.section("how", sentences)


def merged_json(row: Row, link: c.Link, scheme: c.Scheme) -> dict[str, Any]:
    """The same as data: every row with its days, and how it meets the one before it."""
    return {
        "kind": link.source,
        "same": [_given(row.children[link.source][-1], name, scheme) for name in link.keys],
        "citations": list(link.clauses),
        "rows": [
            {
                "unit": member.unit,
                "belongs": _answer(row.members.get(member)) if row.members is not None else True,
                "days": [_given(member, name, scheme) for name in dict.fromkeys((link.end, link.start))],
                "before": None if member.joint is None else _joint_json(member.joint, link),
            }
            for member in row.children[link.source]
        ],
    }


def _given(row: Row, name: str, scheme: c.Scheme) -> dict[str, Any]:
    return {"name": name, "value": plain(row.columns[name].now, scheme.inputs[row.table, name].kind)}


def _answer(value: Value | None) -> bool | None:
    return True if value is None else value.now if isinstance(value.now, bool) else None


def _joint_json(joint: Joint, link: c.Link) -> dict[str, Any]:
    return {
        "joins": _answer(joint.joins),
        "gap": _number(joint.gap.now),
        "bound": _number(joint.bound.now),
        "within": link.within,
        "apart": [_answer(value) for value in joint.apart],
        "missing": sorted(joint.joins.missing),
        "assumed": sorted(joint.joins.assumed),
    }


def _number(value: Possible) -> int | None:
    return value if isinstance(value, int) else None


def _told(phrases: Phrases, row: Row, link: c.Link) -> str:
    """A row by its number, where it has one, and its days."""
    days = [f"{phrases.word(n, row.table)} {_day(phrases, row, n)}" for n in dict.fromkeys((link.end, link.start))]
    own = row.unit if row.parent is None or row.unit != row.parent.unit else ""
    said = phrases.pick("、", ", ").join(days)
    return phrases.pick(f"{phrases.keep(own)}（{said}）", f"{phrases.keep(own)} ({said})") if own else said


def _day(phrases: Phrases, row: Row, name: str) -> str:
    now = row.columns[name].now
    return phrases.amount(now, k.DATE) if is_point(now) else phrases.pick("没有填", "not given")


def _rule(t: Telling, phrases: Phrases, link: c.Link) -> str:
    keys = phrases.joined([phrases.word(name, link.source) for name in link.keys])
    start, end = (phrases.word(name, link.source) for name in (link.start, link.end))
    bound = _days(phrases, link.bound)
    unless = [phrases.bare(node, article=True) for node in link.unless]
    return t.say("merged_by", keys, start, end, bound, link.within, unless, t.locators(link.clauses))


def _days(phrases: Phrases, bound: c.Core) -> str:
    if isinstance(bound, c.Constant):
        days = phrases.amount(bound.value, bound.kind)
        return phrases.pick(f"{days} 日", f"{days} days")
    return phrases.bare(bound, article=True)


def _met(t: Telling, phrases: Phrases, link: c.Link, joint: Joint) -> str:
    """Whether a row and the one before it are one, with the days between; what keeps them apart."""
    day = _day(phrases, joint.row, link.end)
    gap = phrases.count(abs(joint.gap.now)) if isinstance(joint.gap.now, int) else ""
    # A row may begin before the one before it has ended.
    early = isinstance(joint.gap.now, int) and joint.gap.now < 0
    bound = phrases.count(joint.bound.now) if isinstance(joint.bound.now, int) else ""
    since = _day(phrases, joint.since, link.start) if joint.since is not None else ""
    joins = _answer(joint.joins)
    if joins is None:
        missing = [phrases.word(name, _owner(t, link, name)) for name in sorted(joint.joins.missing)]
        return t.say("merged_open", day, since, gap, early, missing)
    held = [phrases.bare(n, article=True) for n, v in zip(link.unless, joint.apart, strict=True) if v.now is True]
    far = not joins and not held
    # A bound that stands in the rule itself has been said.
    known = early or (isinstance(link.bound, c.Constant) and not far)
    return t.say("merged_with", day, since, gap, early, "" if known else bound, joins, held, link.within)


def _owner(t: Telling, link: c.Link, name: str) -> str | None:
    return link.source if (link.source, name) in t.result.pipeline.scheme.inputs else None
