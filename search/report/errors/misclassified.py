"""Where a winner errs: its predictions on the validation data, computed in a child process."""

from __future__ import annotations

import io
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any

from registry.core.error_text import one_line
from registry.core.errors import UserError
from registry.reports import Calibration, Mistake, Mistakes, Residuals
from search.errors import ProblemError
from search.report.errors.residuals import is_regression, residuals_of

WORST = 24
RANGES = 10
MOST_CLASSES = 200
MOST_NUMBERS = 8
BATCH = 1024


Errors = tuple[Mistakes | None, tuple[Residuals, ...]]


def find_errors(url: str, ref: str, problem: str, data_fingerprint: str) -> tuple[Errors, str]:
    """Return what a version gets wrong; call it in a child process, for it imports TensorFlow.

    Args:
        url: the database.
        ref: the version, such as ``fmnist/3``.
        problem: as `search.problems.finding.resolve.load_problem` finds it.
        data_fingerprint: of the data that the version was trained and chosen with.

    Returns:
        The mistakes of the first output that is a classification, the residuals of those that are numbers, and which
        outputs are neither, in words; nothing where there is none.

    Raises:
        UserError: the problem does not load, its data have changed, no output is of either kind, or the version was
            trained on folds.
    """
    import numpy as np

    from registry import Registry, predict
    from registry.values.trainings import has_folds
    from search.data.fingerprint import fingerprint_data
    from search.problems.finding.resolve import load_problem
    from search.problems.inspection import load_data
    from search.problems.rebuild import rebuild_model

    with Registry(url) as registry:
        version = registry.get(ref)
    if has_folds(version.curves):
        raise ProblemError("the winner was trained on folds, so on most of the validation data")
    loaded = load_problem(problem)
    data = load_data(loaded)
    if fingerprint_data(data) != data_fingerprint:
        raise ProblemError("the problem's data are not those that the version was chosen by")
    x, y = _arrays(data.validation)
    with Registry(url) as registry:
        model = registry.get(ref).load(rebuild=rebuild_model)
    predictions = predict(model, x, BATCH)
    pictures = np.asarray(x) if hasattr(x, "shape") else None
    outputs = outputs_of(y, predictions)
    found = errors_by_output(ref, outputs, loaded.class_names, pictures)
    return found, left_out(outputs, found)


def left_out(outputs: Collection[str], found: Errors) -> str:
    """Return, in words, which outputs the errors that were found do not cover; nothing where they cover all."""
    mistakes, residuals = found
    covered = {each.output for each in residuals} | ({mistakes.output, *mistakes.others} if mistakes else set())
    others = [output for output in outputs if output not in covered]
    return f"neither one class nor one number a sample: {', '.join(others)}" if others else ""


def outputs_of(y: Any, predictions: Any) -> dict[str, tuple[Any, Any]]:
    """Return by output the true values and the predictions, as arrays; the only output has no name.

    Raises:
        ProblemError: truth and predictions have different outputs; predictions by name may be of more.
    """
    import numpy as np

    if isinstance(predictions, dict) and isinstance(y, dict) and set(predictions) >= set(y):
        return {name: (np.asarray(y[name]), np.asarray(predictions[name])) for name in predictions if name in y}
    if isinstance(predictions, list | tuple) and isinstance(y, list | tuple) and len(predictions) == len(y):
        pairs = zip(y, predictions, strict=True)
        return {
            f"output {n}": (np.asarray(true), np.asarray(predicted)) for n, (true, predicted) in enumerate(pairs, 1)
        }
    if isinstance(predictions, dict | list | tuple) or not hasattr(y, "shape"):
        raise ProblemError("its model and its validation data have different outputs")
    true, predicted = np.asarray(y), np.asarray(predictions)
    several = true.ndim == 2 and true.shape == predicted.shape and 1 < true.shape[1] <= MOST_NUMBERS
    if several and not np.isin(true, (0, 1)).all():  # else it may be one class a sample
        return {f"number {n + 1}": (true[:, n], predicted[:, n]) for n in range(true.shape[1])}
    return {"": (true, predicted)}


def errors_by_output(
    ref: str, outputs: Mapping[str, tuple[Any, Any]], class_names: Sequence[str] = (), pictures: Any = None
) -> Errors:
    """Return the errors of each output: mistakes of the first classification, residuals of numbers.

    Raises:
        ProblemError: no output is of either kind.
    """
    mistakes: Mistakes | None = None
    residuals: list[Residuals] = []
    why: ProblemError | None = None
    for output, (y, predictions) in outputs.items():
        try:
            labels, shares = classified(y, predictions)
        except ProblemError as error:
            why = error
            if is_regression(y, predictions):
                residuals.append(residuals_of(ref, output, y, predictions))
        else:
            if mistakes is None:
                found = summarize(ref, _names(class_names, shares.shape[1]), labels, shares, pictures)
                mistakes = replace(found, output=output)
            else:
                mistakes = replace(mistakes, others=(*mistakes.others, output))
    if mistakes is None and not residuals and why is not None:
        raise why
    return mistakes, tuple(residuals)


def _arrays(part: Any) -> tuple[Any, Any]:
    if not isinstance(part, tuple) or len(part) < 2:
        raise ProblemError("its validation data are not arrays (x, y)")
    return part[0], part[1]


def classified(y: Any, predictions: Any) -> tuple[Any, Any]:
    """Return class numbers (samples,) and probabilities (samples, classes).

    Raises:
        ProblemError: the data or the predictions are not those of a classification.
    """
    import numpy as np

    if y.ndim == 2 and y.shape[1] == 1:
        y = y[:, 0]
    if y.ndim == 2 and y.shape[1] > 1 and np.isin(y, (0, 1)).all() and (y.sum(axis=1) == 1).all():
        y = y.argmax(axis=1)
    numbers = y.dtype.kind in "biuf"
    whole = numbers and y.ndim == 1 and np.isfinite(y).all() and (y == np.round(y)).all() and (y >= 0).all()
    if predictions.ndim == 2 and predictions.shape[1] == 1:
        predictions = np.concatenate([1 - predictions, predictions], axis=1)
    if not whole or predictions.ndim != 2 or len(predictions) != len(y) or y.max(initial=0) >= predictions.shape[1]:
        raise ProblemError("it is neither a classification of one class a sample nor a regression of one number")
    if predictions.shape[1] > MOST_CLASSES:
        raise ProblemError(f"it has {predictions.shape[1]} classes, more than the {MOST_CLASSES} that are shown")
    if (predictions < -1e-3).any() or (abs(predictions.sum(axis=1) - 1) > 1e-2).any():  # logits
        predictions = np.exp(predictions - predictions.max(axis=1, keepdims=True))
        predictions = predictions / predictions.sum(axis=1, keepdims=True)
    return y.astype(int), predictions


def _names(class_names: Sequence[str], count: int) -> tuple[str, ...]:
    return tuple(class_names) if len(class_names) == count else tuple(map(str, range(count)))


def summarize(ref: str, names: Sequence[str], labels: Any, shares: Any, pictures: Any = None) -> Mistakes:
    """Return the winner's errors from its predictions.

    Args:
        ref: the version.
        names: of the classes.
        labels: each sample's class, (samples,) of int.
        shares: each sample's probabilities, (samples, classes).
        pictures: the samples, (samples, height, width) or with 1 or 3 channels; other shapes are no pictures.
    """
    import numpy as np

    predicted, sure = shares.argmax(axis=1), shares.max(axis=1)
    confusion = np.zeros((len(names), len(names)), dtype=int)
    np.add.at(confusion, (labels, predicted), 1)
    place = np.minimum((sure * RANGES).astype(int), RANGES - 1)
    right = predicted == labels
    calibration = tuple(
        Calibration(int(here.sum()), float(sure[here].mean()), float(right[here].mean()))
        for here in (place == index for index in range(RANGES))
        if here.any()
    )
    wrong = np.flatnonzero(~right)
    worst = wrong[np.argsort(-sure[wrong], kind="stable")][:WORST]
    return Mistakes(
        ref=ref,
        classes=tuple(names),
        confusion=tuple(tuple(int(count) for count in row) for row in confusion),
        calibration=calibration,
        worst=tuple(
            Mistake(
                int(i),
                names[labels[i]],
                names[predicted[i]],
                float(sure[i]),
                b"" if pictures is None else _png(pictures[i]),
            )
            for i in worst
        ),
    )


def _png(sample: Any) -> bytes:
    """Return an array as a picture; empty where its shape is not that of one."""
    import numpy as np
    from matplotlib.image import imsave

    if sample.ndim == 3 and sample.shape[2] == 1:
        sample = sample[:, :, 0]
    is_picture = sample.ndim == 2 or (sample.ndim == 3 and sample.shape[2] == 3)
    if not is_picture or not 8 <= min(sample.shape[:2]) <= max(sample.shape[:2]) <= 256:
        return b""
    low, high = float(sample.min()), float(sample.max())
    scaled = np.round((sample - low) * (255 / (high - low or 1))).astype(np.uint8)
    out = io.BytesIO()
    imsave(out, scaled, format="png", cmap="gray", vmin=0, vmax=255)
    return out.getvalue()


def errors_of_winner(url: str, ref: str, problem: str, data_fingerprint: str) -> tuple[Errors, str]:
    """Return a winner's errors by a child process, and what is not known of them and why."""
    from search.system.forkserver import call_in_child

    try:
        return call_in_child(find_errors, url, ref, problem, data_fingerprint)
    except (UserError, OSError) as error:
        return (None, ()), str(error).rstrip(".")
    except Exception as error:  # the user's code may raise anything; the report is worth more than that
        return (None, ()), one_line(error)
