"""What is made of a study's best: a confirmation, an ensemble, a last training."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Self

from search.api.running import Running

if TYPE_CHECKING:
    from search.confirm.ranking import Confirmed
    from search.ensemble.make import Ensemble
    from search.refit.results import Refit, Refitted, RefittedEnsemble


class Winners(Running):
    """Confirm a study's best, average them, train the winner once more."""

    def confirm(
        self,
        *,
        top: int | None = None,
        seeds: int | None = None,
        name: str | None = None,
        teacher: str | None = None,
        max_epochs: int | None = None,
        accept_changes: bool = False,
        **run: Any,
    ) -> Confirmed:
        """Train the best configurations again on the same new seeds, and choose the one with the best mean.

        The trainings are the slots of a study of its own; a call that was cut short is continued by the same call. At
        the end the winner alone is measured on the problem's test data, once, and the alias ``champion`` goes to its
        best seed, unless it is on a confirmed version as good. Of several objectives the first alone counts.

        Args:
            top: how many configurations, 5 without it; fewer where the study has fewer.
            seeds: trainings of each; 5 without it, or as many as there are. A confirmation that has more keeps them.
            name: of the study that confirms; else this study's with ``-confirm``, or ``-taught`` with a teacher, and
                with ``-60-epochs`` where ``max_epochs`` is 60 and this study's is not.
            teacher: a version whose predictions the trainings learn from instead of the labels, such as an ensemble;
                without it that of this study, if any.
            max_epochs: how long each is trained at most; without it as long as in this study.
            accept_changes: go on though the problem has changed.
            run: see `run`.

        Raises:
            KeyboardInterrupt: Ctrl-C; see `run`.
            UserError: nothing to confirm, a problem that has changed, or another study of that name.

        Example:
            >>> Study.open("fmnist").confirm(top=3, seeds=5).winner  # doctest: +SKIP
            'fmnist/57'
        """
        confirmation = self.begin_confirmation(
            top=top, seeds=seeds, name=name, teacher=teacher, max_epochs=max_epochs, accept_changes=accept_changes
        )
        if confirmation.unfinished():
            confirmation.run(**run)
        return confirmation.conclude()

    def begin_confirmation(self, **options: Any) -> Self:
        """Return the study that confirms this one, ready to run; its arguments are those of `confirm`."""
        from search.confirm.start import begin

        return type(self)(self._engine, begin(self._engine, self.record, **options))

    def lacks_choice(self) -> bool:
        """Tell whether this is a confirmation that was not concluded; see `conclude`."""
        from registry.core.database.transaction import reading
        from search.records.history.events import CONFIRMED, find_note

        if self.record.settings.confirms is None:
            return False
        with reading(self._engine) as connection:
            return not find_note(connection, self.record.id, CONFIRMED)

    def conclude(self) -> Confirmed:
        """Return how this confirmation stands, and choose its winner once all trainings have ended; see `confirm`."""
        from search.confirm.conclude import conclude

        return conclude(self._engine, self.record)

    def ensemble(
        self,
        *,
        size: int | None = None,
        candidates: int | None = None,
        test: bool = False,
        accept_changes: bool = False,
    ) -> Ensemble:
        """Choose among the stored models by the score of their average; register one model that averages the chosen.

        Args:
            size: choices at most, 5 without it; a model may be chosen again, and counts more then.
            candidates: how many of the best stored models are looked at; 50 without it.
            test: also measure the average on the problem's test data, once.
            accept_changes: go on though the problem has changed.

        Raises:
            UserError: fewer than two models are stored, none gains by another, or the problem has changed.

        Example:
            >>> Study.open("fmnist").ensemble(size=5).version  # doctest: +SKIP
            'fmnist/58'
        """
        from search.ensemble.make import CANDIDATES, SIZE, make_ensemble

        return make_ensemble(
            self._engine,
            self.record,
            size=SIZE if size is None else size,
            candidates=CANDIDATES if candidates is None else candidates,
            test=test,
            accept_changes=accept_changes,
        )

    def refit(
        self,
        *,
        version: str | None = None,
        seeds: int = 1,
        device: str = "auto",
        accept_changes: bool = False,
        on_trained: Callable[[Refitted], None] = lambda trained: None,
    ) -> Refit | RefittedEnsemble:
        """Train the winner on training and validation data together, register it, and measure the test data once.

        Of an ensemble each member is trained again; a version that averages these with the same weights is registered,
        and it alone is measured. AutoGluon calls that ``refit_full``: Erickson et al., AutoGluon-Tabular: Robust and
        Accurate AutoML for Structured Data, 2020, arXiv 2003.06505.

        Args:
            version: whose params and epochs are taken, or an ensemble of this study; without it the winner of the
                confirmation, else the best.
            seeds: how many trainings, a version each; of an ensemble each member has as many, and all are averaged.
            device: ``auto``, ``cpu``, ``gpu`` or ``gpu:0``.
            accept_changes: go on though the problem has changed.
            on_trained: called with each training as it ends.

        Raises:
            NotFoundError: the study has no version, or a member of the ensemble is gone.
            UserError: a version of another problem, an ensemble of another study, data that cannot be joined, a
                training that diverges, or a problem that has changed.

        Example:
            >>> Study.open("fmnist").refit(seeds=5).test["test_accuracy"]  # doctest: +SKIP
            (0.91, 0.92, 0.91, 0.92, 0.91)
        """
        from search.refit.refit import refit

        return refit(
            self._engine,
            self.record,
            version=version,
            seeds=seeds,
            device=device,
            accept_changes=accept_changes,
            on_trained=on_trained,
        )
