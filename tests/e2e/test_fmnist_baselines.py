"""Baselines are trained, registered once, and loaded again; on a few random images."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from fmnist import fmnist
from fmnist.chapter.baselines import run_baselines
from registry import Registry
from search.problems.problem import Data


def images(seed: int, count: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    labels = np.arange(count, dtype=np.uint8) % 10
    return (rng.integers(0, 128, (count, 28, 28)) + 12 * labels[:, None, None]).astype(np.uint8), labels


SMALL = replace(fmnist, load_data=lambda: Data(images(0, 100), images(1, 40)), load_test=lambda: images(2, 40))


def test_baselines_are_registered_once_with_curves_weights_and_lineage(tmp_path: Path) -> None:
    with Registry(f"sqlite:///{tmp_path}/studies.db", create=True) as registry:
        first = run_baselines(registry, ["sgd-classifier", "softmax"], seeds=2, problem=SMALL)
        again = run_baselines(registry, ["sgd-classifier", "softmax"], seeds=2, problem=SMALL)
        assert [v.ref for v in again] == [v.ref for v in first]
        assert [v.tags["baseline"] for v in first] == ["sgd-classifier"] * 2 + ["softmax"] * 2
        for version in first:
            assert version.tags["kind"] == "baseline"
            assert 0 <= float(version.tags["test_accuracy"]) <= 1
            assert version.score == version.curves["val_accuracy"].values[version.epoch - 1]
            assert {len(curve.values) for curve in version.curves.values()} == {5}
            assert version.source.data_fingerprint
        for pair in (first[:2], first[2:]):
            kept = [version for version in pair if version.weights]
            assert [v.score for v in kept] == [max(v.score for v in pair)]
            assert registry.load_check(kept[0].ref).status == "equal"
            found = kept[0].load().predict(SMALL.load_data().validation[0], verbose=0).argmax(axis=1)
            assert np.mean(found == images(1, 40)[1]) == pytest.approx(kept[0].score)


def test_an_experiment_goes_on_from_the_last_weights_of_another(tmp_path: Path) -> None:
    from fmnist.chapter.experiments import find_baseline
    from fmnist.chapter.training import train

    data = SMALL.load_data()
    first = train(find_baseline("relu-300-sigmoid-100"), 0, data)
    with Registry(f"sqlite:///{tmp_path}/studies.db", create=True) as registry:
        (version,) = run_baselines(registry, ["sgd"], seeds=1, problem=SMALL)
    assert version.curves["val_loss"].values == train(find_baseline("sgd"), 0, data, first.last).curves["val_loss"]


def test_early_stopping_keeps_the_epoch_of_the_lowest_validation_loss() -> None:
    from fmnist.chapter.experiments import find_baseline
    from fmnist.chapter.training import train

    rng = np.random.default_rng(0)
    noise = (rng.integers(0, 256, (64, 28, 28), dtype=np.uint8), rng.integers(0, 10, 64).astype(np.uint8))
    found = train(find_baseline("checkpoint-early-stopping"), 0, Data(noise, images(1, 40)))
    losses = found.curves["val_loss"]
    assert found.stop_reason == "early_stopping"
    assert found.epoch == 1 + losses.index(min(losses)) == len(losses) - 2
