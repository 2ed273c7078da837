"""Write a model in a format, run what was written, and keep it only if it predicts what the model predicts."""

from __future__ import annotations

import os
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, Literal

from registry.core.error_text import one_line
from registry.core.errors import ExportError, UsageError, UserError, did_you_mean
from registry.export.formats import FORMATS, Format
from registry.export.inputs import Inputs, inputs_of, predictions
from registry.keras_models.predictions import tolerance_of
from registry.keras_models.reference_predictions import ReferencePredictions
from registry.values.structures import as_array, differences, samples
from registry.values.version import ModelVersion, Rebuild

if TYPE_CHECKING:
    from registry.versions.loader import DatabaseLoader

_SAMPLES = 4
_LENGTH = 8  # of dimensions that may have any


@dataclass(frozen=True, slots=True)
class Exported:
    """What was written, and how it predicts.

    Args:
        out: the file, or the folder of a SavedModel.
        format: its format.
        inputs: what it was run on: the ``stored`` samples of the version, or ``random`` numbers.
        samples: how many.
        max_difference: the largest one between its predictions and the model's.
    """

    out: str
    format: str
    inputs: Literal["stored", "random"]
    samples: int
    max_difference: float

    def as_dict(self) -> dict[str, Any]:
        """Return the record as JSON types."""
        return asdict(self)


def format_of(name: str, out: Path) -> Format:
    """Return a format by its name, if the file may be of it.

    Raises:
        UsageError: there is no such format, or its files end otherwise.
    """
    form = FORMATS.get(name)
    if form is None:
        raise UsageError(f"there is no format {name!r}; {did_you_mean(name, list(FORMATS))}")
    if not out.name.endswith(form.suffix) or out.name == form.suffix:
        raise UsageError(f"the file is {str(out)!r}; expected a name that ends in {form.suffix}")
    if not form.suffix and out.exists():
        raise UserError(f"{out} is there already; name another folder for the SavedModel, or remove it")
    return form


def export_version(
    loader: DatabaseLoader, version: ModelVersion, form: Format, out: Path, rebuild: Rebuild | None
) -> Exported:
    """Write a version's model in a format; see `export_checked`."""
    return export_checked(version.load(rebuild), form, out, loader.reference_predictions(version))


def export_checked(model: Any, form: Format, out: Path, stored: ReferencePredictions | None) -> Exported:
    """Write a model, run the file, and give it its name if it predicts the same, within `tolerance_of` it.

    Args:
        model: a Keras model.
        form: the format.
        out: the file to write, or the folder.
        stored: predictions, whose inputs it is run on; without them, on random numbers.

    Raises:
        ExportError: the format cannot hold the model, or the file predicts something else. Nothing is left then.
        UserError: it cannot be written there.
    """
    inputs = _random(model) if stored is None else inputs_of(model, stored.inputs)
    try:
        expected = predictions(model, inputs)
    except Exception as error:
        raise ExportError(f"the model itself does not predict for its inputs: {one_line(error)}") from error
    try:
        with TemporaryDirectory(prefix=f".{out.name}.", dir=out.parent) as folder:
            written = Path(folder) / f"model{form.suffix}"
            predicted = _written_and_run(model, form, written, inputs)
            apart = _difference(form, expected, predicted, tolerance_of(model))
            _move(written, out)
    except OSError as error:
        raise UserError(f"cannot write {out}: {error.strerror or error}; check that its folder exists") from error
    if stored is None:
        return Exported(str(out), form.name, "random", inputs.samples, apart)
    return Exported(str(out), form.name, "stored", min(inputs.samples, samples(stored.inputs)), apart)


def _written_and_run(model: Any, form: Format, path: Path, inputs: Inputs) -> list[Any]:
    step = "written"
    try:
        form.write(model, path)
        step = "run again"
        return form.run(path, model, inputs)
    except (OSError, UserError):
        raise
    except Exception as error:  # the converters raise whatever they please
        raise ExportError(
            f"the model cannot be {step} as {form.name}: {one_line(error)}; take another format"
        ) from error


def _difference(form: Format, expected: list[Any], predicted: list[Any], tolerance: float) -> float:
    import numpy as np

    shapes = [value.shape for value in expected], [np.shape(value) for value in predicted]
    if shapes[0] != shapes[1]:
        raise ExportError(f"the {form.name} file predicts shapes {shapes[1]}, the model {shapes[0]}")
    texts, pairs = [], []
    for a, b in zip(map(as_array, expected), map(as_array, predicted), strict=True):
        if "S" in (a.dtype.kind, b.dtype.kind) or "U" in (a.dtype.kind, b.dtype.kind):
            texts.append(differences(a, b)[0])
        else:
            pairs.append((a.astype("float64"), b.astype("float64")))
    apart = max((float(np.max(np.abs(a - b), initial=0.0)) for a, b in pairs), default=0.0)
    if not all(texts) or not all(np.allclose(a, b, rtol=tolerance, atol=tolerance, equal_nan=True) for a, b in pairs):
        raise ExportError(
            f"the {form.name} file predicts something else than the model: apart by {apart:.3g}; it was not kept"
        )
    return apart


def _random(model: Any) -> Inputs:
    """Return numbers from 0 to 1 for each input, or 0 and 1 where it takes whole ones."""
    import numpy as np

    numbers = np.random.default_rng(0)
    if not getattr(model, "inputs", None):
        raise ExportError("nobody knows what the model's inputs are like: register it with stored predictions")
    arrays = []
    for each in model.inputs:
        shape = (each.shape[0] or _SAMPLES, *(_LENGTH if size is None else size for size in each.shape[1:]))
        if each.dtype == "string":
            raise ExportError("the model takes texts, of which none are stored: register it with stored predictions")
        whole = "int" in each.dtype or each.dtype == "bool"
        arrays.append(numbers.integers(0, 2, shape) if whole else numbers.random(shape))
    return inputs_of(model, arrays if len(arrays) > 1 else arrays[0])


def _move(written: Path, out: Path) -> None:
    """Give what was written its name, with everything of it on the disk before."""
    for path in [written, *written.rglob("*")] if written.is_dir() else [written]:
        if path.is_file():
            with open(path, "rb") as file:
                os.fsync(file.fileno())
    os.replace(written, out)
