"""Commands for hooks: add, list, rm, log, deliver."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Annotated

import typer

from registry.api.registry import Registry
from registry.commands.arguments import ActorOption, open_to_write
from registry.core.console import Json, Storage, new_app, print_json, print_table, say
from registry.core.errors import DatabaseUnavailable

if TYPE_CHECKING:
    from registry.hooks.deliver import Delivered
    from registry.hooks.hooks import Attempt

hook_app = new_app("Who is told of events: URLs and commands.")

WATCH_SECONDS = 1.0
Number = Annotated[int, typer.Argument(metavar="ID", min=1, help="The hook's number.")]


@hook_app.command("add")
def hook_add(
    target: Annotated[str, typer.Argument(metavar="URL|COMMAND", help="What gets the events.")],
    on: Annotated[
        str,
        typer.Option(
            metavar="EVENT,…",
            help="Of study-ended, new-best, alias-moved, approval-requested, version-registered and worker-lost.",
        ),
    ],
    model: Annotated[str | None, typer.Option(metavar="MODEL", help="Only this model's events.")] = None,
    secret_env: Annotated[
        str | None, typer.Option(metavar="NAME", help="The environment variable of the secret that signs.")
    ] = None,
    actor: ActorOption = None,
    storage: Storage = None,
    as_json: Json = False,
) -> None:
    """Tell a URL, or a command on its stdin, of events from now on."""
    kinds = [kind.strip() for kind in on.split(",") if kind.strip()]
    with open_to_write(storage, as_json=as_json, create=True, actor=actor) as registry:
        hook = registry.add_hook(target, kinds, model=model, secret_env=secret_env)
    if as_json:
        print_json(hook.as_dict())
    else:
        say(f"hook {hook.id}: {hook.target} hears of {', '.join(hook.kinds)}")


@hook_app.command("list")
def hook_list(storage: Storage = None, as_json: Json = False) -> None:
    """List the hooks, and how many events wait for each."""
    with Registry(storage) as registry:
        hooks = registry.hooks()
    if as_json:
        print_json([hook.as_dict() for hook in hooks])
        return
    print_table(
        ["id", "target", "on", "model", "secret", "waiting", "added by"],
        [(hook.id, hook.target, hook.kinds, hook.model, hook.secret_env, hook.waiting, hook.actor) for hook in hooks],
    )


@hook_app.command("rm")
def hook_rm(hook: Number, storage: Storage = None) -> None:
    """Remove a hook, with what it was still to hear and its log."""
    with open_to_write(storage) as registry:
        registry.remove_hook(hook)
    say(f"hook {hook} is removed")


@hook_app.command("log")
def hook_log(
    hook: Annotated[int | None, typer.Option(metavar="ID", min=1, help="Only this hook's.")] = None,
    limit: Annotated[int, typer.Option(min=1, help="How many lines at most.")] = 50,
    storage: Storage = None,
    as_json: Json = False,
) -> None:
    """Tell of every attempt to deliver an event, the newest event first."""
    with Registry(storage) as registry:
        attempts = registry.hook_log(hook, limit)
    if as_json:
        print_json([attempt.as_dict() for attempt in attempts])
        return
    print_table(
        ["event", "kind", "model", "hook", "try", "when", "outcome", "seconds", "detail"],
        [_row(each) for each in attempts],
    )


def _row(attempt: Attempt) -> tuple[object, ...]:
    tried = (attempt.number or None, attempt.at.isoformat(timespec="seconds"), attempt.outcome)
    return (attempt.event[:12], attempt.kind, attempt.model, attempt.hook, *tried, attempt.seconds, attempt.detail)


@hook_app.command("deliver")
def hook_deliver(
    watch: Annotated[bool, typer.Option("--watch", help="Go on until Ctrl-C.")] = False,
    storage: Storage = None,
    as_json: Json = False,
) -> None:
    """Deliver the events that are due; exit 1 where an attempt failed. Hooks that are commands are run."""
    with open_to_write(storage, as_json=as_json) as registry:
        if not watch:
            result = registry.deliver(commands=True)
        else:
            with suppress(KeyboardInterrupt):
                _go_on(lambda: registry.deliver(commands=True))
            return
    if as_json:
        print_json(result.as_dict())
    else:
        _say_counts(result)
        _say_left(result.left)
    if result.failed:
        raise typer.Exit(1)


def _go_on(deliver: Callable[[], Delivered]) -> None:
    left: Mapping[str, str] = {}
    away = False
    while True:
        try:
            result = deliver()
        except DatabaseUnavailable as error:
            if not away:
                say(f"{error}; the events wait until it answers", err=True)
            away = True
        else:
            if result.delivered or result.failed:
                _say_counts(result)
            _say_left({hook: why for hook, why in result.left.items() if left.get(hook) != why})
            left, away = result.left, False
        time.sleep(WATCH_SECONDS)


def _say_counts(result: Delivered) -> None:
    say(f"{result.delivered} delivered, {result.failed} attempts failed, {result.waiting} wait")


def _say_left(left: Mapping[str, str]) -> None:
    for hook, why in left.items():
        say(f"hook {hook} is left: {why}")
