"""Build a registered version's model again from its problem and params, for files that Keras can no longer read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from registry.core.starting.tensorflow import start_tensorflow
from registry.values.version import Param
from search.errors import ProblemError
from search.problems.finding.resolve import installed_problems, load_problem

Params = Mapping[str, Param]
COMPILED = ("loss", "loss_weights", "metrics", "weighted_metrics")


def rebuild_installed(problem: str | None, params: Params, max_epochs: int | None = None, trusted: bool = False) -> Any:
    """Return the model of an installed problem; None for any other, whose code nobody has asked to run.

    The registry calls it by the entry point ``registry.rebuild``. A version's record may come from anywhere, so a
    ``module:attr`` that it names is imported only where the user trusts it: by ``--rebuild``, or by `rebuild_model`.
    """
    return rebuild_model(problem, params, max_epochs) if trusted or problem in installed_problems() else None


def rebuild_model(problem: str | None, params: Params, max_epochs: int | None = None) -> Any:
    """Return the Keras model that a problem builds of hyperparameters; its weights are new.

    Args:
        problem: ``module:attr``, which is imported and run, or an installed problem's name.
        params: every hyperparameter's value by name.
        max_epochs: how many epochs the model could be trained, for a HyperModel that asks; None for its own default.

    Raises:
        UserError: no such problem, or none; or it has a hyperparameter that the params lack.

    Example:
        >>> registry.get("mine/3").load(rebuild=rebuild_model)  # doctest: +SKIP
    """
    if problem is None:
        raise ProblemError("no problem is recorded, so none can build the model")
    start_tensorflow()
    from search.problems.inspection import make_hypermodel
    from search.space.hyperparameters import build_model, recorded_hyperparameters

    return build_model(make_hypermodel(load_problem(problem), max_epochs), recorded_hyperparameters(problem, params))


def compilation(problem: str, params: Params) -> dict[str, Any]:
    """Return the loss and metrics that a problem compiles a model with, as arguments of ``compile``, new each time."""
    config = rebuild_model(problem, params)._compile_config.config
    return {name: config[name] for name in COMPILED if config.get(name) is not None}
