"""Rule texts that are knotted: long conditions, open parts in filters, what is no number carried about, groups, ties of rank."""

from collections.abc import Callable
from random import Random

from programs import GROUP, LEDGER, MEMBER, OPTIONS, QUARTER, SLIP, TEXTS, UNITS, Author, Column, Part, Program

# One program in so many is knotted.
_ONE_IN = 3
_WORDS = ("超过", "不超过", "达到", "不满", "=")
_WHOLE = {"文": "文字", "期": "日期"}


def program(seed: int) -> Program:
    """The program of a seed; it may hold statements that the checker refuses."""
    author = _Knotter if seed % _ONE_IN == 1 else Author
    return author(Random(f"program {seed}")).write()  # noqa: S311 - the same chance again


class _Knotter(Author):
    """An author of few, long rules."""

    # ---- what is declared

    def _kinds(self) -> None:
        super()._kinds()
        if any(part.head.startswith(f"主体 {GROUP}") for part in self.parts):
            for _ in range(self.chance.randint(0, 2)):
                letter = self.one(["额", "额", "判", "文", "头", "期"])
                name = self.fresh("到期" if letter == "期" else letter)
                words = {"额": "金额", "判": "是否", "文": "文字", "头": "人数", "期": "日期"}[letter]
                self.parts.append(Part(("input", GROUP), f"{name}: {words}" + self.cite()))
                for kind in UNITS:
                    self.columns[kind].append(Column(name, letter, datum=True))

    def _parameter(self) -> None:
        if self.often(0.7):
            super()._parameter()
            return
        letter = self.one(["判", "判", "头", "评", "期", "文"])
        name = self.fresh("参" + letter)
        words = {"判": "是否", "头": "人数", "评": "分值", "期": "日期", "文": "文字"}[letter]
        value = {"判": "是", "期": "2026-03-01", "文": "「基金」"}.get(letter) or self.literal(letter)
        head = self.chance.choice(
            [
                f"{name} = {value}",
                f"{name}: {words}, 未定",
                f"{name}: {words}, 未定",
                f"{name}: {words}, 未定, 假设 {value}",
            ]
        )
        self.parts.append(Part(("parameter",), f"参数 {head}" + self.cite()))
        self.parameters.append(Column(name, letter))

    # ---- what is read

    def _below(self, kind: str, letter: str) -> str | None:
        if kind == "县" and self.often(0.3) and any(p.head.startswith(f"主体 {GROUP}") for p in self.parts):
            mine, others = ({c.name for c in self.columns[k] if c.base == letter} for k in UNITS)
            names = sorted(mine & others)
            if names and letter not in {"判", "倍", "文", "期", "类"}:
                return f"({self.one(['合计', '最大', '平均'])} {GROUP}.{self.one(names)})"
        kinds = self.children(kind)
        if not kinds:
            return None
        child = self.one(kinds)
        function, column = self.one(["合计"] * 5 + ["平均", "最大", "最小", "唯一"]), letter
        if letter == "判":
            function = self.one(["全部", "任一"])
        elif letter in {"文", "期", "类"}:
            function = "唯一"
        elif letter == "倍" and self.often(0.7):
            function, column = "个数", self.one(list("额率倍判文期类"))
        names = [c.name for c in self.columns[child] if c.base == column]
        if not names:
            return None
        where = ""
        if self.often(0.8):
            kept, self.locals_only = self.locals_only, True
            where = f" 其中 {self.condition(child, self.chance.choice((1, 2, 2, 3)))}"
            self.locals_only = kept
        return f"({function} {child}.{self.one(names)}{where})"

    def _earlier(self, kind: str, letter: str) -> str | None:
        if kind in {SLIP, *self._merged_kinds()}:
            return None
        if self.often(0.35) and letter in "额率头差评倍":
            function = self.one(["平均", "合计", "最大", "最小"])
            if kind in {LEDGER, QUARTER}:
                names = [c.name for c in self.columns[kind] if c.base == letter]
                window = (
                    "本年至今"
                    if self.often(0.6)
                    else f"前{self.chance.randint(1, 3)}{'月' if kind == LEDGER else '季'}"
                )
                return f"({function} {window} {self.one(names)})" if names else None
            below = [k for k in self.children(kind) if k in {LEDGER, QUARTER, SLIP, MEMBER}]
            if below:
                child = self.one(below)
                names = [c.name for c in self.columns[child] if c.base == letter and c.datum]
                if names:
                    return f"({function} 前{self.chance.randint(1, 3)}年 {child}.{self.one(names)})"
        if letter in {"文", "期", "判", "类"}:
            names = [c.name for c in self.columns[kind] if c.base == letter]
            word = {LEDGER: "上月", QUARTER: "上季"}.get(kind, "上年")
            return f"({word} {self.one(names)})" if names else None
        return super()._earlier(kind, letter)

    def _merged_kinds(self) -> set[str]:
        return {part.head.split(" ")[1] for part in self.parts if "合并自" in part.head}

    def word(self, kind: str, letter: str) -> str:
        """A text or a day: read, or written."""
        found = self.read(kind, letter) if self.often(0.75) else None
        if found is not None:
            return found
        if letter == "文":
            return self.one(
                [f"「{self.one(TEXTS)}」", "名称"] if kind in (*UNITS, MEMBER) else [f"「{self.one(TEXTS)}」"]
            )
        return self.one(["当年3月1日", "上年12月31日", "2026-02-28", "当年2月29日", "2026-03-01"])

    # ---- conditions

    def condition(self, kind: str, depth: int) -> str:
        if depth > 0 and self.often(0.6):
            return self._knot(kind, depth)
        if self.often(0.35):
            found = self._compared(kind)
            if found is not None:
                return found
        return super().condition(kind, 0)

    def _knot(self, kind: str, depth: int) -> str:
        parts = [self.condition(kind, depth - 1) for _ in range(self.chance.choice((2, 2, 3)))]
        parts = [f"非 ({part})" if self.often(0.25) else part for part in parts]
        signs = [self.one(["且", "或"]) for _ in parts[1:]]
        text = parts[0] + "".join(f" {sign} {part}" for sign, part in zip(signs, parts[1:], strict=True))
        return f"({text})" if self.often(0.6) else text

    def _compared(self, kind: str) -> str | None:
        """Two things of which both may be open."""
        letter = self.one(["额", "额", "率", "头", "评", "差", "倍", "文", "期", "类", "判", "段", "年"])
        match letter:
            case "文":
                return f"{self.word(kind, '文')} {self.one(['是', '不是'])} {self.word(kind, '文')}"
            case "期":
                word = self.one(["晚于", "不晚于", "不早于", "早于"])
                return f"{self.word(kind, '期')} {word} {self.word(kind, '期')}"
            case "类":
                name, other = self._own(kind, "类"), self._own(kind, "类")
                some = self.chance.sample(OPTIONS, self.chance.randint(1, 3))
                if name is None:
                    return None
                return self.one(
                    [
                        f"{name} {self.one(['属于', '不属于'])} {{{'、'.join(some)}}}",
                        f"{name} {self.one(['是', '不是'])} {other}",
                    ]
                )
            case "判":
                return self.read(kind, "判")
            case "段":
                subject, ends = self._own(kind, "额"), self.chance.sample(["0元", "0.01元", "1元", "100元", "1万元"], 2)
                return None if subject is None else f"{subject} 超过 {ends[0]} 且 不超过 {ends[1]}"
            case "年":
                return f"年度 {self.one(['达到', '不满', '='])} {self.one(['2025', '2026', '2027'])}年度"
        left, right = self.read(kind, letter), self.read(kind, letter)
        if left is None or right is None:
            return None
        return f"{left} {self.one(list(_WORDS))} {right}"

    # ---- rules

    def _rule(self, stage: str, kind: str) -> None:
        place = ("rule", stage, kind)
        ways: list[Callable[[tuple[str, ...]], None]] = [
            self._worded,
            self._worded,
            self._counted,
            self._counted,
            self._ranked,
            self._slices,
            self._tested,
            self._alike,
            self._parted,
        ]
        if self.often(0.5):
            self.chance.choice(ways)(place)
        else:
            super()._rule(stage, kind)

    def _worded(self, place: tuple[str, ...]) -> None:
        """A figure that is a text, a day or an answer, by cases or with exceptions."""
        kind, letter = place[2], self.one(["文", "文", "期", "期", "判"])

        def value() -> str:
            return self.condition(kind, 1) if letter == "判" else self.word(kind, letter)

        name = self.fresh("到期" if letter == "期" else letter)
        if self.often(0.4):
            cases = (f"{self.condition(kind, 2)}: {value()}", f"其余: {value()}")
            self._add(place, f"{name} 按 情形:" + self.cite(), cases, name, letter, bound=True)
            return
        under: tuple[str, ...] = ()
        if self.often(0.6):
            self.clause += 1
            under = (f"除非 {self.condition(kind, 2)}: {value()}   依据 第{self.clause}条",)
        self._add(place, f"{name} = {value()}" + self.cite(), under, name, letter)

    def _counted(self, place: tuple[str, ...]) -> None:
        """A sum, count or share of rows below under a long filter."""
        kind, letter = place[2], self.one(["额", "额", "倍", "头", "差", "率"])
        found = self._below(kind, letter)
        if found is not None:
            name = self.fresh(letter)
            self._add(place, f"{name} = {found}" + self.cite(), self._exceptions(kind, letter), name, letter)

    def _ranked(self, place: tuple[str, ...]) -> None:
        """A rank by something that need not be money."""
        ranked = self._own(place[2], self.one(["率", "头", "倍", "差", "额", "评"]))
        if ranked is not None:
            name = self.fresh("倍")
            self._add(
                place, f"{name} = 排名 {ranked} {self.one(['从高到低', '从低到高'])}" + self.cite(), (), name, "倍"
            )

    def _slices(self, place: tuple[str, ...]) -> None:
        """Bands of something that may be open, below nothing or past the last of them, at rates that may be open."""
        kind, name = place[2], self.fresh("额")
        base = self._own(kind, "额") if self.often(0.5) else None
        ends = ["0%", "5%", "10%"] if base else ["0.01元", "1万元", "1000亿元"]
        rates = [self._parameter_of("率") or self.literal("率") for _ in range(4)]
        under = (
            f"{ends[0]} 以下 的部分: {rates[0]}",
            f"超过 {ends[0]} 不超过 {ends[1]} 的部分: {rates[1]}",
            f"超过 {ends[1]} 不超过 {ends[2]} 的部分: {rates[2]}",
            f"超过 {ends[2]} 的部分: {rates[3]}",
        )
        head = f"{name} = {self.value(kind, '额', 1)} 分段{f', 以 {base} 为基数' if base else ''}:"
        unless = self._exceptions(kind, "额")[:1] if self.often(0.4) else ()
        self._add(place, head + self.cite(), (*under, *unless), name, "额", bound=True)

    def _tested(self, place: tuple[str, ...]) -> None:
        """A gate of long tests that has a name, and what is paid where it lets through."""
        kind, gate = place[2], self.fresh("判")
        under = tuple(self.condition(kind, self.chance.randint(1, 2)) for _ in range(self.chance.randint(1, 3)))
        head = f"准入 {gate} {self.one(['全部满足', '任一满足'])}:"
        self._add(place, head + self.cite(), under, gate, "判", bound=True)
        paid = self.fresh("额")
        self.clause += 1
        unless = (f"除非 非 {gate}: {self.one(['0元', '无'])}   依据 第{self.clause}条",)
        self._add(place, f"{paid} = {self.value(kind, '额', 1)}" + self.cite(), unless, paid, "额")

    def _alike(self, place: tuple[str, ...]) -> None:
        """Exceptions of one rank: they come to the same, or one condition keeps the other out."""
        kind, name = place[2], self.fresh("额")
        value, lines = self.value(kind, "额", 1), []
        subject = self._own(kind, self.one(["额", "差", "评"]))
        if self.often(0.5) or subject is None:
            tests = [self.condition(kind, 2) for _ in range(self.chance.randint(2, 3))]
            lines = [f"除非 {test}: {value}" for test in tests]
        else:
            end = {"额": "100元", "差": "0元", "评": "85分"}[subject[0]]
            lines = [
                f"除非 {subject} 超过 {end}: {value}",
                f"除非 {subject} 不满 {end}: {self.value(kind, '额', 1)}",
                f"除非 {subject} = {end}: {self.value(kind, '额', 0)}",
            ]
        self.clause += len(lines)
        under = tuple(f"{line}   依据 第{self.clause - place_}条" for place_, line in enumerate(lines))
        self._add(place, f"{name} = {self.value(kind, '额', 1)}" + self.cite(), under, name, "额")

    def _parted(self, place: tuple[str, ...]) -> None:
        """A split of what may be below nothing or open."""
        kind = place[2]
        whole = self._own(kind, self.one(["差", "额"]))
        if whole is None:
            return
        letter = "差" if whole.startswith("差") else "额"
        first, last = self.fresh(letter), self.fresh(letter)
        share = self.chance.choice([f"余下 的 {self.value(kind, '率', 1)}", f"余下, 最高 {self.value(kind, '额', 1)}"])
        unless = f"  除非 {self.condition(kind, 2)}: 0元   依据 第{self.clause + 1}条"
        self.clause += 1
        under = (f"{first} = {share}" + self.cite(), *((unless,) if self.often(0.5) else ()), f"{last} = 余下")
        self.parts.append(Part(place, f"拆分 {whole}:" + self.cite(), under, bound=True))
        self.columns[kind] += [Column(first, letter), Column(last, letter)]
