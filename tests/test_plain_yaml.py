"""The plain form of a YAML file, read line by line, is what the YAML parser makes of the same text, to the column."""

import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.load import yaml_text
from engine.load.yaml_events import plain_events
from engine.load.yaml_text import Node, walk
from grammar.diagnostic import Finding

POLICIES = Path(__file__).parent.parent / "policies"
FILES = sorted([*POLICIES.glob("*/sample.yaml"), *POLICIES.glob("*/source.yaml")])
TEXTS = {f"{path.parent.name}/{path.name}": path.read_text(encoding="utf-8") for path in FILES}
# What a hand may put into a file at any place: YAML's signs, blanks, words with a meaning, our own full-width signs.
SIGNS = [
    *" :{}[],-#\n\t%~'\"|>&*!?@`=<.0a甲，：、。\u3000", "\n  ", "- ", "  - ", ": ", " #", ", ", "}\n", ": {", ": [", "<<",
    "null", "---", "...", "《", "//", "\u200b",
]  # fmt: skip
ROUNDS = 1200


def by_the_parser(text: str, monkeypatch: pytest.MonkeyPatch) -> tuple[Node | None, list[Finding]]:
    with monkeypatch.context() as patch:
        patch.setattr(yaml_text, "plain_events", lambda _: None)
        return walk(text, "file.yaml")


@pytest.mark.parametrize("name", TEXTS)
def test_the_files_that_come_with_the_engine_are_plain_and_read_the_same(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert plain_events(TEXTS[name]) is not None
    assert walk(TEXTS[name], "file.yaml") == by_the_parser(TEXTS[name], monkeypatch)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "# 只有注释\n",
        "年度: '2026'\n",
        "年度: |\n  2026\n",
        "年度：2026\n",
        "医共体:\n  - 名称: 甲\n",
        "医共体:\n  - {名称: 甲,\n     年度: 2026}\n",
        "医共体:\n  - {名称: &甲 甲}\n",
        "医共体:\n  - {预算: 1,200,000}\n",
        "医共体:\n  - {名称: }\n",
        "年度: 2026\n  5\n",
        "年度:\t2026\n",
        "  年度: 2026\n",
        "年度: ~\n",
        "- 甲\n",
        "年度: 2026\n---\n年度: 2027\n",
    ],
)
def test_any_other_form_is_left_to_the_parser(text: str) -> None:
    assert plain_events(text) is None


@pytest.mark.parametrize("seed", range(4))
def test_what_is_still_plain_after_slips_of_the_hand_reads_the_same(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    plain = 0
    for text in slipped(random.Random(seed)):  # noqa: S311 - not a secret
        if plain_events(text) is not None:
            plain += 1
            assert walk(text, "file.yaml") == by_the_parser(text, monkeypatch), text
    assert plain > ROUNDS / 20


def slipped(draw: random.Random) -> Iterator[str]:
    """Pieces of the files with a few characters put in, left out or put elsewhere."""
    pieces = [piece for text in TEXTS.values() if (piece := text.split("\n"))]
    for _ in range(ROUNDS):
        lines = draw.choice(pieces)
        heads = [line for line in lines if line[:1] not in {"", " ", "#"}]
        rest = [line for line in lines if line[:1] in {"", " ", "#"}]
        chosen: list[str] = []
        for _ in range(draw.randrange(1, 4)):
            chosen.append(draw.choice(heads))
            if chosen[-1].endswith(":"):
                chosen += [draw.choice(rest) for _ in range(draw.randrange(3))]
        text = "\n".join(chosen) + draw.choice(["", "\n"])
        for _ in range(draw.choice([0, 1, 1, 2])):
            at, to = draw.randrange(len(text) + 1), draw.randrange(len(text) + 1)
            match draw.randrange(3):
                case 0:
                    text = text[:at] + draw.choice(SIGNS) + text[at:]
                case 1:
                    text = text[:at] + text[at + draw.randrange(1, 4) :]
                case _:
                    text = text[:at] + text[to : to + draw.randrange(20)] + text[at:]
        yield text
