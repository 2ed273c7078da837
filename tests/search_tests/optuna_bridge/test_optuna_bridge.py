"""What Optuna's samplers and pruners see: proposals, peers, patience, and trials that others change."""

import optuna
import pytest

from registry.core.database.transaction import writing
from registry.core.errors import DatabaseUnavailable, UsageError
from registry.values.stop_reason import StopReason
from search.api.study import Study
from search.coordination import control, slots
from search.coordination.lease import Lease
from search.errors import SettingsError
from search.optuna_bridge.pruners import StalledPruner, make_pruner
from search.optuna_bridge.samplers import SAMPLERS, make_sampler, nth_point
from search.optuna_bridge.storage import closing_storage
from search.optuna_bridge.view.worker_storage import OptunaView
from search.records.results import TrialResult
from search.records.settings import Settings
from search.worker.scheduling.sampler_view import begin_trial


class Bench:
    """A study and a worker's view of it."""

    def __init__(self, engine, record, worker):
        self.engine, self.record, self.worker = engine, record, worker
        self.view = OptunaView(engine, record)
        self.study = optuna.load_study(study_name=record.name, storage=self.view)

    def begin(self, first_params=None):
        """Claim a slot and return its lease and its trial."""
        claim = slots.claim(self.engine, self.record.id, self.worker, fixed_params=lambda number: first_params)
        return Lease(self.engine, claim), self.load_own_trial(claim)

    def load_own_trial(self, claim):
        """Return a claimed slot's trial."""
        self.view.load_own_trial(claim.trial_id)
        return begin_trial(self.study, claim.trial_id)

    def report(self, lease, epoch=1):
        """Write what the trial has gathered."""
        with self.view.flushing() as changes:
            lease.progress(epoch, None, None, changes)

    def end(self, lease, score, reason=StopReason.MAX_EPOCHS):
        """Close the slot."""
        fields = {"trial": 0, "seed": 0, "params": {}, "curves": {}, "epoch": 1, "seconds": 1.0}
        with self.view.flushing() as changes, writing(self.engine) as connection:
            lease.finish(connection, TrialResult(score=score, stop_reason=reason, **fields), changes)


@pytest.fixture
def bench(engine, make_study, add_worker):
    """Give a bench, on each kind of database."""
    study = make_study(engine, budget=12)
    return Bench(engine, study, add_worker(engine, study))


@pytest.fixture
def sqlite_bench(sqlite_engine, make_study, add_worker):
    """Give a bench for what is the same on every database."""
    study = make_study(sqlite_engine, budget=12)
    return Bench(sqlite_engine, study, add_worker(sqlite_engine, study))


def objective(trial):
    """Ask for a number, a step, a log and a choice."""
    return (
        trial.suggest_float("a", 0, 1),
        trial.suggest_int("b", 1, 9, step=2),
        trial.suggest_float("c", 1e-3, 1, log=True),
        trial.suggest_categorical("d", ["x", None, True]),
    )


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"sampler": "tpee"}, "the sampler is 'tpee'; expected one of: tpe, gp, cmaes, nsga2, random, qmc, grid"),
        ({"pruner": "x"}, "the pruner is 'x'; expected one of: hyperband, asha, median, percentile, none"),
    ],
)
def test_wrong_names_are_refused_before_anything_is_made(values, message, tmp_path):
    with pytest.raises(UsageError) as caught:
        Study.create("s", problem="search.toy:toy", trials=1, storage=f"sqlite:///{tmp_path}/s.db", **values)
    assert str(caught.value) == message
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", SAMPLERS)
def test_each_sampler_proposes_the_same_again_for_the_same_trial(name, tmp_path):
    if name == "gp":
        pytest.importorskip("torch")
    point = {"a": 0.5, "b": 3, "c": 0.1, "d": None}

    def proposals():
        study = optuna.create_study(direction="maximize")
        seen = []
        for number in range(14):
            study.sampler = make_sampler(Settings(sampler=name, seed=1), number=number, grid_point=lambda: point)
            trial = study.ask()
            seen.append(objective(trial))
            study.tell(trial, seen[-1][0])
        return seen

    first = proposals()
    assert first == proposals()
    assert len(set(first)) == (1 if name == "grid" else 14)


def test_a_grid_without_the_asked_param_says_what_to_do():
    sampler = make_sampler(Settings(sampler="grid"), number=0, grid_point=lambda: {"a": 1})
    with pytest.raises(SettingsError, match="the grid has no 'b': .* ask for it in build, too"):
        sampler.sample_independent(None, None, "b", None)


def test_a_used_up_grid_says_so():
    assert nth_point(iter([{"a": 1}, {"a": 2}]), 1) == {"a": 2}
    with pytest.raises(SettingsError, match="the grid has no point 2: it is used up"):
        nth_point(iter([{"a": 1}, {"a": 2}]), 2)


def test_the_first_trial_may_take_given_params(bench):
    _, trial = bench.begin({"a": 0.25})
    assert trial.suggest_float("a", 0, 1) == 0.25


def test_a_continued_trial_keeps_its_params(bench):
    lease, trial = bench.begin()
    values = objective(trial)
    with bench.view.flushing() as changes:
        lease.start({}, changes, 0)
    bench.study.sampler = optuna.samplers.RandomSampler(seed=99)
    assert objective(bench.load_own_trial(lease.claim)) == values


def test_optunas_own_tools_read_what_the_view_wrote(bench):
    lease, trial = bench.begin()
    values = objective(trial)
    trial.report(0.5, 1)
    trial.report(float("nan"), 2)
    trial.report(float("-inf"), 3)
    trial.set_user_attr("who", ["me"])
    bench.report(lease)
    bench.end(lease, 0.5)
    with closing_storage(bench.engine, readonly=True) as storage:
        seen = optuna.load_study(study_name="s", storage=storage).trials[0]
    assert tuple(seen.params.values()) == values
    assert seen.intermediate_values == pytest.approx({1: 0.5, 2: float("nan"), 3: float("-inf")}, nan_ok=True)
    assert (seen.value, seen.user_attrs["who"]) == (0.5, ["me"])
    mine = OptunaView(bench.engine, bench.record).get_all_trials(0)[0]
    assert (mine.params, mine.distributions, mine.user_attrs) == (seen.params, seen.distributions, seen.user_attrs)


def test_a_view_sees_what_others_change_and_keeps_what_has_ended(bench, count_statements):
    other = Bench(bench.engine, bench.record, bench.worker)
    leases = [other.begin()[0] for _ in range(3)]
    other.end(leases[2], 0.3)  # a later trial that ends first
    assert [t.state.name for t in bench.study.trials] == ["RUNNING", "RUNNING", "COMPLETE"]
    other.load_own_trial(leases[0].claim).report(0.1, 1)
    other.report(leases[0])
    other.end(leases[1], 0.2)
    seen = bench.study.trials
    assert [t.value for t in seen] == [None, 0.2, 0.3]
    assert seen[0].intermediate_values == {1: 0.1}
    control.drop(bench.engine, bench.record, [1])
    assert [t.number for t in bench.study.trials] == [0, 2]


def test_a_long_study_costs_no_more_to_look_at(sqlite_engine, make_study, add_worker, count_statements):
    study = make_study(sqlite_engine, budget=40)
    bench = Bench(sqlite_engine, study, add_worker(sqlite_engine, study))

    def look_after(trials):
        for _ in range(trials):
            bench.end(bench.begin()[0], 0.5)
        bench.view.get_all_trials(0)
        with count_statements() as seen:
            bench.view.get_all_trials(0)
        return len(seen)

    assert look_after(2) == look_after(30)


@pytest.mark.parametrize("name", ["create_new_trial", "delete_study", "set_trial_state_values", "get_all_studies"])
def test_what_only_a_lease_may_do_is_refused(sqlite_bench, name):
    arguments = {"get_all_studies": (), "set_trial_state_values": (0, None)}.get(name, (0,))
    with pytest.raises(NotImplementedError, match="may read and stop its study, and change nothing else of it"):
        getattr(sqlite_bench.view, name)(*arguments)


def test_a_trial_of_somebody_else_cannot_be_written(sqlite_bench):
    _, mine = sqlite_bench.begin()
    with pytest.raises(ValueError, match="trial 999 is not this worker's"):
        sqlite_bench.view.set_trial_user_attr(999, "x", 1)
    assert mine.user_attrs == {}


@pytest.mark.parametrize("name", ["tpe", "cmaes", "qmc"])
def test_samplers_work_through_the_view(sqlite_bench, name):
    for number in range(12):
        lease, trial = sqlite_bench.begin()
        sqlite_bench.study.sampler = make_sampler(Settings(sampler=name), number=number, grid_point=lambda: {})
        trial = sqlite_bench.load_own_trial(lease.claim)
        score = trial.suggest_float("a", 0, 1) + trial.suggest_float("b", 0, 1)
        frozen = sqlite_bench.view.get_trial(lease.claim.trial_id)
        sqlite_bench.study.sampler.after_trial(sqlite_bench.study, frozen, optuna.trial.TrialState.COMPLETE, [score])
        sqlite_bench.end(lease, score)
    assert len({t.params["a"] for t in sqlite_bench.study.trials}) == 12


def classify_exit(bench, settings, curves):
    """Let trials report their curves one after another; return the epoch at which each was pruned, or None."""
    bench.study.pruner = make_pruner(settings, settings.max_epochs)
    ends = []
    for curve in curves:
        lease, trial = bench.begin()
        pruner = StalledPruner(bench.study, trial, settings)
        end = next((epoch for epoch, value in enumerate(curve, 1) if pruner(epoch, value)), None)
        ends.append(end)
        reason = StopReason.PRUNED if end else StopReason.MAX_EPOCHS
        bench.end(lease, max(curve[: end or len(curve)]), reason)
    return ends


GOOD = [0.5, 0.6, 0.7, 0.8, 0.9, 0.91]
RISING = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6]
STALLED = [0.1, 0.2, 0.2, 0.2, 0.15, 0.6]


@pytest.mark.parametrize("pruner", ["median", "percentile", "asha", "hyperband"])
def test_a_trial_that_still_improves_is_left_alone(sqlite_bench, pruner):
    settings = Settings(pruner=pruner, prune_patience=2, max_epochs=6)
    assert classify_exit(sqlite_bench, settings, [GOOD] * 6 + [RISING] * 3) == [None] * 9


def test_a_stalled_trial_is_pruned_when_its_peers_say_so(sqlite_bench):
    settings = Settings(pruner="median", prune_patience=2, max_epochs=6)
    # Its best is of epoch 2; PatientPruner waits for epochs that are strictly worse than the best before.
    assert classify_exit(sqlite_bench, settings, [GOOD] * 6 + [STALLED]) == [None] * 6 + [None]
    assert classify_exit(sqlite_bench, settings, [[0.3, 0.2, 0.1, 0.1, 0.1, 0.1]])[-1] == 3


def test_a_verdict_of_a_rung_stands_until_the_trial_stalls(sqlite_bench):
    settings = Settings(pruner="asha", prune_patience=1, max_epochs=6)
    hopeless = [0.1, 0.2, 0.25, 0.24, 0.3, 0.3]  # loses at the rungs of epochs 1 and 3, stalls at epoch 4
    assert classify_exit(sqlite_bench, settings, [GOOD] * 6 + [hopeless])[-1] == 4


def test_without_patience_the_pruner_is_heard_at_once(sqlite_bench):
    settings = Settings(pruner="median", prune_patience=0, max_epochs=6)
    assert classify_exit(sqlite_bench, settings, [GOOD] * 6 + [RISING])[-1] == 1


def test_no_pruner_prunes_nothing(sqlite_bench):
    settings = Settings(pruner="none", prune_patience=0, max_epochs=6)
    assert classify_exit(sqlite_bench, settings, [GOOD] * 6 + [STALLED]) == [None] * 7


def test_a_pruned_trial_says_against_whom(sqlite_bench):
    settings = Settings(pruner="median", prune_patience=0, max_epochs=6)
    classify_exit(sqlite_bench, settings, [GOOD] * 5)
    _, trial = sqlite_bench.begin()
    verdict = StalledPruner(sqlite_bench.study, trial, settings)(1, 0.4)
    assert (verdict["pruner"], verdict["epoch"], verdict["value"]) == ("median", 1, 0.4)
    assert (verdict["peers"], verdict["better_peers"], verdict["median"]) == (5, 5, 0.5)
    assert verdict["best_peers"][0] == {"trial": 0, "value": 0.5}


def test_a_pruner_that_is_continued_knows_what_it_knew(sqlite_bench):
    settings = Settings(pruner="asha", prune_patience=1, max_epochs=6)
    hopeless = [0.1, 0.2, 0.25, 0.24]
    classify_exit(sqlite_bench, settings, [GOOD] * 6)
    lease, trial = sqlite_bench.begin()
    first = StalledPruner(sqlite_bench.study, trial, settings)
    assert [first(epoch, value) for epoch, value in enumerate(hopeless[:3], 1)] == [None] * 3
    kept = first.state()
    sqlite_bench.report(lease, 3)
    # The worker dies; another continues after the checkpoint of epoch 3, or begins anew without one.
    again = StalledPruner(sqlite_bench.study, sqlite_bench.load_own_trial(lease.claim), settings)
    sqlite_bench.view.rewind_to(range(4), kept["system_attrs"])
    again.restore(kept)
    assert again(4, hopeless[3])["better_peers"] == 6
    anew = StalledPruner(sqlite_bench.study, sqlite_bench.load_own_trial(lease.claim), settings)
    sqlite_bench.view.rewind_to((), anew.first_attrs())
    assert [bool(anew(epoch, value)) for epoch, value in enumerate(hopeless, 1)] == [False, False, False, True]


def test_nobody_is_pruned_while_the_database_is_away(sqlite_bench):
    settings = Settings(pruner="median", prune_patience=0, max_epochs=6)
    classify_exit(sqlite_bench, settings, [GOOD] * 6)
    _, trial = sqlite_bench.begin()

    class Away(optuna.pruners.MedianPruner):
        def prune(self, study, trial):
            raise DatabaseUnavailable("nobody answers")

    sqlite_bench.study.pruner = Away()
    pruner = StalledPruner(sqlite_bench.study, trial, settings)
    assert pruner(1, 0.1) is None
    sqlite_bench.study.pruner = make_pruner(settings, settings.max_epochs)
    assert pruner(2, 0.1)["better_peers"] == 6
