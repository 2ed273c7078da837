"""What a study tells of itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from search.api.opened import OpenedStudy
from search.coordination import slots
from search.launchers.watch import current_status
from search.records.shown.frame import to_frame
from search.records.shown.live_curves import LiveCurves, read_live_curves
from search.records.shown.status import StudyStatus
from search.records.trials import TrialRecord, read_trials

if TYPE_CHECKING:
    from pandas import DataFrame

    from search.records.forecast.outlook import Outlook


class Asking(OpenedStudy):
    """Ask a study how it stands."""

    def _repr_html_(self) -> str:
        """Return what a notebook shows: how the study stands, and its best trial."""
        return self.status()._repr_html_()

    def status(self) -> StudyStatus:
        """Return how the study stands, after handing back what dead workers held."""
        return current_status(self._engine, self.record)

    def outlook(self) -> Outlook | None:
        """Return what the rest of the budget would probably bring; None where that is not known."""
        from search.records.forecast.outlook import read_outlook

        return read_outlook(self._engine, self.record)

    def trials(self) -> list[TrialRecord]:
        """Return all trials of the budget, also those that have not begun."""
        return read_trials(self._engine, self.record.id)

    def to_frame(self) -> DataFrame:
        """Return the trials that have begun as a pandas DataFrame, a row each, params as ``params.NAME``.

        Of several objectives the first is the ``score``; each other one has a column of its metric's name.
        """
        return to_frame(self.trials(), self.record.objectives)

    def live_curves(self) -> LiveCurves:
        """Return the curves of the running trials and the scores of those that have ended."""
        return read_live_curves(self._engine, self.record)

    def unfinished(self) -> int:
        """Return how many trials of the budget have not ended."""
        return slots.unfinished(self._engine, self.record.id)
