"""A process killed at any step of what writes: nothing is half there, and nothing is left that `gc` does not find."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from support.killing import ACTS, killed_at, register, soon

from registry import Registry
from registry.schema import metadata

NOW = timedelta(0)
Anew = Callable[[], str]


def prepare(url: str, artifacts: str, folder: Path) -> None:
    """Fill a registry with something to displace, to collect and to move; write a bundle of other versions."""
    with Registry(url, create=True, artifacts=artifacts, clock=soon) as registry:
        register(registry, 1, top_k=1)
        registry.set_alias("toy", "champion", 1)
        register(registry, 2, top_k=1)
        registry.set_alias("toy", "champion", 2)  # toy/1 is displaced now, and nothing pins it
        register(registry, 3)
        for store in registry.stores():
            left = Path(store) / "tmp" / ("0" * 32)
            left.write_bytes(b"left over")
    with Registry(f"sqlite:///{folder}/other.db", create=True) as other:
        register(other, 4)
        register(other, 5)
        other.set_alias("toy", "newest", 2)
        other.protect_alias("toy", "newest")
        other.set_tag("toy", "owner", "ann")
        other.describe("toy", "Random numbers.")
        other.bundle(["toy/1", "toy/2"], folder / "bundle")


# Each database and each place of weights once; the other pairs are steps that these hold, too.
@pytest.fixture(
    params=[
        "sqlite folder",
        "postgresql database",
        pytest.param("sqlite database", marks=pytest.mark.nightly),
        pytest.param("postgresql folder", marks=pytest.mark.nightly),
    ]
)
def anew(request: pytest.FixtureRequest, tmp_path: Path) -> Anew:
    """Give a function that makes the prepared registry again, as it was, and returns its URL."""
    database, place = request.param.split()
    folder, kept = tmp_path / "weights", tmp_path / "kept"
    artifacts = "database" if place == "database" else str(folder)
    base = f"sqlite:///{tmp_path}/base.db" if database == "sqlite" else request.getfixturevalue("postgres")()
    prepare(base, artifacts, tmp_path)
    if place == "folder":
        shutil.copytree(folder, kept)

    if database == "postgresql":
        keep_rows(base)

    def again() -> str:
        if place == "folder":
            shutil.rmtree(folder)
            shutil.copytree(kept, folder)
        if database == "postgresql":
            put_rows_back(base)
            return base
        for path in tmp_path.glob("copy.db*"):
            path.unlink()
        shutil.copy(tmp_path / "base.db", tmp_path / "copy.db")
        return f"sqlite:///{tmp_path}/copy.db"

    return again


def keep_rows(url: str) -> None:
    """Copy all rows of a PostgreSQL registry into a schema of their own."""
    copies = [f"CREATE TABLE kept.{table.name} AS TABLE {table.name}" for table in metadata.sorted_tables]
    run_on(url, ["CREATE SCHEMA kept", *copies])


def put_rows_back(url: str) -> None:
    """Make a PostgreSQL registry what it was: three times faster than a new database for each step.

    It waits for the transaction of a process that was killed, until the server has noticed and undone it.
    """
    gone = [f"DELETE FROM {table.name}" for table in reversed(metadata.sorted_tables)]
    run_on(url, [*gone, *(f"INSERT INTO {table.name} TABLE kept.{table.name}" for table in metadata.sorted_tables)])


def run_on(url: str, statements: list[str]) -> None:
    """Run statements in one transaction and one round trip."""
    engine = sa.create_engine(url)
    with engine.begin() as connection:
        connection.exec_driver_sql("; ".join(statements))
    engine.dispose()


def state(registry: Registry) -> list[object]:
    """Return all that counts."""
    return [
        *(
            (version.ref, version.aliases, version.weights, version.state, dict(version.params), dict(version.tags))
            for version in registry.list("toy", limit=None)
        ),
        *((model.name, model.protected, dict(model.tags), model.description) for model in registry.models()),
    ]


@pytest.mark.parametrize("act", ACTS)
def test_killed_at_every_step(anew: Anew, act: str, tmp_path: Path) -> None:
    bundle = str(tmp_path / "bundle")
    with Registry(anew(), clock=soon) as registry:
        before = state(registry)
        ACTS[act](registry, bundle)
        after = state(registry)
    step = 1
    while killed_at(step, act, (url := anew()), bundle):
        with Registry(url, clock=soon) as registry:
            assert registry.verify(grace=NOW).faults == (), f"step {step}"
            found = state(registry)
            numbers = [version.version for version in registry.list("toy", limit=None)]
            assert numbers == list(range(1, len(numbers) + 1)), f"step {step}"
            assert found in (before, after) or act in ("gc", "import"), f"step {step}"
            if found == before or act in ("gc", "import"):
                ACTS[act](registry, bundle)
            assert state(registry) == after, f"step {step}"
            registry.gc(grace=NOW)
            assert registry.verify(grace=NOW).clean, f"step {step}"
            pinned = registry.models()[0].aliases.values()
            assert all(registry.get(f"toy/{number}").weights for number in pinned), f"step {step}"
        step += 1
    assert step > 4
