"""A version of the registry as a teacher: which one a setting means, and what it predicts."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from registry import ModelVersion, Registry
from registry.core.errors import NotFoundError, UsageError
from registry.values.known_tags import REFIT_TAG, TEACHER_TAG
from registry.values.refs import parse_ref
from registry.values.trainings import has_folds
from search.errors import ProblemError
from search.problems.rebuild import rebuild_model

DIGITS = 12  # of the weights' hash, which stand behind the reference


def pin_teacher(registry: Registry, ref: str) -> str:
    """Return the setting that means a version for good, also after its alias moved: ``mine/3#0f3a5c7d9e1b``.

    Args:
        registry: where it is.
        ref: of the version, or such a setting.

    Raises:
        NotFoundError: it is not there, or has no weights.
        UsageError: it was trained on the validation data, so that every score would be too good.
    """
    version = find_teacher(registry, ref)
    if REFIT_TAG in version.tags or has_folds(version.curves):
        raise UsageError(
            f"the teacher {version.ref} was trained on validation data, too: what learns from it would have scores "
            "that are too good; name a version that a search without folds, a confirmation or an ensemble gave"
        )
    return f"{version.ref}#{_digest(version)}"


def find_teacher(registry: Registry, setting: str) -> ModelVersion:
    """Return the version that a reference, or a setting of `pin_teacher`, means; errors are as there.

    A bundle gives a version another number, so that of a setting is looked for by its weights.
    """
    ref, _, digest = setting.partition("#") if isinstance(setting, str) else (setting, "", "")
    model = parse_ref(ref).model
    if digest:
        alike = (version for version in registry.list(model) if _digest(version) == digest)
        if (version := next(alike, None)) is not None:
            return version
        raise NotFoundError(
            f"no version of {model!r} here has the weights of the teacher {setting}; bring them back from a backup, or "
            "from where it is: registry bundle, then registry import"
        )
    version = registry.get(ref)
    if version.weights is None:
        raise NotFoundError(f"the teacher {version.ref} has no weights any more; name a version that has them")
    return version


def teacher_of(setting: str | None, url: str, problem: str) -> Callable[[Any], Any] | None:
    """Return what predicts as a teacher does, see `predictions_of_teacher`; None without one."""
    return None if setting is None else partial(predictions_of_teacher, url, setting, problem)


def teacher_tag(setting: str | None) -> dict[str, str]:
    """Return the tag by which a version tells what it learnt from; nothing where that was the labels."""
    return {} if setting is None else {TEACHER_TAG: setting}


def predictions_of_teacher(url: str, setting: str, problem: str, x: Any) -> Any:
    """Return what a teacher predicts; of logits, where its loss says so, the probabilities. It imports TensorFlow.

    Args:
        url: the database.
        setting: of `pin_teacher`.
        problem: that is trained; its code alone may rebuild a teacher that Keras cannot read by itself.
        x: arrays with samples along their first axis, in the structure that the teacher takes.

    Returns:
        A NumPy array of shape (samples, ...).

    Raises:
        UserError: it is not there, does not load, or predicts no single array of these inputs.
    """
    import numpy as np

    from search.problems.models.links import NO_LINK, link_of, losses_of
    from search.problems.models.predictions import predictions_of
    from search.system.process_settings import clear_session

    with Registry(url) as registry:
        version = find_teacher(registry, setting)
        model = version.load(rebuild=rebuild_model if version.source.problem == problem else None)
    predicted = predictions_of(version, model, x, "training")
    if not hasattr(predicted, "shape"):
        raise ProblemError(f"the teacher {version.ref} predicts a {type(predicted).__name__}; expected one array")
    losses = losses_of(model)
    link = link_of(losses[0]) if len(losses) == 1 else NO_LINK
    probabilities = np.asarray(link.probabilities(predicted))
    del model
    clear_session()
    return probabilities


def _digest(version: ModelVersion) -> str:
    return "" if version.weights is None else version.weights.sha256[:DIGITS]
