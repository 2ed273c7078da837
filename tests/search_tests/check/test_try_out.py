"""A problem tried out as a worker would train it."""

from __future__ import annotations

import json

import pytest

from registry.core.console import run
from search.check.try_out import try_out
from search.cli import app

BROKEN = """
import sys

import keras
import numpy as np
from search import Data, Objective, Problem

x = np.ones((64, 4), "float32")
data = Data(train=(x, x[:, :1]), validation=(x, x[:, :1]))


def build(hp):
    if hp.Choice("kind", ["good", "bad"]) == "bad":
        sys.exit("bad was chosen")
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(1)])
    model.compile("sgd", "mse")
    return model


problem = Problem("broken", Objective("val_loss", "min"), build, lambda: data)
"""


def test_the_toy_is_well():
    findings = try_out("search.toy:toy")
    assert findings.faults == []
    assert findings.space == [
        "learning_rate: 0.001 to 1, log",
        "units: 2 to 16",
        "activation: one of relu, tanh",
    ]
    default, *random = findings.models
    assert default.params == {"learning_rate": 0.1, "units": 2, "activation": "relu"}
    assert default.parameter_count == 4 * 2 + 2 + 2 + 1
    assert len({str(model.params) for model in random}) == 3
    assert set(default.metrics) == {"accuracy", "loss", "val_accuracy", "val_loss"}
    assert findings.path == "fast path"
    assert findings.epoch_seconds > 0
    json.dumps(findings.as_dict(), allow_nan=False)


def test_a_part_of_the_space_that_fails_is_found(tmp_path, monkeypatch, capsys):
    (tmp_path / "broken_problem.py").write_text(BROKEN)
    monkeypatch.chdir(tmp_path)
    assert run(app, "search", ["check", "broken_problem:problem"]) == 1
    printed = capsys.readouterr()
    assert ": kind=bad\n  fails: SystemExit: bad was chosen (broken_problem.py, line 14)\n" in printed.out
    assert "of 4 models failed: random model" in printed.err


NUMBERS = "\n".join(["size,age,price", *(f"{i * 7},{'' if i == 190 else i % 9},{i * 3}" for i in range(200))])


def test_nothing_is_said_of_what_the_file_that_init_writes_deals_with(tmp_path, monkeypatch, capsys):
    (tmp_path / "homes.csv").write_text(NUMBERS)
    monkeypatch.chdir(tmp_path)
    assert run(app, "search", ["init", "homes.py", "--csv", "homes.csv", "--target", "price"]) == 0
    assert run(app, "search", ["check", "homes.py"]) == 0
    assert "look at:" not in capsys.readouterr().out


@pytest.mark.parametrize("words", [["search.toy:toys"], ["nowhere.py"]])
def test_a_problem_that_there_is_not_is_told_in_a_line(words, capsys):
    assert run(app, "search", ["check", *words]) == 1
    assert len(capsys.readouterr().err.strip().splitlines()) == 1


FITTING = """
import keras, keras_tuner
from broken import Objective, Problem, data


class Fitting(keras_tuner.HyperModel):
    def build(self, hp):
        model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(hp.Int("units", 1, 4)), keras.layers.Dense(1)])
        model.compile("sgd", "mse")
        return model

    def fit(self, hp, model, *args, **kwargs):
        return model.fit(*args, batch_size=hp.Choice("size", [8, 16]), **kwargs)


problem = Problem("fitting", Objective("val_loss", "min"), Fitting, lambda: data)
"""


def test_what_fit_alone_asks_for_is_of_the_space(tmp_path, monkeypatch):
    (tmp_path / "broken.py").write_text(BROKEN)
    (tmp_path / "fitting.py").write_text(FITTING)
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    assert try_out("fitting:problem").space == ["units: 1 to 4", "size: known as fit asks for it"]


LONG = """
import keras
from broken import Objective, Problem, data


def build(hp, max_epochs=10):
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(1)])
    rate = keras.optimizers.schedules.CosineDecay(0.1, 2 * (max_epochs - 3))
    model.compile(keras.optimizers.SGD(rate), "mse")
    return model


problem = Problem("long", Objective("val_loss", "min"), build, lambda: data)
"""


def test_a_model_that_needs_several_epochs_is_not_told_of_the_one_that_is_tried(tmp_path, monkeypatch):
    (tmp_path / "broken.py").write_text(BROKEN)
    (tmp_path / "long.py").write_text(LONG)
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    assert try_out("long:problem").faults == []
