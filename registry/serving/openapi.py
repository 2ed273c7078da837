"""What a service can be asked, as an OpenAPI document."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from importlib.metadata import version
from typing import Any

from starlette.routing import Route

from registry.serving.answers import JSON

_REQUEST = {
    "type": "object",
    "properties": {
        "instances": {"type": "array", "minItems": 1, "items": {}, "description": "A row a sample."},
        "inputs": {
            "type": "object",
            "additionalProperties": {"type": "array", "minItems": 1},
            "description": "The values of all samples, by the inputs' names.",
        },
    },
    "additionalProperties": False,
}
_PREDICTED = {
    "type": "object",
    "required": ["model", "version", "predictions"],
    "properties": {
        "model": {"type": "string"},
        "version": {"type": "integer"},
        "classes": {"type": "array", "items": {"type": "string"}},
        "predictions": {"type": "array", "items": {}},
    },
}
_ERROR = {"type": "object", "required": ["error"], "properties": {"error": {"type": "string"}}}
# By path: what it answers where that is no JSON.
_KINDS = {"/metrics": "text/plain", "/versions/{ref}/weights": "application/octet-stream"}
# By path: what it answers, and the names of its parameters in the query.
_ABOUT: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "/predict": ("Predict for one sample or more.", ()),
    "/health": ("Tell that the service lives, and what hinders it.", ()),
    "/ready": ("Tell that it can answer.", ()),
    "/metrics": ("Counters and histograms for Prometheus.", ()),
    "/openapi.json": ("This document.", ()),
    "/models": ("The registered models.", ()),
    "/models/{model}/versions": (
        "A model's versions, a page at a time; the header Link names the next.",
        ("where", "sort", "study", "best_first", "limit", "after"),
    ),
    "/versions/{ref}": ("A version: MODEL (its best), MODEL/3 or MODEL@ALIAS.", ()),
    "/versions/{ref}/curves": ("A version's loss curves.", ()),
    "/versions/{ref}/weights": ("A version's .keras file; its ETag is its SHA-256.", ()),
    "/best": ("A model's best version.", ("model", "metric", "where", "direction", "loadable")),
}


def openapi(routes: Iterable[Route]) -> dict[str, Any]:
    """Return the document of a service with these routes."""
    paths = {path_of(route): _operation(route) for route in routes}
    return {
        "openapi": "3.1.0",
        "info": {"title": "registry serve", "version": version("studies")},
        "paths": paths,
        "components": {"securitySchemes": {"token": {"type": "http", "scheme": "bearer"}}},
        "security": [{}, {"token": []}],
    }


def path_of(route: Route) -> str:
    """Return a route's path as OpenAPI writes it."""
    return route.path.replace(":path}", "}")


def methods_of(route: Route) -> list[str]:
    """Return a route's methods, without those that Starlette adds."""
    return sorted((route.methods or set()) - {"HEAD"})


def _operation(route: Route) -> dict[str, Any]:
    path = path_of(route)
    summary, query = _ABOUT[path]
    named = [part.strip("{}") for part in path.split("/") if part.startswith("{")]
    parameters = [{"name": name, "in": "path", "required": True, "schema": {"type": "string"}} for name in named]
    parameters += [{"name": name, "in": "query", "schema": {"type": "string"}} for name in query]
    schema = _PREDICTED if path == "/predict" else {}
    kind = _KINDS.get(path, JSON)
    answers = {"200": _content("What was asked for.", schema, kind), "default": _content("What is wrong.", _ERROR)}
    operation: dict[str, Any] = {"summary": summary, "parameters": parameters, "responses": answers}
    if path == "/predict":
        operation["requestBody"] = {"required": True, "content": {JSON: {"schema": _REQUEST}}}
    return {method.lower(): operation for method in methods_of(route)}


def _content(description: str, schema: Mapping[str, Any], kind: str = JSON) -> dict[str, Any]:
    return {"description": description, "content": {kind: {"schema": schema}}}
