"""Weights go by age and by size, with a reason each; what an alias holds and the best of each model stay."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from registry import IntegrityError, Registry, UsageError
from registry.artifacts import located, open_outside, record_store
from registry.cli import app
from registry.core.console import run
from registry.core.database.transaction import writing
from registry.schema import chunks

NOW = datetime.now(UTC)  # commands have no other clock
DAYS = (100, 50, 10, 1)


class Clock:
    """A clock that tests set."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def aged(database_url: str, register) -> Iterator[Registry]:
    """Give four versions of 100 bytes each, 100, 50, 10 and 1 days old; the second is the best."""
    clock = Clock()
    with Registry(database_url, create=True, clock=clock) as made:
        for number, (days, score) in enumerate(zip(DAYS, (0.5, 0.9, 0.6, 0.7), strict=True)):
            clock.now = NOW - timedelta(days=days)
            register(made, score, trial=number, weights=bytes([number]) * 100)
        clock.now = NOW
        yield made


def with_weights(registry: Registry) -> list[int]:
    return [version.version for version in registry.list("toy") if version.weights is not None]


def test_old_weights_go_and_records_stay(aged: Registry) -> None:
    told = aged.gc(dry_run=True, older_than=timedelta(days=5))
    assert with_weights(aged) == [1, 2, 3, 4]
    assert [(one.version, one.bytes, one.why) for one in told.expired] == [
        (1, 100, "it was registered 100 d ago"),
        (3, 100, "it was registered 10 d ago"),
    ]
    assert aged.gc(older_than=timedelta(days=5)) == told
    assert with_weights(aged) == [2, 4]  # the best stays, though it is old
    assert aged.list("toy")[0].curves["val_accuracy"].values == (0.5,)
    assert aged.gc(older_than=timedelta(days=5)).bytes == 0
    assert aged.verify().clean


def test_an_alias_keeps_weights_of_any_age(aged: Registry) -> None:
    aged.set_alias("toy", "champion", 1)
    assert [one.version for one in aged.gc(older_than=timedelta(days=5)).expired] == [3]
    assert with_weights(aged) == [1, 2, 4]
    assert aged.get("toy/1").state == "ready"


def test_the_oldest_go_until_the_rest_is_small_enough(aged: Registry) -> None:
    found = aged.gc(max_bytes=200).expired
    assert [one.version for one in found] == [1, 3]
    assert found[0].why == "all weights have 400 bytes, more than 200 bytes, and it is the oldest"
    assert with_weights(aged) == [2, 4]
    assert aged.gc(max_bytes=0).expired[0].version == 4
    assert with_weights(aged) == [2]  # the best stays, though it is too large


def test_shared_weights_free_nothing_until_the_last_one_goes(aged: Registry, register) -> None:
    register(aged, 0.1, trial=9, weights=bytes([0]) * 100)  # as the first, registered now
    assert [(one.version, one.bytes) for one in aged.gc(older_than=timedelta(days=60)).expired] == [(1, 0)]
    assert aged.gc().bytes == 0
    assert with_weights(aged) == [2, 3, 4, 5]


def test_without_a_rule_nothing_of_this_happens(aged: Registry) -> None:
    assert aged.gc().expired == ()
    with pytest.raises(UsageError, match="expected 0 or more"):
        aged.gc(max_bytes=-1)


def test_the_command_explains_each_line(aged: Registry, capsys) -> None:
    url = aged._engine.url.render_as_string(hide_password=False)
    words = ["gc", "--dry-run", "--max-size", "300", "--storage", url]
    assert run(app, "registry", words) == 0
    assert capsys.readouterr().out.splitlines() == [
        "toy/1 has no alias, and all weights have 400 bytes, more than 300 bytes, and it is the oldest: "
        "its weights go (100 bytes)",
        "100 bytes would be freed",
    ]
    assert run(app, "registry", [*words, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["expired"][0]["version"] == 1
    assert run(app, "registry", ["gc", "--older-than", "soon", "--storage", url]) == 2


def test_a_size_that_cannot_be_reached_is_said(aged: Registry, capsys) -> None:
    aged.set_alias("toy", "champion", 4)
    assert aged.gc(dry_run=True, max_bytes=200).over == 0
    assert aged.gc(dry_run=True, max_bytes=50).over == 150
    url = aged._engine.url.render_as_string(hide_password=False)
    assert run(app, "registry", ["gc", "--max-size", "50", "--storage", url]) == 0
    said = capsys.readouterr().err
    assert said == (
        "--max-size 50 is not reached: 150 bytes more are of versions that have an alias or are the best of their "
        "model, and stay\n"
    )
    assert with_weights(aged) == [2, 4]


class TestColdStore:
    def test_old_weights_move_there_and_load_from_there(self, aged: Registry, tmp_path: Path) -> None:
        cold = tmp_path / "cold"
        told = aged.gc(dry_run=True, older_than=timedelta(days=5), cold=str(cold))
        assert not cold.exists()
        assert [(one.version, one.bytes) for one in told.expired] == [(1, 100), (3, 100)]
        assert (told.cold, told.moved, told.bytes) == (str(cold), 200, 200)
        assert aged.gc(older_than=timedelta(days=5), cold=str(cold)) == told
        assert with_weights(aged) == [1, 2, 3, 4]
        assert aged.get("toy/1").export(tmp_path / "x.keras").read_bytes() == bytes([0]) * 100
        assert sorted(len(path.read_bytes()) for path in cold.rglob("*") if path.is_file()) == [100, 100]
        with aged._engine.connect() as connection:
            assert connection.execute(sa.select(sa.func.count()).select_from(chunks)).scalar_one() == 2
        assert aged.verify().clean
        assert aged.artifacts == "database"  # new weights go where they went
        assert aged.gc(older_than=timedelta(days=5), cold=str(cold)).bytes == 0
        assert aged.gc(max_bytes=100, cold=str(cold)).expired[0].version == 4  # what is there does not count

    def test_from_one_store_to_another(self, aged: Registry, register, tmp_path: Path) -> None:
        url = aged._engine.url.render_as_string(hide_password=False)
        with Registry(url, artifacts=str(tmp_path / "warm"), clock=aged._clock) as warm:
            register(warm, 0.1, trial=7, weights=b"w" * 50)
            with pytest.raises(UsageError, match=r"new weights go to .*warm; expected another place"):
                warm.gc(max_bytes=0, cold=str(tmp_path / "warm"))
            warm.gc(max_bytes=0, cold="memory://cold-of-a-test")
            assert not [path for path in (tmp_path / "warm").rglob("*") if path.is_file()]
            assert warm.get("toy/5").export(tmp_path / "x.keras").read_bytes() == b"w" * 50
            assert warm.verify().clean
            warm.delete("toy/5")
            assert warm.gc(older_than=timedelta(days=5)).moved == 0
            assert with_weights(warm) == [2, 4]
            assert warm.verify().clean

    def test_shared_weights_move_with_the_last_one(self, aged: Registry, register, tmp_path: Path) -> None:
        register(aged, 0.1, trial=9, weights=bytes([0]) * 100)  # as the first, registered now
        found = aged.gc(older_than=timedelta(days=60), cold=str(tmp_path / "cold"))
        assert found.expired == ()
        aged.set_alias("toy", "champion", 3)
        found = aged.gc(max_bytes=0, cold=str(tmp_path / "cold"))
        assert [one.version for one in found.expired] == [4, 5]
        assert aged.verify().clean

    def test_a_process_that_is_killed_leaves_what_gc_finds(self, aged: Registry, tmp_path: Path) -> None:
        sha256 = aged.get("toy/1").weights.sha256
        with writing(aged._engine) as connection:
            url = record_store(connection, located(str(tmp_path / "cold")), NOW)
        open_outside(url).put(sha256, [bytes([0]) * 100])  # and no more: the row still says the database
        (left,) = aged.verify(grace=timedelta(days=-9)).files
        assert left.bytes == 100
        assert aged.gc(grace=timedelta(days=-9)).files == (left,)
        assert aged.verify().clean
        assert aged.get("toy/1").export(tmp_path / "x.keras").read_bytes() == bytes([0]) * 100

    def test_altered_weights_do_not_move(self, aged: Registry, tmp_path: Path) -> None:
        with writing(aged._engine) as connection:
            sha256 = aged.get("toy/1").weights.sha256
            connection.execute(chunks.update().where(chunks.c.sha256 == sha256).values(data=b"other"))
        with pytest.raises(IntegrityError, match=r"toy/1 \(weights\) are not those that were registered"):
            aged.gc(older_than=timedelta(days=60), cold=str(tmp_path / "cold"))
        assert not [path for path in (tmp_path / "cold").rglob("*") if path.is_file()]

    def test_what_it_cannot_be(self, aged: Registry, capsys) -> None:
        with pytest.raises(UsageError, match="nothing says what is to go to the cold store; add --older-than"):
            aged.gc(cold="/tmp/cold")
        with pytest.raises(UsageError, match="new weights go to database; expected another place"):
            aged.gc(max_bytes=0, cold="database")
        with pytest.raises(UsageError, match="holds a password"):
            aged.gc(max_bytes=0, cold="s3://a:b@bucket")

    def test_the_command_says_where_they_go(self, aged: Registry, tmp_path: Path, capsys) -> None:
        url = aged._engine.url.render_as_string(hide_password=False)
        words = ["gc", "--older-than", "60d", "--cold", str(tmp_path / "cold"), "--storage", url]
        assert run(app, "registry", words) == 0
        said, *others = capsys.readouterr().out.splitlines()[1:]
        assert said.startswith("toy/1 has no alias, and it was registered 100 d")
        assert said.endswith(f" ago: its weights go to {tmp_path}/cold (100 bytes)")
        assert others == [
            "100 bytes freed",
            f"100 bytes of them moved to {tmp_path}/cold",
        ]
