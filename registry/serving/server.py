"""Listen, and answer until Ctrl-C or SIGTERM; requests that are being answered are answered to the end."""

from __future__ import annotations

import resource
import signal
import socket

import uvicorn
from starlette.types import ASGIApp

from registry.core.errors import UserError
from registry.serving.connection import Connection

KEEP_ALIVE_SECONDS = 75  # longer than proxies keep a connection that they do not use
LAST_ANSWERS_SECONDS = 30
MOST_FILES = 16_384  # each connection is one


def listen(host: str, port: int) -> socket.socket:
    """Return a socket that listens; port 0 takes a free one.

    Raises:
        UserError: nobody can listen there.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        listening = socket.create_server((host, port), family=family, backlog=2048)
    except (OSError, UnicodeError) as error:  # a name with a label that is too long, or empty
        reason = getattr(error, "strerror", None) or error
        raise UserError(
            f"nobody can listen on {host:.100}, port {port}: {reason}; give another --host or --port"
        ) from None
    # Connections inherit it; else an answer's second packet waits 40 ms until the client has acknowledged its first.
    listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listening


def url_of(listening: socket.socket) -> str:
    """Return the URL at which a socket is reached."""
    host, port = listening.getsockname()[:2]
    return f"http://{f'[{host}]' if ':' in host else host}:{port}"


def server_of(app: ASGIApp) -> uvicorn.Server:
    """Return what answers requests with an app."""
    return uvicorn.Server(
        uvicorn.Config(
            app,
            http=Connection,
            ws="none",
            log_config=None,
            log_level="warning",
            access_log=False,
            server_header=False,
            proxy_headers=False,
            timeout_keep_alive=KEEP_ALIVE_SECONDS,
            timeout_graceful_shutdown=LAST_ANSWERS_SECONDS,
        )
    )


def serve(app: ASGIApp, listening: socket.socket) -> None:
    """Answer until the process is asked to end, by Ctrl-C or SIGTERM."""
    _allow_connections()
    server = server_of(app)

    def leave(*_: object) -> None:
        server.should_exit = True

    # The server raises a signal again after it has ended in order: then there is nothing left to do.
    before = {number: signal.signal(number, leave) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        server.run(sockets=[listening])
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _allow_connections() -> None:
    """Let the process hold more connections than the thousand files that are usual, where it may."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = MOST_FILES if hard == resource.RLIM_INFINITY else min(MOST_FILES, hard)
    if soft != resource.RLIM_INFINITY and soft < most:
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
