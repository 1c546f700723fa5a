"""The recipe for a new county in CONTRIBUTING.md, typed as it stands there with the county of ``newcomer/``."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from engine.load.clauses_of import clauses_of
from engine.load.document import read_document

ROOT = Path(__file__).resolve().parent.parent
COUNTY = ROOT / "tests" / "newcomer"
XIANCE = Path(sys.executable).with_name("xiance")


def commands() -> list[str]:
    """The commands of the recipe, in order."""
    page = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    recipe = page.split("\n## A new county\n")[1].split("\n## ")[0]
    blocks = re.findall(r"(?ms)^ *```sh\n(.*?)^ *```$", recipe)
    return [line.strip() for block in blocks for line in block.strip().split("\n")]


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What each command of the recipe told; the analyst's files go in after the first."""
    desk = tmp_path_factory.mktemp("desk")
    shutil.copytree(ROOT / "policies", desk / "policies")
    shutil.copytree(COUNTY, desk / "tests" / "newcomer")
    said: dict[str, str] = {}
    for command in commands():
        name, *words = command.split()
        assert name == "xiance"
        run = subprocess.run(
            [str(XIANCE), *words],
            cwd=desk,
            env={**os.environ, "PYTHONUTF8": "1", "XDG_DATA_HOME": str(desk / "data")},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            encoding="utf-8",
            check=False,
        )
        assert run.returncode == 0, f"{command}\n{run.stdout}"
        said[command if command not in said else f"{command} again"] = run.stdout
        if words[0] == "new":
            said["begun"] = (desk / "policies" / "luming" / "source.yaml").read_text(encoding="utf-8")
            for path in (COUNTY / "luming").iterdir():
                shutil.copy(path, desk / "policies" / "luming")
    return said


def test_the_recipe_is_typed_from_beginning_to_end(told: dict[str, str]) -> None:
    verbs = [command.split()[1] for command in commands()]
    assert verbs == ["new", "check", "test", "source", "source", "settle", "fmt", "check"]
    assert len(told) == len(verbs) + 1


def test_the_beginning_lists_the_clauses_of_the_document_and_none_of_its_words(told: dict[str, str]) -> None:
    lines = read_document(COUNTY / "luming.md")
    for clause in clauses_of(lines):
        assert f"{{条: '{clause.locator}', 摘要: 待写" in told["begun"]
    for line in lines:
        assert all(
            part not in told["begun"]
            for part in re.split(r"[，。；、：]", line.text)[1:]
            if len(part) > len("应付的钱加")
        )


def test_the_county_has_a_rule_for_every_clause_and_a_case_for_every_rule(told: dict[str, str]) -> None:
    assert "条款 10 条，规则引用 10 条" in told["xiance check luming --ready"]
    assert "错误 0 处，警告 0 处" in told["xiance check luming --ready"]
    tested = re.search(
        r"案例 (\d+) 个，通过 (\d+) 个，未通过 0 个；规则 (\d+)/(\d+)，例外 (\d+)/(\d+)", told["xiance test luming"]
    )
    assert tested
    assert tested[1] == tested[2]
    assert tested[3] == tested[4]
    assert tested[5] == tested[6] == "2"


def test_the_digests_are_put_in_and_the_copy_is_the_same(told: dict[str, str]) -> None:
    (attached,) = (text for command, text in told.items() if command.startswith("xiance source attach"))
    assert "相同 10 条" in attached
    first, last = (told[f"xiance check luming --ready{again}"] for again in ("", " again"))
    assert "条款对过原文 0/10" in first
    assert "条款对过原文 10/10" in last
    assert _score(last) > _score(first)


def _score(text: str) -> int:
    found = re.search(r"就绪度 (\d+)%", text)
    assert found
    return int(found[1])


def test_the_band_the_exception_and_what_is_open_show_in_the_settlement(told: dict[str, str]) -> None:
    (settled,) = (text for command, text in told.items() if command.startswith("xiance settle"))
    # 3,118,206.40: the first 5 % of 32,000,000.00 at 70 %, the rest at 30 %.
    assert "1,575,461.92" in settled
    # (12,200,000.00 − 10,400,000.00) × 60 % at a score of 92; refusal keeps nothing of 900,000.00.
    assert "1,080,000.00" in settled
    assert "推诿属实，因此为 0.00 元〔七〕" in settled
    assert "保证金返还比例〔八〕，见《全市保证金办法》" in settled
