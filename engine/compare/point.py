"""A point in which two schemes differ: what it is about, in which respect, and where each says it."""

from collections.abc import Mapping

from grammar.diagnostic import Words
from grammar.frozen import dataclass
from grammar.source import Span


@dataclass(frozen=True, slots=True)
class Point:
    """One difference: the sort of thing, its kind of rows and name, the aspect, its place in the old and the new text.

    A place is None where a side has no such thing, or where its line is to be looked up by its name.
    """

    sort: str
    table: str | None
    name: str
    aspect: str
    before: Span | None
    after: Span | None


ASPECTS: Mapping[str, Words] = {
    "added": Words("新增", "added"), "removed": Words("删去", "removed"), "value": Words("取值", "value"),
    "dates": Words("起止日期", "dates"), "state": Words("状态", "state"), "range": Words("范围", "range"),
    "kind": Words("种类", "kind"), "assumed": Words("假设", "assumption"), "left_out": Words("是否计入", "whether counted"),
    "reading": Words("另解", "other readings"), "clauses": Words("依据", "citation"), "reason": Words("理由", "reason"),
    "default": Words("缺省", "default"), "evidence": Words("须附材料", "documents to come with it"),
    "formula": Words("算式", "formula"), "rounding": Words("取整", "rounding"), "exception_added": Words("加了例外", "exception added"),
    "exception_removed": Words("去了例外", "exception dropped"), "exception": Words("改了例外", "exception changed"),
    "precedence": Words("例外先后", "precedence of exceptions"), "when_blank": Words("何时计算", "when it is computed"),
    "locked": Words("锁定", "lock"), "stage": Words("环节", "stage"), "whole": Words("拆分", "split"), "tests": Words("准入条件", "tests of the gate"),
    "gate": Words("准入办法", "way of the gate"), "target": Words("目标", "target"), "consequence": Words("后果", "consequence"),
    "method": Words("分法", "way of allocating"), "spare": Words("余分归属", "spare fen"), "allowed": Words("许可用途", "permitted uses"),
    "units": Words("名单", "units"), "words": Words("叫法", "words"), "order": Words("次序", "order"),
    "id": Words("代号", "code"), "title": Words("名称", "title"), "region": Words("地区", "region"),
    "document": Words("文件", "document"), "in_force": Words("施行日期", "in force"), "insurances": Words("险种", "insurance types"),
}  # fmt: skip
"""Every respect in which two schemes may differ."""
