"""Connections to PostgreSQL that notice when nobody answers any more.

A cut network is noticed by TCP: keepalives where nothing is sent, the user timeout where something is. Where packets
still arrive and answers do not, such as behind a proxy that hangs, the wait for an answer is bounded.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

from sqlalchemy.engine import URL

# libpq's options; the last is in milliseconds.
OPTIONS = {
    "connect_timeout": 10,
    "keepalives": 1,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 30_000,
}


def connector(url: URL, answer_seconds: float) -> Callable[[], Any]:
    """Return what opens a connection; options in the URL come before ours.

    Args:
        url: the database.
        answer_seconds: that each statement may take; one that takes longer ends the connection. The attribute
            ``answer_seconds`` of a connection changes it, None to any time.
    """

    def connect() -> Any:
        arguments, options = url.get_dialect()().create_connect_args(url)
        connection = _bounded_class().connect(*arguments, **{**OPTIONS, **options})
        connection.answer_seconds = answer_seconds
        return connection

    return connect


@cache
def _bounded_class() -> Any:
    """Return the class of such connections; psycopg is an extra."""
    import psycopg
    from psycopg.errors import _WaitTimeout

    class BoundedConnection(psycopg.Connection):  # type: ignore[misc]
        answer_seconds: float | None = None

        def wait(self, gen: Any, *arguments: Any, timeout: float | None = None, **options: Any) -> Any:
            bound = self.answer_seconds if timeout is None else timeout
            try:
                return super().wait(gen, *arguments, timeout=bound, **options)
            except _WaitTimeout:
                if timeout is not None:
                    raise
                self.pgconn.finish()
                raise psycopg.OperationalError(f"no answer within {bound:g} seconds") from None

    return BoundedConnection
