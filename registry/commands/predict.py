"""The command that lets a registered model predict."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from registry.api.registry import Registry
from registry.commands.arguments import RebuildOption, RefArgument, rebuild_of
from registry.core.console import Json, Storage, print_json, print_table, say

SHOWN = 20  # rows that are printed where they go to no file


def predict_command(
    ref: RefArgument,
    file: Annotated[
        Path,
        typer.Argument(metavar="FILE", help="A .csv, .parquet, .npz or .npy file, or pictures."),
    ],
    out: Annotated[
        Path | None, typer.Option("--out", metavar="FILE", help="Where all go: .csv, .parquet or .json.")
    ] = None,
    classes: Annotated[
        str | None,
        typer.Option("--classes", metavar="A,B,…", help="The classes' names; else as in the search."),
    ] = None,
    rebuild: RebuildOption = False,
    storage: Storage = None,
    as_json: Json = False,
) -> None:
    """Predict for the samples of a file, with class names and probabilities."""
    from registry.prediction.predict import check_out, records, write_predictions

    if out is not None:
        check_out(out)
    names = None if classes is None else [name.strip() for name in classes.split(",")]
    with Registry(storage) as registry:
        version = registry.get(ref)
        frame = registry.predict(version.ref, file, classes=names, rebuild=rebuild_of(rebuild))
    if out is not None:
        write_predictions(frame, out)
    if as_json:
        print_json({"ref": version.ref, "predictions": records(frame)})
    elif out is not None:
        say(f"{version.ref}: {len(frame)} predictions in {out}")
    else:
        rows = [tuple(row.values()) for row in records(frame.head(SHOWN))]
        print_table([str(name) for name in frame.columns], rows)
        if len(frame) > SHOWN:
            say(f"… and {len(frame) - SHOWN} more; --out FILE takes all")
