"""What a shell completes words to: names of studies and of problems."""

from __future__ import annotations

import typer

from registry.core.console import quietly


def study_names(ctx: typer.Context, incomplete: str) -> list[str]:
    """Return the names of the database's studies that begin with a text."""

    def names() -> list[str]:
        from registry.core.database.engine import open_engine
        from registry.core.database.url import default_url
        from search.records.studies import study_names as names_in

        return names_in(open_engine(ctx.params.get("storage") or default_url(), must_exist=True))

    return [name for name in quietly(names) if name.startswith(incomplete)]


def problem_names(incomplete: str) -> list[str]:
    """Return the names of the installed problems that begin with a text."""

    def names() -> list[str]:
        from search.problems.finding.resolve import installed_problems

        return sorted(installed_problems())

    return [name for name in quietly(names) if name.startswith(incomplete)]
