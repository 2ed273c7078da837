"""A problem looks at what it is made of when it is made."""

from functools import partial

import keras_tuner
import pytest

from search import Data, Objective, Problem
from search.errors import ProblemError
from search.problems.inspection import make_hypermodel

DATA = Data(train=([[1.0]], [1]), validation=([[1.0]], [1]))


def build(hp):
    return hp


class Model(keras_tuner.HyperModel):
    def build(self, hp):
        return hp


def problem(**fields):
    return Problem(
        **({"name": "p", "objective": Objective("a", "max"), "hypermodel": build, "load_data": DATA} | fields)
    )


@pytest.mark.parametrize(
    ("given", "objective"),
    [
        ("val_accuracy", Objective("val_accuracy", "max")),
        ("val_loss", Objective("val_loss", "min")),
        (keras_tuner.Objective("mine", "min"), Objective("mine", "min")),
        (("mine", "max"), Objective("mine", "max")),
    ],
)
def test_objectives_in_the_forms_that_users_know(given, objective):
    assert problem(objective=given).objective == objective


@pytest.mark.parametrize(
    "hypermodel",
    [Model, Model(), build, lambda: Model(), lambda: Model, lambda: build, lambda hp=None: hp, Model().build],
    ids=range(8),
)
def test_hypermodels_in_the_forms_that_keras_tuner_takes(hypermodel):
    made = make_hypermodel(problem(hypermodel=hypermodel))
    assert isinstance(made, keras_tuner.HyperModel)
    assert made.build("hp") == "hp"


class Patient(Model):
    def __init__(self, max_epochs=3):
        super().__init__()
        self.epochs = max_epochs


@pytest.mark.parametrize(
    "hypermodel", [Patient, lambda max_epochs=3: Patient(max_epochs), lambda: Patient], ids=range(3)
)
def test_what_makes_a_hypermodel_may_ask_for_the_number_of_epochs(hypermodel):
    asking = problem(hypermodel=hypermodel)
    assert [make_hypermodel(asking, epochs).epochs for epochs in (None, 60)] == [3, 60]


def build_in(hp, max_epochs=3):
    return hp, max_epochs


@pytest.mark.parametrize(
    "hypermodel",
    [build_in, partial(build_in, max_epochs=3), lambda hp, *, max_epochs=3: (hp, max_epochs), lambda: build_in],
    ids=range(4),
)
def test_a_build_function_may_ask_for_the_number_of_epochs(hypermodel):
    asking = problem(hypermodel=hypermodel)
    assert [make_hypermodel(asking, epochs).build("hp") for epochs in (None, 60)] == [("hp", 3), ("hp", 60)]


class NoDefault(Model):
    def __init__(self, max_epochs):
        super().__init__()


@pytest.mark.parametrize(
    "hypermodel",
    [NoDefault, lambda max_epochs: Patient(max_epochs), lambda hp, max_epochs: hp, lambda *, max_epochs: Patient()],
    ids=range(4),
)
def test_who_asks_for_the_number_of_epochs_says_one_by_which_the_problem_is_looked_at(hypermodel):
    with pytest.raises(ProblemError, match=r"'p': its hypermodel takes max_epochs without a default; .* max_epochs=10"):
        make_hypermodel(problem(hypermodel=hypermodel))


def test_what_does_not_ask_for_the_number_of_epochs_is_not_told():
    assert make_hypermodel(problem(hypermodel=lambda: Patient()), 60).epochs == 3
    assert isinstance(make_hypermodel(problem(hypermodel=Model), 60), Model)


def test_data_are_taken_for_what_loads_them():
    assert problem().load_data() is DATA
    assert problem(load_test=([1], [2])).load_test() == ([1], [2])
    assert problem(class_names=["a", "b"]).class_names == ("a", "b")


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"name": "a b"}, "'a b' cannot be the name of a problem's model; expected"),
        ({"name": 3}, "the problem's name is 3 of type int; expected a text"),
        ({"objective": "val_mine"}, r"write Objective\('val_mine', 'max'\) or Objective\('val_mine', 'min'\)"),
        ({"objective": ["a:max", "val_loss"]}, "the objective is 'a:max', and nobody knows"),
        ({"objective": ["val_loss", "val_loss"]}, "the problem's objective: the objectives name 'val_loss' twice"),
        ({"objective": []}, "the problem's objective is an empty list; expected one objective or more"),
        ({"objective": None}, "the objective is of type NoneType; expected search.Objective"),
        ({"objective": ("a", "up")}, "the direction of 'a' is 'up'; expected 'max' or 'min'"),
        ({"hypermodel": None}, "the hypermodel is of type NoneType; expected a keras_tuner.HyperModel"),
        ({"load_data": lambda path: path}, "load_data needs arguments; expected a function without any"),
        ({"load_data": 3}, "load_data is of type int; expected a function without arguments that returns search.Data"),
        ({"load_test": 3}, "load_test is of type int"),
        ({"batch_size": 0}, "the batch size is 0; expected a whole number of 1 or more"),
        ({"batch_size": "32"}, "the batch size is '32'"),
        ({"class_names": "abc"}, "the class names are 'abc'; expected a list of texts"),
    ],
    ids=range(15),
)
def test_what_cannot_be(fields, message):
    with pytest.raises(ProblemError, match=message):
        problem(**fields)


def test_a_model_that_is_built_already_is_no_hypermodel():
    import keras

    with pytest.raises(ProblemError, match="the hypermodel is a model that is built already; expected"):
        problem(hypermodel=keras.Sequential())


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        (
            {"class_weight": [1, 2]},
            r"class_weight is \[1, 2\]; expected 'balanced', or a dict such as {0: 1.0, 1: 5.0}",
        ),
        ({"class_weight": {"cat": 1.0}}, "expected 'balanced', or a dict"),
        ({"class_weight": {0: -1.0}}, "the weight of class 0 is -1.0; expected a number of 0 or more"),
        ({"min_delta": float("nan")}, "min_delta is nan; expected a number of 0 or more"),
        ({"start_from_epoch": 1.5}, "start_from_epoch is 1.5; expected a whole number of 0 or more"),
        ({"monitor": "mine"}, "the monitor is 'mine', and nobody knows whether more of it is better"),
        ({"ema_momentum": 1}, "ema_momentum is 1; expected a number from 0 to below 1, such as 0.999"),
        ({"callbacks": [1]}, "callbacks is of type list; expected a function without arguments that returns new Keras"),
    ],
)
def test_what_training_takes_beside_is_checked(fields, message):
    with pytest.raises(ProblemError, match=message):
        problem(**fields)


def test_what_training_takes_beside_in_the_forms_that_users_know():
    made = problem(class_weight={0: 1, 1: 5.0}, monitor="val_loss", min_delta=1, callbacks=lambda: [])
    assert made.class_weight == {0: 1.0, 1: 5.0}
    assert made.monitor == Objective("val_loss", "min")
    assert (made.min_delta, made.callbacks()) == (1.0, [])
    assert problem().callbacks() == ()
    assert (problem(ema_momentum=0).ema_momentum, problem().ema_momentum) == (0.0, None)
