"""How a study begins, is found, or comes from elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Self

from registry.core.database.engine import open_engine
from registry.core.database.own_database import own_url
from registry.core.database.url import default_url
from search.api.opened import OpenedStudy
from search.creation.create import create_study
from search.creation.names import check_name
from search.creation.objectives import parse_direction
from search.optuna_bridge.studies import check_whole
from search.problems.finding.resolve import check_not_importing
from search.records.studies import read_study
from search.schema import SCHEMA
from search.system.forkserver import call_in_child

if TYPE_CHECKING:
    from search.problems.problem import Problem
    from search.trial_import.past import PastStudy
    from search.trial_import.warm_start import WarmStart
    from search.trial_import.write import Imported


class Beginning(OpenedStudy):
    """Begin a study, open it, or bring it from another program."""

    @classmethod
    def create(
        cls,
        name: str,
        *,
        problem: str | Problem | Callable[[Any], Any],
        trials: int | None = None,
        storage: str | None = None,
        direction: str | None = None,
        artifacts: str | None = None,
        accept_changes: bool = False,
        inspect_seconds: float | None = None,
        warm_start: Sequence[str] = (),
        **settings: Any,
    ) -> Self:
        """Begin a study, or open the one of that name and raise its budget.

        Args:
            name: the study's name.
            problem: ``module:attr``, ``FILE.py:attr``, an installed problem's name, or a `Problem` that a module holds;
                or, in the same ways, an objective of Optuna's: a function of a ``trial``.
            trials: the budget in total; a study that has more keeps it. None for what it has, 60 in a new one.
            storage: the database's URL; ``STUDIES_URL`` or ``studies.db`` by default, or ``my-studies.db`` where that
                is a reference.
            direction: which way an objective of Optuna's is optimized, ``minimize`` by default; of one that returns
                several values, ``maximize,minimize``. A problem has its own.
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
        way, objectives = parse_direction(direction, settings.get("objectives"))
        settings |= {} if objectives is None else {"objectives": objectives}
        engine = open_engine(own_url(storage))
        record = create_study(
            engine,
            name,
            problem,
            trials,
            settings,
            direction=way,
            artifacts=artifacts,
            accept=accept_changes,
            seconds=inspect_seconds,
            check=lambda objectives: check_sources(engine, warm_start, objectives),
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
    ) -> tuple[Self, Imported]:
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

        return cls._import(lambda: read_optuna_study(url, study), name, storage)

    @classmethod
    def import_keras_tuner(
        cls, directory: str, *, name: str | None = None, objective: str | None = None, storage: str | None = None
    ) -> tuple[Self, Imported]:
        """Bring the trials of a project of KerasTuner into a study here; see `import_optuna`.

        Args:
            directory: the project's folder.
            name: of the study here; None for the project's name.
            objective: the metric that was optimized; None for the one whose best value is every trial's score.
            storage: the database's URL; ``STUDIES_URL`` or ``studies.db`` by default.
        """
        from search.trial_import.keras_tuner_project import find_project, read_project

        project = find_project(directory, objective)  # before Keras is loaded
        return cls._import(lambda: call_in_child(read_project, project), name, storage)

    @classmethod
    def _import(cls, read: Callable[[], PastStudy], name: str | None, storage: str | None) -> tuple[Self, Imported]:
        from search.trial_import.write import write_past_study

        if name is not None:
            check_name(name)
        engine = open_engine(own_url(storage))
        try:
            past = read()
            imported = write_past_study(engine, past, name or past.name)
            return cls(engine, read_study(engine, imported.study)), imported
        except BaseException:
            engine.dispose()
            raise

    @classmethod
    def open(cls, name: str, storage: str | None = None, *, whole: bool = True) -> Self:
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
