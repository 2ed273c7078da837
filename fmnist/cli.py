"""The ``fmnist`` program: thin functions over the Python API."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from fmnist.commands.baselines import baselines_command
from fmnist.commands.examples import EXAMPLES
from fmnist.commands.pictures import pictures_command
from fmnist.commands.predict import predict_command
from fmnist.commands.reference import reference_command
from registry.core.console import Json, new_app, print_json, print_table, run, say

if TYPE_CHECKING:
    from fmnist.dataset.arrays import DataStore

DataDir = Annotated[
    Path | None,
    typer.Option(
        "--data-dir",
        metavar="FOLDER",
        help="Use the files in this folder or fail; else FMNIST_DATA_DIR, Keras' cache, Debian's package, "
        "or a download.",
    ),
]

app = new_app("Fashion-MNIST: its data, the chapter's experiments, and what a model says of a picture.")


def main() -> None:
    """Run the program and exit with its code."""
    raise SystemExit(run(app, "fmnist", examples=EXAMPLES))


@app.callback()
def _program() -> None:
    """Keep the commands' names, whatever their number."""


@app.command()
def data(data_dir: DataDir = None, as_json: Json = False) -> None:
    """Find the data, check them by hash, and keep them decompressed for training."""
    from fmnist.dataset.summary import describe

    summary = describe(_store(data_dir))
    if as_json:
        print_json(summary)
        return
    say(f"Fashion-MNIST of {summary['folder']} ({summary['origin']}), prepared in {summary['cache']}")
    print_table(
        ["part", "images", "labels", "type"],
        [(name, part["images"], part["labels"], part["dtype"]) for name, part in summary["parts"].items()],
    )


@app.command()
def explore(
    out: Annotated[Path, typer.Option("--out", metavar="FILE", help="Where the picture goes, as PNG.")] = Path(
        "fashion-mnist.png"
    ),
    data_dir: DataDir = None,
    as_json: Json = False,
) -> None:
    """Print shapes and counts per class, and save the first 40 training images with their labels."""
    from fmnist.dataset.grid import image_grid, save
    from fmnist.dataset.prepared import PARTS
    from fmnist.dataset.summary import counts, shapes

    parts = dict(zip(PARTS, _store(data_dir).parts(*PARTS), strict=True))
    per_class = {name: counts(part) for name, part in parts.items()}
    save(image_grid(parts["train"].images, parts["train"].labels), out)
    if as_json:
        described = {name: {**shapes(part), "classes": per_class[name]} for name, part in parts.items()}
        print_json({"parts": described, "picture": str(out)})
        return
    rows = [
        ("images", *(shapes(part)["images"] for part in parts.values())),
        *((label, *(per_class[name][label] for name in PARTS)) for label in per_class["train"]),
    ]
    print_table(["class", *PARTS], rows)
    say(f"the picture is {out}")


app.command("baselines")(baselines_command)
app.command("predict")(predict_command)
app.command("pictures")(pictures_command)
app.command("reference")(reference_command)


def _store(data_dir: Path | None) -> DataStore:
    from fmnist.dataset.arrays import DataStore

    return DataStore(data_dir=data_dir)
