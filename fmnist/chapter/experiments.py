"""The chapter's experiments as fixed configurations: what each trains, and the figure that the chapter gives."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from registry.core.errors import NotFoundError, did_you_mean

Activation = Literal["relu", "sigmoid"]
Optimizer = Literal["sgd", "momentum-nesterov", "adagrad", "rmsprop", "adam"]
Epoch = Literal["last", "kept"]


@dataclass(frozen=True, slots=True)
class Figure:
    """A number that the chapter prints.

    Args:
        metric: the curve that it is read from.
        value: what the chapter prints; None where it prints none.
        epoch: ``last``, as the chapter reads it after ``fit``; or ``kept``, where it restores the best weights.
        range: between which epochs the validation loss turns up, where the chapter says so.
    """

    metric: str = "val_accuracy"
    value: float | None = None
    epoch: Epoch = "last"
    range: tuple[int, int] | None = None


@dataclass(frozen=True, slots=True)
class Baseline:
    """One experiment.

    Args:
        name: what it is called, also the value of the tag ``baseline``.
        what: the experiment in a few words.
        figure: the chapter's.
        epochs: how long it trains at most.
        hidden: each hidden layer's units and activation; None for scikit-learn's linear classifier.
        optimizer: with the learning rate that the chapter gives it, else Keras' default at the time.
        dropout: after each hidden layer.
        after: the experiment whose last weights it goes on from, with an optimizer of its own.
        patience: stop after this many epochs without a lower validation loss, and keep the best epoch by that loss.
    """

    name: str
    what: str
    figure: Figure
    epochs: int = 5
    hidden: tuple[tuple[int, Activation], ...] | None = ()
    optimizer: Optimizer = "rmsprop"
    dropout: float = 0.0
    after: str | None = None
    patience: int | None = None


_TWO: tuple[tuple[int, Activation], ...] = ((300, "relu"), (100, "sigmoid"))
_ONE: tuple[tuple[int, Activation], ...] = ((100, "relu"),)

BASELINES = (
    Baseline(
        "sgd-classifier",
        "scikit-learn's SGDClassifier, log loss, 5 iterations",
        Figure("cv_accuracy", 0.8196),
        hidden=None,
    ),
    Baseline("softmax", "one dense softmax layer", Figure(value=0.8427)),
    Baseline("sigmoid-100", "100 sigmoid", Figure("accuracy", 0.8777), hidden=((100, "sigmoid"),)),
    Baseline("relu-300-sigmoid-100", "300 relu, 100 sigmoid", Figure(value=0.8763), hidden=_TWO),
    Baseline(
        "sgd",
        "the same, gone on with SGD",
        Figure(),
        hidden=_TWO,
        optimizer="sgd",
        after="relu-300-sigmoid-100",
    ),
    Baseline(
        "momentum-nesterov",
        "then with SGD and Nesterov momentum",
        Figure(),
        hidden=_TWO,
        optimizer="momentum-nesterov",
        after="sgd",
    ),
    Baseline("adagrad", "then with Adagrad", Figure(), hidden=_TWO, optimizer="adagrad", after="momentum-nesterov"),
    Baseline("rmsprop", "then with RMSprop", Figure(value=0.8852), hidden=_TWO, optimizer="rmsprop", after="adagrad"),
    Baseline("adam", "then with Adam", Figure(value=0.8886), hidden=_TWO, optimizer="adam", after="rmsprop"),
    Baseline("relu-100", "100 relu, 20 epochs", Figure("val_loss", range=(4, 8)), epochs=20, hidden=_ONE),
    Baseline("adam-100", "the same, Adam", Figure(), epochs=20, hidden=_ONE, optimizer="adam"),
    Baseline(
        "dropout-03",
        "the same, Adam, dropout 0.3",
        Figure(value=0.8864),
        epochs=20,
        hidden=_ONE,
        optimizer="adam",
        dropout=0.3,
    ),
    Baseline(
        "checkpoint-early-stopping",
        "the same, best weights restored, patience 2",
        Figure(epoch="kept"),
        epochs=20,
        hidden=_ONE,
        optimizer="adam",
        dropout=0.3,
        patience=2,
    ),
)
NAMES = tuple(baseline.name for baseline in BASELINES)


def find_baseline(name: str) -> Baseline:
    """Return the baseline of a name.

    Raises:
        NotFoundError: there is none.
    """
    for baseline in BASELINES:
        if baseline.name == name:
            return baseline
    raise NotFoundError(f"there is no baseline {name!r}; {did_you_mean(name, list(NAMES))}")
