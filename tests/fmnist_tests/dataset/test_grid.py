"""The picture of the first images."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from fmnist.dataset.arrays import CLASS_NAMES
from fmnist.dataset.grid import image_grid, save
from registry.core.errors import UserError

IMAGES = np.zeros((3, 28, 28), np.uint8)
LABELS = np.array([9, 0, 4], np.uint8)


def test_each_image_stands_under_its_class() -> None:
    figure = image_grid(IMAGES, LABELS, rows=2, columns=2)
    assert [place.get_title() for place in figure.axes] == ["Ankle boot", "T-shirt/top", "Coat", ""]
    assert [len(place.images) for place in figure.axes] == [1, 1, 1, 0]


def test_forty_places_by_default() -> None:
    assert len(image_grid(IMAGES, LABELS).axes) == 40


@pytest.mark.parametrize("name", ["grid.png", "grid", "grid.jpg"])
def test_the_picture_is_a_png(tmp_path: Path, name: str) -> None:
    save(image_grid(IMAGES, LABELS, rows=1, columns=3), tmp_path / name)
    with Image.open(tmp_path / name) as picture:
        assert picture.format == "PNG"
        assert picture.width > 300


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    path = tmp_path / "missing" / "grid.png"
    with pytest.raises(UserError) as raised:
        save(image_grid(IMAGES, LABELS, rows=1, columns=1), path)
    assert str(raised.value) == (f"{path} cannot be written: No such file or directory; name another file with --out")


def test_ten_classes_have_names() -> None:
    assert len(set(CLASS_NAMES)) == 10
