"""What stands beside the working: the clause, the reading taken, what is not regulated, what did not apply."""

from collections.abc import Iterator

from engine.explain.account import Step
from engine.explain.clauses import ClauseNote
from engine.explain.explanation import Section
from engine.explain.telling import Telling, figure_of
from engine.explain.words import of_before
from engine.nouns import core as c
from engine.nouns.pipeline import Carry, Derive
from engine.nouns.value import ZERO_DIVISOR


def basis(t: Telling, notes: list[ClauseNote]) -> Section:
    """The clauses, quoted where the document is attached, else in our own words; and the text they are inherited from."""
    sentences = []
    if notes:
        said = [t.say("clause", t.locator(n.locator), n.summary.say(t.language), _quoted(n.quote)) for n in notes]
        sentences.append(t.say("basis", said))
    else:
        sentences.append(t.say("no_clause"))
    layer, scheme = t.layer(), t.result.pipeline.scheme
    title = next((x.title for x in scheme.layers if x.name == layer), "")
    if title and layer.startswith(f"{scheme.id} "):
        sentences.append(t.say("amended", title))
    elif layer != scheme.id and title and title != scheme.title and not layer.startswith("common"):
        sentences.append(t.say("layer", title))
    if isinstance(t.result.step, Derive) and t.result.step.figure.locked and layer != scheme.id:
        sentences.append(t.say("locked"))
    return t.section("basis", sentences)


def reading(t: Telling, own: Step) -> Section:
    """Why the clause is read as it is, and what the figure would be under each other reading."""
    # Where an exception decided, the usual working was not read at all.
    figure = figure_of(own) if not own.decided else None
    sentences = []
    for exception in own.decided:
        if exception.branch.reason:
            t.phrases.keep(exception.branch.reason)
            sentences.append(t.say("reason", "", exception.branch.reason.strip("。")))
    for step in t.accounts.chain(own.row, own.column, 1):
        if step is own and own.decided:
            continue
        if isinstance(step.maker, Derive) and step.maker.figure.reason and (step is own or step.maker.figure.unrounded):
            name = "" if step is own else t.phrases_of(step.row).name(step.column)
            t.phrases.keep(step.maker.figure.reason)
            sentences.append(t.say("reason", name, step.maker.figure.reason.strip("。")))
    told = t.whole.differences.get((own.row.key, own.column), [])
    for difference in told:
        other = difference.other
        title = _reading_title(t, difference.reading)
        if other is not None and other.value.state != "open":
            sentences.append(t.say("other", title, t.phrases.amount(other.value.now, other.kind)))
        else:
            sentences.append(t.say("other_open", title))
    mine = {r.name for r in figure.readings} if figure is not None else set()
    same = [_reading_title(t, r) for r in t.whole.readings if r in mine - {d.reading for d in told}]
    if same and t.result.value.state != "open":
        sentences.append(t.say("same", [f"“{x}”" for x in same]))
    return t.section("reading", sentences)


def _reading_title(t: Telling, reading: str) -> str:
    labels = t.result.pipeline.scheme.labels
    title = t.phrases.pick(reading, labels.words(reading))
    t.phrases.keep(title)
    return title


def what_is_open(t: Telling, own: Step, notes: list[ClauseNote]) -> Section:
    """What is missing, assumed, left to a default or left out, and what the clause itself leaves open."""
    p, value = t.phrases, t.result.value
    scheme = t.result.pipeline.scheme
    sentences: list[str] = []
    for name in sorted(value.missing) if value.state == "open" else ():
        sentences.append(_missing(t, name))
    if value.state == "open":
        sentences.extend(_trials(t))
    for name in sorted(value.assumed) if value.state == "assumed" else ():
        sentences.append(_assumed(t, name))
    for table, name in t.left_out:
        parameter = scheme.parameters.get(name)
        clauses = parameter.clauses if parameter is not None else scheme.inputs[table, name].clauses
        where = p.joined([t.locator(x) for x in clauses]) if clauses else ""
        sentences.append(t.say("left_out", p.name(name, table) if parameter is None else p.word(name), where))
    if _was_read(own):
        names = {scheme.labels.here(n) for n in value.missing}
        for note in notes:
            left = [x for x in note.open if x.zh not in names and (own.row.table, x.zh) not in t.left_out]
            items = [said for x in left if (said := x.say(t.language))]
            if items:
                for item in items:
                    p.keep(item)
                sentences.append(t.say("clause_open", t.locator(note.locator), items))
    sentences.extend(_defaults(t))
    if scheme.document and _is_draft(scheme.document):
        sentences.append(t.say("draft", p.pick(scheme.document, "a draft for comment")))
    return t.section("open", sentences)


def _was_read(own: Step) -> bool:
    """Whether the clause can be read in several ways here, so that what it leaves open bears on the figure."""
    figure = figure_of(own)
    return figure is not None and bool(figure.readings or (figure.reason and own.value.state != "stated"))


def _missing(t: Telling, name: str) -> str:
    p, scheme = t.phrases, t.result.pipeline.scheme
    parameter = scheme.parameters.get(name)
    if parameter is not None:
        where = p.joined([t.locator(x) for x in parameter.clauses]) if parameter.clauses else ""
        referred = p.keep(parameter.referred or "")
        return t.say("parameter", p.word(name, None), parameter.state, referred, where)
    if name.endswith(ZERO_DIVISOR):
        divisor = name.removesuffix(ZERO_DIVISOR)
        known = (t.result.row.table, divisor) in t.makers.by or divisor in t.result.row.columns
        return t.say("zero_divisor", p.name(divisor) if known else f"“{p.keep(divisor)}”")
    if name in scheme.tables:
        return t.say("table", p.kind(name))
    own = t.result.row.table
    before = of_before(scheme, name)
    if before is not None:
        name = before[2]
    table = own if (own, name) in scheme.inputs else next((k for k, n in scheme.inputs if n == name), own)
    said = p.name(name, table)
    return t.say("datum", said if before is None else p.pick(before[0], before[1]) + said)


def _trials(t: Telling) -> Iterator[str]:
    p, scheme = t.phrases, t.result.pipeline.scheme
    for trial in t.whole.trials:
        other = trial.values.get((t.result.row.key, t.result.name))
        used = [n for n in trial.scenario.values if n in t.result.value.missing]
        if other is None or other.value.state == "open" or not used:
            continue
        values = []
        for name in used:
            kind = scheme.parameters[name].kind if name in scheme.parameters else other.kind
            values.append(f"{p.word(name, None)} {p.amount(trial.scenario.values[name], kind)}")
        title = p.keep(p.pick(trial.scenario.name, scheme.labels.words(trial.scenario.name)))
        yield t.say("trial", title, values, p.amount(other.value.now, other.kind))


def _assumed(t: Telling, name: str) -> str:
    p, scheme = t.phrases, t.result.pipeline.scheme
    assumption = t.whole.settlement.assumptions.get(name)
    if assumption is None:
        return ""
    datum = next((d for (_, n), d in scheme.inputs.items() if n == name), None)
    kind = scheme.parameters[name].kind if name in scheme.parameters else datum.kind if datum else t.result.kind
    source = assumption.source if assumption.source in {"rules", "data", "command"} else "scenario"
    label = p.word(name, None) if name in scheme.parameters else p.name(name)
    return t.say("assumed", label, p.amount(assumption.value, kind), source)


def _defaults(t: Telling) -> Iterator[str]:
    """What was not given and counts as its default, those of one default together."""
    scheme = t.result.pipeline.scheme
    groups: dict[tuple[str, bool], list[str]] = {}
    unused = _unused_openings(t)
    for name in sorted(t.result.value.defaults - unused):
        datum = scheme.inputs.get((t.result.row.table, name)) or next(
            (d for (_, n), d in scheme.inputs.items() if n == name), None
        )
        if datum is not None:
            value = False if datum.event or datum.default is None else datum.default
            said = t.phrases.amount(value, datum.kind)
            groups.setdefault((said, datum.event), []).append(t.phrases.name(name))
    for (said, event), names in groups.items():
        yield t.say("default", t.phrases.joined(names), said, event)


def _unused_openings(t: Telling) -> frozenset[str]:
    """What only stands for an earlier period's figure, where that period was settled: its default did not count."""
    row = t.result.row
    openings: dict[str, bool] = {}
    for (table, column), step in t.makers.by.items():
        if table == row.table and isinstance(step, Carry) and isinstance(step.opening, c.Read):
            used = row.decided.get(column) == ()
            openings[step.opening.column] = openings.get(step.opening.column, False) or used
    return frozenset(name for name, used in openings.items() if not used)


def _quoted(text: str | None) -> str:
    """The words of a clause within quotation marks: its own marks turned into inner ones, its lines joined."""
    return (text or "").replace("\n", "").replace("“", "‘").replace("”", "’").strip().rstrip("。")


def _is_draft(document: str) -> bool:
    return "征求意见" in document or "草案" in document
