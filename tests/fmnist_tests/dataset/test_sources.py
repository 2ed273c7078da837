"""Where the files are looked for, and in which order."""

from __future__ import annotations

import socket
import threading
import time
from pathlib import Path

import pytest
from support.fmnist_files import CONTENTS, HASHES, Places, write_files

from fmnist.dataset.sources import Source, explicit_source, find_source, keras_cache, require_host
from fmnist.errors import DamagedFileError, DataNotFoundError


def test_the_option_comes_before_the_variable(places: Places) -> None:
    option = write_files(places.root / "option")
    variable = write_files(places.root / "variable")
    for store, origin, folder in [
        (places.store(option, FMNIST_DATA_DIR=str(variable)), "--data-dir", option),
        (places.store(FMNIST_DATA_DIR=str(variable)), "FMNIST_DATA_DIR", variable),
    ]:
        store.part("train")
        assert (store.described()["origin"], store.described()["folder"]) == (origin, str(folder))


def test_keras_cache_comes_before_debians_package(places: Places) -> None:
    write_files(places.debian)
    assert places.store().parts("train") is not None
    assert places.store().described()["origin"] == "Debian's package"
    write_files(places.keras, compress=False)
    found = find_source(environ=places.store().environ, debian=places.debian, names=HASHES)
    assert (found.folder, found.origin) == (places.keras, "Keras' cache")


def test_a_folder_that_lacks_a_file_is_passed_over(places: Places) -> None:
    write_files(places.keras)
    next(places.keras.iterdir()).unlink()
    write_files(places.debian)
    found = find_source(environ=places.store().environ, debian=places.debian, names=HASHES)
    assert found.folder == places.debian


def test_the_download_comes_last(places: Places) -> None:
    downloads = []

    def download() -> Path:
        downloads.append(1)
        return write_files(places.root / "downloaded")

    environ = places.store().environ
    found = find_source(environ=environ, debian=places.debian, names=HASHES, download=download)
    assert (found.origin, downloads) == ("Keras' download", [1])
    write_files(places.debian)
    find_source(environ=environ, debian=places.debian, names=HASHES, download=download)
    assert downloads == [1]


def test_nowhere_is_one_sentence_with_what_to_do(places: Places) -> None:
    def no_host() -> Path:
        raise OSError("host.example did not\nanswer in 10 seconds")

    with pytest.raises(DataNotFoundError) as raised:
        find_source(environ=places.store().environ, debian=places.debian, names=HASHES, download=no_host)
    assert str(raised.value) == (
        f"Fashion-MNIST is neither in {places.keras} nor in {places.debian}, and the download failed: host.example "
        "did not answer in 10 seconds; run `make data`, install Debian's package dataset-fashion-mnist, or name a "
        "folder with --data-dir or FMNIST_DATA_DIR"
    )
    with pytest.raises(DataNotFoundError, match="and nothing was downloaded; run"):
        places.store().part("train")


def test_a_named_folder_that_is_not_there_fails(places: Places) -> None:
    write_files(places.debian)
    missing = places.root / "missing"
    with pytest.raises(DataNotFoundError) as raised:
        places.store(missing).part("train")
    assert str(raised.value) == (
        f"--data-dir names {missing}, which is not a folder; name one that holds Fashion-MNIST's four files"
    )


@pytest.mark.parametrize("prepared_before", [True, False])
def test_a_named_folder_is_never_passed_over(places: Places, prepared_before: bool) -> None:
    write_files(places.debian)
    if prepared_before:
        places.store().part("train")
    altered = {**CONTENTS, "train-labels-idx1-ubyte": b"no labels"}
    named = write_files(places.root / "named", altered, compress=False)
    with pytest.raises(DamagedFileError) as raised:
        places.store(FMNIST_DATA_DIR=str(named)).part("train")
    assert str(raised.value).startswith(f"{named}/train-labels-idx1-ubyte is not Fashion-MNIST's: 9 bytes")
    assert str(raised.value).endswith("; put the original file there, or name another folder with FMNIST_DATA_DIR")


@pytest.mark.parametrize(
    ("place", "remedy"),
    [
        ("keras", "delete it and run the same command again"),
        ("debian", "run `apt-get install --reinstall dataset-fashion-mnist`"),
    ],
)
def test_each_place_has_its_remedy(places: Places, place: str, remedy: str) -> None:
    folder = write_files(getattr(places, place), {**CONTENTS, "t10k-images-idx3-ubyte": b""})
    with pytest.raises(DamagedFileError) as raised:
        places.store().part("train")
    assert str(raised.value).startswith(f"{folder}/t10k-images-idx3-ubyte.gz is not Fashion-MNIST's: 0 bytes")
    assert str(raised.value).endswith(f"; {remedy}")
    assert not list(places.cache.rglob("*.npy"))


def test_keras_home_moves_keras_cache(tmp_path: Path) -> None:
    assert keras_cache({"KERAS_HOME": str(tmp_path)}) == tmp_path / "datasets" / "fashion-mnist"
    assert keras_cache({}) == Path.home() / ".keras" / "datasets" / "fashion-mnist"


def test_nothing_named_is_no_source() -> None:
    assert explicit_source(None, {}) is None
    assert explicit_source(None, {"FMNIST_DATA_DIR": ""}) is None
    named = explicit_source(Path("~/data"), {})
    assert isinstance(named, Source)
    assert named.folder == Path.home() / "data"


def test_a_host_that_answers_is_let_through() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        require_host(f"http://127.0.0.1:{server.getsockname()[1]}/x")


def test_a_host_that_refuses_is_named() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    with pytest.raises(OSError, match=r"^127\.0\.0\.1 cannot be reached: Connection refused$"):
        require_host(f"http://127.0.0.1:{port}/x")


def test_a_silent_host_costs_no_more_than_its_time() -> None:
    given_up = threading.Event()

    def hang(address: tuple[str, int], timeout: float) -> socket.socket:
        given_up.wait(30)
        raise TimeoutError(f"{address} did not answer in {timeout} seconds")

    begun = time.monotonic()
    with pytest.raises(TimeoutError, match=r"^host\.example did not answer in 0\.1 seconds$"):
        require_host("http://host.example/x", seconds=0.1, connect=hang)
    given_up.set()
    assert time.monotonic() - begun < 5
