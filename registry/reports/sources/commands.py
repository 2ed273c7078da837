"""What to type to get a registered version: its record, its Keras model."""

from __future__ import annotations

import shlex

from sqlalchemy.engine import URL

from registry.api.registry import Registry
from registry.core.database.url import without_secrets
from registry.values.version import ModelVersion


def commands_for(registry: Registry, url: URL, version: ModelVersion) -> dict[str, str]:
    """Return what to type to get the version: the model's best by that name, where it is that."""
    storage = without_secrets(url).render_as_string(hide_password=False)
    is_best = registry.best(version.model).ref == version.ref
    option = f"--storage {shlex.quote(storage)}"
    asked = f"best {shlex.quote(version.model)}" if is_best else f"show {shlex.quote(version.ref)}"
    commands = {"Its record, on the command line": f"registry {asked} {option}"}
    if version.weights is not None:
        named = version.model if is_best else version.ref
        file = f"{version.model}-{version.version}.keras"
        commands["The Keras model, as a file"] = (
            f"registry load {shlex.quote(named)} --out {shlex.quote(file)} {option}"
        )
        found = f"best({version.model!r})" if is_best else f"get({version.ref!r})"
        commands["The Keras model, in Python"] = (
            f"from registry import Registry\n\nmodel = Registry({storage!r}).{found}.load()"
        )
    return commands
