"""What a service of predictions answers: predictions, and whether it is well."""

from __future__ import annotations

import asyncio
import time
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from registry.prediction.instances import read_instances
from registry.serving.answers import answer
from registry.serving.metrics import Metrics
from registry.serving.model.batching import Batcher
from registry.serving.model.following import Following
from registry.serving.model.served_model import ServedModel

BODY_SECONDS = 60.0  # in which some more of a request comes
LARGE = 100_000  # bytes of a request that is read in a thread, so that others are answered meanwhile


def prediction_routes(following: Following, batcher: Batcher, metrics: Metrics, max_bytes: int) -> list[Route]:
    """Return the routes of a service that predicts with what a reference means."""

    async def predict(request: Request) -> Response:
        started = time.perf_counter()
        body = await _body(request, max_bytes)
        model = following.model
        if len(body) > LARGE:
            arrays = await asyncio.to_thread(read_instances, body, model.inputs)
        else:
            arrays = read_instances(body, model.inputs)
        document = _about(model)
        if model.classes:
            document["classes"] = model.classes
        document["predictions"] = await batcher.predict(model, arrays)
        answered = answer(document, {"X-Model-Version": str(model.version.version)})
        metrics.seconds.add(time.perf_counter() - started)
        return answered

    async def health(request: Request) -> Response:
        """Tell that the process lives, and why it serves something else than the reference means."""
        state: dict[str, Any] = {"status": "ok" if following.trouble is None else "stays"}
        if request.scope["trusted"]:
            state |= {"follows": following.ref, **_about(following.model), "trouble": following.trouble}
        return answer(state)

    async def ready(request: Request) -> Response:
        """Tell which version answers; there is one from the start."""
        return answer({"status": "ready", **(_about(following.model) if request.scope["trusted"] else {})})

    return [
        Route("/predict", predict, methods=["POST"]),
        Route("/health", health),
        Route("/ready", ready),
    ]


def _about(model: ServedModel) -> dict[str, Any]:
    return {"model": model.version.model, "version": model.version.version}


async def _body(request: Request, most: int) -> bytes:
    """Return a request's body.

    Raises:
        HTTPException: it is too large, by what it says or by what comes, or does not go on.
    """
    announced = int(request.headers.get("content-length", 0))
    body, pieces = bytearray(), request.stream()
    while max(announced, len(body)) <= most:
        try:
            async with asyncio.timeout(BODY_SECONDS):
                piece = await anext(pieces, None)
        except TimeoutError:
            text = f"nothing of the request's body came for {BODY_SECONDS:g} seconds, after {len(body)} bytes"
            raise HTTPException(408, text, {"Connection": "close"}) from None
        if piece is None:
            break
        body += piece
    came = max(announced, len(body))
    if came > most:
        raise HTTPException(413, f"the request has {came} bytes or more; expected {most} at most (--max-bytes)")
    return bytes(body)
