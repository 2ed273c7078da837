"""The command that shows the studies in a browser."""

from __future__ import annotations

from typing import Annotated

import typer

from registry.core.console import Storage, say


def dashboard_command(
    host: Annotated[str, typer.Option("--host", help="The address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option("--port", min=0, max=65535, help="Its port; 0: any that is free.")] = 8080,
    storage: Storage = None,
) -> None:
    """Show the studies in Optuna's dashboard, in a browser, until Ctrl-C."""
    from registry.core.database.url import default_url, display_url
    from search.dashboard import serving

    url = storage or default_url()
    with serving(url, host, port) as server:
        say(f"{display_url(url)} is on http://{host}:{server.server_port}/ until Ctrl-C")
        server.serve_forever()
