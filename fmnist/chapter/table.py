"""The baselines' figures beside the chapter's, and whether seeds explain the difference."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from fmnist.chapter.baselines import registered
from fmnist.chapter.experiments import Baseline
from registry import ModelVersion, Registry


@dataclass(frozen=True, slots=True)
class Row:
    """A baseline's figure, ours and the chapter's.

    Args:
        name: the baseline's.
        what: the experiment in a few words.
        metric: what the figure is of; ``epoch of the lowest val_loss`` where the chapter tells that.
        chapter: the chapter's figure, a range of epochs, or None.
        ours: one value per seed.
        test: the accuracy on the official test images, one value per seed.
        within: whether the difference is within what seeds explain; None where there is nothing to compare.
    """

    name: str
    what: str
    metric: str
    chapter: float | tuple[int, int] | None
    ours: tuple[float, ...]
    test: tuple[float, ...]
    within: bool | None

    @property
    def mean(self) -> float:
        """The mean over the seeds."""
        return statistics.fmean(self.ours)

    @property
    def spread(self) -> float | None:
        """The standard deviation over the seeds; None for one seed."""
        return statistics.stdev(self.ours) if len(self.ours) > 1 else None

    @property
    def difference(self) -> float | None:
        """Ours less the chapter's."""
        return self.mean - self.chapter if isinstance(self.chapter, float) else None

    def as_dict(self) -> dict[str, Any]:
        """Return the row as JSON values."""
        return {
            "name": self.name,
            "what": self.what,
            "metric": self.metric,
            "chapter": list(self.chapter) if isinstance(self.chapter, tuple) else self.chapter,
            "mean": self.mean,
            "spread": self.spread,
            "seeds": len(self.ours),
            "values": list(self.ours),
            "difference": self.difference,
            "within_seeds": self.within,
            "test_accuracy": statistics.fmean(self.test) if self.test else None,
        }


def chapter_rows(registry: Registry, baselines: Sequence[Baseline]) -> list[Row]:
    """Return a row for each baseline that has versions."""
    pairs = ((baseline, list(registered(registry, baseline).values())) for baseline in baselines)
    return [_row(baseline, versions) for baseline, versions in pairs if versions]


def _row(baseline: Baseline, versions: Sequence[ModelVersion]) -> Row:
    figure = baseline.figure
    ours = tuple(_value(baseline, version) for version in versions)
    return Row(
        name=baseline.name,
        what=baseline.what,
        metric=figure.metric if figure.range is None else f"epoch of the lowest {figure.metric}",
        chapter=figure.value if figure.range is None else figure.range,
        ours=ours,
        test=tuple(float(version.tags["test_accuracy"]) for version in versions if "test_accuracy" in version.tags),
        within=_within(figure.value, figure.range, ours),
    )


def _value(baseline: Baseline, version: ModelVersion) -> float:
    figure, curve = baseline.figure, version.curves[baseline.figure.metric]
    if figure.range is not None:
        best = curve.best("min")
        return float(best[1]) if best else float("nan")
    return curve.values[version.epoch - 1] if figure.epoch == "kept" else curve.values[-1]


def _within(chapter: float | None, epochs: tuple[int, int] | None, ours: Sequence[float]) -> bool | None:
    """Tell whether seeds explain the difference.

    The chapter's figure is one more training: it is expected within two standard deviations of ours, of which the
    mean itself has 1 / n. A range of epochs holds where the mean lies in it.
    """
    mean = statistics.fmean(ours)
    if epochs is not None:
        return epochs[0] <= mean <= epochs[1]
    if chapter is None or len(ours) < 2:
        return None
    expected: float = 2 * statistics.stdev(ours) * (1 + 1 / len(ours)) ** 0.5
    return abs(mean - chapter) <= expected
