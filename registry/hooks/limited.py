"""HTTP requests that end in time, whatever the other side does.

A timeout of `urllib` is one for each piece that comes, so a server that sends a byte now and then would hold a request
for ever.
"""

from __future__ import annotations

import http.client
import os
import socket
import threading
import urllib.request
from contextlib import suppress
from functools import partial
from types import TracebackType
from typing import Any


class TimeLimit:
    """Cuts the connections of a request once its time is over; to be entered for that request.

    Args:
        seconds: that it may take, all steps together.
    """

    def __init__(self, seconds: float) -> None:
        self.seconds, self.is_over = seconds, False
        self._lock, self._sockets = threading.Lock(), list[socket.socket]()
        self._timer = threading.Timer(seconds, self._end)
        self._timer.daemon = True

    def __enter__(self) -> TimeLimit:
        self._timer.start()
        return self

    def __exit__(
        self, _type: type[BaseException] | None, _error: BaseException | None, _traceback: TracebackType | None
    ) -> None:
        self._timer.cancel()
        with self._lock:
            for each in self._sockets:
                each.close()
            self._sockets.clear()

    def handlers(self) -> tuple[urllib.request.BaseHandler, ...]:
        """Return what opens connections for `urllib.request.build_opener`."""
        return _Http(self), _Https(self)

    def hold(self, connected: socket.socket) -> None:
        """Cut this connection, too; TLS takes the socket from whoever made it, so that we keep our own copy."""
        with self._lock:
            self._sockets.append(socket.socket(fileno=os.dup(connected.fileno())))
            if self.is_over:
                self._cut()

    def _end(self) -> None:
        with self._lock:
            self.is_over = True
            self._cut()

    def _cut(self) -> None:
        for each in self._sockets:
            with suppress(OSError):  # the other side was faster
                each.shutdown(socket.SHUT_RDWR)


class _Held:
    """A connection of `http.client` that shows its sockets to a limit as soon as it has them: before a proxy or TLS."""

    def __init__(self, limit: TimeLimit, *arguments: Any, **options: Any) -> None:
        self._limit, self._sock = limit, None
        super().__init__(*arguments, **options)

    @property
    def sock(self) -> Any:
        return self._sock

    @sock.setter
    def sock(self, connected: Any) -> None:
        self._sock = connected
        if connected is not None:
            self._limit.hold(connected)


class _HeldHttp(_Held, http.client.HTTPConnection): ...


class _HeldHttps(_Held, http.client.HTTPSConnection): ...


class _Http(urllib.request.HTTPHandler):
    def __init__(self, limit: TimeLimit) -> None:
        super().__init__()
        self._connection: Any = partial(_HeldHttp, limit)

    def http_open(self, request: urllib.request.Request) -> http.client.HTTPResponse:
        return self.do_open(self._connection, request)


class _Https(urllib.request.HTTPSHandler):
    def __init__(self, limit: TimeLimit) -> None:
        super().__init__()
        self._connection: Any = partial(_HeldHttps, limit)

    def https_open(self, request: urllib.request.Request) -> http.client.HTTPResponse:
        return self.do_open(self._connection, request)
