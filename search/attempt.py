"""One claimed slot, from the ask to the tell: the heart of a trial's life."""

from __future__ import annotations

import hashlib
import logging
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import keras
import keras_tuner
import optuna
import tensorflow as tf
from optuna.trial import FrozenTrial
from sqlalchemy.engine import Engine

from registry import Registry
from registry.errors import DatabaseError, UserError
from search.dimensions import Dimension
from search.errors import Interrupted, LeaseLost
from search.hyperparameters import SampledHyperParameters
from search.inspection import check_model, one_line
from search.problem import Data, Problem
from search.pruning import StalledPruner
from search.recorder import record
from search.records import StudyRecord
from search.results import StopReason, TrialResult
from search.samplers import make_sampler, nth_point
from search.seeds import derive_seed
from search.slots import Lease
from search.space import Space
from search.storage import close_storage
from search.tell import attach_trial, tell
from search.training.monitor import Limits, Monitor
from search.training.resident import ResidentArrays
from search.training.snapshot import Snapshot
from search.training.trainer import Trainer

logger = logging.getLogger(__name__)

CHECK_SAMPLES = 8


@dataclass
class Workshop:
    """All that one worker needs for trial after trial.

    Args:
        engine: the database.
        study: the study that is worked on.
        optuna_study: the same, as Optuna sees it.
        registry: where winners go.
        problem: what is searched.
        hypermodel: the problem's.
        data: the problem's, as it was loaded.
        space: the problem's, to find a grid's points.
        should_stop: True once the worker was asked to stop.
    """

    engine: Engine
    study: StudyRecord
    optuna_study: optuna.Study
    registry: Registry
    problem: Problem
    hypermodel: Any
    data: Data
    space: Callable[[], Space]
    should_stop: Callable[[], bool]
    resident: tuple[ResidentArrays, ResidentArrays] | None = field(init=False)

    def __post_init__(self) -> None:
        arrays = isinstance(self.data.train, tuple) and isinstance(self.data.validation, tuple)
        own_fit = type(self.hypermodel).fit is not keras_tuner.HyperModel.fit
        self.resident = None
        if arrays and not own_fit:
            self.resident = (ResidentArrays(self.data.train), ResidentArrays(self.data.validation))

    def close(self) -> None:
        """Close all connections to the database."""
        self.registry.close()
        close_storage(self.optuna_study._storage)
        self.engine.dispose()

    def samples(self) -> Any:
        """Return a few validation inputs to check loaded models by, or None where they are not one array."""
        x: Any = self.data.validation[0] if isinstance(self.data.validation, tuple) else None
        return x[:CHECK_SAMPLES] if hasattr(x, "shape") else None


class Attempt:
    """Work on one claimed slot: a new trial, or one that another worker began.

    Args:
        shop: the worker's tools.
        lease: the slot's.
        lost: True once the heartbeat found the lease lost.
    """

    def __init__(self, shop: Workshop, lease: Lease, lost: Callable[[], bool] = lambda: False) -> None:
        self._shop, self._lease, self._lost = shop, lease, lost
        self._settings = shop.study.settings
        self._checkpointed = time.monotonic()
        self._trainer: Trainer | None = None

    def run(self) -> TrialResult | None:
        """Train the slot's trial to its end, record it and tell; return its result.

        Returns:
            None where an earlier worker had told already and only the slot was left to close.

        Raises:
            LeaseLost: another worker has the slot now.
            Interrupted: asked to stop; the checkpoint is kept and the slot handed back.
            UserError: the problem or the settings cannot work; the slot is handed back.
        """
        try:
            return self._run()
        except Interrupted:
            self._keep_checkpoint()
            self._lease.release()
            raise
        except DatabaseError:
            raise  # the lease cannot be given back; it expires
        except UserError:
            self._lease.release()
            raise
        finally:
            self._trainer = None
            keras.backend.clear_session()  # it collects garbage, too

    def _run(self) -> TrialResult | None:
        study = self._shop.optuna_study
        frozen = self._attach(study)
        seed = derive_seed(self._settings.seed, frozen.number)
        study.sampler = make_sampler(
            self._settings,
            number=frozen.number,
            grid_point=lambda: nth_point(self._shop.space().grid(), self._lease.claim.number),
        )
        if frozen.state.is_finished():
            result = _told(frozen, seed)
            self._lease.finish(result)
            return None
        trial = optuna.trial.Trial(study, frozen._trial_id)
        result, model = self._train(trial, seed)
        self._lease.beat()  # the last look before anything is written that a successor would write, too
        record(self._shop.registry, self._shop.study, result, model, self._shop.samples())
        tell(study, frozen._trial_id, result)
        self._lease.finish(result)
        return result

    def _attach(self, study: optuna.Study) -> FrozenTrial:
        claim = self._lease.claim
        first = self._shop.study.space["defaults"] if claim.number == 0 and self._settings.sampler != "grid" else None
        frozen = attach_trial(study, claim.number, claim.trial, first)
        if claim.trial is None:
            self._lease.attach(frozen.number)
        return frozen

    def _train(self, trial: optuna.Trial, seed: int) -> tuple[TrialResult, Any]:
        limits = Limits(self._settings.max_epochs, self._settings.patience, self._settings.trial_seconds)
        prune = StalledPruner(self._shop.optuna_study, trial, self._settings)
        monitor = Monitor(self._shop.problem.objective, limits, prune)
        hp = SampledHyperParameters(
            lambda found: _suggest(trial, found), frozenset(self._shop.study.space["ambiguous"])
        )
        model = None
        reason, error = None, None
        try:
            model = self._build(hp, seed)
            self._fit(model, hp, monitor, seed)
        except (Interrupted, LeaseLost, UserError):
            raise
        except (MemoryError, tf.errors.ResourceExhaustedError) as failure:
            reason, error = StopReason.OUT_OF_MEMORY, one_line(failure)
        except Exception as failure:
            logger.debug("trial %d failed", trial.number, exc_info=True)
            reason, error = StopReason.ERROR, "".join(traceback.format_exception(failure))
        return _result(trial.number, seed, hp, monitor, model, reason, error), model

    def _build(self, hp: SampledHyperParameters, seed: int) -> Any:
        keras.utils.set_random_seed(seed)
        model = self._shop.hypermodel.build(hp)
        check_model(model, self._shop.problem)
        self._lease.start(hp.values)
        return model

    def _fit(self, model: Any, hp: SampledHyperParameters, monitor: Monitor, seed: int) -> None:
        shop = self._shop
        batch_size = int(hp.values.get("batch_size") or shop.problem.batch_size)
        self._trainer = Trainer(model, monitor, on_epoch=self._after_epoch, should_stop=self._stop_now)
        resume = self._load_checkpoint()
        if shop.resident is not None and not model.run_eagerly:
            self._trainer.fit_resident(*shop.resident, batch_size=batch_size, seed=seed, resume=resume)
        else:
            fit = shop.hypermodel.fit

            def fit_with_hp(*args: Any, **kwargs: Any) -> Any:
                return fit(hp, *args, **kwargs)

            self._trainer.fit_keras(fit_with_hp, shop.data, batch_size=batch_size, resume=resume)

    def _stop_now(self) -> bool:
        if self._lost():
            raise LeaseLost
        return self._shop.should_stop()

    def _after_epoch(self, trainer: Trainer) -> None:
        monitor = trainer.monitor
        self._lease.progress(monitor.epochs, monitor.score, monitor.epoch)
        if monitor.stop_reason is None:
            if time.monotonic() - self._checkpointed >= self._settings.checkpoint_seconds:
                self._keep_checkpoint()
            if self._stop_now():
                raise Interrupted

    def _keep_checkpoint(self) -> None:
        if self._trainer is None or self._trainer.snapshot is None:
            return
        data = self._trainer.snapshot.to_bytes()
        self._lease.save_checkpoint(self._trainer.monitor.epochs, hashlib.sha256(data).hexdigest(), data)
        self._checkpointed = time.monotonic()

    def _load_checkpoint(self) -> Snapshot | None:
        found = self._lease.load_checkpoint()
        if found is None:
            return None
        sha256, data = found
        if hashlib.sha256(data).hexdigest() != sha256:
            logger.warning("the checkpoint of slot %d is damaged; its trial starts over", self._lease.claim.number)
            return None
        return Snapshot.from_bytes(data)


def _suggest(trial: optuna.Trial, found: Dimension) -> Any:
    return trial._suggest(found.name, found.distribution)


def _result(
    number: int,
    seed: int,
    hp: SampledHyperParameters,
    monitor: Monitor,
    model: Any,
    reason: StopReason | None,
    error: str | None,
) -> TrialResult:
    stop_reason = reason or monitor.stop_reason or StopReason.MAX_EPOCHS
    return TrialResult(
        trial=number,
        seed=seed,
        params=dict(hp.values),
        stop_reason=stop_reason,
        curves={metric: tuple(values) for metric, values in monitor.curves.items()},
        score=None if stop_reason.failed else monitor.score,
        epoch=None if stop_reason.failed else monitor.epoch,
        seconds=monitor.seconds,
        parameters=None if model is None else int(model.count_params()),
        error=error,
        pruned_by=monitor.pruned_by,
    )


def _told(frozen: FrozenTrial, seed: int) -> TrialResult:
    """Return what is known of a trial that an earlier worker told but whose slot it did not live to close."""
    reported = [frozen.intermediate_values[step] for step in sorted(frozen.intermediate_values)]
    return TrialResult(
        trial=frozen.number,
        seed=seed,
        params=dict(frozen.params),
        stop_reason=StopReason(frozen.user_attrs.get("stop_reason", StopReason.ERROR)),
        curves={"objective": tuple(reported)},
        score=frozen.value,
        epoch=frozen.user_attrs.get("best_epoch"),
        seconds=0.0,
    )
