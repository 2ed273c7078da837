"""Commands for aliases: set, rm, protect, unprotect, promote, and the history of all labels."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from registry.api.registry import Registry
from registry.commands.arguments import (
    ActorOption,
    AliasArgument,
    DirectionOption,
    RefArgument,
    WhyOption,
    open_to_write,
    parse_direction,
)
from registry.core.console import Json, Storage, new_app, print_json, print_table, say
from registry.core.errors import UsageError
from registry.labels.aliases import approvals_text, not_loadable
from registry.labels.events import Event
from registry.values.refs import Expected, parse_alias, parse_ref

if TYPE_CHECKING:
    from registry.labels.requests import Request

alias_app = new_app("Movable names for versions; a version with one keeps its weights.")

CODES = {"refused": 1, "requested": 3}
OUTCOMES = {"promoted": "moved", "already": "left", "refused": "not moved", "requested": "not moved yet"}
IfCurrently = Annotated[
    str | None,
    typer.Option(metavar="VERSION|none", help="Only if the alias is on this version, or on none."),
]
Force = Annotated[
    bool,
    typer.Option("--force", help="Also where the alias is protected; not where others must approve."),
]


ForceSet = Annotated[
    bool, typer.Option("--force", help="Also where the alias is protected, or the version has no weights.")
]


@alias_app.command("set")
def alias_set(
    target: AliasArgument,
    version: Annotated[str, typer.Argument(metavar="VERSION", help="The version: its number, or MODEL/3.")],
    if_currently: IfCurrently = None,
    force: ForceSet = False,
    why: WhyOption = None,
    actor: ActorOption = None,
    storage: Storage = None,
) -> None:
    """Point an alias to a version."""
    model, alias = parse_alias(target)
    number = _number_of(version, model)
    with open_to_write(storage, actor=actor) as registry:
        asked = registry.set_alias(model, alias, number, if_currently=_expected(if_currently), force=force, why=why)
        gone = not_loadable(registry.get(f"{model}/{number}"))
    end_if_asked(target, asked)
    say(f"{target} is {model}/{number}{gone}")


def _number_of(text: str, model: str) -> int:
    """Return the number of a model's version that a text means: ``3`` or ``MODEL/3``."""
    ref = parse_ref(text if "/" in text else f"{model}/{text}")
    if ref.version is None or ref.model != model:
        raise UsageError(f"the version is {text!r}; expected a number, or {model}/ and a number")
    return ref.version


@alias_app.command("rm")
def alias_rm(
    target: AliasArgument,
    if_currently: IfCurrently = None,
    force: Force = False,
    why: WhyOption = None,
    actor: ActorOption = None,
    storage: Storage = None,
) -> None:
    """Remove an alias."""
    model, alias = parse_alias(target)
    with open_to_write(storage, actor=actor) as registry:
        asked = registry.remove_alias(model, alias, if_currently=_expected(if_currently), force=force, why=why)
    end_if_asked(target, asked)
    say(f"{target} is removed")


@alias_app.command("protect")
def alias_protect(
    target: AliasArgument,
    approvals: Annotated[
        int | None, typer.Option(metavar="N", min=0, help="How many others must approve each change; left out, as now.")
    ] = None,
    why: WhyOption = None,
    actor: ActorOption = None,
    storage: Storage = None,
) -> None:
    """Let an alias be moved or removed only with --force, or only once others approve it."""
    model, alias = parse_alias(target)
    with open_to_write(storage, actor=actor) as registry:
        registry.protect_alias(model, alias, approvals=approvals, why=why)
    say(f"{target} is protected")


@alias_app.command("unprotect")
def alias_unprotect(
    target: AliasArgument, why: WhyOption = None, actor: ActorOption = None, storage: Storage = None
) -> None:
    """Let an alias be moved again."""
    model, alias = parse_alias(target)
    with open_to_write(storage, actor=actor) as registry:
        asked = registry.protect_alias(model, alias, protected=False, why=why)
    end_if_asked(target, asked)
    say(f"{target} is not protected")


def end_if_asked(target: str, asked: Request | None) -> None:
    """Say that a change waits for others, and exit with 3; do nothing where it was made."""
    if asked is not None:
        say(
            f"{target} stays as it is: request {asked.id} waits for {approvals_text(asked.missing)}; "
            f"somebody else runs `registry request approve {asked.id}`"
        )
        raise typer.Exit(CODES["requested"])


def _expected(text: str | None) -> Expected:
    if text is None or text == "none":
        return text  # type: ignore[return-value]
    if not text.isascii() or not text.isdigit():
        raise UsageError(f"--if-currently is {text!r}; expected a version's number, or none")
    return int(text)


def promote_command(
    ref: RefArgument,
    to: Annotated[str, typer.Option(metavar="ALIAS", help="The alias to move.")],
    metric: Annotated[str | None, typer.Option(help="Compare by this metric, not the model's objective.")] = None,
    direction: DirectionOption = None,
    margin: Annotated[float, typer.Option(min=0.0, help="By how much it must be better.")] = 0.0,
    force: Force = False,
    why: WhyOption = None,
    actor: ActorOption = None,
    storage: Storage = None,
    as_json: Json = False,
) -> None:
    """Move an alias to a version only if that is better; exit 1 if it is not, 3 if others must approve it."""
    way = parse_direction(direction)
    with open_to_write(storage, as_json=as_json, actor=actor) as registry:
        promotion = registry.promote(ref, to, metric=metric, direction=way, margin=margin, force=force, why=why)
    if as_json:
        print_json(promotion.as_dict())
    else:
        say(f"{promotion.model}@{promotion.alias} {OUTCOMES[promotion.status]}: {promotion.reason}")
    if promotion.status in CODES:
        raise typer.Exit(CODES[promotion.status])


def rollback_command(
    target: AliasArgument,
    if_currently: IfCurrently = None,
    force: ForceSet = False,
    why: WhyOption = None,
    actor: ActorOption = None,
    storage: Storage = None,
) -> None:
    """Point an alias to where it was before its last move; again: one move further back."""
    with open_to_write(storage, actor=actor) as registry:
        done = registry.rollback(target, if_currently=_expected(if_currently), force=force, why=why)
        if isinstance(done, int):
            gone = not_loadable(registry.get(f"{parse_alias(target)[0]}/{done}"))
    if not isinstance(done, int):
        end_if_asked(target, done)
    say(f"{target} is {parse_alias(target)[0]}/{done} again{gone}")


def history_command(
    ref: Annotated[str, typer.Argument(metavar="REF", help="MODEL, MODEL@ALIAS or MODEL/3.")],
    storage: Storage = None,
    as_json: Json = False,
) -> None:
    """Tell who moved which alias, and who changed which tag or description."""
    with Registry(storage) as registry:
        events = registry.history(ref)
    if as_json:
        print_json([event.as_dict() for event in events])
        return
    print_table(["when", "who", "what", "name", "from", "to", "detail"], [_row(event) for event in events])


def _row(event: Event) -> tuple[object, ...]:
    detail = (event.detail or "").strip().partition("\n")[0]
    what = event.kind.replace("_", " ")
    when = event.at.isoformat(timespec="seconds")
    return (when, event.actor, what, event.name, event.from_version, event.to_version, detail)
