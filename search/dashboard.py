"""Optuna's dashboard on our database: it shows what there is, and changes nothing."""

from __future__ import annotations

import json
import re
import socket
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import cache
from importlib import import_module
from socketserver import ThreadingMixIn
from typing import Any
from urllib.parse import urlsplit
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from registry.core.database.engine import open_engine
from search.errors import DashboardError
from search.optuna_bridge.storage import closing_storage
from search.schema import SCHEMA

LOCAL_ADDRESS = "search.local_address"
_HOST = re.compile(r"([\w.-]+|\[[0-9a-fA-F:.]+\])(:[0-9]{1,5})?")

App = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


class _Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True  # so that Ctrl-C waits for no browser


class _Silent(WSGIRequestHandler):
    def get_environ(self) -> dict[str, Any]:
        """Return what a request says, and the address of ours that it came to."""
        return super().get_environ() | {LOCAL_ADDRESS: self.connection.getsockname()[0]}

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Say nothing about single requests."""


@contextmanager
def serving(url: str, host: str, port: int) -> Iterator[WSGIServer]:
    """Give a server of the dashboard that listens; ``serve_forever`` answers.

    Args:
        url: the database.
        host: the address to listen on.
        port: its port; 0 for any free one.

    Raises:
        DashboardError: optuna-dashboard is not installed, or the address cannot be listened on.
        DatabaseError: the database cannot be read.
    """
    create_app = _import_dashboard()
    engine = open_engine(url, must_exist=True)
    SCHEMA.check_readable(engine)
    with closing_storage(engine, readonly=True) as storage:
        try:
            app = only_by_our_names(only_reading(create_app(storage)), host)
            server = make_server(host, port, app, _Server, _Silent)
        except (OSError, UnicodeError) as error:  # a name with a label that is too long, or empty
            reason = getattr(error, "strerror", None) or error
            raise DashboardError(
                f"cannot listen on {host:.100} port {port}: {reason}; choose another --port or --host"
            ) from None
        with server:
            yield server


def only_reading(app: App) -> App:
    """Return an app that refuses every request but reading ones.

    In the dashboard, studies can be renamed and deleted, and results of trials written. Ours have slots, leases and
    versions that Optuna does not know, so such changes would break them.
    """

    def answer(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        if environ["REQUEST_METHOD"] in ("GET", "HEAD"):
            return app(environ, start_response)
        start_response("403 Forbidden", [("Content-Type", "application/json")])
        reason = "this dashboard only shows; studies are changed by search run, stop, retry, prune and drop"
        return [json.dumps({"reason": reason}).encode()]

    return answer


def only_by_our_names(app: App, host: str) -> App:
    """Return an app that refuses requests for another machine's name.

    A page that somebody has open may let its own name lead to this machine (DNS rebinding), and would then read what we
    answer. Its requests still carry that name.

    Args:
        app: what answers the others.
        host: what the user called the address to listen on.
    """

    def answer(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        asked = environ.get("HTTP_HOST", "")
        name = (urlsplit(f"//{asked}").hostname or "").removesuffix(".") if _HOST.fullmatch(asked) else ""
        if name in ("localhost", host.lower(), environ[LOCAL_ADDRESS]) or name in _names():
            return app(environ, start_response)
        start_response("403 Forbidden", [("Content-Type", "application/json")])
        reason = f"this dashboard answers only to names of its machine, and not to {asked[:100]!r}; open {_names()[0]}"
        return [json.dumps({"reason": reason}).encode()]

    return answer


@cache
def _names() -> tuple[str, ...]:
    """Return what this machine is called."""
    name = socket.gethostname().lower()
    return name, f"{name.partition('.')[0]}.local", socket.getfqdn().lower()


def _import_dashboard() -> Callable[..., App]:
    try:
        app: Callable[..., App] = import_module("optuna_dashboard").wsgi
    except ImportError:
        raise DashboardError("optuna-dashboard is not installed; install: pip install 'studies[dashboard]'") from None
    return app
