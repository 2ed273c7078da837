"""The formats: how each is written from a Keras model, and how what was written is run.

Every ``run`` reads the file back and predicts with nothing else, as the program that gets it would.
"""

from __future__ import annotations

import contextlib
import functools
import io
import re
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from registry.core.errors import ExportError
from registry.core.starting.tensorflow import native_stderr_held
from registry.export.inputs import Inputs, predictions

Arrays = list[Any]


@dataclass(frozen=True)
class Format:
    """One of the formats.

    Args:
        name: as on the command line.
        suffix: what the file's name must end in; empty for a folder.
        write: takes the model and the path.
        run: takes the path, a model of the same architecture, and the inputs; returns the outputs.
    """

    name: str
    suffix: str
    write: Callable[[Any, Path], None]
    run: Callable[[Path, Any, Inputs], Arrays]


def _write_keras(model: Any, path: Path) -> None:
    from registry.keras_models.keras_file import save_model

    path.write_bytes(save_model(model))


def _run_keras(path: Path, _model: Any, inputs: Inputs) -> Arrays:
    from registry.keras_models.keras_file import load_model

    return predictions(load_model(path), inputs)


def _write_weights(model: Any, path: Path) -> None:
    model.save_weights(path)


def _run_weights(path: Path, model: Any, inputs: Inputs) -> Arrays:
    own = model.get_weights()
    try:
        model.set_weights([value * 0 for value in own])
        model.load_weights(path)
        return predictions(model, inputs)
    finally:
        model.set_weights(own)


def _write_saved_model(model: Any, path: Path) -> None:
    _exported(model, path, "tf_saved_model")


def _run_saved_model(path: Path, _model: Any, inputs: Inputs) -> Arrays:
    import keras
    import tensorflow as tf

    served = tf.saved_model.load(str(path))
    outputs = served.serve(inputs.packed(tf.convert_to_tensor))
    return [value.numpy() for value in keras.tree.flatten(outputs)]


def _write_onnx(model: Any, path: Path) -> None:
    _needed("tf2onnx", "onnxruntime")
    from registry.export.onnx_erfc import teach_erfc

    with _quiet():
        teach_erfc()
    _exported(model, path, "onnx")


def _run_onnx(path: Path, _model: Any, inputs: Inputs) -> Arrays:
    import onnxruntime

    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    named = inputs.by_name([each.name for each in session.get_inputs()])
    return list(session.run(None, {name: _as_objects(value) for name, value in named.items()}))


def _as_objects(value: Any) -> Any:
    """Return texts as ONNX and TFLite take them, each an object of its own."""
    return value.astype(object) if value.dtype.kind in "SU" else value


def _write_tflite(model: Any, path: Path) -> None:
    """Write a file for any number of samples, or for one at a time where the model has recurrent layers.

    Those keep the steps in lists, which TFLite has only where the number of samples is fixed.
    """
    import keras

    _exported(model, path, "litert")
    if b"FlexTensorList" in path.read_bytes() and getattr(model, "inputs", None):
        inputs = getattr(model, "input", model.inputs[0])  # a Sequential has the first only once it was called
        _exported(model, path, "litert", input_signature=[keras.tree.map_structure(_of_one, inputs)])


def _of_one(tensor: Any) -> Any:
    """Return the specification of one sample of an input."""
    import keras

    return keras.InputSpec(dtype=tensor.dtype, shape=(1, *tensor.shape[1:]), name=tensor.name)


def _run_tflite(path: Path, _model: Any, inputs: Inputs) -> Arrays:
    import numpy as np
    import tensorflow as tf

    with native_stderr_held(), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that this interpreter will move to another package
        interpreter = tf.lite.Interpreter(str(path))
        runner = interpreter.get_signature_runner()
        details = runner.get_input_details()
        named = {name: _as_objects(value) for name, value in inputs.by_name(sorted(details)).items()}
        if all(each["shape_signature"][0] == 1 for each in details.values()):
            steps = [{name: value[i : i + 1] for name, value in named.items()} for i in range(inputs.samples)]
        else:
            steps = [named]
        outputs = [runner(**step) for step in steps]
    return [np.concatenate([each[name] for each in outputs]) for name in sorted(outputs[0], key=_place)]


def _place(name: str) -> tuple[int, str]:
    """Sort ``output_10`` behind ``output_9``, and a model's own names as Keras does."""
    numbered = re.fullmatch(r"output_(\d+)", name)
    return (int(numbered[1]) if numbered else -1, name)


def _exported(model: Any, path: Path, name: str, **options: Any) -> None:
    """Let Keras export, without what it and its converters tell on the way."""
    with _quiet(), _without_training(model):
        model.export(str(path), format=name, verbose=False, **options)


@contextlib.contextmanager
def _without_training(model: Any) -> Iterator[None]:
    """Let a model that is called in this block predict.

    Keras exports a call that does not say so, in which layers that augment do what they do in training.
    """
    vars(model)["__call__"] = functools.partial(model.__call__, training=False)
    try:
        yield
    finally:
        del vars(model)["__call__"]


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    with native_stderr_held(), contextlib.redirect_stdout(io.StringIO()), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of libraries about libraries
        yield


def _needed(*packages: str) -> None:
    from importlib.util import find_spec

    missing = [package for package in packages if find_spec(package) is None]
    if missing:
        raise ExportError(f"ONNX needs {' and '.join(missing)}; install: pip install 'studies[onnx]'")


_ALL: Sequence[Format] = (
    Format("keras", ".keras", _write_keras, _run_keras),
    Format("weights", ".weights.h5", _write_weights, _run_weights),
    Format("savedmodel", "", _write_saved_model, _run_saved_model),
    Format("onnx", ".onnx", _write_onnx, _run_onnx),
    Format("tflite", ".tflite", _write_tflite, _run_tflite),
)
FORMATS = {each.name: each for each in _ALL}
