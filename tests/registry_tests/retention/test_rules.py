"""Weights go by age and by size, with a reason each; what an alias holds and the best of each model stay."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from registry import Registry, UsageError
from registry.cli import app
from registry.core.console import run
from registry.retention.rules import parse_size

NOW = datetime(2026, 11, 26, tzinfo=UTC)
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


@pytest.mark.parametrize(("text", "size"), [("0", 0), ("12", 12), ("500MB", 5 * 10**8), ("1.5 gb", 1_500_000_000)])
def test_sizes_are_read(text: str, size: int) -> None:
    assert parse_size(text, "--max-size") == size


@pytest.mark.parametrize("text", ["", "2X", "-1GB", "GB", "1e9"])
def test_other_sizes_are_refused(text: str) -> None:
    with pytest.raises(UsageError, match=r"--max-size is .*; expected a size such as 500MB or 2GB"):
        parse_size(text, "--max-size")


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
