"""What a HyperModel is beside its space: its model, how that is compiled, and its source, as small JSON values.

Two descriptions are compared part by part, so that a message can say which part changed.
"""

from __future__ import annotations

import ast
import hashlib
import inspect
import json
import sys
from collections.abc import Iterator, Mapping
from typing import Any

LONGEST = 300  # characters of a value that is kept as it is; of a longer one, its hash
MANY_LAYERS = 200
OWN_FIT = "own_fit"  # marks the record of a space of which a HyperModel's own `fit` may ask for more
# What differs between builds or machines and not between models: names are counted up in a process, seeds are drawn,
# and the type of numbers is the worker's (mixed precision).
_PASSING = {"name", "seed", "dtype", "build_config", "compile_config", "registered_name", "module"}


def describe_model(model: Any) -> dict[str, Any]:
    """Return what a built model is, and how it is compiled: layers, optimizer, loss, metrics."""
    import keras

    layers = list(model._flatten_layers(include_self=False))
    names = {layer.name: f"layer {place}" for place, layer in enumerate([model, *layers])}
    described: dict[str, Any] = {
        "keras": keras.__version__,
        "model": _hash(_plain(_config_of(model), names)),
        "layers": [[type(layer).__name__, _hash(_plain(_config_of(layer), names))] for layer in layers[:MANY_LAYERS]],
    }
    optimizer = getattr(model, "optimizer", None)
    if optimizer is not None:
        inner = getattr(optimizer, "inner_optimizer", optimizer)  # mixed precision wraps it
        described["optimizer"] = {"class": type(inner).__name__, **_short_items(_plain(_config_of(inner), names))}
    compiled = _config_of(model, "get_compile_config")
    if not isinstance(compiled, Mapping):  # a part of it, such as a schedule of the user's, tells nothing of itself
        compiled = getattr(getattr(model, "_compile_config", None), "config", {})
    for part in ("loss", "loss_weights", "metrics", "weighted_metrics"):
        described[part] = _short(_plain(compiled.get(part), names))
    return described


def describe_source(hypermodel: Any) -> dict[str, Any]:
    """Return the hashes of what a HyperModel's or a function's module holds; without comments, docstrings and scripts.

    A module that cannot be read, or that is KerasTuner's, has none.
    """
    module = type(hypermodel).__module__ if not inspect.isfunction(hypermodel) else hypermodel.__module__
    if module.startswith("keras_tuner"):  # its own, or what it makes of a build function
        module = str(getattr(inspect.unwrap(getattr(hypermodel.build, "func", hypermodel.build)), "__module__", ""))
    if module.startswith("keras_tuner") or module not in sys.modules:
        return {}
    try:
        tree = ast.parse(inspect.getsource(sys.modules[module]))
    except (OSError, TypeError, SyntaxError):
        return {}
    _drop_docstrings(tree)
    parts: dict[str, str] = {}
    for name, node in _named(tree):
        parts[name] = _hash(parts.get(name, "") + ast.unparse(node))
    version = f"{sys.version_info.major}.{sys.version_info.minor}"  # each writes a syntax tree in its own way
    return {"python": version, "source": {"module": module, "parts": parts}}


def steady(first: Mapping[str, Any], second: Mapping[str, Any]) -> dict[str, Any]:
    """Return the parts that two descriptions of one problem have in common: the others change with each build."""
    return {name: value for name, value in first.items() if value == second.get(name)}


def _config_of(thing: Any, method: str = "get_config") -> Any:
    try:
        return getattr(thing, method)()
    except Exception:  # a class of the user's that tells nothing of itself: its weights' shapes then
        return [list(weight.shape) for weight in getattr(thing, "weights", [])]


def _plain(value: Any, names: Mapping[str, str]) -> Any:
    """Return a configuration as JSON values that are the same in every process."""
    if isinstance(value, Mapping):
        return {str(key): _plain(item, names) for key, item in value.items() if key not in _PASSING}
    if isinstance(value, list | tuple):
        return [_plain(item, names) for item in value]
    if isinstance(value, str):
        return names.get(value, value)
    if value is None or isinstance(value, bool | int | float):
        return value
    if hasattr(value, "get_config"):
        return {"class": type(value).__name__, "config": _plain(_config_of(value), names)}
    if hasattr(value, "tobytes"):
        return _hash([str(getattr(value, "dtype", "")), hashlib.sha256(value.tobytes()).hexdigest()])
    return getattr(value, "__qualname__", type(value).__name__)


def _short(value: Any) -> Any:
    return value if len(json.dumps(value)) <= LONGEST else _hash(value)


def _short_items(config: Any) -> dict[str, Any]:
    return {name: _short(value) for name, value in config.items()} if isinstance(config, Mapping) else {}


def _hash(value: Any) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()[:16]


def _drop_docstrings(tree: ast.Module) -> None:
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            first = node.body[0] if node.body else None
            if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant):
                node.body = node.body[1:] or [ast.Pass()]


def _named(tree: ast.Module) -> Iterator[tuple[str, ast.stmt]]:
    """Yield a module's statements, each with the name that it gives; not what only a script runs."""
    for node in tree.body:
        if isinstance(node, ast.If) and "__name__" in ast.unparse(node.test):
            continue
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            yield node.name, node
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            yield ", ".join(ast.unparse(target) for target in targets), node
        else:
            yield "its imports and other lines", node
