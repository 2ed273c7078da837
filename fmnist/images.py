"""Pictures of any size and polarity, made into what Fashion-MNIST's images are.

Those are 28 by 28, light on black, made by Zalando from photographs on white: trimmed, scaled so that the longer side
has 28 pixels, centred, negated (github.com/zalandoresearch/fashion-mnist). The same is done here to other pictures.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from fmnist.dataset.idx import Images
from fmnist.errors import ImageError

SIDE = 28
FORMATS = ("PNG", "JPEG", "GIF", "BMP", "WEBP")
MOST_PIXELS = 100_000_000
CORNER = 9  # a corner is this part of the shorter side
CLOSE = 13  # 5% of 255: how far from the background's grey still counts as background
_EXPECTED = "expected a PNG or JPEG picture, or a .npy array of one or of several images"


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture as it was given.

    Args:
        name: the file's, with a number where the file holds several.
        grey: uint8 (height, width).
    """

    name: str
    grey: Images


def read_pictures(path: Path) -> list[Picture]:
    """Return the pictures of a file: one, or all of an array of several.

    Raises:
        ImageError: it cannot be read, or is no picture.
    """
    try:
        with path.open("rb") as file:
            is_array = file.read(6) == b"\x93NUMPY"
    except OSError as error:
        raise ImageError(f"{path} cannot be read: {error.strerror or error}; {_EXPECTED}") from None
    return _of_array(path) if is_array else [Picture(str(path), _of_image(path))]


def normalised(picture: Picture) -> Images:
    """Return the picture as a network of Fashion-MNIST takes it: uint8 (28, 28), light on black.

    The corners tell the background: a light one is turned dark. A picture of another size is trimmed, scaled and
    centred.

    Raises:
        ImageError: the picture is all of one grey.
    """
    from PIL import Image

    light, background = _light_on_black(picture.grey)
    rows, columns = np.nonzero(light > background + CLOSE)
    if not len(rows):
        raise ImageError(f"{picture.name} is all of one grey: nothing is on it")
    if light.shape == (SIDE, SIDE):
        return light
    light = _as_bytes((light - background) / (255 - background))
    content = light[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1]
    scale = SIDE / max(content.shape)
    height, width = (max(1, round(side * scale)) for side in content.shape)
    small = np.asarray(Image.fromarray(content).resize((width, height), Image.Resampling.BOX))
    canvas = np.zeros((SIDE, SIDE), np.uint8)
    top, left = (SIDE - height + 1) // 2, (SIDE - width + 1) // 2  # as Zalando rounds
    canvas[top : top + height, left : left + width] = small
    return canvas


def _light_on_black(grey: Images) -> tuple[Images, float]:
    """Return the picture light on dark, and its background's grey, from 0 to 127."""
    size = max(1, min(grey.shape) // CORNER)
    ends = (slice(None, size), slice(-size, None))
    background = float(np.median([grey[rows, columns] for rows in ends for columns in ends]))
    return (255 - grey, 255 - background) if background > 127 else (grey, background)


def _of_image(path: Path) -> Images:
    from PIL import Image, ImageOps, UnidentifiedImageError

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            with Image.open(path, formats=FORMATS) as image:
                if image.width * image.height > MOST_PIXELS:
                    raise ImageError(f"{path} has {image.width} by {image.height} pixels; scale it down first")
                return _grey(ImageOps.exif_transpose(image))
    except UnidentifiedImageError:
        raise ImageError(f"{path} is not a picture; {_EXPECTED}") from None
    except Image.DecompressionBombError:
        raise ImageError(f"{path} has too many pixels; scale it down first") from None
    except (OSError, SyntaxError, ValueError) as error:  # what Pillow says of a truncated or damaged file
        raise ImageError(f"{path} is a damaged picture: {error}; {_EXPECTED}") from None


def _grey(image: Any) -> Images:
    """Return a picture's grey values; what is transparent is white, as behind Zalando's photographs."""
    from PIL import Image

    if image.mode.startswith("I"):  # 16 bits and more
        return _as_bytes(np.asarray(image, np.float64) / 65535)
    if image.has_transparency_data:
        image = image.convert("RGBA")
        white = Image.new("RGBA", image.size, "white")
        image = Image.alpha_composite(white, image)
    return np.asarray(image.convert("L"))


def _of_array(path: Path) -> list[Picture]:
    try:
        array = np.load(path, allow_pickle=False)
    except (OSError, ValueError, EOFError) as error:
        raise ImageError(f"{path} is not an array of numbers: {error}; {_EXPECTED}") from None
    if array.dtype.kind not in "buif" or not array.size:
        raise ImageError(f"{path} holds {array.dtype} of shape {array.shape}; {_EXPECTED}")
    if array.ndim > 2 and array.shape[-1] == 1:
        array = array[..., 0]
    if array.ndim == 3 and array.shape[-1] in (3, 4):
        array = array[..., :3].mean(axis=-1)
    if array.ndim not in (2, 3):
        raise ImageError(f"{path} holds an array of shape {array.shape}; {_EXPECTED}")
    grey = _of_values(path, array)
    if grey.ndim == 2:
        return [Picture(str(path), grey)]
    return [Picture(f"{path}[{number}]", each) for number, each in enumerate(grey)]


def _of_values(path: Path, array: np.ndarray[Any, Any]) -> Images:
    values = array.astype(np.float64)
    low, high = float(values.min()), float(values.max())
    if not (low >= 0 and high <= 255):
        raise ImageError(f"{path} holds values from {low:g} to {high:g}; expected 0 to 1 or 0 to 255")
    is_fraction = array.dtype.kind in "bf" and high <= 1
    return _as_bytes(values if is_fraction else values / 255)


def _as_bytes(fractions: np.ndarray[Any, Any]) -> Images:
    return np.asarray((np.clip(fractions, 0, 1) * 255).round(), np.uint8)
