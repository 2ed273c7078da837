"""What tells one objective from another: its source. Its space is what its trials ask for, its data are its own."""

from __future__ import annotations

from typing import Any

from search.problems.identity import Identity
from search.problems.objectives.function import ObjectiveFunction
from search.records.studies import DEFINE_BY_RUN
from search.space.description import describe_source


def identify_objective(objective: ObjectiveFunction) -> Identity:
    """Return what a study keeps of an objective, to know it again."""
    function = getattr(objective.call, "func", objective.call)  # of a functools.partial
    nothing: dict[str, Any] = {"hyperparameters": [], "ambiguous": [], "varying": [], "defaults": {}, "ranges": {}}
    space = {DEFINE_BY_RUN: True, **nothing, "description": describe_source(function)}
    return Identity(space, space_fingerprint="", data_fingerprint="")
