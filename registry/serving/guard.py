"""Who may ask: on this machine everybody, unless there is a token; from elsewhere only who has it."""

from __future__ import annotations

import asyncio
import hmac
import os
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from registry.core.errors import UsageError
from registry.serving.answers import error_answer
from registry.serving.metrics import Metrics

OPEN = ("/health", "/ready")  # they tell without a token whether they are well, and nothing else
VARIABLE = "REGISTRY_TOKEN"


def token_for(host: str, file: Path | None) -> str | None:
    """Return the token that requests must carry; None where the service answers this machine only and has none.

    Raises:
        UsageError: other machines could ask and there is no token, or it cannot be read.
    """
    try:
        token = os.environ.get(VARIABLE) if file is None else file.read_text()
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"--token-file {file} cannot be read: {getattr(error, 'strerror', None) or error}") from None
    token = None if token is None else token.strip()
    if token is not None and not (token.isascii() and token.isprintable() and token and " " not in token):
        where = VARIABLE if file is None else f"--token-file {file}"
        raise UsageError(f"the token of {where} is empty or has blanks in it; expected one word of ASCII characters")
    if token is None and not is_loopback(host):
        raise UsageError(
            f"--host {host} lets other machines ask, and there is no token; set {VARIABLE}, or give --token-file FILE"
        )
    return token


def is_loopback(host: str) -> bool:
    """Tell whether a host's name or address means this machine alone."""
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


class Guard:
    """Lets only those requests through that may come in, and counts all answers.

    Without a token, requests must name this machine as their host: a page in a browser that reaches us by a name of its
    own is refused.
    """

    def __init__(self, app: ASGIApp, token: str | None, metrics: Metrics) -> None:
        self._app, self._metrics = app, metrics
        self._expected = None if token is None else token.encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or pass it on."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        begun = False

        async def counted(message: Message) -> None:
            nonlocal begun
            if message["type"] == "http.response.start":
                begun = True
                self._metrics.requests[message["status"]] += 1
            await send(message)

        try:
            await (self._refusal(scope) or self._app)(scope, receive, counted)
        except asyncio.CancelledError:  # the service ends, and waits no longer
            if not begun:
                await error_answer(503, "the service ends", {"Connection": "close"})(scope, receive, counted)

    def _refusal(self, scope: Scope) -> Response | None:
        headers = Headers(scope=scope)
        scope["trusted"] = True
        if self._expected is None:
            return (
                None
                if _names_this_machine(headers.get("host", ""))
                else error_answer(
                    403, f"the host {headers['host']!r} is not this machine; ask for 127.0.0.1, or serve with a token"
                )
            )
        header = headers.get("authorization", "").encode("latin-1")
        scheme, _, token = header.partition(b" ")
        scope["trusted"] = scheme.lower() == b"bearer" and hmac.compare_digest(token.strip(), self._expected)
        if scope["trusted"] or scope["path"] in OPEN:
            return None
        came = "another token" if header else "no token"
        text = f"the request has {came}; expected the header 'Authorization: Bearer TOKEN'"
        return error_answer(401, text, {"WWW-Authenticate": "Bearer"})


def _names_this_machine(host: str) -> bool:
    try:
        return not host or is_loopback(urlsplit(f"//{host}").hostname or "")
    except ValueError:
        return False
