"""Write a report of studies: collect the facts from the database, and let `registry.reports` draw the document."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from hashlib import sha256
from importlib.metadata import version as version_of
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import URL, Connection, Engine

from registry import ModelVersion
from registry.core.database.engine import open_engine
from registry.core.database.transaction import reading
from registry.core.database.url import display_url, with_password, without_secrets
from registry.core.errors import NotFoundError
from registry.reports import (
    Importances,
    Report,
    ReportedStudy,
    bases_of,
    check_name,
    commands_for,
    computed,
    score_of,
    versions_around,
    write,
)
from registry.schema import SCHEMA as REGISTRY_SCHEMA
from search.optuna_bridge.studies import check_whole
from search.optuna_bridge.tables import read_trials
from search.problems.objectives.sampled import space_of
from search.records.history.events import WARM_START, accepted_changes, find_confirmed, notes
from search.records.history.versions import read_versions, trials_by_version
from search.records.studies import NO_PROBLEM, StudyRecord, find_study, read_study, study_names
from search.records.trials import trials_of
from search.report.again import search_again
from search.report.attempts import read_attempts, read_machines
from search.report.errors.misclassified import Errors, errors_of_winner
from search.report.facts import reported_study
from search.report.importances import importances
from search.schema import IMPORTED, SCHEMA, slots

LONGEST_NAME = 60  # characters, of up to four bytes; file systems take 255 bytes


def write_report(
    engine_or_url: Engine | str | URL,
    studies: Sequence[str],
    out: str | Path,
    *,
    errors: bool = True,
    reload: int | None = None,
) -> Path:
    """Write a report of one or more studies; the file's ending decides its kind, see `registry.reports.formats.write`.

    The file appears whole or not at all. Studies may be running: the report shows them as they stand, at one moment.

    Args:
        engine_or_url: the database.
        studies: their names, each once, in the page's order; empty for all.
        out: where to; a name that ends in ``.html``, ``.md``, ``.pdf``, ``.csv``, ``.parquet`` or ``.json``. Its
            folder is made where there is none.
        errors: let the winners predict the validation data, to show where they err; a child process loads the problem
            for that, which takes time.
        reload: after how many seconds a page loads itself again; None for never.

    Returns:
        The file's path.

    Raises:
        NotFoundError: no such study.
        DatabaseError: the database cannot be read.
        UsageError: another ending.
        UserError: the file cannot be written.

    Example:
        >>> write_report("sqlite:///studies.db", ["fmnist"], "report.html")  # doctest: +SKIP
        PosixPath('report.html')
    """
    out = check_name(out)
    # A table of trials needs nothing that is computed from them.
    computed = out.suffix.lower() not in (".csv", ".parquet")
    options = {"errors": errors and computed, "importance": computed}
    if isinstance(engine_or_url, Engine):
        return write(collect(engine_or_url, studies, **options), out, reload=reload)
    engine = open_engine(engine_or_url, must_exist=True)
    try:
        return write(collect(engine, studies, **options), out, reload=reload)
    finally:
        engine.dispose()


def default_path(studies: Sequence[str]) -> Path:
    """Return where a report of some studies goes by itself; of all for none.

    Names that no file can have, or that are too long, are changed, and a hash tells them from others that become alike.

    Example:
        >>> str(default_path(["night", "day"])), str(default_path(["a/b"]))
        ('reports/night+day.html', 'reports/a-b-c14cdd.html')
    """
    whole = "+".join(studies)
    name = "+".join(re.sub(r"[^\w.-]+", "-", study) for study in studies)[:LONGEST_NAME]
    if name != whole:
        name += f"-{sha256(whole.encode()).hexdigest()[:6]}"
    return Path("reports", f"{name or 'all'}.html")


def collect(engine: Engine, studies: Sequence[str], *, errors: bool = True, importance: bool = True) -> Report:
    """Return the facts that a report of the studies shows; see `write_report`."""
    for schema in (SCHEMA, REGISTRY_SCHEMA):
        schema.check_readable(engine)
    names = list(dict.fromkeys(studies)) or study_names(engine)
    if not names:
        raise NotFoundError(f"the database {display_url(engine.url)} holds no studies yet; start one with `search run`")
    for name in names:
        check_whole(engine, read_study(engine, name))  # an unknown one is refused with a suggestion
    with reading(engine) as connection:  # one transaction, so that all studies are shown at one moment
        moment = datetime.now(UTC)
        collected = []
        for name in names:
            record = find_study(connection, name)
            if record is None:
                raise NotFoundError(f"the study {name!r} has just been deleted")
            versions = versions_around(connection, record.model, record.name)
            confirmed = find_confirmed(connection, record)
            reported = replace(
                reported_study(
                    record, trials_of(connection, record.id), versions, confirmed, _space(connection, record)
                ),
                attempts=read_attempts(connection, record.id),
                machines=read_machines(connection, record.id),
            )
            again = {}
            if record.problem != NO_PROBLEM:
                warm = [detail["study"] for detail in notes(connection, record.id, WARM_START)]
                again = {"The study again": search_again(record, reported.budget, warm, engine.url)}
            settings = {**reported.settings, **_changes(connection, record)}
            reported = replace(reported, settings=settings, commands=again)
            collected.append((record, reported, versions))
    return Report(
        studies=tuple(_finished(engine, *facts, errors=errors, importance=importance) for facts in collected),
        database=display_url(without_secrets(engine.url)),
        made_at=moment,
        made_by=f"studies {version_of('studies')}",
    )


def _changes(connection: Connection, record: StudyRecord) -> dict[str, str]:
    """Return in words what has changed since the study began: its problem, and by version its settings, too."""
    accepted = accepted_changes(connection, record.id)
    changes = {"accepted changes": "; ".join(accepted)} if accepted else {}
    trials = trials_by_version(connection, record.id)
    for version in read_versions(connection, record.id):
        count = trials.get(version.version, 0)
        changes[f"version {version.version}"] = f"{'; '.join(version.changes)} (trials: {count})"
    return changes


def _space(connection: Connection, record: StudyRecord) -> Mapping[str, Any] | None:
    """Return the space that an objective's trials tell; None where the study's record does."""
    if not record.is_objective:
        return None
    own = sa.select(slots.c.trial_id).where(slots.c.study_id == record.id)
    ids = connection.scalars(own.order_by(IMPORTED.desc(), slots.c.number))
    return computed(
        lambda: space_of(list(read_trials(connection, [i for i in ids if i is not None])), changed=True),
        lambda _why: None,
    )


def _finished(
    engine: Engine,
    record: StudyRecord,
    reported: ReportedStudy,
    versions: Sequence[ModelVersion],
    *,
    errors: bool,
    importance: bool,
) -> ReportedStudy:
    """Add what is computed from a study's facts."""
    if importance:
        bases = enumerate(bases_of(reported))
        mattered = [_importances(engine, record, basis.study, ranges=not place) for place, basis in bases]
        if mattered:
            ped_anova, fanova = mattered[0]
            reported = replace(reported, importances=ped_anova, fanova=fanova, of_complete=mattered[-1])
    best = reported.leaders[0] if reported.leaders else None
    ref = (best.stand_in or best.version) if best else None
    winner = next((version for version in versions if version.ref == ref), None)
    commands = {**({} if winner is None else commands_for(engine.url, winner)), **reported.commands}
    url = with_password(engine.url)
    winner_errors, missing = NO_ERRORS, ""
    if errors and record.is_objective:
        missing = "the data are the objective's own"
    elif errors and winner is not None and winner.weights is not None:
        asked = (url, winner.ref, record.problem, record.data_fingerprint)
        winner_errors, missing = computed(lambda: errors_of_winner(*asked), lambda why: (NO_ERRORS, why))
    elif errors and winner is not None:
        missing = f"{winner.ref} has no weights"
    mistakes, residuals = winner_errors
    return replace(reported, commands=commands, mistakes=mistakes, residuals=residuals, mistakes_missing=missing)


NO_ERRORS: Errors = (None, ())


def _importances(
    engine: Engine, record: StudyRecord, study: ReportedStudy, *, ranges: bool
) -> tuple[Importances, Importances]:
    scores = {trial.number: score_of(trial) for trial in study.trials}
    return computed(
        lambda: importances(engine, record.name, record.objective.direction, scores, ranges=ranges),
        lambda why: (Importances(missing=why), Importances(missing=why)),
    )
