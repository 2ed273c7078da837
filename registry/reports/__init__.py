"""Reports: one self-contained page from plain facts about studies and their trials."""

from __future__ import annotations

from registry.reports.facts import (
    Hyperparameter,
    Importances,
    PrunedBy,
    Report,
    ReportedStudy,
    ReportedTrial,
)
from registry.reports.page import render

__all__ = [
    "Hyperparameter",
    "Importances",
    "PrunedBy",
    "Report",
    "ReportedStudy",
    "ReportedTrial",
    "render",
]
