"""Check an untrusted ``.keras`` file, without Keras: its configuration may name only Keras' own classes.

Models are loaded in Keras' safe mode anyway. This keeps out of the registry what safe mode refuses, and what it
let through before it was mended: configurations that name functions which load or unpickle something.
"""

from __future__ import annotations

import json
from typing import Any, BinaryIO

from registry.bundles.untrusted.zips import opened_zip
from registry.core.errors import BundleError

_LARGEST_CONFIG = 64_000_000
_MEMBERS = {"metadata.json", "config.json", "model.weights.h5"}
_MODULES = (
    *("activations", "applications", "constraints", "dtype_policies", "initializers", "layers", "losses", "metrics"),
    *("models", "ops", "optimizers", "quantizers", "random", "regularizers", "tree"),
)
_CODE = {"Lambda", "TFSMLayer", "TorchModuleWrapper", "JaxLayer", "FlaxLayer", "PyFunc"}
# These have no module: Keras' own names for values that JSON does not have.
_VALUES = {"__keras_tensor__", "__numpy__", "__tensor__", "__tuple__", "__bytes__", "__ellipsis__", "__slice__"}


def check_keras_file(file: BinaryIO, what: str) -> None:
    """Refuse a ``.keras`` file with anything in it but Keras' own layers, registered classes, and weights.

    What the weights hold is `weights.check_weights`' part.

    Args:
        file: the file, seekable.
        what: what messages call it.

    Raises:
        BundleError: says what was found.
    """
    with opened_zip(file, what) as archive:
        names = set(archive.namelist())
        if {name for name in names if not name.startswith("assets/")} != _MEMBERS:
            raise BundleError(
                f"{what} is no .keras file: it holds {', '.join(sorted(names)[:5])!r}; expected {sorted(_MEMBERS)}"
            )
        if archive.getinfo("config.json").file_size > _LARGEST_CONFIG:
            raise BundleError(f"{what} is refused: its configuration has more than {_LARGEST_CONFIG} bytes")
        _check_config(parse_json(archive.read("config.json"), f"the configuration of {what}"), what)


def parse_json(data: bytes, what: str) -> Any:
    """Return a JSON document.

    Raises:
        BundleError: it is not JSON, or nested too deeply.
    """
    try:
        return json.loads(data)
    except (ValueError, RecursionError) as error:
        raise BundleError(f"{what} is no JSON: {error}") from error


def _check_config(config: Any, what: str) -> None:
    waiting = [config]
    while waiting:
        node = waiting.pop()
        if isinstance(node, list):
            waiting += node
        elif isinstance(node, dict):
            waiting += node.values()
            if "class_name" in node:
                _check_class(node, what)


def _check_class(node: dict[str, Any], what: str) -> None:
    name, module, registered = (node.get(key) for key in ("class_name", "module", "registered_name"))
    inner = node.get("config")
    if isinstance(name, str) and name in {*_CODE, "__lambda__"}:
        raise BundleError(f"{what} is refused: it has code in it (class {name!r})")
    if isinstance(inner, dict) and isinstance(inner.get("vocabulary"), str):
        raise BundleError(f"{what} is refused: its {name!r} reads the file {inner['vocabulary'][:100]!r}")
    if not _is_allowed(name, module, registered):
        raise BundleError(
            f"{what} is refused: it names {name!r} of {module!r}; expected Keras' own layers, losses, metrics and "
            "optimizers, or classes registered with keras.saving.register_keras_serializable"
        )


def _is_allowed(name: Any, module: Any, registered: Any) -> bool:
    if not isinstance(name, str):
        return False
    if isinstance(registered, str) and ">" in registered:
        return True  # Keras takes only what the reader's own program has registered under that name
    if module is None:
        return name in _VALUES
    if module == "builtins":
        return name == "function"  # by its name, among what the reader's own program has registered
    if not isinstance(module, str):
        return False
    if module in ("keras", "keras.src"):
        return name in ("DTypePolicy", "Functional", "Model", "Sequential", "Variable")
    parts = module.removeprefix("keras.").removeprefix("src.").split(".")
    return module.startswith("keras.") and parts[0] in _MODULES
