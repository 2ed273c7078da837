"""Where a model or a change comes from: the user, the code's revision and the libraries, now and when it was saved."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Mapping

from registry.core.errors import UsageError

# The libraries that decide whether a stored model can be read, and what it predicts.
DECIDING = ("keras", "tensorflow", "numpy")


def installed(names: Iterable[str] = DECIDING) -> dict[str, str]:
    """Return the versions of the installed libraries, by name; nothing is imported."""
    from importlib.metadata import PackageNotFoundError, version

    versions = {}
    for name in names:
        try:
            versions[name] = version(name)
        except PackageNotFoundError:
            continue
    return versions


def differences(saved: Mapping[str, str], here: Mapping[str, str]) -> str:
    """Return both sets of versions and what differs, as the end of a message.

    Example:
        >>> differences({"keras": "3.4.0", "numpy": "2.4.6"}, {"keras": "3.15.1", "numpy": "2.4.6"})
        'saved with keras 3.4.0, numpy 2.4.6; here are keras 3.15.1, numpy 2.4.6; keras differs'
    """
    recorded = [name for name in DECIDING if name in saved]
    differ = [name for name in recorded if saved[name] != here.get(name)]
    if not recorded:
        verdict = "it is not known what differs"
    else:
        verdict = (
            f"{' and '.join(differ)} differ{'s' if len(differ) == 1 else ''}" if differ else "none of them differs"
        )
    return f"saved with {_named(saved) or 'unknown versions'}; here are {_named(here)}; {verdict}"


def _named(versions: Mapping[str, str]) -> str:
    return ", ".join(f"{name} {versions[name]}" for name in DECIDING if name in versions)


LIBRARIES = ("keras", "keras-tuner", "numpy", "optuna", "tensorflow", "studies")


@functools.cache
def code_revision() -> str | None:
    """Return git's name of the working folder's commit, with ``-dirty`` where files differ; None without git."""
    import subprocess

    try:
        described = subprocess.run(
            ["git", "describe", "--always", "--dirty"],  # noqa: S607
            capture_output=True,
            text=True,
            timeout=10,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return described.stdout.strip() or None


@functools.cache
def libraries() -> dict[str, str]:
    """Return the versions of the libraries that the training depends on."""
    return installed(LIBRARIES)


LONGEST_ACTOR = 200


def actor(name: str | None = None) -> str:
    """Return who changes something: the name that is given, else ``REGISTRY_ACTOR``, else the current user.

    The user is written as user@host, with ``unknown`` for a part that the system does not tell.

    Raises:
        UsageError: a name that is empty, longer than 200 characters, or of characters that cannot be printed.
    """
    import getpass
    import os
    import socket

    named = os.environ.get("REGISTRY_ACTOR") or None if name is None else name
    if named is not None:
        if not named.strip() or len(named) > LONGEST_ACTOR or not named.isprintable():
            raise UsageError(
                f"the actor is {named!r:.80}; expected 1 to {LONGEST_ACTOR} characters that can be printed; "
                "see --actor and REGISTRY_ACTOR"
            )
        return named
    try:
        user = getpass.getuser()
    except (ImportError, KeyError, OSError):  # a container's user id without a name
        user = ""
    return f"{user or 'unknown'}@{socket.gethostname() or 'unknown'}"
