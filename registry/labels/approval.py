"""Approve or reject a change of an alias; with its last approval it is made, in the same transaction."""

from __future__ import annotations

from registry.core.errors import ConflictError, NotFoundError, ProtectedError
from registry.labels.aliases import drop, find, lay_open, move, without_weights
from registry.labels.events import remember
from registry.labels.requests import Request, Verdict, find_request
from registry.schema import decisions, requests
from registry.values.encoding import check_text
from registry.values.refs import Ref
from registry.versions.held import HeldModel


def decide(model: HeldModel, number: int, verdict: Verdict, why: str | None) -> Request:
    """Write what the actor says of a request; make the change where it has the approvals that it needs.

    Whoever asked may reject it, to take it back, and not approve it.

    Args:
        model: whose alias it is.
        number: the request's.
        verdict: ``approved`` or ``rejected``.
        why: kept with it, and with the event.

    Raises:
        NotFoundError: no such request; or the version was deleted, or has lost its weights.
        ConflictError: it is not open, the actor has approved it before, or the alias is elsewhere by now.
        ProtectedError: it is the actor's own.
    """
    request = find_request(model.connection, number)
    if request.state != "open":
        raise ConflictError(f"request {number} is {request.state} already; nothing was changed")
    if verdict == "approved" and request.actor == model.actor:
        raise ProtectedError(
            f"request {number} is {request.actor}'s own, and nobody approves his own; "
            "somebody else does, as --actor or REGISTRY_ACTOR say"
        )
    if any(decision.actor == model.actor for decision in request.decisions):
        raise ConflictError(f"{model.actor} has approved request {number} before; it waits for {request.missing} more")
    if why is not None:
        check_text("the reason", why)
    row = {"request_id": number, "actor": model.actor, "verdict": verdict, "why": why, "at": model.now}
    model.connection.execute(decisions.insert(), row)
    detail = f"request {number} of {request.actor}" + (f": {why}" if why else "")
    remember(model, f"alias_{verdict}", request.alias, (request.from_version, request.to_version), detail)
    if verdict == "rejected":
        _close(model, number, "rejected")
    elif request.missing <= 1:
        _make(model, request)
    return find_request(model.connection, number)


def _make(model: HeldModel, request: Request) -> None:
    """Make the change, and close what else was asked of the alias."""
    before = find(model, request.alias)
    if before is None or before.number != request.from_version:
        where = "names no version" if before is None else f"is on {model.name}/{before.number}"
        raise ConflictError(
            f"{model.name}@{request.alias} {where} now, not on {model.name}/{request.from_version} as when request "
            f"{request.id} was made; nothing was changed: reject it, and ask again"
        )
    why = f"request {request.id} of {request.actor}" + (f": {request.why}" if request.why else "")
    if request.kind == "alias_unprotected":
        lay_open(model, request.alias, before, why)
    elif request.to_version is None:
        drop(model, request.alias, before, why)
    else:
        version = model.version(Ref(model.name, version=request.to_version))
        if version.weights is None:
            raise NotFoundError(
                f"{model.name}@{request.alias} is not moved: "
                f"{without_weights(f'{model.name}/{version.number}', version.state)}; reject request {request.id}"
            )
        move(model, request.alias, before, version, request.kind, why)
    others = (requests.c.model_id == model.id) & (requests.c.alias == request.alias) & (requests.c.state == "open")
    model.connection.execute(requests.update().where(others).values(state="superseded"))
    _close(model, request.id, "approved")


def _close(model: HeldModel, number: int, state: str) -> None:
    model.connection.execute(requests.update().where(requests.c.id == number).values(state=state))
