"""The problems that ship: Fashion-MNIST with dense networks, found by name.

``fmnist`` searches SGD alone, whose epochs cost a core about two thirds of Adam's; ``fmnist-optimizers`` also chooses
between SGD, Adagrad, RMSprop and Adam. ``fmnist-wide`` searches larger networks over more epochs, for the best that
dense layers can do; its winners are versions of the model ``fmnist``, too. ``fmnist-broad`` is the space of somebody
who does not know where the good models are: what samplers and schedules are measured on.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from fmnist.dataset.arrays import CLASS_NAMES, load_data, load_test
from registry.core.objective import Objective
from search.problems.problem import Problem

EMA_MOMENTUM = 0.998  # averages over about 500 steps, a third of an epoch


def dense_network() -> Any:
    """Return the HyperModel of the plain space; Keras is imported here and not before."""
    from fmnist.networks.dense import DenseNetwork

    return DenseNetwork()


def dense_network_of_any_optimizer() -> Any:
    """Return the HyperModel that also chooses the optimizer."""
    from fmnist.networks.dense import OPTIMIZERS, DenseNetwork

    return DenseNetwork(optimizers=OPTIMIZERS)


def wide_network(max_epochs: int = 30) -> Any:
    """Return the HyperModel of the wide space, whose learning rate falls to zero in so many epochs."""
    from fmnist.networks.wide import WideNetwork

    return WideNetwork(epochs=max_epochs)


def broad_network() -> Any:
    """Return the HyperModel of the broad space."""
    from fmnist.networks.broad import BroadNetwork

    return BroadNetwork()


fmnist = Problem(
    name="fmnist",
    objective=Objective("val_accuracy", "max"),
    hypermodel=dense_network,
    load_data=load_data,
    load_test=load_test,
    class_names=CLASS_NAMES,
    ema_momentum=EMA_MOMENTUM,
)

fmnist_optimizers = replace(fmnist, name="fmnist-optimizers", hypermodel=dense_network_of_any_optimizer)
fmnist_wide = replace(fmnist, hypermodel=wide_network, ema_momentum=None)
fmnist_broad = replace(fmnist, name="fmnist-broad", hypermodel=broad_network, ema_momentum=None)
