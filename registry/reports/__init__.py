"""Reports: one self-contained document from plain facts about studies, their trials, or chosen versions."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from registry.reports.analysis.basis import bases_of
    from registry.reports.facts.computed import computed
    from registry.reports.facts.evidence import Attempt, Baseline, Calibration, Mistake, Mistakes, Repeats, Residuals
    from registry.reports.facts.study import (
        Hyperparameter,
        Importances,
        Outcome,
        PrunedBy,
        Report,
        ReportedStudy,
        ReportedTrial,
        score_of,
    )
    from registry.reports.formats.data_files import to_frame
    from registry.reports.formats.html import render
    from registry.reports.formats.write import check_name, write
    from registry.reports.sources.commands import commands_for
    from registry.reports.sources.versions import (
        baselines_of,
        configuration,
        confirmations,
        joined,
        libraries_of,
        metrics_on_test,
        repeats_in,
        trial_on_test,
        versions_around,
    )

__all__ = [
    "Attempt",
    "Baseline",
    "Calibration",
    "Hyperparameter",
    "Importances",
    "Mistake",
    "Mistakes",
    "Outcome",
    "PrunedBy",
    "Repeats",
    "Report",
    "ReportedStudy",
    "ReportedTrial",
    "Residuals",
    "baselines_of",
    "bases_of",
    "check_name",
    "commands_for",
    "computed",
    "configuration",
    "confirmations",
    "joined",
    "libraries_of",
    "metrics_on_test",
    "render",
    "repeats_in",
    "score_of",
    "to_frame",
    "trial_on_test",
    "versions_around",
    "write",
]

_HOMES = {
    "registry.reports.analysis.basis": ["bases_of"],
    "registry.reports.facts.computed": ["computed"],
    "registry.reports.facts.evidence": [
        "Attempt",
        "Baseline",
        "Calibration",
        "Mistake",
        "Mistakes",
        "Repeats",
        "Residuals",
    ],
    "registry.reports.facts.study": [
        "Hyperparameter",
        "Importances",
        "Outcome",
        "PrunedBy",
        "Report",
        "ReportedStudy",
        "ReportedTrial",
        "score_of",
    ],
    "registry.reports.formats.data_files": ["to_frame"],
    "registry.reports.formats.html": ["render"],
    "registry.reports.formats.write": ["check_name", "write"],
    "registry.reports.sources.commands": ["commands_for"],
    "registry.reports.sources.versions": [
        "baselines_of",
        "configuration",
        "confirmations",
        "joined",
        "libraries_of",
        "metrics_on_test",
        "repeats_in",
        "trial_on_test",
        "versions_around",
    ],
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}


def __getattr__(name: str) -> Any:
    """Import what is asked for, and nothing else: facts cost nothing, a page needs templates and pictures."""
    if name not in _HOME_OF:
        raise AttributeError(f"module 'registry.reports' has no attribute {name!r}")
    return getattr(import_module(_HOME_OF[name]), name)


def __dir__() -> list[str]:
    return __all__
