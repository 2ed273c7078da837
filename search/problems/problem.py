"""What is searched: a problem is data, a KerasTuner ``HyperModel`` and an objective."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from registry.core.objective import Objective
from search.data.class_weight import ClassWeight
from search.data.parts import as_part
from search.problems import checks
from search.problems.models.objective import as_objective, as_objectives


@dataclass(frozen=True, slots=True)
class Data:
    """A problem's data, as arrays or as ``tf.data.Dataset`` objects.

    Args:
        train: ``(x, y)`` or ``(x, y, sample_weight)`` of arrays with samples along the first axis (x and y may be
            tuples, lists or dicts of arrays), or a batched ``tf.data.Dataset`` or ``keras.utils.PyDataset`` of the
            same. Lists, pandas' data frames and generators of batches become arrays.
        validation: the same, for choosing.

    Arrays stay on the device as they are (uint8 images as uint8): let the model's first layer cast them.

    Raises:
        ProblemError: something that cannot be trained on, or not equally many samples.

    Example:
        >>> Data(train=([[0.0], [1.0]], [0, 1]), validation=([[0.5]], [1])).train[0].shape
        (2, 1)
    """

    train: Any
    validation: Any

    def __post_init__(self) -> None:
        object.__setattr__(self, "train", as_part(self.train, "train"))
        object.__setattr__(self, "validation", as_part(self.validation, "validation"))


@dataclass(frozen=True)
class Problem:
    """A problem that ``search run MODULE:ATTR`` searches.

    Args:
        name: also the name of the registered model that its winners become versions of.
        objective: what is optimized: an `Objective`, KerasTuner's, or the name of one of Keras' metrics; or a list of
            several, the first of which early stopping, schedules and the score go by. It is the first afterwards.
        hypermodel: a ``keras_tuner.HyperModel`` (its class or an instance), a build function, or a function without
            arguments that makes one of them. A class or a function may take the study's ``max_epochs``, with a default.
        load_data: returns the `Data`; called once in each worker.
        load_test: returns ``(x, y)`` of a test set; no search calls it, only what measures a confirmed winner.
        batch_size: samples a training step, where the HyperModel has no ``batch_size`` hyperparameter.
        class_names: what the classes are called, for reports and predictions.
        class_weight: class to weight in training, or ``balanced``; a class that is not in it weighs 1.
        callbacks: a function without arguments that returns Keras callbacks, new ones for each trial.
        monitor: what early stopping watches, in the forms of ``objective``; None for the objective.
        min_delta: by how much that has to get better; less is no gain.
        start_from_epoch: epochs that pass before early stopping watches.
        ema_momentum: average the weights over the steps: average = momentum * average + (1 - momentum) * weight. The
            averages are what is measured after each epoch, and what is registered. None for the weights themselves.
        further: objectives after the first, where ``objective`` is one.
        folds: train each trial this many times, each time on other folds of training and validation data together, and
            let the mean count; 1 for once, on the data as they are.

    Raises:
        ProblemError: one of them cannot be what it is to be.

    Example:
        >>> from search.toy import toy
        >>> toy.objective
        Objective(metric='val_accuracy', direction='max')
    """

    name: str
    objective: Objective
    hypermodel: Any
    load_data: Callable[[], Data]
    load_test: Callable[[], tuple[Any, Any]] | None = None
    batch_size: int = 32
    class_names: tuple[str, ...] = field(default=())
    class_weight: ClassWeight | None = None
    callbacks: Callable[[], Sequence[Any]] = tuple
    monitor: Objective | None = None
    min_delta: float = 0.0
    start_from_epoch: int = 0
    ema_momentum: float | None = None
    further: tuple[Objective, ...] = ()
    folds: int = 1

    def __post_init__(self) -> None:
        values: dict[str, Any] = {
            "name": checks.checked_name(self.name),
            "hypermodel": checks.checked_hypermodel(self.hypermodel),
            "load_data": checks.as_loader(self.load_data, "load_data", "search.Data", Data),
            "batch_size": checks.checked_batch_size(self.batch_size),
            "class_names": checks.as_names(self.class_names),
            "class_weight": checks.checked_class_weight(self.class_weight),
            "callbacks": checks.as_loader(self.callbacks, "callbacks", "new Keras callbacks", type(None)),
            "min_delta": checks.at_least_zero("min_delta", self.min_delta, float),
            "start_from_epoch": checks.at_least_zero("start_from_epoch", self.start_from_epoch, int),
            "folds": checks.checked_folds(self.folds),
        }
        values["objective"], *further = as_objectives([*as_objectives(self.objective), *self.further])
        values["further"] = tuple(further)
        if self.monitor is not None:
            values["monitor"] = as_objective(self.monitor, "monitor")
        if self.ema_momentum is not None:
            values["ema_momentum"] = checks.checked_momentum(self.ema_momentum)
        if self.load_test is not None:
            values["load_test"] = checks.as_loader(self.load_test, "load_test", "(x, y)", tuple)
        for field_name, value in values.items():
            object.__setattr__(self, field_name, value)

    @property
    def objectives(self) -> tuple[Objective, ...]:
        """All objectives, in their order."""
        return (self.objective, *self.further)

    @property
    def early_stopping(self) -> dict[str, Any]:
        """What early stopping watches, as fields of a training's limits."""
        return {"watch": self.monitor, "min_delta": self.min_delta, "start_from": self.start_from_epoch}
