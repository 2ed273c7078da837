"""Samples in a file, as the inputs that a Keras model takes: tables, arrays, pictures."""

from __future__ import annotations

import math
import os
import zipfile
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from registry.core.error_text import one_line
from registry.core.errors import NotFoundError, UsageError, did_you_mean
from registry.core.tables.amounts import as_numbers
from registry.core.tables.csv_table import keras_name, read_csv
from registry.values.structures import Structure, leaves
from registry.versions.frame import require_pyarrow

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from PIL import Image

    from registry.keras_models.reference_predictions import ReferencePredictions

    Stored = Callable[[], ReferencePredictions | None]

PICTURES = (".png", ".jpg", ".jpeg", ".gif", ".bmp", ".webp")
TABLES, ARRAYS = (".csv", ".parquet"), (".npz", ".npy")
MOST_PIXELS = 100_000_000
EXPECTED = "expected a table (.csv, .parquet), arrays (.npz, .npy), a picture, or a folder of pictures"


@dataclass(frozen=True, slots=True)
class Input:
    """One of a model's inputs.

    Args:
        name: the model's own for it.
        shape: of one sample; None where any length will do.
        dtype: of its numbers; ``string`` for texts.
    """

    name: str
    shape: tuple[int | None, ...]
    dtype: str


@dataclass(frozen=True, slots=True)
class Samples:
    """Samples of a file.

    Args:
        inputs: as the model takes them: an array with samples along the first axis, or a dict or list of such arrays.
        names: what each sample is called; its number in the file, or a picture's name.
        of: what the names are: ``row`` or ``image``.
    """

    inputs: Structure
    names: Sequence[Any]
    of: str


def inputs_of(model: Any, stored: Stored = lambda: None) -> tuple[Input, ...]:
    """Return the inputs of a Keras model.

    Args:
        model: the model.
        stored: returns predictions that are stored with it, or None; asked where it does not say what it takes, as
            subclasses of ``keras.Model`` do not.

    Raises:
        UsageError: nobody says what it takes.
    """
    tensors = getattr(model, "inputs", None) or []
    structure = getattr(model, "input", None) if tensors else _inputs_in(stored())
    if structure is None and not tensors:
        raise UsageError("the model does not say which inputs it takes; predict in Python: registry.get(REF).load()")
    if isinstance(structure, Mapping) and any(isinstance(each, Mapping | list | tuple) for each in structure.values()):
        raise UsageError("the model takes inputs within inputs; predict in Python: registry.get(REF).load()")
    if not tensors:
        return tuple(Input(name, array.shape[1:], _dtype_of(array)) for name, array in _named(structure))
    names = sorted(structure) if isinstance(structure, Mapping) else [tensor.name for tensor in tensors]
    return tuple(
        Input(str(name), tuple(tensor.shape[1:]), str(tensor.dtype))
        for name, tensor in zip(names, tensors, strict=True)
    )


def _inputs_in(stored: ReferencePredictions | None) -> Structure:
    return None if stored is None else stored.inputs


def _named(stored: Structure) -> list[tuple[str, Any]]:
    """Return stored inputs by their names, in their order; by their places where they have none."""
    if isinstance(stored, Mapping):
        return [(str(name), stored[name]) for name in sorted(stored)]
    arrays = leaves(stored)
    return [("input" if len(arrays) == 1 else f"input_{place}", array) for place, array in enumerate(arrays)]


def _dtype_of(array: np.ndarray[Any, Any]) -> str:
    return "string" if array.dtype.kind in "SU" else array.dtype.name


def check_readable(path: Path) -> None:
    """Refuse what cannot be samples, before a model is loaded for them.

    Raises:
        NotFoundError: no such file.
        UsageError: a file of another kind, or a folder without pictures.
    """
    if path.is_dir():
        if not _pictures_in(path):
            raise UsageError(f"{path} holds no pictures: no {', '.join(PICTURES)}")
    elif not path.exists():
        raise NotFoundError(f"there is no file {str(path)!r}; {EXPECTED}")
    elif path.suffix.lower() not in (*PICTURES, *TABLES, *ARRAYS):
        raise UsageError(f"{path} is of another kind; {EXPECTED}")


def read_samples(path: Path, model: Any, stored: Stored = lambda: None) -> Samples:
    """Return the samples of a file as a model takes them.

    Args:
        path: a table, arrays, a picture or a folder of pictures.
        model: a Keras model.
        stored: as for `inputs_of`.

    Raises:
        NotFoundError: no such file or column.
        UsageError: a file of another kind, or one that the model does not take.
    """
    check_readable(path)
    inputs = inputs_of(model, stored)
    if path.is_dir():
        return _of_pictures(_pictures_in(path), path, inputs)
    kind = path.suffix.lower()
    if kind in PICTURES:
        return _of_pictures([path], path.parent, inputs)
    columns = _of_table(_read_table(path, inputs), inputs, path) if kind in TABLES else _of_arrays(path, inputs)
    lengths = {len(array) for array in columns.values()}
    if len(lengths) != 1 or 0 in lengths:
        raise UsageError(f"{path} holds {sorted(lengths)} samples; expected equally many for each input, at least 1")
    return Samples(structured(columns, by_name=takes_names(model, stored)), range(lengths.pop()), "row")


def _pictures_in(folder: Path) -> list[Path]:
    return sorted(each for each in folder.rglob("*") if each.suffix.lower() in PICTURES and each.is_file())


def takes_names(model: Any, stored: Stored = lambda: None) -> bool:
    """Tell whether a Keras model takes a dict of its inputs by their names; arguments are those of `inputs_of`."""
    says = bool(getattr(model, "inputs", None))
    return isinstance(getattr(model, "input", None) if says else _inputs_in(stored()), Mapping)


def structured(columns: Mapping[str, Any], *, by_name: bool) -> Structure:
    """Return the arrays of a model's inputs, in their order, as the model takes them."""
    if by_name:
        return dict(columns)
    arrays = list(columns.values())
    return arrays[0] if len(arrays) == 1 else arrays


def _read_table(path: Path, inputs: Sequence[Input]) -> pd.DataFrame:
    if path.suffix.lower() == ".parquet":
        frame = _read_parquet(path)
    else:
        texts = {each.name for each in inputs if each.dtype == "string"}
        way, frame, found = read_csv(path, or_else=", or as .parquet", texts=texts)
        numbers = {each.name for each in inputs} - texts
        amounts = [name for name in found if keras_name(name) in numbers]
        frame[amounts] = as_numbers(frame[amounts], way)
    if not len(frame):
        raise UsageError(f"{path} has no rows; {EXPECTED}")
    return frame.rename(columns=keras_name)


def _read_parquet(path: Path) -> pd.DataFrame:
    import pandas as pd

    require_pyarrow()
    try:
        return pd.read_parquet(path)
    except (ValueError, OSError) as error:  # pyarrow's own errors are ValueErrors
        raise UsageError(f"{path} is no table that pandas can read: {one_line(error)}") from error


def _of_table(frame: pd.DataFrame, inputs: Sequence[Input], path: Path) -> dict[str, Any]:
    """Return an array for each input: from the column of its name, or, of one input, from all columns that fit."""
    import numpy as np

    names = [str(name) for name in frame.columns]
    if all(each.name in names for each in inputs):
        return {each.name: _typed(frame[[each.name]].to_numpy(), each, path) for each in inputs}
    if len(inputs) > 1:
        missing = [each.name for each in inputs if each.name not in names]
        raise NotFoundError(f"{path} has no column {missing[0]!r}; {did_you_mean(missing[0], names)}")
    (only,) = inputs
    texts = only.dtype == "string"
    fitting = frame.select_dtypes(exclude="number") if texts else frame.select_dtypes(include=["number", "bool"])
    size = math.prod(length or 1 for length in only.shape)
    of_any_length = only.shape.count(None) == 1
    columns = fitting.shape[1]
    if columns != size and not (of_any_length and columns and columns % size == 0):
        others = [str(name) for name in frame.columns if name not in fitting.columns]
        left = f" (not {', '.join(map(repr, others[:5]))}{', …' if len(others) > 5 else ''})" if others else ""
        raise UsageError(
            f"{path} has {columns} columns of {'texts' if texts else 'numbers'}{left}; the model takes "
            f"{'a multiple of ' * of_any_length}{size} for each row, or a column {only.name!r}"
        )
    return {only.name: _typed(np.asarray(fitting), only, path)}


def _of_arrays(path: Path, inputs: Sequence[Input]) -> dict[str, Any]:
    import numpy as np

    try:
        with path.open("rb") as file:  # NumPy leaves a damaged one open
            loaded = np.load(file, allow_pickle=False)
            arrays = {"": loaded} if isinstance(loaded, np.ndarray) else {name: loaded[name] for name in loaded.files}
    except (ValueError, OSError, EOFError, zipfile.BadZipFile, zlib.error, NotImplementedError) as error:
        raise UsageError(f"{path} holds no arrays that can be read without unpickling: {one_line(error)}") from error
    if len(inputs) == 1 and inputs[0].name not in arrays:
        if len(arrays) != 1:
            raise UsageError(
                f"{path} holds {len(arrays)} arrays ({', '.join(arrays)}); expected one for the model's input"
            )
        return {inputs[0].name: _typed(next(iter(arrays.values())), inputs[0], path)}
    for each in inputs:
        if each.name not in arrays:
            raise NotFoundError(f"{path} has no array {each.name!r}; {did_you_mean(each.name, list(arrays))}")
    return {each.name: _typed(arrays[each.name], each, path) for each in inputs}


def _typed(array: np.ndarray[Any, Any], expected: Input, path: Path) -> Any:
    """Return an array of shape (samples, …) with the type and the shape that an input has."""
    import numpy as np
    import pandas as pd

    shape = [-1 if length is None else length for length in expected.shape]
    try:
        if np.iscomplexobj(array):
            raise TypeError("complex numbers")
        if expected.dtype == "string":
            typed = np.where(pd.isna(array), "", array.astype(object)).astype(str)
        else:
            if array.dtype.kind == "O":  # pandas' own missing values, or lists in Parquet's columns
                array = np.where(pd.isna(array), np.nan, array)
                array = array if any(isinstance(each, str) for each in array.flat) else np.array(array.tolist())
            typed = in_type(np.asarray(array), expected.dtype, f"{path}: {expected.name!r}")
        return typed.reshape((len(typed), *shape))
    except (ValueError, TypeError) as error:
        raise UsageError(
            f"{path}: {expected.name!r} has the shape {array.shape[1:]} and the type {array.dtype} a sample; the "
            f"model takes {expected.shape} of {expected.dtype}: {one_line(error)}"
        ) from error


def in_type(array: np.ndarray[Any, Any], dtype: str, what: str) -> np.ndarray[Any, Any]:
    """Return numbers in an input's type, as they are: NumPy would let 300 be 44 as a uint8, and NaN be 0.

    Raises:
        UsageError: the type cannot hold one of them; it begins with ``what``.
        ValueError: a text that is no number.
    """
    import numpy as np

    with np.errstate(invalid="ignore", over="ignore"):
        typed = array.astype(dtype)
        exact = array.astype(np.float64) if array.dtype.kind in "OUS" else array
        held = typed == exact if typed.dtype.kind in "iub" else ~np.isinf(typed) | np.isinf(exact)
    if not held.all():
        raise UsageError(f"{what} has {array[~held].flat[0]}, which {dtype} cannot hold")
    return typed


def _of_pictures(paths: Sequence[Path], folder: Path, inputs: Sequence[Input]) -> Samples:
    """Return pictures in the size and the channels that the model takes, with values from 0 to 255."""
    import numpy as np

    shape = inputs[0].shape
    if len(inputs) > 1 or len(shape) not in (2, 3) or None in shape or (len(shape) == 3 and shape[2] not in (1, 3)):
        takes = ", ".join(f"{each.name} {each.shape}" for each in inputs)
        raise UsageError(f"the model takes no pictures of a known size, but {takes}; give it arrays (.npz)")
    seen = np.stack([_picture(path, shape) for path in paths])
    pictures = in_type(seen, inputs[0].dtype, f"{folder}: {inputs[0].name!r}")
    return Samples(pictures, [_name_of(path.relative_to(folder)) for path in paths], "image")


def _name_of(path: Path) -> str:
    """Return a file's name as a text that can be written, also where its bytes are no UTF-8."""
    return os.fsencode(path).decode(errors="backslashreplace")


def _picture(path: Path, shape: tuple[int | None, ...]) -> Any:
    import numpy as np
    from PIL import Image

    height, width, *channels = (int(length or 0) for length in shape)
    try:
        with Image.open(path) as opened:
            if opened.width * opened.height > MOST_PIXELS:
                raise UsageError(f"{path} has {opened.width} by {opened.height} pixels; expected {MOST_PIXELS} at most")
            picture = _of_8_bits(opened) if opened.mode.startswith("I") else opened
            seen = picture.convert("RGB" if channels == [3] else "L").resize((width, height))
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise UsageError(f"{path} is no picture that can be read: {one_line(error)}") from error
    return np.asarray(seen).reshape(height, width, *channels)


def _of_8_bits(grey: Image.Image) -> Image.Image:
    """Return a picture of 16 bits with values from 0 to 255; Pillow's own conversion takes all above for white."""
    import numpy as np
    from PIL import Image

    return Image.fromarray((np.asarray(grey) >> 8).astype(np.uint8))
