"""What one trial sets for its process is not what the next one finds."""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from registry.core.objective import Objective
from search.problems.models.hypermodel import as_hypermodel
from search.problems.problem import Data, Problem
from search.space.discovery import discover
from search.space.hyperparameters import SampledHyperParameters
from search.system.process_settings import clear_session, settings_kept
from search.training.job import Job
from search.training.keras_training import KerasTraining
from search.training.monitor import Limits, Monitor


def set_all_and_fail(folder: Path) -> None:
    with settings_kept():
        keras.config.set_dtype_policy("mixed_bfloat16")
        keras.config.set_floatx("float64")
        keras.config.set_image_data_format("channels_first")
        tf.config.run_functions_eagerly(True)
        warnings.simplefilter("error")
        np.seterr(all="raise")
        os.chdir(folder)
        raise ValueError("the trial fails")


def test_what_is_set_in_a_block_ends_with_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    gone = tmp_path / "gone"
    gone.mkdir()
    filters, errors = list(warnings.filters), np.geterr()
    with pytest.raises(ValueError, match="the trial fails"):
        set_all_and_fail(gone)
    assert keras.config.dtype_policy().name == keras.config.floatx() == keras.layers.Dense(1).compute_dtype == "float32"
    assert keras.config.image_data_format() == "channels_last"
    assert not tf.config.functions_run_eagerly()
    assert (list(warnings.filters), np.geterr()) == (filters, errors)
    assert Path.cwd() == tmp_path


def test_a_folder_that_is_gone_is_not_gone_back_to(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    with settings_kept():
        os.chdir(tmp_path)
        gone.rmdir()
    assert Path.cwd() == tmp_path


@pytest.fixture
def bfloat16() -> Iterator[None]:
    """Let Keras compute in mixed bfloat16, as a problem's module or ``--mixed-precision`` sets it."""
    with settings_kept():
        keras.config.set_dtype_policy("mixed_bfloat16")
        yield


def test_a_session_that_is_cleared_counts_layers_anew_and_keeps_the_settings(bfloat16: None) -> None:
    for _ in range(2):
        clear_session()
        layer = keras.layers.Dense(1)
        assert (layer.name, layer.compute_dtype) == ("dense", "bfloat16")


def test_each_trial_finds_the_policy_that_the_problem_has_set(bfloat16: None) -> None:
    found: list[str] = []

    def build(hp: Any) -> Any:
        found.append(keras.config.dtype_policy().name)
        keras.config.set_dtype_policy("float32")
        model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
        model.compile("sgd", "mse")
        return model

    objective, hypermodel = Objective("val_loss", "min"), as_hypermodel(build)
    data = Data(train=(np.ones((4, 2)), np.ones(4)), validation=(np.ones((2, 2)), np.ones(2)))
    discover(hypermodel, twice=True)
    training = KerasTraining(Problem("p", objective, hypermodel, data), hypermodel, data)
    for seed in range(2):
        training.run(Job(SampledHyperParameters(), Monitor(objective, Limits(1)), seed=seed))
        training.end()
    assert found == ["mixed_bfloat16"] * 4
