"""What to type to get a registered version: its record, its Keras model."""

from __future__ import annotations

import shlex

from sqlalchemy.engine import URL

from registry.core.database.url import without_secrets
from registry.values.version import ModelVersion


def commands_for(url: URL, version: ModelVersion) -> dict[str, str]:
    """Return what to type to get the version, by its number: it is the same one when the report is read years later."""
    storage = without_secrets(url).render_as_string(hide_password=False)

    def line(*words: str) -> str:
        return shlex.join(["registry", *words, "--storage", storage])

    commands = {"Its record, on the command line": line("show", version.ref)}
    if version.weights is not None:
        file = f"{version.model}-{version.version}.keras"
        commands["The Keras model, as a file"] = line("load", version.ref, "--out", file)
        commands["The Keras model, in Python"] = (
            f"from registry import Registry\n\nmodel = Registry({storage!r}).get({version.ref!r}).load()"
        )
    elif version.is_of_trial:
        commands["Its weights were not kept: to train it again"] = line("reproduce", version.ref)
    return commands
