"""Which way is better, in Optuna's word."""

from __future__ import annotations

from optuna.study import StudyDirection

from registry.core.objective import Direction

OPTUNA_DIRECTIONS: dict[Direction, StudyDirection] = {"max": StudyDirection.MAXIMIZE, "min": StudyDirection.MINIMIZE}
DIRECTIONS = {theirs: ours for ours, theirs in OPTUNA_DIRECTIONS.items()}
WORDS: dict[Direction, str] = {"max": "maximize", "min": "minimize"}
