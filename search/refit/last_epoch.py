"""Follow a training that validates nothing: it ends after a number of epochs, and its last weights are kept."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NoReturn

from registry.values.stop_reason import StopReason
from search.errors import ProblemError
from search.training.monitor import Monitor


@dataclass
class LastEpoch(Monitor):
    """A `Monitor` to which a later epoch is always a better one.

    Args:
        last: how many epochs are trained. The limits' ``max_epochs`` stay those of the winner, for what a callback or a
            ``fit`` makes of them, such as a schedule of learning rates.
    """

    last: int = 1

    def after_epoch(self, metrics: Mapping[str, float], seconds: float, *, later: bool = False) -> bool:
        """Take one epoch's metrics; see `Monitor.after_epoch`."""
        self._add_place(metrics)
        self.seconds += seconds
        self.score, self.epoch = float(self.epochs), self.epochs
        if not math.isfinite(metrics.get("loss", 0.0)):
            self.stop_reason = StopReason.NAN
        elif self.epochs >= self.last:
            self.stop_reason = StopReason.MAX_EPOCHS
        return True

    def conclude(self, returned: Mapping[str, float]) -> bool:
        """Leave what a ``fit`` returned: the model is as its last epoch left it.

        Raises:
            ProblemError: no epoch was seen, so that none could be counted.
        """
        if not self.epochs:
            raise ProblemError(
                "the HyperModel's fit reports no epochs, so nothing can end it after as many as the winner had; "
                "pass **kwargs, which hold the callbacks, on to model.fit"
            )
        return True

    def begin_stretch(self) -> NoReturn:
        """Refuse a second call of ``model.fit``, as for folds.

        Raises:
            ProblemError: always.
        """
        raise ProblemError(
            "the HyperModel's fit trains several times, as for folds; a refit is one training: fit a model that is "
            "built with the winner's params yourself, and register it"
        )
