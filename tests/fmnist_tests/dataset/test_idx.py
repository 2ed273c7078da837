"""Only the expected bytes are read, and every other is refused with the file's name."""

from __future__ import annotations

import gzip
import hashlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.fmnist_files import idx_bytes

from fmnist.dataset.idx import FASHION_MNIST, parse, read_checked
from fmnist.errors import DamagedFileError, DataNotFoundError
from registry.core.errors import UserError

CONTENT = idx_bytes(np.arange(60, dtype=np.uint8).reshape(3, 4, 5))
SHA256 = hashlib.sha256(CONTENT).hexdigest()
PACKED = gzip.compress(CONTENT, mtime=0)  # the same in every process of a test run


@given(st.lists(st.integers(0, 5), min_size=1, max_size=4), st.integers(0, 255))
def test_parsing_undoes_writing(shape: list[int], value: int) -> None:
    array = np.full(shape, value, np.uint8)
    assert np.array_equal(parse(idx_bytes(array)), array)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "the contents begin with ; expected 00 00 08"),
        (b"\x89PNG", "the contents begin with 89 50 4e; expected 00 00 08"),
        (b"\0\0\x0d\x01\0\0\0\0", "the contents begin with 00 00 0d; expected 00 00 08"),
        (b"\0\0\x08\x03\0\0\0\x01", "the header ends after 8 bytes; expected 16"),
        (b"\0\0\x08\x01\0\0\0\x03ab", "there are 2 items; expected (3,)"),
    ],
)
def test_what_is_no_idx_file_is_refused(content: bytes, message: str) -> None:
    with pytest.raises(ValueError) as raised:  # noqa: PT011  its whole text is compared
        parse(content)
    assert str(raised.value) == message


@pytest.mark.parametrize(("name", "stored"), [("a.gz", PACKED), ("a", CONTENT)])
def test_gzipped_and_plain_files_read_alike(tmp_path: Path, name: str, stored: bytes) -> None:
    (tmp_path / name).write_bytes(stored)
    assert read_checked(tmp_path, "a", SHA256, remedy="mend it") == CONTENT


@given(st.integers(0, len(PACKED) - 1))
def test_no_truncated_gzip_file_is_used(tmp_path_factory: pytest.TempPathFactory, length: int) -> None:
    folder = tmp_path_factory.mktemp("data")
    (folder / "a.gz").write_bytes(PACKED[:length])
    with pytest.raises(DamagedFileError, match=r"a\.gz is .*; mend it$"):
        read_checked(folder, "a", SHA256, remedy="mend it")


@given(st.integers(0, len(CONTENT) - 1), st.integers(1, 255))
def test_no_altered_file_is_used(tmp_path_factory: pytest.TempPathFactory, at: int, change: int) -> None:
    altered = bytearray(CONTENT)
    altered[at] ^= change
    folder = tmp_path_factory.mktemp("data")
    (folder / "a").write_bytes(altered)
    with pytest.raises(DamagedFileError):
        read_checked(folder, "a", SHA256, remedy="mend it")


def test_a_file_cut_short_says_so(tmp_path: Path) -> None:
    path = tmp_path / "a.gz"
    path.write_bytes(PACKED[:-20])
    with pytest.raises(DamagedFileError) as raised:
        read_checked(tmp_path, "a", SHA256, remedy="mend it")
    assert str(raised.value) == f"{path} is truncated: it ends before its contents do; mend it"


def test_a_file_that_is_not_gzip_says_so(tmp_path: Path) -> None:
    path = tmp_path / "a.gz"
    path.write_bytes(b"<html>sign in</html>")
    with pytest.raises(DamagedFileError) as raised:
        read_checked(tmp_path, "a", SHA256, remedy="mend it")
    assert str(raised.value) == f"{path} is not an intact gzip file: Not a gzipped file (b'<h'); mend it"


def test_other_contents_are_named_by_size_and_hash(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"other")
    with pytest.raises(DamagedFileError) as raised:
        read_checked(tmp_path, "a", SHA256, remedy="mend it")
    found = hashlib.sha256(b"other").hexdigest()
    assert str(raised.value) == (
        f"{path} is not Fashion-MNIST's: 5 bytes with sha256 {found[:12]}…, expected {SHA256[:12]}…; mend it"
    )


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataNotFoundError) as raised:
        read_checked(tmp_path, "a", SHA256, remedy="mend it")
    assert str(raised.value) == f"{tmp_path} has no a.gz nor a; mend it"


def test_damage_is_a_users_error() -> None:
    assert issubclass(DamagedFileError, UserError)


def test_the_table_names_the_four_files() -> None:
    assert list(FASHION_MNIST) == [
        "train-images-idx3-ubyte",
        "train-labels-idx1-ubyte",
        "t10k-images-idx3-ubyte",
        "t10k-labels-idx1-ubyte",
    ]
    assert {len(sha256) for sha256 in FASHION_MNIST.values()} == {64}
