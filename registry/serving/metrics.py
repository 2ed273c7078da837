"""Counters and histograms, in the text format that Prometheus reads."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator, Sequence

from registry.values.version import ModelVersion

SECONDS = (0.001, 0.002, 0.003, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
SAMPLES = (1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0, 512.0, 1024.0)


class Histogram:
    """How many values are at most as large as each bound.

    Args:
        name: of the metric.
        about: a sentence.
        bounds: ascending.
    """

    def __init__(self, name: str, about: str, bounds: Sequence[float]) -> None:
        self._name, self._about, self._bounds = name, about, bounds
        self._counts, self._sum = [0] * (len(bounds) + 1), 0.0

    def add(self, value: float) -> None:
        """Count a value."""
        self._counts[bisect_left(self._bounds, value)] += 1
        self._sum += value

    def lines(self) -> Iterator[str]:
        """Yield the metric's lines."""
        yield from _head(self._name, "histogram", self._about)
        total = 0
        for bound, count in zip((*self._bounds, float("inf")), self._counts, strict=True):
            total += count
            yield f'{self._name}_bucket{{le="{"+Inf" if bound == float("inf") else f"{bound:g}"}"}} {total}'
        yield f"{self._name}_sum {self._sum:.9g}"
        yield f"{self._name}_count {total}"


class Metrics:
    """What a service counts."""

    def __init__(self) -> None:
        self.requests: Counter[int] = Counter()
        self.seconds = Histogram("registry_predict_seconds", "Time to answer a request for predictions.", SECONDS)
        self.batches = Histogram("registry_batch_samples", "Samples that the model was given at once.", SAMPLES)

    def text(self, version: ModelVersion | None) -> str:
        """Return all metrics; the version that predicts, where one does, as labels."""
        lines = [*_head("registry_requests_total", "counter", "Requests that were answered, by status.")]
        counted = sorted(self.requests.items())
        lines += [f'registry_requests_total{{status="{status}"}} {count}' for status, count in counted]
        lines += [*self.seconds.lines(), *self.batches.lines()]
        if version is not None:
            lines += _head("registry_version_info", "gauge", "The version that predicts.")
            lines.append(f'registry_version_info{{model="{version.model}",version="{version.version}"}} 1')
        return "\n".join(lines) + "\n"


def _head(name: str, kind: str, about: str) -> Iterator[str]:
    yield f"# HELP {name} {about}"
    yield f"# TYPE {name} {kind}"
