"""One function writes text to a terminal: what it prints is shown there and not obeyed."""

from __future__ import annotations

import ast
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGES = ("search", "registry", "fmnist")
# The function itself, and a table that goes to a file or a pipe byte for byte.
OWN = {"registry/core/console.py", "registry/commands/asking/listing.py"}


def test_only_the_console_prints() -> None:
    printing = {
        f"{path.relative_to(ROOT)}: {ast.unparse(node.func)}"
        for package in PACKAGES
        for path in (ROOT / package).rglob("*.py")
        if str(path.relative_to(ROOT)) not in OWN
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call) and ast.unparse(node.func) in ("print", "typer.echo", "typer.secho", "click.echo")
    }
    assert printing == set()
