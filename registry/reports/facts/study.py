"""What a report tells, as frozen values: it does not matter where they come from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from registry.core.objective import Direction, Objective
from registry.reports.facts.evidence import Attempt, Baseline, Mistakes, Repeats, Residuals, means_over

Outcome = Literal["complete", "pruned", "failed", "running", "paused", "waiting"]
OUTCOMES: tuple[Outcome, ...] = ("complete", "pruned", "failed", "running", "paused", "waiting")
UNFINISHED: tuple[Outcome, ...] = ("running", "paused", "waiting")
ON_REQUEST = "request"
FINISHED: tuple[Outcome, ...] = ("complete", "pruned")


@dataclass(frozen=True, slots=True)
class PrunedBy:
    """Why a trial was pruned, and what it was compared with; None is what nobody recorded.

    Args:
        pruner: the pruner that judged, or `ON_REQUEST`.
        epoch: the finished epoch at which it judged.
        value: the trial's objective there.
        peers: how many trials had a value there.
        better_peers: how many of them were better.
        median: the peers' median.
        best_peers: the best of them, the number of each trial and its value there.
    """

    pruner: str
    epoch: int | None = None
    value: float | None = None
    peers: int | None = None
    better_peers: int | None = None
    median: float | None = None
    best_peers: tuple[tuple[int, float], ...] = ()

    @property
    def on_request(self) -> bool:
        """Whether somebody asked for it."""
        return self.pruner == ON_REQUEST


@dataclass(frozen=True, slots=True)
class ReportedTrial:
    """A trial, finished or not.

    Args:
        number: its number in the study.
        outcome: how it ended, or that it runs or waits; one that was interrupted waits.
        params: the hyperparameters' values.
        score: the objective at the best epoch; None for a trial that has failed or has not finished.
        epoch: the best epoch, from 1.
        epochs: how many epochs are finished.
        stop_reason: why it ended.
        seconds: how long it trained.
        parameters: how many numbers the model has.
        curves: metric to one value an epoch; NaN where it was not a finite number.
        version: the version it was registered as, such as ``fmnist/3``.
        aliases: the names of that version.
        stand_in: the version that was chosen when its configuration was trained again; ``aliases`` are that one's.
        pruned_by: for a pruned trial.
        error: for a failed trial, in one line.
        label: what it is called; a trial by its number, where this is empty.
        test: metrics measured on test data.
        seed: what its random numbers came from.
        source: the study and trial that a version comes from.
        dropped: somebody took it out of the study; it is kept for the record only.
        imported: it ended elsewhere, and is not in the study's budget.
        values: of several objectives, its value of each; empty where not all are known.
        ended: when it ended, in seconds since 1970; 0 where nobody knows.
    """

    number: int
    outcome: Outcome
    params: Mapping[str, Any]
    score: float | None = None
    epoch: int | None = None
    epochs: int = 0
    stop_reason: str | None = None
    seconds: float | None = None
    parameters: int | None = None
    curves: Mapping[str, tuple[float, ...]] = field(default_factory=dict)
    version: str | None = None
    aliases: tuple[str, ...] = ()
    stand_in: str | None = None
    pruned_by: PrunedBy | None = None
    error: str | None = None
    label: str = ""
    test: Mapping[str, float] = field(default_factory=dict)
    seed: int | None = None
    source: str = ""
    dropped: bool = False
    imported: bool = False
    values: tuple[float, ...] = ()
    ended: float = 0.0

    @property
    def name(self) -> str:
        """What it is called in a sentence."""
        return self.label or f"trial {self.number}"

    @property
    def counts(self) -> bool:
        """Whether it is ranked: it has finished with a score, and nobody has dropped it."""
        return self.outcome in FINISHED and self.score is not None and not self.dropped


@dataclass(frozen=True, slots=True)
class Hyperparameter:
    """A dimension of the search space.

    Args:
        name: the param's name.
        kind: such as ``Float``, ``Int``, ``Choice``, ``Boolean`` or ``Fixed``.
        log: whether it was sampled on a logarithmic scale.
        range: what it was sampled from, in words.
        choices: the values of a choice, in their order.
        condition: when it exists, in words; empty for always.
    """

    name: str
    kind: str
    log: bool = False
    range: str = ""
    choices: tuple[Any, ...] = ()
    condition: str = ""


@dataclass(frozen=True, slots=True)
class Importances:
    """How much each hyperparameter mattered.

    Args:
        shares: param to its share of 1, the most important first; empty where there is none.
        ranges: param to a range around its share, as wide as where eight of ten lie when trials are drawn again.
        trials: how many trials it was computed from.
        method: how, in a few words.
        missing: why there is none.
    """

    shares: Mapping[str, float] = field(default_factory=dict)
    trials: int = 0
    method: str = ""
    missing: str = ""
    ranges: Mapping[str, tuple[float, float]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ReportedStudy:
    """A study with all its trials, read at one moment.

    Args:
        name: the study's name.
        problem: what was searched.
        metric: the objective's metric.
        direction: ``max`` or ``min``.
        budget: how many trials it may have.
        waiting: how many of them have not begun.
        settings: how it searched.
        trials: those that have begun, by number.
        space: the hyperparameters, in the order of their declaration.
        importances: how much each mattered, by the trials of the first basis of `registry.reports.bases_of`.
        commands: what to type, to get the best model: a title and the text each.
        provenance: name to value, for whoever wants to repeat it.
        libraries: name to version, of the registered versions' trainings.
        created_at: when the study was created, in UTC.
        wall_seconds: from the first trial's beginning to the last one's end.
        error: why its workers stopped, where they did.
        kind: whether the trials are those of a search, or versions chosen to be compared.
        fanova: importances by another method, to see whether the two agree.
        of_complete: importances by both methods, by the complete trials only.
        attempts: who trained which trial when, by their beginning.
        baselines: what to hold the winner against.
        repeats: the scores of configurations that were trained several times, on other seeds or folds.
        confirmed: the trial whose configuration won when the best were trained again on several seeds.
        confirming_seconds: the time of those trainings, of a study that others confirm.
        mistakes: where the winner of a classification errs.
        residuals: how far the winner's numbers are off, an output each.
        mistakes_missing: why that, or part of it, is not known; empty where there is no need to say.
        machines: where it was trained, one line each.
        objectives: of several, all of them, that of the score first.
        alongside: scores of the same metric in the same document, so that all are written with as many digits.
    """

    name: str
    problem: str
    metric: str
    direction: Direction
    budget: int
    waiting: int
    settings: Mapping[str, Any]
    trials: tuple[ReportedTrial, ...]
    space: tuple[Hyperparameter, ...]
    importances: Importances
    commands: Mapping[str, str]
    provenance: Mapping[str, str]
    libraries: Mapping[str, str]
    created_at: datetime
    wall_seconds: float | None = None
    error: str | None = None
    kind: Literal["study", "versions"] = "study"
    fanova: Importances = field(default_factory=Importances)
    of_complete: tuple[Importances, Importances] = (Importances(), Importances())
    attempts: tuple[Attempt, ...] = ()
    baselines: tuple[Baseline, ...] = ()
    repeats: tuple[Repeats, ...] = ()
    confirmed: int | None = None
    confirming_seconds: float = 0.0
    mistakes: Mistakes | None = None
    residuals: tuple[Residuals, ...] = ()
    mistakes_missing: str = ""
    machines: tuple[str, ...] = ()
    objectives: tuple[Objective, ...] = ()
    alongside: tuple[float, ...] = ()

    @property
    def objective(self) -> Objective:
        """Which scores are better."""
        return Objective(self.metric, self.direction)

    @property
    def other_epochs(self) -> bool:
        """Whether it confirms another study's configurations with another number of epochs, as its settings tell."""
        return "confirms with" in self.settings

    @property
    def ranked(self) -> tuple[ReportedTrial, ...]:
        """The finished trials that have a score and were not dropped, the best first; of equals the first to end."""
        key = self.objective.key
        counted = (trial for trial in self.trials if trial.counts)
        return tuple(sorted(counted, key=lambda trial: (key(score_of(trial)), trial.ended, trial.number)))

    @property
    def leaders(self) -> tuple[ReportedTrial, ...]:
        """Those of `ranked`; where one was confirmed on several seeds, that first, then by their means its rivals."""
        if self.confirmed is None:
            return self.ranked
        key = self.objective.key
        means = {own.trial: key(own.mean) for own in self.repeats if own.trial is not None and len(own.scores) > 1}
        places = {trial.number: place for place, trial in enumerate(self.ranked)}

        def order(trial: ReportedTrial) -> tuple[bool, bool, float, int]:
            mean = means.get(trial.number)
            return (trial.number != self.confirmed, mean is None, mean or 0.0, places[trial.number])

        return tuple(sorted(self.ranked, key=order))

    @property
    def rivals(self) -> tuple[ReportedTrial, ...]:
        """Those of the `leaders` that the winner is held against; in a confirmation not its own other seeds."""
        leaders = self.leaders
        alike = leaders[0].params if leaders and self.settings.get("confirms") else None
        return tuple(trial for trial in leaders[1:] if trial.params != alike)

    @property
    def second(self) -> ReportedTrial | None:
        """The first of the `rivals`; None where there is none."""
        return next(iter(self.rivals), None)

    def repeats_of(self, trial: ReportedTrial) -> Repeats | None:
        """Return the scores over seeds or folds of a trial's configuration; None where it was trained once."""
        mine = (repeats for repeats in self.repeats if repeats.trial == trial.number)
        return next((repeats for repeats in mine if len(repeats.scores) > 1), None)

    @property
    def means_over(self) -> str:
        """What the means of its trials are over, in words: seeds, folds, or either."""
        return means_over(repeats for repeats in self.repeats if repeats.trial is not None)

    @property
    def timed(self) -> bool:
        """Whether it is known how long any of its trials trained."""
        return any(trial.seconds is not None for trial in self.trials)

    @property
    def counts(self) -> dict[Outcome, int]:
        """How many trials ended in which way, run, or wait."""
        counts = dict.fromkeys(OUTCOMES, 0)
        for trial in self.trials:
            counts[trial.outcome] += 1
        counts["waiting"] += self.waiting
        return counts


@dataclass(frozen=True, slots=True)
class Report:
    """All that one page tells.

    Args:
        studies: one section each.
        database: where the facts come from, without a password.
        made_at: when they were read, in UTC.
        made_by: the program and its version.
    """

    studies: tuple[ReportedStudy, ...]
    database: str
    made_at: datetime
    made_by: str


def score_of(trial: ReportedTrial) -> float:
    """Return the score of a trial that is known to have one."""
    if trial.score is None:
        raise ValueError(f"trial {trial.number} has no score; expected a ranked trial")
    return trial.score
