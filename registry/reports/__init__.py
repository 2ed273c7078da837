"""Reports: one self-contained document from plain facts about studies, their trials, or chosen versions."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from registry.reports.facts.evidence import Attempt, Baseline, Calibration, Mistake, Mistakes, Repeats
    from registry.reports.facts.study import (
        Hyperparameter,
        Importances,
        PrunedBy,
        Report,
        ReportedStudy,
        ReportedTrial,
    )
    from registry.reports.formats.data_files import to_frame
    from registry.reports.formats.html import render
    from registry.reports.formats.write import write

__all__ = [
    "Attempt",
    "Baseline",
    "Calibration",
    "Hyperparameter",
    "Importances",
    "Mistake",
    "Mistakes",
    "PrunedBy",
    "Repeats",
    "Report",
    "ReportedStudy",
    "ReportedTrial",
    "render",
    "to_frame",
    "write",
]

_HOMES = {
    "registry.reports.facts.evidence": ["Attempt", "Baseline", "Calibration", "Mistake", "Mistakes", "Repeats"],
    "registry.reports.facts.study": [
        "Hyperparameter",
        "Importances",
        "PrunedBy",
        "Report",
        "ReportedStudy",
        "ReportedTrial",
    ],
    "registry.reports.formats.data_files": ["to_frame"],
    "registry.reports.formats.html": ["render"],
    "registry.reports.formats.write": ["write"],
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}


def __getattr__(name: str) -> Any:
    """Import what is asked for, and nothing else: facts cost nothing, a page needs templates and pictures."""
    if name not in _HOME_OF:
        raise AttributeError(f"module 'registry.reports' has no attribute {name!r}")
    return getattr(import_module(_HOME_OF[name]), name)


def __dir__() -> list[str]:
    return __all__
