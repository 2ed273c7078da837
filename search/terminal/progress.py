"""Show a search while it runs: a live table on a terminal, plain lines elsewhere."""

from __future__ import annotations

import time
from collections.abc import Callable
from types import TracebackType
from typing import Protocol

from rich.console import Console, Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from registry.core.console import size
from registry.core.durations import show_duration
from registry.core.numbers import number_text
from search.records.live_curves import LiveCurves
from search.records.results import describe_failure
from search.records.status import StudyStatus
from search.records.trials import TrialRecord
from search.terminal.sparkline import sparkline, squeezed

CURVE, SCORES = 14, 72  # the most columns of a sparkline


class Progress(Protocol):
    """Shows a study's status again and again, as a context manager."""

    def __enter__(self) -> Progress: ...
    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...
    def show(self, status: StudyStatus) -> None:
        """Show how the study stands now."""


class PlainProgress:
    """Print one line for each trial that ends.

    Args:
        console: where to.
        trials: returns the study's trials.
    """

    def __init__(self, console: Console, trials: Callable[[], list[TrialRecord]]) -> None:
        self._console, self._trials = console, trials
        self._seen = {t.slot for t in trials() if t.state == "finished" and not t.imported}

    def __enter__(self) -> PlainProgress:
        return self

    def __exit__(self, *_: object) -> None:
        return None

    def show(self, status: StudyStatus) -> None:
        """Print the trials that have ended since the last call."""
        if status.finished <= len(self._seen):
            return
        for trial in self._trials():
            if trial.state == "finished" and not trial.imported and trial.slot not in self._seen:
                self._seen.add(trial.slot)
                self._console.print(
                    f"[{len(self._seen)}/{status.budget}] {describe_trial(trial, status)}", markup=False
                )


class LiveProgress:
    """Draw the counts, the best trial, each worker and the curve of its trial, again and again in the same place.

    Args:
        console: a terminal.
        timeout: seconds until the search stops by itself; None for never.
        clock: seconds.
        curves: returns the curves so far, such as `Study.live_curves`.
    """

    def __init__(
        self,
        console: Console,
        timeout: float | None = None,
        clock: Callable[[], float] = time.monotonic,
        curves: Callable[[], LiveCurves] = LiveCurves,
    ) -> None:
        self._curves = curves
        self._live = Live(console=console, auto_refresh=False, transient=True)
        self._timeout, self._clock = timeout, clock
        self._started = clock()
        self._finished_before: int | None = None

    def __enter__(self) -> LiveProgress:
        self._live.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._live.__exit__(kind, error, trace)

    def show(self, status: StudyStatus) -> None:
        """Draw the status anew."""
        if self._finished_before is None:
            self._finished_before = status.finished
        elapsed = self._clock() - self._started
        left = time_left(status, status.finished - self._finished_before, elapsed, self._timeout)
        self._live.update(render(status, elapsed, left, self._curves()), refresh=True)


def time_left(status: StudyStatus, finished: int, elapsed: float, timeout: float | None) -> float | None:
    """Estimate the seconds that a search still takes.

    Args:
        status: how the study stands.
        finished: trials that ended since this search began.
        elapsed: seconds since then.
        timeout: seconds after which it stops anyway; None for never.

    Returns:
        None before the first trial has ended, where there is no timeout.
    """
    left = None if timeout is None else max(0.0, timeout - elapsed)
    if finished:
        by_rate = (status.budget - status.finished) * elapsed / finished
        left = by_rate if left is None else min(left, by_rate)
    return left


def render(
    status: StudyStatus,
    elapsed: float | None = None,
    left: float | None = None,
    curves: LiveCurves | None = None,
) -> Group:
    """Return the picture of a study's status for a terminal of 80 columns.

    Args:
        status: how the study stands.
        elapsed: seconds since the search began; None where that is unknown.
        left: seconds that it still takes; None where that is unknown.
        curves: of the running trials, and the scores so far; None for neither.
    """
    counts = status.trials
    head = Text.assemble(
        (status.study, "bold"),
        f"  {status.finished}/{status.budget} trials",
        f" and {status.imported} imported" if status.imported else "",
        f" ({counts['pruned']} pruned, {counts['failed']} failed)" if counts["pruned"] or counts["failed"] else "",
        f"  {show_duration(elapsed)} gone" if elapsed is not None else "",
        f", about {show_duration(left)} left" if left is not None else "",
    )
    parts: list[Text | Table] = [head, Text(describe_best(status))]
    if counts["paused"]:
        parts.append(Text(f"{counts['paused']} paused, whose checkpoints take {size(status.paused_bytes)}"))
    if curves is not None and len(curves.scores) > 1:
        parts.append(Text(f"scores {sparkline(curves.scores, SCORES)}"))
    if status.workers:
        parts.append(_workers_table(status, curves or LiveCurves()))
    return Group(*parts)


def _workers_table(status: StudyStatus, curves: LiveCurves) -> Table:
    table = Table(box=None, pad_edge=False, header_style="dim")
    for name in ("worker", "host", "pid", "device", "state", "trial", "epoch"):
        right = name in ("pid", "trial", "epoch")
        longest = {"host": 14, "device": 8}.get(name)
        table.add_column(name, justify="right" if right else "left", no_wrap=True, max_width=longest)
    if curves.running:
        table.add_column(status.objective.metric, no_wrap=True, max_width=CURVE)
    for worker in status.workers:
        number = -1 if worker.trial is None else worker.trial
        trial = "" if worker.trial is None else str(worker.trial)
        epoch = "" if worker.epoch is None else str(worker.epoch)
        table.add_row(
            Text(worker.id[:8]),
            Text(worker.host),
            str(worker.pid),
            worker.device,
            worker.state,
            trial,
            epoch,
            *([Text(sparkline(squeezed(curves.running.get(number, ()), CURVE), CURVE))] if curves.running else []),
        )
    return table


def describe_best(status: StudyStatus) -> str:
    """Return one line about the best trial so far."""
    best = status.best
    if best is None:
        return "no trial has a score yet" if status.finished or status.imported else "no trial has ended yet"
    return f"best {status.objective.metric} {number_text(best.score)}: trial {best.trial}, epoch {best.epoch}"


def describe_trial(trial: TrialRecord, status: StudyStatus) -> str:
    """Return one line about a trial that has ended."""
    if trial.score is None:
        return f"trial {trial.trial}  {describe_failure(str(trial.stop_reason), trial.error)}"
    return (
        f"trial {trial.trial}  {status.objective.metric} {number_text(trial.score)} at epoch {trial.best_epoch}"
        f"  ({trial.stop_reason} after {trial.epoch}, {trial.seconds or 0:.1f} s)  {describe_best(status)}"
    )
