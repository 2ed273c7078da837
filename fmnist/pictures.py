"""The chapter's pictures, drawn from the registered baselines, and a few pictures to try `fmnist predict` on."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from fmnist.baselines import registered
from fmnist.chapter import find_baseline
from fmnist.data import CLASS_NAMES, load_data, load_test
from fmnist.grid import image_grid, save
from registry import ModelVersion, NotFoundError, Registry
from registry.plots import COLOURS

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_OPTIMIZERS = ("relu-300-sigmoid-100", "sgd", "momentum-nesterov", "adagrad", "rmsprop", "adam")

# File name: the baselines that it shows.
CURVES: dict[str, tuple[str, ...]] = {
    "first-networks.png": ("softmax", "sigmoid-100", "relu-300-sigmoid-100"),
    "optimizers.png": _OPTIMIZERS,
    "overfitting.png": ("relu-100",),
    "dropout.png": ("adam-100", "dropout-03"),
    "early-stopping.png": ("dropout-03", "checkpoint-early-stopping"),
}


def draw_chapter(registry: Registry, folder: Path) -> list[Path]:
    """Draw the image grid and the baselines' curves into a folder; return the files.

    Raises:
        NotFoundError: a baseline is not registered.
    """
    curves = {file: {name: _version(registry, name) for name in names} for file, names in CURVES.items()}
    folder.mkdir(parents=True, exist_ok=True)
    images, labels = load_data().train
    pictures = {"images.png": image_grid(images, labels)}
    pictures |= {file: curves_by_name(versions) for file, versions in curves.items()}
    for file, figure in pictures.items():
        save(figure, folder / file)
    return [folder / file for file in pictures]


def write_examples(folder: Path) -> list[Path]:
    """Write a few test images as files of several kinds: as they are, dark on light, enlarged, and as an array."""
    import numpy as np
    from PIL import Image

    images, labels = load_test()
    names = [CLASS_NAMES[label].lower().replace(" ", "-").replace("/", "-") for label in labels[:12]]
    large = np.pad(255 - images[2], ((4, 4), (14, 14)), constant_values=255)
    enlarged = Image.fromarray(large).resize((large.shape[1] * 8, large.shape[0] * 8), Image.Resampling.BICUBIC)
    writers: dict[str, Callable[[Path], object]] = {
        f"{names[0]}.png": Image.fromarray(images[0]).save,
        f"{names[1]}-inverted.png": Image.fromarray(255 - images[1]).save,
        f"{names[2]}-large.jpg": lambda path: enlarged.save(path, quality=80),
        "three.npy": lambda path: np.save(path, images[[4, 8, 9]]),
    }
    folder.mkdir(parents=True, exist_ok=True)
    for file, write in writers.items():
        write(folder / file)
    return [folder / file for file in writers]


def _version(registry: Registry, name: str) -> ModelVersion:
    found = registered(registry, find_baseline(name))
    if not found:
        raise NotFoundError(f"the baseline {name!r} is not registered in this database; train it: fmnist baselines")
    return min(found.values(), key=lambda version: version.source.seed or 0)


def curves_by_name(versions: Mapping[str, ModelVersion], metrics: Sequence[str] = ("loss", "accuracy")) -> Figure:
    """Return a figure of curves, a panel a metric: training dashed, validation solid, the kept epoch marked."""
    from matplotlib.figure import Figure
    from matplotlib.lines import Line2D

    figure = Figure(figsize=(4.6 * len(metrics), 3.6), layout="constrained")
    panels = figure.subplots(1, len(metrics), squeeze=False)[0]
    for panel, metric in zip(panels, metrics, strict=True):
        for colour, version in zip(COLOURS, versions.values(), strict=False):
            _draw(panel, version, metric, colour)
        panel.set_title(metric, loc="left", fontsize=10, fontweight="bold")
        panel.set_xlabel("epoch", fontsize=9)
        panel.xaxis.get_major_locator().set_params(integer=True)
        panel.grid(axis="y", color="#e3e3e3")
        panel.spines[["top", "right"]].set_visible(False)
        panel.tick_params(labelsize=8)
    entries = [
        *(Line2D([], [], color=colour, label=name) for colour, name in zip(COLOURS, versions, strict=False)),
        Line2D([], [], color="#666666", label="validation"),
        Line2D([], [], color="#666666", linestyle="--", label="training"),
        Line2D([], [], color="#666666", linestyle="", marker="o", label="kept epoch"),
    ]
    figure.legend(handles=entries, loc="outside lower center", ncols=min(len(entries), 5), frameon=False, fontsize=8)
    return figure


def _draw(panel: Axes, version: ModelVersion, metric: str, colour: str) -> None:
    for name, line in ((metric, "--"), (f"val_{metric}", "-")):
        values = version.curves[name].values
        panel.plot(range(1, len(values) + 1), values, color=colour, linestyle=line, linewidth=1.4)
    validation = version.curves[f"val_{metric}"].values
    panel.plot([version.epoch], [validation[version.epoch - 1]], color=colour, linestyle="", marker="o", markersize=5)
