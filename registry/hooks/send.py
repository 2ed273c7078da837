"""Tell one hook of one event: by HTTP POST, signed as GitHub signs its webhooks, or by a command."""

from __future__ import annotations

import hashlib
import hmac
import os
import shlex
import signal
import subprocess
import tempfile
import threading
import urllib.error
import urllib.request
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from registry.core.error_text import one_line, storable
from registry.hooks.limited import TimeLimit

HTTP_SECONDS = 10.0  # for each step of a request: connect, send, wait for the answer
HTTP_TOTAL_SECONDS = 20.0  # for all of them, also where the answer comes byte by byte
COMMAND_SECONDS = 60.0
LAST_SECONDS = 1.0  # in which what a command wrote last is read, where something that it started lives on
LONGEST_DETAIL = 300
PIECE_BYTES = 64 * 1024
SIGNATURE = "X-Hub-Signature-256"


class DeliveryError(Exception):
    """The hook did not take the event; the text says what it did."""


@dataclass(frozen=True, slots=True)
class Message:
    """What is delivered: the event's id, its kind, and its body as CloudEvents' JSON."""

    event: str
    kind: str
    body: bytes


def post(url: str, message: Message, secret: str | None) -> str:
    """Send an event; return what was answered. No redirect is followed: it may lead where only this machine may ask.

    Raises:
        DeliveryError: another answer than 2xx, or none.
    """
    headers = {
        "Content-Type": "application/cloudevents+json; charset=utf-8",
        "User-Agent": "studies-registry",
        "X-Studies-Event": message.kind,
        "X-Studies-Delivery": message.event,
    }
    if secret is not None:
        headers[SIGNATURE] = sign(secret, message.body)
    request = urllib.request.Request(url, message.body, headers, method="POST")  # noqa: S310 - only http and https
    limit = TimeLimit(HTTP_TOTAL_SECONDS)
    opener = urllib.request.build_opener(_NoRedirect, *limit.handlers())
    try:
        with limit, opener.open(request, timeout=HTTP_SECONDS) as answer:
            detail = f"HTTP {answer.status}"
    except urllib.error.HTTPError as error:
        error.close()
        went = ", a redirect, which is not followed" if 300 <= error.code < 400 else ""
        raise DeliveryError(f"HTTP {error.code}{went}") from None
    except Exception as error:  # what a server sends that is no HTTP, too
        if not limit.is_over:
            if isinstance(error, urllib.error.URLError):
                raise DeliveryError(f"no answer: {error.reason}"[:LONGEST_DETAIL]) from None
            raise DeliveryError(one_line(error)) from None
    if limit.is_over:  # also where there was no error: headers that break off pass for whole ones
        raise DeliveryError(f"no whole answer within {limit.seconds:g} seconds")
    return detail


def sign(secret: str, body: bytes) -> str:
    """Return the signature of a body: HMAC-SHA256, as docs.github.com/webhooks describes it.

    Example:
        >>> sign("It's a Secret to Everybody", b"Hello, World!")[:20]
        'sha256=757107ea0eb25'
    """
    return "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_arguments: Any) -> None:
        """Follow none."""


def run(command: str, message: Message, environ: Mapping[str, str]) -> str:
    """Run a command without a shell, with the event on its stdin; return its exit code as text.

    Raises:
        DeliveryError: it cannot be run, exits with another code than 0, or takes more than a minute; then it is ended.
    """
    try:
        return _run(command, message, environ)
    except (OSError, ValueError) as error:  # no such command, or no room for the event
        raise DeliveryError(one_line(error)) from None


def _run(command: str, message: Message, environ: Mapping[str, str]) -> str:
    with tempfile.TemporaryFile() as events:
        events.write(message.body)
        events.seek(0)
        process = subprocess.Popen(  # noqa: S603 - whoever delivers says that commands may be run
            shlex.split(command),
            bufsize=0,
            stdin=events,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            env=dict(environ),
            start_new_session=True,
        )
    try:
        errors = _Tail(process.stderr)
        code = process.wait(COMMAND_SECONDS)
    except subprocess.TimeoutExpired:
        raise DeliveryError(f"it took more than {COMMAND_SECONDS:g} seconds and was ended") from None
    finally:
        if process.poll() is None:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
    if code == 0:
        return "exit 0"
    stderr = " ".join(storable(errors.text()).split())
    begin = f"exit {code}{': ' if stderr else ''}"
    raise DeliveryError(begin + stderr[-(LONGEST_DETAIL - len(begin)) :])


class _Tail(threading.Thread):
    """Reads a pipe to its end, so that nobody who writes waits, and keeps the last of it.

    Args:
        pipe: unbuffered; what a command leaves running may keep it open.
    """

    def __init__(self, pipe: Any) -> None:
        super().__init__(name="stderr", daemon=True)
        self._pipe, self._kept = pipe, b""
        self.start()

    def run(self) -> None:
        """Read."""
        with self._pipe:
            while piece := self._pipe.read(PIECE_BYTES):
                self._kept = (self._kept + piece)[-4 * LONGEST_DETAIL :]

    def text(self) -> str:
        """Return the last of what came until the command ended."""
        self.join(LAST_SECONDS)
        return self._kept.decode("utf-8", "backslashreplace")
