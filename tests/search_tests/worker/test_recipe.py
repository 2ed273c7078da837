"""What a worker keeps of how it trains costs no trial, whatever cannot be told."""

from __future__ import annotations

import sys
from dataclasses import replace

import pytest

from registry.values.recipes.recipe import Recipe
from search.system.placement import Place
from search.worker.recording.registration import recipe_of


def test_a_worker_packs_its_recipe_once(sqlite_engine, make_study) -> None:
    import search.toy  # noqa: F401 - as a worker has by then

    study = make_study(sqlite_engine, max_epochs=3)
    make = recipe_of(study, Place(None, 2))
    packed = make()
    assert packed is not None
    assert make() is packed
    recipe = Recipe.from_bytes(packed)
    assert (recipe.problem, recipe.threads, recipe.settings["max_epochs"]) == ("search.toy:toy", 2, 3)
    assert recipe.no_source == "the problem is a part of this program"


def test_a_recipe_that_cannot_be_made_is_none(sqlite_engine, make_study, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "nowhere", raising=False)
    assert recipe_of(replace(make_study(sqlite_engine), problem="nowhere:p"), Place(None))() is None
