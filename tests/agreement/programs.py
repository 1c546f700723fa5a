"""Random rule texts: every construct of the language in every mixture, each a text that the checker lets through."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import field, replace
from random import Random

from grammar.frozen import dataclass

STAGE = ("年终清算", "留用与分担")
UNITS = ("单位", "机构")
LEDGER, QUARTER, SLIP, MEMBER = "台账", "季表", "单据", "成员"
# Slips merged into one where little time lies between them.
COURSE = "疗程"
GROUP = "结算户"
OPTIONS = ("甲类", "乙类", "丙类")
TEXTS = ("基金", "自费", "互助")
INSURANCES = ("职工", "居民")


@dataclass(frozen=True, slots=True)
class Part:
    """A statement or declaration that can be taken away: its head and, apart, the lines under it that can be."""

    section: tuple[str, ...]
    head: str
    under: tuple[str, ...] = ()
    # Lines under the head that make no sense one without the other: the rows of a table.
    bound: bool = False

    def lines(self) -> Iterator[str]:
        """The lines as they stand in the text, but for the indentation of the section."""
        yield self.head
        yield from (f"  {line}" for line in self.under)


@dataclass(frozen=True, slots=True)
class Program:
    """A rule text in parts."""

    separate: bool
    parts: tuple[Part, ...]

    def text(self) -> str:
        """The text as an author would have written it."""
        insurance = "\n  险种 职工、居民 分别核算" if self.separate else ""
        lines = [f"方案 sample 「试」\n  施行 2024-01-01 起{insurance}"]
        lines += [line for part in self._of("kind") for line in part.lines()]
        lines += [line for part in self._of("parameter") for line in part.lines()]
        for kind in dict.fromkeys(part.section[1] for part in self._of("input")):
            lines.append(f"数据 {kind}")
            lines += [f"  {line}" for part in self._of("input", kind) for line in part.lines()]
        lines += [line for part in self._of("event") for line in part.lines()]
        for stage in STAGE:
            of_stage = list(self._of("rule", stage))
            lines += [f"环节 {stage}"] if of_stage else []
            for kind in dict.fromkeys(part.section[2] for part in of_stage):
                lines.append(f"  对 {kind}:")
                lines += [f"    {line}" for part in self._of("rule", stage, kind) for line in part.lines()]
        identities = list(self._of("identity"))
        lines += ["校核"] if identities else []
        lines += [f"  {line}" for part in identities for line in part.lines()]
        lines += [line for part in self._of("scenario") for line in part.lines()]
        return "\n".join(lines) + "\n"

    def _of(self, *section: str) -> Iterator[Part]:
        return (part for part in self.parts if part.section[: len(section)] == section)

    def line_owners(self) -> list[int | None]:
        """For every line of the text, the part it belongs to; None for what belongs to all."""
        where = {id(part): number for number, part in enumerate(self.parts)}
        by_line: list[int | None] = []
        marks = {
            number: replace(part, head=f"\x00{where[id(part)]}\x00{part.head}")
            for number, part in enumerate(self.parts)
        }
        owner: int | None = None
        left = 0
        for line in replace(self, parts=tuple(marks.values())).text().splitlines():
            if "\x00" in line:
                owner = int(line.split("\x00")[1])
                left = len(self.parts[owner].under) + 1
            by_line.append(owner if left > 0 else None)
            left -= 1
        return by_line


@dataclass(frozen=True, slots=True)
class Column:
    """A name a rule may read on a kind of rows, by the letter of its kind of value; whether it is a datum."""

    name: str
    base: str
    datum: bool = False


# What a scenario gives parameters, by the letter of their kind of value.
_ASSUMED = {
    "率": "12.5%",
    "额": "2万元",
    "倍": "2",
    "间": "9日",
    "判": "否",
    "头": "7人",
    "评": "60分",
    "期": "2026-03-02",
    "文": "「自费」",
}
_BASES = {"额": "金额", "差": "正负金额", "率": "比率", "倍": "数量", "头": "人数", "评": "分值"}


@dataclass(slots=True, eq=False)
class Author:
    """Who writes a program, by chance."""

    chance: Random
    parts: list[Part] = field(default_factory=list)
    columns: dict[str, list[Column]] = field(default_factory=dict)
    parameters: list[Column] = field(default_factory=list)
    kinds: dict[str, tuple[str, ...]] = field(default_factory=dict)
    number: int = 0
    separate: bool = False
    clause: int = 0
    # How deep expressions go: where they are deep in every program, few programs are tried in the time there is.
    depth: int = 2
    # Inside a filter only the row itself is read.
    locals_only: bool = False

    # ---- chance

    def often(self, share: float) -> bool:
        """Whether it happens, as often as so much."""
        return self.chance.random() < share

    def one(self, items: Sequence[str]) -> str:
        """One of some."""
        return self.chance.choice(items)

    def fresh(self, letter: str) -> str:
        """A name that is not used yet, by the letter of its kind of value."""
        self.number += 1
        return f"{letter}{self.number}"

    def cite(self) -> str:
        """A clause that is cited, or none."""
        if self.often(0.4):
            return ""
        self.clause += 1
        return f"   依据 第{self.clause}条"

    # ---- the whole

    def write(self) -> Program:
        """The whole program."""
        self.separate = self.often(0.4)
        self.depth = self.chance.choice((1, 2, 2, 3))
        self._kinds()
        for _ in range(self.chance.randint(1, 4)):
            self._parameter()
        for kind in ("县", *self.kinds):
            for _ in range(self.chance.randint(1, 5)):
                self._input(kind)
        if SLIP in self.kinds and self.often(0.5):
            self._merged()
        # Many programs are short: an engine that does not know one construct shows nothing of the others.
        most = self.chance.choice((1, 1, 2, 2, 3, 5, 8, 16))
        rules = [(stage, kind) for stage in STAGE[: self.chance.choice((1, 1, 2))] for kind in self._order()]
        rules = [rule for rule in rules for _ in range(self.chance.randint(1, 4))]
        chosen = sorted(self.chance.sample(range(len(rules)), min(most, len(rules))))
        for number in chosen:
            self._rule(*rules[number])
        if self.often(0.2):
            self._limited()
        if self.often(0.3):
            self._identity()
        if self.often(0.4):
            self._scenario()
        return Program(self.separate, tuple(self.parts))

    def _order(self) -> list[str]:
        below = [k for k in self.kinds if k not in UNITS]
        units = [k for k in self.kinds if k in UNITS]
        order = [*below, *units, "县", *units, *below]
        if self.often(0.3):
            self.chance.shuffle(order)
        return order

    def _kinds(self) -> None:
        self._declare("单位", ("县",), "主体 单位 属于 县")
        second = self.often(0.4)
        if second:
            self._declare("机构", ("县",), "主体 机构 属于 县")
        units = UNITS if second else UNITS[:1]
        if second and self.often(0.5):
            self.parts.append(Part(("kind",), f"主体 {GROUP} 包括 单位、机构"))
        for kind, share, grain in ((LEDGER, 0.4, "月"), (QUARTER, 0.2, "季"), (SLIP, 0.35, "笔"), (MEMBER, 0.35, "")):
            if self.often(share):
                parents = units if self.often(0.6) else ("单位",)
                self._declare(
                    kind, parents, f"主体 {kind} 属于 {'、'.join(parents)}" + (f" 按 {grain}" if grain else "")
                )
        if self.often(0.4):
            self.parts.append(Part(("kind",), "名录 单位 「丁」、「甲」、「丙」"))

    def _declare(self, kind: str, parents: tuple[str, ...], line: str) -> None:
        self.kinds[kind] = parents
        self.columns[kind] = []
        self.columns.setdefault("县", [])
        self.parts.append(Part(("kind",), line))

    def _merged(self) -> None:
        """Slips of one text between whose days little time lies, merged into rows of a kind of their own."""
        who, start, end = self.fresh("文"), self.fresh("到期"), self.fresh("到期")
        for name, words in ((who, "文字"), (start, "日期"), (end, "日期")):
            self.parts.append(Part(("input", SLIP), f"{name}: {words}" + self.cite()))
            self.columns[SLIP].append(Column(name, "文" if words == "文字" else "期", datum=True))
        bound = self.one(["0日", "1日", "10日", "30日", "参间隔"])
        if bound == "参间隔":
            state = self.one([", 0日 至 30日, 未定", ", 0日 至 30日, 未定, 假设 10日", " = 9日"])
            head = f"参数 {bound}{state}" if "=" in state else f"参数 {bound}: 数量{state}"
            self.parts.append(Part(("parameter",), head + self.cite()))
        unless: list[str] = []
        for _ in range(self.chance.choice((0, 0, 1, 2))):
            column = self.chance.choice(self.columns[SLIP])
            if column.base == "判":
                unless.append(f"除非 {column.name}")
            elif column.base in "额差率倍头评":
                word = self.one(["=", "超过", "不超过"])
                unless.append(f"除非 {column.name} {word} 上笔 {column.name}")
            elif column.base in "类文":
                unless.append(f"除非 {column.name} {self.one(['是', '不是'])} 上笔 {column.name}")
        gap = f"间隔 {start} 至 {end} {self.one(['不超过', '不超过', '不满'])} {bound}"
        head = f"主体 {COURSE} 合并自 {SLIP}" + self.cite()
        self.parts.append(Part(("kind",), head, (f"同 {who}", gap, *unless), bound=True))
        self.kinds[COURSE] = self.kinds[SLIP]
        self.columns[COURSE] = []

    # ---- parameters and data

    def _parameter(self) -> None:
        letter = self.one(["率", "率", "率", "额", "倍", "判"])
        name = self.fresh("参" + letter)
        if letter == "判":
            return
        kind = _BASES[letter]

        def value() -> str:
            return self.literal(letter)

        state = self.one(["stated", "stated", "open", "open", "range", "assumed", "referred", "dated", "insurance"])
        under: tuple[str, ...] = ()
        head = f"参数 {name} = {value()}"
        match state:
            case "open":
                head = f"参数 {name}: {kind}, 未定"
            case "range":
                limits = {"率": "0% 至 40%", "额": "1元 至 5万元", "倍": "1 至 3"}[letter]
                head = f"参数 {name}: {kind}, {limits}, 未定"
            case "assumed":
                head = f"参数 {name}: {kind}, 未定, 假设 {value()}"
            case "referred":
                head = f"参数 {name}: {kind}, 转引 《办法》"
            case "dated":
                at = ", 期末取值" if self.often(0.5) else ", 期初取值"
                head = f"参数 {name}: {kind}{at}"
                under = (f"2020-01-01 起: {value()}", f"2026-0{self.chance.randint(1, 9)}-01 起: {value()}")
            case "insurance" if self.separate:
                head = f"参数 {name}: {kind}"
                under = (f"险种 职工: {value()}", f"险种 居民: {value()}")
        self.parts.append(Part(("parameter",), head + self.cite(), under, bound=True))
        self.parameters.append(Column(name, letter))

    def _input(self, kind: str) -> None:
        letter = self.one(["额", "额", "额", "差", "率", "倍", "头", "评", "判", "类", "文", "期"])
        name = self.fresh("到期" if letter == "期" else letter)
        if letter == "判" and self.often(0.4):
            self.parts.append(Part(("event",), f"事项 {name} 对 {kind}" + self.cite()))
            self.columns[kind].append(Column(name, letter, datum=True))
            return
        words = {"判": "是否", "类": "选项 {" + "、".join(OPTIONS) + "}", "文": "文字", "期": "日期", **_BASES}[letter]
        more = ""
        if letter in _BASES and self.often(0.3):
            more = f", 缺省 {self.literal(letter)}"
        elif letter in "率倍" and self.often(0.2):
            more = ", 暂不计"
        if letter == "评" and self.often(0.5):
            more = ", 0分 至 100分" + (", 到 1分" if self.often(0.5) else "")
        self.parts.append(Part(("input", kind), f"{name}: {words}{more}" + self.cite()))
        self.columns[kind].append(Column(name, letter, datum=True))

    def _limited(self) -> None:
        """A datum that may not be more than a figure comes to."""
        kind = self.one(list(self.kinds))
        ready = [c.name for c in self.columns[kind] if c.base == "额" and not c.datum]
        if ready:
            name = self.fresh("额")
            default = ", 缺省 0元" if self.often(0.5) else ""
            self.parts.append(Part(("input", kind), f"{name}: 金额{default}, 不超过 {self.one(ready)}" + self.cite()))

    # ---- values

    def literal(self, letter: str) -> str:
        """A value as it is written."""
        match letter:
            case "额" | "差":
                return self.one(
                    ["0元", "0.01元", "0.05元", "1元", "100元", "333.33元", "1万元", "12.5万元", "1000亿元"]
                )
            case "率":
                return self.one(["0%", "100%", "50%", "33.33%", "12.5%", "0.5%", "30%", "7%", "0.01%"])
            case "倍":
                return self.one(["0", "1", "2", "3", "7", "12", "0.5", "1.25"])
            case "头":
                return self.one(["0人", "1人", "7人", "1000人"])
            case _:
                return self.one(["0分", "60分", "70分", "84.5分", "85分", "100分"])

    def read(self, kind: str, letter: str) -> str | None:
        """Something that is read: a column, a parameter, an ancestor's column, an aggregate, an earlier period."""
        ways: list[Callable[[], str | None]] = [lambda: self._own(kind, letter)] * 5
        ways += [lambda: self._parameter_of(letter)] * 2
        if not self.locals_only:
            ways += [
                lambda: self._above(kind, letter),
                lambda: self._below(kind, letter),
                lambda: self._earlier(kind, letter),
            ]
        for way in self.chance.sample(ways, len(ways)):
            found = way()
            if found is not None:
                return found
        return None

    def _own(self, kind: str, letter: str) -> str | None:
        names = [c.name for c in self.columns[kind] if c.base == letter]
        return self.one(names) if names else None

    def _parameter_of(self, letter: str) -> str | None:
        names = [c.name for c in self.parameters if c.base == letter]
        return self.one(names) if names else None

    def _above(self, kind: str, letter: str) -> str | None:
        parents = self.kinds.get(kind, ())
        if not parents:
            return None
        if kind == SLIP and COURSE in self.kinds and self.often(0.5):
            of_course = [c.name for c in self.columns[COURSE] if c.base == letter]
            return f"{COURSE}.{self.one(of_course)}" if of_course else None
        if len(parents) == 1 and parents[0] in UNITS and self.often(0.3):
            parents = ("县",)
        names = [c.name for c in self.columns[parents[0]] if c.base == letter]
        if not names or len(parents) > 1:
            return None
        return (
            f"{'所属' if self.often(0.3) and parents[0] in self.kinds.get(kind, ()) else parents[0]}.{self.one(names)}"
        )

    def children(self, kind: str) -> list[str]:
        """The kinds of rows that lie below one."""
        if kind == COURSE:
            return [SLIP]
        return [k for k, parents in self.kinds.items() if kind in parents or (kind == "县" and k not in UNITS)]

    def _below(self, kind: str, letter: str) -> str | None:
        kinds = self.children(kind)
        if not kinds:
            return None
        child = self.one(kinds)
        if letter == "判":
            flags = [c.name for c in self.columns[child] if c.base == "判"]
            return f"{self.one(['全部', '任一'])} {child}.{self.one(flags)}" if flags else None
        if letter == "倍":
            names = [c.name for c in self.columns[child] if c.base in "额率倍"]
            function = "个数"
        else:
            names = [c.name for c in self.columns[child] if c.base == letter]
            function = self.one(["合计"] * 6 + ["平均", "平均", "最大", "最大", "最小", "最小", "唯一"])
        if not names:
            return None
        where = ""
        if self.often(0.5):
            kept, self.locals_only = self.locals_only, True
            where = f" 其中 {self.condition(child, 1)}"
            self.locals_only = kept
        return f"({function} {child}.{self.one(names)}{where})"

    def _earlier(self, kind: str, letter: str) -> str | None:
        names = [c.name for c in self.columns[kind] if c.base == letter]
        if not names or kind in {SLIP, COURSE} or letter not in _BASES:
            return None
        name = self.one(names)
        word = "上年"
        if kind == LEDGER:
            word = "上月"
        elif kind == QUARTER:
            word = "上季"
        elif self.often(0.4) and letter in "额率头":
            return f"({self.one(['平均', '合计', '最大'])} 前{self.chance.randint(1, 3)}年 {name})"
        opening = f" 期初用 {self.literal(letter)}" if self.often(0.7) else ""
        return f"({word} {name}{opening})"

    def value(self, kind: str, letter: str, depth: int) -> str:
        """An expression of a kind of value on a kind of rows."""
        if depth <= 0 or self.often(0.25):
            found = self.read(kind, letter) if self.often(0.85) else None
            if found is not None:
                return found
            return "期次" if letter == "倍" and self.often(0.2) else self.literal(letter)

        def v(of: str) -> str:
            return self.value(kind, of, depth - 1)

        forms: Mapping[str, list[Callable[[], str]]] = {
            "额": [
                lambda: f"({v('额')} + {v('额')})",
                lambda: f"({v('额')} - {v('额')}, 最低 0元)",
                lambda: f"({v('差')}, 最低 0元)",
                lambda: f"({v('额')} 的 {v('率')})",
                lambda: f"{v('额')} × {v('倍')}",
                lambda: f"{v('额')} ÷ {self.one([v('倍'), '12', '3', '7'])}",
                lambda: f"({v('额')}, 最高 {v('额')})",
                lambda: f"({v('额')}, 最低 {v('额')}, 最高 {v('额')})",
                lambda: f"{v('额')} × (1 + {v('率')})",
                lambda: f"{v('额')} ÷ {v('头')} × {v('头')}",
                lambda: f"{v('额')} × ({v('额')} ÷ {v('额')})",
                lambda: f"{v('额')} × (100% - {v('率')})",
            ],
            "差": [
                lambda: f"({v('额')} - {v('额')})",
                lambda: f"({v('差')} + {v('额')})",
                lambda: f"-({v('差')})",
                lambda: f"({v('差')} 的 {v('率')})",
                lambda: f"({v('差')} × {v('倍')})",
                lambda: f"({v('差')}, 最高 {v('额')})",
                lambda: f"({v('差')} ÷ {self.one(['3', '7', '12'])})",
            ],
            "率": [
                lambda: f"({v('额')} ÷ {v('额')})",
                lambda: f"({v('率')} + {v('率')})",
                lambda: f"({v('率')} × {v('率')})",
                lambda: f"({v('率')}, 最高 100%)",
                lambda: f"(100% - {v('率')})",
                lambda: f"({v('头')} ÷ {v('头')})",
                lambda: f"({v('评')} ÷ 100分)",
                lambda: f"({v('额')} ÷ {v('额')} - 100%)",
                lambda: f"({v('率')}, 最低 {v('率')})",
                lambda: f"({v('率')} + ({v('率')} - {v('率')}, 最低 0个百分点))",
            ],
            "倍": [
                lambda: f"({v('倍')} + {v('倍')})",
                lambda: f"({v('倍')} × {v('倍')})",
                lambda: f"({v('倍')}, 最高 {v('倍')})",
                lambda: f"({v('倍')} ÷ {v('倍')})",
            ],
            "头": [lambda: f"({v('头')} + {v('头')})", lambda: f"({v('头')} × {v('率')})"],
            "评": [
                lambda: f"({v('评')} + {v('评')})",
                lambda: f"({v('评')} × {v('率')})",
                lambda: f"({v('评')}, 最高 100分)",
                lambda: f"{v('率')} × 100分",
            ],
        }
        return self.chance.choice(forms[letter])()

    def condition(self, kind: str, depth: int) -> str:
        """A yes/no expression."""
        if depth > 0 and self.often(0.3):
            a, b = self.condition(kind, depth - 1), self.condition(kind, depth - 1)
            return self.chance.choice([f"({a} 且 {b})", f"({a} 或 {b})", f"非 ({a})"])
        ways = ["compare"] * 4 + [
            "flag",
            "flag",
            "choice",
            "choice",
            "text",
            "given",
            "insurance",
            "day",
            "met",
            "below",
        ]
        match self.one(ways):
            case "below" if not self.locals_only:
                found = self._below(kind, "判")
                if found is not None:
                    return found
            case "flag":
                found = self.read(kind, "判")
                if found is not None:
                    return found
            case "choice":
                name = self._own(kind, "类")
                if name is not None:
                    some = self.chance.sample(OPTIONS, self.chance.randint(1, 2))
                    sets = f"{{{'、'.join(some)}}}"
                    return self.chance.choice(
                        [
                            f"{name} 是 {some[0]}",
                            f"{name} 不是 {some[0]}",
                            f"{name} 属于 {sets}",
                            f"{name} 不属于 {sets}",
                        ]
                    )
            case "text":
                name = self._own(kind, "文")
                if name is not None:
                    return f"{name} {self.one(['是', '不是'])} 「{self.one(TEXTS)}」"
            case "day":
                name = self._own(kind, "期")
                if name is not None:
                    day = self.one(["当年3月1日", "上年12月31日", "次年1月1日", "2026-02-28", "当年2月29日"])
                    return f"{name} {self.one(['晚于', '不晚于', '不早于', '早于'])} {day}"
            case "met":
                name = self._own(kind, "标")
                if name is not None:
                    return f"{name} 达标"
            case "given":
                data = [c.name for c in self.columns[kind] if c.datum and c.base in "额差率倍头评"]
                if data:
                    earlier = "上年 " if kind in (*UNITS, "县") and self.often(0.3) and not self.locals_only else ""
                    return f"已填 {earlier}{self.one(data)}"
            case "insurance" if self.separate:
                return f"险种 是 {self.one(INSURANCES)}"
        letter = self.one(["额", "额", "率", "评", "头", "差", "倍"])
        word = self.one(["超过", "不超过", "达到", "不满", "="])
        return f"{self.value(kind, letter, 1)} {word} {self.value(kind, letter, 0)}"

    # ---- rules

    def _rule(self, stage: str, kind: str) -> None:
        ways = ["figure"] * 5 + ["bands", "whole", "cases", "split", "split", "indicator", "blank", "unrounded"]
        ways += ["rank", "none", "answer"]
        if kind not in {SLIP, COURSE} and self.children(kind):
            ways += ["allocate", "allocate", "allocate"]
        if kind in UNITS:
            ways += ["gate"]
        if kind in {LEDGER, QUARTER}:
            ways += ["ledger", "ledger"]
        place = ("rule", stage, kind)
        match self.one(ways):
            case "figure":
                self._figure(place)
            case "unrounded":
                name = self.fresh("额")
                self._add(place, f"{name} = {self.value(kind, '额', 2)}, 不取整" + self.cite(), (), name, "额")
            case "bands":
                self._bands(place)
            case "whole":
                self._whole(place)
            case "cases":
                self._cases(place)
            case "split":
                self._split(place)
            case "indicator":
                self._indicator(place)
            case "blank":
                self._blank(place)
            case "rank":
                ranked = self._own(kind, "额") or self._own(kind, "评")
                if ranked is not None:
                    rank = self.fresh("倍")
                    order = self.one(["从高到低", "从低到高"])
                    self._add(place, f"{rank} = 排名 {ranked} {order}" + self.cite(), (), rank, "倍")
            case "none":
                name = self.fresh("额")
                under = (f"{self.condition(kind, 1)}: {self.value(kind, '额', 1)}", "其余: 无")
                self._add(place, f"{name} 按 情形:" + self.cite(), under, name, "额", bound=True)
            case "answer":
                name = self.fresh("判")
                self._add(place, f"{name} = {self.condition(kind, 2)}" + self.cite(), (), name, "判")
            case "allocate":
                self._allocate(place)
            case "gate":
                self._gate(place)
            case "ledger":
                self._ledger(place)

    def _add(
        self, place: tuple[str, ...], head: str, under: tuple[str, ...], name: str, base: str, *, bound: bool = False
    ) -> None:
        self.parts.append(Part(place, head, under, bound))
        self.columns[place[2]].append(Column(name, base))

    def _exceptions(self, kind: str, letter: str) -> tuple[str, ...]:
        """Exceptions under a figure, mostly ranked by their clauses."""
        lines: list[str] = []
        clauses: list[str] = []
        for _ in range(self.chance.choice((0, 0, 0, 1, 1, 2, 3))):
            self.clause += 1
            clause = f"第{self.clause}条"
            above = [c for c in clauses if self.often(0.9)]
            before = f" 先于 {'、'.join(above)}" if above else ""
            value = "无" if self.often(0.08) and letter == "额" else self.value(kind, letter, 1)
            lines.append(f"除非 {self.condition(kind, 1)}: {value}   依据 {clause}{before}")
            clauses.append(clause)
        return tuple(lines)

    def _rounding(self, letter: str) -> str:
        if self.often(0.6):
            return ""
        mode = self.one(["四舍五入", "进位", "舍去", "四舍六入"])
        size = {"额": ["0.01元", "0.1元", "1元", "100元"], "差": ["0.01元", "1元"], "率": ["0.01%", "1%", "0.1%"],
                "倍": ["1", "0.5"], "评": ["1分", "0.5分"], "头": ["1人"]}[letter]  # fmt: skip
        return f", {mode} 到 {self.one(size)}"

    def _figure(self, place: tuple[str, ...]) -> None:
        kind = place[2]
        letter = self.one(["额", "额", "额", "额", "差", "率", "倍", "评", "头"])
        name = self.fresh(letter)
        head = f"{name} = {self.value(kind, letter, self.depth)}{self._rounding(letter)}" + self.cite()
        self._add(place, head, self._exceptions(kind, letter), name, letter)

    def _bands(self, place: tuple[str, ...]) -> None:
        kind = place[2]
        name, subject = self.fresh("额"), self._own(kind, "额")
        if subject is None:
            return
        base = self._own(kind, "额") if self.often(0.6) else None
        ends = ["4%", "9%"] if base else ["1万元", "100万元"]
        rates = [self.literal("率") if self.often(0.6) else (self._parameter_of("率") or "50%") for _ in range(3)]
        under = (
            f"不超过 {ends[0]} 的部分: {rates[0]}",
            f"超过 {ends[0]} 不超过 {ends[1]} 的部分: {rates[1]}",
            f"超过 {ends[1]} 的部分: {rates[2]}",
        )
        with_base = f", 以 {base} 为基数" if base else ""
        self._add(place, f"{name} = {subject} 分段{with_base}:" + self.cite(), under, name, "额", bound=True)

    def _whole(self, place: tuple[str, ...]) -> None:
        kind = place[2]
        letter = self.one(["额", "率"])
        name = self.fresh(letter)
        score, choice = self._own(kind, "评"), self._own(kind, "类")
        amount = self._own(kind, "额")
        under: tuple[str, ...]

        def v() -> str:
            return self.value(kind, letter, 1)

        if score is not None and letter == "率" and self.often(0.7):
            under = ("85分 以上: 100%", f"达到 70分 不满 85分: 100% - (85分 - {score}) × 2%/分", f"不满 70分: {v()}")
            head = f"{name} 按 {score} 定档:"
        elif choice is not None and amount is not None and self.often(0.5):
            under = (
                f"甲类 | 不超过 1万元: {v()}",
                f"甲类 | 超过 1万元: {v()}",
                f"乙类、丙类 | 不限: {v()}",
            )
            head = f"{name} 按 {choice} | {amount} 定档:"
        elif choice is not None:
            under = (f"甲类: {v()}", f"乙类: {v()}", f"丙类: {v()}")
            head = f"{name} 按 {choice} 定档:"
        elif amount is not None:
            under = (f"不满 100元: {v()}", f"100元 以上: {v()}")
            head = f"{name} 按 {amount} 定档:"
        else:
            return
        self._add(place, head + self.cite(), under, name, letter, bound=True)

    def _cases(self, place: tuple[str, ...]) -> None:
        kind = place[2]
        letter = self.one(["额", "率"])
        name = self.fresh(letter)
        under = tuple(
            f"{self.condition(kind, 1)}: {self.value(kind, letter, 1)}" for _ in range(self.chance.choice((1, 1, 2)))
        )
        self._add(
            place,
            f"{name} 按 情形:" + self.cite(),
            (*under, f"其余: {self.value(kind, letter, 1)}"),
            name,
            letter,
            bound=True,
        )

    def _split(self, place: tuple[str, ...]) -> None:
        kind = place[2]
        whole = self._own(kind, "额")
        if whole is None:
            return
        forms = (
            lambda: f"余下 的 {self.value(kind, '率', 0)}",
            lambda: f"余下, 最高 {self.value(kind, '额', 1)}",
            lambda: f"(余下, 最高 {self.value(kind, '额', 0)}) × {self.value(kind, '率', 0)}",
            lambda: f"{self.value(kind, '额', 0)}, 最高 余下" if self.often(0.8) else self.value(kind, "额", 0),
        )
        names = [self.fresh("额") for _ in range(self.chance.randint(2, 4))]
        under: list[str] = []
        for name in names[:-1]:
            under.append(f"{name} = {self.chance.choice(forms)()}" + self.cite())
            if self.often(0.25):
                self.clause += 1
                under.append(f"  除非 {self.condition(kind, 1)}: 0元   依据 第{self.clause}条")
        self.parts.append(Part(place, f"拆分 {whole}:" + self.cite(), (*under, f"{names[-1]} = 余下"), bound=True))
        self.columns[kind] += [Column(name, "额") for name in names]

    def _indicator(self, place: tuple[str, ...]) -> None:
        kind = place[2]
        name = self.fresh("率")
        letter = self.one(["额", "头"])
        above, below = self._own(kind, letter), self._own(kind, letter)
        if above is None or below is None:
            return
        target = self.one(["不超过 14%", "达到 88%", "未定"])
        less = " - 100%" if self.often(0.3) else ""
        head = f"指标 {name} = {above} ÷ {below}{less}, 目标 {target}, 后果 {self.one(['无', '计分'])}"
        self._add(place, head + self.cite(), (), name, "率")
        if "未定" not in target:
            # Whether it is met may be asked; the name goes by a letter of its own for that.
            self.columns[kind].append(Column(name, "标"))
        if "未定" not in target and self.often(0.6):
            used = self.fresh("评")
            under = (f"除非 {name} 达标: 10分   依据 第{self.clause + 1}条",)
            self.clause += 1
            self._add(place, f"{used} = 0分", under, used, "评")

    def _blank(self, place: tuple[str, ...]) -> None:
        """A datum that a rule gives where the data leaves it blank, sometimes with what was agreed over it."""
        kind = place[2]
        data = [
            (number, part)
            for number, part in enumerate(self.parts)
            if part.section == ("input", kind) and part.head.startswith("额") and ", " not in part.head
        ]
        taken = {part.head.split(" ")[0] for part in self.parts if part.section[0] == "rule"}
        data = [(n, p) for n, p in data if p.head.split(":")[0] not in taken]
        if not data:
            return
        _, part = self.chance.choice(data)
        name = part.head.split(":")[0]
        if self.often(0.3):
            head = f"{name} = (填报数, 最低 {self.value(kind, '额', 1)})"
            self.parts.append(Part(place, head + self.cite()))
        else:
            under: tuple[str, ...] = ()
            other = [c.name for c in self.columns[kind] if c.datum and c.base == "额" and c.name != name]
            if other and self.often(0.5):
                agreed = self.one(other)
                self.clause += 1
                under = (f"除非 已填 {agreed}: {agreed}   依据 第{self.clause}条",)
            self.parts.append(Part(place, f"{name} 未填时 = {self.value(kind, '额', 2)}" + self.cite(), under))
        self.columns[kind] = [replace(c, datum=False) if c.name == name else c for c in self.columns[kind]]

    def _allocate(self, place: tuple[str, ...]) -> None:
        kind = place[2]
        kinds = [k for k, parents in self.kinds.items() if kind in parents and k not in {SLIP, COURSE}]
        if not kinds:
            return
        child = self.one(kinds)
        part = self.fresh("额")
        receivers = [child]
        group = any(p.head.startswith(f"主体 {GROUP}") for p in self.parts)
        if group and kind == "县" and child in UNITS and self.often(0.5):
            child, receivers = GROUP, list(UNITS)
        whole = self.value(kind, self.one(["额", "额", "差"]), 1)
        spare = ", 余分 归 " + self.one(["余数大者", "余数大者", "名录在前者", "「甲」"])
        left = ""
        method = self.one(["平均分", "by", "by", "依次"])
        by = method
        if method == "by":
            common = set.intersection(*[{c.name for c in self.columns[r]} for r in receivers])
            names = [c.name for r in receivers for c in self.columns[r] if c.base in "额头倍评率" and c.name in common]
            if not names:
                return
            weight = self.one(names)
            by = f"按 {weight}"
            if self.often(0.2) and len(receivers) == 1:
                by = f"按 {self.value(receivers[0], '额', 1)}"
        elif method == "依次":
            if len(receivers) > 1:
                return
            rest = self.fresh("额")
            by = f"依次, 每家 不超过 {self.value(receivers[0], '额', 0)}"
            left, spare = f", 未分部分 记为 {rest}", ""
            self.columns[kind].append(Column(rest, "额"))
        self.parts.append(Part(place, f"分配 {whole} 给 {child} {by}, 记为 {part}{left}{spare}" + self.cite()))
        for receiver in receivers:
            self.columns[receiver].append(Column(part, "额"))

    def _gate(self, place: tuple[str, ...]) -> None:
        kind = place[2]
        if any(
            part.section[0] == "rule" and part.section[2] == kind and part.head.startswith("准入")
            for part in self.parts
        ):
            return
        every = self.one(["全部满足", "任一满足"])
        stop = ", 不满足时 不结算" if self.often(0.7) else ""
        under = tuple(self.condition(kind, 1) for _ in range(self.chance.randint(1, 2)))
        self.parts.append(Part(place, f"准入 {every}{stop}:" + self.cite(), under, bound=True))

    def _ledger(self, place: tuple[str, ...]) -> None:
        """A balance that is carried from period to period."""
        kind = place[2]
        word = "上月" if kind == LEDGER else "上季"
        name, amount = self.fresh("差"), self.value(kind, "额", 1)
        opening = f" 期初用 {self.literal('差')}" if self.often(0.8) else ""
        head = f"{name} = ({word} {name}{opening}) + {amount}"
        if self.often(0.5):
            head += f" - {self.value(kind, '额', 0)}"
        self._add(place, head + self.cite(), (), name, "差")

    # ---- what stands beside the rules

    def _identity(self) -> None:
        splits = [part for part in self.parts if part.head.startswith("拆分")]
        for part in splits[:1]:
            names = [line.split(" = ")[0] for line in part.under if not line.startswith(" ")]
            whole = part.head.removeprefix("拆分 ").split(":")[0]
            self.parts.append(Part(("identity",), f"{' + '.join(names)} = {whole}" + self.cite()))

    def _scenario(self) -> None:
        under = []
        for part in self.parts:
            open_ = part.section == ("parameter",) and ("未定" in part.head or "转引" in part.head)
            if open_ and self.often(0.7):
                name = part.head.removeprefix("参数 ").split(":")[0]
                value = _ASSUMED[name[1]]
                under.append(f"{name} = {value}   理由 「试」")
        if under:
            self.parts.append(Part(("scenario",), "情景 试算 「试」", tuple(under)))
