from __future__ import annotations

import keras_tuner

from fmnist.networks.broad import BroadNetwork
from fmnist.problem import fmnist_broad


def test_each_layer_has_a_size_of_its_own_and_all_are_dropped_out() -> None:
    hp = keras_tuner.HyperParameters()
    hp.Fixed("hidden_layers", 3)
    hp.Fixed("units_3", 40)
    model = BroadNetwork().build(hp)
    kinds = [type(layer).__name__ for layer in model.layers]
    assert kinds == ["Rescaling", "Flatten", *["Dense", "Dropout"] * 3, "Dense"]
    assert [layer.units for layer in model.layers if hasattr(layer, "units")] == [128, 128, 40, 10]


def test_the_broad_problem_is_a_model_of_its_own() -> None:
    assert fmnist_broad.name == "fmnist-broad"
    assert isinstance(fmnist_broad.hypermodel(), BroadNetwork)
