"""What changes a study: its budget, its settings, its name, single trials."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

from search.api.opened import OpenedStudy
from search.coordination import control
from search.creation.changes import budget, problem
from search.creation.changes.settings import change_settings
from search.creation.deletion import Deletion, delete_study, plan_deletion
from search.creation.names import rename
from search.records.confirm_plan import numbered_name
from search.records.settings import NOT_ASKED_FOR
from search.records.studies import set_stopping, study_names


class Changing(OpenedStudy):
    """Change a study, also while it runs."""

    def add(self, trials: int) -> None:
        """Raise the budget by ``trials``; see `budget.add_trials`."""
        budget.add_trials(self._engine, self.record, trials)

    def check_problem(self, seconds: float | None = None) -> None:
        """Check that the problem loads here and is the one that the study began with; see `problem.check_problem`."""
        problem.check_problem(self.record, seconds)

    def change(self, *, trials: int | None = None, **settings: Any) -> Self:
        """Let the study go on with other settings, or another budget; its workers take that up at their next claim.

        Args:
            trials: the budget in total, also a smaller one, as far as trials have not begun.
            settings: fields of `Settings`. What differs begins a new version of the study.

        Raises:
            UsageError: a value that cannot be, a budget below what has begun, or a study without a problem.
            SettingsError: a setting that cannot be changed, or needs what is not installed.

        Example:
            >>> Study.open("fmnist").change(max_epochs=20, patience=8).record.version  # doctest: +SKIP
            2
        """
        return type(self)(self._engine, change_settings(self._engine, self.record, settings, trials))

    def accept_changes(self) -> Self:
        """Take the problem as it is now for that of the study: a new version of it."""
        return type(self)(self._engine, problem.accept_changes(self._engine, self.record))

    def rename(self, name: str) -> Self:
        """Give the study another name, also on its versions and in what confirms it; see `names.rename`."""
        return type(self)(self._engine, rename(self._engine, self.record, name))

    def free_name(self) -> str:
        """Return the first name that another study like this one may have."""
        return numbered_name(self.record.name, study_names(self._engine))

    def settings_for_another(self) -> dict[str, Any]:
        """Return the settings as `create` takes them, without what a confirmation or the problem alone decides."""
        return {name: value for name, value in self.record.settings.as_dict().items() if name not in NOT_ASKED_FOR}

    def plan_deletion(self) -> Deletion:
        """Return what `delete` would remove and what it would leave."""
        return plan_deletion(self._engine, self.record)

    def delete(self) -> Deletion:
        """Delete the study with its trials; its versions stay in the registry; see `deletion.delete_study`."""
        return delete_study(self._engine, self.record)

    def retry(self, *trials: int) -> None:
        """Give failed trials another try with the same params; see `control.retry`."""
        control.retry(self._engine, self.record, trials)

    def prune(self, *trials: int) -> None:
        """Ask for running trials to be pruned after their epoch; see `control.prune`."""
        control.prune(self._engine, self.record, trials)

    def enqueue(self, *params: Mapping[str, Any]) -> list[int]:
        """Let the next free slots take these params, one trial each; return the trials' numbers; see `budget.enqueue`.

        Raises:
            UsageError: params that do not fit the space.
        """
        return budget.enqueue(self._engine, self.record, params)

    def drop(self, *trials: int) -> None:
        """Take ended trials from what the sampler sees and from the best; see `control.drop`."""
        control.drop(self._engine, self.record, trials)

    def stop(self) -> None:
        """Ask all workers, on any machine, to stop at their next safe point; their trials are continued later."""
        set_stopping(self._engine, self.record.id, stopping=True)
