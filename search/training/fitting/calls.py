"""The calls of ``model.fit`` that a HyperModel's ``fit`` makes: one, several in a row, or on models of its own."""

from __future__ import annotations

import functools
import inspect
import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import keras
import numpy as np

from search.errors import CannotContinue
from search.system.runtime import show_optional
from search.training.fitting.callback_states import Arrays, CallbackStates
from search.training.fitting.epochs import EpochCallback
from search.training.fitting.ordered import check_epochs_end, first_batch, prepare_data
from search.training.fitting.own_callbacks import without_ours
from search.training.fitting.resident_fit import AS_BY_DEFAULT, ResidentFits, takes
from search.training.kernels.step import kernels_for
from search.training.state.snapshot import Snapshot


@dataclass(frozen=True)
class FitDefaults:
    """What holds where a HyperModel's ``fit`` does not say.

    Args:
        epochs: trained at most by a call.
        batch_size: samples a step.
        asked_batch_size: the value of the hyperparameter ``batch_size``, where there is one.
        seed: the order of arrays' samples is drawn from (seed, epoch).
    """

    epochs: int
    batch_size: int
    asked_batch_size: int | None
    seed: int


@dataclass
class Call:
    """One call of ``model.fit``, as far as it has come.

    Args:
        epochs: the numbers of its finished epochs, as Keras counts them, from 0.
        history: what it reported, by metric.
        stopped: a callback has ended it.
    """

    epochs: list[int] = field(default_factory=list)
    history: dict[str, list[Any]] = field(default_factory=dict)
    stopped: bool = False

    def add(self, epoch: int, logs: Mapping[str, Any], stopped: bool) -> None:
        """Take a finished epoch."""
        self.epochs.append(epoch)
        self.stopped = stopped
        for name, value in logs.items():
            self.history.setdefault(str(name), []).append(_json_value(value))


class FitCalls:
    """Watch the calls of ``model.fit``: those on the trial's model, and those that were given our callback.

    All others, such as a pretraining of another model, are Keras' own. A watched call gets our defaults where the
    HyperModel sets none (passing them as arguments would be an error where it sets them), and our callback comes last,
    so that it sees what the problem's own have done. Where a trial continues, calls that had ended are not trained
    again, and the one under way goes on after its last finished epoch.

    Args:
        model: the trial's, as ``build`` returned it.
        callback: what the HyperModel's ``fit`` was given to pass on.
        defaults: what holds where nothing is said.
        begin: called with the model when a watched call begins; raises where the trial is over.
        places: returns how many epochs of the trial are finished.
        resume: a state to continue after.
    """

    def __init__(
        self,
        model: Any,
        callback: EpochCallback,
        defaults: FitDefaults,
        *,
        begin: Callable[[Any, bool], None],
        places: Callable[[], int],
        resume: Snapshot | None,
    ) -> None:
        self._model, self._callback, self._defaults = model, callback, defaults
        self._begin, self._places, self._resume = begin, places, resume
        before = [] if resume is None else resume.progress["calls"]
        self._before = [Call(**call) for call in before]
        self._states: CallbackStates | None = None
        self._resident = ResidentFits(defaults.seed, lambda: places() + 1, lambda: callback.on_train_batch_end(0))
        self._depth = 0
        self.calls: list[Call] = []
        self.histories: list[Any] = []
        self.inexact: set[str] = set()
        self.holds_back = False  # a call keeps a part of its training data for validation
        self._due = resume is not None  # the state is still to be put back
        self.running: Any = None  # the model that the watched call under way trains
        self.last: Any = None  # the one that was trained last

    @property
    def due(self) -> bool:
        """Whether a state is still to be put back."""
        return self._due

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Watch all calls of any Keras model until the block ends."""
        own = vars(keras.Model).get("fit")
        keras_fit = keras.Model.fit
        signature = inspect.signature(keras_fit)

        @functools.wraps(keras_fit)
        def fit(model: Any, *args: Any, **kwargs: Any) -> Any:
            show_optional()
            arguments = dict(signature.bind(model, *args, **kwargs).arguments)
            arguments.pop("self", None)
            callbacks = _listed(arguments.get("callbacks"))
            watched = model is self._model or any(each is self._callback for each in callbacks)
            if self._depth or not watched:
                return keras_fit(model, *args, **kwargs)
            arguments["callbacks"] = without_ours(each for each in callbacks if each is not self._callback)
            self._depth += 1
            try:
                return self._run(functools.partial(keras_fit, model), model, arguments)
            finally:
                self._depth -= 1
                self.running = None

        keras.Model.fit = fit
        try:
            yield
        finally:
            if own is None:
                del keras.Model.fit
            else:
                keras.Model.fit = own

    def progress(self) -> dict[str, Any]:
        """Return what a training that continues must know of the calls and the callbacks, as JSON values."""
        states, lost = ([], []) if self._states is None else (self._states.states(), self._states.lost())
        return {"calls": [vars(call) for call in self.calls], "callbacks": states, "lost": lost}

    def arrays(self) -> Arrays:
        """Return the arrays that the problem's own callbacks remember."""
        return {} if self._states is None else self._states.arrays()

    def ended_epoch(self, epoch: int, logs: Mapping[str, Any]) -> None:
        """Take an epoch of the call under way."""
        self.calls[-1].add(epoch, logs, bool(self.running.stop_training))

    def _run(self, keras_fit: Callable[..., Any], model: Any, arguments: dict[str, Any]) -> Any:
        number = len(self.calls)
        before = self._before[number] if number < len(self._before) else Call()
        ended = number < len(self._before) - 1
        goes_on = number == len(self._before) - 1
        self._begin(model, number >= len(self._before) and number > 0)
        self.calls.append(before)
        self.running = self.last = model
        self.holds_back |= bool(arguments.get("validation_split")) and arguments.get("validation_data") is None
        arguments.setdefault("epochs", self._defaults.epochs)
        arguments.setdefault("verbose", 0)
        unordered = None
        if not ended and takes(model, arguments):
            keras_fit = functools.partial(self._resident.fit, model)
            arguments["batch_size"] = int(arguments.get("batch_size") or self._defaults.batch_size)
            for name in AS_BY_DEFAULT:
                arguments.pop(name, None)
        else:
            check_epochs_end(arguments)
            unordered = self._prepare(arguments)
        if ended or goes_on:
            _build_ahead(model, arguments)
        if ended:
            arguments |= {"epochs": 0, "initial_epoch": 0, "callbacks": []}
        else:
            self._attach(arguments, goes_on)
        if goes_on:
            if before.epochs:
                arguments["initial_epoch"] = arguments["epochs"] if before.stopped else before.epochs[-1] + 1
            if unordered:
                self.inexact.add(unordered)
        with kernels_for(model):
            history = keras_fit(**arguments)
        self._restore_history(history, before)
        self.histories.append(history)
        return history

    def _prepare(self, arguments: dict[str, Any]) -> str | None:
        defaults = self._defaults
        return prepare_data(
            arguments,
            batch_size=defaults.batch_size,
            asked=defaults.asked_batch_size,
            seed=defaults.seed,
            epoch=lambda: self._places() + 1,
        )

    def _attach(self, arguments: dict[str, Any], goes_on: bool) -> None:
        resume = self._resume if goes_on else None
        states = [] if resume is None else resume.progress["callbacks"]
        others = arguments["callbacks"]
        self._states = CallbackStates(others, states, {} if resume is None else resume.arrays)
        arguments["callbacks"] = [*others, self._states, self._callback]

    def put_back(self, *, first_batch_is_over: bool = False) -> None:
        """Put the state back into the model, if it is at its stage again: built, and compiled as it was.

        Raises:
            CannotContinue: it does not fit.
        """
        resume = self._resume
        if not self._due or resume is None or len(self.calls) != len(self._before):
            return
        try:
            self.inexact.update(resume.apply(self.running))
        except CannotContinue:
            if first_batch_is_over or all(layer.built for layer in self.running._flatten_layers()):
                raise
            return  # it is built by its first batch, and asked again after that
        self._due = False
        lost = resume.progress["lost"]
        self.inexact |= {f"its callback {name} remembers what cannot be stored" for name in lost}
        if first_batch_is_over:
            self.running.reset_metrics()
            self.inexact.add("its model is built by its first batch, which was trained again")
        if not resume.exact:
            self.inexact.add("its optimizer is no part of the model")

    def _restore_history(self, history: Any, call: Call) -> None:
        """Let a History tell of all epochs of its call, also of those before it was interrupted."""
        missing = len(call.epochs) - len(getattr(history, "epoch", call.epochs))
        if missing > 0:
            for name, values in call.history.items():
                history.history[name] = [*values[:missing], *history.history.get(name, [])]
            history.epoch = [*call.epochs[:missing], *history.epoch]


def _build_ahead(model: Any, arguments: dict[str, Any]) -> None:
    """Build a model as its first batch would, if Keras can."""
    try:
        batch = first_batch(arguments)
        if batch is not None:
            model._symbolic_build(data_batch=batch)
    except Exception:  # it has no call, or its data are taken only once: the first batch will build it
        return


def _listed(callbacks: Any) -> list[Any]:
    if callbacks is None:
        return []
    inner = getattr(callbacks, "callbacks", callbacks)  # of a CallbackList
    return list(keras.tree.flatten(inner)) if isinstance(inner, list | tuple) else [inner]


def _json_value(value: Any) -> Any:
    """Return a reported value as JSON holds it; None for what it does not hold."""
    try:
        plain = np.asarray(value).tolist()
        json.dumps(plain)
    except Exception:
        return None
    return plain
