"""The errors of a search, beside those of the registry's `registry.core.errors`."""

from __future__ import annotations

from registry.core.errors import UserError


class ProblemError(UserError):
    """The problem cannot be found, loaded or built; the whole search stops."""


class SpaceError(ProblemError):
    """A HyperModel declares hyperparameters that cannot be; the whole search stops."""


class ChangedProblem(ProblemError):  # noqa: N818 - reads as what it is
    """The problem is not the one that the study began with; this worker does not go on."""


class FatalProblem(ProblemError):  # noqa: N818 - KerasTuner's own word
    """The problem's code says that no trial can work (KerasTuner's `FatalError`); the whole search stops."""


class ObjectiveError(Exception):
    """An objective of Optuna's returned no number; its trial has failed."""


class MetricError(ProblemError):
    """The objective names a metric that the training does not report; the whole search stops."""


class SettingsError(UserError):
    """A study's settings do not fit, or differ from those it was created with."""


class WorkersError(UserError):
    """No worker of a study could go on; the trials wait."""


class TimeIsUp(UserError):  # noqa: N818 - reads as what it is
    """The time that a run may take was over before it had begun."""


class TrialsFailed(UserError):  # noqa: N818 - reads as what it is
    """Every trial of a study has failed."""


class ClusterError(UserError):
    """A cluster cannot be reached, or cannot run the study's workers."""


class DashboardError(UserError):
    """The dashboard is not installed, or cannot listen where it should."""


class Interrupted(Exception):  # noqa: N818 - an answer, not an error
    """The worker was asked to stop; the epoch under way is given up."""


class Outdated(Exception):  # noqa: N818 - an answer, not an error
    """The study has changed; a worker that begins now takes this one's place."""


class CannotContinue(Exception):  # noqa: N818 - an answer, not an error
    """The checkpoint does not fit the model as it is built now; the trial begins again with the same params."""


class TrainingEnded(Exception):  # noqa: N818 - an answer, not an error
    """The trial is over, but a HyperModel's own loop goes on: what it does from here counts no more."""


class NoEpochsLeft(Exception):  # noqa: N818 - an answer, not an error
    """The study's budget of epochs leaves none for a trial."""


class SetAside(Interrupted):
    """The trial was paused: its schedule says whether it goes on."""


class LeaseLost(Exception):  # noqa: N818 - an answer, not an error
    """Another worker holds the trial now; this one stops training it."""


class TimeLimit(Exception):  # noqa: N818 - an answer, not an error
    """The trial has had its time; the epoch under way is given up."""
