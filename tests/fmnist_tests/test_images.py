"""Pictures of any size and polarity become what the network takes; what is no picture is named."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from fmnist.dataset.arrays import CLASS_NAMES
from fmnist.errors import ImageError
from fmnist.images import Picture, normalised, read_pictures
from fmnist.predict import answers_figure, answers_of
from registry import UserError

EXPECTED = "expected a PNG or JPEG picture, or a .npy array of one or of several images"


def shirt() -> np.ndarray:
    """Return 28 by 28 pixels: something light and uneven, as high as the image, on black."""
    image = np.zeros((28, 28), np.uint8)
    image[:, 8:20] = 200
    image[3:9, 4:24] = 120
    return image


def saved(path: Path, pixels: np.ndarray, mode: str | None = None) -> Path:
    Image.fromarray(pixels, mode).save(path)
    return path


def one(path: Path) -> np.ndarray:
    (picture,) = read_pictures(path)
    return normalised(picture)


@pytest.mark.parametrize("name", ["shirt.png", "shirt.jpg", "shirt.npy"])
@pytest.mark.parametrize("inverted", [False, True])
def test_a_picture_of_the_right_size_is_only_turned_light_on_black(tmp_path: Path, name: str, inverted: bool) -> None:
    pixels = 255 - shirt() if inverted else shirt()
    path = tmp_path / name
    if name.endswith("npy"):
        np.save(path, pixels)
    else:
        Image.fromarray(pixels).save(path, quality=100)
    close = 8 if name.endswith("jpg") else 0
    assert np.abs(one(path).astype(int) - shirt()).max() <= close


@given(scale=st.integers(2, 9), top=st.integers(0, 40), left=st.integers(0, 40), inverted=st.booleans())
@settings(max_examples=25)
def test_size_place_and_polarity_do_not_matter(scale: int, top: int, left: int, inverted: bool) -> None:
    # Odd margins, so that the picture never has 28 by 28 pixels; corners wide enough to be background.
    large = np.pad(shirt().repeat(scale, 0).repeat(scale, 1), ((top + 1, 2), (left + 8, 1)))
    found = normalised(Picture("large", 255 - large if inverted else large))
    assert np.array_equal(found, shirt())


def test_a_grey_background_counts_as_black(tmp_path: Path) -> None:
    large = np.maximum(shirt().repeat(4, 0).repeat(4, 1), 60)
    found = one(saved(tmp_path / "grey.png", large))
    assert found[0, 0] == 0
    assert found.max() == pytest.approx(255 * (200 - 60) / (255 - 60), abs=1)


def test_colours_and_transparency(tmp_path: Path) -> None:
    solid = np.stack([shirt()] * 3, axis=-1)
    assert np.array_equal(one(saved(tmp_path / "colour.png", solid)), shirt())
    dark = np.dstack([np.zeros((28, 28, 3), np.uint8), np.where(shirt() > 0, 255, 0).astype(np.uint8)])
    assert np.array_equal(one(saved(tmp_path / "transparent.png", dark)), np.where(shirt() > 0, 255, 0))


def test_sixteen_bits(tmp_path: Path) -> None:
    assert np.array_equal(one(saved(tmp_path / "deep.png", shirt().astype(np.uint16) * 257)), shirt())


@pytest.mark.parametrize(
    "array",
    [shirt() / 255, shirt()[..., None], shirt().astype(np.float32), np.dstack([shirt()] * 3), shirt().astype(np.int64)],
    ids=["fractions", "one channel", "floats", "colours", "integers"],
)
def test_arrays_of_any_kind(tmp_path: Path, array: np.ndarray) -> None:
    np.save(tmp_path / "array.npy", array)
    assert np.array_equal(one(tmp_path / "array.npy"), shirt())


def test_an_array_of_several_images(tmp_path: Path) -> None:
    np.save(tmp_path / "many.npy", np.stack([shirt(), 255 - shirt()]))
    pictures = read_pictures(tmp_path / "many.npy")
    assert [picture.name for picture in pictures] == [f"{tmp_path}/many.npy[0]", f"{tmp_path}/many.npy[1]"]
    assert all(np.array_equal(normalised(picture), shirt()) for picture in pictures)


def refused(path: Path) -> str:
    with pytest.raises(ImageError) as raised:
        one(path)
    return str(raised.value)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    path = tmp_path / "no.png"
    assert refused(path) == f"{path} cannot be read: No such file or directory; {EXPECTED}"
    assert refused(tmp_path) == f"{tmp_path} cannot be read: Is a directory; {EXPECTED}"


@pytest.mark.parametrize("content", [b"", b"hello", b"%PDF-1.7 no picture"])
def test_a_file_that_is_no_picture(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "file.png"
    path.write_bytes(content)
    assert refused(path) == f"{path} is not a picture; {EXPECTED}"


def test_a_damaged_picture(tmp_path: Path) -> None:
    path = saved(tmp_path / "half.png", shirt().repeat(5, 0))
    path.write_bytes(path.read_bytes()[:100])
    assert refused(path).startswith(f"{path} is a damaged picture: ")


def test_a_picture_of_nothing(tmp_path: Path) -> None:
    path = saved(tmp_path / "white.png", np.full((50, 40), 255, np.uint8))
    assert refused(path) == f"{path} is all of one grey: nothing is on it"


@pytest.mark.parametrize(
    ("array", "message"),
    [
        (np.zeros(5), f"holds an array of shape (5,); {EXPECTED}"),
        (np.zeros((0, 28, 28)), f"holds float64 of shape (0, 28, 28); {EXPECTED}"),
        (np.array([["a"]]), f"holds <U1 of shape (1, 1); {EXPECTED}"),
        (np.full((28, 28), -1.0), "holds values from -1 to -1; expected 0 to 1 or 0 to 255"),
        (np.full((28, 28), np.nan), "holds values from nan to nan; expected 0 to 1 or 0 to 255"),
        (np.full((28, 28), 256), "holds values from 256 to 256; expected 0 to 1 or 0 to 255"),
    ],
)
def test_arrays_that_are_no_images(tmp_path: Path, array: np.ndarray, message: str) -> None:
    path = tmp_path / "array.npy"
    np.save(path, array)
    assert refused(path) == f"{path} {message}"


def test_nothing_is_unpickled(tmp_path: Path) -> None:
    path = tmp_path / "array.npy"
    np.save(path, np.array([{"a": 1}], dtype=object), allow_pickle=True)
    assert "Object arrays cannot be loaded" in refused(path)


class Network:
    """Answers each image with what its first pixels say, as a Keras model would."""

    input_shape = (None, 28, 28)
    output_shape: tuple[int | None, ...] = (None, 10)

    def predict(self, images: np.ndarray, verbose: int) -> np.ndarray:
        return images[:, 0, :10] / 100


def test_answers_are_sorted_by_probability() -> None:
    seen = np.zeros((28, 28), np.uint8)
    seen[0, [8, 3, 9]] = [70, 20, 10]
    (answer,) = answers_of(Network(), "fmnist/1", [Picture("bag.png", seen)], [seen])
    assert answer.class_name == "Bag"
    assert list(answer.probabilities)[:3] == ["Bag", "Dress", "Ankle boot"]
    assert set(answer.probabilities) == set(CLASS_NAMES)
    assert answer.as_dict()["probability"] == pytest.approx(0.7)
    given, model_sees, bars = answers_figure([answer]).axes
    assert given.get_title() == "bag.png"
    assert np.array_equal(model_sees.images[0].get_array(), seen)
    assert [text.get_text() for text in bars.texts] == ["70.0%", "20.0%", "10.0%", "0.0%"]


def test_a_model_of_something_else_is_refused() -> None:
    network = Network()
    network.output_shape = (None, 3)
    with pytest.raises(UserError) as raised:
        answers_of(network, "digits/2", [], [])
    assert str(raised.value) == (
        "digits/2 makes (None, 3) of (None, 28, 28); expected a model that makes (None, 10) of (None, 28, 28): "
        "name one with --model"
    )
