"""The search space: every branch builds, and a value exists only where it means something."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

IMAGES = np.random.default_rng(0).integers(0, 256, (8, 28, 28), dtype=np.uint8)
PLAIN = {"hidden_layers", "activation", "dropout", "units_1", "learning_rate", "momentum", "nesterov"}
FAST: dict[str, Any] = {"units_1": 128, "units_2": 64, "units_3": 64}


def build(values: dict[str, Any], **options: Any) -> tuple[Any, Any]:
    """Return a model of these values and the hyperparameters that it asked for."""
    import keras_tuner

    from fmnist.networks.dense import DenseNetwork

    hp = keras_tuner.HyperParameters()
    hp.values = {**FAST, **values}
    return DenseNetwork(**options).build(hp), hp


def asked(hp: Any) -> set[str]:
    return {each.name for each in hp.space if hp.is_active(each)}


def activations(model: Any) -> list[str]:
    import keras

    return [each.activation.__name__ for each in model.layers if isinstance(each, keras.layers.Activation)]


@pytest.mark.parametrize("layers", [1, 2, 3])
def test_there_are_as_many_hidden_layers_as_chosen(layers: int) -> None:
    model, hp = build({"hidden_layers": layers})
    assert asked(hp) == PLAIN | {f"units_{number}" for number in range(2, layers + 1)}
    assert len(activations(model)) == layers
    probabilities = np.asarray(model(IMAGES))
    assert probabilities.shape == (8, 10)
    assert np.allclose(probabilities.sum(axis=1), 1, atol=1e-5)


def test_every_activation_builds() -> None:
    from fmnist.networks.dense import ACTIVATIONS

    for activation in ACTIVATIONS:
        model, _ = build({"hidden_layers": 1, "activation": activation})
        assert activations(model) == [activation]


def test_sgd_has_momentum_and_nesterov() -> None:
    model, _ = build({"learning_rate": 0.02, "momentum": 0.6, "nesterov": False})
    optimizer = model.optimizer
    assert float(optimizer.learning_rate) == pytest.approx(0.02)
    assert (type(optimizer).__name__, optimizer.momentum, optimizer.nesterov) == ("SGD", 0.6, False)
    assert optimizer.weight_decay is None


@pytest.mark.parametrize("name", ["sgd", "adagrad", "rmsprop", "adam"])
def test_optimizers_are_a_choice_with_rates_of_their_own(name: str) -> None:
    model, hp = build({"optimizer": name}, optimizers=("sgd", "adagrad", "rmsprop", "adam"))
    of_sgd = {"momentum", "nesterov"} if name == "sgd" else set()
    assert asked(hp) == (PLAIN - {"learning_rate", "momentum", "nesterov"}) | of_sgd | {
        "optimizer",
        "units_2",
        f"{name}_learning_rate",
    }
    assert type(model.optimizer).__name__.lower() == name


def test_one_other_optimizer_is_no_choice() -> None:
    model, hp = build({}, optimizers=("adam",))
    assert asked(hp) == (PLAIN - {"momentum", "nesterov"}) | {"units_2"}
    assert type(model.optimizer).__name__ == "Adam"


def test_options_are_off_by_default_and_searched_on_request() -> None:
    options = {"search_batch_size": True, "search_batch_norm": True, "search_weight_decay": True}
    values = {"batch_norm": True, "weight_decay": 1e-3}
    model, hp = build(values, **options)
    assert asked(hp) == PLAIN | {"units_2", "batch_size", "batch_norm", "weight_decay"}
    assert hp.get("batch_size") == 32
    assert model.optimizer.weight_decay == pytest.approx(1e-3)
    assert sum("batch_normalization" in layer.name for layer in model.layers) == 2


def test_the_search_can_train_it() -> None:
    model, _ = build({"hidden_layers": 1})
    labels = np.arange(8, dtype=np.uint8)
    history = model.fit(IMAGES, labels, validation_data=(IMAGES, labels), verbose=0).history
    assert {"loss", "accuracy", "val_loss", "val_accuracy"} <= set(history)


@pytest.mark.parametrize("optimizers", [("adamw",), ()])
def test_an_unknown_optimizer_is_refused(optimizers: tuple[str, ...]) -> None:
    from fmnist.networks.dense import DenseNetwork

    with pytest.raises(ValueError) as raised:  # noqa: PT011  its whole text is compared
        DenseNetwork(optimizers=optimizers)
    assert str(raised.value) == (f"the optimizers are {optimizers!r}; expected some of sgd, adagrad, rmsprop, adam")


def test_a_registered_one_can_be_built_again_by_its_problem() -> None:
    from search.problems.rebuild import rebuild_installed

    model, hp = build({"hidden_layers": 2, "dropout": 0.25})
    again = rebuild_installed("fmnist", hp.values)
    again.set_weights(model.get_weights())
    assert np.array_equal(again.predict(IMAGES, verbose=0), model.predict(IMAGES, verbose=0))
