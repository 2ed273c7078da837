"""A service follows its alias, and stays where it is when it must not go on."""

from __future__ import annotations

import logging
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from support.pets import SAMPLE, pets, register_pets
from support.serving import running

from registry import ReferencePredictions, Registry
from registry.serving.app import build_app
from registry.serving.model.following import RETRY_SECONDS, Following

OTHER = ReferencePredictions.of(pets(3.0), SAMPLE)


class Clock:
    """Seconds that a test sets."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def following(sqlite_registry: Registry, clock: Clock) -> Following:
    register_pets(sqlite_registry)
    sqlite_registry.set_alias("pets", "champion", 1)
    return Following(sqlite_registry, "pets@champion", clock=clock)


def test_it_moves_with_its_alias_and_answers_with_the_new_version(registry: Registry):
    register_pets(registry)
    registry.set_alias("pets", "champion", 1)
    following = Following(registry, "pets@champion")
    before = following.model
    following.look()
    assert following.model is before
    register_pets(registry, bias=2.0)
    registry.set_alias("pets", "champion", 2)
    following.look()
    assert following.model.version.ref == "pets/2"
    told = [model.predictions({"x": SAMPLE})[0]["probabilities"] for model in (before, following.model)]
    expected = [pets(bias).predict(SAMPLE, verbose=0)[0] for bias in (0.0, 2.0)]
    assert np.array(told) == pytest.approx(np.array(expected), abs=1e-6)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"weights": None, "reference_predictions": None}, "pets/2 was registered without weights"),
        ({"reference_predictions": OTHER}, "predicts something else than when it was registered"),
        ({"weights": b"no model"}, "pets/2 cannot be loaded"),
    ],
)
def test_it_stays_where_the_new_version_cannot_be_served(sqlite_registry, following, clock, caplog, given, said):
    register_pets(sqlite_registry, **given)
    sqlite_registry.set_alias("pets", "champion", 2, force=True)
    with caplog.at_level(logging.WARNING):
        following.look()
        following.look()
    assert following.model.version.ref == "pets/1"
    assert said in following.trouble
    assert [record.message.partition(":")[0] for record in caplog.records].count("pets@champion stays on pets/1") == 1
    sqlite_registry.set_alias("pets", "champion", 1)
    following.look()
    assert following.trouble is None


def test_a_version_that_could_not_be_served_is_tried_again_after_a_while(
    sqlite_registry, following, clock, count_statements
):
    register_pets(sqlite_registry, reference_predictions=OTHER)
    sqlite_registry.set_alias("pets", "champion", 2)
    following.look()
    with count_statements() as idle:
        following.look()
    clock.now += RETRY_SECONDS + 1
    with count_statements() as loading:
        following.look()
    assert len(loading) > len(idle)
    assert "something else" in following.trouble


def test_a_removed_alias_stops_nothing(sqlite_registry, following):
    sqlite_registry.remove_alias("pets", "champion")
    following.look()
    assert following.model.version.ref == "pets/1"
    assert "has no alias 'champion'" in following.trouble


def test_a_database_that_is_away_stops_nothing(tmp_path: Path):
    path = tmp_path / "studies.db"
    with Registry(f"sqlite:///{path}", create=True) as registry:
        register_pets(registry)
        following = Following(registry, "pets")
        registry.close()
        path.rename(tmp_path / "away.db")
        path.mkdir()
        with running(build_app(following, None)) as client:
            following.look()
            health, answer = client.get("/health"), client.predict(instances=SAMPLE.tolist())
            assert health.status == 200
            assert health.document["status"] == "stays"
            assert "the database" in health.document["trouble"]
            assert answer.document["version"] == 1
            path.rmdir()
            (tmp_path / "away.db").rename(path)
            following.look()
            assert client.get("/health").document == {
                "status": "ok",
                "follows": "pets",
                "model": "pets",
                "version": 1,
                "trouble": None,
            }
            assert client.get("/ready").document == {"status": "ready", "model": "pets", "version": 1}


def test_it_looks_by_itself(sqlite_registry, following, monkeypatch):
    monkeypatch.setattr("registry.serving.model.following.POLL_SECONDS", 0.01)
    register_pets(sqlite_registry, bias=2.0)
    with running(build_app(following, None)) as client:
        sqlite_registry.set_alias("pets", "champion", 2)
        versions = [1]
        while versions[-1] == 1 and len(versions) < 2000:
            versions.append(client.predict(instances=SAMPLE.tolist()).document["version"])
    assert versions[-1] == 2


def test_a_request_that_is_being_answered_is_answered_to_the_end(sqlite_registry):
    register_pets(sqlite_registry)
    following = Following(sqlite_registry, "pets")
    begun, forward = threading.Event(), following.model.forward

    def slow(inputs):
        begun.set()
        threading.Event().wait(0.5)  # as long as the model takes
        return forward(inputs)

    following.model = replace(following.model, forward=slow)
    with ThreadPoolExecutor(1) as pool:
        with running(build_app(following, None)) as client:
            asked = pool.submit(client.predict, instances=SAMPLE.tolist())
            assert begun.wait(60)
        assert asked.result().status == 200
