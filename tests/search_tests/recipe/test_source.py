"""The source of a problem: its module and what that imports of the same project, and nothing else."""

from __future__ import annotations

import importlib
import subprocess
import sys
from pathlib import Path

import pytest

from search.recipe import machine, source
from search.recipe.make import recipe_maker
from search.recipe.source import read_source
from search.system.placement import Place


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Stand in a folder; give a function that writes files there, and imports one."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)

    def write(module: str | None = None, **files: str) -> Path:
        for name, text in files.items():
            path = tmp_path / f"{name.replace('__', '/')}.py"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        if module is not None:
            importlib.invalidate_caches()
            importlib.import_module(module)
        return tmp_path

    yield write
    for name in [name for name in sys.modules if name.startswith("recipe_")]:
        del sys.modules[name]


def test_a_module_is_read_with_what_it_imports(project) -> None:
    project(
        "recipe_a",
        recipe_a="import json, numpy\nfrom recipe_b import x\n",
        recipe_b="x = 1\ndef later():\n    import recipe_c\n    from search import Problem\n",
        recipe_c="import recipe_a\n",
        recipe_unused="",
    )
    found = read_source("recipe_a:problem")
    assert list(found.files) == ["recipe_a.py", "recipe_b.py", "recipe_c.py"]
    assert found.files["recipe_b.py"].startswith("x = 1")
    assert found.left_out is None


def test_a_package_is_read_with_its_parents_and_relative_imports(project) -> None:
    folder = project(recipe_p__sub__mod="from . import near\nfrom ..top import y\nfrom .. import side\n")
    for name, text in {"__init__": "", "top": "y = 2\n", "side": "", "sub/__init__": "", "sub/near": ""}.items():
        (folder / f"recipe_p/{name}.py").write_text(text)
    project("recipe_p.sub.mod")
    assert set(read_source("recipe_p.sub.mod:problem").files) == {
        "recipe_p/__init__.py",
        "recipe_p/top.py",
        "recipe_p/side.py",
        "recipe_p/sub/__init__.py",
        "recipe_p/sub/near.py",
        "recipe_p/sub/mod.py",
    }


def test_a_file_is_read_by_its_name(project) -> None:
    project(deep__recipe_f="import recipe_g\nimport recipe_h\n", deep__recipe_g="", recipe_h="")
    assert list(read_source("deep/recipe_f.py:problem").files) == ["recipe_f.py", "recipe_g.py", "recipe_h.py"]


def test_an_installed_problem_is_read_as_its_package() -> None:
    importlib.import_module("fmnist.problem")
    found = read_source("fmnist")
    assert "fmnist/networks/dense.py" in found.files
    assert not any(name.startswith(("search/", "registry/")) for name in found.files)


def test_what_has_no_source_of_its_own_says_why(project, monkeypatch) -> None:
    importlib.import_module("search.toy")
    assert read_source("search.toy:toy").left_out == "the problem is a part of this program"
    assert "installed as a package" in str(read_source("pluggy:x").left_out)
    importlib.import_module("math")
    assert read_source("math:pi").left_out == "the module 'math' has no source file"
    monkeypatch.setattr(source, "LARGEST", 10)
    project("recipe_large", recipe_large="# more than ten bytes\n")
    assert read_source("recipe_large:p").left_out == "the source has 22 bytes in 1 files, more than 10"


def test_a_file_in_another_encoding_is_left_out(project) -> None:
    folder = project()
    (folder / "recipe_latin.py").write_bytes(b"# coding: latin-1\nx = '\xe4'\n")
    project("recipe_latin")
    assert read_source("recipe_latin:p").left_out == "the source is not in UTF-8"


def test_the_uncommitted_difference_is_of_the_read_files_alone(project) -> None:
    folder = project("recipe_git", recipe_git="x = 1\n", secrets="password = 'old'\n")

    def git(*words: str) -> None:
        subprocess.run(["git", "-c", "user.name=a", "-c", "user.email=a@b", *words], cwd=folder, check=True)

    assert read_source("recipe_git:p").diff is None
    git("init", "-q")
    git("add", ".")
    git("commit", "-q", "-m", "all")
    assert read_source("recipe_git:p").diff == ""
    project(recipe_git="x = 2\n", secrets="password = 'new'\n")
    diff = str(read_source("recipe_git:p").diff)
    assert "+x = 2" in diff
    assert "password" not in diff


def test_the_source_is_that_of_the_beginning_and_the_recipe_is_made_once(project) -> None:
    project("recipe_m", recipe_m="x = 1\n")
    make = recipe_maker("recipe_m:p", {"seed": 3}, Place(None, 2))
    project(recipe_m="x = 2\n")
    recipe = make()
    assert make() is recipe
    assert recipe.source == {"recipe_m.py": "x = 1\n"}
    assert (recipe.problem, recipe.settings, recipe.device, recipe.threads) == ("recipe_m:p", {"seed": 3}, "cpu", 2)
    assert recipe.packages["numpy"] == importlib.import_module("numpy").__version__
    assert recipe.processor
    assert "search/training/trainer.py" in recipe.program
    assert list(recipe.packages) == sorted(recipe.packages, key=str.lower)
    assert recipe.packages is machine.packages()
