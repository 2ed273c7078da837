"""The command that confirms a study, or goes on with a confirmation and at its end chooses the winner."""

from __future__ import annotations

import shlex

from search.records.studies import StudyRecord


def confirm_command(record: StudyRecord) -> str:
    """Return the command that confirms a study, or goes on with one that confirms another; without options of a run."""
    plan = record.settings.confirms
    if plan is None:
        return shlex.join(["search", "confirm", record.name])
    named = [] if record.name == f"{plan.study}-confirm" else ["--as", record.name]
    return shlex.join(["search", "confirm", plan.study, *named])
