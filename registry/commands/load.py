"""Commands that read weights: load, load-check."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from registry.api.registry import Registry
from registry.commands.arguments import RebuildOption, RefArgument, rebuild_of
from registry.core.atomic_file import whole_file
from registry.core.console import Json, Storage, print_json, say, show, size
from registry.core.errors import UsageError
from registry.keras_models.keras_file import save_model


def load_command(
    ref: RefArgument,
    out: Annotated[Path, typer.Option(help="The .keras file to write.")],
    rebuild: RebuildOption = False,
    storage: Storage = None,
    as_json: Json = False,
) -> None:
    """Write a version's verified .keras file; with --rebuild, one that this Keras reads where it cannot read that."""
    if out.suffix != ".keras":
        raise UsageError(f"--out is {str(out)!r}; Keras reads only names that end in .keras")
    with Registry(storage) as registry:
        version = registry.get(ref)
        if rebuild:
            model = version.load(rebuild_of(rebuild))
            with whole_file(out) as file:
                file.write(save_model(model))
        else:
            version.export(out)
    if as_json:
        print_json({"ref": version.ref, "out": str(out), "weights": version.as_dict()["weights"]})
    elif version.weights:
        say(f"{version.ref}: {size(version.weights.bytes)} in {out}, sha256 {version.weights.sha256}")


def load_check_command(
    ref: RefArgument, rebuild: RebuildOption = False, storage: Storage = None, as_json: Json = False
) -> None:
    """Load a version and compare its predictions with the stored ones; exit 1 where they differ."""
    with Registry(storage) as registry:
        version = registry.get(ref)
        check = registry.load_check(version.ref, rebuild_of(rebuild))
    if as_json:
        print_json({"ref": version.ref, "status": check.status, "max_difference": check.max_difference})
    else:
        said = {
            "equal": "loads, and predicts bit for bit what it predicted when it was registered",
            "close": f"loads, and predicts nearly what it predicted (apart by {show(check.max_difference)})",
            "different": f"loads, but predicts something else (apart by {show(check.max_difference)})",
            "unknown": "loads; no predictions were stored to compare with",
        }
        say(f"{version.ref}: {said[check.status]}")
    if check.status == "different":
        raise typer.Exit(1)
