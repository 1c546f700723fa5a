"""An amount of a row shared out among rows below it, to the fen."""

from dataclasses import dataclass
from fractions import Fraction

from engine.interpret.allocate import Spare, in_order, possible_shares
from engine.interpret.amounts import rounded, to_the_fen, yuan
from engine.interpret.evaluate import Evaluate
from engine.interpret.work import Work, descendants
from engine.nouns import core as c
from engine.nouns import possible as p
from engine.nouns.core import Core
from engine.nouns.pipeline import Allocate
from engine.nouns.possible import Absent, Maybe
from engine.nouns.value import Marks, Value, marked, readable, stated
from engine.nouns.world import Row


@dataclass(slots=True)
class ShareOut:
    """Shares out for the rows of one year; ``identities`` counts the sums that were held to their whole."""

    work: Work
    identities: int = 0

    def allocate(self, step: Allocate, parent: Row) -> None:
        """Share out the amount of one row."""
        whole = rounded(self._whole(step.whole), to_the_fen)(parent)
        rows = [x for t in step.receivers for x in descendants(parent, t)]
        rows.sort(key=lambda row: row.order)
        if step.method == "equally":
            rows = self._equal_receivers(step, rows)
        if whole.is_absent:
            for row in rows:
                row.columns[step.column] = stated(Absent(_absent_reads(whole)))
            if step.left is not None:
                parent.columns[step.left] = stated(Absent(_absent_reads(whole)))
            return
        whole = readable(whole)
        if step.method == "in_order":
            self._in_order(step, parent, whole, rows)
            return
        self.work.evaluator.notes.clear()
        weights, notes = [], []
        for row in rows:
            weights.append(self._weight(step, row))
            notes.append(self.work.evaluator.noted())
        spare = self._spare(step, rows, parent)
        if not rows:
            self._nobody(step, parent, whole)
            return
        if self._no_weight(step, weights, whole, parent, rows):
            return
        now = possible_shares(whole.now, [w.now for w in weights], spare)
        base = possible_shares(whole.base, [w.base for w in weights], spare)
        for row, x, y, noted in zip(rows, now, base, notes, strict=True):
            row.columns[step.column] = marked(x, y, (whole, *weights))
            row.notes[step.column] = noted
        self.identities += 1
        parts = [x for x in now if isinstance(x, int)]
        if p.is_point(whole.now) and len(parts) == len(now) and sum(parts) != whole.now:
            left, right = yuan(whole.now), yuan(sum(parts))
            self.work.tell("R140", step.allocation.span, parent, left=left, right=right, text=step.column)

    def warn(self, step: Allocate, parent: Row) -> None:
        """Warn of a whole that nobody shares, on rows that are settled already."""
        rows = sorted((x for t in step.receivers for x in descendants(parent, t)), key=lambda row: row.order)
        if step.method == "equally":
            rows = self._equal_receivers(step, rows)
        whole = rounded(self._whole(step.whole), to_the_fen)(parent)
        if not rows and step.method != "in_order" and not whole.is_absent:
            self._nobody(step, parent, readable(whole))

    def _whole(self, node: Core) -> Evaluate:
        """What is allocated; a figure that is absent stays absent here, and so are its parts."""
        return (lambda row: row.columns[node.column]) if isinstance(node, c.Read) else self.work.evaluator.of(node)

    def _equal_receivers(self, step: Allocate, rows: list[Row]) -> list[Row]:
        """Those with a row that are not refused; a unit of the roster without a row is told."""
        for row in rows:
            if row.refused:
                row.columns[step.column] = stated(Absent())
        kept = [row for row in rows if not row.refused]
        for table in step.receivers:
            listed = self.work.pipeline.scheme.rosters.get(table, ())
            present = {row.unit for row in rows}
            for unit in listed:
                if present & set(listed) and unit not in present and kept:
                    self.work.tell("R122", None, kept[0], name=step.column, missing=unit)
            for row in kept:
                if row.table == table and present & set(listed) and row.unit not in listed:
                    self.work.tell("R123", row.place, row, name=step.column)
        return kept

    def _weight(self, step: Allocate, row: Row) -> Value:
        if step.method == "equally":
            return _ONE
        value = self.work.evaluator.of(step.weight[row.table])(row)
        if isinstance(value.now, int | Fraction) and value.now < 0:
            self.work.tell("R141", step.allocation.span, row, name=step.column)
            return stated(0)
        return marked(p.clip(value.now, 0, None), p.clip(value.base, 0, None), (value,))

    def _spare(self, step: Allocate, rows: list[Row], parent: Row) -> Spare:
        if step.spare in {"first_listed", "largest_remainder"}:
            return step.spare  # type: ignore[return-value]
        for index, row in enumerate(rows):
            if row.unit == step.spare:
                return index
        if rows:
            self.work.tell("R142", step.allocation.span, parent, name=step.spare)
        return "first_listed"

    def _nobody(self, step: Allocate, parent: Row, whole: Value) -> None:
        if p.is_point(whole.now) and whole.now != 0 and not parent.refused:
            self.work.tell("R143", step.allocation.span, parent, name=step.column, value=yuan(whole.now))

    def _no_weight(self, step: Allocate, weights: list[Value], whole: Value, parent: Row, rows: list[Row]) -> bool:
        """All weights zero: nothing says how to share; an empty whole is shared as nothing to each."""
        if not all(w.now == 0 for w in weights):
            return False
        if whole.now == 0:
            for row in rows:
                row.columns[step.column] = stated(0)
        else:
            self.work.tell(
                "R144", step.allocation.span, parent, name=step.column, units="、".join(r.unit for r in rows)
            )
            for row in rows:
                row.columns[step.column] = Value(p.ANYTHING, p.ANYTHING, frozenset({step.column}))
        return True

    def _in_order(self, step: Allocate, parent: Row, whole: Value, rows: list[Row]) -> None:
        """Each up to its limit in roster order, what is left recorded on the parent; exact where all is known."""
        limits = [rounded(self.work.evaluator.of(step.each[row.table]), to_the_fen)(row) for row in rows]
        now, left = in_order(whole.now, [p.greatest(limit.now, 0) for limit in limits])
        base, base_left = in_order(whole.base, [p.greatest(limit.base, 0) for limit in limits])
        for number, (row, x, y) in enumerate(zip(rows, now, base, strict=True), 1):
            row.columns[step.column] = marked(x, y, (whole, *limits[:number]))
        if step.left is not None:
            parent.columns[step.left] = marked(left, base_left, (whole, *limits))
        self.identities += 1


def _absent_reads(value: Value) -> Marks:
    return frozenset[str]().union(*(v.reads for v in (value.now, value.base) if isinstance(v, Absent | Maybe)))


_ONE = stated(1)
