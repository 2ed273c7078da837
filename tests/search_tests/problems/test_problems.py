"""Finding problems, and looking at them before a study begins."""

import sys
import textwrap

import numpy as np
import pytest

from registry.core.errors import NotFoundError
from search.data.fingerprint import fingerprint_data
from search.errors import MetricError, ProblemError
from search.problems.finding.resolve import installed_problems, load_problem
from search.problems.inspection import inspect_problem
from search.problems.problem import Data

HEAD = """
import keras, keras_tuner, numpy as np
from search import Data, Objective, Problem
x = np.zeros((8, 2), np.float32); y = np.zeros(8, np.float32)

def compiled(units=1):
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(units)])
    model.compile("sgd", "mse")
    return model

def of(build, data=lambda: Data((x, y), (x, y))):
    class Model(keras_tuner.HyperModel):
        def build(self, hp):
            return build(hp)
    return Problem("p", Objective("val_loss", "min"), Model, data)

"""


@pytest.fixture
def write(tmp_path, monkeypatch):
    """Give a function that writes the module ``mine`` into the working folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))

    def write_module(text):
        (tmp_path / "mine.py").write_text(HEAD + textwrap.dedent(text))

    yield write_module
    sys.modules.pop("mine", None)


def test_a_problem_of_the_working_folder(write):
    write("problem = of(lambda hp: compiled(hp.Int('units', 1, 3)))")
    found = inspect_problem("mine:problem", grid_trials=5)
    assert (found.problem, found.model, found.metric, found.direction) == ("mine:problem", "p", "val_loss", "min")
    assert [hp["name"] for hp in found.space["hyperparameters"]] == ["units"]
    assert found.grid_size == 3


def test_installed_problems_are_found_by_name():
    assert "fmnist" in installed_problems()
    assert load_problem("fmnist").name == "fmnist"


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ("fmnits", "no problem is called 'fmnits'; did you mean 'fmnist'? (or name your own as module:attr)"),
        ("nowhere:x", "the problem 'nowhere:x': there is no module 'nowhere' here or in the installed packages"),
        ("search.toy:toi", "the problem 'search.toy:toi': module search.toy has no 'toi'; did you mean 'toy'?"),
    ],
)
def test_a_problem_that_is_not_there(spec, message):
    with pytest.raises(NotFoundError) as caught:
        load_problem(spec)
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("problem = 7", "the problem 'mine:problem' is of type int; expected a search.Problem"),
        ("import nothing_such", "the problem 'mine:problem' needs the module 'nothing_such', which is not installed"),
        ("1 / 0", "the problem 'mine:problem' fails to import: ZeroDivisionError: division by zero (mine.py, line "),
        ("problem = of(lambda hp: 1 / 0)", "build failed: ZeroDivisionError: division by zero (mine.py, line "),
        ("problem = of(lambda hp: None)", "build returned NoneType; expected a compiled keras.Model"),
        ("problem = of(lambda hp: keras.Sequential())", "build returned a model that is not compiled; call model.comp"),
        (
            "one = compiled(); problem = of(lambda hp: one)",
            "build returned the model that it had returned before, so that each trial would go on from what",
        ),
        (
            "one = keras.layers.Dense(1, name='one'); one.build((None, 2)); "
            "problem = of(lambda hp: [m := keras.Sequential([one]), m.compile('sgd', 'mse')][0])",
            "build returned a model with the weights 'one/kernel' that it had returned before",
        ),
        (
            "problem = Problem('p', Objective('a', 'max'), dict, dict)",
            "its hypermodel makes no HyperModel; expected a keras_tuner.HyperModel (its class or",
        ),
        (
            "problem = of(lambda hp: compiled(), lambda: (x, y))",
            "load_data() returned tuple; expected search.",
        ),
        (
            "problem = of(lambda hp: compiled(), lambda: Data((x, y[1:]), (x, y)))",
            "the problem 'p': Data(train=...) has 8 in x, 7 in y; expected equally many",
        ),
        ("import sys; sys.exit(3)", "ends the program while it is imported; put what does so under: if __name__"),
        (
            "problem = of(lambda hp: [hp.Boolean('deep') and hp.get('nothing'), compiled()][1])",
            "the problem 'mine:problem': with deep=True, build cannot declare its hyperparameters: KeyError",
        ),
        (
            "problem = of(lambda hp: [hp.Float('rate', 0, float('inf')), compiled()][1])",
            "the hyperparameter 'rate' goes from 0.0 to inf, which no sampler can draw from; expected finite ends",
        ),
        (
            "problem = of(lambda hp: [hp.Int('units', 1, 2**70), compiled()][1])",
            "the hyperparameter 'units' goes from 1 to 1180591620717411303424, which no sampler can draw from",
        ),
        ("problem = of(lambda hp: compiled(), lambda: 1 / 0)", "ZeroDivisionError: division by zero (mine.py, line "),
    ],
)
def test_a_problem_that_does_not_work_is_told_what_was_expected(write, text, message):
    write(text)
    with pytest.raises(ProblemError) as caught:
        inspect_problem("mine:problem")
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


METRIC = """
def compiled(metrics):
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    model.compile("sgd", "mse", metrics=metrics)
    return model

def problem_of(metric, hypermodel=lambda hp: compiled(["mae"]), data=lambda: Data((x, y), (x, y))):
    return Problem("p", Objective(metric, "min"), hypermodel, data)

class Own(keras_tuner.HyperModel):
    def build(self, hp):
        return compiled([])

    def fit(self, hp, model, *args, **kwargs):
        return {"anything": 1.0}

class Fails(keras.Sequential):
    def test_step(self, data):
        raise ValueError("only on Sundays")

class Traced(keras.Sequential):
    def train_step(self, data):
        if tf.executing_eagerly():
            raise ValueError("only in a graph")
        return super().train_step(data)

def made(kind):
    model = kind([keras.layers.Dense(1)])
    model.compile("sgd", "mse", metrics=["mae"])
    return model

twos = np.zeros((8, 2), "float32")
"""


@pytest.mark.parametrize("metric", ["val_mea", "mea"])
def test_a_metric_that_the_training_will_not_report(write, metric):
    write(METRIC + f"problem = problem_of({metric!r})")
    with pytest.raises(MetricError) as caught:
        inspect_problem("mine:problem")
    near = metric.replace("mea", "mae")
    assert (
        f"the objective is {metric!r}, but the training reports no such metric; it reports: loss, mae, val_loss, val"
        in (str(caught.value))
    )
    assert f"Did you mean {near!r}?" in str(caught.value)


def test_a_cost_that_is_misspelt(write):
    write(METRIC + "problem = problem_of('val_mae')")
    with pytest.raises(MetricError, match="Did you mean 'parameters'"):
        inspect_problem("mine:problem", objectives="val_mae:min,parametres:min")


@pytest.mark.parametrize(
    "problem",
    [
        "problem_of('val_mae')",
        "problem_of('loss')",
        "problem_of('anything', Own)",
        "problem_of('val_mae', lambda hp: made(Traced))",
        "problem_of('anything', lambda hp: made(Traced))",
        "problem_of('val_mae', data=lambda: Data(tf.data.Dataset.from_tensor_slices((x, y)).batch(4), (x, y)))",
        "problem_of('mae', data=lambda: Data(tf.data.Dataset.from_tensor_slices((x, y)).batch(4), (x, y)))",
    ],
)
def test_a_metric_that_it_may_report(write, problem):
    write("import tensorflow as tf\n" + METRIC + f"problem = {problem.replace('anything', 'val_anything')}")
    inspection = inspect_problem("mine:problem")
    assert (inspection.model, inspection.space["own_fit"]) == ("p", "Own" in problem)


@pytest.mark.parametrize(
    ("problem", "said"),
    [
        ("problem_of('val_mae', lambda hp: made(Fails))", "ValueError: only on Sundays"),
        ("problem_of('val_loss', data=lambda: Data((twos[:, :1], y), (x, y)))", ""),
        ("problem_of('loss', data=lambda: Data((x, y), (twos[:, :1], y)))", ""),
    ],
)
def test_a_model_that_fails_on_one_batch_is_refused_in_a_line(write, problem, said):
    write("import tensorflow as tf\n" + METRIC + f"problem = {problem}")
    with pytest.raises(ProblemError) as caught:
        inspect_problem("mine:problem")
    assert str(caught.value).startswith(f"the problem 'p': its default model fails on one batch: {said}")
    assert "\n" not in str(caught.value)


def test_the_fingerprint_changes_with_a_single_value():
    x, y = np.zeros((4, 2), np.float32), np.zeros(4)
    changed = x.copy()
    changed[3, 1] = 1e-9
    assert fingerprint_data(Data((x, y), (x, y))) == fingerprint_data(Data((x.copy(), y), (x, y)))
    assert fingerprint_data(Data((x, y), (x, y))) != fingerprint_data(Data((changed, y), (x, y)))
    assert fingerprint_data(Data((x, y), (x, y))) != fingerprint_data(Data((x.astype("float64"), y), (x, y)))
