"""A worker in this process whose database or artifact store is away for a while."""

from datetime import timedelta

import pytest
import sqlalchemy as sa

from registry import choose_artifacts
from registry.core.errors import DatabaseUnavailable, StoreUnavailable
from registry.values.stop_reason import StopReason
from search.coordination.lease import Lease
from search.records.studies import read_study
from search.schema import attempts
from search.system.retry import Retry
from search.worker.attempt.attempt import Attempt


def test_a_training_goes_on_while_the_database_is_away(study):
    bench = study(trials=1, max_epochs=6)
    epochs = []

    class Away(Lease):
        def progress(self, epoch, *others):
            epochs.append(epoch)
            if epoch == 2:
                raise DatabaseUnavailable("nobody answers")
            return super().progress(epoch, *others)

    result = Attempt(bench.context, bench.claim(Away)).run()
    assert epochs == [1, 2]  # the others end before it is time to look again
    assert (result.stop_reason, len(result.curves["loss"])) == (StopReason.MAX_EPOCHS, 6)
    assert len(bench.optuna_trials()[0].intermediate_values) == 6
    assert bench.trials()[0].state == "finished"


class TestStoreAway:
    """The artifact store is a folder whose disk is not mounted."""

    @pytest.fixture
    def bench(self, study, tmp_path):
        bench = study(trials=2, max_epochs=1, top_k=2)
        choose_artifacts(bench.engine, str(tmp_path / "weights"))
        self.mounted(tmp_path, there=False)
        return bench

    def mounted(self, folder, *, there):
        names = ("away", "weights") if there else ("weights", "away")
        (folder / names[0]).rename(folder / names[1])

    def outcomes(self, bench):
        with bench.engine.connect() as connection:
            return list(connection.scalars(sa.select(attempts.c.outcome)))

    def test_it_is_waited_for(self, bench, tmp_path, caplog):
        waits = []

        def wait(seconds):
            waits.append(seconds)
            if len(waits) == 3:
                self.mounted(tmp_path, there=True)
            return False

        bench.context.retry = Retry(wait)
        assert [trial.stop_reason for trial in bench.work()] == [StopReason.MAX_EPOCHS] * 2
        assert waits == [0.1, 0.2, 0.4]
        assert "is not there; mount its disk" in caplog.text
        assert "the artifact store is back after about 1 s" in caplog.text
        assert [version.weights is None for version in bench.context.registry.list("toy")] == [False, False]
        assert bench.context.registry.verify(grace=timedelta(0)).clean

    def test_a_worker_that_waits_for_it_stops_when_it_is_asked_to(self, bench):
        bench.context.retry = Retry(lambda seconds: bench.stop.set() or True)
        assert [trial.state for trial in bench.work()] == ["waiting", "waiting"]
        assert self.outcomes(bench) == ["preempted"]

    def test_it_waits_an_hour_and_stops_nobody_else(self, bench, tmp_path):
        bench.context.retry = Retry(lambda seconds: False)
        with pytest.raises(StoreUnavailable, match="is not there"):
            bench.work()
        assert self.outcomes(bench) == ["failed"]
        study = read_study(bench.engine, "s")
        assert (study.stopping, study.error) == (False, None)
        self.mounted(tmp_path, there=True)
        assert [trial.state for trial in bench.work()] == ["finished", "finished"]
