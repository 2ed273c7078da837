"""The command that asks a registered model about pictures."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from fmnist.predict import CHAMPION
from registry.core.console import Json, Storage, print_json, print_table, say


def predict_command(
    images: Annotated[list[Path], typer.Argument(metavar="IMAGE...", help="PNG, JPEG or .npy files, of any size.")],
    model: Annotated[
        str, typer.Option("--model", metavar="REF", help="MODEL, MODEL/3 or MODEL@ALIAS of the registry.")
    ] = CHAMPION,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="FILE", help="Also draw the pictures and the answers, as PNG.")
    ] = None,
    storage: Storage = None,
    as_json: Json = False,
) -> None:
    """Say which class of Fashion-MNIST pictures show, and how sure a model is."""
    from fmnist.dataset.grid import save
    from fmnist.predict import answers_figure, predict

    version, answers = predict(images, model, storage)
    if out is not None:
        save(answers_figure(answers), out)
    if as_json:
        print_json({"model": version.ref, "answers": [answer.as_dict() for answer in answers]})
        return
    print_table(
        ["image", "class", "probability", "then"],
        [
            (
                answer.picture.name,
                answer.class_name,
                f"{answer.probabilities[answer.class_name]:.1%}",
                [f"{name} {value:.1%}" for name, value in list(answer.probabilities.items())[1:3]],
            )
            for answer in answers
        ],
    )
    say(f"answered by {version.ref}" + (f"; the picture is {out}" if out else ""))
