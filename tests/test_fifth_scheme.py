"""A scheme scaffolded here, without a line of Python, stands in every form of a comparison beside shipped ones."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from python_calamine import CalamineWorkbook

ROOT = Path(__file__).resolve().parent.parent
XIANCE = str(Path(sys.executable).with_name("xiance"))
SAMPLE = "policies/gaotai/sample.yaml"


def run(*words: str) -> str:
    """What a command tells."""
    done = subprocess.run([XIANCE, *words], capture_output=True, text=True, cwd=ROOT, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def compared(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, ...]:
    """The words of a comparison of Gaotai, Yunxian and a fifth scheme drafted from Gaotai, on Gaotai's sample."""
    folder = tmp_path_factory.mktemp("fifth")
    run("new", "fifth", "--from", "gaotai", "--copy", "--out", str(folder))
    rules = folder / "fifth" / "rules.policy"
    text = rules.read_text(encoding="utf-8")
    # The one number its own document gives, filled in as an analyst does.
    given = text.replace("参数 留用上限比例: 比率, 0% 至 100%, 未定 ", "参数 留用上限比例: 比率 = 25% ")
    assert given != text
    rules.write_text(given, encoding="utf-8")
    return ("gaotai", str(folder / "fifth"), "yunxian", "--data", SAMPLE, "--curve")


def test_it_has_results_differences_and_a_curve(compared: tuple[str, ...]) -> None:
    told = json.loads(run("compare", *compared, "--format", "json"))
    assert "fifth" in told["schemes"]
    assert {"retained", "balance", "entitlement"} <= {r["id"] for r in told["results"] if r["scheme"] == "fifth"}
    assert "fifth" in {a["to"] for a in told["attribution"]}
    assert "fifth" in {curve["scheme"] for curve in told["curves"]}
    assert "fifth" in {each["scheme"] for each in told["completeness"]}


@pytest.mark.parametrize(
    ("form", "marks"),
    [
        ("table", ("【留用上限】\n  gaotai", "  fifth ", "gaotai → fifth", "\n  fifth　")),
        ("md", (" gaotai | fifth | yunxian |", "gaotai → fifth")),
        ("html", ('<th scope="col">fifth', '<th scope="row">fifth', "gaotai → fifth", "<h3>fifth ·")),
    ],
)
def test_it_stands_in_every_text(form: str, marks: tuple[str, ...], compared: tuple[str, ...]) -> None:
    text = run("compare", *compared, "--format", form)
    assert [mark for mark in marks if mark not in text] == []


def test_it_stands_on_every_sheet(compared: tuple[str, ...], tmp_path: Path) -> None:
    path = tmp_path / "book.xlsx"
    run("compare", *compared, "--format", "xlsx", "--out", str(path))
    book = CalamineWorkbook.from_path(str(path))
    without = [
        name
        for name in book.sheet_names
        if not any("fifth" in str(cell) for row in book.get_sheet_by_name(name).to_python() for cell in row)
    ]
    assert without == []
