"""A storage of Optuna's whose trials look otherwise than they are, for samplers and pruners."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from optuna.trial import FrozenTrial

Show = Callable[[Sequence[FrozenTrial]], list[FrozenTrial]]


class Shown:
    """A storage whose trials are seen through some views; everything else is the storage's own.

    Args:
        storage: Optuna's own, or a worker's.
        views: each returns trials as they are to look, the first one first.
    """

    def __init__(self, storage: Any, views: Sequence[Show]) -> None:
        self._own, self._views = storage, views

    def __getattr__(self, name: str) -> Any:
        return getattr(self._own, name)

    def get_all_trials(self, study_id: int, deepcopy: bool = True, states: Any = None) -> list[FrozenTrial]:
        """Return all trials as they are shown."""
        shown = self._own.get_all_trials(study_id, deepcopy=deepcopy)
        for view in self._views:
            shown = view(shown)
        return [trial for trial in shown if states is None or trial.state in states]
