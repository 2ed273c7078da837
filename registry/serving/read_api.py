"""What a registry answers over HTTP: the documents of the commands' ``--json``, and weights; nothing here writes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, BinaryIO
from urllib.parse import quote, urlencode

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from registry.api.registry import Registry
from registry.core.console import json_text
from registry.core.errors import NotFoundError, UsageError, did_you_mean
from registry.core.objective import to_direction
from registry.labels.aliases import without_weights
from registry.serving.answers import JSON, answer, etag_of, tagged

PAGE, MOST = 100, 1000  # versions
PIECE_BYTES = 256 * 1024


def read_routes(registry: Registry) -> list[Route]:
    """Return the routes that answer questions about a registry; each runs in a thread."""
    reads = _Reads(registry)
    answers: Mapping[str, Callable[[Request], Response]] = {
        "/models": reads.models,
        "/models/{model}/versions": reads.versions,
        "/versions/{ref:path}/curves": reads.curves,
        "/versions/{ref:path}/weights": reads.weights,
        "/versions/{ref:path}": reads.show,
        "/best": reads.best,
    }
    return [Route(path, endpoint) for path, endpoint in answers.items()]


class _Reads:
    """The answers, each from one question to the registry."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry

    def models(self, request: Request) -> Response:
        _asked(request)
        return _document(request, [model.as_dict() for model in self._registry.models()])

    def versions(self, request: Request) -> Response:
        asked = _asked(request, "where", "sort", "study", "best_first", "limit", "after")
        page = self._registry.find(
            request.path_params["model"],
            asked.get("where"),
            study=asked.get("study"),
            sort=asked.get("sort"),
            best_first=_flag(asked, "best_first"),
            limit=_limit(asked.get("limit", str(PAGE))),
            after=asked.get("after"),
        )
        headers = {}
        if page.next is not None:
            headers["Link"] = f'<{quote(request.scope["path"])}?{urlencode({**asked, "after": page.next})}>; rel="next"'
        return _document(request, [version.as_dict() for version in page], headers)

    def show(self, request: Request) -> Response:
        _asked(request)
        return _document(request, self._registry.get(request.path_params["ref"]).as_dict())

    def curves(self, request: Request) -> Response:
        _asked(request)
        version = self._registry.get(request.path_params["ref"])
        return _document(request, {version.ref: version.as_dict()["curves"]})

    def best(self, request: Request) -> Response:
        asked = _asked(request, "model", "metric", "where", "direction", "loadable")
        if "model" not in asked:
            raise UsageError("the question has no model; expected /best?model=NAME")
        way = None if "direction" not in asked else to_direction(asked["direction"], "direction")
        version = self._registry.best(
            asked["model"], asked.get("metric"), way, where=asked.get("where"), loadable=_flag(asked, "loadable")
        )
        return _document(request, version.as_dict())

    def weights(self, request: Request) -> Response:
        _asked(request)
        version = self._registry.get(request.path_params["ref"])
        if version.weights is None:
            raise NotFoundError(without_weights(version.ref, version.state))
        etag = f'"{version.weights.sha256}"'
        if unchanged := tagged(request, etag):
            return unchanged
        with TemporaryDirectory(prefix="registry-") as folder:  # the open file outlives its name
            file = version.export(Path(folder) / "model.keras").open("rb")
        name = quote(f"{version.model}-{version.version}.keras")
        headers = {
            "ETag": etag,
            "Content-Length": str(version.weights.bytes),
            "Content-Disposition": f"attachment; filename*=UTF-8''{name}",
        }
        return _FileResponse(file, headers)


def registry_states(registry: Registry) -> list[Route]:
    """Return the routes that tell whether a service of a registry lives, and whether its database answers."""

    async def health(_request: Request) -> Response:
        return answer({"status": "ok"})

    def ready(_request: Request) -> Response:
        registry.stores()
        return answer({"status": "ready"})

    return [Route("/health", health), Route("/ready", ready)]


def _asked(request: Request, *names: str) -> dict[str, str]:
    """Return the question's parameters.

    Raises:
        UsageError: one of them is unknown.
    """
    for name in request.query_params:
        if name not in names:
            hint = did_you_mean(name, list(names)) if names else "expected none"
            raise UsageError(f"{request.scope['path']} has no parameter {name!r}; {hint}")
    return dict(request.query_params)


def _flag(asked: Mapping[str, str], name: str) -> bool:
    text = asked.get(name, "false")
    if text not in ("true", "false"):
        raise UsageError(f"{name} is {text!r}; expected true or false")
    return text == "true"


def _limit(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 5 and 0 < int(text) <= MOST):
        raise UsageError(f"limit is {text[:20]!r}; expected 1 to {MOST}")
    return int(text)


def _document(request: Request, document: Any, headers: Mapping[str, str] | None = None) -> Response:
    content = json_text(document).encode() + b"\n"
    etag = etag_of(content)
    sent = Response(content, media_type=JSON, headers={**(headers or {}), "ETag": etag})
    return tagged(request, etag, headers) or sent


class _FileResponse(StreamingResponse):
    """A file's bytes; it is closed at the end, also where the client has gone."""

    def __init__(self, file: BinaryIO, headers: Mapping[str, str]) -> None:
        super().__init__(_pieces(file), media_type="application/octet-stream", headers=headers)
        self._file = file

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send it."""
        with self._file:
            await super().__call__(scope, receive, send)


def _pieces(file: BinaryIO) -> Iterator[bytes]:
    while piece := file.read(PIECE_BYTES):
        yield piece
