"""Made-up versions, the same each time, and a registry filled with them faster than one by one."""

from __future__ import annotations

import math
import random
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Engine

from registry import Registry, Source
from registry.core.database.engine import open_engine
from registry.core.database.transaction import writing
from registry.schema import curves, metrics, models, params, tags, versions
from registry.values.encoding import pack_curve, pack_metrics, pack_param
from registry.values.version import LossCurve

MODEL, METRIC, EPOCHS, BATCH = "made-up", "val_accuracy", 20, 2000
OPTIMIZERS, ACTIVATIONS = ("sgd", "adam", "rmsprop", "adagrad"), ("relu", "tanh", "elu")
TEAMS = ("vision", "speech", "text", "ads", "maps")
BEGAN = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Made:
    """A made-up version: the ``number``-th, with params, curves and tags; its score is at ``epoch``."""

    number: int
    params: dict[str, Any]
    curves: dict[str, LossCurve]
    tags: dict[str, str]
    epoch: int

    @property
    def score(self) -> float:
        """The objective at its epoch."""
        return self.curves[METRIC].values[self.epoch - 1]

    def register(self, registry: Registry) -> None:
        """Register it as a user's program does."""
        registry.register(
            MODEL,
            weights=None,
            metric=METRIC,
            score=self.score,
            epoch=self.epoch,
            params=self.params,
            curves={name: curve.values for name, curve in self.curves.items()},
            tags=self.tags,
            source=Source(study="s", trial=self.number),
        )


def make(number: int) -> Made:
    """Return a version with 10 params, 8 metrics (4 over 20 epochs, 4 of one value) and 2 tags."""
    chance = random.Random(number)
    best = chance.uniform(0.6, 0.95)
    learned = [best * (1 - math.exp(-(epoch + 1) / 4)) + chance.gauss(0, 0.003) for epoch in range(EPOCHS)]
    values = {
        "loss": [1.2 - value for value in learned],
        "val_loss": [1.25 - value + chance.gauss(0, 0.003) for value in learned],
        "accuracy": [value + 0.02 for value in learned],
        METRIC: learned,
        **{name: [chance.random()] for name in ("precision", "recall", "auc", "top_5")},
    }
    return Made(
        number=number,
        params={
            "learning_rate": 10 ** chance.uniform(-4, -1),
            "momentum": chance.random(),
            "nesterov": chance.random() < 0.5,
            "hidden_layers": chance.randint(1, 3),
            "units_1": chance.randrange(32, 512, 32),
            "units_2": chance.randrange(32, 512, 32),
            "activation": chance.choice(ACTIVATIONS),
            "optimizer": chance.choice(OPTIMIZERS),
            "dropout": chance.uniform(0, 0.5),
            "batch_size": chance.choice([32, 64, 128]),
        },
        curves={name: LossCurve(name, tuple(those)) for name, those in values.items()},
        tags={"team": chance.choice(TEAMS), "by": f"user {chance.randrange(100)}"},
        epoch=1 + learned.index(max(learned)),
    )


def fill(url: str, count: int) -> None:
    """Register versions 0 to ``count`` in a new registry, by rows as `Registry.register` makes them."""
    Registry(url, create=True).close()
    engine = open_engine(url)
    with writing(engine) as connection:
        row = {"id": 1, "name": MODEL, "metric": METRIC, "direction": "max", "next_version": count + 1}
        connection.execute(models.insert().values(row | {"created_at": BEGAN}))
    for start in range(0, count, BATCH):
        _fill([make(number) for number in range(start, min(count, start + BATCH))], engine)
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as autocommit:
        autocommit.exec_driver_sql("ANALYZE")
        if engine.dialect.name == "postgresql":
            # What a server that is left alone does by itself, and ids go on after those that were given.
            autocommit.exec_driver_sql("VACUUM")
            autocommit.exec_driver_sql(f"SELECT setval('registry_versions_id_seq', {count})")
            autocommit.exec_driver_sql("SELECT setval('registry_models_id_seq', 1)")
    engine.dispose()


def _fill(batch: Sequence[Made], engine: Engine) -> None:
    with writing(engine) as connection:
        connection.execute(versions.insert(), [_version(version) for version in batch])
    insert_rows(
        engine, params, _rows(params, batch, lambda version: [pack_param(*param) for param in version.params.items()])
    )
    insert_rows(engine, metrics, _rows(metrics, batch, _metrics))
    insert_rows(engine, curves, _rows(curves, batch, _curves))
    insert_rows(
        engine, tags, _rows(tags, batch, lambda version: [{"name": n, "value": t} for n, t in version.tags.items()])
    )


def _version(version: Made) -> dict[str, Any]:
    return {
        "id": version.number + 1,
        "model_id": 1,
        "number": version.number + 1,
        "state": "ready",
        "score": version.score,
        "metric": METRIC,
        "direction": "max",
        "epoch": version.epoch,
        "study": "s",
        "trial": version.number,
        "libraries": {},
        "created_at": BEGAN + timedelta(seconds=version.number),
    }


def _metrics(version: Made) -> list[dict[str, Any]]:
    packed = pack_metrics(version.curves, (METRIC, "max"), version.score, version.epoch)
    # A metric of one value has it at the version's epoch, too.
    return [
        {"model_id": 1, **row, "value": row["last_value"] if row["value"] is None else row["value"]} for row in packed
    ]


def _curves(version: Made) -> list[dict[str, Any]]:
    return [
        {"metric": curve.metric, "epochs": len(curve.values), "float64": pack_curve(curve)}
        for curve in version.curves.values()
    ]


def _rows(table: sa.Table, batch: Sequence[Made], rows_of: Any) -> Iterator[tuple[Any, ...]]:
    names = [column.name for column in table.columns if column.name != "version_id"]
    for version in batch:
        for row in rows_of(version):
            yield (version.number + 1, *(row.get(name) for name in names))


def insert_rows(engine: Engine, table: sa.Table, rows: Iterable[tuple[Any, ...]]) -> None:
    """Insert rows, in the order of the table's columns, by what is fastest on the database."""
    names = ", ".join(column.name for column in table.columns)
    with engine.begin() as connection:
        if connection.dialect.name == "sqlite":
            marks = ", ".join("?" for _ in table.columns)
            connection.exec_driver_sql(f"INSERT INTO {table.name} ({names}) VALUES ({marks})", list(rows))
            return
        driver: Any = connection.connection.driver_connection
        with driver.cursor() as cursor, cursor.copy(f"COPY {table.name} ({names}) FROM STDIN") as copy:
            for row in rows:
                copy.write_row(row)
