"""An objective of Optuna's, a plain function of a trial, as what a study searches."""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Callable, Container
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from search.errors import ProblemError

VALUE = "value"  # what an objective's value is called, which Optuna gives no name
EXPECTED = "an objective of Optuna's: a function of one argument that is called trial, or annotated as optuna.Trial"


@dataclass(frozen=True)
class ObjectiveFunction:
    """What ``search run MODULE:FUNCTION`` searches where the function takes a trial.

    Args:
        name: of the study where nobody gives another, and of the registered model.
        call: takes an ``optuna.Trial`` and returns its value; may raise ``optuna.TrialPruned``.
    """

    name: str
    call: Callable[[Any], Any]


def objective_name(spec: str) -> str:
    """Return what an objective is called: its file or module, and its own name.

    Example:
        >>> objective_name("mine:objective")
        'mine-objective'
    """
    module, _, attr = spec.rpartition(":")
    stem = Path(module).stem if module.endswith(".py") else module.rpartition(".")[2]
    return re.sub(r"[^\w.-]+", "-", f"{stem}-{attr}")


def takes_trial(function: Any) -> bool:
    """Tell whether something is called with a trial alone: by its first argument's name or annotation.

    A build function of KerasTuner's, whose argument is called ``hp``, is none; neither is a class.
    """
    if inspect.isclass(function) or not callable(function):
        return False
    try:
        parameters = list(inspect.signature(function).parameters.values())
    except (TypeError, ValueError):
        return False
    places = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    if not parameters or parameters[0].kind not in places:
        return False
    if any(
        parameter.default is parameter.empty and parameter.kind not in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD)
        for parameter in parameters[1:]
    ):
        return False
    return _is_trial(parameters[0].name, inspect.formatannotation(parameters[0].annotation))


def named_objective(spec: str, function: Callable[[Any], Any]) -> ObjectiveFunction:
    """Return a function that `takes_trial` as the objective that a name means.

    Raises:
        ProblemError: its call gives no value but what is yet to run: it is async, or yields.
    """
    for called in (function, type(function).__call__):
        if inspect.iscoroutinefunction(called):
            raise ProblemError(f"the objective {spec!r} is async; expected a function that runs it by asyncio.run(...)")
        if inspect.isgeneratorfunction(called) or inspect.isasyncgenfunction(called):
            raise ProblemError(f"the objective {spec!r} yields its values; expected a function that returns one")
    return ObjectiveFunction(objective_name(spec), function)


def defines_objective(source: str, attr: str) -> bool:
    """Tell from a module's source whether it defines a function of a trial by that name; False where it is not clear.

    It only decides what is prepared beforehand; what is searched is decided by `takes_trial`.
    """
    try:
        tree = ast.parse(source)
    except (ValueError, SyntaxError):
        return False
    for node in reversed(tree.body):
        if isinstance(node, ast.FunctionDef) and node.name == attr:
            first = [*node.args.posonlyargs, *node.args.args][:1]
            hint = ast.unparse(first[0].annotation) if first and first[0].annotation else ""
            return bool(first) and _is_trial(first[0].arg, hint)
    return False


def imports(source: str, packages: Container[str]) -> bool:
    """Tell whether a module's source imports one of some packages, at its top or in a function."""
    try:
        nodes = list(ast.walk(ast.parse(source)))
    except (ValueError, SyntaxError):
        return False
    modules = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    modules |= {node.module or "" for node in nodes if isinstance(node, ast.ImportFrom)}
    return any(module.partition(".")[0] in packages for module in modules)


def _is_trial(name: str, annotation: str) -> bool:
    return name == "trial" or re.search(r"\bTrial['\"]?$", annotation) is not None
