"""Make a study's recipe in the process that trains."""

from __future__ import annotations

import platform
from collections.abc import Callable
from functools import cache
from typing import Any

from registry.values.recipes.recipe import Recipe
from search.recipe import machine
from search.recipe.source import read_source
from search.system.placement import Place


def recipe_maker(problem: str, settings: dict[str, Any], place: Place) -> Callable[[], Recipe]:
    """Return what makes the recipe, once, when the first winner asks for it.

    The source is read now, for it may be changed on the disk while the study runs; what takes longer is asked later.

    Args:
        problem: the study's, which this process has imported.
        settings: the study's, as JSON values.
        place: where this process trains.
    """
    source = read_source(problem)

    @cache
    def make() -> Recipe:
        model, flags = machine.processor()
        return Recipe(
            problem=problem,
            settings=settings,
            source=source.files,
            no_source=source.left_out,
            diff=source.diff,
            program=machine.program(),
            packages=machine.packages(),
            python=platform.python_version(),
            processor=model if place.gpu is None else machine.graphics(),
            flags=flags,
            device="cpu" if place.gpu is None else "gpu",
            threads=place.threads,
        )

    return make
