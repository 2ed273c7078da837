"""Recorded source is unpacked below its folder only, and only where there is some."""

from __future__ import annotations

from pathlib import Path

import pytest

from registry import IntegrityError, NotFoundError, Registry
from registry.values.recipes.recipe import Recipe
from search.reproduce.recorded_code import unpack


@pytest.fixture
def version(tmp_path: Path):
    with Registry(f"sqlite:///{tmp_path}/studies.db", create=True) as registry:
        return registry.register("toy", weights=None, score=0.5, metric="val_loss", direction="min")


def recipe(**source: str) -> Recipe:
    return Recipe(problem="m:p", settings={}, source=source)


def test_files_are_written_below_the_folder(version, tmp_path) -> None:
    folder = tmp_path / "fresh"
    unpack(version, recipe(**{"m.py": "x = 'ü'\n", "a/b/c.py": ""}), str(folder))
    assert sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*.py")) == ["a/b/c.py", "m.py"]
    assert (folder / "m.py").read_text(encoding="utf-8") == "x = 'ü'\n"


@pytest.mark.parametrize("name", ["../m.py", "/etc/m.py", "a/../../m.py", "m.txt", "a\\m.py", "m\0.py", ""])
def test_a_name_that_leads_elsewhere_is_refused(version, tmp_path, name) -> None:
    with pytest.raises(IntegrityError, match="expected one below the project's folder"):
        unpack(version, recipe(**{name: "import os\n"}), str(tmp_path / "fresh"))


def test_without_recorded_source_it_says_why(version, tmp_path) -> None:
    with pytest.raises(NotFoundError, match="has no recorded source: none was recorded with it; --code current"):
        unpack(version, None, str(tmp_path))
    none = Recipe(problem="m:p", settings={}, no_source="the source is not in UTF-8")
    with pytest.raises(NotFoundError, match="has no recorded source: the source is not in UTF-8"):
        unpack(version, none, str(tmp_path))
