"""What a registered model says of pictures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fmnist.dataset.arrays import CLASS_NAMES
from fmnist.images import SIDE, Picture, normalised, read_pictures
from registry import ModelVersion, NotFoundError, Registry, UserError

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from fmnist.dataset.idx import Images

CHAMPION = "fmnist@champion"


@dataclass(frozen=True, slots=True)
class Answer:
    """What a model says of one picture.

    Args:
        picture: as it was given.
        seen: what the model saw: uint8 (28, 28), light on black.
        probabilities: class name to probability, the most probable first.
    """

    picture: Picture
    seen: Images
    probabilities: Mapping[str, float]

    @property
    def class_name(self) -> str:
        """The most probable class."""
        return next(iter(self.probabilities))

    def as_dict(self) -> dict[str, Any]:
        """Return the answer as JSON values."""
        return {
            "image": self.picture.name,
            "class": self.class_name,
            "probability": self.probabilities[self.class_name],
            "probabilities": dict(self.probabilities),
        }


def predict(
    paths: Sequence[Path], model: str = CHAMPION, storage: str | None = None
) -> tuple[ModelVersion, list[Answer]]:
    """Return the version that answered, and its answer to each picture.

    Args:
        paths: PNG or JPEG files, or ``.npy`` arrays, of any size, dark on light or light on dark.
        model: a reference, such as ``fmnist``, ``fmnist/3`` or ``fmnist@champion``.
        storage: the database's URL.

    Raises:
        ImageError: a file is no picture.
        NotFoundError: no such version, or it has no weights.
        UserError: the model does not classify Fashion-MNIST.

    Example:
        >>> version, answers = predict([Path("examples/images/bag.png")])  # doctest: +SKIP
        >>> answers[0].class_name  # doctest: +SKIP
        'Bag'
    """
    pictures = [picture for path in paths for picture in read_pictures(path)]
    seen = [normalised(picture) for picture in pictures]
    with Registry(storage) as registry:
        version = _version(registry, model)
        network = version.load()
    return version, answers_of(network, version.ref, pictures, seen)


def _version(registry: Registry, model: str) -> ModelVersion:
    try:
        return registry.get(model)
    except NotFoundError as error:
        if model != CHAMPION:
            raise
        raise NotFoundError(
            f"{error}; take the best so far with --model fmnist, or name a champion: "
            "registry alias set fmnist@champion VERSION"
        ) from None


def answers_of(network: Any, ref: str, pictures: Sequence[Picture], seen: Sequence[Images]) -> list[Answer]:
    """Return a Keras model's answers.

    Raises:
        UserError: it does not take images of 28 by 28, or does not tell ten classes.
    """
    import numpy as np

    shapes = (tuple(network.input_shape), tuple(network.output_shape))
    if shapes != ((None, SIDE, SIDE), (None, len(CLASS_NAMES))):
        raise UserError(
            f"{ref} makes {shapes[1]} of {shapes[0]}; expected a model that makes (None, {len(CLASS_NAMES)}) of "
            f"(None, {SIDE}, {SIDE}): name one with --model"
        )
    probabilities = network.predict(np.stack(seen), verbose=0)
    return [
        Answer(picture, image, {CLASS_NAMES[index]: float(row[index]) for index in np.argsort(-row, kind="stable")})
        for picture, image, row in zip(pictures, seen, probabilities, strict=True)
    ]


def answers_figure(answers: Sequence[Answer]) -> Figure:
    """Return a figure of each picture as given, as the model saw it, and the probabilities."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7.2, 1.9 * len(answers)), layout="constrained")
    rows = figure.subplots(len(answers), 3, squeeze=False, width_ratios=(1, 1, 2.2))
    for (original, seen, bars), answer in zip(rows, answers, strict=True):
        original.imshow(answer.picture.grey, cmap="gray", vmin=0, vmax=255)
        original.set_title(Path(answer.picture.name).name, fontsize=8)
        seen.imshow(answer.seen, cmap="gray", vmin=0, vmax=255, interpolation="nearest")
        seen.set_title("as the model sees it", fontsize=8)
        for place in (original, seen):
            place.set_axis_off()
        _draw_bars(bars, answer)
    return figure


def _draw_bars(place: Any, answer: Answer) -> None:
    shown = list(answer.probabilities.items())[:4]
    place.barh([name for name, _ in shown], [value for _, value in shown], color=["#0072B2", *["#b9c6cf"] * 3])
    place.invert_yaxis()
    place.set_xlim(0, 1.18)
    place.set_xticks([])
    for number, (_, value) in enumerate(shown):
        place.text(value + 0.02, number, f"{value:.1%}", va="center", fontsize=9)
    place.tick_params(left=False, labelsize=9)
    place.spines[:].set_visible(False)
