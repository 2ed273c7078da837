"""Commands for changes of an alias that others must approve: requests, request approve, request reject."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from registry.api.registry import Registry
from registry.commands.arguments import ActorOption, WhyOption, model_names, open_to_write
from registry.core.console import Json, Storage, new_app, print_json, print_table, say
from registry.labels.aliases import approvals_text

if TYPE_CHECKING:
    from registry.labels.requests import Request

request_app = new_app("Approve or reject a change of an alias that somebody else asked for.")

Number = Annotated[int, typer.Argument(metavar="ID", min=1, help="The request's number.")]


def requests_command(
    model: Annotated[
        str | None, typer.Argument(metavar="MODEL", help="Only this model's.", autocompletion=model_names)
    ] = None,
    every: Annotated[bool, typer.Option("--all", help="Also those that are no longer open.")] = False,
    storage: Storage = None,
    as_json: Json = False,
) -> None:
    """List the changes of aliases that wait for others to approve them."""
    with Registry(storage) as registry:
        requests = registry.requests(model, every=every)
    if as_json:
        print_json([request.as_dict() for request in requests])
        return
    print_table(
        ["id", "alias", "what", "from", "to", "asked by", "when", "why", "state", "decisions"],
        [_row(request) for request in requests],
    )


@request_app.command("approve")
def request_approve(
    request: Number,
    why: WhyOption = None,
    actor: ActorOption = None,
    storage: Storage = None,
    as_json: Json = False,
) -> None:
    """Approve a change that somebody else asked for; with its last approval it is made."""
    with open_to_write(storage, as_json=as_json, actor=actor) as registry:
        done = registry.approve(request, why=why)
    if as_json:
        print_json(done.as_dict())
    elif done.state == "open":
        say(f"request {request} waits for {approvals_text(done.missing)} more")
    else:
        say(f"request {request} is approved: {_outcome(done)}")


@request_app.command("reject")
def request_reject(
    request: Number,
    why: WhyOption = None,
    actor: ActorOption = None,
    storage: Storage = None,
    as_json: Json = False,
) -> None:
    """Reject a change that somebody asked for, or take your own request back."""
    with open_to_write(storage, as_json=as_json, actor=actor) as registry:
        done = registry.reject(request, why=why)
    if as_json:
        print_json(done.as_dict())
    else:
        say(f"request {request} is rejected; {done.model}@{done.alias} stays as it is")


def _outcome(request: Request) -> str:
    alias = f"{request.model}@{request.alias}"
    if request.kind == "alias_unprotected":
        return f"{alias} is not protected"
    return f"{alias} is removed" if request.to_version is None else f"{alias} is {request.model}/{request.to_version}"


def _row(request: Request) -> tuple[object, ...]:
    decisions = tuple(
        f"{decision.verdict} by {decision.actor}" + (f": {decision.why}" if decision.why else "")
        for decision in request.decisions
    )
    what = request.kind.removeprefix("alias_").replace("_", " ")
    asked = (request.from_version, request.to_version, request.actor, request.created_at.isoformat(timespec="seconds"))
    return (request.id, f"{request.model}@{request.alias}", what, *asked, request.why, request.state, decisions)
