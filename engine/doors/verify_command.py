"""The command ``xiance verify``: settle again what a receipt speaks of, and tell which part is no longer the same."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from engine.doors.telling import fail, format_option, language_option, named, tell, tell_json
from engine.doors.usage import Command
from grammar.diagnostic import Finding, FindingsError, Language, Place, Words, has_errors
from grammar.frozen import dataclass

if TYPE_CHECKING:
    from engine.api import Policy
    from engine.nouns.dataset import Assumption


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
        given = named(lambda: _read(receipt), language)
        folder = Path(receipt).parent
        found_policy = named(lambda: _policy_at(policy or given["command"]["policy"], folder), language)
        found_data = named(lambda: _data_at(data or given["command"]["data"], folder), language)
        parts, findings = _compared(given, _settled_again(given, found_policy, found_data, receipt))
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


# ---- the receipt and what it names


_RECEIPT_AT_MOST = 4 << 20


def _read(receipt: str) -> dict[str, Any]:
    """The receipt, of the form that `receipt_form` writes; raises FindingsError where it is another."""
    from pydantic import ValidationError

    from engine.load.read import NoSuchFileError

    path = Path(receipt)
    # `Path.exists` raises on names too long for the file system; this one answers.
    if not os.path.isfile(receipt):  # noqa: PTH113
        raise NoSuchFileError(receipt)
    try:
        with path.open("rb") as file:
            data = file.read(_RECEIPT_AT_MOST + 1)
        if len(data) > _RECEIPT_AT_MOST:
            raise FindingsError([Finding("S121", Place(receipt), {"where": f"> {_RECEIPT_AT_MOST >> 20} MiB"})])
        receipt_: dict[str, Any] = _form().model_validate_json(data).model_dump()
    except OSError:
        raise FindingsError([Finding("D004", Place(receipt))]) from None
    except ValidationError as error:
        where = sorted({".".join(str(part) for part in wrong["loc"]) or "JSON" for wrong in error.errors()})
        raise FindingsError([Finding("S121", Place(receipt), {"where": "、".join(where[:_TOLD_AT_MOST])})]) from None
    return receipt_


_TOLD_AT_MOST = 8


def _form() -> Any:
    from typing import Literal

    from pydantic import BaseModel, ConfigDict

    class Part(BaseModel):
        """回执的一部分."""

        model_config = ConfigDict(strict=True, hide_input_in_errors=True)

    class Command(Part):
        """命令."""

        policy: str
        data: str
        scenarios: tuple[str, ...] = ()
        assume: tuple[str, ...] = ()

    class Layer(Part):
        """一份规则文件."""

        name: str
        title: str
        digest: str

    class Assumed(Part):
        """一个假设."""

        name: str
        value: str
        source: str

    class Receipt(Part):
        """回执."""

        receipt: Literal[1]
        engine: str
        command: Command
        years: list[int]
        rules: str
        layers: list[Layer]
        data: str
        assumptions: list[Assumed]
        figures: str

    return Receipt


def _near(given: str, folder: Path) -> Iterator[str]:
    """Where something the receipt names may be: there, or beside the receipt when both were moved."""
    yield given
    yield str(folder / given)
    yield str(folder / _last(given))


def _last(given: str) -> str:
    """The last part of a path, written on whatever system."""
    return given.replace("\\", "/").rstrip("/").rpartition("/")[2]


def _policy_at(given: str, folder: Path) -> str:
    from engine.load.policy import NoSuchPolicyError, find_policy, known_policies

    # Last of all it may be one that comes with the engine; whether it is the same its digests tell.
    for name in (*_near(given, folder), _last(given)):
        try:
            find_policy(name)
        except (NoSuchPolicyError, OSError, ValueError):
            continue
        return name
    raise NoSuchPolicyError(given, known_policies())


def _data_at(given: str, folder: Path) -> Path:
    from engine.load.read import NoSuchFileError

    for name in _near(given, folder):
        if given and os.path.exists(name):  # noqa: PTH110
            return Path(name)
    raise NoSuchFileError(given)


# ---- settling again


def _settled_again(given: dict[str, Any], policy_name: str, data: Path, receipt: str) -> dict[str, Any]:
    """The receipt of the same command today; raises FindingsError where rules or data no longer allow it."""
    from engine.api import bind_data, open_policy, settle
    from engine.doors.receipt_form import receipt_json
    from engine.load.read import read_data

    try:
        policy = open_policy(policy_name)
        raw = read_data(data, str(data))
        dataset = bind_data(policy, raw, _assumptions(policy, given, receipt))
        settlement = settle(policy, dataset, set(given["years"]))
    except FindingsError as error:
        raise FindingsError([Finding("S129", Place(receipt)), *error.findings]) from None
    return receipt_json(settlement, policy, dataset, name=policy_name, data=str(data))


def _assumptions(policy: "Policy", given: dict[str, Any], receipt: str) -> "list[Assumption]":
    """The assumptions of scenarios and of the command line, by the values the receipt holds: the rest is read anew."""
    from engine.load.bind_assumptions import parse_assumption
    from engine.load.tables import Cell

    scenarios = {Path(name).stem for name in given["command"]["scenarios"]}
    findings: list[Finding] = []
    made = [
        parse_assumption(
            policy.scheme(), a["name"], Cell(a["value"], Place(receipt, key=a["name"])), a["source"], findings
        )
        for a in given["assumptions"]
        if a["source"] not in {"rules", "data"} or a["source"] in scenarios
    ]
    if findings:
        raise FindingsError(findings)
    return [assumption for assumption in made if assumption is not None]


# ---- comparing


@dataclass(frozen=True, slots=True)
class _Part:
    """One part of a run, then and now; None where that side has no such part."""

    part: str
    name: str
    then: str | None
    now: str | None

    @property
    def same(self) -> bool:
        return self.then == self.now

    def as_json(self) -> dict[str, object]:
        return {"part": self.part, "name": self.name, "receipt": self.then, "now": self.now, "same": self.same}


def _compared(then: dict[str, Any], now: dict[str, Any]) -> tuple[list[_Part], list[Finding]]:
    """Every part of the two receipts side by side, and what is to be told."""
    rules = list(_side_by_side("rules", _layers(then), _layers(now)))
    if all(part.same for part in rules) and then["rules"] != now["rules"]:
        rules.append(_Part("rules", now["scheme"], then["rules"], now["rules"]))
    data = _Part("data", now["command"]["data"], then["data"], now["data"])
    assumptions = list(_side_by_side("assumptions", _values(then), _values(now)))
    engine = _Part("engine", "", then["engine"], now["engine"])
    figures = _Part("figures", "", then["figures"], now["figures"])
    before = [finding for part in (*rules, data, *assumptions, engine) if not part.same for finding in _told(part)]
    changed = has_errors(before)
    if not figures.same:
        nothing_changed = not changed and engine.same
        before.append(Finding("S127" if nothing_changed else "S126"))
    elif changed:
        before.append(Finding("S128"))
    return [*rules, data, *assumptions, engine, figures], before


def _layers(receipt: dict[str, Any]) -> dict[str, str]:
    layers = receipt["layers"]
    return {f"{x['name']} {x['title']}".strip(): x["digest"] for x in layers}


def _values(receipt: dict[str, Any]) -> dict[str, str]:
    return {a["name"]: a["value"] for a in receipt["assumptions"]}


def _side_by_side(part: str, then: dict[str, str], now: dict[str, str]) -> Iterator[_Part]:
    for name in dict.fromkeys([*now, *then]):
        yield _Part(part, name, then.get(name), now.get(name))


def _told(part: _Part) -> list[Finding]:
    none = Words("没有", "none")
    match part.part:
        case "rules":
            how = (
                Words("不在了", "is gone")
                if part.now is None
                else Words("是新加的", "is new")
                if part.then is None
                else Words("改动了", "has changed")
            )
            return [Finding("S122", None, {"name": part.name, "how": how})]
        case "data":
            return [Finding("S123", Place(part.name))]
        case "assumptions":
            return [Finding("S124", None, {"name": part.name, "then": part.then or none, "now": part.now or none})]
        case _:
            return [Finding("S125", None, {"then": part.then or none, "now": part.now or none})]


_PARTS = {
    "rules": Words("规则", "rules"),
    "data": Words("数据", "data"),
    "assumptions": Words("假设", "assumption"),
    "engine": Words("引擎", "engine"),
    "figures": Words("数字", "figures"),
}


def _as_text(parts: list[_Part], language: Language, *, same: bool) -> str:
    zh = language == "zh"
    words = {True: Words("相同", "the same"), False: Words("不同", "different")}
    lines = []
    for part in parts:
        about = f"{_PARTS[part.part].say(language)} {part.name}".strip()
        lines.append(f"{about}{'：' if zh else ': '}{words[part.same].say(language)}")
    lines.append({True: Words("与回执一致。", "As the receipt says."),
                  False: Words("与回执不一致。", "Not as the receipt says.")}[same].say(language))  # fmt: skip
    return "\n".join(lines)
