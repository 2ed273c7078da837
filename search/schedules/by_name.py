"""Schedules by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from registry.core.errors import UsageError, did_you_mean
from search.schedules.contract import Schedule
from search.schedules.full import Full
from search.schedules.hyperband import Hyperband
from search.schedules.predict import Predict
from search.schedules.rungs import Rungs
from search.schedules.triage import Triage

# By name; each takes the most epochs that a trial trains.
SCHEDULES: Mapping[str, Callable[[int], Schedule]] = {
    "triage": Triage,
    "rungs": Rungs,
    "hyperband": Hyperband,
    "predict": Predict,
    "full": Full,
}


def make_schedule(name: str, max_epochs: int) -> Schedule:
    """Return the schedule of a name.

    Raises:
        UsageError: there is none.
    """
    check_schedule(name)
    return SCHEDULES[name](max_epochs)


def check_schedule(name: str) -> None:
    """Check that there is such a schedule.

    Raises:
        UsageError: there is none.
    """
    if name not in SCHEDULES:
        raise UsageError(f"the schedule is {name!r}; {did_you_mean(name, list(SCHEDULES))}")
