"""What a model says of samples, as a table: a row a sample, with classes and probabilities where it tells classes."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from registry.core.atomic_file import whole_file
from registry.core.error_text import one_line
from registry.core.errors import LoadError, UsageError
from registry.core.plain_text import csv_text
from registry.keras_models.predictions import predict
from registry.prediction.samples import Samples, read_samples
from registry.values.known_tags import CLASSES_TAG
from registry.values.structures import Structure, as_array
from registry.values.version import ModelVersion, finite
from registry.versions.frame import require_pyarrow

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from registry.prediction.samples import Stored

BATCH = 256
FORMATS = (".csv", ".parquet", ".json")
Kind = Literal["numbers", "probabilities", "second_probability", "logits"]


def classes_of(version: ModelVersion) -> tuple[str, ...]:
    """Return what a version's classes are called, by the tag that its search left; nothing where there is none."""
    try:
        names = json.loads(version.tags.get(CLASSES_TAG, "[]"))
    except ValueError:  # somebody else's tag of that name
        return ()
    return tuple(map(str, names)) if isinstance(names, list) else ()


def predict_file(model: Any, path: Path, classes: Sequence[str], stored: Stored = lambda: None) -> pd.DataFrame:
    """Return what a Keras model predicts for a file's samples.

    Args:
        model: the model.
        path: a table, arrays, a picture or a folder of pictures; see `read_samples`.
        classes: what its classes are called; where there are none or not as many as it tells, their numbers.
        stored: returns the predictions that are stored with it, for a model that does not say what it takes.

    Returns:
        A row a sample: its ``row`` or ``image``; then ``class``, ``probability`` and ``probability.CLASS`` of a model
        that tells classes, else ``prediction``, or ``prediction.NAME`` of several numbers.

    Raises:
        UserError: the file cannot be read, or does not fit the model.
    """
    samples = read_samples(path, model, stored)
    try:
        return frame_of(samples, predict(model, samples.inputs, BATCH), classes)
    except Exception as error:  # the model's own code
        raise LoadError(f"the model fails on {path}: {one_line(error)}") from error


def frame_of(samples: Samples, outputs: Any, classes: Sequence[str]) -> pd.DataFrame:
    """Return predictions as a table; see `predict_file`."""
    import pandas as pd

    columns: dict[str, Any] = {samples.of: list(samples.names)}
    named = outputs_by_name(outputs)
    several = list(named) != [""]
    for name, output in named.items():
        prefix = f"{name}." if several else ""
        flat = output.reshape(len(samples.names), -1)
        columns |= {prefix + column: values for column, values in _columns(flat, () if several else classes).items()}
    return pd.DataFrame(columns)


def _columns(flat: Any, classes: Sequence[str]) -> dict[str, Any]:
    """Return the columns of one output of shape (samples, numbers)."""
    shares = shares_of(flat, kind_of(flat, len(classes)))
    if shares is None:
        if flat.shape[1] == 1:
            return {"prediction": flat[:, 0]}
        return {f"prediction.{place}": flat[:, place] for place in range(flat.shape[1])}
    names = names_of(shares, classes)
    columns: dict[str, Any] = {"class": best_of(shares, names), "probability": shares.max(axis=1)}
    return columns | {f"probability.{name}": shares[:, place] for place, name in enumerate(names)}


def outputs_by_name(outputs: Structure) -> dict[str, NDArray[Any]]:
    """Return a model's outputs, as numbers and texts, by their names or places; of one that has neither, by ``""``.

    Raises:
        ValueError: they are others, or nested.
    """
    if isinstance(outputs, Mapping):
        named = {str(name): output for name, output in outputs.items()}
    elif isinstance(outputs, list | tuple):
        named = {str(place): output for place, output in enumerate(outputs)}
    else:
        named = {"": outputs}
    return {name: _plain(output) for name, output in named.items()}


def _plain(output: Any) -> NDArray[Any]:
    """Return an output as an array of numbers or texts that Python has.

    Raises:
        ValueError: it holds something else, such as complex numbers or arrays of different lengths.
    """
    import numpy as np

    array = as_array(output)
    if array.dtype.kind == "c":
        raise ValueError("it gives complex numbers")
    return np.char.decode(array, "utf-8", "backslashreplace") if array.dtype.kind == "S" else array


def kind_of(flat: Any, classes: int) -> Kind:
    """Return what the numbers of one output are, of shape (samples, numbers); texts are taken for numbers.

    One number from 0 to 1 is the second of two classes' probability; as many numbers as there are classes that are no
    probabilities are logits. What a model makes of missing numbers, NaN, tells nothing.
    """
    import numpy as np

    if flat.dtype.kind == "U":
        return "numbers"
    whole = flat[np.isfinite(flat).all(axis=1)]
    flat = whole if len(whole) else flat
    inside = bool(((flat >= 0) & (flat <= 1)).all())
    if flat.shape[1] == 1:
        return "second_probability" if inside and classes == 2 else "numbers"
    if inside and np.allclose(flat.sum(axis=1), 1, atol=_rounding_of(flat)):
        return "probabilities"
    return "logits" if flat.shape[1] == classes else "numbers"


def _rounding_of(flat: Any) -> float:
    """Return how far from 1 a sum of rounded probabilities may be; bfloat16 has an eighth of float16's precision."""
    import numpy as np

    held = flat.dtype == np.float32 and not (flat.view(np.uint32) & 0xFFFF).any()  # by bfloat16, to the last bit
    return 1e-2 if held else 1e-3


def shares_of(flat: Any, kind: Kind) -> Any:
    """Return each class's probability, of shape (samples, classes); None where the numbers tell no classes."""
    import numpy as np

    if kind == "logits":
        powers = np.exp(flat - flat.max(axis=1, keepdims=True))
        return powers / powers.sum(axis=1, keepdims=True)
    if kind == "second_probability":
        return np.concatenate([1 - flat, flat], axis=1)
    return flat if kind == "probabilities" else None


def names_of(shares: Any, classes: Sequence[str]) -> list[str]:
    """Return what the classes of probabilities, of shape (samples, classes), are called; else their numbers."""
    return list(classes) if len(classes) == shares.shape[1] else list(map(str, range(shares.shape[1])))


def best_of(shares: Any, names: Sequence[str]) -> list[str | None]:
    """Return each sample's class by its probabilities; None where one of them is no number."""
    places = shares.argmax(axis=1)  # of NaN, where there is one
    return [
        None if math.isnan(each[place]) else names[place] for each, place in zip(shares, places.tolist(), strict=True)
    ]


def check_out(out: Path) -> None:
    """Refuse a file's name of another kind, before anything is computed.

    Raises:
        UsageError: it ends otherwise, or pyarrow is missing.
    """
    if out.suffix.lower() not in FORMATS:
        raise UsageError(f"--out is {str(out)!r}; expected a name that ends in {', '.join(FORMATS)}")
    if out.suffix.lower() == ".parquet":
        require_pyarrow()


def write_predictions(frame: pd.DataFrame, out: Path) -> None:
    """Write predictions as CSV, Parquet or JSON by the file's name; it appears whole or not at all."""
    check_out(out)
    with whole_file(out) as file:
        if out.suffix.lower() == ".parquet":
            frame.to_parquet(file, index=False)
        elif out.suffix.lower() == ".csv":
            file.write(csv_text(frame).encode())
        else:
            file.write(json.dumps(records(frame), indent=1, ensure_ascii=False, allow_nan=False).encode())


def records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """Return predictions as JSON values, a dict a row."""
    return [{name: finite(value) for name, value in row.items()} for row in frame.astype(object).to_dict("records")]
