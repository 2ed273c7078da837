"""What a search is in a Jupyter notebook: ``%load_ext search.notebook`` gives it the magic ``%%problem``."""

from __future__ import annotations

from typing import Any


def load_ipython_extension(shell: Any) -> None:
    """Register the magic; IPython calls this for ``%load_ext search.notebook``."""
    from search.notebook.magic import problem_magic

    def problem(line: str, cell: str) -> None:
        problem_magic(shell, line, cell)

    problem.__doc__ = problem_magic.__doc__
    shell.register_magic_function(problem, magic_kind="cell")
