"""A client that asks as fast as it is answered: python -m benchmarks.serving_client PORT PATH CONNECTIONS SECONDS.

Each connection sends the request that comes on stdin again when the answer to the last one is there, until the time is
over or SIGTERM comes. Prints one JSON document: the seconds of each answer, how many failed, and how many came from
each version. Imports nothing heavy.
"""

from __future__ import annotations

import asyncio
import json
import re
import signal
import sys
import time
from collections import Counter

_LENGTH = re.compile(rb"\r\ncontent-length: (\d+)", re.IGNORECASE)
_VERSION = re.compile(rb"\r\nx-model-version: (\d+)", re.IGNORECASE)


class Asker(asyncio.Protocol):
    """A connection that asks until a moment; an answer that is no 200, or a connection that breaks, has failed."""

    def __init__(self, request: bytes, until: float, done: asyncio.Future[None]) -> None:
        self.seconds: list[float] = []
        self.failed = 0
        self.versions: Counter[str] = Counter()
        self.until = until
        self._request, self._done = request, done
        self._came = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Ask for the first time."""
        self._transport: asyncio.Transport = transport  # type: ignore[assignment]
        self._ask()

    def _ask(self) -> None:
        self._came, self._since = b"", time.perf_counter()
        self._transport.write(self._request)

    def data_received(self, data: bytes) -> None:
        """Read an answer, and ask again."""
        self._came += data
        head, end, body = self._came.partition(b"\r\n\r\n")
        length = _LENGTH.search(head)
        if not end or (length and len(body) < int(length[1])):
            return
        self.seconds.append(time.perf_counter() - self._since)
        self.failed += not head.startswith(b"HTTP/1.1 200")
        version = _VERSION.search(head)
        self.versions[version[1].decode() if version else "unknown"] += 1
        if time.monotonic() < self.until:
            self._ask()
        else:
            self._done.set_result(None)
            self._transport.close()

    def connection_lost(self, _error: Exception | None) -> None:
        """Count what was never answered."""
        if not self._done.done():
            self.failed += 1
            self._done.set_result(None)


async def ask(port: int, request: bytes, connections: int, seconds: float) -> list[Asker]:
    """Ask over some connections at once for some seconds."""
    loop, until = asyncio.get_running_loop(), time.monotonic() + seconds
    askers = [Asker(request, until, loop.create_future()) for _ in range(connections)]

    def stop() -> None:
        for asker in askers:
            asker.until = 0.0

    loop.add_signal_handler(signal.SIGTERM, stop)
    for asker in askers:
        await loop.create_connection(lambda asker=asker: asker, "127.0.0.1", port)  # type: ignore[misc]
    await asyncio.gather(*(asker._done for asker in askers))
    return askers


def main() -> None:
    """Ask, and print what came."""
    port, path, connections, seconds = sys.argv[1:]
    body = sys.stdin.buffer.read()
    head = f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: {len(body)}"
    askers = asyncio.run(ask(int(port), head.encode() + b"\r\n\r\n" + body, int(connections), float(seconds)))
    versions = sum((asker.versions for asker in askers), Counter())
    found = {
        "seconds": [each for asker in askers for each in asker.seconds],
        "failed": sum(asker.failed for asker in askers),
        "versions": dict(versions),
    }
    print(json.dumps(found))


if __name__ == "__main__":
    main()
