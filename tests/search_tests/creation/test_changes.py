"""A study that no trial was judged in follows a mended objective; any other keeps its own."""

import optuna
import pytest
import sqlalchemy as sa

from registry.core.database.transaction import reading
from registry.core.objective import Objective
from search.coordination import slots
from search.coordination.lease import Lease
from search.creation.changes import follow_objective
from search.errors import ChangedProblem
from search.optuna_bridge.storage import closing_storage
from search.schema import slots as table

LOSS = Objective("val_loss", "min")


def test_it_follows_and_begins_its_trials_again(engine, make_study, add_worker):
    study = make_study(engine, "s")
    claim = slots.claim(engine, study.id, add_worker(engine, study))
    Lease(engine, claim, 60.0).release("failed", "no such metric")
    followed = follow_objective(engine, study, LOSS)
    assert (followed.objective, followed.stopping, followed.error) == (LOSS, False, None)
    with closing_storage(engine) as storage:
        loaded = optuna.load_study(study_name="s", storage=storage)
        assert loaded.direction == optuna.study.StudyDirection.MINIMIZE
    with reading(engine) as connection:
        assert set(connection.execute(sa.select(table.c.epoch, table.c.score))) == {(0, None)}
    assert follow_objective(engine, followed, LOSS) is followed


def test_not_while_a_trial_is_being_trained(engine, make_study, add_worker):
    study = make_study(engine, "s")
    slots.claim(engine, study.id, add_worker(engine, study))
    with pytest.raises(
        ChangedProblem, match=r"optimizes 'val_accuracy' \(max\), and its problem now 'val_loss' \(min\)"
    ):
        follow_objective(engine, study, LOSS)
