"""The test data: nothing else of a search loads them, and they are measured only once a winner has been chosen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from registry.values.known_tags import TEST
from search.data.parts import as_part
from search.errors import ProblemError

if TYPE_CHECKING:
    from registry import ModelVersion
    from registry.values.version import Param

BATCH = 1000


def measure_on_test(
    url: str, refs: Sequence[str], problem: str, like: Mapping[str, Param] | None = None
) -> dict[str, dict[str, float]]:
    """Measure registered models on the problem's test data; call it in a child process, for it imports TensorFlow.

    Args:
        url: the database.
        refs: the versions.
        problem: as `search.problems.finding.resolve.load_problem` finds it.
        like: params of a model that they are compiled as, where they are averages, which have none; else their own.

    Returns:
        Version to its loss and metrics, named ``test_…``; empty where the problem has no test data.

    Raises:
        UserError: the problem, its test data or a model do not load.
    """
    from registry import Registry, evaluate
    from registry.core.error_text import one_line, placed_line
    from search.problems.finding.resolve import load_problem
    from search.training.metrics import MetricReader

    loaded = load_problem(problem)
    if loaded.load_test is None:
        return {}
    try:
        x, y = as_part(loaded.load_test(), "test")
    except Exception as error:
        raise ProblemError(f"the problem {problem!r}: loading its test data failed: {placed_line(error)}") from error
    measured = {}
    with Registry(url) as registry:
        for ref in refs:
            model = _compiled(registry.get(ref), problem, like)
            try:
                values = evaluate(model, x, y, BATCH)
            except Exception as error:
                raise ProblemError(f"{ref} cannot be measured on the test data: {one_line(error)}") from error
            measured[ref] = {TEST + name: number for name, number in MetricReader()(values).items()}
    return measured


def measure_derived(url: str, ref: str, problem: str, like: Mapping[str, Param] | None = None) -> None:
    """Measure a version that was made of others on the problem's test data, and keep the figures as its tags.

    See `measure_on_test`.
    """
    from registry import Registry

    measured = measure_on_test(url, [ref], problem, like)
    with Registry(url) as registry:
        for name, value in measured.get(ref, {}).items():
            registry.set_tag(ref, name, f"{value:.6g}")


def test_figures(version: ModelVersion) -> dict[str, float]:
    """Return what such a version's tags say of the test data: ``test_…`` to its figure; empty before it is measured."""
    return {name: float(text) for name, text in version.tags.items() if name.startswith(TEST)}


def _compiled(version: ModelVersion, problem: str, like: Mapping[str, Param] | None) -> Any:
    """Return the model, compiled; by the problem where Keras cannot restore the loss or the metrics by itself."""
    from search.problems.rebuild import compilation, rebuild_model

    loaded = version.load(rebuild=rebuild_model)
    if loaded.compiled:
        return loaded
    if like is not None:
        loaded.compile(**compilation(problem, like))
        return loaded
    built = rebuild_model(problem, version.params)
    built.set_weights(loaded.get_weights())
    return built
