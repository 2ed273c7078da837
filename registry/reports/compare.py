"""Compare registered versions in a document."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from importlib.metadata import version as version_of
from pathlib import Path

from sqlalchemy.engine import make_url

from registry.api.registry import Registry
from registry.core.database.url import default_url, display_url, without_secrets
from registry.query.language import fields
from registry.reports.facts.study import Report
from registry.reports.formats.write import check_name, write
from registry.reports.sources.commands import commands_for
from registry.reports.sources.versions import comparison_of, configuration, is_baseline
from registry.values.known_tags import BASELINE_TAG, CONFIRM_TAG
from registry.values.version import ModelVersion


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


def trained_alike(registry: Registry, version: ModelVersion) -> list[ModelVersion]:
    """Return the versions that differ from one in their seed only: those that confirm it, or the same baseline's."""
    confirmed, baseline = version.tags.get(CONFIRM_TAG, version.source.study), version.tags.get(BASELINE_TAG[1])
    if version.imported is not None:
        return []
    if baseline is not None and is_baseline(version):
        asked = fields.tag[BASELINE_TAG[1]] == baseline
    elif confirmed is not None:
        asked = fields.tag[CONFIRM_TAG] == confirmed
    else:
        return []
    key = configuration(version.params)
    return [one for one in registry.find(version.model, asked, limit=None) if configuration(one.params) == key]


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
