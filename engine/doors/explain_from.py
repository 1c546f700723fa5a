"""One unit of a run that was written to files, settled again by the interpreter, so that its stored figures can be explained."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from engine.doors.receipt_form import BESIDE, WITHIN, receipt_json
from engine.doors.receipt_read import assumptions_given, compared, data_at, policy_at, read_receipt, receipt_in
from engine.doors.telling import named, stop
from grammar.diagnostic import Finding, FindingsError, Language, Place, has_errors
from grammar.frozen import dataclass

if TYPE_CHECKING:
    from engine.api import Policy
    from engine.doors.batch_receipt import OneOfMany
    from engine.load.tables import RawData
    from engine.nouns.dataset import Assumption, Dataset
    from engine.nouns.settlement import Settlement


def unit_of_run(
    out: str, unit: str, policy_named: str | None, data_named: str | None, language: Language, label: str | None = None
) -> "tuple[Policy, Dataset, tuple[int, ...], list[Finding]]":
    """The policy, the unit's data and the years of a run that ``out`` holds, once they agree with it to the fen.

    ``label``: which of many runs, as the tables call it under 情景. Raises FindingsError where anything has changed since, or a stored figure is another than comes out.
    """
    from engine.api import open_policy
    from engine.bulk.one_unit import NoSuchUnitError
    from engine.load.read import read_data

    one = _one_of_many(Path(out), unit, label, policy_named, data_named, language)
    if one is None:
        given, form, receipt = _run_of(Path(out), language)
    else:
        given, form, receipt = one.receipt, None, str(Path(out) / BESIDE)
        policy_named = None if policy_named in {one.scheme, given["command"]["policy"]} else policy_named
        data_named = None if data_named == one.data else data_named
    folder = Path(receipt).parent
    found_policy = named(lambda: policy_at(policy_named or given["command"]["policy"], folder), language)
    found_data = named(lambda: data_at(data_named or given["command"]["data"], folder), language)
    try:
        policy = open_policy(found_policy)
        raw = read_data(found_data, str(found_data), looked_at=True)
        run = _Stored(given, form, receipt, Path(out), found_policy, str(found_data), one)
        dataset, findings = run.agreed(policy, raw, unit)
    except NoSuchUnitError as error:
        _no_unit(error.unit, error.known, language)
    except _DisagreesError:
        raise
    except FindingsError as error:
        raise FindingsError([Finding("S129", Place(receipt)), *error.findings]) from None
    return policy, dataset, tuple(given["years"]), findings


def _one_of_many(
    out: Path, unit: str, label: str | None, policy: str | None, data: str | None, language: Language
) -> "OneOfMany | None":
    """The run that is asked for of the many whose tables a folder holds; None where it holds one run alone."""
    from engine.doors.batch_receipt import batch_in, runs_in
    from engine.doors.stored import stored_of_one

    zh = language == "zh"
    batch = batch_in(out)
    if batch is None:
        if label is not None:
            stop("这里只有一次运行，不写 --scenario" if zh else "one run alone is here: leave out --scenario")
        return None
    found, labels = runs_in(batch, label, policy, data)
    if not found:
        known = "".join(f"“{x}”" if zh else f" `{x}`" for x in labels[:_LABELS]) + (
            "……" if len(labels) > _LABELS else ""
        )
        stop(
            f"这里有 {len(labels)} 个情景，加 --scenario 写明是哪一个：{known}"
            if zh
            else f"{len(labels)} scenarios are here; add --scenario with one of{known}"
        )
    if len(found) > 1:
        kinds = sorted({path.name.split(".")[1] for path in out.iterdir() if path.name.count(".") > 1})
        found = [x for x in found if stored_of_one(out, kinds, [unit], x.scheme, x.label, x.data)] or found[:1]
    if len(found) > 1:
        known = "；".join(f"--policy {x.scheme} --data {x.data}" for x in found[:_LABELS])
        stop(
            f"“{unit}”在几份结果里都有，写明是哪一份：{known}"
            if zh
            else f"`{unit}` is in several results; add one of: {known}"
        )
    return found[0]


_LABELS = 8


@dataclass(frozen=True, slots=True)
class _Stored:
    """A run that was written: its receipt, its figures where they are one JSON, and where all of it stands."""

    given: dict[str, Any]
    form: dict[str, Any] | None
    receipt: str
    out: Path
    policy: str
    data: str
    one: "OneOfMany | None" = None

    def agreed(self, policy: "Policy", raw: "RawData", unit: str) -> "tuple[Dataset, list[Finding]]":
        """The unit's data once its figures are as stored; where its own rows are not enough, with those beside it."""
        from engine.bulk.one_unit import NoSuchUnitError
        from engine.load.bind import digest_of

        if digest_of(raw) != self.given["data"]:
            raise _DisagreesError([Finding("S123", Place(self.data))])
        assumed = assumptions_given(policy, self.given, self.receipt)
        try:
            return self._of(policy, raw, assumed, unit)
        except NoSuchUnitError:
            found = self._of_merged(policy, raw, assumed, unit)
            if found is None:
                raise
            return found

    def _of(
        self, policy: "Policy", raw: "RawData", assumed: "list[Assumption]", unit: str
    ) -> "tuple[Dataset, list[Finding]]":
        from engine.api import data_of_unit

        dataset, some_left_out = data_of_unit(policy, raw, assumed, unit, beside=False)
        try:
            return dataset, self._held(policy, dataset, [unit])
        except FindingsError:
            if not some_left_out:
                raise
        dataset, _ = data_of_unit(policy, raw, assumed, unit)
        return dataset, self._held(policy, dataset, [unit])

    def _of_merged(
        self, policy: "Policy", raw: "RawData", assumed: "list[Assumption]", name: str
    ) -> "tuple[Dataset, list[Finding]] | None":
        """The data of the unit that a merged row (合并自) belongs to, of all units where several have one of its name."""
        from engine.api import bind_data
        from engine.bulk.one_unit import long_tables, owners_of_merged

        pipelines = [policy.pipeline(state.start) for state in policy.states() if state.start is not None]
        long = list(long_tables(policy.states(), [*pipelines, policy.pipeline()], raw))
        for table in long:
            table.leave_only_merged(name)
        owners = owners_of_merged(policy.pipeline, bind_data(policy, raw, assumed), name)
        if not owners:
            return None
        if not owners[1:]:
            return self._of(policy, raw, assumed, owners[0])
        for table in long:
            table.leave_all()
        dataset = bind_data(policy, raw, assumed)
        return dataset, self._held(policy, dataset, owners)

    def _held(self, policy: "Policy", dataset: "Dataset", units: Sequence[str]) -> list[Finding]:
        """What is to be told beside the explanation; raises FindingsError where anything is not as it was."""
        from engine.api import settle

        settlement = settle(policy, dataset, set(self.given["years"]))
        given = self.given
        if self.one is not None:
            # Its values are those it was given; what else is assumed stands in rules and data, which are as they were.
            given = {**given, "assumptions": _receipt_of(settlement, policy, dataset, self)["assumptions"]}
        findings = _changes(given, _receipt_of(settlement, policy, dataset, self))
        if has_errors(findings):
            raise _DisagreesError(findings)
        for unit in units:
            _hold(settlement, self, unit)
        return findings


class _DisagreesError(FindingsError):
    """What was written is not what comes out today, and it is said why."""


def _run_of(out: Path, language: Language) -> tuple[dict[str, Any], dict[str, Any] | None, str]:
    """The receipt that a run left with its figures, the figures where they are one JSON, and where the receipt stands."""
    import json

    from engine.doors.stored import json_of
    from engine.load.read import NoSuchFileError

    if out.is_dir():
        beside = out / BESIDE
        if not beside.is_file():
            raise FindingsError([Finding("S130", Place(str(out)))])
        return read_receipt(str(beside)), None, str(beside)
    if not out.is_file():
        named(lambda: _raise(NoSuchFileError(str(out))), language)
    form = json_of(out)
    if form is None or WITHIN not in form:
        raise FindingsError([Finding("S130", Place(str(out)))])
    return receipt_in(json.dumps(form[WITHIN]), str(out)), form, str(out)


def _raise(error: Exception) -> NoReturn:
    raise error


def _no_unit(unit: str, known: tuple[str, ...], language: Language) -> NoReturn:
    from engine.nouns.suggest import closest

    near = closest(unit, known)
    if language == "zh":
        stop(f"没有“{unit}”这个单位。" + (f"是不是“{near}”？" if near else f"有的是：{'、'.join(known[:40])}"))
    stop(f"no unit `{unit}`. " + (f"Did you mean `{near}`?" if near else f"Known: {', '.join(known[:40])}"))


def _receipt_of(settlement: "Settlement", policy: "Policy", dataset: "Dataset", run: _Stored) -> dict[str, Any]:
    return receipt_json(settlement, policy, dataset, name=run.policy, data=run.data)


def _changes(given: dict[str, Any], now: dict[str, Any]) -> list[Finding]:
    """What is no longer as the receipt says, but for figures: these are held one by one."""
    # The unit alone has its own figures, and the engine that was asked then is not asked now.
    now["figures"] = given["figures"]
    now["engine"] = given["engine"] if _version(given["engine"]) == _version(str(now["engine"])) else now["engine"]
    _, findings = compared(given, now)
    return [finding for finding in findings if finding.code != "S128"]


def _version(engine: str) -> list[str]:
    """The program and its version, without the engine that worked for it."""
    return engine.split()[:2]


def _hold(settlement: "Settlement", run: _Stored, unit: str) -> None:
    """Raise FindingsError where a stored figure of the unit or of what belongs to it is another than comes out."""
    from engine.bulk.one_unit import is_of
    from engine.doors.stored import differing, stored_in, stored_of_one

    figures = [result for result in settlement.figures if is_of(result.row, unit)]
    units = list(dict.fromkeys([unit, *(result.row.unit for result in figures)]))
    kinds = list(settlement.scheme.tables)
    if run.one is None:
        stored = stored_in(run.out, kinds, units, run.form)
    else:
        stored = stored_of_one(run.out, kinds, units, run.one.scheme, run.one.label, run.one.data)
    others = {(r.row.table, r.row.unit, r.row.insurance or "", str(r.row.period)) for r in settlement.figures}
    others -= {(r.row.table, r.row.unit, r.row.insurance or "", str(r.row.period)) for r in figures}
    # A row of another unit may go by the name of one below this unit.
    wrong = list(differing(figures, {key: lines for key, lines in stored.items() if key not in others}, run.out))
    if wrong:
        raise _DisagreesError(wrong)
