"""Check untrusted stored predictions: plain arrays, as large as they say, in the structure that they are stored in."""

from __future__ import annotations

import math
import re
import zipfile
from typing import Any, BinaryIO

from registry.bundles.untrusted.zips import opened_zip
from registry.core.errors import BundleError
from registry.keras_models.reference_predictions import ReferencePredictions
from registry.values import structures

_MEMBER = re.compile(r"(inputs|outputs)(\.structure|\.[0-9]+)?\.npy")
_KINDS = "biufcSU"  # of arrays: numbers, bools and texts
_LARGEST_HEADER = 10_000


def check_predictions(file: BinaryIO, what: str) -> None:
    """Refuse a file that does not hold inputs and predictions as `ReferencePredictions` stores them.

    Args:
        file: the file, seekable.
        what: what messages call it.

    Raises:
        BundleError: says what was found.
    """
    with opened_zip(file, what) as archive:
        names = set(archive.namelist())
        if not all(_MEMBER.fullmatch(name) for name in names):
            raise BundleError(f"{what} holds no stored predictions; expected arrays called inputs and outputs")
        for member in archive.infolist():
            _check_array(archive, member, what)
    file.seek(0)
    try:
        stored = ReferencePredictions.from_bytes(file.read())
        packed = structures.pack("inputs", stored.inputs) | structures.pack("outputs", stored.outputs)
    except Exception as error:  # whatever such bytes make NumPy, JSON and our own code raise
        raise BundleError(f"{what} holds no stored predictions: {error!r:.200}") from error
    if {f"{name}.npy" for name in packed} != names:
        raise BundleError(f"{what} holds no stored predictions: some of its arrays belong to nothing")
    shapes = [array.shape for array in structures.leaves(stored.inputs)]
    if not shapes or () in shapes or len({shape[0] for shape in shapes}) != 1:
        raise BundleError(f"{what} holds no stored predictions: its inputs have the shapes {shapes}; expected samples")


def _check_array(archive: zipfile.ZipFile, member: zipfile.ZipInfo, what: str) -> None:
    """Refuse an array whose header says anything but what follows it."""
    with archive.open(member) as file:
        try:
            shape, dtype = _header(file)
            size = file.tell() + math.prod(shape) * dtype.itemsize
        except Exception as error:  # whatever such a header makes NumPy raise
            raise BundleError(f"{what} is refused: {member.filename!r} is no array: {error!r:.200}") from error
    if dtype.kind not in _KINDS or size != member.file_size or any(length < 0 for length in shape):
        raise BundleError(
            f"{what} is refused: {member.filename!r} says that it is an array of {dtype!s:.100} and shape {shape}, in "
            f"{size} bytes; it has {member.file_size}"
        )


def _header(file: Any) -> tuple[tuple[int, ...], Any]:
    from numpy.lib import format as npy

    version = npy.read_magic(file)
    read = npy.read_array_header_1_0 if version == (1, 0) else npy.read_array_header_2_0
    shape, _, dtype = read(file, max_header_size=_LARGEST_HEADER)
    return shape, dtype
