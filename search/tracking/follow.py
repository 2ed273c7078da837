"""Log a study's trials while it runs, in a process of its own: nothing that happens here reaches a trial."""

from __future__ import annotations

import hashlib
import logging
import multiprocessing
import os
import signal
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from sqlalchemy.engine import Engine

from registry import ModelVersion, Registry
from registry.core.database.engine import open_engine
from registry.core.database.url import with_password
from registry.core.error_text import one_line
from search.records.studies import StudyRecord, read_study
from search.system.forkserver import start_process
from search.system.runtime import configure, configure_environment, import_tensorflow
from search.timing import LOG_CLOSE_SECONDS, LOG_SECONDS
from search.tracking.changed import ChangedTrials
from search.tracking.contract import TrackedStudy, Tracker
from search.tracking.target import TENSORBOARD, Target, without_password

logger = logging.getLogger(__name__)


@contextmanager
def logged(engine: Engine, study: StudyRecord, targets: Sequence[Target]) -> Iterator[None]:
    """Log a study's trials until the block ends, and then what they have come to by its end.

    Args:
        engine: the database.
        study: the study.
        targets: where to; with none, nothing is started.
    """
    if not targets:
        yield
        return
    receiver, sender = multiprocessing.Pipe(duplex=False)
    args = (with_password(engine.url), study.name, tuple(targets), os.getcwd(), receiver)
    process = start_process(log_in_child, *args, name="log", tensorflow=study.needs_tensorflow)
    receiver.close()
    try:
        yield
    finally:
        _end(process, sender)


def _end(process: Any, sender: Connection) -> None:
    """Let the process log what is left, for a time, and end it."""
    try:
        with suppress(OSError):  # it has ended before, and said why
            sender.send(None)
        process.join(LOG_CLOSE_SECONDS)
        if process.exitcode is None:
            logger.warning("logging has not ended within %.0f s and is given up", LOG_CLOSE_SECONDS)
    finally:
        sender.close()
        process.kill()
        process.join()


def log_in_child(url: str, study_name: str, targets: tuple[Target, ...], folder: str, receiver: Connection) -> None:
    """Log until the pipe says that the run is over, or its other end is gone: then another run goes on."""
    os.setsid()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)  # the last epochs are logged, too
    os.chdir(folder)
    try:
        engine = open_engine(url, must_exist=True)
        study = read_study(engine, study_name)
        if any(target.kind == TENSORBOARD for target in targets):
            prepare_tensorflow(study.needs_tensorflow)
        follow(engine, study, [(str(target), make_tracker(target, study)) for target in targets], receiver)
    except Exception as error:
        logger.warning("the trials are not logged: %s", without_password(one_line(error)))


def prepare_tensorflow(at_hand: bool) -> None:
    """Set TensorFlow up to write summaries: it takes no GPU from a trial."""
    if not at_hand:
        configure_environment(None, 1)
        import_tensorflow()
    configure(None, 1)


def make_tracker(target: Target, study: StudyRecord) -> Tracker:
    """Return what logs a study's trials in a place."""
    from search.tracking.mlflow import Mlflow
    from search.tracking.tensorboard import TensorBoard

    key = hashlib.sha256(f"{study.name} {study.created_at!r}".encode()).hexdigest()[:32]
    tracked = TrackedStudy(study.name, key, study.problem, study.is_objective)
    if target.kind == TENSORBOARD:
        return TensorBoard(Path(target.place), tracked)
    return Mlflow(target.place, tracked)


def follow(engine: Engine, study: StudyRecord, trackers: Sequence[tuple[str, Tracker]], receiver: Connection) -> None:
    """Log what has changed, again and again, until the pipe says or shows that it is over.

    A tracker that fails is told of once; it is asked again the next time, and no other waits for it.

    Args:
        engine: the database.
        study: the study.
        trackers: each with what it is called.
        receiver: of the process that runs the study.
    """
    followed = [Followed(name, tracker, ChangedTrials(engine, study)) for name, tracker in trackers]
    over = False
    while not over:
        over = receiver.poll(LOG_SECONDS)
        if over:
            try:
                receiver.recv()
            except EOFError:
                return  # it was killed: whoever continues the study goes on logging
        for each in followed:
            each.look()
    with Registry(with_password(engine.url)) as registry:
        for each in followed:
            each.keep_models(registry, study)


class Followed:
    """A tracker that may fail, and what it has not seen yet.

    Args:
        name: what it is called.
        tracker: keeps the runs.
        trials: those that have changed.
    """

    def __init__(self, name: str, tracker: Tracker, trials: ChangedTrials) -> None:
        self._name, self._tracker, self._trials = name, tracker, trials
        self._has_failed = False

    def look(self) -> None:
        """Log the trials that have gone on."""

        def log_changed() -> None:
            for trial in self._trials.take():
                self._tracker.log(trial)

        self._try(log_changed)

    def keep_models(self, registry: Registry, study: StudyRecord) -> None:
        """Keep the models of the study's winners, as they are at the end, and close the tracker."""

        def keep() -> None:
            for version in winners(registry, study):
                self._tracker.keep_model(version.source.trial or 0, version.export)

        self._try(keep)
        self._try(self._tracker.close)

    def _try(self, act: Callable[[], None]) -> None:
        try:
            act()
        except Exception as error:
            logger.debug("logging to %s failed", self._name, exc_info=True)
            if not self._has_failed:
                self._has_failed = True
                text = "logging to %s failed: %s; the trials go on, and it is tried again"
                logger.warning(text, self._name, without_password(one_line(error)))


def winners(registry: Registry, study: StudyRecord) -> list[ModelVersion]:
    """Return the versions of a study's trials that have weights."""
    names = [model.name for model in registry.models()]
    versions = registry.list(study.model) if study.model in names else []
    return [
        version
        for version in versions
        if version.source.study == study.name and version.is_of_trial and version.weights is not None
    ]
