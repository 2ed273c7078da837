"""The arrays that are kept: split, checked when opened, and safe when many processes make them at once."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.fmnist_files import CONTENTS, HASHES, Places, write_files

from fmnist.dataset.idx import parse
from fmnist.dataset.prepared import MANIFEST, PARTS, cache_folder, split
from fmnist.errors import CacheError, DamagedFileError

PROCESSES = 8


@given(st.integers(5, 400))
def test_splitting_numbers_is_splitting_arrays(samples: int) -> None:
    from sklearn.model_selection import train_test_split

    array = np.arange(samples * 3).reshape(samples, 3)
    train, validation = split(samples)
    expected = train_test_split(array, test_size=0.2, random_state=42)
    assert np.array_equal(array[train], expected[0])
    assert np.array_equal(array[validation], expected[1])
    assert sorted([*train, *validation]) == list(range(samples))


def test_every_part_is_its_rows_of_the_files(places: Places) -> None:
    write_files(places.debian)
    images, labels, test, test_labels = (parse(content) for content in CONTENTS.values())
    numbers = dict(zip(PARTS, [*split(len(images)), None], strict=True))
    for name, part in zip(PARTS, places.store().parts(*PARTS), strict=True):
        rows = numbers[name]
        assert np.array_equal(part.images, test if rows is None else images[rows])
        assert np.array_equal(part.labels, test_labels if rows is None else labels[rows])
        assert part.images.dtype == part.labels.dtype == np.uint8


def test_arrays_are_mapped_and_read_only(places: Places) -> None:
    write_files(places.debian)
    part = places.store().part("train")
    assert isinstance(part.images.base, np.memmap)
    with pytest.raises(ValueError, match="read-only"):
        part.images[0] = 0


def test_prepared_data_need_their_source_no_more(places: Places) -> None:
    write_files(places.debian)
    first = places.store().part("test")
    for file in places.debian.iterdir():
        file.unlink()
    assert np.array_equal(places.store().part("test").images, first.images)
    assert places.store().described()["folder"] == str(places.debian)


def damage_array(folder: Path) -> None:
    path = folder / "train-images.npy"
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)


def cut_array(folder: Path) -> None:
    path = folder / "train-images.npy"
    path.write_bytes(path.read_bytes()[:-100])


def remove_array(folder: Path) -> None:
    (folder / "train-labels.npy").unlink()


def empty_array(folder: Path) -> None:
    (folder / "train-labels.npy").write_bytes(b"")


def swap_arrays(folder: Path) -> None:
    (folder / "validation-images.npy").replace(folder / "train-images.npy")


def cut_manifest(folder: Path) -> None:
    (folder / MANIFEST).write_text('{"sha256":')


def empty_manifest(folder: Path) -> None:
    (folder / MANIFEST).write_text("[]")


@pytest.mark.parametrize(
    "damage",
    [damage_array, cut_array, remove_array, empty_array, swap_arrays, cut_manifest, empty_manifest],
)
def test_damaged_arrays_are_made_anew(places: Places, damage: object) -> None:
    write_files(places.debian)
    store = places.store()
    expected = [np.array(part.images) for part in store.parts("train", "validation")]
    assert callable(damage)
    damage(store.folder)
    for part, images in zip(places.store().parts("train", "validation"), expected, strict=True):
        assert np.array_equal(part.images, images)


def test_a_damaged_file_leaves_no_arrays(places: Places) -> None:
    write_files(places.debian, {**CONTENTS, "t10k-labels-idx1-ubyte": b"cut"})
    with pytest.raises(DamagedFileError):
        places.store().part("train")
    assert [path.name for path in places.store().folder.iterdir()] == ["lock"]


def test_leftovers_of_a_killed_process_are_removed(places: Places) -> None:
    write_files(places.debian)
    folder = places.store().folder
    folder.mkdir(parents=True)
    (folder / "train-images.npy.12345.tmp").write_bytes(b"half")
    places.store().part("train")
    assert not list(folder.glob("*.tmp"))


def test_a_cache_folder_that_cannot_be_made_is_named(places: Places) -> None:
    write_files(places.debian)
    places.cache.write_text("a file")
    with pytest.raises(CacheError) as raised:
        places.store().part("train")
    assert str(raised.value) == (
        f"the cache folder {places.store().folder} cannot be read: Not a directory; name another with FMNIST_CACHE_DIR"
    )


def test_other_files_are_kept_apart(tmp_path: Path) -> None:
    environ = {"XDG_CACHE_HOME": str(tmp_path)}
    assert cache_folder(HASHES, environ) != cache_folder({**HASHES, "x": "0"}, environ)
    assert cache_folder(HASHES, environ).parent == tmp_path
    assert cache_folder(HASHES, {**environ, "FMNIST_CACHE_DIR": "/c"}).parent == Path("/c")
    assert cache_folder(HASHES, {}).parent == Path.home() / ".cache"


PREPARE = """
import json, sys
from pathlib import Path
from fmnist.dataset.arrays import DataStore

cache, debian, hashes = json.loads(sys.argv[1])
sys.stdin.read(1)
store = DataStore(environ={"FMNIST_CACHE_DIR": cache, "KERAS_HOME": "/nonexistent"}, hashes=hashes,
                  debian=Path(debian), download=None)
print(int(store.part("train").images.sum()), flush=True)
"""


def test_many_processes_prepare_at_once(places: Places) -> None:
    write_files(places.debian)
    arguments = json.dumps([str(places.cache), str(places.debian), HASHES])
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", PREPARE, arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        for _ in range(PROCESSES)
    ]
    for process in processes:  # all wait here, so that they begin together
        assert process.stdin is not None
        process.stdin.write("x")
        process.stdin.flush()
    answers = {process.communicate(timeout=60)[0] for process in processes}
    assert [process.returncode for process in processes] == [0] * PROCESSES
    assert answers == {f"{int(places.store().part('train').images.sum())}\n"}
