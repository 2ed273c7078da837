"""A way to a PostgreSQL server that refuses, freezes, drops or delays when it is told to."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import sqlalchemy as sa


class Proxy:
    """Pass bytes between clients on loopback and a server's socket.

    Args:
        target: the path of the server's socket.
    """

    def __init__(self, target: str) -> None:
        self._target, self._pairs = target, list[socket.socket]()
        self._flows, self._ended = threading.Event(), threading.Event()
        self._flows.set()
        self._refuses, self._delay = False, 0.0
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def freeze(self) -> None:
        """Swallow bytes: connections stay open, and nothing comes through."""
        self._flows.clear()

    def thaw(self) -> None:
        """Let everything through again."""
        self._flows.set()
        self._refuses, self._delay = False, 0.0

    def delay(self, seconds: float) -> None:
        """Hold each piece back for a while."""
        self._delay = seconds

    def drop(self) -> None:
        """Cut all connections."""
        for end in self._pairs:
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
        self._pairs.clear()

    def refuse(self) -> None:
        """Cut all connections and take no new one."""
        self._refuses = True
        self.drop()

    def close(self) -> None:
        """End it."""
        self._ended.set()
        self._flows.set()
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.drop()

    def _serve(self) -> None:
        while not self._ended.is_set():
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            if self._refuses:
                client.close()
                continue
            server = socket.socket(socket.AF_UNIX)
            server.connect(self._target)
            self._pairs += [client, server]
            for source, sink in ((client, server), (server, client)):
                threading.Thread(target=self._pass, args=(source, sink), daemon=True).start()

    def _pass(self, source: socket.socket, sink: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while piece := source.recv(65536):
                self._ended.wait(self._delay)
                self._flows.wait()
                sink.sendall(piece)
        for end in (source, sink):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()


@contextmanager
def proxied(url: str) -> Iterator[tuple[Proxy, str]]:
    """Give a proxy in front of a server that listens on a socket's file, and the URL that goes through it."""
    parsed = sa.make_url(url)
    folder = parsed.query["host"]
    proxy = Proxy(f"{folder}/.s.PGSQL.{parsed.port or parsed.query.get('port', 5432)}")
    through = parsed.difference_update_query(["host", "port"]).set(host="127.0.0.1", port=proxy.port)
    try:
        yield proxy, through.render_as_string(hide_password=False)
    finally:
        proxy.close()
