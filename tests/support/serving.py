"""A service that runs in a thread on a port of its own, and a client that asks it."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection
from typing import Any

from registry.serving.server import listen, server_of


@dataclass(frozen=True)
class Answer:
    """What came back; ``document`` is its JSON, or None where it is none."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def document(self) -> Any:
        return json.loads(self.body)


@dataclass(frozen=True)
class Client:
    """Asks a service on this machine, with a new connection each time."""

    port: int

    def ask(self, method: str, path: str, body: Any = None, headers: Mapping[str, str] | None = None) -> Answer:
        connection = HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            connection.request(method, path, body, headers or {})
            response = connection.getresponse()
            return Answer(response.status, dict(response.getheaders()), response.read())
        finally:
            connection.close()

    def get(self, path: str, **headers: str) -> Answer:
        return self.ask("GET", path, headers={name.replace("_", "-"): text for name, text in headers.items()})

    def predict(self, **document: Any) -> Answer:
        return self.ask("POST", "/predict", json.dumps(document))


@contextmanager
def running(app: Any) -> Iterator[Client]:
    """Answer with an app until the block ends."""
    listening = listen("127.0.0.1", 0)
    port = listening.getsockname()[1]
    server = server_of(app)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
    thread.start()
    try:
        yield Client(port)
    finally:
        server.should_exit = True
        thread.join(60)
        assert not thread.is_alive()
