"""The service put together: routes, errors, who may ask, what is counted."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from registry.api.registry import Registry
from registry.serving.answers import HANDLERS, answer
from registry.serving.guard import Guard
from registry.serving.metrics import Metrics
from registry.serving.model.batching import Batcher
from registry.serving.model.following import Following
from registry.serving.openapi import methods_of, openapi, path_of
from registry.serving.predicting import prediction_routes
from registry.serving.read_api import read_routes, registry_states


def build_app(
    following: Following | None,
    registry: Registry | None,
    *,
    token: str | None = None,
    max_batch: int = 128,
    max_bytes: int = 16_000_000,
) -> ASGIApp:
    """Return the service.

    Args:
        following: what predicts; None for none.
        registry: what is asked and never written; None for none.
        token: what requests must carry; None where everybody may ask.
        max_batch: the most samples that the model is given at once.
        max_bytes: of a request.
    """
    metrics = Metrics()
    batcher = Batcher(max_batch, metrics.batches.add)

    async def metrics_text(_request: Request) -> Response:
        version = None if following is None else following.model.version
        return PlainTextResponse(metrics.text(version), media_type="text/plain; version=0.0.4")

    async def openapi_document(_request: Request) -> Response:
        return answer(openapi(routes))

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        task = None if following is None else asyncio.create_task(following.follow())
        try:
            yield
        finally:
            if task is not None:
                task.cancel()
                with suppress(asyncio.CancelledError):
                    await task
            batcher.close()

    routes = [] if following is None else prediction_routes(following, batcher, metrics, max_bytes)
    if registry is not None:
        routes += [*read_routes(registry), *([] if following is not None else registry_states(registry))]
    routes += [Route("/metrics", metrics_text), Route("/openapi.json", openapi_document)]
    app = Starlette(routes=routes, exception_handlers=HANDLERS, lifespan=lifespan)
    app.state.paths = [f"{method} {path_of(route)}" for route in routes for method in methods_of(route)]
    return Guard(app, token, metrics)
