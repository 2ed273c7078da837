"""What is logged of a study, and what becomes of trackers that fail."""

from __future__ import annotations

import multiprocessing

import pytest

from registry.core.database.transaction import writing
from registry.values.stop_reason import StopReason
from search.coordination import slots
from search.coordination.finish import close_slot
from search.coordination.lease import Lease
from search.optuna_bridge.tables import Changes
from search.records.results import TrialResult
from search.tracking.changed import ChangedTrials
from search.tracking.follow import Followed, follow


class Listed:
    """A tracker that keeps what it is told in a list."""

    def __init__(self):
        self.told, self.closed = [], False

    def log(self, trial):
        self.told.append((trial.number, dict(trial.curves), trial.stop_reason))

    def keep_model(self, trial, write):
        self.told.append(trial)

    def close(self):
        self.closed = True


class Away(Listed):
    """A tracker whose server is away for some calls."""

    def __init__(self, times):
        super().__init__()
        self.times = times

    def log(self, trial):
        if self.times:
            self.times -= 1
            raise OSError("no answer from http://ann:secret@host")
        super().log(trial)


@pytest.fixture
def begun(engine, make_study, add_worker):
    """Give a study, and the lease of its first trial, which has trained two epochs."""
    study = make_study(engine)
    lease = Lease(engine, slots.claim(engine, study.id, add_worker(engine, study)))
    lease.start({"units": 8}, Changes(), 0)
    lease.progress(2, 0.6, 2, Changes(reports={1: 0.5, 2: 0.6}))
    return study, lease


CURVES = {"val_accuracy": (0.5, 0.6), "loss": (2.0, 1.0)}
RESULT = TrialResult(0, 1, {"units": 8}, StopReason.MAX_EPOCHS, CURVES, 0.6, 2, 9.0)


def finish(engine, lease):
    with writing(engine) as connection:
        close_slot(connection, lease.claim.slot, lease.claim.trial_id, RESULT)


def test_a_trial_is_read_again_when_it_has_gone_on(engine, begun):
    study, lease = begun
    trials = ChangedTrials(engine, study)
    (running,) = trials.take()
    assert (running.params, running.curves, running.stop_reason) == ({"units": 8}, {"val_accuracy": [0.5, 0.6]}, None)
    assert list(trials.take()) == []
    finish(engine, lease)
    (ended,) = trials.take()
    assert ended.curves == {"val_accuracy": [0.5, 0.6], "loss": [2.0, 1.0]}
    assert (ended.score, ended.best_epoch, ended.stop_reason) == (0.6, 2, StopReason.MAX_EPOCHS)
    assert ended.tags["studies.stop_reason"] == "max_epochs"
    assert ended.tags["studies.study_version"] == "1"


def run_over(engine, study, *trackers, killed=False):
    """Follow a study whose run is over, or was killed, when the first look is made."""
    receiver, sender = multiprocessing.Pipe(duplex=False)
    if not killed:
        sender.send(None)
    sender.close()
    follow(engine, study, [(f"tracker-{place}", tracker) for place, tracker in enumerate(trackers)], receiver)


def test_what_is_left_is_logged_at_the_end(engine, begun):
    study, lease = begun
    finish(engine, lease)
    tracker = Listed()
    run_over(engine, study, tracker)
    assert tracker.told == [(0, {"val_accuracy": [0.5, 0.6], "loss": [2.0, 1.0]}, StopReason.MAX_EPOCHS)]
    assert tracker.closed


def test_who_was_killed_leaves_the_rest_to_who_goes_on(engine, begun):
    study, _ = begun
    tracker = Listed()
    run_over(engine, study, tracker, killed=True)
    assert tracker.told == []


def test_a_tracker_that_fails_is_told_of_once_and_the_others_go_on(engine, begun, caplog):
    study, _ = begun
    broken, well = Away(99), Listed()
    run_over(engine, study, broken, well)
    run = [(0, {"val_accuracy": [0.5, 0.6]}, None)]
    assert (broken.told, well.told) == ([], run)
    assert caplog.messages == [
        "logging to tracker-0 failed: OSError: no answer from http://***@host; the trials go on, and it is tried again"
    ]


def test_what_failed_is_logged_the_next_time(engine, begun):
    study, _ = begun
    tracker = Away(1)
    followed = Followed("tracker", tracker, ChangedTrials(engine, study))
    followed.look()
    followed.look()
    followed.look()
    assert tracker.told == [(0, {"val_accuracy": [0.5, 0.6]}, None)]
