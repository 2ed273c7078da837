"""The test data: nothing else of a search loads them, and they are measured only once a winner has been chosen."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from search.data.parts import as_part
from search.errors import ProblemError

if TYPE_CHECKING:
    from registry import ModelVersion

TEST = "test_"
BATCH = 1000


def measure_on_test(url: str, refs: Sequence[str], problem: str) -> dict[str, dict[str, float]]:
    """Return what registered models reach on the problem's test data; to be called in a child: it imports TensorFlow.

    Args:
        url: the database.
        refs: the versions.
        problem: as `search.problems.resolve.load_problem` finds it.

    Returns:
        For each version its loss and metrics, named ``test_…``; nothing where the problem has no test data.

    Raises:
        UserError: the problem, its test data or a model do not load.
    """
    from registry import Registry
    from registry.core.error_text import one_line
    from search.problems.resolve import load_problem

    found = load_problem(problem)
    if found.load_test is None:
        return {}
    try:
        x, y = as_part(found.load_test(), "test")
    except Exception as error:
        raise ProblemError(f"the problem {problem!r}: loading its test data failed: {one_line(error)}") from error
    measured = {}
    with Registry(url) as registry:
        for ref in refs:
            model = _compiled(registry.get(ref), problem)
            try:
                values = model.evaluate(x, y, batch_size=BATCH, verbose=0, return_dict=True)
            except Exception as error:
                raise ProblemError(f"{ref} cannot be measured on the test data: {one_line(error)}") from error
            measured[ref] = {TEST + name: float(value) for name, value in values.items()}
    return measured


def _compiled(version: ModelVersion, problem: str) -> Any:
    """Return the model, compiled: by the problem where its loss or metrics are none that Keras finds by itself."""
    from search.problems.rebuild import rebuild_model

    loaded = version.load(rebuild=rebuild_model)
    if loaded.compiled:
        return loaded
    built = rebuild_model(problem, version.params)
    built.set_weights(loaded.get_weights())
    return built
