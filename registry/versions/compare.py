"""Compare versions: which params differ, which are the same, and every metric and curve side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from registry.values.html import html_table
from registry.values.version import LossCurve, ModelVersion, Param


@dataclass(frozen=True, repr=False)
class Comparison:
    """Versions side by side; each tuple has one entry for each version, in their order.

    Args:
        versions: what is compared.
        differing: the params that differ, by name; None where a version does not have one.
        same: the params that all versions have, with the same value.
        metrics: by name, at each version's own epoch; None where a version does not have one.
        curves: by metric; None where a version does not have one.
    """

    versions: tuple[ModelVersion, ...]
    differing: Mapping[str, tuple[Param, ...]]
    same: Mapping[str, Param]
    metrics: Mapping[str, tuple[float | None, ...]]
    curves: Mapping[str, tuple[LossCurve | None, ...]]

    def __repr__(self) -> str:
        return f"<Comparison of {', '.join(version.ref for version in self.versions)}>"

    def _repr_html_(self) -> str:
        """Return what a notebook shows: a column for each version; first the params that differ."""
        rows = [(name, *values) for part in (self.differing, self.metrics) for name, values in part.items()]
        equal = ", ".join(f"{name} = {value}" for name, value in self.same.items())
        title = f"equal in all: {equal}" if equal else "nothing is equal in all"
        return html_table(title, ("", *(version.ref for version in self.versions)), rows)


def compared(versions: Sequence[ModelVersion]) -> Comparison:
    """Return the comparison of versions."""
    params = sorted({name for version in versions for name in version.params})
    differing = {name for name in params if len({_identity(version, name) for version in versions}) > 1}
    metrics = sorted({name for version in versions for name in version.metrics})
    curves = sorted({name for version in versions for name in version.curves})
    return Comparison(
        versions=tuple(versions),
        differing={name: tuple(v.params.get(name) for v in versions) for name in params if name in differing},
        same={name: versions[0].params[name] for name in params if name not in differing},
        metrics={name: tuple(v.metrics.get(name) for v in versions) for name in metrics},
        curves={name: tuple(v.curves.get(name) for v in versions) for name in curves},
    )


def _identity(version: ModelVersion, name: str) -> tuple[bool, str, str]:
    """Return what tells a param's values apart: 1, 1.0 and True differ, and NaN equals NaN."""
    value = version.params.get(name)
    return name in version.params, type(value).__name__, repr(value)
