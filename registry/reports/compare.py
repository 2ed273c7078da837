"""Compare registered versions in a document."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.metadata import version as version_of
from pathlib import Path

from registry.database import default_url, display_url, without_secrets
from registry.registry import Registry
from registry.reports.facts import Report
from registry.reports.versions import comparison_of
from registry.reports.write import check_name, write


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
    with Registry(url) as registry:
        chosen = {version.ref: version for version in registry.get_all(refs)}
    made_by = f"studies {version_of('studies')}"
    return comparison_of(
        list(chosen.values()), database=display_url(without_secrets(url)), made_by=made_by, metric=metric
    )


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
