"""Keras models as bytes: small, the same for the same weights, and read without running their code.

A ``.keras`` file holds the optimizer's state, the date and Python's object addresses. Here the optimizer
is stored as it was before the first step (two thirds of an Adam model's file are its moments), and the rest
is left out or numbered, so equal models are equal bytes. The file is still one that plain
``keras.models.load_model`` reads, compiled, so that it can be evaluated or trained again.
"""

from __future__ import annotations

import io
import json
import logging
import warnings
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from registry.core.error_text import first_line, first_sentence
from registry.core.errors import LoadError, WriteError
from registry.core.starting.tensorflow import start_tensorflow

_EPOCH = (1980, 1, 1, 0, 0, 0)  # the oldest date that a zip archive can hold
WEIGHTS = "model.weights.h5"
UNKNOWN = "(unknown)"
_log = logging.getLogger(__name__)


class UnknownClassError(LoadError):
    """A model's file names classes or functions of somebody's own that are not known here."""


def save_model(model: Any) -> bytes:
    """Return a built Keras model as a ``.keras`` file's bytes, without the optimizer's state.

    The model itself is not changed: its training may go on.

    Raises:
        WriteError: Keras cannot write it, such as a subclass of ``keras.Model`` without ``get_config``.

    Example:
        >>> registry.register("fmnist", weights=save_model(model), ...)  # doctest: +SKIP
    """
    try:
        return _written(model)
    except OSError:
        raise
    except Exception as error:  # the model's own code, and whatever Keras meets in it
        raise WriteError(f"Keras cannot write the model to a file: {first_sentence(error)}") from error


def _written(model: Any) -> bytes:
    import keras

    with TemporaryDirectory(prefix="registry-") as folder:
        path = Path(folder) / "model.keras"
        with fresh_optimizers(model):
            keras.saving.save_model(model, path)
        with zipfile.ZipFile(path) as archive:
            members = {name: archive.read(name) for name in archive.namelist()}
    members["metadata.json"] = _undated(members["metadata.json"])
    members["config.json"] = _plain(members["config.json"])
    members[WEIGHTS] = compact(members[WEIGHTS])
    return zipped(members)


def load_model(source: bytes | Path) -> Any:
    """Return the Keras model of a ``.keras`` file, in safe mode: nothing in it is run or unpickled.

    A model whose loss or metrics are not Keras' own comes back uncompiled, ready to predict.

    Raises:
        UnknownClassError: it has classes or functions that nobody has registered here.
        LoadError: Keras cannot read it; says which version saved it and which one this is.
    """
    start_tensorflow()
    import keras

    with _file_of(source) as path, warnings.catch_warnings():
        # What is skipped is the state before the first step, which a new optimizer has, too: of one that scales a loss.
        warnings.filterwarnings("ignore", "Skipping variable loading for optimizer", UserWarning)
        try:
            return keras.saving.load_model(path, safe_mode=True)
        except Exception as error:
            _log.debug("loading %s compiled failed: %s", path, error)
        try:
            return keras.saving.load_model(path, safe_mode=True, compile=False)
        except Exception as error:
            if own := unknown_classes(path):
                raise UnknownClassError(
                    f"it has code of your own, {', '.join(own)}, which is not known here; import the module that "
                    "defines it, with @keras.saving.register_keras_serializable() above it"
                ) from error
            raise LoadError(
                f"Keras {keras.__version__} cannot read the model, which Keras {saved_by(path)} saved: "
                f"{first_line(error)}"
            ) from error


def load_weights(model: Any, path: Path) -> None:
    """Give a built model the weights of a ``.keras`` file; its optimizers stay as they are.

    Raises:
        Exception: what Keras raises where the weights do not fit.
    """
    with TemporaryDirectory(prefix="registry-") as folder:
        with zipfile.ZipFile(path) as archive:
            weights = archive.extract(WEIGHTS, folder)
        model.load_weights(weights, objects_to_skip=_optimizers_in(model))


def _optimizers_in(model: Any) -> list[Any]:
    """Return the optimizers that a model and its layers hold as attributes."""
    import keras

    held = [value for layer in model._flatten_layers() for value in vars(layer).values()]
    return [value for value in held if isinstance(value, keras.optimizers.Optimizer)]


def unknown_classes(path: Path) -> list[str]:
    """Return the names of a file's classes and functions that are neither Keras' own nor registered here."""
    import keras

    names: dict[str, None] = {}

    def walk(node: Any) -> None:
        if isinstance(node, dict):
            registered, module = node.get("registered_name"), node.get("module")
            if registered and str(module).split(".")[0] != "keras" and "class_name" in node:
                own = node["config"] if node["class_name"] == "function" else registered
                if keras.saving.get_registered_object(own) is None:
                    names[str(own).rpartition(">")[2]] = None
        for inner in node.values() if isinstance(node, dict) else node if isinstance(node, list) else ():
            walk(inner)

    try:
        walk(_config(path))
    except (OSError, ValueError, KeyError, zipfile.BadZipFile):
        return []
    return list(names)


def build_as_saved(model: Any, path: Path) -> None:
    """Build a model that has no weights yet for inputs of the shape that a file's model was built for."""
    shapes = _config(path).get("build_config")
    if shapes and not model.built:
        model.build_from_config(shapes)
        model.built = True  # which Keras leaves open where it makes the weights by running ``call``


def _config(path: Path) -> dict[str, Any]:
    with zipfile.ZipFile(path) as archive:
        config: dict[str, Any] = json.loads(archive.read("config.json"))
    return config


def saved_by(path: Path) -> str:
    """Return the version of Keras that saved a file, or ``(unknown)``."""
    try:
        with zipfile.ZipFile(path) as archive:
            return str(json.loads(archive.read("metadata.json"))["keras_version"])
    except (OSError, ValueError, KeyError, zipfile.BadZipFile):
        return UNKNOWN


@contextmanager
def _file_of(source: bytes | Path) -> Iterator[Path]:
    if isinstance(source, Path):
        yield source
        return
    with TemporaryDirectory(prefix="registry-") as folder:
        path = Path(folder) / "model.keras"
        path.write_bytes(source)
        yield path


@contextmanager
def fresh_optimizers(model: Any) -> Iterator[None]:
    """Give a model, and each compiled model in it, an optimizer as before its first step, until the block ends.

    A model whose optimizer cannot be made again, or whose loss cannot be written, counts as uncompiled for that time.
    """
    owners = [layer for layer in model._flatten_layers() if getattr(layer, "optimizer", None) and layer.compiled]
    trained = [owner.optimizer for owner in owners]
    try:
        for owner in owners:
            owner.optimizer = _fresh_optimizer(owner)
            owner.compiled = owner.optimizer is not None and _tells_how_compiled(owner)
        yield
    finally:
        for owner, optimizer in zip(owners, trained, strict=True):
            owner.optimizer, owner.compiled = optimizer, True


def _tells_how_compiled(model: Any) -> bool:
    try:
        model.get_compile_config()
    except Exception as error:  # of a loss or a metric of the user's
        _log.debug("how the model is compiled is left out of the stored model: %s", error)
        return False
    return True


def _fresh_optimizer(model: Any) -> Any:
    import keras

    try:
        fresh = keras.optimizers.deserialize(keras.optimizers.serialize(model.optimizer))
        with keras.device("cpu:0"):
            fresh.build(model.trainable_variables)
    except Exception as error:
        _log.debug("the optimizer is left out of the stored model: %s", error)
        return None
    return fresh


def _undated(metadata: bytes) -> bytes:
    document = json.loads(metadata)
    document.pop("date_saved", None)
    return json.dumps(document).encode()


def _plain(config: bytes) -> bytes:
    """Return the configuration with shared objects numbered from 1 instead of named by their address.

    How many steps the training took in one call is of the training, not of the model.
    """
    numbers: dict[int, int] = {}

    def walk(node: Any) -> Any:
        if isinstance(node, list):
            return [walk(item) for item in node]
        if not isinstance(node, dict):
            return node
        plain = {name: walk(item) for name, item in node.items()}
        if isinstance(plain.get("shared_object_id"), int):
            plain["shared_object_id"] = numbers.setdefault(plain["shared_object_id"], len(numbers) + 1)
        if "steps_per_execution" in (plain.get("compile_config") or {}):
            plain["compile_config"]["steps_per_execution"] = 1
        return plain

    return json.dumps(walk(json.loads(config))).encode()


def compact(weights: bytes) -> bytes:
    """Return the weights file without dates, its arrays of one value, as fresh optimizers have, taking no room."""
    import h5py

    with TemporaryDirectory(prefix="registry-") as folder:
        path = Path(folder) / WEIGHTS
        with h5py.File(io.BytesIO(weights), "r") as old, _undated_file(path) as new:
            _copy_group(old, new)
        return path.read_bytes()


def _copy_group(old: Any, new: Any) -> None:
    import h5py

    for name, value in old.attrs.items():
        new.attrs[name] = value
    for name in sorted(old):
        if isinstance(old[name], h5py.Group):
            _copy_group(old[name], _undated_group(new, name))
        else:
            _copy_array(old[name], new, name)


def _undated_file(path: Path) -> Any:
    """Return a new HDF5 file of the newest, smallest format, which else holds the second of its making."""
    import h5py

    creation = h5py.h5p.create(h5py.h5p.FILE_CREATE)
    creation.set_obj_track_times(False)
    access = h5py.h5p.create(h5py.h5p.FILE_ACCESS)
    access.set_libver_bounds(h5py.h5f.LIBVER_LATEST, h5py.h5f.LIBVER_LATEST)
    return h5py.File(h5py.h5f.create(str(path).encode(), flags=h5py.h5f.ACC_TRUNC, fcpl=creation, fapl=access))


def _undated_group(parent: Any, name: str) -> Any:
    import h5py

    creation = h5py.h5p.create(h5py.h5p.GROUP_CREATE)
    creation.set_obj_track_times(False)
    h5py.h5g.create(parent.id, name.encode(), gcpl=creation)
    return parent[name]


def _copy_array(old: Any, parent: Any, name: str) -> None:
    import numpy as np

    array = old[()]
    if isinstance(array, np.ndarray) and array.size and array.dtype.kind in "biuf" and (array == array.flat[0]).all():
        new = parent.create_dataset(name, array.shape, array.dtype, chunks=True, fillvalue=array.flat[0])
        for key, value in old.attrs.items():
            new.attrs[key] = value
    else:
        parent.copy(old, parent, name)


def zipped(members: dict[str, bytes]) -> bytes:
    """Return a zip archive of files by name, in their names' order and without dates."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name in sorted(members):
            archive.writestr(zipfile.ZipInfo(name, _EPOCH), members[name])
    return out.getvalue()
