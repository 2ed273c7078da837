"""What a registry promises, on every database."""

from __future__ import annotations

import math
from datetime import UTC

import pytest

from registry import NotFoundError, Registry, Source, UsageError
from registry.values.version import LossCurve


class TestRegister:
    def test_everything_comes_back(self, registry):
        curves = {"val_accuracy": [0.5, 0.75, 0.7], "val_loss": [0.9, math.inf, math.nan], "loss": [1.0, 0.1, -0.0]}
        source = Source("s", 7, 2**40, "toy", "sha256:12", "abc", {"keras": "3.15.1"})
        params = {"lr": 0.1 + 0.2, "units": 300, "nesterov": True, "drop": None, "act": "reluü", "big": 2**70}
        made = registry.register(
            "toy",
            weights=b"bytes",
            score=0.75,
            metric="val_accuracy",
            direction="max",
            epoch=2,
            params=params,
            curves=curves,
            source=source,
            stop_reason="early_stopping",
            seconds=12.5,
            parameters=266_610,
            tags={"team": "vision"},
        )
        found = registry.get("toy/1")
        assert repr(found) == repr(made)  # a NaN equals nothing, itself included
        assert found.params == params
        assert {name: type(value) for name, value in found.params.items()} == {
            name: type(value) for name, value in params.items()
        }
        assert (found.score, found.epoch, found.version, found.ref) == (0.75, 2, 1, "toy/1")
        assert (found.stop_reason, found.seconds, found.parameters) == ("early_stopping", 12.5, 266_610)
        assert found.source == source
        assert found.tags == {"team": "vision"}
        assert found.metrics == {"val_accuracy": 0.75, "val_loss": math.inf, "loss": 0.1}
        assert found.weights.bytes == 5
        assert found.created_at.tzinfo is UTC
        assert found.curves["val_accuracy"] == LossCurve("val_accuracy", (0.5, 0.75, 0.7))
        assert math.isnan(found.curves["val_loss"].values[2])
        assert math.copysign(1, found.curves["loss"].values[2]) == -1

    def test_numbers_have_no_gaps(self, registry, register):
        assert [register(registry, 0.1 * n).version for n in range(4)] == [1, 2, 3, 4]

    def test_same_trial_again_is_the_same_version(self, registry, register):
        first = register(registry, 0.5, trial=3)
        again = register(registry, 0.5, trial=3, params={"units": 4})
        assert again == first
        assert len(registry.list("toy")) == 1

    def test_a_failed_registration_leaves_nothing(self, registry, register):
        register(registry, 0.1)
        with pytest.raises(UsageError):
            register(registry, 0.2, params={"x": object()})
        with pytest.raises(UsageError, match="lone surrogates"):
            register(registry, 0.2, params={"x": "\ud800"})
        assert register(registry, 0.3).version == 2

    @pytest.mark.parametrize(("score", "direction"), [(math.inf, "max"), (-math.inf, "min")])
    def test_no_score_is_infinitely_good(self, registry, register, score, direction):
        for curves in ({}, {"val_accuracy": [score]}):
            with pytest.raises(UsageError, match=r"inf, which would be the best for ever; expected a finite number"):
                register(registry, score, direction=direction, curves=curves)
        assert register(registry, -score, direction=direction).score == -score

    def test_score_is_the_value_at_the_epoch(self, registry, register):
        with pytest.raises(UsageError, match=r"the score is 0\.9, but 'val_accuracy' at epoch 1 is 0\.5"):
            register(registry, 0.9, curves={"val_accuracy": [0.5, 0.9]})
        with pytest.raises(UsageError, match="the curve of 'val_accuracy' has 1 epochs"):
            register(registry, 0.9, epoch=2)

    def test_same_bytes_are_stored_once(self, registry, register, count_statements):
        big = bytes(range(256)) * 9000
        register(registry, 0.1, weights=big)
        with count_statements() as seen:
            register(registry, 0.2, weights=big)
        assert not [statement for statement in seen if statement.startswith("INSERT INTO registry_chunks")]

    def test_no_weights(self, registry, register):
        version = register(registry, 0.1, weights=None)
        assert version.weights is None
        with pytest.raises(NotFoundError, match="toy/1 was registered without weights"):
            version.export("x.keras")


class TestTopK:
    def test_a_worse_one_is_not_stored(self, registry, register):
        for trial, score in enumerate([0.5, 0.6, 0.55]):
            register(registry, score, trial=trial, top_k=2)
        assert register(registry, 0.1, trial=9, top_k=2) is None
        assert [version.version for version in registry.list("toy")] == [1, 2, 3]

    def test_the_displaced_keeps_its_record(self, registry, register, tmp_path):
        for trial, score in enumerate([0.5, 0.6, 0.7]):
            register(registry, score, trial=trial, top_k=2)
        displaced = registry.get("toy/1")
        assert (displaced.state, displaced.weights, displaced.score) == ("displaced", None, 0.5)
        with pytest.raises(NotFoundError, match="better versions of its study took their place"):
            displaced.export(tmp_path / "x.keras")
        assert not list(tmp_path.glob("*.keras"))
        assert registry.get("toy/2").weights is not None

    def test_an_alias_pins(self, registry, register, tmp_path):
        register(registry, 0.5, trial=0, top_k=1)
        registry.set_alias("toy", "champion", 1)
        register(registry, 0.6, trial=1, top_k=1)
        assert registry.get("toy@champion").weights is not None
        registry.remove_alias("toy", "champion")
        register(registry, 0.7, trial=2, top_k=1)
        assert [version.weights is not None for version in registry.list("toy")] == [False, False, True]

    def test_shared_bytes_outlive_one_owner(self, registry, register, tmp_path):
        register(registry, 0.5, trial=0, top_k=1, weights=b"same")
        register(registry, 0.4, trial=0, study="other", top_k=1, weights=b"same")
        register(registry, 0.6, trial=1, top_k=1)
        assert registry.get("toy/2").export(tmp_path / "x.keras").read_bytes() == b"same"

    def test_studies_do_not_displace_each_other(self, registry, register):
        register(registry, 0.5, trial=0, top_k=1, study="a")
        register(registry, 0.9, trial=0, top_k=1, study="b")
        assert all(version.weights for version in registry.list("toy"))

    def test_nan_never_wins(self, registry, register):
        assert register(registry, math.nan, trial=0, top_k=3) is None
        assert not registry.would_keep("toy", study="s", score=math.nan, direction="max", top_k=3)
        register(registry, math.nan)
        register(registry, 0.1)
        assert registry.best("toy").version == 2
        assert math.isnan(registry.get("toy/1").score)

    @pytest.mark.parametrize(("score", "kept"), [(0.55, True), (0.5, False), (0.4, False)])
    def test_would_keep(self, registry, register, score, kept):
        assert registry.would_keep("toy", study="s", score=score, direction="max", top_k=2)
        register(registry, 0.5, trial=0, top_k=2)
        register(registry, 0.6, trial=1, top_k=2)
        assert registry.would_keep("toy", study="s", score=score, direction="max", top_k=2) is kept


class TestQuestions:
    def test_best_by_objective_then_by_any_metric(self, registry, register):
        register(registry, 0.5, curves={"val_accuracy": [0.5], "val_loss": [0.1]})
        register(registry, 0.6, curves={"val_accuracy": [0.6], "val_loss": [0.4]})
        assert registry.best("toy").version == 2
        assert registry.best("toy", "val_loss").version == 1
        assert registry.best("toy", "val_loss", "max").version == 2
        assert registry.get("toy").version == 2

    def test_ties_go_to_the_oldest(self, registry, register):
        for _ in range(3):
            register(registry, 0.5)
        assert registry.best("toy").version == 1

    def test_unknown_direction_is_asked_for(self, registry, register):
        register(registry, 0.5, curves={"val_accuracy": [0.5], "val_margin": [0.1]})
        with pytest.raises(UsageError, match="'val_margin' is better; add --direction max or --direction min"):
            registry.best("toy", "val_margin")
        assert registry.best("toy", "val_margin", "max").version == 1

    def test_unknown_names_say_what_there_is(self, registry, register):
        with pytest.raises(NotFoundError, match="no registered model 'toy'; there are none yet"):
            registry.best("toy")
        register(registry, 0.5)
        with pytest.raises(NotFoundError, match="'toi'; did you mean 'toy'"):
            registry.list("toi")
        with pytest.raises(NotFoundError, match="metric 'val_acuracy'; did you mean 'val_accuracy'"):
            registry.best("toy", "val_acuracy")
        with pytest.raises(NotFoundError, match="no version 2; its versions go from 1 to 1"):
            registry.get("toy/2")
        with pytest.raises(NotFoundError, match="no alias 'champion'; there are none yet"):
            registry.get("toy@champion")

    def test_list(self, registry, register):
        for trial, score in enumerate([0.5, math.nan, 0.7, 0.6]):
            register(registry, score, trial=trial, study="ab"[trial % 2])
        assert [version.version for version in registry.list("toy")] == [1, 2, 3, 4]
        assert [version.version for version in registry.list("toy", best_first=True)] == [3, 4, 1, 2]
        assert [version.version for version in registry.list("toy", study="b", best_first=True)] == [4, 2]
        assert [version.version for version in registry.list("toy", best_first=True, limit=1)] == [3]

    def test_models(self, registry, register):
        assert registry.models() == []
        register(registry, 0.5)
        register(registry, 0.5, model="other", metric="loss", direction="min", curves={})
        registry.set_alias("toy", "champion", 1)
        found = {model.name: model for model in registry.models()}
        assert found["toy"].aliases == {"champion": 1}
        assert (found["other"].metric, found["other"].direction, found["other"].versions) == ("loss", "min", 1)


def test_only_one_url_is_needed(database_url, monkeypatch, register):
    monkeypatch.setenv("STUDIES_URL", database_url)
    with Registry(create=True) as first:
        register(first, 0.5)
    with Registry() as second:
        assert second.best("toy").score == 0.5
