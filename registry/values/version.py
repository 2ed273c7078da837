"""The values that a registry returns: frozen, complete, and independent of any database row."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

from registry.core.numbers import number_text
from registry.core.objective import Direction, Objective
from registry.values.html import html_table
from registry.values.known_tags import CHANGES_TAG

Param = bool | int | float | str | None


class Loader(Protocol):
    """What a version needs of its registry."""

    def load(self, version: ModelVersion, rebuild: Rebuild | None = None) -> Any:
        """Return the Keras model."""

    def export(self, version: ModelVersion, out: str | Path) -> Path:
        """Write the ``.keras`` file."""

    def plot(self, version: ModelVersion, metrics: Sequence[str] | None) -> Any:
        """Draw the curves."""


@dataclass(frozen=True, slots=True)
class LossCurve:
    """One metric over the epochs of a training.

    Args:
        metric: its name, such as ``val_loss``.
        values: one value per epoch, in order; NaN where the training diverged.

    Example:
        >>> LossCurve("loss", (0.9, 0.5, 0.7)).best("min")
        (0.5, 2)
    """

    metric: str
    values: tuple[float, ...]

    def best(self, direction: Direction) -> tuple[float, int] | None:
        """Return the best value and its epoch (1 is the first), or None where all are NaN."""
        key = Objective(self.metric, direction).key
        keys = [(key(value), epoch) for epoch, value in enumerate(self.values, 1) if not math.isnan(value)]
        if not keys:
            return None
        _, epoch = min(keys)
        return self.values[epoch - 1], epoch


@dataclass(frozen=True, slots=True)
class Source:
    """Where a version comes from.

    Args:
        study: the study's name; None for a model that was trained by hand.
        trial: the trial's number in that study.
        seed: what the training was seeded with.
        problem: the problem's name.
        data_fingerprint: a hash of the training data.
        code_revision: the revision of the code that trained it.
        libraries: name to version, such as ``{"keras": "3.15.1"}``.
        origin: its name in another system, such as ``mlflow:RUN``, or the versions that it was made of, such as
            ``ensemble:fmnist/3*2+fmnist/7#5f0c2a91``; a model has at most one version per origin.
    """

    study: str | None = None
    trial: int | None = None
    seed: int | None = None
    problem: str | None = None
    data_fingerprint: str | None = None
    code_revision: str | None = None
    libraries: Mapping[str, str] = field(default_factory=dict)
    origin: str | None = None

    def as_dict(self) -> dict[str, Any]:
        """Return the record as JSON types."""
        values = {each.name: getattr(self, each.name) for each in fields(self)}
        return values | {"libraries": dict(self.libraries)}


@dataclass(frozen=True, slots=True)
class Weights:
    """A stored ``.keras`` file: its hash and its size in bytes."""

    sha256: str
    bytes: int


@dataclass(frozen=True, repr=False)
class ModelVersion:
    """A version of a registered model.

    Args:
        model: the registered model's name.
        version: its number, from 1.
        score: the objective's value at the best epoch; NaN where the training had none.
        metric: the objective's metric.
        direction: ``max`` or ``min``.
        epoch: the best epoch, whose weights these are; 1 is the first.
        params: the hyperparameters.
        metrics: every metric's value at that epoch.
        curves: every metric over all epochs, by name.
        source: study, trial, seed, problem, data, code.
        created_at: when it was registered, in UTC.
        aliases: the names that point here now, sorted.
        tags: name to text.
        description: Markdown that a user wrote; to be escaped wherever it is shown.
        weights: None where there are none, or another version has displaced them.
        state: ``ready``, or ``displaced`` where better ones of its study took the weights' place.
        stop_reason: why the training ended.
        seconds: how long the training took.
        parameters: how many the model has, trainable or not.
        imported: where it was first registered, if a bundle brought it: that registry's id and its name there, such as
            ``3f2a…:fmnist/7``.

    Example:
        >>> Registry().best("fmnist").ref  # doctest: +SKIP
        'fmnist/7'
    """

    model: str
    version: int
    score: float
    metric: str
    direction: Direction
    epoch: int
    params: Mapping[str, Param]
    metrics: Mapping[str, float]
    curves: Mapping[str, LossCurve]
    source: Source
    created_at: datetime
    aliases: tuple[str, ...] = ()
    tags: Mapping[str, str] = field(default_factory=dict)
    description: str | None = None
    weights: Weights | None = None
    state: str = "ready"
    stop_reason: str | None = None
    seconds: float | None = None
    parameters: int | None = None
    imported: str | None = None
    loader: Loader | None = field(default=None, repr=False, compare=False)

    @property
    def ref(self) -> str:
        """The reference to this version and no other, such as ``fmnist/3``."""
        return f"{self.model}/{self.version}"

    @property
    def is_of_trial(self) -> bool:
        """Whether a trial of a study in this very registry trained it."""
        return self.imported is None and self.source.study is not None and self.source.trial is not None

    def __repr__(self) -> str:
        return f"ModelVersion({self.ref!r}, {self.metric}={number_text(self.score)})"

    def _repr_html_(self) -> str:
        """Return what a notebook shows: the score, the labels and the params."""
        source = "" if self.source.study is None else f"{self.source.study}, trial {self.source.trial}"
        labels = ", ".join(self.aliases)
        facts = [(self.metric, self.score), ("epoch", self.epoch), ("aliases", labels), ("study", source)]
        return html_table(self.ref, ("", ""), [*facts, *self.params.items()])

    def load(self, rebuild: Rebuild | None = None) -> Any:
        """Return the Keras model with the best epoch's weights, read in Keras' safe mode.

        Where Keras can no longer read the file's architecture, the model is built again from the problem and the
        params, takes the file's weights, and must predict what was stored with the version.

        Args:
            rebuild: builds the model of the problem's name and the params, such as `search.rebuild_model`, which
                imports the problem's code. Without one, only installed problems are built again.

        Raises:
            NotFoundError: the version has no weights.
            IntegrityError: the stored bytes are not those that were registered.
            LoadError: it can neither be read nor built again; says which versions saved it and what differs here.
        """
        return self._loader().load(self, rebuild)

    def export(self, out: str | Path) -> Path:
        """Write the verified ``.keras`` file; it appears whole or not at all.

        Raises:
            NotFoundError: the version has no weights.
            IntegrityError: the stored bytes are not those that were registered.
        """
        return self._loader().export(self, out)

    def plot(self, metrics: Sequence[str] | None = None) -> Any:
        """Return the curves as a ``matplotlib.figure.Figure``, which a notebook shows; a panel a metric.

        Args:
            metrics: without ``val_``, such as ``["loss"]``; None for all.

        Raises:
            NotFoundError: the version has no such curve.
        """
        return self._loader().plot(self, metrics)

    def _loader(self) -> Loader:
        if self.loader is None:
            raise ValueError(f"{self.ref} was made by hand; only a version that a Registry returned can do this")
        return self.loader

    def as_dict(self) -> dict[str, Any]:
        """Return the record as JSON types, with the keys that other programs rely on; NaN as None."""
        return {
            "model": self.model,
            "version": self.version,
            "score": finite(self.score),
            "metric": self.metric,
            "direction": self.direction,
            "epoch": self.epoch,
            "stop_reason": self.stop_reason,
            "seconds": None if self.seconds is None else finite(float(self.seconds)),
            "parameters": self.parameters,
            "state": self.state,
            "params": {name: finite(value) for name, value in self.params.items()},
            "metrics": {name: finite(value) for name, value in self.metrics.items()},
            "aliases": list(self.aliases),
            "tags": dict(self.tags),
            "description": self.description,
            "source": self.source.as_dict()
            | {"imported": self.imported, "accepted_changes": self.tags.get(CHANGES_TAG)},
            "weights": None if self.weights is None else {"sha256": self.weights.sha256, "bytes": self.weights.bytes},
            "curves": {name: [finite(value) for value in curve.values] for name, curve in self.curves.items()},
            "created_at": self.created_at.isoformat(),
        }


@dataclass(frozen=True, slots=True)
class RegisteredModel:
    """A named series of versions.

    Args:
        name: such as ``fmnist``.
        metric: what its best version is judged by.
        direction: ``max`` or ``min``.
        versions: how many there are.
        aliases: name to version number.
        created_at: when the first version was registered, in UTC.
        protected: those of the aliases that move only with ``force``.
        tags: name to text, of the model itself.
        description: Markdown that a user wrote; to be escaped wherever it is shown.
        approvals: of those aliases that others must approve a change of, how many of them.
    """

    name: str
    metric: str
    direction: Direction
    versions: int
    aliases: Mapping[str, int]
    created_at: datetime
    protected: tuple[str, ...] = ()
    tags: Mapping[str, str] = field(default_factory=dict)
    description: str | None = None
    approvals: Mapping[str, int] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        """Return the record as JSON types."""
        return {
            "model": self.name,
            "metric": self.metric,
            "direction": self.direction,
            "versions": self.versions,
            "aliases": dict(self.aliases),
            "protected": list(self.protected),
            "approvals": dict(self.approvals),
            "tags": dict(self.tags),
            "description": self.description,
            "created_at": self.created_at.isoformat(),
        }


def finite(value: Any) -> Any:
    """Return None for NaN and the infinities, which JSON does not have, else the value."""
    return None if isinstance(value, float) and not math.isfinite(value) else value


def curves_of(values: Mapping[str, Sequence[float]]) -> dict[str, LossCurve]:
    """Return curves by name from plain numbers by name."""
    return {name: LossCurve(name, tuple(float(value) for value in curve)) for name, curve in values.items()}


Rebuild = Callable[[str | None, Mapping[str, Param]], Any]
