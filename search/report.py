"""Write a report of studies: collect the facts from the database, and let `registry.reports` draw the page."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from importlib.metadata import version as version_of
from pathlib import Path

from sqlalchemy.engine import URL, Engine

from registry import ModelVersion, Registry
from registry.database import display_url, open_engine
from registry.errors import NotFoundError, UsageError, UserError
from registry.files import whole_file
from registry.reports import Report, ReportedStudy, render
from search.importances import importances
from search.records import StudyRecord, read_study, read_trials, study_names
from search.reported import reported_study
from search.schema import SCHEMA

_SECRETS = ("password", "sslpassword", "passfile")


def write_report(engine_or_url: Engine | str | URL, studies: Sequence[str], out: str | Path) -> Path:
    """Write a report of one or more studies as one HTML file that needs nothing else.

    The file appears whole or not at all. Studies may be running: the page shows them as they stand.

    Args:
        engine_or_url: the database.
        studies: their names, each once, in the page's order; none for all that there are.
        out: where to; a name that ends in ``.html``. Its folder is made where there is none.

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
    out = Path(out)
    if out.suffix.lower() not in (".html", ".htm"):
        raise UsageError(f"cannot write a report to {out.name!r}; expected a name that ends in .html")
    if isinstance(engine_or_url, Engine):
        report = collect(engine_or_url, studies)
    else:
        engine = open_engine(engine_or_url, must_exist=True)
        try:
            report = collect(engine, studies)
        finally:
            engine.dispose()
    page = render(report)
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(f"cannot make the folder {out.parent}: {error.strerror}; name another file") from error
    with whole_file(out) as file:
        file.write(page.encode("utf-8"))
    return out


def collect(engine: Engine, studies: Sequence[str]) -> Report:
    """Return the facts that a report of the studies tells; see `write_report`."""
    SCHEMA.check(engine)
    names = list(dict.fromkeys(studies)) or study_names(engine)
    if not names:
        raise NotFoundError(f"the database {display_url(engine.url)} holds no studies yet; start one with `search run`")
    records = [read_study(engine, name) for name in names]
    with Registry(engine.url.render_as_string(hide_password=False)) as registry:
        reported = tuple(_study(engine, registry, record) for record in records)
    return Report(
        studies=reported,
        database=display_url(without_secrets(engine.url)),
        made_at=datetime.now(UTC),
        made_by=f"studies {version_of('studies')}",
    )


def _study(engine: Engine, registry: Registry, record: StudyRecord) -> ReportedStudy:
    slots = read_trials(engine, record.id)
    versions = _versions(registry, record)
    reported = reported_study(record, slots, versions)
    reported = replace(reported, importances=importances(engine, record.name, record.objective.direction))
    best = reported.ranked[0] if reported.ranked else None
    winner = versions.get(best.number) if best else None
    return replace(reported, commands=commands_for(registry, engine.url, winner)) if winner else reported


def _versions(registry: Registry, record: StudyRecord) -> dict[int, ModelVersion]:
    """Return the study's registered versions by trial."""
    try:
        found = registry.list(record.model, study=record.name)
    except NotFoundError:  # nothing of this problem has been registered yet
        return {}
    return {version.source.trial: version for version in found if version.source.trial is not None}


def commands_for(registry: Registry, url: URL, version: ModelVersion) -> dict[str, str]:
    """Return what to type to get the version: the model's best by that name, where it is that."""
    storage = without_secrets(url).render_as_string(hide_password=False)
    is_best = registry.best(version.model).ref == version.ref
    asked = f"best {shlex.quote(version.model)}" if is_best else f"show {shlex.quote(version.ref)}"
    commands = {"Its record, on the command line": f"registry {asked} --storage {shlex.quote(storage)}"}
    if version.weights is not None:
        found = f"best({version.model!r})" if is_best else f"get({version.ref!r})"
        commands["The Keras model, in Python"] = (
            f"from registry import Registry\n\nmodel = Registry({storage!r}).{found}.load()"
        )
    return commands


def without_secrets(url: URL) -> URL:
    """Return a database's URL without its password, fit to be copied; the driver finds the password elsewhere."""
    # URL.set takes None for "as it was".
    return url._replace(password=None).difference_update_query(_SECRETS)
