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


@cache
def files() -> dict[str, Path]:
    """Return every module's file by the module's name."""
    paths = [path for package in PACKAGES for path in (ROOT / package).rglob("*.py")]
    return {".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): path for path in paths}


def imports(node: ast.AST, *, in_functions: bool, for_types: bool) -> Iterator[tuple[str, list[str]]]:
    """Yield what is imported: a module, and the names that are taken from it."""
    for child in ast.iter_child_nodes(node):
        if not for_types and isinstance(child, ast.If) and "TYPE_CHECKING" in ast.unparse(child.test):
            continue
        if isinstance(child, ast.Import):
            yield from ((alias.name, []) for alias in child.names)
        elif isinstance(child, ast.ImportFrom):
            assert child.level == 0, "imports are absolute"
            yield child.module or "", [alias.name for alias in child.names]
        elif in_functions or not isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef):
            yield from imports(child, in_functions=in_functions, for_types=for_types)


def graph() -> dict[str, set[str]]:
    """Return by module those of our modules that it imports, inside its functions and for types, too.

    The doors of rooms name for type checkers what they fetch when it is asked for; that is left out.
    """
    found: dict[str, set[str]] = {}
    for name, path in files().items():
        asked = imports(ast.parse(path.read_text()), in_functions=True, for_types=path.name != "__init__.py")
        found[name] = {target for module, names in asked for target in _targets(module, names)}
    return found


def _targets(module: str, names: list[str]) -> Iterator[str]:
    for target in (f"{module}.{name}" for name in names) if names else [""]:
        target = target if target in files() else module
        if target in files():
            yield target


def test_no_two_files_import_each_other() -> None:
    try:
        TopologicalSorter(graph()).prepare()
    except CycleError as error:
        raise AssertionError(f"these files import each other: {' -> '.join(reversed(error.args[1]))}") from None


def test_a_room_is_small_enough_to_be_known() -> None:
    rooms: dict[Path, list[Path]] = {}
    for path in files().values():
        if path.name != "__init__.py":
            rooms.setdefault(path.parent.relative_to(ROOT), []).append(path)
    lines = {room: sum(len(path.read_text().splitlines()) for path in paths) for room, paths in rooms.items()}
    too_large = {
        f"{room}: {len(paths)} files, {lines[room]} lines"
        for room, paths in rooms.items()
        if len(paths) > 12 or (lines[room] > 1000 and room != Path("registry/reports/sections"))
    }
    assert too_large == set()


def test_no_module_of_the_registry_imports_keras_or_optuna_when_it_is_imported() -> None:
    found = [
        f"{name} imports {module}"
        for name, path in files().items()
        if name.startswith("registry")
        for module, _ in imports(ast.parse(path.read_text()), in_functions=False, for_types=False)
        if module.partition(".")[0] in HEAVY
    ]
    assert found == []
