"""The command that goes on with a confirmation, and at its end chooses the winner."""

from __future__ import annotations

import shlex

from search.records.studies import StudyRecord


def confirm_command(record: StudyRecord) -> str:
    """Return the command that goes on with a study that confirms another, for a shell; without its options of a run.

    Raises:
        ValueError: the study confirms none.
    """
    plan = record.settings.confirms
    if plan is None:
        raise ValueError(f"{record.name!r} confirms no study")
    named = [] if record.name == f"{plan.study}-confirm" else ["--as", record.name]
    return shlex.join(["search", "confirm", plan.study, *named])
