"""The versions that differ from one in their seed only."""

from __future__ import annotations

from registry.api.registry import Registry
from registry.query.language import fields
from registry.reports.sources.versions import configuration, is_baseline
from registry.values.known_tags import BASELINE_TAG, CONFIRM_TAG, trained_with
from registry.values.version import ModelVersion


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
    found = registry.find(version.model, asked, limit=None)
    return [other for other in found if _training(other) == _training(version)]


def _training(version: ModelVersion) -> tuple[str, tuple[str | None, str | None]]:
    return configuration(version.params), trained_with(version.tags)
