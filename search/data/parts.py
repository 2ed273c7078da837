"""What a user gives as training or validation data, as arrays: lists, data frames and generators are taken, too."""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from registry.core.error_text import first_line
from search.errors import ProblemError

MANY_BATCHES = 10_000  # of a generator, which may never end
BATCHED = ("PyDataset", "Sequence", "DataLoader")  # classes of Keras and PyTorch, or of older Keras
PARTS = ("x", "y", "sample_weight")


def as_part(part: Any, which: str) -> Any:
    """Return one part of the data: ``(x,)``, ``(x, y)`` or ``(x, y, sample_weight)`` of arrays, or batches as they are.

    Args:
        part: what the user gave.
        which: ``train`` or ``validation``, for messages.

    Returns:
        A tuple whose members are arrays of shape (samples, ...), or tuples, lists or dicts of such arrays; or a
        ``tf.data.Dataset``, a ``keras.utils.PyDataset`` or a PyTorch ``DataLoader``, unchanged.

    Raises:
        ProblemError: it cannot be trained on; says what to write instead.
    """
    if inspect.isgeneratorfunction(part) or inspect.ismethod(part):
        part = part()
    if is_batched(part):
        return _not_empty(part, which)
    if isinstance(part, Iterator):
        return gather(part, which)
    if isinstance(part, Mapping) and "x" in part and set(part) <= set(PARTS):
        part = tuple(part.get(name) for name in PARTS)
    if not isinstance(part, tuple | list):
        raise ProblemError(
            f"Data({which}=...) is {_kind(part)}; expected (x, y), or (x, y, sample_weight), or a batched "
            "tf.data.Dataset, a keras.utils.PyDataset or a generator of batches. An autoencoder's is (x, x); a model "
            "with a train_step of its own that needs no y takes (x,)"
        )
    members = tuple(part)
    while members and members[-1] is None:
        members = members[:-1]
    if len(members) == 1 and is_batched(members[0]):
        return _not_empty(members[0], which)
    if not 1 <= len(members) <= len(PARTS):
        raise ProblemError(f"Data({which}=...) has {len(members)} members; expected (x, y) or (x, y, sample_weight)")
    if any(is_batched(member) for member in members):
        raise ProblemError(f"Data({which}=...) holds a data set beside other data; a data set brings its own y")
    names = [f"{name} of Data({which}=...)" for name in PARTS]
    arrays = [as_arrays(member, name) for member, name in zip(members, names, strict=False)]
    return tuple(_equally_long(arrays, which))


def _not_empty(batched: Any, which: str) -> Any:
    """Return a data set; refuse one that says that it has no batches."""
    try:
        batches = len(batched)
    except Exception:  # it does not say, or never ends
        return batched
    if batches == 0:
        raise ProblemError(f"Data({which}=...) is a {type(batched).__name__} without batches; expected at least 1")
    return batched


def is_batched(part: Any) -> bool:
    """Tell whether something brings its own batches, as ``tf.data.Dataset`` and ``keras.utils.PyDataset`` do."""
    return hasattr(part, "element_spec") or any(base.__name__ in BATCHED for base in type(part).__mro__)


def batches_in(batched: Any) -> int | None:
    """Return how many batches a data set gives; None where it does not say, or never ends."""
    try:
        count: int | None = batched.num_batches if hasattr(batched, "num_batches") else len(batched)
    except (NotImplementedError, TypeError):
        return None
    return count


def as_arrays(value: Any, name: str) -> Any:
    """Return x, y or weights as arrays, or in tuples, lists and dicts of them where there are several.

    A data frame of numbers is one array of shape (samples, columns); one with texts is a dict of arrays of shape
    (samples, 1) by column.

    Raises:
        ProblemError: it is nothing of that kind.
    """
    import numpy as np

    if isinstance(value, Mapping):
        return {key: as_arrays(inner, f"{key!r} in {name}") for key, inner in value.items()}
    if hasattr(value, "columns") and hasattr(value, "to_numpy"):
        return _of_frame(value)
    if hasattr(value, "to_numpy"):
        return _of_series(value)
    if isinstance(value, np.ndarray):
        return _plain(value)
    if isinstance(value, list | tuple) and value and all(_is_nested(inner) for inner in value):
        return type(value)(as_arrays(inner, name) for inner in value)
    if isinstance(value, list | tuple | range):
        try:
            return np.asarray(value)
        except ValueError as error:
            raise ProblemError(
                f"{name} is a list whose members have different lengths; pad them with keras.utils.pad_sequences, "
                "or give a tf.RaggedTensor"
            ) from error
    if hasattr(value, "toarray"):  # SciPy's sparse matrices
        return value.toarray()
    if hasattr(value, "shape") and hasattr(value, "dtype") and not type(value).__module__.startswith(("h5py", "torch")):
        return value
    if hasattr(value, "__array__"):
        return np.asarray(value)
    raise ProblemError(f"{name} is {_kind(value)}; expected an array, with samples along its first axis")


def _is_nested(value: Any) -> bool:
    """Tell whether a list's member is an array or structure of its own, not a row of numbers or texts."""
    return isinstance(value, Mapping) or hasattr(value, "to_numpy") or (len(getattr(value, "shape", ())) > 0)


def _of_frame(frame: Any) -> Any:
    columns = {str(column): _of_series(frame[column]) for column in frame.columns}
    if all(column.dtype.kind in "biuf" for column in columns.values()):
        return _plain(frame.to_numpy())
    return {name: column[:, None] for name, column in columns.items()}


def _of_series(series: Any) -> Any:
    array = series.to_numpy()
    if array.dtype == object and getattr(series.dtype, "kind", "O") in "biuf":  # pandas' own, and some are missing
        array = series.to_numpy("float64", na_value=float("nan"))
    return _plain(array)


def _plain(array: Any) -> Any:
    """Return an array of objects as one of numbers or texts, where it is one; of numbers of 128 bits, of 64.

    What is masked becomes NaN.
    """
    import numpy as np

    if np.ma.is_masked(array) and array.dtype.kind in "biuf":
        array = array.astype(np.result_type(array.dtype, np.float32)).filled(np.nan)
    if array.dtype == np.longdouble:  # which TensorFlow does not have
        return array.astype(np.float64)
    if array.dtype != object:
        return array
    if all(isinstance(value, str) for value in array.flat):
        return array.astype(str)
    try:
        return array.astype(np.float64)
    except (TypeError, ValueError):
        return array


def _equally_long(arrays: list[Any], which: str) -> list[Any]:
    """Check that all have as many samples; a list of one array a sample becomes one array.

    Raises:
        ProblemError: they have not, or none.
    """
    import numpy as np

    shapes = [value.shape for value in arrays if hasattr(value, "shape")]
    single = [int(shape[0]) for shape in shapes if len(shape) > 0 and shape[0]]
    arrays = [np.stack(value) if isinstance(value, list) and _are_samples(value, single) else value for value in arrays]
    lengths: dict[str, int] = {}
    for name, value in zip(PARTS, arrays, strict=False):
        for place, leaf in _leaves(value, name):
            if len(leaf.shape) == 0:
                raise ProblemError(f"{place} of Data({which}=...) is one number; expected one for each sample")
            if leaf.shape[0] is not None:
                lengths[place] = int(leaf.shape[0])
    if len(set(lengths.values())) > 1:
        listed = ", ".join(f"{length} in {place}" for place, length in lengths.items())
        raise ProblemError(f"Data({which}=...) has {listed}; expected equally many samples in each")
    if 0 in lengths.values():
        raise ProblemError(f"Data({which}=...) has no samples; expected at least 1")
    return arrays


def _are_samples(value: list[Any], lengths: list[int]) -> bool:
    same = len({getattr(inner, "shape", None) for inner in value}) == 1 and hasattr(value[0], "shape")
    return same and len(value) in lengths and value[0].shape[0] not in lengths


def not_taken(part: Any, which: str) -> list[str]:
    """Return which arrays Keras will hardly train on: no numbers or texts, or y of texts, a line each."""
    lines = []
    for name, value in zip(PARTS, part if isinstance(part, tuple) else (), strict=False):
        for place, leaf in _leaves(value, name):
            kind = getattr(getattr(leaf, "dtype", None), "kind", "f")
            if kind == "O":
                types = sorted({type(member).__name__ for member in leaf.flat})[:4]
                lines.append(f"{place} of Data({which}=...) holds objects ({', '.join(types)})")
            elif kind not in "biufcSUT":
                lines.append(f"{place} of Data({which}=...) holds {leaf.dtype}")
            elif kind in "SUT" and name == "y":
                as_numbers = "give classes as numbers, numpy.unique(y, return_inverse=True)[1]"
                lines.append(f"{place} of Data({which}=...) holds texts; {as_numbers}")
    return lines


def _leaves(value: Any, name: str) -> Iterator[tuple[str, Any]]:
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _leaves(inner, f"{name}[{key!r}]")
    elif isinstance(value, list | tuple):
        for place, inner in enumerate(value):
            yield from _leaves(inner, f"{name}[{place}]")
    else:
        yield name, value


def gather(batches: Iterable[Any], which: str, kind: str = "generator") -> tuple[Any, ...]:
    """Return all batches as arrays, so that they can be gone through again.

    Args:
        batches: tuples of x, or x and y, or x, y and weights.
        which: ``train`` or ``validation``, for messages.
        kind: what gives them, for messages.

    Raises:
        ProblemError: they are no such batches, do not end, or do not fit together.
    """
    import keras
    import numpy as np

    collected: list[tuple[Any, ...]] = []
    for batch in batches:
        if not isinstance(batch, tuple | list) or not 1 <= len(batch) <= len(PARTS):
            raise ProblemError(
                f"the {kind} of Data({which}=...) gives {_kind(batch)}; expected batches (x, y) of arrays"
            )
        collected.append(keras.tree.map_structure(np.asarray, tuple(batch)))
        if len(collected) > MANY_BATCHES:
            raise ProblemError(
                f"the {kind} of Data({which}=...) has given {MANY_BATCHES} batches and does not end; give "
                "those of one epoch, as in itertools.islice(generator, 100), or a keras.utils.PyDataset"
            )
    if not collected:
        raise ProblemError(f"the {kind} of Data({which}=...) gives nothing; was it gone through before?")
    single = any(leaf.ndim == 0 for leaf in keras.tree.flatten(collected[0]))
    try:
        join = np.stack if single else np.concatenate
        joined = keras.tree.map_structure(lambda *parts: join(parts), *collected)
    except ValueError as error:
        raise ProblemError(
            f"the batches of the {kind} of Data({which}=...) do not fit together: {first_line(error)}"
        ) from error
    return tuple(_equally_long(list(joined), which))


def _kind(value: Any) -> str:
    """Return what a value is, in a few words."""
    if value is None or isinstance(value, bool | int | float | str):
        return repr(value)[:40]
    if hasattr(value, "shape"):
        return f"one array of shape {tuple(value.shape)}"
    return f"of type {type(value).__name__}"
