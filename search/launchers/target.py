"""Where workers are to run, as the user names it."""

from __future__ import annotations

import re

from registry.core.errors import UsageError

LOCAL, RAY = "local", "ray"


def check_target(on: str) -> str:
    """Return where workers are to run: ``local``, ``ray`` or ``ray://HOST:PORT``.

    Raises:
        UsageError: it is none of these.

    Example:
        >>> check_target("ray://head:10001")
        'ray://head:10001'
    """
    if on in (LOCAL, RAY) or (on.startswith("ray://") and host_and_port(on)):
        return on
    raise UsageError(f"--on is {on!r}; expected local, ray or ray://HOST:PORT (the port is 10001 unless you chose one)")


def host_and_port(address: str) -> tuple[str, int] | None:
    """Return where a cluster's address leads; None for one that names no host, such as ``auto``.

    Example:
        >>> host_and_port("ray://head:10001"), host_and_port("auto")
        (('head', 10001), None)
    """
    match = re.fullmatch(r"(?:ray://)?([\w.-]+|\[[0-9a-fA-F:.]+\]):(\d{1,5})", address)
    return None if match is None or int(match[2]) > 65535 else (match[1].strip("[]"), int(match[2]))
