"""Reports of large studies: seconds and bytes, for made-up studies written straight into a database.

python -m benchmarks.reports [--trials 1000 10000] [--document docs/speed.md]
"""

from __future__ import annotations

import argparse
import resource
import tempfile
import time
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Engine

from benchmarks.tables import write_table
from registry.core.database.engine import open_engine, use_wal
from registry.core.database.transaction import writing
from registry.core.objective import Objective
from registry.reports.facts.study import ReportedTrial
from registry.reports.toy import SPACE, toy_study
from registry.schema import SCHEMA as REGISTRY_SCHEMA
from search.optuna_bridge.storage import create_tables
from search.records.settings import Settings
from search.records.studies import insert_study
from search.schema import SCHEMA, results, slots

KINDS = ("html", "pdf", "md", "csv", "parquet", "json")


def make_study(engine: Engine, count: int) -> str:
    """Write a finished study of ``count`` trials, as workers would have left it; return its name."""
    import optuna
    from optuna.storages._rdb import models

    name = f"made-up {count}"
    with writing(engine) as connection:
        study_id = insert_study(
            connection,
            name=name,
            objective=Objective("val_accuracy", "max"),
            settings=Settings(),
            problem="search.toy:toy",
            model="toy",
            space={"hyperparameters": []},
            space_fingerprint="space",
            data_fingerprint="data",
        )
        trials = toy_study(count).trials
        connection.execute(sa.insert(slots), [_slot(study_id, trial) for trial in trials])
        ids = dict(connection.execute(sa.select(slots.c.number, slots.c.id).where(slots.c.study_id == study_id)).all())
        connection.execute(sa.insert(results), [_result(ids[trial.number], trial) for trial in trials])
        table = models.StudyModel.__table__
        optuna_id = connection.execute(sa.insert(table).values(study_name=name)).inserted_primary_key[0]
        directions = models.StudyDirectionModel.__table__
        way = optuna.study.StudyDirection.MAXIMIZE
        connection.execute(sa.insert(directions).values(study_id=optuna_id, direction=way, objective=0))
        _fill_optuna(connection, models, optuna_id, trials)
    return name


def _slot(study_id: int, trial: ReportedTrial) -> dict[str, Any]:
    return {
        "study_id": study_id,
        "number": trial.number,
        "state": "finished",
        "trial": trial.number,
        "params": dict(trial.params),
        "epoch": trial.epochs,
        "score": trial.score,
        "best_epoch": trial.epoch,
        "stop_reason": trial.stop_reason,
        "seconds": trial.seconds,
        "parameters": trial.parameters,
        "started_at": 20.0 * trial.number,
        "finished_at": 20.0 * trial.number + (trial.seconds or 0.0),
    }


def _result(slot: int, trial: ReportedTrial) -> dict[str, Any]:
    by = trial.pruned_by
    told = by and {name: getattr(by, name) for name in ("pruner", "epoch", "value", "peers", "better_peers", "median")}
    curves = {name: list(values) for name, values in trial.curves.items()}
    return {"slot_id": slot, "curves": curves, "pruned_by": told, "error": trial.error}


def _fill_optuna(connection: sa.Connection, models: Any, study_id: int, trials: tuple[ReportedTrial, ...]) -> None:
    from optuna.distributions import distribution_to_json
    from optuna.trial import TrialState

    states = {"complete": TrialState.COMPLETE, "pruned": TrialState.PRUNED, "failed": TrialState.FAIL}
    table = models.TrialModel.__table__
    rows = [{"number": t.number, "study_id": study_id, "state": states[t.outcome]} for t in trials]
    connection.execute(sa.insert(table), rows)
    numbered = connection.execute(sa.select(table.c.number, table.c.trial_id).where(table.c.study_id == study_id))
    ids = dict(numbered.all())
    spaces = _distributions()
    connection.execute(
        sa.insert(models.TrialParamModel.__table__),
        [
            {
                "trial_id": ids[trial.number],
                "param_name": name,
                "param_value": spaces[name].to_internal_repr(value),
                "distribution_json": distribution_to_json(spaces[name]),
            }
            for trial in trials
            for name, value in trial.params.items()
        ],
    )
    values = models.TrialValueModel
    connection.execute(
        sa.insert(values.__table__),
        [
            {
                "trial_id": ids[trial.number],
                "objective": 0,
                "value": trial.score,
                "value_type": values.TrialValueType.FINITE,
            }
            for trial in trials
            if trial.score is not None
        ],
    )


def _distributions() -> dict[str, Any]:
    from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

    distributions: dict[str, Any] = {
        "learning_rate": FloatDistribution(3e-3, 5e-2, log=True),
        "momentum": FloatDistribution(0.5, 0.95),
        "hidden_layers": IntDistribution(1, 3),
        "units_1": IntDistribution(128, 400, step=16),
        "units_2": IntDistribution(64, 256, step=16),
        "activation": CategoricalDistribution(("relu", "elu", "tanh")),
        "nesterov": CategoricalDistribution((False, True)),
    }
    assert set(distributions) == {space.name for space in SPACE}
    return distributions


def measure(engine: Engine, name: str, folder: Path, kind: str) -> tuple[float, int]:
    """Write a report; return the seconds, reading included, and the bytes, pictures included."""
    from search.report.collect import write_report

    out = folder / name.replace(" ", "-") / f"report.{kind}"
    started = time.perf_counter()
    write_report(engine, [name], out)
    seconds = time.perf_counter() - started
    written = [out, *(path for path in (out.parent / "report-pictures").glob("*") if kind == "md")]
    return seconds, sum(path.stat().st_size for path in written)


def table(counts: list[int], folder: Path) -> str:
    """Make the studies, measure each kind of file, and return the table in Markdown."""
    engine = open_engine(f"sqlite:///{folder}/studies.db")
    use_wal(engine)
    create_tables(engine)
    REGISTRY_SCHEMA.create_or_check(engine)
    SCHEMA.create_or_check(engine)
    rows = []
    for count in counts:
        name = make_study(engine, count)
        for kind in KINDS:
            seconds, size = measure(engine, name, folder, kind)
            rows.append(f"| {count:,} | `.{kind}` | {seconds:.1f} | {size / 1e6:.2f} |")
    engine.dispose()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    head = "| trials | kind | seconds | MB |\n|---:|---|---:|---:|"
    return "\n".join([head, *rows, "", f"Peak memory of the process: {peak:.0f} MB.", ""])


def main() -> None:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--trials", type=int, nargs="+", default=[1000, 10000])
    parser.add_argument("--document", type=Path, help="also put the table into this document")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        text = table(options.trials, Path(folder))
    print(text)
    if options.document:
        write_table(options.document, "python -m benchmarks.reports", text)


if __name__ == "__main__":
    main()
