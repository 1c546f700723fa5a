"""The command ``xiance finding``: the page of a finding, or the list of all of them."""

from unicodedata import normalize

import click

from engine.doors.telling import format_option, language_option, stop, tell_json
from engine.doors.usage import Command
from grammar.diagnostic import Language, catalogue


@click.command(cls=Command)
@click.argument("code", required=False)
@format_option("text", "json", "md")
@language_option
def finding(code: str | None, form: str, language: Language) -> None:
    """说明一个编号：是什么意思，为什么要紧，怎样改，错的和对的例子。不写编号则列出全部。"""
    from engine.doors import finding_form as forms

    if code is None:
        if form == "json":
            tell_json({"findings": forms.list_json(language)})
        else:
            click.echo(forms.list_text(language) if form == "text" else forms.list_markdown(language), nl=False)
        return
    known = _known(code, language)
    if form == "json":
        tell_json(forms.finding_json(known, language))
    else:
        click.echo((forms.finding_text if form == "text" else forms.finding_markdown)(known, language), nl=False)


def _known(code: str, language: Language) -> str:
    """The code that is meant, in whatever width and case it is typed; one that is none is wrong usage."""
    from engine.nouns.suggest import closest

    meant = normalize("NFKC", code).strip().strip("[]").upper()
    if meant not in catalogue():
        near = closest(meant, catalogue())
        if language == "zh":
            stop(f"没有“{code}”这个编号。{f'是不是 {near}？' if near else ''}全部编号见：xiance finding")
        stop(f"no finding `{code}`. {f'Did you mean {near}? ' if near else ''}All of them: xiance finding")
    return meant
