"""A settlement as a workbook: every figure to the fen, formulas that come to the engine's figures, states in words."""

import io
import re
import subprocess
import sys
import zipfile
from fractions import Fraction
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from books import Value, book
from python_calamine import CalamineWorkbook

from engine.api import bind_data, open_policy, settle
from engine.doors.json_form import settlement_json
from engine.doors.xlsx_form import settlement_book
from engine.load.read import read_data
from engine.load.workbook import read_workbook
from engine.nouns.settlement import Settlement

ROOT = Path(__file__).resolve().parent.parent
SAMPLES = [*sorted((ROOT / "policies").glob("*/sample.yaml")), *sorted((ROOT / "tests" / "conformance").glob("*.yaml"))]
_MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
_POLICY_OF = re.compile(r"[a-z]+")


def settled(path: Path) -> Settlement:
    name = path.parent.name if path.name == "sample.yaml" else (_POLICY_OF.match(path.stem) or [""])[0]
    policy = open_policy(name)
    return settle(policy, bind_data(policy, read_data(path)))


def sheets(data: bytes) -> dict[str, list[list[Any]]]:
    workbook = CalamineWorkbook.from_filelike(io.BytesIO(data))
    return {name: workbook.get_sheet_by_name(name).to_python() for name in workbook.sheet_names}


def shown(value: object) -> str:
    """A cell as text with two decimals where it is a number."""
    return f"{value:.2f}" if isinstance(value, float) else str(value)


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_every_figure_stands_on_the_sheet_of_its_kind(path: Path) -> None:
    settlement = settled(path)
    told = sheets(settlement_book(settlement, "zh"))
    words = {"stated": "明确", "assumed": "假设", "open": "未定"}
    rows = {
        (row[0], row[1], row[2], row[4]): row
        for name in told
        for row in told[name][1:]
        if told[name][0][:2] == ["单位", "险种"]
    }
    figures = settlement_json(settlement, "zh")["figures"]
    assert figures
    for figure in figures:
        row = rows[figure["unit"], figure["insurance"] or "", figure["period"], figure["id"]]
        assert row[7] == words[figure["state"]]
        value = figure["value"]
        if value is None:
            assert row[5] == "未定"
        elif isinstance(value, bool):
            assert row[5] == ("是" if value else "否")
        elif figure["value_unit"] == "元":
            assert shown(row[5]) == value
        else:
            assert Fraction(str(row[5])) == Fraction(value)


def formulas(data: bytes) -> tuple[dict[str, str], dict[str, tuple[str, str]]]:
    """The numbers of the first sheet by cell, and its formulas with the values beside them."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        tree = ET.fromstring(archive.read("xl/worksheets/sheet1.xml"))  # noqa: S314 - our own
    numbers: dict[str, str] = {}
    found: dict[str, tuple[str, str]] = {}
    for cell in tree.iter(f"{_MAIN}c"):
        value, formula = cell.findtext(f"{_MAIN}v") or "", cell.findtext(f"{_MAIN}f")
        if cell.get("t", "n") == "n" and value:
            # What every program reads there: the file may hold one digit more than a binary number tells apart.
            numbers[cell.get("r", "")] = repr(float(value))
        if formula is not None:
            found[cell.get("r", "")] = (formula, value)
    return numbers, found


def result(formula: str, numbers: dict[str, str]) -> Fraction:
    """What a formula of our own comes to: a sum of ranges, a quotient, or cells added and taken away."""
    if formula.startswith("SUM("):
        total = Fraction(0)
        for part in formula[4:-1].split(","):
            first, _, last = part.partition(":")
            column = first.rstrip("0123456789")
            for row in range(int(first[len(column) :]), int((last or first)[len(column) :]) + 1):
                total += Fraction(numbers.get(f"{column}{row}", "0"))
        return total
    if "/" in formula:
        above, below = formula.split("/")
        return Fraction(numbers[above]) / Fraction(numbers[below])
    terms = re.findall(r"([+-]?)([A-Z]+[0-9]+)", formula)
    assert "".join(sign + cell for sign, cell in terms) == formula
    return sum((Fraction(numbers[cell]) * (-1 if sign == "-" else 1) for sign, cell in terms), Fraction(0))


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_every_formula_comes_to_the_engines_figure_beside_it(path: Path) -> None:
    numbers, found = formulas(settlement_book(settled(path), "zh"))
    assert found
    for formula, value in found.values():
        assert abs(result(formula, numbers) - Fraction(value)) <= (Fraction(1, 10**14) if "/" in formula else 0)


def test_the_year_end_table_has_its_columns_and_sums_and_a_place_to_sign() -> None:
    rows = sheets(settlement_book(settled(ROOT / "policies" / "gaotai" / "sample.yaml"), "zh"))["年终清算表"]
    heads = [str(x) for x in rows[2]]
    assert heads[:8] == [
        "序号", "年度", "机构", "险种", "A 年度总额预算", "B 调整额", "C 调整后预算=A+B", "D 年度清算总额",
    ]  # fmt: skip
    assert heads[-3:] == ["Q 应补拨(+)/应收回(−)", "依据条款", "备注（假设值、未定事项）"]
    total = next(row for row in rows if row[2] == "合计")
    assert total[heads.index("D 年度清算总额")] == 81596357.77
    assert any("盖章" in str(x) for row in rows for x in row)
    open_row = next(row for row in rows if row[2] == "县中医医院医共体" and row[3] == "居民")
    assert open_row[heads.index("I2 基金分担")] == "未定"
    assert "未定，还缺：超支分担比例" in open_row[-1]


def test_columns_that_the_scheme_does_not_have_are_left_out() -> None:
    heads = [
        str(x)
        for x in sheets(settlement_book(settled(ROOT / "policies" / "yunxian" / "sample.yaml"), "zh"))["年终清算表"][2]
    ]
    assert any("结余留转" in head for head in heads)
    assert not any("资金池" in head or "预拨金" in head for head in heads)


def test_an_assumed_amount_says_so_in_words_and_not_by_colour() -> None:
    with zipfile.ZipFile(
        io.BytesIO(settlement_book(settled(ROOT / "policies" / "gaotai" / "sample.yaml"), "zh"))
    ) as archive:
        assert "（假设）" in archive.read("xl/styles.xml").decode()


def test_english_headings_are_complete() -> None:
    told = sheets(settlement_book(settled(ROOT / "policies" / "gaotai" / "sample.yaml"), "en"))
    assert next(iter(told)) == "Year-end settlement"
    chinese = re.compile("[一-鿿]")
    for rows in told.values():
        head = rows[2] if rows[0][0] and "settlement" in str(rows[0][0]) else rows[0]
        assert not any(chinese.search(str(text)) for text in head), head


def test_text_that_begins_like_a_formula_stays_text() -> None:
    header: list[Value] = ["名称", "年度总额预算", "年度清算总额"]
    for name in ("=1+1", "+1", "-1", "@SUM(A1)", "https://x.example", "1.50"):
        raw = read_workbook(
            book({"案": [["年度", 2026], ["险种", "居民"]], "非医共体机构": [header, [name, 5, 4]]}), "x.xlsx"
        )
        policy = open_policy("gaotai")
        data = settlement_book(settle(policy, bind_data(policy, raw)), "zh")
        assert name in [row[2] for row in sheets(data)["年终清算表"]]
        _, found = formulas(data)
        assert not any("1+1" in formula for formula, _ in found.values())


def test_the_same_settlement_gives_the_same_bytes(tmp_path: Path) -> None:
    for number, seed in enumerate(("0", "7")):
        command(tmp_path, "--out", f"{number}.xlsx", seed=seed)
    assert (tmp_path / "0.xlsx").read_bytes() == (tmp_path / "1.xlsx").read_bytes()


def test_without_a_file_to_write_to_a_workbook_is_wrong_usage(tmp_path: Path) -> None:
    run = command(tmp_path)
    assert run.returncode == 2
    assert "--out" in run.stderr
    assert "--out" in command(tmp_path, "--lang", "en").stderr
    assert list(tmp_path.iterdir()) == []


def test_a_workbook_that_cannot_be_written_leaves_nothing_behind(tmp_path: Path) -> None:
    (tmp_path / "结果").mkdir()
    run = command(tmp_path, "--out", "结果")
    assert run.returncode == 2
    assert list((tmp_path / "结果").iterdir()) == []


def command(folder: Path, *words: str, seed: str = "0") -> subprocess.CompletedProcess[str]:
    run = [
        sys.executable,
        "-c",
        "from engine.doors.command import main; main()",
        "settle",
        "gaotai",
        "--format",
        "xlsx",
    ]
    data = ["--data", str(ROOT / "policies" / "gaotai" / "sample.yaml")]
    environment = {"PYTHONHASHSEED": seed, "PATH": "", "PYTHONUTF8": "1"}
    return subprocess.run(
        [*run, *data, *words],
        cwd=folder,
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
        env=environment,
    )
