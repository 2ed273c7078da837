"""The recorded source of a version's problem, put where Python finds it first."""

from __future__ import annotations

import os
import sys
from pathlib import Path, PurePosixPath

from registry import ModelVersion
from registry.core.errors import IntegrityError, NotFoundError
from registry.values.recipes.recipe import Recipe
from search.errors import ProblemError
from search.problems.finding.resolve import installed_problems, split_spec


def unpack(version: ModelVersion, recipe: Recipe | None, folder: str) -> str:
    """Write the recorded files below a folder; return the folder.

    Raises:
        NotFoundError: none were recorded; says why.
        IntegrityError: a name leads out of the folder.
    """
    if recipe is None or not recipe.source:
        why = "none was recorded with it" if recipe is None else recipe.no_source
        raise NotFoundError(f"{version.ref} has no recorded source: {why}; --code current trains with what is here")
    for name, text in recipe.source.items():
        path = PurePosixPath(name)
        if path.is_absolute() or ".." in path.parts or path.suffix != ".py" or "\\" in name or "\0" in name:
            raise IntegrityError(f"{version.ref} has a recorded file {name!r}; expected one below the project's folder")
        file = Path(folder, *path.parts)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    return folder


def find_first_in(folder: str, problem: str) -> str:
    """Let this process import the recorded files before all others; return the problem's name there.

    Raises:
        ProblemError: the problem was imported before, from elsewhere.
    """
    sys.path[:0] = [folder, os.getcwd()]
    module, attr = split_spec(problem)
    if module.endswith(".py"):
        return f"{Path(folder, Path(module).name)}:{attr}"
    module = module if attr else installed_problems()[problem].module
    if module in sys.modules:
        raise ProblemError(f"the module {module!r} is imported already, so its recorded source cannot be")
    return problem
