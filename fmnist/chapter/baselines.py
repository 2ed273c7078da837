"""Train the chapter's experiments and register them, as versions tagged ``kind=baseline``."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from fmnist.chapter.experiments import BASELINES, Baseline, find_baseline
from fmnist.problem import fmnist
from registry import ModelVersion, NotFoundError, Registry, UsageError

if TYPE_CHECKING:
    from fmnist.chapter.training import Trained
    from search.problems.problem import Data, Problem

KIND = "baseline"
SEEDS = 3


def study_of(baseline: Baseline) -> str:
    """Return what stands for the study in a baseline's versions; the trial is the seed."""
    return f"baseline:{baseline.name}"


def registered(registry: Registry, baseline: Baseline) -> dict[int, ModelVersion]:
    """Return a baseline's versions by seed."""
    try:
        versions = registry.list(fmnist.name, study=study_of(baseline))
    except NotFoundError:
        return {}
    return {version.source.seed: version for version in versions if version.source.seed is not None}


def chosen(names: Sequence[str]) -> list[Baseline]:
    """Return the baselines of these names, or all, in the chapter's order.

    Raises:
        NotFoundError: a name that no baseline has.
    """
    selected = {find_baseline(name).name for name in names}
    return [baseline for baseline in BASELINES if not selected or baseline.name in selected]


def run_baselines(
    registry: Registry,
    names: Sequence[str] = (),
    *,
    seeds: int = SEEDS,
    problem: Problem = fmnist,
    on_version: Callable[[ModelVersion], None] = lambda version: None,
) -> list[ModelVersion]:
    """Train and register what is not registered yet; return the versions of these baselines and seeds.

    The same seeds give the same figures to the last bit where TensorFlow runs on one thread. A version has its
    curves, its params and, as tag ``test_accuracy``, its accuracy on the official test images: nothing is
    chosen by that. Of a baseline's seeds that are registered together, the best on validation keeps its weights.

    Args:
        registry: where to.
        names: which; none for all.
        seeds: how many trainings of each, with the seeds 0, 1, ….
        problem: where the data and the official test images come from.
        on_version: called with each version that was not there before.

    Raises:
        NotFoundError: a name that no baseline has.
        UsageError: ``seeds`` is less than 1.
    """
    if seeds < 1:
        raise UsageError(f"the number of seeds is {seeds}; expected 1 or more")
    baselines = chosen(names)
    trainings: _Trainings | None = None
    for baseline in baselines:
        there = registered(registry, baseline)
        missing = [seed for seed in range(seeds) if seed not in there]
        if not missing:
            continue
        trainings = trainings or _Trainings(problem)
        for version in trainings.register(registry, baseline, missing, has_weights=bool(there)):
            on_version(version)
    return [
        version
        for baseline in baselines
        for seed, version in sorted(registered(registry, baseline).items())
        if seed < seeds
    ]


class _Trainings:
    """The trainings of one call; an experiment that goes on from another finds its last weights here."""

    def __init__(self, problem: Problem) -> None:
        from search.data.fingerprint import fingerprint_data

        self._problem = problem
        self._data: Data = problem.load_data()
        self._fingerprint = fingerprint_data(self._data)
        self._last: dict[tuple[str, int], list[Any]] = {}

    def register(
        self, registry: Registry, baseline: Baseline, seeds: Sequence[int], *, has_weights: bool
    ) -> Iterator[ModelVersion]:
        """Train each seed, then register the best first; only it keeps weights, and only where no version had any."""
        from registry import save_model

        trainings = [(seed, self._train(baseline, seed)) for seed in seeds]
        for seed, trained in sorted(trainings, key=lambda pair: -_score(pair[1])):
            weights = None if has_weights else save_model(trained.model)
            has_weights = True
            yield self._register(registry, baseline, seed, trained, weights)

    def _train(self, baseline: Baseline, seed: int) -> Trained:
        from fmnist.chapter.linear import train_linear
        from fmnist.chapter.training import train

        if baseline.hidden is None:
            return train_linear(baseline, seed, self._data)
        start = None
        if baseline.after is not None:
            if (baseline.after, seed) not in self._last:
                self._train(find_baseline(baseline.after), seed)
            start = self._last[baseline.after, seed]
        trained = train(baseline, seed, self._data, start)
        self._last[baseline.name, seed] = trained.last
        return trained

    def _register(
        self, registry: Registry, baseline: Baseline, seed: int, trained: Trained, weights: bytes | None
    ) -> ModelVersion:
        from registry import ReferencePredictions, Source
        from registry.core.provenance import code_revision, libraries

        version = registry.register(
            fmnist.name,
            weights=weights,
            score=_score(trained),
            metric=fmnist.objective.metric,
            direction=fmnist.objective.direction,
            epoch=trained.epoch,
            params=params_of(baseline),
            curves=trained.curves,
            source=Source(
                study=study_of(baseline),
                trial=seed,
                seed=seed,
                problem="fmnist",
                data_fingerprint=self._fingerprint,
                code_revision=code_revision(),
                libraries=libraries(),
            ),
            reference_predictions=None
            if weights is None
            else ReferencePredictions.of(trained.model, self._data.validation[0][:8]),
            stop_reason=trained.stop_reason,
            seconds=trained.seconds,
            parameters=int(trained.model.count_params()),
            tags={"kind": KIND, KIND: baseline.name, "test_accuracy": f"{self._test_accuracy(trained.model):.4f}"},
        )
        if version is None:
            raise AssertionError("without top_k every version is registered")
        return version

    def _test_accuracy(self, model: Any) -> float:
        """Return the part of the official test images that a finished model names rightly."""
        import numpy as np

        if self._problem.load_test is None:
            raise UsageError(f"the problem {self._problem.name!r} has no test images")
        images, labels = self._problem.load_test()
        return float(np.mean(model.predict(images, batch_size=1000, verbose=0).argmax(axis=1) == labels))


def _score(trained: Trained) -> float:
    return trained.curves[fmnist.objective.metric][trained.epoch - 1]


def params_of(baseline: Baseline) -> dict[str, Any]:
    """Return a baseline's configuration, under the names that the search uses where it has them."""
    params: dict[str, Any] = {"epochs": baseline.epochs}
    if baseline.hidden is None:
        return params | {"classifier": "SGDClassifier", "loss": "log_loss"}
    params |= {"hidden_layers": len(baseline.hidden), "optimizer": baseline.optimizer, "dropout": baseline.dropout}
    for number, (units, activation) in enumerate(baseline.hidden, 1):
        params |= {f"units_{number}": units, f"activation_{number}": activation}
    params |= {"after": baseline.after, "patience": baseline.patience}
    return {name: value for name, value in params.items() if value is not None}
