"""JSON answers, and what errors become in them."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Mapping
from typing import Any

import msgspec
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from registry.core.errors import (
    DatabaseError,
    LoadError,
    NotFoundError,
    StoreUnavailable,
    UsageError,
    UserError,
)
from registry.serving.model.batching import BusyError

JSON = "application/json"
_STATUS = (
    (UsageError, 400),
    (NotFoundError, 404),
    (LoadError, 422),  # the model fails on what it was given
    (DatabaseError, 503),
    (StoreUnavailable, 503),
)

_log = logging.getLogger(__name__)


def answer(document: Any, headers: Mapping[str, str] | None = None) -> Response:
    """Return a document as an answer; NaN as null."""
    return Response(msgspec.json.encode(document), media_type=JSON, headers=headers)


def error_answer(status: int, text: str, headers: Mapping[str, str] | None = None) -> Response:
    """Return an error as an answer: ``{"error": TEXT}``."""
    return Response(msgspec.json.encode({"error": text}), status, media_type=JSON, headers=headers)


def tagged(request: Request, etag: str, headers: Mapping[str, str] | None = None) -> Response | None:
    """Return that nothing has changed, where the client has this; None where it has not."""
    etags = [tag.strip().removeprefix("W/") for tag in request.headers.get("if-none-match", "").split(",")]
    return Response(status_code=304, headers={**(headers or {}), "ETag": etag}) if {etag, "*"} & {*etags} else None


def etag_of(content: bytes) -> str:
    """Return what names these bytes and no others."""
    return f'"{hashlib.sha256(content).hexdigest()}"'


async def _on_http_error(request: Request, error: HTTPException) -> Response:
    """Say what there is where a path or a method is wrong."""
    text = error.detail
    if error.status_code in (404, 405):
        asked = f"{request.method} {request.scope['path']}"
        text = f"there is no {asked!r}; expected one of: {', '.join(request.app.state.paths)}"
    return error_answer(error.status_code, text, error.headers)


async def _on_user_error(_request: Request, error: Exception) -> Response:
    status = next((status for kind, status in _STATUS if isinstance(error, kind)), 500)
    if status == 500:
        _log.error("%s", error)
    return error_answer(status, str(error))


async def _on_busy(_request: Request, _error: Exception) -> Response:
    return error_answer(503, "too many requests wait; try again in a second", {"Retry-After": "1"})


async def _on_gone(_request: Request, _error: Exception) -> Response:
    return Response(status_code=400)  # nobody is there to read it


async def _on_fault(_request: Request, error: Exception) -> Response:
    return error_answer(500, f"{type(error).__name__}; this is a fault of the program: its log tells more")


HANDLERS: dict[Any, Any] = {
    HTTPException: _on_http_error,
    UserError: _on_user_error,
    BusyError: _on_busy,
    ClientDisconnect: _on_gone,
    Exception: _on_fault,
}
