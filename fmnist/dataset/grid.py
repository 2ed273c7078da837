"""Draw the first images with their labels, as the chapter shows them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from fmnist.dataset.arrays import CLASS_NAMES
from fmnist.dataset.idx import Images
from registry.core.errors import UserError

if TYPE_CHECKING:
    from matplotlib.figure import Figure

ROWS, COLUMNS = 4, 10
INCHES = 1.25


def image_grid(images: Images, labels: Images, *, rows: int = ROWS, columns: int = COLUMNS) -> Figure:
    """Return a figure of the first ``rows * columns`` images, each under its class's name.

    Args:
        images: uint8 (n, height, width).
        labels: (n,) from 0 to 9; fewer images than places leave the last places empty.
        rows: of the grid.
        columns: of the grid.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(columns * INCHES, rows * INCHES * 1.2), layout="constrained")
    places = figure.subplots(rows, columns, squeeze=False).flat
    for place in places:
        place.set_axis_off()
    for place, image, label in zip(figure.axes, images, labels, strict=False):
        place.imshow(image, cmap="binary", vmin=0, vmax=255, interpolation="nearest")
        place.set_title(CLASS_NAMES[int(label)], fontsize=9)
    return figure


def save(figure: Figure, path: Path) -> None:
    """Write the figure as PNG, whatever the file's name ends in.

    Raises:
        UserError: the file cannot be written.
    """
    try:
        figure.savefig(path, format="png", dpi=100)
    except OSError as error:
        raise UserError(f"{path} cannot be written: {error.strerror or error}; name another file with --out") from None
