"""A receipt read again: where the policy and the data it names are now, its assumptions, and which part is no longer the same."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from grammar.diagnostic import Finding, FindingsError, Place, Words, has_errors
from grammar.frozen import dataclass

if TYPE_CHECKING:
    from engine.api import Policy
    from engine.nouns.dataset import Assumption


# ---- the receipt and what it names


_RECEIPT_AT_MOST = 4 << 20


def read_receipt(receipt: str) -> dict[str, Any]:
    """The receipt, of the form that `receipt_form` writes; raises FindingsError where it is another."""
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
    except OSError:
        raise FindingsError([Finding("D004", Place(receipt))]) from None
    return receipt_in(data, receipt)


def receipt_in(text: bytes | str, where: str) -> dict[str, Any]:
    """The receipt that a text is; raises FindingsError where it is none, or that of many runs."""
    from pydantic import ValidationError

    try:
        receipt: dict[str, Any] = _form().model_validate_json(text).model_dump()
    except ValidationError as error:
        if _is_of_many(text):
            raise FindingsError([Finding("S132", Place(where))]) from None
        wrong = sorted({".".join(str(part) for part in each["loc"]) or "JSON" for each in error.errors()})
        raise FindingsError([Finding("S121", Place(where), {"where": "、".join(wrong[:_TOLD_AT_MOST])})]) from None
    return receipt


def _is_of_many(text: bytes | str) -> bool:
    import json

    try:
        form = json.loads(text)
    except (ValueError, RecursionError):
        return False
    return isinstance(form, dict) and "batch" in form


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


def policy_at(given: str, folder: Path) -> str:
    """Where the policy of a receipt is now, which lies in a folder; raises NoSuchPolicyError."""
    from engine.load.policy import NoSuchPolicyError, find_policy, known_policies

    # Last of all it may be one that comes with the engine; whether it is the same its digests tell.
    for name in (*_near(given, folder), _last(given)):
        try:
            find_policy(name)
        except (NoSuchPolicyError, OSError, ValueError):
            continue
        return name
    raise NoSuchPolicyError(given, known_policies())


def data_at(given: str, folder: Path) -> Path:
    """Where the data of a receipt is now; raises NoSuchFileError."""
    from engine.load.read import NoSuchFileError

    for name in _near(given, folder):
        if given and os.path.exists(name):  # noqa: PTH110
            return Path(name)
    raise NoSuchFileError(given)


def assumptions_given(policy: "Policy", given: dict[str, Any], receipt: str) -> "list[Assumption]":
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
class Part:
    """One part of a run, then and now; None where that side has no such part."""

    part: str
    name: str
    then: str | None
    now: str | None

    @property
    def same(self) -> bool:
        """Whether nothing has changed."""
        return self.then == self.now

    def as_json(self) -> dict[str, object]:
        """The part as ``verify`` tells it."""
        return {"part": self.part, "name": self.name, "receipt": self.then, "now": self.now, "same": self.same}


def compared(then: dict[str, Any], now: dict[str, Any]) -> tuple[list[Part], list[Finding]]:
    """Every part of the two receipts side by side, and what is to be told."""
    rules = list(_side_by_side("rules", _layers(then), _layers(now)))
    if all(part.same for part in rules) and then["rules"] != now["rules"]:
        rules.append(Part("rules", now["scheme"], then["rules"], now["rules"]))
    data = Part("data", now["command"]["data"], then["data"], now["data"])
    assumptions = list(_side_by_side("assumptions", _values(then), _values(now)))
    engine = Part("engine", "", then["engine"], now["engine"])
    figures = Part("figures", "", then["figures"], now["figures"])
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


def _side_by_side(part: str, then: dict[str, str], now: dict[str, str]) -> Iterator[Part]:
    for name in dict.fromkeys([*now, *then]):
        yield Part(part, name, then.get(name), now.get(name))


def _told(part: Part) -> list[Finding]:
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
