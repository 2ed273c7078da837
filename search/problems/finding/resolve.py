"""Find a problem by its name: ``module:attr``, ``FILE.py:attr``, or an entry point of the group ``search.problems``.

An objective of Optuna's is found in the same way.
"""

from __future__ import annotations

import importlib
import importlib.util
import os
import sys
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from types import ModuleType

from registry.core.error_text import placed_line
from registry.core.errors import NotFoundError, UserError, did_you_mean
from search.errors import ProblemError
from search.problems.objectives.function import EXPECTED, ObjectiveFunction, named_objective, takes_trial
from search.problems.problem import Problem
from search.system.runtime import show_optional

GROUP = "search.problems"
_importing: list[str] = []  # what is being imported for its problem, in this process


def installed_problems() -> dict[str, EntryPoint]:
    """Return the entry points of all installed problems by name; none is imported."""
    return {point.name: point for point in entry_points(group=GROUP)}


def split_spec(spec: str) -> tuple[str, str]:
    """Return the module or file and the attribute that a problem's name consists of; empty where there is none."""
    module, colon, attr = spec.rpartition(":")
    return (module, attr) if colon else (spec, "")


def load_problem(spec: str) -> Problem:
    """Import the problem that a name means.

    Args:
        spec: ``module:attr`` (the working folder is searched, too), ``FILE.py:attr`` (its own folder is, as for a
            script) or an installed problem's name.

    Raises:
        NotFoundError: no such module, file, attribute or installed problem.
        ProblemError: the module fails to import, or the attribute is not a `Problem`.
    """
    problem = load_searched(spec)
    if isinstance(problem, ObjectiveFunction):
        raise no_problem(spec)
    return problem


def no_problem(spec: str) -> ProblemError:
    """Return what says that a name means an objective where a problem is needed."""
    return ProblemError(f"{spec!r} is an objective of Optuna's; this needs a search.Problem, with a model and data")


def load_objective(spec: str) -> ObjectiveFunction:
    """Import the objective of Optuna's that a name means; errors are as in `load_problem`."""
    objective = load_searched(spec)
    if isinstance(objective, Problem):
        raise ProblemError(f"{spec!r} was {EXPECTED}; it is a search.Problem now: name another study with --study")
    return objective


def load_searched(spec: str) -> Problem | ObjectiveFunction:
    """Import the problem or the objective that a name means; errors are as in `load_problem`."""
    module, attr = split_spec(spec)
    if not attr:
        installed = installed_problems()
        if spec not in installed:
            raise NotFoundError(
                f"no problem is called {spec!r}; {did_you_mean(spec, list(installed))} "
                "(or name your own as module:attr)"
            )
        module, attr = installed[spec].module, installed[spec].attr
    imported = import_module(module, spec)
    value = getattr(imported, attr, None)
    show_optional()
    if value is None:
        near = [*_problems_in(imported), *_objectives_in(imported)]
        raise NotFoundError(f"the problem {spec!r}: module {module} has no {attr!r}; {did_you_mean(attr, near)}")
    if takes_trial(value):
        return named_objective(spec, value)
    if not isinstance(value, Problem):
        raise ProblemError(
            f"the problem {spec!r} is of type {type(value).__name__}; expected a search.Problem "
            f"(name, objective, hypermodel, load_data), or {EXPECTED}"
        )
    return value


def name_of(spec: str) -> str:
    """Import the problem that a text names and return the name that it has itself; see `load_searched`."""
    return load_searched(spec).name


def problems_of(module: str) -> list[str]:
    """Import a module or file and return the names of its problems; where it has none, of the objectives it defines.

    Raises:
        UserError: it fails to import.
    """
    return problems_in(import_module(module, module))


def problems_in(module: object) -> list[str]:
    """Return the names of a module's problems; where it has none, of the objectives that it defines."""
    return _problems_in(module) or _objectives_in(module)


def _problems_in(module: object) -> list[str]:
    return [name for name, value in vars(module).items() if isinstance(value, Problem)]


def _objectives_in(module: object) -> list[str]:
    here = getattr(module, "__name__", None)
    defined = [name for name, value in vars(module).items() if getattr(value, "__module__", None) == here]
    return [name for name in defined if takes_trial(vars(module)[name])]


def check_not_importing() -> None:
    """Refuse to search while a problem's module is being imported: the module would run the search in every worker.

    Raises:
        ProblemError: one is.
    """
    if _importing:
        raise ProblemError(
            f"{_importing[-1]} runs a search while it is imported, and workers import it for its problem; put what "
            'runs the search under: if __name__ == "__main__":'
        )


def import_module(module: str, spec: str) -> object:
    """Import a problem's module or ``.py`` file, which errors call ``spec``; they are as in `load_problem`."""
    folder = os.getcwd()
    if folder not in sys.path:
        sys.path.insert(0, folder)
    _importing.append(module)
    try:
        return _import_file(Path(module)) if module.endswith(".py") else importlib.import_module(module)
    except UserError:
        raise
    except ModuleNotFoundError as error:
        if error.name and (module == error.name or module.startswith(error.name + ".")):
            raise NotFoundError(
                f"the problem {spec!r}: there is no module {error.name!r} here or in the installed packages"
            ) from None
        raise ProblemError(f"the problem {spec!r} needs the module {error.name!r}, which is not installed") from error
    except SystemExit as error:
        raise ProblemError(
            f"the problem {spec!r} ends the program while it is imported; put what does so under: "
            'if __name__ == "__main__":'
        ) from error
    except Exception as error:
        raise ProblemError(f"the problem {spec!r} fails to import: {placed_line(error)}") from error
    finally:
        _importing.pop()


def _import_file(path: Path) -> ModuleType:
    """Import a file as a module of its name, with its folder among those that are searched for what it imports.

    Raises:
        NotFoundError: there is no such file.
        ProblemError: another module has its name.
    """
    if not path.is_file():
        raise NotFoundError(f"there is no file {str(path)!r}; a worker looks for it from its working folder")
    name, place = path.stem, path.resolve()
    present = sys.modules.get(name)
    if present is not None:
        if Path(getattr(present, "__file__", None) or "").resolve() == place:
            return present
        raise ProblemError(f"the file {str(path)!r} has the name of another module, {name!r}; rename it")
    if str(place.parent) not in sys.path:
        sys.path.insert(0, str(place.parent))
    module_spec = importlib.util.spec_from_file_location(name, place)
    if module_spec is None or module_spec.loader is None:
        raise ProblemError(f"the file {str(path)!r} is no Python module")
    module = importlib.util.module_from_spec(module_spec)
    sys.modules[name] = module
    try:
        module_spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise
    return module
