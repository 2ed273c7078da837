"""The chapter's pictures, drawn from the registered versions, and a few pictures to try `fmnist predict` on."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from statistics import fmean
from typing import TYPE_CHECKING

from fmnist.chapter.baselines import registered
from fmnist.chapter.experiments import BASELINES, find_baseline
from fmnist.dataset.arrays import CLASS_NAMES, load_data, load_test
from fmnist.dataset.grid import image_grid, save
from fmnist.problem import fmnist
from registry import ModelVersion, NotFoundError, Registry
from registry.reports import metrics_on_test
from registry.values.colours import COLOURS
from search.confirm.champion import find_champion

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
    """Draw the image grid, the baselines' curves and, where there is one, the champion into a folder; return the files.

    Raises:
        NotFoundError: a baseline is not registered.
    """
    curves = {file: {name: _version(registry, name) for name in names} for file, names in CURVES.items()}
    folder.mkdir(parents=True, exist_ok=True)
    images, labels = load_data().train
    pictures = {"images.png": image_grid(images, labels)}
    pictures |= {file: curves_by_name(versions) for file, versions in curves.items()}
    champion = find_champion(registry, fmnist.name)
    if champion is not None:
        names = {"champion": champion, "adam-100": _version(registry, "adam-100")}
        pictures["champion.png"] = curves_by_name(names, ("accuracy",))
        pictures["standing.png"] = standing(registry, champion)
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
    versions = registered(registry, find_baseline(name))
    if not versions:
        raise NotFoundError(f"the baseline {name!r} is not registered in this database; train it: fmnist baselines")
    return min(versions.values(), key=lambda version: version.source.seed or 0)


def standing(registry: Registry, champion: ModelVersion) -> Figure:
    """Return a figure of accuracies, a line for the champion and each baseline, a point for each of their seeds."""
    from matplotlib.figure import Figure

    seeds = registry.list(champion.model, study=champion.source.study)
    groups = {baseline.name: list(registered(registry, baseline).values()) for baseline in BASELINES}
    groups = {name: versions for name, versions in groups.items() if versions}
    groups[f"champion ({champion.ref})"] = [version for version in seeds if version.params == champion.params]
    ordered = sorted(groups.items(), key=lambda group: fmean(version.metrics["val_accuracy"] for version in group[1]))
    figure = Figure(figsize=(7.2, 0.3 * len(groups) + 1.2), layout="constrained")
    panel = figure.subplots()
    kinds = (("validation images", "o", _on_validation), ("test images", "D", _on_test))
    for colour, (label, marker, measured) in zip(COLOURS, kinds, strict=False):
        points = [(measured(version), line) for line, (_, versions) in enumerate(ordered) for version in versions]
        present = [(value, line) for value, line in points if value is not None]
        x, y = [value for value, _ in present], [line for _, line in present]
        panel.plot(x, y, linestyle="", marker=marker, markersize=5, color=colour, alpha=0.7, label=label)
    panel.set_yticks(range(len(ordered)), [name for name, _ in ordered], fontsize=8)
    panel.set_xlabel("accuracy, a point for each seed", fontsize=9)
    panel.grid(color="#e3e3e3")
    panel.set_axisbelow(True)
    panel.spines[["top", "right"]].set_visible(False)
    panel.tick_params(labelsize=8)
    panel.legend(frameon=False, fontsize=8, loc="lower right")
    return figure


def _on_validation(version: ModelVersion) -> float | None:
    return version.metrics.get("val_accuracy")


def _on_test(version: ModelVersion) -> float | None:
    return metrics_on_test(version).get("test_accuracy")


def curves_by_name(versions: Mapping[str, ModelVersion], metrics: Sequence[str] = ("loss", "accuracy")) -> Figure:
    """Return a figure of curves, a panel for each metric: training dashed, validation solid, the kept epoch marked."""
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
    figure.legend(
        handles=entries,
        loc="outside lower center",
        ncols=min(len(entries), 1 + 2 * len(metrics)),
        frameon=False,
        fontsize=8,
    )
    return figure


def _draw(panel: Axes, version: ModelVersion, metric: str, colour: str) -> None:
    for name, line in ((metric, "--"), (f"val_{metric}", "-")):
        values = version.curves[name].values
        panel.plot(range(1, len(values) + 1), values, color=colour, linestyle=line, linewidth=1.4)
    validation = version.curves[f"val_{metric}"].values
    panel.plot([version.epoch], [validation[version.epoch - 1]], color=colour, linestyle="", marker="o", markersize=5)
