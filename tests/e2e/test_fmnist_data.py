"""The real Fashion-MNIST, as the chapter splits it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from fmnist import CLASS_NAMES, load_data, load_test

FIRST_TRAINING_LABELS = [7, 3, 5, 8, 6, 9, 3, 3, 9, 9]
FIRST_TEST_LABELS = [9, 2, 1, 1, 6, 1, 4, 6, 5, 7]


@pytest.fixture
def new_cache(tmp_path: Path) -> dict[str, str]:
    """Give an environment in which nothing is prepared yet."""
    return {**os.environ, "FMNIST_CACHE_DIR": str(tmp_path / "cache")}


def fmnist(*arguments: str, environ: dict[str, str]) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "fmnist", *arguments]
    return subprocess.run(command, env=environ, capture_output=True, text=True, timeout=120)


def test_the_split_is_the_chapters() -> None:
    data = load_data()
    (images, labels), (validation_images, validation_labels) = data.train, data.validation
    assert labels[:10].tolist() == FIRST_TRAINING_LABELS
    assert (images.shape, images.dtype) == ((48000, 28, 28), np.uint8)
    assert (validation_images.shape, validation_labels.shape) == ((12000, 28, 28), (12000,))
    assert np.bincount(np.concatenate([labels, validation_labels])).tolist() == [6000] * 10


def test_the_test_images_are_the_official_ones() -> None:
    images, labels = load_test()
    assert images.shape == (10000, 28, 28)
    assert labels[:10].tolist() == FIRST_TEST_LABELS
    assert np.bincount(labels).tolist() == [1000] * 10


def test_data_prepares_once_and_says_where(new_cache: dict[str, str]) -> None:
    for _ in range(2):
        done = fmnist("data", "--json", environ=new_cache)
        assert (done.returncode, done.stderr) == (0, "")
        found = json.loads(done.stdout)
        assert found["parts"]["train"]["images"] == [48000, 28, 28]
        assert Path(found["cache"]).parent == Path(new_cache["FMNIST_CACHE_DIR"])


def test_explore_counts_and_draws(tmp_path: Path, new_cache: dict[str, str]) -> None:
    picture = tmp_path / "grid.png"
    done = fmnist("explore", "--out", str(picture), "--json", environ=new_cache)
    assert (done.returncode, done.stderr) == (0, "")
    parts = json.loads(done.stdout)["parts"]
    assert list(parts["train"]["classes"]) == list(CLASS_NAMES)
    assert parts["train"]["classes"]["Dress"] + parts["validation"]["classes"]["Dress"] == 6000
    with Image.open(picture) as opened:
        assert opened.width > opened.height > 300

    shown = fmnist("explore", "--out", str(picture), environ=new_cache)
    assert "48000, 28, 28" in shown.stdout
    assert "Ankle boot" in shown.stdout
    assert shown.stdout.endswith(f"the picture is {picture}\n")


def test_a_truncated_file_is_named(tmp_path: Path, new_cache: dict[str, str]) -> None:
    folder = tmp_path / "data"
    folder.mkdir()
    (folder / "train-images-idx3-ubyte.gz").write_bytes(b"\x1f\x8b\x08")
    done = fmnist("data", "--data-dir", str(folder), environ=new_cache)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == (
        f"fmnist: {folder}/train-images-idx3-ubyte.gz is truncated: it ends before its contents do; put the "
        "original file there, or name another folder with --data-dir\n"
    )
