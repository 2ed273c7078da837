"""The problem that ships with the search: Fashion-MNIST, its data and the networks to choose from."""

from importlib import import_module
from typing import Any

_HOME = {
    "CLASS_NAMES": "fmnist.dataset.arrays",
    "DenseNetwork": "fmnist.networks.dense",
    "fmnist": "fmnist.problem",
    "load_data": "fmnist.dataset.arrays",
    "load_test": "fmnist.dataset.arrays",
}

__all__ = ["CLASS_NAMES", "DenseNetwork", "fmnist", "load_data", "load_test"]


def __getattr__(name: str) -> Any:
    """Import a public name when it is first asked for: the network's needs Keras, the others do not."""
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOME[name]), name)
