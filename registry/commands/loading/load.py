"""Commands that read weights: load, export, load-check, predict."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from registry.api.registry import Registry
from registry.commands.arguments import RebuildOption, RefArgument, rebuild_of
from registry.core.atomic_file import whole_file
from registry.core.console import Json, Storage, print_json, print_table, say, show
from registry.core.errors import UsageError
from registry.core.numbers import size_text
from registry.keras_models.keras_file import save_model

SHOWN = 20  # rows that are printed where they go to no file


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
        say(f"{version.ref}: {size_text(version.weights.bytes)} in {out}, sha256 {version.weights.sha256}")


def export_command(
    ref: RefArgument,
    name: Annotated[str, typer.Option("--format", metavar="F", help="keras, weights, savedmodel, onnx or tflite.")],
    out: Annotated[Path, typer.Option(help="The file to write; for savedmodel, the folder.")],
    rebuild: RebuildOption = False,
    storage: Storage = None,
    as_json: Json = False,
) -> None:
    """Write a model in another format, once it was run and predicts the same."""
    with Registry(storage) as registry:
        exported = registry.export_as(ref, name, out, rebuild_of(rebuild))
    if as_json:
        print_json(exported.as_dict())
    else:
        on = f"{exported.samples} {exported.inputs} samples"
        say(f"{ref}: {name} in {out}; predicts the same on {on} (apart by {show(exported.max_difference)})")


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
        texts = {
            "equal": "loads, and predicts bit for bit what it predicted when it was registered",
            "close": f"loads, and predicts nearly what it predicted (apart by {show(check.max_difference)})",
            "different": f"loads, but predicts something else (apart by {show(check.max_difference)})",
            "unknown": "loads; no predictions were stored to compare with",
        }
        say(f"{version.ref}: {texts[check.status]}")
    if check.status == "different":
        raise typer.Exit(1)


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
