"""The problem that ships: Fashion-MNIST with dense networks, found by name as ``fmnist``."""

from __future__ import annotations

from typing import Any

from fmnist.data import CLASS_NAMES, load_data, load_test
from search.problem import Objective, Problem


def dense_network() -> Any:
    """Return the HyperModel of the plain space; Keras is imported here and not before."""
    from fmnist.network import DenseNetwork

    return DenseNetwork()


fmnist = Problem(
    name="fmnist",
    objective=Objective("val_accuracy", "max"),
    hypermodel=dense_network,
    load_data=load_data,
    load_test=load_test,
    class_names=CLASS_NAMES,
)
