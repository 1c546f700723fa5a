"""What must surround a command for it to find something that no text alone can show: a full disk, a broken file."""

import json
import os
import shutil
import socket
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Protocol
from unittest.mock import patch

from click.testing import CliRunner
from finding_books import BOOKS
from office_files import archive, pdf_file, word_file

from engine.doors.command import cli
from engine.sql.engines import Reason, UnusableError

_COUNTY = "方案 county 「某县试行办法」\n  施行 2026-01-01 起   依据 一\n数据 医共体\n  结余\n环节 年终清算\n  对 医共体:\n    结余留用 = 结余   依据 一\n"
_INDEX = "文件:\n  名称: 某县医共体总额付费试行办法\n条款:\n  - {条: 一, 摘要: 施行日期, 作用: [计算]}\n"
_COPY = "某县医共体总额付费试行办法\n一、本办法自2026年1月1日起施行。\n"
_HEADER = "名称,年度,险种,年度总额预算,年度清算总额\n"
_ROW = "县妇幼保健院,2026,居民,12000000.00,7800000.00\n"
_YAML = "年度: 2026\n险种: 居民\n非医共体机构:\n  - {名称: 县妇幼保健院, 年度总额预算: 1200万元, 年度清算总额: 7800000.00}\n"


class Surround(Protocol):
    """Makes what surrounds a command, on the wrong side or put right."""

    def __call__(self, folder: Path, *, right: bool) -> Callable[[], object] | None:
        """Put it into the folder; what it changes elsewhere is undone by what it answers."""


SURROUNDINGS: dict[str, Surround] = {}


def _surrounds(code: str) -> Callable[[Surround], Surround]:
    def keep(make: Surround) -> Surround:
        SURROUNDINGS[code] = make
        return make

    return keep


def _write(path: Path, content: str | bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content if isinstance(content, bytes) else content.encode("utf-8"))
    return path


def _rules(code: str, wrong: str | bytes, right: str) -> None:
    """A rule file with its index that is wrong as a whole."""

    def make(folder: Path, *, right: bool) -> None:
        _write(folder / "某县/rules.policy", good if right else wrong)
        _write(folder / "某县/source.yaml", _INDEX)

    good = right
    SURROUNDINGS[code] = make


_rules("P101", _COUNTY + "# 县人民医院,2026,1\n" * 120_000, _COUNTY)
_rules("P106", _COUNTY.replace("= 结余", "= " + " + ".join(["结余"] * 250)), _COUNTY)
_rules("P107", _COUNTY + ("参数 甲=" + "1+" * 30 + "1\n") * 2_800, _COUNTY)
_rules("P108", _COUNTY.encode("gb18030"), _COUNTY)
_rules("P113", _COUNTY + "    用途 结余留用 限于 " + "、".join(["「甲」"] * 3_000) + "   依据 一\n", _COUNTY)


@_surrounds("C404")
def _no_index(folder: Path, *, right: bool) -> None:
    _write(folder / "某县/rules.policy", _COUNTY)
    if right:
        _write(folder / "某县/source.yaml", _INDEX)


def _data(code: str, wrong: dict[str, str | bytes], right: dict[str, str | bytes]) -> None:
    """Data files that are wrong as files."""

    def make(folder: Path, *, right: bool) -> None:
        for name, content in (good if right else wrong).items():
            _write(folder / name, content)

    good = right
    SURROUNDINGS[code] = make


_GOOD: dict[str, str | bytes] = {"数据/非医共体机构.csv": _HEADER + _ROW}
_data("D001", {"数据/非医共体机构.csv": (_HEADER + _ROW).encode("utf-16-le") + b"\xff"}, _GOOD)
_data("D003", {"data.yaml": _YAML + "# 明细\n" * (3 << 20)}, _GOOD)
_data("D036", {"非医共体机构.csv": _HEADER + _ROW}, _GOOD)
_data("D038", {"2026.json": "{}"}, {"2026.yaml": _YAML})
_data("D039", {"数据/说明.txt": "数据稍后补\n"}, _GOOD)
_UNTYPED = "".join(f"医院{n},2026,12000000.00,7800000.00\n" for n in range(300))
_TYPED = "".join(f"医院{n},2026,居民,12000000.00,7800000.00\n" for n in range(300))
_data(
    "D043",
    {"数据/非医共体机构.csv": _HEADER.replace("险种,", "") + _UNTYPED},
    {"数据/非医共体机构.csv": _HEADER + _TYPED},
)


@_surrounds("D004")
def _unreadable(folder: Path, *, right: bool) -> None:
    if right:
        _write(folder / "data.yaml", _YAML)
    else:
        # Whoever may read every file cannot read this one: it is no file.
        with socket.socket(socket.AF_UNIX) as end:
            end.bind("data.yaml")


def _copies(code: str, name: str, content: str | bytes) -> None:
    """A copy of the county's document that is wrong as a file."""

    def make(folder: Path, *, right: bool) -> None:
        _write(folder / "county/rules.policy", _COUNTY)
        _write(folder / "county/source.yaml", _INDEX)
        _write(folder / ("原文.txt" if right else name), _COPY if right else content)

    SURROUNDINGS[code] = make


_ENTITIES = '<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>'
_copies("S101", "原文.wps", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600))
_copies("S102", "原文.txt", b"a\n" * 100_001)
_copies("S103", "原文.docx", word_file(["一、甲。"])[:-30])
_copies("S104", "原文.docx", archive({"word/document.xml": b"<a>" + b" " * (40 << 20)}))
_copies("S105", "原文.docx", archive({"word/document.xml": _ENTITIES}))
_copies("S107", "原文.txt", "")


@_surrounds("S106")
def _no_reader_of_pdf(folder: Path, *, right: bool) -> Callable[[], object]:
    _copies("S106 as files", "原文.pdf", pdf_file([["一、甲。"]]))
    SURROUNDINGS.pop("S106 as files")(folder, right=right)
    before = {name: sys.modules.pop(name) for name in ("pypdf",) if name in sys.modules}
    sys.modules["pypdf"] = None  # type: ignore[assignment]
    return lambda: (sys.modules.pop("pypdf"), sys.modules.update(before))


@_surrounds("S115")
def _nowhere_to_keep(folder: Path, *, right: bool) -> None:
    _write(folder / "county/rules.policy", _COUNTY)
    _write(folder / "county/source.yaml", _INDEX)
    _write(folder / "原文.txt", _COPY)
    if not right:
        _write(folder / "kept", "a file where the folder should be")


def _receipts(code: str, change: Callable[[Path], object]) -> None:
    """A run with its receipt, and what changed after it."""

    def make(folder: Path, *, right: bool) -> None:
        shutil.copytree((folder / "policies").resolve(), folder / "own")
        shutil.copy(folder / "own/gaotai/sample.yaml", folder / "数据.yaml")
        words = ["settle", "own/gaotai", "--data", "数据.yaml", "--receipt", "回执.json"]
        assert CliRunner().invoke(cli, words).exit_code == 0
        if not right:
            change(folder)

    SURROUNDINGS[code] = make


def _edit(name: str, before: str, after: str) -> Callable[[Path], object]:
    def change(folder: Path) -> None:
        text = (folder / name).read_text(encoding="utf-8")
        assert before in text
        (folder / name).write_text(text.replace(before, after, 1), encoding="utf-8")

    return change


def _key(key: str, value: object) -> Callable[[Path], object]:
    def change(folder: Path) -> None:
        path = folder / "回执.json"
        path.write_text(json.dumps({**json.loads(path.read_text(encoding="utf-8")), key: value}), encoding="utf-8")

    return change


_receipts("S121", lambda folder: os.truncate(folder / "回执.json", 200))
_receipts("S122", _edit("own/gaotai/rules.policy", "先封顶，再乘考核系数", "先封顶，再乘系数"))
_receipts("S123", _edit("数据.yaml", "# 演示", "# 说明：演示"))
_receipts("S124", _edit("数据.yaml", "特殊超支分担比例: 80%", "特殊超支分担比例: 70%"))
_receipts("S125", _key("engine", "xiance 0.0.1"))
_receipts("S126", _edit("数据.yaml", "35412680.50", "35412680.51"))
_receipts("S127", _key("figures", "sha256:" + "0" * 64))
_receipts("S128", _edit("own/gaotai/rules.policy", "方案 gaotai", "# 已核对\n方案 gaotai"))
_receipts("S129", _edit("数据.yaml", "年度清算总额: 35412680.50", "年度清算额: 35412680.50"))


def _written(code: str, change: Callable[[Path], object]) -> None:
    """The tables of a run, and what became of them."""

    def make(folder: Path, *, right: bool) -> None:
        words = ["settle", "gaotai", "--data", "policies/gaotai/sample.yaml", "--format", "csv", "--out", "结果"]
        assert CliRunner().invoke(cli, words).exit_code == 0
        if not right:
            change(folder)

    SURROUNDINGS[code] = make


_written("S130", lambda folder: (folder / "结果/回执.json").unlink())
_written("S131", _edit("结果/非医共体机构.csv", "3600000.00", "3600000.01"))


def _many(folder: Path, *, right: bool) -> None:
    """The tables of many runs, or of one."""
    data = "policies/gaotai/sample.yaml"
    (folder / "清单.yaml").write_text(
        f"- 方案: gaotai\n  数据: {data}\n  假设: {{服务量权重: [0%, 10%]}}\n", encoding="utf-8"
    )
    one, many = ["gaotai", "--data", data], ["--batch", "清单.yaml"]
    words = ["settle", *(one if right else many), "--format", "csv", "--out", "结果"]
    assert CliRunner().invoke(cli, words).exit_code == 0


SURROUNDINGS["S132"] = _many
SURROUNDINGS.update(BOOKS)


def _parquet(code: str, wrong: str) -> None:
    """A Parquet file that holds what was cleared as the wrong side has it."""

    def make(folder: Path, *, right: bool) -> None:
        value = "7800000.00" if right else wrong
        _query(folder, f"SELECT {_CLINIC}, {value} AS 年度清算总额")

    SURROUNDINGS[code] = make


_CLINIC = "'县妇幼保健院' AS 名称, 2026 AS 年度, '居民' AS 险种, 12000000.00 AS 年度总额预算"


def _query(folder: Path, query: str) -> Path:
    """The answer of a query as a Parquet file in the folder of data."""
    import duckdb

    (folder / "数据").mkdir()
    path = folder / "数据/非医共体机构.parquet"
    duckdb.connect().execute(f"COPY ({query}) TO '{path}' (FORMAT parquet, ROW_GROUP_SIZE 10000000)")
    return path


_parquet("D202", "[7800000, 0]")
_parquet("D203", "'nan'::DOUBLE")
_data(
    "D205",
    {
        "数据/非医共体机构/甲.csv": _HEADER + _ROW,
        "数据/非医共体机构/乙.csv": _HEADER.replace("年度总额预算", "年度预算")
        + _ROW.replace("县妇幼保健院", "仁康医院"),
    },
    {
        "数据/非医共体机构/甲.csv": _HEADER + _ROW,
        "数据/非医共体机构/乙.csv": _HEADER + _ROW.replace("县妇幼保健院", "仁康医院"),
    },
)
_parquet("D204", "0.1::DOUBLE + 0.2::DOUBLE")


@_surrounds("D200")
def _broken_off(folder: Path, *, right: bool) -> None:
    path = _query(folder, f"SELECT {_CLINIC}, 7800000.00 AS 年度清算总额")
    if not right:
        path.write_bytes(path.read_bytes()[:400])


@_surrounds("D201")
def _endless(folder: Path, *, right: bool) -> None:
    whole = f"SELECT {_CLINIC}, 7800000.00 AS 年度清算总额"
    _query(folder, whole if right else "SELECT 1 AS 名称 FROM range(100000001)")


_MANY: dict[str, str | bytes] = {
    "数据/医共体.csv": "名称,年度,年度总额预算\n甲县医院,2026,60000000.00\n",
    "数据/明细.csv": "单位,年度,统筹基金支付\n" + "甲县医院,2026,512.50\n" * 100_001,
}
_data("D221", _MANY, _MANY)
_UNITS = "年度: 2026\n医共体:\n" + "".join(f"  - {{名称: 医院{n}, 结余额: 100.00}}\n" for n in range(501))
_data("L204", {"数据.yaml": _UNITS}, {"数据.yaml": "\n".join(_UNITS.split("\n")[:3])})


@_surrounds("L230")
def _no_memory(folder: Path, *, right: bool) -> Callable[[], object] | None:  # noqa: ARG001 - no file shows it
    if right:
        return None
    short = patch("engine.load.read.read_text", side_effect=MemoryError)
    short.start()
    return short.stop


@_surrounds("L231")
def _province_elsewhere(folder: Path, *, right: bool) -> None:  # noqa: ARG001 - both sides have it in the same place
    shutil.copytree((folder / "policies/jilin").resolve(), folder / "省/province")
    _edit("省/province/rules.policy", "方案 jilin", "方案 province")(folder)


@_surrounds("L232")
def _linked(folder: Path, *, right: bool) -> None:
    shutil.copytree((folder / "policies").resolve(), folder / "own")
    if not right:
        rules = folder / "own/gaotai/rules.policy"
        (folder / "别处").mkdir()
        rules.rename(folder / "别处/rules.policy")
        rules.symlink_to(folder / "别处/rules.policy")


def _engine(code: str, reason: Reason, detail: str) -> None:
    """A Spark that is not there for the run."""

    def make(folder: Path, *, right: bool) -> Callable[[], object]:  # noqa: ARG001 - no file shows it
        from engine.sql.duckdb_engine import DuckDB

        wrong = UnusableError("Spark", reason, detail)
        # Put right, any engine will do for an example.
        opened = patch("engine.bulk.run._opened", side_effect=[DuckDB()] if right else wrong)
        opened.start()
        return opened.stop

    SURROUNDINGS[code] = make


_engine("R180", "not installed", "pip install 'xiance[spark]'")
_engine("R181", "not reached", "spark://10.0.0.8:7077")
_engine("R182", "wraps", "")

_YEARS = (
    "方案 county 「某县试行办法」\n  施行 2026-01-01 起\n数据 成员单位\n  收入: 金额\n  退费: 金额\n环节 预算\n  对 成员单位:\n"
    "    净收入 = 收入 - 退费\n  对 医共体:\n    两年收入 = 合计 前2年 成员单位.净收入\n"
)
_rules("R183", _YEARS, _YEARS.replace("前2年 成员单位.净收入", "前2年 成员单位.收入"))
