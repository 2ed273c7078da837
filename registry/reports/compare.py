"""Compare registered versions in a document."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from importlib.metadata import version as version_of
from pathlib import Path

from sqlalchemy.engine import make_url

from registry.api.registry import Registry
from registry.core.database.url import default_url, display_url, without_secrets
from registry.reports.facts.study import Report
from registry.reports.formats.write import check_name, write
from registry.reports.sources.alike import trained_alike
from registry.reports.sources.commands import commands_for
from registry.reports.sources.versions import comparison_of


def compare(refs: Sequence[str], *, storage: str | None = None, metric: str | None = None) -> Report:
    """Return a report that compares registered versions.

    Args:
        refs: two or more, such as ``["fmnist/3", "fmnist@champion"]``.
        storage: the database's URL; ``STUDIES_URL`` or ``studies.db`` by default.
        metric: what to rank by; the first one's objective by default.

    Raises:
        NotFoundError: no such version, or none has the metric.
        UsageError: fewer than two versions.
    """
    url = storage or default_url()
    made_by = f"studies {version_of('studies')}"
    shown = display_url(without_secrets(url))
    with Registry(url) as registry:
        chosen = list({version.ref: version for version in registry.compare(refs).versions}.values())
        trained = {version.ref: trained_alike(registry, version) for version in chosen}
        report = comparison_of(chosen, trained, database=shown, made_by=made_by, metric=metric)
    (study,) = report.studies
    winner = next(version for version in chosen if version.ref == study.leaders[0].version)
    commands = commands_for(make_url(url), winner)
    return replace(report, studies=(replace(study, commands=commands),))


def write_comparison(
    refs: Sequence[str], out: str | Path, *, storage: str | None = None, metric: str | None = None
) -> Path:
    """Write a report that compares registered versions; the name's ending decides its kind, as in `write`.

    Example:
        >>> write_comparison(["fmnist/1", "fmnist/2"], "compare.html")  # doctest: +SKIP
        PosixPath('compare.html')
    """
    check_name(out)
    return write(compare(refs, storage=storage, metric=metric), out)
