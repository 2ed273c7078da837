"""The chapter's linear classifier: scikit-learn's SGDClassifier, kept as a Keras model of the same coefficients."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
import numpy.typing as npt

from fmnist.chapter.experiments import Baseline, find_baseline
from fmnist.chapter.training import CLASSES, Trained, build
from search.problems.problem import Data

FOLDS = 5

Floats = npt.NDArray[np.float32]
Labels = npt.NDArray[np.uint8]


def train_linear(baseline: Baseline, seed: int, data: Data) -> Trained:
    """Train the classifier, on all training images and on each fold of a 5-fold cross-validation.

    Its curves are those of every baseline, and ``cv_accuracy``: the mean over the folds after each iteration.
    """
    from sklearn.model_selection import StratifiedKFold

    started = time.monotonic()
    (images, labels), (held, held_labels) = (
        (_flat(part[0]), np.asarray(part[1])) for part in (data.train, data.validation)
    )
    curves: dict[str, list[float]] = {name: [] for name in ("loss", "accuracy", "val_loss", "val_accuracy")}
    best: tuple[float, int, Any] = (-1.0, 0, None)
    for epoch, classifier in enumerate(_iterations(images, labels, seed, baseline.epochs), 1):
        for prefix, x, y in (("", images, labels), ("val_", held, held_labels)):
            loss, accuracy = _measured(classifier.decision_function(x), y)
            curves[f"{prefix}loss"].append(loss)
            curves[f"{prefix}accuracy"].append(accuracy)
        if curves["val_accuracy"][-1] > best[0]:
            best = (curves["val_accuracy"][-1], epoch, (classifier.coef_.copy(), classifier.intercept_.copy()))
    folds = [
        [np.mean(classifier.predict(images[test]) == labels[test]) for classifier in fold]
        for train, test in StratifiedKFold(FOLDS).split(images, labels)
        for fold in [_iterations(images[train], labels[train], seed, baseline.epochs)]
    ]
    curves["cv_accuracy"] = [float(value) for value in np.mean(folds, axis=0)]
    model = as_keras(*best[2])
    return Trained(
        model=model,
        curves={name: tuple(values) for name, values in curves.items()},
        epoch=best[1],
        last=model.get_weights(),
        stop_reason="max_epochs",
        seconds=time.monotonic() - started,
    )


def as_keras(coefficients: npt.NDArray[Any], intercepts: npt.NDArray[Any]) -> Any:
    """Return a Keras model of uint8 images (n, 28, 28) that decides as the classifier does.

    Its probabilities are a softmax of the classifier's decision values. Many of scikit-learn's own, a sigmoid each, are
    equal to 1 in single precision, so that the order of the classes would decide.

    Args:
        coefficients: of shape (classes, 784), for images from 0 to 1.
        intercepts: of shape (classes,).
    """
    import keras

    model = build(find_baseline("softmax"))
    model.set_weights([coefficients.T, intercepts])
    model.compile(keras.optimizers.SGD(), "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def _iterations(images: Floats, labels: Labels, seed: int, count: int) -> Any:
    """Yield the same classifier after each pass over the images; a pass is what `fit` does `max_iter` times."""
    from sklearn.linear_model import SGDClassifier

    classifier = SGDClassifier(loss="log_loss", random_state=np.random.RandomState(seed))
    for _ in range(count):
        yield classifier.partial_fit(images, labels, classes=np.arange(CLASSES))


def _flat(images: Labels) -> Floats:
    return np.asarray(images, np.float32).reshape(len(images), -1) / np.float32(255)


def _measured(decisions: npt.NDArray[Any], labels: Labels) -> tuple[float, float]:
    """Return the cross-entropy of the decision values' softmax, and the accuracy."""
    below_best = decisions - decisions.max(axis=1, keepdims=True)
    of_labels = below_best[np.arange(len(labels)), labels] - np.log(np.exp(below_best).sum(axis=1))
    return float(-of_labels.mean()), float(np.mean(decisions.argmax(axis=1) == labels))
