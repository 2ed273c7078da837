"""What import-linter does not see: circles between files, and heavy imports outside of functions."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGES = ("search", "registry", "fmnist")
HEAVY = {"keras", "tensorflow", "optuna", "keras_tuner"}

# Files of search that import each other still; nothing is to be added.
KNOWN = {
    "search.confirm.conclude",
    "search.confirm.start",
    "search.launchers.launcher",
    "search.launchers.ray_cluster",
    "search.launchers.ray_task",
    "search.study",
}


@cache
def files() -> dict[str, Path]:
    """Return every module's file by the module's name."""
    paths = [path for package in PACKAGES for path in (ROOT / package).rglob("*.py")]
    return {".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): path for path in paths}


def imports(node: ast.AST, *, in_functions: bool) -> Iterator[tuple[str, list[str]]]:
    """Yield what is imported: a module, and the names that are taken from it; not what only type checkers read."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.If) and "TYPE_CHECKING" in ast.unparse(child.test):
            continue
        if isinstance(child, ast.Import):
            yield from ((alias.name, []) for alias in child.names)
        elif isinstance(child, ast.ImportFrom):
            assert child.level == 0, "imports are absolute"
            yield child.module or "", [alias.name for alias in child.names]
        elif in_functions or not isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef):
            yield from imports(child, in_functions=in_functions)


def graph() -> dict[str, set[str]]:
    """Return by module those of our modules that it imports, inside its functions, too."""
    found: dict[str, set[str]] = {}
    for name, path in files().items():
        asked = imports(ast.parse(path.read_text()), in_functions=True)
        found[name] = {target for module, names in asked for target in _targets(module, names)}
    return found


def _targets(module: str, names: list[str]) -> Iterator[str]:
    for target in (f"{module}.{name}" for name in names) if names else [""]:
        target = target if target in files() else module
        if target in files():
            yield target


def test_no_two_files_import_each_other() -> None:
    apart = {name: {to for to in targets if not {name, to} <= KNOWN} for name, targets in graph().items()}
    try:
        TopologicalSorter(apart).prepare()
    except CycleError as error:
        raise AssertionError(f"these files import each other: {' -> '.join(reversed(error.args[1]))}") from None


def test_every_known_circle_is_one() -> None:
    among = {name: targets & KNOWN for name, targets in graph().items() if name in KNOWN}
    reached = {name: _reached(among, name) for name in KNOWN & set(among)}
    assert {name for name, targets in reached.items() if name in targets} == KNOWN, "take what is mended out of KNOWN"


def _reached(among: dict[str, set[str]], start: str) -> set[str]:
    found: set[str] = set()
    waiting = list(among[start])
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting += among.get(name, ())
    return found


def test_no_module_of_the_registry_imports_keras_or_optuna_when_it_is_imported() -> None:
    found = [
        f"{name} imports {module}"
        for name, path in files().items()
        if name.startswith("registry")
        for module, _ in imports(ast.parse(path.read_text()), in_functions=False)
        if module.partition(".")[0] in HEAVY
    ]
    assert found == []
