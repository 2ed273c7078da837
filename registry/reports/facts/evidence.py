"""What a report tells beside the trials: who trained when, what to compare with, and where the winner errs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from statistics import fmean, stdev


@dataclass(frozen=True, slots=True)
class Attempt:
    """One claim of a trial by a worker: from when to when it trained, and why it let go.

    Args:
        trial: the trial's number; None where it was lost before it had one.
        worker: the worker's id.
        machine: host and device, in words.
        started: seconds since 1970.
        ended: seconds since 1970; None while it runs.
        outcome: ``finished``, ``running``, or why it ended before the trial did, such as ``lost``.
        first_epoch: the first epoch that it trained, counted from 1; None where nobody knows.
        last_epoch: the last one that it finished.
        detail: how it continued the trial, where not exactly, and what it ended by; None where there is nothing to say.
    """

    trial: int | None
    worker: str
    machine: str
    started: float
    ended: float | None
    outcome: str
    first_epoch: int | None = None
    last_epoch: int | None = None
    detail: str | None = None


@dataclass(frozen=True, slots=True)
class Baseline:
    """A fixed configuration that the winner is held against.

    Args:
        label: its name and version, such as ``adam (fmnist/3)``.
        score: the same metric as the study's objective.
        test: the metrics that were measured on test data.
        seconds: how long it trained.
        parameters: how many numbers it has.
    """

    label: str
    score: float
    test: Mapping[str, float] = field(default_factory=dict)
    seconds: float | None = None
    parameters: int | None = None


@dataclass(frozen=True, slots=True)
class Repeats:
    """The scores of one configuration, trained several times.

    Args:
        label: which configuration.
        scores: one a training.
        trial: the trial whose configuration it is, where it is one of the study.
        tests: metrics that were measured on test data, one value a training that has it.
        over: what differs between its trainings: ``seeds``, or ``folds`` of the data.
    """

    label: str
    scores: tuple[float, ...]
    trial: int | None = None
    tests: Mapping[str, tuple[float, ...]] = field(default_factory=dict)
    over: str = "seeds"

    @property
    def mean(self) -> float:
        """The scores' mean."""
        return fmean(self.scores)  # as a trial's own score is, to the last bit

    @property
    def spread(self) -> float:
        """The scores' standard deviation, of a sample; 0 for a single one."""
        return stdev(self.scores) if len(self.scores) > 1 else 0.0


def means_over(repeats: Iterable[Repeats]) -> str:
    """Return what the means are over: ``seeds``, ``folds``, or ``seeds or folds``."""
    return " or ".join(sorted({each.over for each in repeats if len(each.scores) > 1}, reverse=True)) or "seeds"


@dataclass(frozen=True, slots=True)
class Mistake:
    """A sample that the winner got wrong, and was sure of.

    Args:
        index: its place in the validation data.
        label: its class.
        predicted: the class that the winner took it for.
        confidence: the probability that the winner gave to that.
        png: the sample as a PNG picture; empty where it is none.
    """

    index: int
    label: str
    predicted: str
    confidence: float
    png: bytes = b""


@dataclass(frozen=True, slots=True)
class Calibration:
    """Samples whose confidence lies in one range: how sure the winner was, and how often right."""

    samples: int
    confidence: float
    accuracy: float


@dataclass(frozen=True, slots=True)
class Mistakes:
    """What the winner gets wrong on the validation data of a classification.

    Args:
        ref: the version whose predictions these are.
        classes: their names.
        confusion: for each class the samples by predicted class.
        calibration: ranges of confidence, the lowest first; empty ones are left out.
        worst: wrong predictions, the surest first.
        output: the model's output; empty for the only one.
        others: the outputs that are classifications, too, and are not shown.
    """

    ref: str
    classes: tuple[str, ...]
    confusion: tuple[tuple[int, ...], ...]
    calibration: tuple[Calibration, ...]
    worst: tuple[Mistake, ...] = ()
    output: str = ""
    others: tuple[str, ...] = ()

    @property
    def samples(self) -> int:
        """How many samples there are."""
        return sum(map(sum, self.confusion))

    @property
    def accuracy(self) -> float:
        """The share that is right."""
        return sum(row[index] for index, row in enumerate(self.confusion)) / max(1, self.samples)

    @property
    def calibration_error(self) -> float:
        """The mean distance of confidence and accuracy over the ranges, weighted by samples (ECE)."""
        parts = (part.samples * abs(part.confidence - part.accuracy) for part in self.calibration)
        return sum(parts) / max(1, self.samples)


@dataclass(frozen=True, slots=True)
class Residuals:
    """How far the winner's predictions of numbers are from the truth, on the validation data.

    Args:
        ref: the version whose predictions these are.
        output: the model's output; empty for the only one.
        samples: how many there are.
        rmse: the root of the mean squared error.
        mae: the mean absolute error.
        bias: the mean error, predicted less true.
        r2: the share of the variance that is explained; None where the truth does not vary.
        points: true and predicted value of samples, evenly chosen of very many.
        worst: index, true and predicted value, the farthest off first.
    """

    ref: str
    output: str
    samples: int
    rmse: float
    mae: float
    bias: float
    r2: float | None
    points: tuple[tuple[float, float], ...]
    worst: tuple[tuple[int, float, float], ...]
