"""When trials that fail one after another stop their study."""

import pytest

from registry.core.database.transaction import writing
from registry.core.error_text import describe_failure
from registry.values.stop_reason import StopReason
from search.coordination.lease import Lease
from search.coordination.slots import claim
from search.optuna_bridge.tables import Changes
from search.records.results import TrialResult
from search.records.shown.status import read_status
from search.records.studies import set_stopping

TRACE = "Traceback (most recent call last):\n  …\nRuntimeError: no luck"
REFUSED = "Traceback (most recent call last):\n  …\nkeras_tuner.src.errors.FailedTrialError: too slow"


@pytest.fixture
def end(sqlite_engine, add_worker):
    """Give a function that ends the next trials of a study, by their stop reasons; good ones get a score."""

    def end_trials(study, *reasons, error=TRACE):
        for reason in reasons:
            name = f"w{end_trials.count}"
            end_trials.count += 1
            add_worker(sqlite_engine, study, name)
            lease = Lease(sqlite_engine, claim(sqlite_engine, study.id, name))
            score = None if reason.failed else 0.5
            result = TrialResult(
                trial=lease.claim.number, seed=0, params={}, stop_reason=reason, curves={}, score=score,
                epoch=score and 1, seconds=1.0, error=error if score is None else None,
            )  # fmt: skip
            with writing(sqlite_engine) as connection:
                lease.finish(connection, result, Changes())
        status = read_status(sqlite_engine, study.name)
        return status.error if status.stopping else None

    end_trials.count = 0
    return end_trials


GOOD, ERROR, CRASHED, NAN = StopReason.MAX_EPOCHS, StopReason.ERROR, StopReason.CRASHED, StopReason.NAN


def test_failures_in_a_row_stop_the_study_and_say_why(sqlite_engine, make_study, end):
    study = make_study(sqlite_engine, budget=20, max_failures=3)
    assert end(study, GOOD, ERROR, CRASHED, GOOD, ERROR, ERROR) is None
    said = end(study, ERROR)
    assert said.startswith("the last 3 trials of 's' failed, so it was stopped; the last one's reason: error: RuntimeE")
    assert "the same command goes on" in said
    assert "\n" not in said


def test_its_commands_can_be_pasted_whatever_the_name(sqlite_engine, make_study, end):
    said = end(make_study(sqlite_engine, "$(x) y", max_failures=1), ERROR)
    for command in (
        "search report '$(x) y'`",
        "search retry '$(x) y' TRIAL…`",
        "search change '$(x) y' --max-failures",
    ):
        assert f"`{command}" in said


def test_after_a_stop_the_failures_are_counted_anew(sqlite_engine, make_study, end):
    study = make_study(sqlite_engine, budget=20, max_failures=2)
    assert end(study, ERROR, ERROR)
    set_stopping(sqlite_engine, study.id, stopping=False)
    assert end(study, ERROR) is None
    assert end(study, ERROR)


def test_what_params_may_be_to_blame_for_counts_only_before_the_first_score(sqlite_engine, make_study, end):
    study = make_study(sqlite_engine, budget=20, max_failures=2)
    assert end(study, GOOD, NAN, NAN, StopReason.OUT_OF_MEMORY) is None
    assert end(study, ERROR, ERROR, error=REFUSED) is None
    assert end(study, ERROR, CRASHED)
    other = make_study(sqlite_engine, "other", budget=20, max_failures=2)
    assert "nan" in end(other, NAN, NAN)


def test_zero_is_no_limit_and_older_studies_have_the_default(sqlite_engine, make_study, end):
    study = make_study(sqlite_engine, budget=20, max_failures=0)
    assert end(study, *[ERROR] * 12) is None
    assert make_study(sqlite_engine, "other").settings.max_failures == 5


@pytest.mark.parametrize(
    ("error", "said"), [(None, "nan"), ("", "nan"), ("a\n  b  \n", "nan: b"), ("x" * 300, "nan: " + "x" * 200)]
)
def test_a_failure_in_one_line(error, said):
    assert describe_failure("nan", error) == said
