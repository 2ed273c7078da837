"""The command that serves predictions, or the registry's answers, over HTTP."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from registry.api.registry import Registry
from registry.commands.arguments import RebuildOption, model_names, rebuild_of
from registry.core.console import Storage, say
from registry.core.errors import UsageError, UserError
from registry.core.plain_text import plain_text
from registry.values.version import Rebuild

if TYPE_CHECKING:
    from registry.serving.model.following import Following


def serve_command(
    ref: Annotated[
        str | None,
        typer.Argument(
            metavar="[MODEL@ALIAS]", help="What predicts; followed when it moves.", autocompletion=model_names
        ),
    ] = None,
    host: Annotated[str, typer.Option(help="Where to listen; any but this machine's own needs a token.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="0 takes a free one.")] = 8080,
    token_file: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Holds the token of all requests; else REGISTRY_TOKEN.")
    ] = None,
    max_batch: Annotated[int, typer.Option(min=1, help="The most samples that the model is given at once.")] = 128,
    max_bytes: Annotated[int, typer.Option(min=1, help="The largest request, in bytes.")] = 16_000_000,
    registry_too: Annotated[bool, typer.Option("--registry", help="Answer questions about the registry.")] = False,
    rebuild: RebuildOption = False,
    storage: Storage = None,
) -> None:
    """Serve predictions of what an alias points to over HTTP, or the registry's answers with --registry."""
    if ref is None and not registry_too:
        raise UsageError("nothing to serve: name MODEL@ALIAS for predictions, --registry for the registry, or both")
    try:
        from registry.serving.app import build_app
        from registry.serving.guard import token_for
        from registry.serving.server import listen, serve, url_of
    except ImportError as error:
        raise UserError(f"serving needs more ({error}); install it: pip install 'studies[serve]'") from None
    token = token_for(host, token_file)
    with Registry(storage) as registry, listen(host, port) as listening:
        following = None if ref is None else _load(registry, ref, rebuild_of(rebuild))
        app = build_app(
            following, registry if registry_too else None, token=token, max_batch=max_batch, max_bytes=max_bytes
        )
        served = [] if following is None else [following.model.version.ref]
        say(f"{' and '.join([*served, *(['the registry'] if registry_too else [])])} at {url_of(listening)}")
        _log_to_stderr()
        serve(app, listening)


def _load(registry: Registry, ref: str, rebuild: Rebuild | None) -> Following:
    """Load what is to be served, and say so before: it may take minutes."""
    from registry.serving.model.following import Following

    version = registry.get(ref)
    if version.weights is not None:
        say(f"loading {version.ref} …", err=True)
    return Following(registry, ref, rebuild)


class _PlainFormatter(logging.Formatter):
    """Writes the time and a message whose control characters are shown, not obeyed."""

    def format(self, record: logging.LogRecord) -> str:
        return plain_text(super().format(record))


def _log_to_stderr() -> None:
    """Let what happens while it serves be read: changes of the version, why there is none, faults."""
    handler = logging.StreamHandler()
    handler.setFormatter(_PlainFormatter("%(asctime)s %(message)s"))
    for name, level in (("registry", logging.INFO), ("uvicorn", logging.WARNING)):
        logger = logging.getLogger(name)
        logger.addHandler(handler)
        logger.setLevel(level)
