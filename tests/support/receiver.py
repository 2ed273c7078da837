"""A real HTTP server on this machine that takes what hooks are sent, and answers as it is told."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass(frozen=True)
class Received:
    """A request: its headers, its body, and the status that it was answered with."""

    headers: Any
    body: bytes
    status: int

    @property
    def event(self) -> dict[str, Any]:
        """The body as JSON."""
        parsed: dict[str, Any] = json.loads(self.body)
        return parsed


@dataclass
class Receiver:
    """What a server received.

    Args:
        url: of the server.
        answer: returns the status of the answer, given how many requests came before.
        location: where an answer leads to.
        all: every request, in its order.
    """

    url: str = ""
    answer: Callable[[int], int] = lambda number: 204
    location: str | None = None
    all: list[Received] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def taken(self) -> list[dict[str, Any]]:
        """The events that were answered with success, in their order."""
        return [request.event for request in self.all if request.status < 300]


@contextmanager
def receiving() -> Iterator[Receiver]:
    """Start a server on a free port of this machine; end it."""
    receiver = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"] or 0))
            with receiver.lock:
                status = receiver.answer(len(receiver.all))
                receiver.all.append(Received(self.headers, body, status))
            self.send_response(status)
            if receiver.location is not None:
                self.send_header("Location", receiver.location)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def do_GET(self) -> None:
            self.do_POST()  # what follows a redirect may ask so

        def log_message(self, *_arguments: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    receiver.url = f"http://127.0.0.1:{server.server_port}/hook"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield receiver
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
