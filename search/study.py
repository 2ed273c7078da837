"""A study in Python: create it, run it, ask how it stands."""

from __future__ import annotations

import contextlib
import logging
import math
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Literal

from sqlalchemy.engine import Engine

from registry import check_artifacts, choose_artifacts
from registry.core.database_url import default_url
from registry.core.engine import open_engine
from registry.core.errors import DatabaseError, DatabaseUnavailable, UsageError
from registry.core.transaction import reading, writing
from search.coordination import control, slots
from search.coordination.creation import begin_study, check_name, check_own_budget, check_same, find_existing
from search.coordination.worker_exits import Death, release_worker
from search.errors import SettingsError, WorkersError
from search.launchers.contract import Child, Workers
from search.launchers.launcher import launch
from search.launchers.local_pool import Pool
from search.launchers.local_process import start_worker
from search.launchers.watch import POLL_SECONDS, OnStatus
from search.optuna_bridge.samplers import check_sampler
from search.problems.fingerprint import check_unchanged
from search.problems.inspection import inspect_problem
from search.records.events import note_changes
from search.records.live_curves import LiveCurves, read_live_curves
from search.records.settings import Settings
from search.records.status import StudyStatus, read_status
from search.records.studies import StudyRecord, accept_problem, read_study, set_stopping, study_names
from search.records.trials import TrialRecord, read_trials
from search.schema import SCHEMA
from search.system.database_file import DatabaseFile
from search.system.forkserver import call_in_child, warm_up
from search.system.placement import Place

if TYPE_CHECKING:
    from search.confirm.standings import Confirmed


logger = logging.getLogger(__name__)


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
        problem: str,
        trials: int,
        storage: str | None = None,
        artifacts: str | None = None,
        accept_changes: bool = False,
        **settings: Any,
    ) -> Study:
        """Begin a study, or open the one of that name and raise its budget.

        Args:
            name: the study's name.
            problem: ``module:attr``, or an installed problem's name.
            trials: the budget in sum; a study that has more keeps it.
            storage: the database's URL; ``STUDIES_URL`` or ``studies.db`` by default.
            artifacts: where the registry's weights go: ``database``, a folder or an fsspec URL. It is recorded, for
                everybody; a registry that has another store, or weights in the database, refuses it.
            accept_changes: go on with a study though its problem's space or data have changed.
            settings: how to search, as fields of `Settings`; what is left out has its default, or is as in the study
                that is there.

        Raises:
            UserError: the problem, the settings or the database do not work; nothing was written.
        """
        if trials < 1:
            raise UsageError(f"the number of trials is {trials}; expected 1 or more")
        check_name(name)
        engine = open_engine(storage or default_url())
        check_artifacts(engine, artifacts)
        existing = find_existing(engine, name)
        if existing is None:
            asked = Settings.of(settings)
            check_sampler(asked)
            warm_up()
            inspection = call_in_child(inspect_problem, problem)
            return cls(engine, begin_study(engine, name, inspection, asked, trials, artifacts))
        check_same(existing, problem, existing.settings.changed(settings))
        found = cls(engine, existing)
        if found._asks_more(trials):
            check_own_budget(existing)
        if accept_changes:
            found = found.accept_changes()
        elif found._has_work(trials):
            found.check_problem()
        choose_artifacts(engine, artifacts)
        found.raise_budget(trials)
        return found

    @classmethod
    def open(cls, name: str, storage: str | None = None) -> Study:
        """Return the study of a name.

        Raises:
            NotFoundError: there is none.
            DatabaseError: the database cannot be opened.
        """
        engine = open_engine(storage or default_url(), must_exist=True)
        try:
            SCHEMA.check(engine)
            return cls(engine, read_study(engine, name))
        except BaseException:
            engine.dispose()
            raise

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
        return self._engine.url.render_as_string(hide_password=False)

    def status(self) -> StudyStatus:
        """Return how the study stands, after handing back what dead workers held."""
        slots.reap(self._engine, self.record.id)
        return read_status(self._engine, self.record.name)

    def trials(self) -> list[TrialRecord]:
        """Return all trials of the budget, also those that have not begun."""
        return read_trials(self._engine, self.record.id)

    def live_curves(self) -> LiveCurves:
        """Return the curves of the running trials and the scores of those that have ended."""
        return read_live_curves(self._engine, self.record)

    def add(self, trials: int) -> None:
        """Raise the budget by so many trials.

        Raises:
            UsageError: not at least one.
        """
        if trials < 1:
            raise UsageError(f"the number of trials to add is {trials}; expected 1 or more")
        check_own_budget(self.record)
        with writing(self._engine) as connection:
            slots.add_slots(connection, self.record.id, slots.count_slots(connection, self.record.id) + trials)

    def raise_budget(self, trials: int) -> None:
        """Raise the budget to so many trials in sum; a study that has more keeps them."""
        with writing(self._engine) as connection:
            if slots.add_slots(connection, self.record.id, trials):
                control.check_open(connection, self.record)

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
            top: how many configurations, 5 without it; fewer where the study has not so many.
            seeds: trainings of each; 5 without it, or as many as there are.
            name: of the study that confirms; else this study's with ``-confirm``.
            accept_changes: go on though the problem's space or data have changed.
            run: see `run`.

        Raises:
            KeyboardInterrupt: Ctrl-C; see `run`.
            UserError: nothing to confirm, a problem that has changed, or another study of that name.

        Example:
            >>> Study.open("fmnist").confirm(top=3, seeds=5).winner  # doctest: +SKIP
            'fmnist/57'
        """
        from search.confirm.conclude import conclude
        from search.confirm.start import begin

        found = begin(self, top=top, seeds=seeds, name=name, accept_changes=accept_changes)
        if found.unfinished():
            found.run(**run)
        return conclude(found)

    def check_problem(self) -> None:
        """Check that the study's problem loads here and is the one that the study began with.

        Raises:
            ProblemError: it does not load.
            ChangedProblem: its space or its data differ.
        """
        found = call_in_child(inspect_problem, self.record.problem)
        check_unchanged(self.record, found.space_fingerprint, found.data_fingerprint)

    def unfinished(self) -> int:
        """Return how many trials of the budget have not ended."""
        return slots.unfinished(self._engine, self.record.id)

    def _asks_more(self, trials: int) -> bool:
        with reading(self._engine) as connection:
            return trials > slots.count_slots(connection, self.record.id)

    def _has_work(self, trials: int) -> bool:
        return self._asks_more(trials) or self.unfinished() > 0

    def accept_changes(self) -> Study:
        """Take the problem's space and data as they are now for those of the study, and keep that it was done."""
        was, found = self.record, call_in_child(inspect_problem, self.record.problem)
        before, now = (was.space_fingerprint, was.data_fingerprint), (found.space_fingerprint, found.data_fingerprint)
        if before == now:
            return self
        with writing(self._engine) as connection:
            accept_problem(connection, was.id, space=found.space, space_fingerprint=now[0], data_fingerprint=now[1])
            note_changes(connection, was.id, before, now)
        return Study(self._engine, read_study(self._engine, was.name))

    def note_changes(self, *, since: StudyRecord) -> None:
        """Keep that this study goes on from another whose problem had other fingerprints, where it had."""
        before = (since.space_fingerprint, since.data_fingerprint)
        now = (self.record.space_fingerprint, self.record.data_fingerprint)
        if before != now:
            with writing(self._engine) as connection:
                note_changes(connection, self.record.id, before, now)

    def retry(self, *trials: int) -> None:
        """Give failed trials another try with the same params; see `control.retry`."""
        control.retry(self._engine, self.record, trials)

    def prune(self, *trials: int) -> None:
        """Ask for running trials to be pruned after their epoch; see `control.prune`."""
        control.prune(self._engine, self.record, trials)

    def drop(self, *trials: int) -> None:
        """Take ended trials from what the sampler sees and from the best; see `control.drop`."""
        control.drop(self._engine, self.record, trials)

    def go_on(self) -> None:
        """Let workers work again after `stop`, or after an error that has been mended."""
        set_stopping(self._engine, self.record.id, stopping=False)

    def stop(self) -> None:
        """Ask all workers, on any machine, to stop at their next safe point; their trials are continued later."""
        set_stopping(self._engine, self.record.id, stopping=True)

    def run(
        self,
        *,
        on: str = "local",
        workers: int | Literal["auto"] = "auto",
        device: str = "auto",
        per_gpu: int = 1,
        memory_limit: int | None = None,
        timeout: float | None = None,
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
            on_status: called with the status about twice a second.

        Raises:
            KeyboardInterrupt: Ctrl-C, after the workers have stopped in order; a second one ends them at once.
            UserError: the problem or the settings cannot work.
        """
        wanted = None if workers == "auto" else workers
        with launch(self, on, wanted=wanted, device=device, per_gpu=per_gpu, memory_limit=memory_limit) as pool:
            try:
                self._watch(pool, timeout, on_status)
            except (KeyboardInterrupt, DatabaseError):
                self._stop(pool)
                raise
            except BaseException:
                pool.kill()
                raise
        return self.status()

    def open_pool(self, new_id: Callable[[], str], memory_limit: int | None) -> Pool:
        """Return a pool for workers of the study on this machine, which has none yet; see `Pool`."""
        return Pool(self._start, new_id, self._release, memory_limit)

    def _start(self, place: Place, worker_id: str) -> Child:
        return start_worker(self.url, self.record.name, place, worker_id)

    def _release(self, worker_id: str, death: Death) -> bool:
        try:
            return release_worker(self._engine, self.record, worker_id, death)
        except DatabaseError as error:
            logger.warning("%s; what worker %s held is free once its lease has expired", error, worker_id)
            return True

    def _show(self, on_status: OnStatus) -> None:
        with contextlib.suppress(DatabaseUnavailable):  # the workers wait for it, too
            on_status(self.status())

    def _watch(self, pool: Workers, timeout: float | None, on_status: OnStatus) -> None:
        end = math.inf if timeout is None else time.monotonic() + timeout
        stopped, file = False, DatabaseFile(self._engine.url)
        while pool.alive():
            file.check()
            self._show(on_status)
            if not stopped and time.monotonic() >= end:
                pool.stop()  # which ends a worker at once that has not begun yet
                stopped = True
            pool.wait(POLL_SECONDS)
        file.check()
        status = self.status()
        on_status(status)
        if status.error is not None:
            raise SettingsError(status.error)
        if not stopped and status.finished < status.budget and pool.exit_codes and all(pool.exit_codes):
            why = "; ".join(pool.reasons) or f"see their messages above (exit codes {pool.exit_codes})"
            raise WorkersError(
                f"no worker of {self.record.name!r} could go on: {why}. The trials wait; once that is mended, the same "
                "command continues"
            )
        pool.tell()

    def _stop(self, pool: Workers) -> None:
        try:
            pool.stop()
            if not pool.join(pool.stop_seconds):
                pool.kill()
        except KeyboardInterrupt:
            pool.kill()
        pool.tell()


def all_studies(storage: str | None = None) -> list[Study]:
    """Return all studies of a database, in the order of their creation.

    Raises:
        DatabaseError: the database cannot be opened.
    """
    engine = open_engine(storage or default_url(), must_exist=True)
    SCHEMA.check(engine)
    return [Study(engine, read_study(engine, name)) for name in study_names(engine)]
