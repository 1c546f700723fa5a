"""The command ``xiance verify``: settle again what a receipt speaks of, and tell which part is no longer the same."""

import sys
from pathlib import Path
from typing import Any

import click

from engine.doors.receipt_read import Part, assumptions_given, compared, data_at, policy_at, read_receipt
from engine.doors.telling import fail, format_option, language_option, named, tell, tell_json
from engine.doors.usage import Command
from grammar.diagnostic import Finding, FindingsError, Language, Place, Words, has_errors


@click.command(cls=Command)
@click.argument("receipt")
@click.option("--data", "data", metavar="PATH", help="数据搬了地方时，写它现在在哪里。")
@click.option("--policy", "policy", metavar="NAME|PATH", help="方案搬了地方时，写它现在在哪里。")
@format_option("text", "json")
@language_option
def verify(receipt: str, data: str | None, policy: str | None, form: str, language: Language) -> None:
    """按回执重算一遍，说明规则、数据、假设、数字有没有变。

    全部相同时退出码为 0，有不同为 1，缺文件为 2。数据和方案先按回执里写的路径找，再到回执旁边找。
    """
    try:
        given = named(lambda: read_receipt(receipt), language)
        folder = Path(receipt).parent
        found_policy = named(lambda: policy_at(policy or given["command"]["policy"], folder), language)
        found_data = named(lambda: data_at(data or given["command"]["data"], folder), language)
        parts, findings = compared(given, _settled_again(given, found_policy, found_data, receipt))
    except FindingsError as error:
        fail(error.findings, form, language)
    wrong = has_errors(findings)
    if form == "json":
        tell_json(
            {
                "same": not wrong,
                "receipt": receipt,
                "policy": found_policy,
                "data": str(found_data),
                "parts": [part.as_json() for part in parts],
                "findings": [finding.as_json(language) for finding in findings],
            }
        )
    else:
        tell(findings, language)
        click.echo(_as_text(parts, language, same=not wrong))
    sys.exit(1 if wrong else 0)


# ---- settling again


def _settled_again(given: dict[str, Any], policy_name: str, data: Path, receipt: str) -> dict[str, Any]:
    """The receipt of the same command today; raises FindingsError where rules or data no longer allow it."""
    from engine.api import bind_data, open_policy, settle
    from engine.doors.receipt_form import receipt_json
    from engine.load.read import read_data

    try:
        policy = open_policy(policy_name)
        raw = read_data(data, str(data))
        dataset = bind_data(policy, raw, assumptions_given(policy, given, receipt))
        settlement = settle(policy, dataset, set(given["years"]))
    except FindingsError as error:
        raise FindingsError([Finding("S129", Place(receipt)), *error.findings]) from None
    return receipt_json(settlement, policy, dataset, name=policy_name, data=str(data))


# ---- telling


_PARTS = {
    "rules": Words("规则", "rules"),
    "data": Words("数据", "data"),
    "assumptions": Words("假设", "assumption"),
    "engine": Words("引擎", "engine"),
    "figures": Words("数字", "figures"),
}


def _as_text(parts: list[Part], language: Language, *, same: bool) -> str:
    zh = language == "zh"
    words = {True: Words("相同", "the same"), False: Words("不同", "different")}
    lines = []
    for part in parts:
        about = f"{_PARTS[part.part].say(language)} {part.name}".strip()
        lines.append(f"{about}{'：' if zh else ': '}{words[part.same].say(language)}")
    lines.append({True: Words("与回执一致。", "As the receipt says."),
                  False: Words("与回执不一致。", "Not as the receipt says.")}[same].say(language))  # fmt: skip
    return "\n".join(lines)
