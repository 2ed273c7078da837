"""Say what a problem's name means, without importing the problem: for what is wrong can be said at once."""

from __future__ import annotations

import ast
import os
import sys
from importlib.machinery import ModuleSpec, PathFinder
from pathlib import Path
from typing import Any

from registry.core.errors import NotFoundError, UsageError, did_you_mean
from search.errors import ProblemError
from search.problems.finding.resolve import installed_problems, problems_of, split_spec
from search.problems.objectives.function import defines_objective, imports, takes_trial
from search.problems.problem import Problem
from search.system.forkserver import call_in_child

DYNAMIC = ("globals(", "import *", "__getattr__", "setattr(", "exec(", "vars(")  # a name may come from anywhere


def find_spec_of(problem: Any) -> str:
    """Return the name by which any worker finds a problem: ``module:attr``, ``FILE.py:attr`` or an installed name.

    Args:
        problem: such a name; a ``FILE.py`` alone, where it holds one problem; or a `Problem`, or an objective of
            Optuna's, that a module holds.

    Raises:
        NotFoundError: no such file, module, attribute or installed problem.
        ProblemError: a problem that workers could not import.
        UsageError: neither a text nor a problem.
    """
    if isinstance(problem, Problem) or takes_trial(problem):
        return _spec_of_object(problem)
    if not isinstance(problem, str):
        raise UsageError(
            f"the problem is of type {type(problem).__name__}; expected 'module:attr', 'FILE.py:attr', the name of an "
            "installed problem, or a search.Problem or an objective(trial) that a module holds"
        )
    module, attr = split_spec(problem)
    if module == "__main__":
        return f"{_module_of_main(attr or 'problem')}:{attr}"
    if module.endswith(".py"):
        module = _module_of_file(module)
        attr = attr or _only_problem(module)
        return f"{module}:{attr}" if module.endswith(".py") else find_spec_of(f"{module}:{attr}")
    if not attr:
        _check_installed(problem)
        return problem
    module_spec = _find_module(module, problem)
    _check_attribute(module_spec, module, attr, problem)
    return problem


def module_of(problem: str) -> str:
    """Return the module, the file or the installed name that a problem's name begins with; as `find_spec_of` does.

    Raises:
        NotFoundError: no such file.
    """
    module, _ = split_spec(problem)
    return _module_of_file(module) if module.endswith(".py") else module


def is_objective_spec(spec: str) -> bool:
    """Tell by its source alone whether a name surely means an objective of Optuna's."""
    return defines_objective(_source_of(spec), split_spec(spec)[1])


def needs_tensorflow(spec: str) -> bool:
    """Tell by its source alone whether what a name means may need TensorFlow, which most objectives do not."""
    source = _source_of(spec)
    if not source or imports(source, ("keras", "keras_tuner", "tensorflow")):
        return True
    if defines_objective(source, split_spec(spec)[1]):
        return False
    return imports(source, ("search",)) or "problem" in source.lower()


def _source_of(spec: str) -> str:
    """Return the source of the module or file that a name begins with; empty where there is none to read."""
    module, attr = split_spec(spec)
    if not attr:
        return ""
    if not module.endswith(".py"):
        module_spec = _find_module(module, spec)
        module = str(module_spec.origin) if module_spec is not None and module_spec.has_location else ""
    try:
        return Path(module).read_text(encoding="utf-8") if module.endswith(".py") else ""
    except (OSError, ValueError):
        return ""


def _spec_of_object(problem: Any) -> str:
    # A script or a notebook comes last: what it imports, workers can import, too.
    for name, module in sorted(sys.modules.items(), key=lambda item: item[0] == "__main__"):
        for attr, value in list(getattr(module, "__dict__", {}).items()):
            if value is problem and name != "__mp_main__":
                return f"{_module_of_main(attr) if name == '__main__' else name}:{attr}"
    raise ProblemError(
        f"the problem {getattr(problem, 'name', problem)!r} is held by no module, so workers cannot import it; "
        "assign it to a name at the top level of a module, and give that: problem='module:name'"
    )


def _module_of_main(attr: str) -> str:
    """Return what the script that runs is called as a module."""
    path = getattr(sys.modules["__main__"], "__file__", None)
    if path is None or not str(path).endswith(".py"):
        raise ProblemError(
            f"{attr!r} is defined in a notebook or on the command line, where workers cannot import it; write it to a "
            f"file (in a notebook: %load_ext search.notebook, then %%problem mine.py at the top of its cell) and give "
            f"its name: problem='mine:{attr}'"
        )
    return _module_of_file(str(path))


def _module_of_file(text: str) -> str:
    """Return a file's module name where it lies in the working folder, else its path."""
    path = Path(text)
    if not path.is_file():
        near = [str(file) for file in sorted(path.parent.glob("*.py"))] if path.parent.is_dir() else []
        raise NotFoundError(f"there is no file {text!r}; {did_you_mean(text, near)}")
    if path.resolve().parent == Path.cwd().resolve() and path.stem.isidentifier():
        return path.stem
    return os.path.normpath(text)


def _only_problem(module: str) -> str:
    file = module if module.endswith(".py") else f"{module}.py"
    names = call_in_child(problems_of, module, tensorflow=needs_tensorflow(f"{file}:any"))
    if len(names) == 1:
        return names[0]
    if not names:
        raise NotFoundError(
            f"{module} holds no search.Problem and no objective(trial); write: NAME = Problem(...) at its top level"
        )
    raise NotFoundError(
        f"{module} holds {len(names)} problems; name one of them, as in {module}:{names[0]}: {', '.join(names)}"
    )


def _check_installed(name: str) -> None:
    installed = installed_problems()
    if name in installed:
        return
    if Path(f"{name}.py").is_file():
        raise NotFoundError(f"no installed problem is called {name!r}; for the one in the file here, say {name}.py")
    raise NotFoundError(
        f"no problem is called {name!r}; {did_you_mean(name, list(installed))} (or name your own as module:attr)"
    )


def _find_module(module: str, spec: str) -> ModuleSpec | None:
    """Find a module's file without importing it or its packages.

    Raises:
        NotFoundError: there is none.
    """
    path: Any = [os.getcwd(), *sys.path]
    parts, module_spec = module.split("."), None
    for count in range(1, len(parts) + 1):
        name = ".".join(parts[:count])
        if name in sys.modules and count < len(parts):
            path = getattr(sys.modules[name], "__path__", [])
            continue
        module_spec = sys.modules[name].__spec__ if name in sys.modules else None
        # By its last name: what is searched is its package's path, which may not be imported.
        module_spec = module_spec or PathFinder.find_spec(parts[count - 1], path)
        if module_spec is None:
            hint = ""
            if count == 1:
                near = did_you_mean(name, [file.stem for file in Path.cwd().glob("*.py")])
                hint = f"; {near}" if near.startswith("did") else ""
            raise NotFoundError(
                f"the problem {spec!r}: there is no module {name!r} here or in the installed packages{hint}"
            )
        locations: Any = module_spec.submodule_search_locations or []
        # A folder without __init__.py asks for its parent, which is not imported, when its path is gone through.
        path = list(getattr(locations, "_path", locations))
    return module_spec


def _check_attribute(module_spec: ModuleSpec | None, module: str, attr: str, spec: str) -> None:
    """Read a module's source for the names that it gives at its top level; say nothing where that is not clear.

    Raises:
        NotFoundError: the name is not among them.
    """
    if module_spec is None or not module_spec.has_location or not str(module_spec.origin).endswith(".py"):
        return
    try:
        source = Path(str(module_spec.origin)).read_text(encoding="utf-8")
        tree = ast.parse(source)
    except (OSError, ValueError, SyntaxError):
        return  # the import says it better
    if any(word in source for word in DYNAMIC):
        return
    names = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
    names |= {
        node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
    }
    names |= {
        (a.asname or a.name)
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom | ast.Import)
        for a in node.names
    }
    if attr not in names:
        likely = [
            target.id
            for node in tree.body
            if isinstance(node, ast.Assign) and isinstance(node.value, ast.Call)
            for target in node.targets
            if isinstance(target, ast.Name)
        ]
        functions = [node.name for node in tree.body if isinstance(node, ast.FunctionDef)]
        likely += [name for name in functions if defines_objective(source, name)]
        raise NotFoundError(
            f"the problem {spec!r}: module {module} has no {attr!r}; {did_you_mean(attr, likely or sorted(names))}"
        )
