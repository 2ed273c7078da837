"""Changes of a study that is there: its budget, and the problem that it goes on with."""

from __future__ import annotations

from sqlalchemy.engine import Engine

from registry.core.errors import UsageError
from registry.core.transaction import writing
from search.coordination import control, slots
from search.problems.fingerprint import check_unchanged
from search.problems.inspection import SLOW, inspect_problem
from search.records.events import note_changes
from search.records.studies import StudyRecord, accept_problem, read_study
from search.system.forkserver import call_in_child


def check_own_budget(study: StudyRecord) -> None:
    """Refuse to add trials to a confirmation, whose budget is configurations times seeds.

    Raises:
        UsageError: it is one.
    """
    plan = study.settings.confirms
    if plan is not None:
        raise UsageError(
            f"{study.name!r} confirms {plan.study!r} with {len(plan.trials)} configurations; "
            f"more seeds are what makes it larger: search confirm {plan.study} --seeds N"
        )


def raise_budget(engine: Engine, study: StudyRecord, trials: int) -> None:
    """Raise the budget to ``trials`` in sum; a study that has more keeps them."""
    with writing(engine) as connection:
        if slots.add_slots(connection, study.id, trials):
            control.check_open(connection, study)


def add_trials(engine: Engine, study: StudyRecord, trials: int) -> None:
    """Raise the budget by ``trials``.

    Raises:
        UsageError: not at least one, or the study is a confirmation.
    """
    if trials < 1:
        raise UsageError(f"the number of trials to add is {trials}; expected 1 or more")
    check_own_budget(study)
    with writing(engine) as connection:
        slots.add_slots(connection, study.id, slots.count_slots(connection, study.id) + trials)


def check_problem(study: StudyRecord, seconds: float | None = None) -> None:
    """Check that the study's problem loads here and is the one that the study began with.

    Raises:
        ProblemError: it does not load.
        ChangedProblem: its space or its data differ.
        TimeIsUp: it takes longer than ``seconds``.
    """
    now = call_in_child(inspect_problem, study.problem, seconds=seconds, slow=SLOW)
    check_unchanged(study, now.space_fingerprint, now.data_fingerprint)


def accept_changes(engine: Engine, study: StudyRecord, seconds: float | None = None) -> StudyRecord:
    """Take the problem's space and data as they are now for those of the study, and keep that it was done."""
    now = call_in_child(inspect_problem, study.problem, seconds=seconds, slow=SLOW)
    before, after = fingerprints(study), (now.space_fingerprint, now.data_fingerprint)
    if before == after:
        return study
    with writing(engine) as connection:
        accept_problem(connection, study.id, space=now.space, space_fingerprint=after[0], data_fingerprint=after[1])
        note_changes(connection, study.id, before, after)
    return read_study(engine, study.name)


def note_changes_since(engine: Engine, study: StudyRecord, parent: StudyRecord) -> None:
    """Keep that a study goes on from another whose problem had other fingerprints, where it had."""
    if fingerprints(parent) != fingerprints(study):
        with writing(engine) as connection:
            note_changes(connection, study.id, fingerprints(parent), fingerprints(study))


def fingerprints(study: StudyRecord) -> tuple[str, str]:
    """Return the fingerprints of a study's space and data."""
    return study.space_fingerprint, study.data_fingerprint
