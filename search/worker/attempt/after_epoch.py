"""What a worker does between two epochs of a trial: report, keep a checkpoint, pause."""

from __future__ import annotations

import logging
import math
from collections.abc import Callable

from registry.core.errors import DatabaseUnavailable
from registry.values.stop_reason import StopReason
from search.errors import SetAside
from search.timing import OUTAGE_RETRY_SECONDS
from search.worker.attempt.running import RunningTrial

logger = logging.getLogger(__name__)


class AfterEpoch:
    """Report an epoch, keep a checkpoint when one is due, and pause the trial where its schedule says so.

    Args:
        running: the trial.
        clock: seconds.
    """

    def __init__(self, running: RunningTrial, clock: Callable[[], float]) -> None:
        self._running, self._clock = running, clock
        self._away_until = 0.0  # by the clock: the database is not tried before

    def __call__(self) -> None:
        """Do what is due after the epoch that has finished.

        Raises:
            SetAside: the trial is paused.
            Exception: the training is to be given up; see `Stops.check`.
        """
        running = self._running
        running.stops.end_copy()
        monitor = running.monitor
        if monitor.stop_reason is not None:
            return  # the result says all
        try:
            if self._clock() >= self._away_until:
                self._report()
                running.checkpoints.save_when_due(monitor.epochs, running.pruner.state)
        except DatabaseUnavailable as error:
            self._away_until = self._clock() + OUTAGE_RETRY_SECONDS
            logger.warning("%s; the training goes on meanwhile", error)
        if monitor.stop_reason is None and monitor.epochs >= running.until:
            self._come_to_pause()
        if monitor.stop_reason is None:
            running.stops.check()

    def _report(self) -> None:
        running, monitor = self._running, self._running.monitor
        with running.context.view.flushing() as changes:
            asked = running.lease.progress(monitor.epochs, monitor.score, monitor.epoch, changes)
        if asked:
            monitor.stop_reason = StopReason.PRUNED
            monitor.pruned_by = {"pruner": "request", "epoch": monitor.epochs}

    def _come_to_pause(self) -> None:
        """Go on, end or pause where the trial has come to its rung, as its schedule says.

        Raises:
            SetAside: it is paused.
        """
        running, monitor, lease = self._running, self._running.monitor, self._running.lease
        until, hopeless = running.context.retry(lambda: running.context.scheduler.go_on(lease))
        if hopeless is not None:
            monitor.stop_reason, monitor.pruned_by = StopReason.PRUNED, hopeless
        elif until is not None:
            running.pause_after(until)
        elif (checkpoint := running.checkpoints.take(monitor.epochs, running.pruner.state())) is None:
            logger.warning(
                "trial %d cannot be paused: nothing can continue its training, so it goes on", lease.claim.number
            )
            running.until = math.inf
        else:
            so_far = running.result(reason=StopReason.PRUNED)
            running.context.retry(lambda: lease.pause(so_far, checkpoint))
            running.stops.raised = SetAside()
            raise running.stops.raised
