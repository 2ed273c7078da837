"""What an objective may ask of the trial that it runs for, beside Optuna's own."""

from __future__ import annotations

import io
import json
import logging
import sys
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from registry.core.errors import UsageError
from search.errors import CannotContinue
from search.training.monitor import Monitor
from search.training.objective.folder import FILES, new_folder, pack, size_of, unpack
from search.training.objective.saved_model import SavedModel
from search.training.objective.trial import ObjectiveTrial

logger = logging.getLogger(__name__)

LARGEST_FOLDER = 2**30  # bytes that are kept in the database at most
STATE, MODEL = "state.json", "model.keras"  # in the archive, beside the folder's files
_running: list[Current] = []


class Current:
    """The trial of the running objective; `search.current` returns it.

    An objective that asks for ``folder``, ``epoch`` or ``step`` is continued after its last checkpoint when its worker
    has died, and begins again otherwise. A checkpoint is kept after reports, as often as the study's
    ``checkpoint_seconds`` say.

    Args:
        folder: where the study's trials keep their files.
        trial: the trial.
        monitor: follows its reports.
    """

    def __init__(self, folder: Path, trial: ObjectiveTrial, monitor: Monitor) -> None:
        self._parent, self._trial, self._monitor = folder, trial, monitor
        self._folder: Path | None = None
        self._goes_on = False  # the objective says that it can
        self.saved: SavedModel | None = None

    @property
    def folder(self) -> Path:
        """A folder for the trial's files: empty at first, and as they were at the checkpoint when it is continued.

        It lies in ``trials`` where the worker runs, stays there when the trial has ended, and is the trial's user
        attribute ``folder``. Up to 1 GiB goes with the checkpoint to the worker that continues the trial.
        """
        self._goes_on = True
        if self._folder is None:
            self._folder = new_folder(self._parent, self._trial.number)
            self._trial.set_user_attr("folder", str(self._folder))
        return self._folder

    @property
    def epoch(self) -> int:
        """How many reports the trial has made: what to go on after, 0 in a new trial."""
        self._goes_on = True
        return self._monitor.epochs

    @property
    def step(self) -> int | None:
        """The highest step that was reported; None in a new trial."""
        self._goes_on = True
        return max(self._trial._cached_frozen_trial.intermediate_values, default=None)

    def save(self, model: Any) -> None:
        """Let a Keras model, as it is now, become the trial's version, if the trial is among the study's best.

        The last one that was saved counts; that it is the one of the value that is returned is for the objective to
        see to.

        Raises:
            TypeError: it is no Keras model.
            WriteError: Keras cannot write it.
        """
        keras = sys.modules.get("keras")  # who has a Keras model has imported it
        if keras is None or not isinstance(model, keras.Model):
            raise TypeError(
                f"search.current().save() was given {type(model).__name__}; the registry holds Keras models: "
                "write others to files in search.current().folder"
            )
        from registry import save_model

        self.saved = SavedModel(save_model(model), int(model.count_params()))

    def checkpoint(self) -> bytes | None:
        """Return what the trial is after its last report; None before the first, or where it would begin again."""
        if not self._goes_on or not self._monitor.epochs:
            return None
        if self._folder is not None and (size := size_of(self._folder)) > LARGEST_FOLDER:
            logger.warning("no checkpoint is kept: %s holds %d bytes, and 2**30 is the most", self._folder, size)
            return None
        data = io.BytesIO()
        with zipfile.ZipFile(data, "w") as archive:
            archive.writestr(STATE, json.dumps(self._monitor.state()))
            if self.saved is not None:
                archive.writestr(MODEL, self.saved.weights, compresslevel=None)
                archive.comment = str(self.saved.parameters).encode()
            if self._folder is not None:
                pack(self._folder, archive)
        return data.getvalue()

    def restore(self, data: bytes) -> None:
        """Go on from a `checkpoint`.

        Raises:
            CannotContinue: it is none.
        """
        try:
            with zipfile.ZipFile(io.BytesIO(data)) as archive:
                self._monitor.restore(json.loads(archive.read(STATE)))
                names = archive.namelist()
                if MODEL in names:
                    self.saved = SavedModel(archive.read(MODEL), int(archive.comment))
                if any(name.startswith(FILES) for name in names):
                    unpack(archive, self.folder)
        except (zipfile.BadZipFile, KeyError, ValueError) as error:
            raise CannotContinue(f"CannotContinue: the checkpoint cannot be read: {error}") from error


def current() -> Current:
    """Return the trial of the objective that runs here, with its ``folder``, ``epoch``, ``step`` and ``save(model)``.

    Raises:
        UsageError: no objective runs here under `search run`.

    Example:
        >>> for epoch in range(search.current().epoch, 10):  # doctest: +SKIP
        ...     trial.report(train(epoch), epoch)
    """
    if not _running:
        raise UsageError(
            "search.current() was asked for where no objective runs; call it inside objective(trial), and let "
            "`search run FILE.py:objective` run that"
        )
    return _running[-1]


@contextmanager
def running(trial: Current) -> Iterator[None]:
    """Let `current` return a trial while the block runs."""
    _running.append(trial)
    try:
        yield
    finally:
        _running.pop()
