"""Reports: one self-contained document from plain facts about studies, their trials, or chosen versions."""

from __future__ import annotations

from registry.reports.evidence import Attempt, Baseline, Calibration, Mistake, Mistakes, Repeats
from registry.reports.facts import (
    Hyperparameter,
    Importances,
    PrunedBy,
    Report,
    ReportedStudy,
    ReportedTrial,
)
from registry.reports.frames import to_frame
from registry.reports.page import render
from registry.reports.write import write

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
