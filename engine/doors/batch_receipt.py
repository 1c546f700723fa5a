"""The receipt of many runs: beside their tables, what each was settled from, so that any figure of any run can be explained."""

import json
from collections.abc import Callable, Collection, Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.doors.receipt_form import BESIDE, FORM, exact_text, kind_of, layers_of
from engine.interpret.report import VERSION, rules_digest
from grammar.diagnostic import Finding, FindingsError, Place
from grammar.frozen import dataclass

if TYPE_CHECKING:
    from engine.trial.batch import Job, Run

# A run is told in some hundred characters, of which there may be hundreds of thousands.
_AT_MOST = 256 << 20


def batch_receipt(jobs: "Sequence[Job]", batch: str, backend: str) -> dict[str, object]:
    """What ``settle --batch --out`` writes beside its tables."""
    engine = VERSION if backend == "exact" else f"{VERSION} {backend}"
    return {"receipt": FORM, "engine": engine, "batch": batch, "jobs": [_job(job) for job in jobs]}


def _job(job: "Job") -> dict[str, object]:
    assert job.dataset is not None
    names = list(dict.fromkeys(name for run in job.runs for name in run.assumed))
    kinds = [kind_of(job.policy.scheme(), name) for name in names]

    def values(run: "Run") -> list[str | None]:
        given = [run.assumed.get(name) for name in names]
        return [None if a is None else exact_text(a.value, kind) for a, kind in zip(given, kinds, strict=True)]

    years = job.dataset.years
    return {
        "scheme": job.policy.scheme().id,
        "policy": job.name,
        "data": {"name": job.data, "path": job.at, "digest": job.dataset.digest},
        "years": list(years),
        "rules": rules_digest((x.name, x.digest) for y in years for x in job.policy.scheme(date(y, 1, 1)).layers),
        "layers": layers_of(job.policy, years),
        "names": names,
        "runs": [
            {"label": run.label, "years": None if run.years is None else sorted(run.years), "values": values(run)}
            for run in job.runs
        ],
    }


# ---- read again


@dataclass(frozen=True, slots=True)
class OneOfMany:
    """One run of a batch: its receipt as that of a run by itself, and whose lines are its own in the tables."""

    receipt: dict[str, Any]
    scheme: str
    data: str
    label: str


def batch_in(folder: Path) -> dict[str, Any] | None:
    """The receipt of many runs that lies in a folder; None where it is another or none; raises FindingsError where it is damaged."""
    try:
        with (folder / BESIDE).open("rb") as file:
            data = file.read(_AT_MOST + 1)
        form = json.loads(data) if len(data) <= _AT_MOST else None
    except (OSError, ValueError, RecursionError):
        return None
    if not isinstance(form, dict) or "batch" not in form:
        return None
    from pydantic import ValidationError

    try:
        made: dict[str, Any] = _form().model_validate(form).model_dump()
    except ValidationError as error:
        wrong = sorted({".".join(str(part) for part in each["loc"]) for each in error.errors()})
        raise FindingsError([Finding("S121", Place(str(folder / BESIDE)), {"where": "、".join(wrong[:8])})]) from None
    return made


def _form() -> Any:
    from typing import Literal

    from pydantic import BaseModel, ConfigDict

    class Part(BaseModel):
        """回执的一部分."""

        model_config = ConfigDict(strict=True, hide_input_in_errors=True)

    class Data(Part):
        """数据."""

        name: str
        path: str
        digest: str

    class Layer(Part):
        """一份规则文件."""

        name: str
        title: str
        digest: str

    class One(Part):
        """一次运行."""

        label: str
        years: list[int] | None
        values: list[str | None]

    class Job(Part):
        """一个方案在一份数据上的运行."""

        scheme: str
        policy: str
        data: Data
        years: list[int]
        rules: str
        layers: list[Layer]
        names: list[str]
        runs: list[One]

    class Batch(Part):
        """许多次运行的回执."""

        receipt: Literal[1]
        engine: str
        batch: str
        jobs: list[Job]

    return Batch


def runs_in(
    batch: dict[str, Any], label: str | None, policy: str | None, data: str | None
) -> tuple[list[OneOfMany], list[str]]:
    """The runs that go by a label, of a scheme and data where these are named as they were then; and all labels there are."""
    jobs = _named(_named(batch["jobs"], policy, lambda job: {job["scheme"], job["policy"]}), data, _data_names)
    labels = list(dict.fromkeys(run["label"] for job in jobs for run in job["runs"]))
    chosen = label if label is not None else labels[0] if len(labels) == 1 else None
    found = [_one(batch, job, run) for job in jobs for run in job["runs"] if run["label"] == chosen]
    return found, labels


def _named(
    jobs: list[dict[str, Any]], name: str | None, names: Callable[[dict[str, Any]], Collection[str | None]]
) -> list[dict[str, Any]]:
    """Those that go by a name; all of them where none does, for it may be where they are now."""
    return [job for job in jobs if name in names(job)] or jobs


def _data_names(job: dict[str, Any]) -> Collection[str | None]:
    return (job["data"]["name"], job["data"]["path"])


def _one(batch: dict[str, Any], job: dict[str, Any], run: dict[str, Any]) -> OneOfMany:
    given = zip(job["names"], run["values"], strict=True)
    receipt = {
        "receipt": batch["receipt"],
        "engine": batch["engine"],
        "command": {"policy": job["policy"], "data": job["data"]["path"], "scenarios": [], "assume": []},
        "years": [year for year in job["years"] if run["years"] is None or year in run["years"]],
        "rules": job["rules"],
        "layers": job["layers"],
        "data": job["data"]["digest"],
        "assumptions": [{"name": n, "value": value, "source": "command"} for n, value in given if value is not None],
        "figures": "",
    }
    return OneOfMany(receipt, job["scheme"], job["data"]["name"], run["label"])
