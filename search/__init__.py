"""Studies, trials, training, workers and launchers.

Example:
    >>> from search import Study
    >>> study = Study.create("toy", problem="search.toy:toy", trials=4)  # doctest: +SKIP
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from registry.core.objective import Objective
    from search.api.study import Study
    from search.problems.problem import Data, Problem
    from search.problems.rebuild import rebuild_model
    from search.records.settings import Settings
    from search.training.objective.current import current

__all__ = ["Data", "Objective", "Problem", "Settings", "Study", "current", "rebuild_model"]

_HOMES = {
    "Data": "search.problems.problem",
    "Objective": "search.problems.problem",
    "Problem": "search.problems.problem",
    "Settings": "search.records.settings",
    "Study": "search.api.study",
    "current": "search.training.objective.current",
    "rebuild_model": "search.problems.rebuild",
}


def __getattr__(name: str) -> Any:
    """Import what is asked for, and nothing else."""
    if name not in _HOMES:
        raise AttributeError(f"module 'search' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return __all__
