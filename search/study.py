"""A study in Python: create it, run it, ask how it stands."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

from sqlalchemy.engine import Engine

from registry.core.database.engine import open_engine
from registry.core.database.own_database import own_url
from registry.core.database.url import default_url, with_password
from registry.core.numbers import number_text
from registry.values.html import html_table
from search.coordination import control, slots
from search.creation import changes
from search.creation.create import create_study
from search.creation.deletion import Deletion, delete_study, plan_deletion
from search.creation.names import default_name as name_of_problem
from search.creation.names import rename
from search.creation.objectives import parse_direction
from search.creation.versions.settings import change_settings
from search.launchers.contract import Request
from search.launchers.watch import OnStatus, current_status, run_workers
from search.optuna_bridge.studies import check_whole
from search.problems.resolve import check_not_importing
from search.records.confirm_plan import numbered_name
from search.records.shown.frame import to_frame
from search.records.shown.live_curves import LiveCurves, read_live_curves
from search.records.status import StudyStatus
from search.records.studies import StudyRecord, read_study, set_stopping, study_names
from search.records.trials import TrialRecord, read_trials
from search.schema import SCHEMA
from search.system.forkserver import call_in_child
from search.tracking.follow import logged
from search.tracking.target import parse_targets

if TYPE_CHECKING:
    from pandas import DataFrame

    from search.confirm.ranking import Confirmed
    from search.ensemble.make import Ensemble
    from search.problems.problem import Problem
    from search.records.forecast.outlook import Outlook
    from search.refit.refit import Refit, Refitted
    from search.trial_import.past import PastStudy
    from search.trial_import.warm_start import WarmStart
    from search.trial_import.write import Imported


class Study:
    """A search in the database; `Study.create` begins one, `Study.open` finds one.

    Args:
        engine: the database.
        record: the study's row.

    Example:
        >>> from search import Study
        >>> study = Study.create("toy", problem="search.toy:toy", trials=4)  # doctest: +SKIP
        >>> study.run(workers=2).best.score  # doctest: +SKIP
        0.984
    """

    def __init__(self, engine: Engine, record: StudyRecord) -> None:
        self._engine, self.record = engine, record

    @classmethod
    def create(
        cls,
        name: str,
        *,
        problem: str | Problem | Callable[[Any], Any],
        trials: int,
        storage: str | None = None,
        direction: Literal["minimize", "maximize", "min", "max"] | None = None,
        artifacts: str | None = None,
        accept_changes: bool = False,
        inspect_seconds: float | None = None,
        warm_start: Sequence[str] = (),
        **settings: Any,
    ) -> Study:
        """Begin a study, or open the one of that name and raise its budget.

        Args:
            name: the study's name.
            problem: ``module:attr``, ``FILE.py:attr``, an installed problem's name, or a `Problem` that a module holds;
                or, in the same ways, an objective of Optuna's: a function of a ``trial``.
            trials: the budget in sum; a study that has more keeps it.
            storage: the database's URL; ``STUDIES_URL`` or ``studies.db`` by default, or ``my-studies.db`` where that
                is a reference.
            direction: which way an objective of Optuna's is optimized, ``minimize`` by default; a problem has its own.
            artifacts: where the registry's weights go: ``database``, a folder or an fsspec URL. It is recorded, for
                everybody; a registry that has another store, or weights in the database, refuses it.
            accept_changes: go on with a study though its problem has changed.
            inspect_seconds: that the problem may take to load its data and to build its model; None for any.
            warm_start: earlier studies of the database, whose trials the sampler is shown, and whose best params are
                trained first, as far as they fit.
            settings: how to search, as fields of `Settings`; what is left out has its default, or is as in the study
                that is there.

        Raises:
            UserError: the problem, the settings or the database do not work; nothing was written.
        """
        from search.trial_import.warm_start import check_sources, start_warm

        check_not_importing()
        engine = open_engine(own_url(storage))
        record = create_study(
            engine,
            name,
            problem,
            trials,
            settings,
            direction=parse_direction(direction),
            artifacts=artifacts,
            accept=accept_changes,
            seconds=inspect_seconds,
            check=lambda objective: check_sources(engine, warm_start, objective),
        )
        start_warm(engine, record, warm_start)
        return cls(engine, record)

    def warm_starts(self) -> list[WarmStart]:
        """Return what the study took over from earlier ones."""
        from search.trial_import.warm_start import warm_starts

        return warm_starts(self._engine, self.record)

    @classmethod
    def import_optuna(
        cls, url: str, study: str, *, name: str | None = None, storage: str | None = None
    ) -> tuple[Study, Imported]:
        """Bring the trials of a study of plain Optuna into a study here; see `docs/search.md`.

        Args:
            url: of Optuna's database, or the path of its journal; it is only read.
            study: its name there.
            name: of the study here, a new one or one that is there; None for the same name.
            storage: the database's URL; ``STUDIES_URL`` or ``studies.db`` by default.

        Raises:
            UserError: it cannot be read or does not fit; nothing was written.
        """
        from search.trial_import.optuna_study import read_optuna_study

        return cls._import(read_optuna_study(url, study), name, storage)

    @classmethod
    def import_keras_tuner(
        cls, directory: str, *, name: str | None = None, objective: str | None = None, storage: str | None = None
    ) -> tuple[Study, Imported]:
        """Bring the trials of a project of KerasTuner into a study here; see `import_optuna`.

        Args:
            directory: the project's folder.
            name: of the study here; None for the project's name.
            objective: the metric that was optimized; None for the one whose best value is every trial's score.
            storage: the database's URL; ``STUDIES_URL`` or ``studies.db`` by default.
        """
        from search.trial_import.keras_tuner_project import read_project

        return cls._import(call_in_child(read_project, directory, objective), name, storage)

    @classmethod
    def _import(cls, past: PastStudy, name: str | None, storage: str | None) -> tuple[Study, Imported]:
        from search.trial_import.write import write_past_study

        engine = open_engine(own_url(storage))
        try:
            imported = write_past_study(engine, past, name or past.name)
            return cls(engine, read_study(engine, imported.study)), imported
        except BaseException:
            engine.dispose()
            raise

    @classmethod
    def open(cls, name: str, storage: str | None = None, *, whole: bool = True) -> Study:
        """Return the study of a name.

        Args:
            name: the study's name.
            storage: the database's URL; ``STUDIES_URL`` or ``studies.db`` by default.
            whole: refuse what is left of a study that another program deleted from Optuna's tables.

        Raises:
            NotFoundError: there is none.
            DatabaseError: the database cannot be opened.
        """
        engine = open_engine(storage or default_url(), must_exist=True)
        try:
            SCHEMA.check_readable(engine)
            record = read_study(engine, name)
            if whole:
                check_whole(engine, record)
            return cls(engine, record)
        except BaseException:
            engine.dispose()
            raise

    def __repr__(self) -> str:
        return f"Study({self.record.name!r}, problem={self.record.problem!r})"

    def _repr_html_(self) -> str:
        """Return what a notebook shows: how the study stands, and its best trial."""
        now = self.status()
        rows: list[tuple[str, object]] = [("problem", now.problem), ("trials", f"{now.finished} of {now.budget}")]
        if now.best is not None:
            best = f"{number_text(now.best.score)} (trial {now.best.trial}, epoch {now.best.epoch})"
            rows += [(f"best {now.objective.metric}", best), *now.best.params.items()]
        return html_table(now.study, ("", ""), rows)

    @property
    def engine(self) -> Engine:
        """The database."""
        return self._engine

    def close(self) -> None:
        """Close the database's connections; another call opens them again."""
        self._engine.dispose()

    @property
    def url(self) -> str:
        """The database's URL, with its password."""
        return with_password(self._engine.url)

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
        """Return the trials that have begun as a pandas DataFrame, a row each, params as ``params.NAME``."""
        return to_frame(self.trials())

    def live_curves(self) -> LiveCurves:
        """Return the curves of the running trials and the scores of those that have ended."""
        return read_live_curves(self._engine, self.record)

    def unfinished(self) -> int:
        """Return how many trials of the budget have not ended."""
        return slots.unfinished(self._engine, self.record.id)

    def add(self, trials: int) -> None:
        """Raise the budget by ``trials``; see `changes.add_trials`."""
        changes.add_trials(self._engine, self.record, trials)

    def check_problem(self, seconds: float | None = None) -> None:
        """Check that the problem loads here and is the one that the study began with; see `changes.check_problem`."""
        changes.check_problem(self.record, seconds)

    def change(self, *, trials: int | None = None, **settings: Any) -> Study:
        """Let the study go on with other settings, or another budget; its workers take that up at their next claim.

        Args:
            trials: the budget in sum, also a smaller one, as far as trials have not begun.
            settings: fields of `Settings`. What differs begins a new version of the study.

        Raises:
            UserError: a value that cannot be, or a setting that cannot be changed.

        Example:
            >>> Study.open("fmnist").change(max_epochs=20, patience=8).record.version  # doctest: +SKIP
            2
        """
        return Study(self._engine, change_settings(self._engine, self.record, settings, trials))

    def accept_changes(self) -> Study:
        """Take the problem as it is now for that of the study: a new version of it."""
        return Study(self._engine, changes.accept_changes(self._engine, self.record))

    def rename(self, name: str) -> Study:
        """Give the study another name, also on its versions and in what confirms it; see `names.rename`."""
        return Study(self._engine, rename(self._engine, self.record, name))

    def free_name(self) -> str:
        """Return the first name that another study like this one may have."""
        return numbered_name(self.record.name, study_names(self._engine))

    def settings_for_another(self) -> dict[str, Any]:
        """Return the settings as `create` takes them, without what a confirmation alone has."""
        return {name: value for name, value in self.record.settings.as_dict().items() if name != "confirms"}

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
        """Let the next free slots take these params, one trial each; return the trials' numbers; see `changes.enqueue`.

        Raises:
            UsageError: params that do not fit the space.
        """
        return changes.enqueue(self._engine, self.record, params)

    def drop(self, *trials: int) -> None:
        """Take ended trials from what the sampler sees and from the best; see `control.drop`."""
        control.drop(self._engine, self.record, trials)

    def stop(self) -> None:
        """Ask all workers, on any machine, to stop at their next safe point; their trials are continued later."""
        set_stopping(self._engine, self.record.id, stopping=True)

    def confirm(
        self,
        *,
        top: int | None = None,
        seeds: int | None = None,
        name: str | None = None,
        accept_changes: bool = False,
        **run: Any,
    ) -> Confirmed:
        """Train the best configurations again on the same new seeds, and choose the one with the best mean.

        The trainings are the slots of a study of its own; a call that was cut short is continued by the same call. At
        the end the winner alone is measured on the problem's test data, once, and the alias ``champion`` goes to its
        best seed, unless it is on a confirmed version as good.

        Args:
            top: how many configurations, 5 without it; fewer where the study has fewer.
            seeds: trainings of each; 5 without it, or as many as there are.
            name: of the study that confirms; else this study's with ``-confirm``.
            accept_changes: go on though the problem has changed.
            run: see `run`.

        Raises:
            KeyboardInterrupt: Ctrl-C; see `run`.
            UserError: nothing to confirm, a problem that has changed, or another study of that name.

        Example:
            >>> Study.open("fmnist").confirm(top=3, seeds=5).winner  # doctest: +SKIP
            'fmnist/57'
        """
        confirmation = self.begin_confirmation(top=top, seeds=seeds, name=name, accept_changes=accept_changes)
        if confirmation.unfinished():
            confirmation.run(**run)
        return confirmation.conclude()

    def begin_confirmation(self, **options: Any) -> Study:
        """Return the study that confirms this one, ready to run; its arguments are those of `confirm`."""
        from search.confirm.start import begin

        return Study(self._engine, begin(self._engine, self.record, **options))

    def conclude(self) -> Confirmed:
        """Return how this confirmation stands, and choose its winner once all trainings have ended; see `confirm`."""
        from search.confirm.conclude import conclude

        return conclude(self._engine, self.record)

    def ensemble(
        self, *, size: int | None = None, candidates: int | None = None, accept_changes: bool = False
    ) -> Ensemble:
        """Choose among the stored models by the score of their average; register one model that averages the chosen.

        Args:
            size: choices at most, 5 without it; a model may be chosen again, and counts more then.
            candidates: how many of the best stored models are looked at; 50 without it.
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
    ) -> Refit:
        """Train the winner on training and validation data together, register it, and measure the test data once.

        Args:
            version: whose params and epochs are taken; without it the winner of the confirmation, else the best.
            seeds: how many trainings, a version each.
            device: ``auto``, ``cpu``, ``gpu`` or ``gpu:0``.
            accept_changes: go on though the problem has changed.
            on_trained: called with each training as it ends.

        Raises:
            UserError: no version to take, data that cannot be joined, or a problem that has changed.

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

    def run(
        self,
        *,
        on: str = "local",
        workers: int | Literal["auto"] = "auto",
        device: str = "auto",
        per_gpu: int = 1,
        memory_limit: int | None = None,
        timeout: float | None = None,
        log: Sequence[str] = (),
        on_status: OnStatus = lambda status: None,
    ) -> StudyStatus:
        """Run workers until the budget is used up; return how the study stands then.

        Args:
            on: ``local`` for this machine; ``ray`` for the Ray cluster of ``RAY_ADDRESS``, or that runs here, or else
                is started here for as long as this takes; ``ray://HOST:PORT`` for that one.
            workers: how many; ``auto`` for one a core on CPUs, ``per_gpu`` a GPU on GPUs.
            device: ``auto``, ``cpu``, ``gpu`` or, on this machine, ``gpu:0,1``.
            per_gpu: workers that share a GPU.
            memory_limit: bytes of memory that each worker may use; a trial that needs more ends as out of memory.
            timeout: seconds after which the workers are asked to stop; a later run continues their trials.
            log: where each trial is logged, too: ``tensorboard:DIR`` or ``mlflow:URI``. What fails there is told of
                once and stops nothing.
            on_status: called with the status about twice a second.

        Raises:
            KeyboardInterrupt: Ctrl-C, after the workers have stopped in order; a second one ends them at once.
            UserError: the problem or the settings cannot work.
        """
        check_not_importing()
        targets = parse_targets(log)
        SCHEMA.check(self._engine)
        count = None if workers == "auto" else workers
        request = Request(on=on, workers=count, device=device, per_gpu=per_gpu, memory_limit=memory_limit)
        with logged(self._engine, self.record, targets):
            return run_workers(self._engine, self.record, request, timeout=timeout, on_status=on_status)


def all_studies(storage: str | None = None) -> list[Study]:
    """Return all studies of a database, in the order of their creation.

    Raises:
        DatabaseError: the database cannot be opened.
    """
    engine = open_engine(storage or default_url(), must_exist=True)
    SCHEMA.check_readable(engine)
    return [Study(engine, read_study(engine, name)) for name in study_names(engine)]


def default_name(problem: str, storage: str | None = None, seconds: float | None = None) -> str:
    """Return the name that a problem's study has where nobody gave one; see `names.default_name`."""
    engine = open_engine(own_url(storage))  # the study will be written there
    try:
        return name_of_problem(engine, problem, seconds)
    finally:
        engine.dispose()
