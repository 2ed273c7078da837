"""The source of a problem: its module, and what that imports of the same project."""

from __future__ import annotations

import ast
import subprocess
import sys
import sysconfig
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from search.problems.finding.resolve import installed_problems, split_spec

LARGEST = 5_000_000  # bytes, of all files
PROGRAM = ("search", "registry")  # its own version says what it is
INSTALLED = {"site-packages", "dist-packages"}
GIT_SECONDS = 10


@dataclass(frozen=True)
class ProblemSource:
    """A problem's files by name, as ``package/module.py``; or why there are none."""

    files: Mapping[str, str] = field(default_factory=dict)
    left_out: str | None = None
    diff: str | None = None


def read_source(spec: str) -> ProblemSource:
    """Return the source of a problem that this process has imported.

    What an import statement names is followed, also within functions, where it lies below the folder of the problem's
    file or package, or below the working folder. Installed packages are not: their versions say what they are.

    Args:
        spec: the problem, as `search.problems.finding.resolve.load_problem` takes it.
    """
    module, file = _module_of(spec)
    if module.partition(".")[0] in PROGRAM:
        return ProblemSource(left_out="the problem is a part of this program")
    if file is None:
        return ProblemSource(left_out=f"the module {module!r} has no source file")
    root = file.parents[module.count(".") + (file.name == "__init__.py")]
    standard = Path(sysconfig.get_path("stdlib"))
    if INSTALLED & set(root.parts) or root == standard:
        return ProblemSource(left_out="the problem is installed as a package; its version is recorded")
    paths = _followed(module, file, [root, Path.cwd()])
    size = sum(path.stat().st_size for path in paths.values())
    if size > LARGEST:
        return ProblemSource(left_out=f"the source has {size} bytes in {len(paths)} files, more than {LARGEST}")
    try:
        files = {name: path.read_text(encoding="utf-8") for name, path in sorted(paths.items())}
    except ValueError:
        return ProblemSource(left_out="the source is not in UTF-8")
    return ProblemSource(files, diff=_uncommitted(root, list(paths.values())))


def _module_of(spec: str) -> tuple[str, Path | None]:
    """Return the name of a problem's module and its file; of a ``FILE.py`` the name that it is imported by."""
    module, attr = split_spec(spec)
    if not attr:
        module = installed_problems()[spec].module
    if module.endswith(".py"):
        return Path(module).stem, Path(module).resolve()
    file = getattr(sys.modules[module], "__file__", None)
    return module, Path(file).resolve() if file and file.endswith(".py") else None


def _followed(module: str, file: Path, roots: Sequence[Path]) -> dict[str, Path]:
    """Return the files of a module, of the packages that it is in, and of what they import, by name."""
    paths: dict[str, Path] = {}
    waiting: list[tuple[str, Path | None]] = [(module, file)]
    while waiting:
        name, start = waiting.pop()
        if name.partition(".")[0] in PROGRAM:
            continue
        package, _, _ = name.rpartition(".")
        path = start or _file_of(name, roots)
        if package:
            waiting.append((package, None))
        if path is None:
            continue
        is_package = path.name == "__init__.py"
        stored = f"{name.replace('.', '/')}{'/__init__' if is_package else ''}.py"
        if stored not in paths:
            paths[stored] = path
            waiting += ((imported, None) for imported in _imports(path, name if is_package else package))
    return paths


def _file_of(module: str, roots: Sequence[Path]) -> Path | None:
    below = module.replace(".", "/")
    for root in roots:
        for path in (root / below / "__init__.py", root / f"{below}.py"):
            if path.is_file():
                return path
    return None


def _imports(path: Path, package: str) -> Iterator[str]:
    """Yield the names that a file imports, and those that may be modules; ``package`` is what dots are relative to."""
    try:
        tree = ast.parse(path.read_bytes())
    except (ValueError, SyntaxError):  # of a file that is imported only where it can be
        return
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            parts = package.split(".") if node.level else []
            base = ".".join([*parts[: len(parts) - node.level + 1], *filter(None, [node.module])])
            yield from filter(None, [base])
            yield from (f"{base}.{alias.name}" if base else alias.name for alias in node.names)


def _uncommitted(folder: Path, paths: Sequence[Path]) -> str | None:
    """Return how files differ from the commit, those that git tracks; None where there is no repository."""
    command = ["git", "-C", str(folder), "diff", "--no-ext-diff", "--no-textconv", "HEAD", "--", *map(str, paths)]
    try:
        done = subprocess.run(command, capture_output=True, timeout=GIT_SECONDS, check=True)  # noqa: S603
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.decode(errors="replace")
