"""The launchers by name: a new one is a class and a line here."""

from __future__ import annotations

from collections.abc import Mapping

from search.launchers.contract import Launcher
from search.launchers.local import LocalLauncher
from search.launchers.ray_cluster import RayLauncher
from search.launchers.target import LOCAL, RAY, check_target

LAUNCHERS: Mapping[str, type[Launcher]] = {LOCAL: LocalLauncher, RAY: RayLauncher}


def make_launcher(on: str) -> Launcher:
    """Return the launcher of a target: ``local``, ``ray`` or ``ray://HOST:PORT``.

    Raises:
        UsageError: it is none of these.
    """
    return LAUNCHERS[check_target(on).partition("://")[0]]()
