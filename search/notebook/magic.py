"""``%%problem FILE``: a cell whose source workers can import."""

from __future__ import annotations

import sys
from importlib.util import cache_from_source
from pathlib import Path
from typing import Any

from registry.core.console import say
from registry.core.errors import UsageError
from search.problem_files.names import is_module_name, is_taken
from search.problems.finding.resolve import import_module, problems_in

MARK = "# A cell of a notebook, written by %%problem; change it there.\n"
DEFAULT = "problem.py"


def problem_magic(shell: Any, line: str, cell: str) -> None:
    """Write the cell to a file, which workers import, run it from there, and give the notebook its names.

    Usage: ``%%problem [FILE.py]``, ``problem.py`` without a name. Run again, it replaces the file; a file that no such
    cell wrote stays as it is. A search that was begun before is compared with what the file says now.
    """
    path = cell_file(line.strip() or DEFAULT)
    compile(cell, str(path), "exec")  # a fault is shown as of any cell, and the file that is there stays
    path.write_text(MARK + cell, encoding="utf-8")
    Path(cache_from_source(str(path))).unlink(missing_ok=True)  # is told from the source by the second alone
    sys.modules.pop(path.stem, None)
    module = import_module(str(path), str(path))
    shell.push({name: value for name, value in vars(module).items() if not name.startswith("__")})
    specs = [f"{path.stem}:{name}" for name in problems_in(module)]
    what = ", ".join(f"problem={spec!r}" for spec in specs) or "no search.Problem, no objective(trial)"
    say(f"{path.resolve()}: {what}")


def cell_file(name: str) -> Path:
    """Return the file in the working folder that a cell is written to.

    Raises:
        UsageError: the name is none that Python can import, or there is such a file that no cell wrote, or another
            module of that name.
    """
    path = Path(name if name.endswith(".py") else f"{name}.py")
    if path.name != str(path) or not is_module_name(path.stem):
        raise UsageError(
            f"the cell's file is {name!r}; expected a name of letters, digits and underscores, such as mine.py"
        )
    if path.exists() and not path.read_text(encoding="utf-8", errors="replace").startswith(MARK):
        raise UsageError(f"{path.resolve()} is there, and no %%problem wrote it; give another name: %%problem mine.py")
    if is_taken(path):
        raise UsageError(f"another module is called {path.stem!r} already; give another name: %%problem mine.py")
    return path
