"""Show a search while it runs: a live table on a terminal, plain lines elsewhere."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from types import TracebackType
from typing import Protocol

from rich.console import Console, Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from registry.core.durations import show_duration
from registry.core.error_text import describe_failure
from registry.core.numbers import size_text
from registry.core.pareto.objectives import quantity_text
from registry.core.plain_text import single_line
from search.records.forecast.outlook import Outlook
from search.records.shown.live_curves import LiveCurves
from search.records.shown.status import BestTrial, StudyStatus
from search.records.trials import TrialRecord
from search.terminal.sparkline import sparkline, squeezed

CURVE, SCORES = 14, 72  # the most columns of a sparkline
FRONT = 12  # the most trials of the front that are named


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
                status = _with_best(status, trial)
                line = f"[{len(self._seen)}/{status.budget}] {describe_trial(trial, status)}"
                self._console.print(single_line(line), markup=False)


class ChangeProgress:
    """Print one line for each change of how a study stands, for who watches it through a pipe."""

    def __init__(self, console: Console) -> None:
        self._console, self._last = console, ""

    def __enter__(self) -> ChangeProgress:
        return self

    def __exit__(self, *_: object) -> None:
        return None

    def show(self, status: StudyStatus) -> None:
        """Print how it stands, where that is not what was printed last."""
        counts = ", ".join(f"{count} {kind}" for kind, count in status.trials.items() if count)
        line = f"{status.study}  {status.state}  {status.finished}/{status.budget} trials ({counts})"
        line = f"{line}  {describe_best(status)}"
        if line != self._last:
            self._console.print(single_line(line), markup=False)
            self._last = line


class LiveProgress:
    """Draw the counts, the best trial, each worker and the curve of its trial, again and again in the same place.

    Args:
        console: a terminal.
        timeout: seconds until the search stops by itself; None for never.
        clock: seconds.
        curves: returns the curves so far, such as `Study.live_curves`.
        stays: whether the last picture stays on the screen.
    """

    def __init__(
        self,
        console: Console,
        timeout: float | None = None,
        clock: Callable[[], float] = time.monotonic,
        curves: Callable[[], LiveCurves] = LiveCurves,
        stays: bool = False,
    ) -> None:
        self._curves = curves
        self._live = Live(console=console, auto_refresh=False, transient=not stays)
        self._timeout, self._clock = timeout, clock
        self._started = clock()

    def __enter__(self) -> LiveProgress:
        self._live.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._live.__exit__(kind, error, trace)

    def show(self, status: StudyStatus) -> None:
        """Draw the status anew."""
        estimates = [status.left]
        if self._timeout is not None:
            estimates.append(max(0.0, self._timeout - (self._clock() - self._started)))
        seconds_left = min((seconds for seconds in estimates if seconds is not None), default=None)
        self._live.update(render(status, seconds_left, self._curves()), refresh=True)


def render(
    status: StudyStatus,
    seconds_left: float | None = None,
    curves: LiveCurves | None = None,
) -> Group:
    """Return the picture of a study's status for a terminal of 80 columns.

    Args:
        status: how the study stands.
        seconds_left: how long it still takes; None where that is unknown.
        curves: of the running trials, and the scores so far; None for neither.
    """
    counts = status.trials
    failed = f" ({counts['pruned']} pruned, {counts['failed']} failed)" if counts["pruned"] or counts["failed"] else ""
    imported = f" and {status.imported} imported" if status.imported else ""
    head = Text.assemble(
        (single_line(status.study), "bold"),
        f"  {status.finished}/{status.budget} trials{imported}{failed}  {status.state}",
    )
    parts: list[Text | Table] = [
        head,
        *map(Text, describe_pace(status, seconds_left)),
        Text(single_line(describe_best(status))),
    ]
    if status.front:
        trials = "1 trial" if len(status.front) == 1 else f"{len(status.front)} trials"
        parts += [Text(f"{trials} on the front, which no other dominates"), _front_table(status)]
    if counts["paused"]:
        parts.append(Text(f"{counts['paused']} paused, whose checkpoints take {size_text(status.paused_bytes)}"))
    if curves is not None and len(curves.scores) > 1:
        parts.append(Text(f"scores {sparkline(curves.scores, SCORES)}"))
    if status.workers:
        parts.append(_workers_table(status, curves or LiveCurves()))
    return Group(*parts)


def describe_pace(status: StudyStatus, seconds_left: float | None = None) -> list[str]:
    """Return lines on who works, since when, how long it has gone on, how fast it goes and how long it still takes."""
    pace, count = status.pace, status.at_work
    lines = []
    if count and pace.since is not None:
        began = time.strftime("%H:%M", time.localtime(pace.since))
        lines.append(f"{count} {'worker' if count == 1 else 'workers'} at work since {began}")
    elif status.finished < status.budget:
        lines.append("nobody works on it")
    gone = [] if pace.elapsed is None else [f"{show_duration(pace.elapsed)} gone"]
    gone += [] if seconds_left is None else [f"about {show_duration(seconds_left)} left"]
    gone += [] if pace.trials_a_minute is None else [f"{pace.trials_a_minute:.2g} trials a minute"]
    gone += [] if pace.epochs_a_minute is None else [f"{pace.epochs_a_minute:.2g} epochs a minute"]
    gone += [f"{_epochs(pace.epochs)} trained"] if pace.epochs and not count else []
    return lines + ([", ".join(gone)] if gone else [])


def _epochs(count: int) -> str:
    return "1 epoch" if count == 1 else f"{count:,} epochs"


def describe_under_way(status: StudyStatus) -> str:
    """Return what becomes of the trials that a study was stopped in; empty where it was in none."""
    trials, epochs = status.under_way
    if not trials:
        return ""
    text = "1 trial is under way" if trials == 1 else f"{trials} trials are under way"
    return f"{text} with {_epochs(epochs)} and will be continued"


def describe_outlook(outlook: Outlook) -> str:
    """Return in a line what the rest of a budget would probably bring."""
    trials = "1 more trial" if outlook.trials == 1 else f"{outlook.trials} more trials"
    noise = "" if outlook.noise is None else f"; from epoch to epoch the best one's score jumps by {outlook.noise:.2g}"
    return f"{trials} would probably bring {outlook.gain:.2g}{noise}"


def _workers_table(status: StudyStatus, curves: LiveCurves) -> Table:
    table = Table(box=None, pad_edge=False, header_style="dim")
    for name in ("worker", "host", "pid", "device", "state", "trial", "epoch"):
        right = name in ("pid", "trial", "epoch")
        longest = {"host": 14, "device": 8}.get(name)
        table.add_column(name, justify="right" if right else "left", no_wrap=True, max_width=longest)
    if curves.running:
        table.add_column(Text(single_line(status.objective.metric)), no_wrap=True, max_width=CURVE)
    for worker in status.workers:
        number = -1 if worker.trial is None else worker.trial
        trial = "" if worker.trial is None else str(worker.trial)
        epoch = "" if worker.epoch is None else str(worker.epoch)
        table.add_row(
            Text(worker.id[:8]),
            Text(single_line(worker.host)),
            str(worker.pid),
            worker.device,
            worker.state,
            trial,
            epoch,
            *([Text(sparkline(squeezed(curves.running.get(number, ()), CURVE), CURVE))] if curves.running else []),
        )
    return table


def _front_table(status: StudyStatus) -> Table:
    table = Table(box=None, pad_edge=False, header_style="dim")
    table.add_column("trial", justify="right")
    for objective in status.objectives:
        table.add_column(Text(single_line(f"{objective.metric} ({objective.direction})")), justify="right")
    for trial in status.front[:FRONT]:
        values = zip(status.objectives, trial.values, strict=True)
        table.add_row(str(trial.trial), *(quantity_text(objective.metric, value) for objective, value in values))
    if len(status.front) > FRONT:
        table.add_row("…")
    return table


def describe_best(status: StudyStatus) -> str:
    """Return one line about the best trial so far."""
    best = status.best
    if best is None:
        return "no trial has a score yet" if status.finished or status.imported else "no trial has ended yet"
    return f"best {_score(status, best.score)}: trial {best.trial}, epoch {best.epoch}"


def _with_best(status: StudyStatus, trial: TrialRecord) -> StudyStatus:
    """Return a status that may have been read before a trial ended, with the trial where that is the best."""
    if trial.score is None or trial.best_epoch is None or trial.trial is None or trial.dropped:
        return status
    if status.best is not None and not status.objective.is_better(trial.score, than=status.best.score):
        return status
    return replace(status, best=BestTrial(trial.trial, trial.score, trial.best_epoch, trial.params))


def _score(status: StudyStatus, score: float) -> str:
    """Return a score with its metric's name."""
    return f"{status.objective.metric} {quantity_text(status.objective.metric, score)}"


def describe_trial(trial: TrialRecord, status: StudyStatus) -> str:
    """Return one line about a trial that has ended."""
    if trial.score is None:
        return f"trial {trial.trial}  {describe_failure(str(trial.stop_reason), trial.error)}"
    return (
        f"trial {trial.trial}  {_score(status, trial.score)} at epoch {trial.best_epoch}"
        f"  ({trial.stop_reason} after {trial.epoch}, {trial.seconds or 0:.1f} s)  {describe_best(status)}"
    )
