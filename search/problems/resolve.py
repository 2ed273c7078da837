"""Find a problem by its name: ``module:attr``, or an entry point of the group ``search.problems``."""

from __future__ import annotations

import importlib
import os
import sys
from importlib.metadata import EntryPoint, entry_points

from registry.core.errors import NotFoundError, did_you_mean
from search.errors import ProblemError
from search.problems.problem import Problem
from search.system.runtime import show_optional

GROUP = "search.problems"


def installed_problems() -> dict[str, EntryPoint]:
    """Return the entry points of all installed problems by name; none is imported."""
    return {point.name: point for point in entry_points(group=GROUP)}


def load_problem(spec: str) -> Problem:
    """Import the problem that a name means.

    Args:
        spec: ``module:attr`` (the working folder is searched, too) or an installed problem's name.

    Raises:
        NotFoundError: no such module, attribute or installed problem.
        ProblemError: the module fails to import, or the attribute is not a `Problem`.
    """
    module, _, attr = spec.partition(":")
    if not attr:
        installed = installed_problems()
        if spec not in installed:
            raise NotFoundError(
                f"no problem is called {spec!r}; {did_you_mean(spec, list(installed))} "
                "(or name your own as module:attr)"
            )
        module, attr = installed[spec].module, installed[spec].attr
    found = getattr(_import(module, spec), attr, None)
    show_optional()
    if found is None:
        raise NotFoundError(f"the problem {spec!r}: module {module} has no {attr!r}")
    if not isinstance(found, Problem):
        raise ProblemError(
            f"the problem {spec!r} is of type {type(found).__name__}; expected a search.Problem "
            "(name, objective, hypermodel, load_data)"
        )
    return found


def _import(module: str, spec: str) -> object:
    folder = os.getcwd()
    if folder not in sys.path:
        sys.path.insert(0, folder)
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        if error.name and (module == error.name or module.startswith(error.name + ".")):
            raise NotFoundError(
                f"the problem {spec!r}: there is no module {error.name!r} here or in the installed packages"
            ) from None
        raise ProblemError(f"the problem {spec!r} needs the module {error.name!r}, which is not installed") from error
    except Exception as error:
        raise ProblemError(f"the problem {spec!r} fails to import: {type(error).__name__}: {error}") from error
